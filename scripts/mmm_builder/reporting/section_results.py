"""§4.0 Final Results: the selected iteration at both gates, beside its twins."""

from pathlib import PurePosixPath

from ..verdicts import Check, FoldEvidence, OosValidation, TrainingSummary
from .figures import GATES, figure_key, shown, shown_limit
from .markdown import code, section, table
from .media_words import doubt, fold_gap, intervals, media, twins
from .run_record import Band, RunRecord, unmet
from .sealed_words import sealed_paragraph
from .section_history import FURTHER, OOS_FURTHER, closed_because, closed_source, further_figures

TRAINING_PLOT = "predicted_vs_actual.png"
OOS_PLOT = "oos_predicted_vs_actual.png"
FOLD_PLOT = "fold_predictions.png"

OPENED = ("thesis", "checks", "further", "intervals", "twins", "media", "gap", "looks", "miss")
CLOSED = ("thesis", "twins", "media", "looks")
"""Paragraphs of §4.2, in order, by whether the selected iteration's holdout was opened."""


def final_results(run: RunRecord) -> str:
    """Return the section."""
    say = run.say
    parts = [(say("lead.order"), say("s4.order")), (say("lead.selection"), _selection(run))]
    if not run.report.oos_validation_passed:
        parts.append((say("lead.validation"), say("s4.not_validated")))
    if run.sealed:
        parts.append((say("lead.sealed"), sealed_paragraph(run, run.sealed)))
    if run.files.fit_plot:
        target, n = _target(run), run.report.selected_iteration
        parts.append((say("lead.plot"), say("s4.fit_plot", target=target, n=n, path=run.files.fit_plot)))
    return "\n\n".join(
        [
            section("4.0", say("s4.title"), parts),
            section("4.1", say("s4.in"), _in_sample(run), level=3),
            section("4.2", say("s4.out"), _out_of_sample(run), level=3),
        ]
    )


def paragraph(run: RunRecord, name: str) -> int:
    """Return the number of one of §4.2's paragraphs, for other sections to refer to."""
    return (OPENED if run.selected.validation.evaluated else CLOSED).index(name) + 1


def _selection(run: RunRecord) -> str:
    """Return which iteration is handed on, why, and why the run ended."""
    say, report = run.say, run.report
    among = sum(i.summary.passed for i in run.iterations) if report.selection_code == "best_folds" else len(run.records)
    return say(
        "s4.selection",
        n=report.selected_iteration,
        source=run.cite(run.files.report, "selected_iteration"),
        why=say(f"selection.{report.selection_code}", among=say.count(among, "iteration")),
        derived=say("derived", rule=say("s4.rule")),
        stop=say("s4.stop", reason=say(f"stop.{report.stop_code}"), source=run.cite(run.files.report, "stop_code")),
    )


# --- in sample -------------------------------------------------------------------------------------------------------


def _in_sample(run: RunRecord) -> list[tuple[str, str]]:
    say, iteration = run.say, run.selected
    summary, n, path = iteration.summary, iteration.number, iteration.paths.summary
    reviewed = unmet(summary.checks, "review")
    review = say("s4.review", checks=run.check_names(reviewed)) if reviewed else ""
    thesis = say("s4.in.pass", n=n, review=review)
    if not summary.passed:
        failed = unmet(summary.checks, "fail", "unassessed")
        thesis = say("s4.in.fail", n=n, checks=run.check_names(failed), review=review)
    further = say("s4.further", source=run.cite(path)) + further_figures(run, summary, FURTHER, path)
    plot = str(PurePosixPath(iteration.paths.series).with_name(TRAINING_PLOT))
    return [
        (say("lead.thesis"), thesis),
        (say("lead.checks"), say("s4.checks", source=run.cite(path)) + _checks(run, summary, path)),
        (say("lead.further"), further),
        (say("lead.band"), _band(run, "s4.band", run.band_in, iteration.paths.series) + _plot(run, plot)),
    ]


# --- out of sample ---------------------------------------------------------------------------------------------------


def _out_of_sample(run: RunRecord) -> list[tuple[str, str]]:
    say = run.say
    validation, path = run.selected.validation, run.selected.paths.validation
    told = {"twins": twins(run), "media": media(run), "looks": doubt(run)}
    if validation.evaluated:
        told["checks"] = say("s4.checks", source=run.cite(path)) + _checks(run, validation, path)
        told["further"] = say("s4.further", source=run.cite(path)) + further_figures(run, validation, OOS_FURTHER, path)
        told["intervals"], told["gap"] = intervals(run), fold_gap(run)
        miss = _band(run, "s4.miss", run.band_out, run.selected.paths.predictions)
        told["miss"] = miss + _plot(run, str(PurePosixPath(run.selected.paths.predictions).with_name(OOS_PLOT)))
    told["thesis"] = _out_thesis(run)
    return [(say(f"lead.{name}"), told[name]) for name in (OPENED if validation.evaluated else CLOSED)]


def _out_thesis(run: RunRecord) -> str:
    say, iteration = run.say, run.selected
    validation, n = iteration.validation, iteration.number
    if not validation.evaluated:
        source = run.cite(*closed_source(iteration))
        return say("s4.out.closed", reason=closed_because(run, iteration), source=source)
    if validation.passed:
        return say("s4.out.pass", n=n)
    failed = unmet(validation.checks, "fail", "unassessed")
    return say("s4.out.fail", n=n, checks=run.check_names(failed))


def _checks(run: RunRecord, gate: TrainingSummary | FoldEvidence | OosValidation, path: str) -> str:
    """Return the table of checks: verdict, how far the limit is, and what parameter or period is worst."""
    say = run.say
    header = (say("s4.check"), say("s4.verdict"), say("s4.margin"), say("s4.subject"))
    rows = []
    for check in gate.checks:
        subject = code(check.subject) if check.subject else ""
        rows.append((run.check_label(check.code), say(check.status), _margin(run, gate, path, check), subject))
    return "\n\n" + table(header, rows)


def _margin(run: RunRecord, gate: TrainingSummary | FoldEvidence | OosValidation, path: str, check: Check) -> str:
    """Return the distance to a gate's limit; for other checks value and limit, which stand nowhere else."""
    say, key = run.say, figure_key(check.code)
    if check.value is None:
        return say("not_computed", reason=run.remark(path, gate, check))
    if check.limit is None:
        return shown(key, check.value)
    if key not in GATES:
        value = shown(key, check.value, check.limit)
        return say("s4.against", value=value, limit=shown_limit(key, check.limit))
    distance = abs(check.value - check.limit)
    if distance == 0:
        return say("s4.at_limit")
    return say("s4.inside" if check.status == "pass" else "s4.outside", value=shown(key, distance, 0.0))


def _band(run: RunRecord, phrase: str, band: Band | None, path: str) -> str:
    """Return how a predicted series meets the actual one."""
    if band is None:
        return run.say("not_computed", reason=run.say("no_reason"))
    return run.say(
        phrase,
        share=shown("coverage_80", band.share),
        n=run.say.count(band.n, "value"),
        date=band.worst_date,
        actual=shown("actual", band.actual),
        predicted=shown("predicted", band.predicted),
        source=run.cite(path),
    )


def _plot(run: RunRecord, path: str) -> str:
    return "\n\n" + run.say("s4.plot", target=_target(run), n=run.selected.number, path=path)


def _target(run: RunRecord) -> str:
    return " ".join(run.profile.target_column.split()).replace("[", "").replace("]", "")
