"""The written record of a finished run: iteration log, thinking history, report for programs, analysis for people."""

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd

from mmm_builder.candidates import Candidates
from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.files import write_text
from mmm_builder.judging.looks import read_looks, shares_periods
from mmm_builder.judging.tables import read_series
from mmm_builder.provenance import versions
from mmm_builder.reporting.history import iteration_log as log_text
from mmm_builder.reporting.history import iteration_record
from mmm_builder.reporting.history import thinking_history as make_history
from mmm_builder.reporting.media_words import last_opening
from mmm_builder.reporting.narrative import analysis as analysis_text
from mmm_builder.reporting.phrases import Phrasebook, phrasebook
from mmm_builder.reporting.plots import plot_gates, plot_with_holdout
from mmm_builder.reporting.run_record import Files, Iteration, Paths, RunRecord, band
from mmm_builder.reporting.score_plots import plot_fold_scores
from mmm_builder.reporting.selection import Selection, reasons, select
from mmm_builder.running.layout import ANALYSIS
from mmm_builder.sealed import SealedValidation
from mmm_builder.settings import Language
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import (
    Decision,
    FoldEvidence,
    IterationRecord,
    OosValidation,
    ReportMetrics,
    SkillReport,
    TrainingSummary,
)

TRAINING = ("worst_rhat", "min_ess", "divergences", "r2")
HELD_OUT = ("oos_r2", "oos_mape", "overfitting_index")
"""Figures of the report's `metrics`, by the gate they come from."""


def make_report(
    iterations: Sequence[Iteration],
    selection: Selection,
    profile: DataProfile,
    used: Mapping[str, str],
    *,
    max_iterations: int,
    looks: int,
    language: Language = "en",
) -> SkillReport:
    """Return how the run ended, for other programs; the figures are the selected iteration's.

    used : versions of packages here, which give way to those of the training; looks : openings of the holdout
    """
    chosen, last = iterations[selection.iteration - 1], last_opening(iterations)
    figures = {**dict(chosen.summary), **{k: getattr(chosen.validation, k) for k in HELD_OUT}}
    adds = chosen.media_adds
    stopped, selected = reasons(selection, chosen.folds, max_iterations)
    return SkillReport(
        status=selection.status,
        oos_validation_passed=chosen.validation.passed,
        selected_iteration=selection.iteration,
        iterations_run=len(iterations),
        max_iterations=max_iterations,
        model_type=chosen.spec.model_type,
        stop_reason=stopped,
        stop_code=selection.stop_code,
        selection_reason=selected,
        selection_code=selection.code,
        language=language,
        metrics=ReportMetrics(
            **{key: figures[key] for key in (*TRAINING, *HELD_OUT)}, media_adds=None if adds is None else adds.verdict
        ),
        holdout_looks=looks,
        chance_pass_probability=last.validation.chance_pass_probability if last else None,
        chance_looks=last.validation.holdout_looks if last else None,
        doubtful_r2=last.validation.doubtful_r2 if last else None,
        kf_documentation=ANALYSIS,
        data_sha256=profile.source.sha256,
        versions={**used, **chosen.summary.versions},
        seed=chosen.spec.sampler.seed,
    )


def report_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    configs: Annotated[tuple[Path, ...], "configurations, in the order of iterations, as all lists here"],
    summaries: Annotated[tuple[Path, ...], "verdicts of the diagnostics gate (summary.json)"],
    folds: Annotated[tuple[Path, ...], "verdicts of the rolling folds (folds.json)"],
    candidates: Annotated[tuple[Path, ...], "what could have followed, screened (candidates.json)"],
    validations: Annotated[tuple[Path, ...], "verdicts of the out-of-sample gate (oos_validation.json)"],
    decisions: Annotated[tuple[Path, ...], "decisions (thinking_log.json)"],
    series: Annotated[tuple[Path, ...], "fits of the training rows (predicted_vs_actual_series.csv)"],
    predictions: Annotated[tuple[Path, ...], "predictions of the held-out rows (oos_predictions.csv)"],
    fold_predictions: Annotated[tuple[Path, ...], "predictions of the folds' rows (fold_predictions.csv)"],
    iteration_log: Annotated[Path, "figures and decision of each iteration, to write"],
    thinking_history: Annotated[Path, "decisions with what came of them, to write"],
    skill_report: Annotated[Path, "how the run ended, for programs, to write"],
    analysis: Annotated[Path, "the same for people (ITERATION_ANALYSIS.md), to write"],
    max_iterations: Annotated[int, "budget of iterations that the run had"],
    ledger: Annotated[Path, "ledger of looks at the holdout; absent means none"],
    language: Annotated[Language, "of the analysis and its pictures"] = "en",
    sealed: Annotated[tuple[Path, ...], "what the sealed period says (sealed_validation.json), if there is one"] = (),
    gates: Annotated[Path | None, "picture of the gate figures by iteration, to write"] = None,
    fit: Annotated[Path | None, "picture of the selected iteration's fit and forecast, to write"] = None,
    fold_scores: Annotated[Path | None, "picture of the folds' scores by iteration, to write"] = None,
) -> None:
    """Write how a run ended: the log of its iterations, its reasoning, its selected model and the analysis of it."""
    data, say = DataProfile.read(profile), phrasebook(language)
    lists = {
        "configs": configs, "summaries": summaries, "folds": folds, "candidates": candidates,
        "validations": validations, "decisions": decisions, "series": series, "predictions": predictions,
        "fold_predictions": fold_predictions,
    }  # fmt: skip
    iterations = read_iterations(lists, analysis.parent)
    verdicts = zip(*((i.summary, i.folds, i.validation, i.decision) for i in iterations), strict=True)
    selection = select(*verdicts, max_iterations)
    chosen, at = iterations[selection.iteration - 1], selection.iteration - 1
    looks = read_looks(ledger)
    report = make_report(
        iterations, selection, data, versions(), max_iterations=max_iterations, looks=len(looks), language=language
    )
    records = tuple(map(iteration_record, iterations))
    history = make_history([i.decision for i in iterations], iterations[-1].candidates)
    write_text(iteration_log, log_text(records))
    write_text(thinking_history, history.to_json())
    write_text(skill_report, report.to_json())
    _draw(records, chosen, say, gates, fold_scores)
    fitted, forecast = read_series(series[at]), read_series(predictions[at])
    if fit is not None:
        title = say("plot.fit", n=chosen.number)
        plot_with_holdout(fitted, forecast, fit, title=title, kpi=data.target_column, say=say)
    cited = _citations(
        analysis,
        (profile, iteration_log, thinking_history, skill_report, gates, fit, fold_scores, *sealed),
        tuple(lists.values()),
    )
    opened = SealedValidation.read(sealed[0]) if sealed else None
    seen = opened is not None and any(shares_periods(look, opened) for look in looks)
    if seen:
        logging.warning("sealed period %s to %s: a look at the holdout saw rows of it", opened.start, opened.end)
    bands = band(fitted), band(forecast)
    run = RunRecord(data, iterations, records, history, report, *bands, *cited, say, opened, seen)
    write_text(analysis, analysis_text(run))
    logging.info("%s: iteration %d selected, %s", report.status, report.selected_iteration, report.stop_reason)


def _citations(
    analysis: Path, of_run: tuple[Path | None, ...], lists: tuple[tuple[Path, ...], ...]
) -> tuple[dict[str, str], Files]:
    """Return the date of every file that the analysis cites, by its path there, and the paths of the run's own."""
    folder = analysis.parent
    cited = [path for paths in (of_run, *lists) for path in paths if path is not None]
    dates = {_cited(path, folder): _date(path) for path in cited}
    return dates, Files(*(path and _cited(path, folder) for path in of_run))


def _draw(
    records: Sequence[IterationRecord], selected: Iteration, say: Phrasebook, gates: Path | None, scores: Path | None
) -> None:
    """Draw the gates and the folds' scores by iteration."""
    table = pd.DataFrame([record.model_dump() for record in records])
    convergence, out_of_sample = selected.summary.thresholds, selected.validation.thresholds
    if gates is not None:
        plot_gates(
            table, gates, selected=selected.number, convergence=convergence, out_of_sample=out_of_sample, say=say
        )
    if scores is not None:
        plot_fold_scores(table, scores, limits=selected.folds.thresholds, selected=selected.number, say=say)


def read_iterations(lists: Mapping[str, tuple[Path, ...]], folder: Path) -> tuple[Iteration, ...]:
    """Read every iteration's verdicts. Raises InputError if lists differ in length or are out of order."""
    lengths = {len(paths) for paths in lists.values()}
    if len(lengths) > 1 or lengths == {0}:
        counts = ", ".join(str(len(paths)) for paths in lists.values())
        *names, last = lists
        raise InputError(f"{', '.join(names)} and {last} must have one file per iteration, got {counts}")
    iterations = []
    for n, paths in enumerate(zip(*lists.values(), strict=True), 1):
        found = dict(zip(lists, paths, strict=True))
        iteration = Iteration(
            number=n,
            spec=read_spec(found["configs"]),
            summary=TrainingSummary.read(found["summaries"]),
            folds=FoldEvidence.read(found["folds"]),
            candidates=Candidates.read(found["candidates"]),
            validation=OosValidation.read(found["validations"]),
            decision=Decision.read(found["decisions"]),
            paths=Paths(*(_cited(path, folder) for path in paths)),
        )
        if iteration.decision.iteration != n:
            raise InputError(
                f"{found['decisions']}: is of iteration {iteration.decision.iteration}, expected iteration {n}; "
                "give the files in the order of iterations"
            )
        iterations.append(iteration)
    return tuple(iterations)


def _cited(path: Path, folder: Path) -> str:
    """Return a path as it is cited: relative to the run's directory, with forward slashes."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _date(path: Path) -> str:
    """Return the date a file was written on, in UTC."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()


if __name__ == "__main__":
    hand_over(report_files, globals().get("snakemake"))
