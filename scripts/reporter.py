"""The written record of a finished run: iteration log, thinking history, report for programs, analysis for people."""

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pandas as pd

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.files import write_text
from mmm_builder.judging.looks import read_looks
from mmm_builder.judging.tables import read_series
from mmm_builder.provenance import versions
from mmm_builder.reporting.history import iteration_log as log_text
from mmm_builder.reporting.history import iteration_records
from mmm_builder.reporting.history import thinking_history as make_history
from mmm_builder.reporting.narrative import analysis as analysis_text
from mmm_builder.reporting.phrases import phrasebook
from mmm_builder.reporting.plots import plot_gates
from mmm_builder.reporting.run_record import Files, Iteration, Paths, RunRecord, band
from mmm_builder.reporting.selection import Selection, select
from mmm_builder.running.layout import ANALYSIS
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision, IterationRecord, OosValidation, ReportMetrics, SkillReport, TrainingSummary

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
) -> SkillReport:
    """Return how the run ended, for other programs; the figures are the selected iteration's.

    used : versions of packages here, which give way to those of the training; looks : openings of the holdout
    """
    chosen = iterations[selection.iteration - 1]
    figures = {**dict(chosen.summary), **{k: getattr(chosen.validation, k) for k in HELD_OUT}}
    return SkillReport(
        status=selection.status,
        oos_validation_passed=chosen.validation.passed,
        selected_iteration=selection.iteration,
        iterations_run=len(iterations),
        max_iterations=max_iterations,
        model_type=chosen.spec.model_type,
        stop_reason=selection.stop_reason,
        metrics=ReportMetrics(**{key: figures[key] for key in (*TRAINING, *HELD_OUT)}),
        holdout_looks=looks,
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
    validations: Annotated[tuple[Path, ...], "verdicts of the out-of-sample gate (oos_validation.json)"],
    decisions: Annotated[tuple[Path, ...], "decisions (thinking_log.json)"],
    series: Annotated[tuple[Path, ...], "fits of the training rows (predicted_vs_actual_series.csv)"],
    predictions: Annotated[tuple[Path, ...], "predictions of the held-out rows (oos_predictions.csv)"],
    iteration_log: Annotated[Path, "figures and decision of each iteration, to write"],
    thinking_history: Annotated[Path, "decisions with what came of them, to write"],
    skill_report: Annotated[Path, "how the run ended, for programs, to write"],
    analysis: Annotated[Path, "the same for people (ITERATION_ANALYSIS.md), to write"],
    max_iterations: Annotated[int, "budget of iterations that the run had"],
    ledger: Annotated[Path, "ledger of looks at the holdout; absent means none"],
    gates: Annotated[Path | None, "picture of the gate figures by iteration, to write"] = None,
) -> None:
    """Write how a run ended: the log of its iterations, its reasoning, its selected model and the analysis of it."""
    data = DataProfile.read(profile)
    lists = (configs, summaries, validations, decisions, series, predictions)
    iterations = _read_iterations(lists, analysis.parent)
    judged = [(i.spec, i.summary, i.validation, i.decision) for i in iterations]
    specs, verdicts, oos_verdicts, decided = zip(*judged, strict=True)
    selection = select(verdicts, oos_verdicts, decided, max_iterations)
    looks = len(read_looks(ledger))
    report = make_report(iterations, selection, data, versions(), max_iterations=max_iterations, looks=looks)
    records = iteration_records(specs, verdicts, oos_verdicts, decided)
    history = make_history(decided, verdicts)
    write_text(iteration_log, log_text(records))
    write_text(thinking_history, history.to_json())
    write_text(skill_report, report.to_json())
    if gates is not None:
        _draw_gates(gates, records, iterations[selection.iteration - 1])
    bands = [band(read_series(paths[selection.iteration - 1])) for paths in (series, predictions)]
    cited = _citations(analysis, (profile, iteration_log, skill_report, gates), lists)
    run = RunRecord(data, iterations, records, history, report, *bands, *cited, phrasebook())
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


def _draw_gates(gates: Path, records: Sequence[IterationRecord], selected: Iteration) -> None:
    limits = {"convergence": selected.summary.thresholds, "out_of_sample": selected.validation.thresholds}
    table = pd.DataFrame([record.model_dump() for record in records])
    plot_gates(table, gates, selected=selected.number, **limits)


def _read_iterations(lists: tuple[tuple[Path, ...], ...], folder: Path) -> tuple[Iteration, ...]:
    """Read every iteration's verdicts. Raises InputError if lists differ in length or are out of order."""
    lengths = {len(paths) for paths in lists}
    if len(lengths) > 1 or lengths == {0}:
        counts = ", ".join(map(str, map(len, lists)))
        raise InputError(
            "configs, summaries, validations, decisions, series and predictions must have one file per iteration, "
            f"got {counts}"
        )
    iterations = []
    for n, (config, summary, validation, decision, series, predictions) in enumerate(zip(*lists, strict=True), 1):
        cited = Paths(*(_cited(p, folder) for p in (config, summary, validation, decision, series, predictions)))
        iteration = Iteration(
            number=n,
            spec=read_spec(config),
            summary=TrainingSummary.read(summary),
            validation=OosValidation.read(validation),
            decision=Decision.read(decision),
            paths=cited,
        )
        if iteration.decision.iteration != n:
            raise InputError(
                f"{decision}: is of iteration {iteration.decision.iteration}, expected iteration {n}; "
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
