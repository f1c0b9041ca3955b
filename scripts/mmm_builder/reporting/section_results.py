"""§4.0 Final Results: the selected iteration at both gates."""

from pathlib import PurePosixPath

from ..verdicts import Check
from .figures import GATES, figure_key, shown, shown_limit
from .markdown import clause, code, section, table
from .run_record import Band, RunRecord, unmet
from .section_history import FURTHER, OOS_FURTHER, further_figures

TRAINING_PLOT = "predicted_vs_actual.png"
OOS_PLOT = "oos_predicted_vs_actual.png"

LOOKS, MEDIA = 4, 5
"""Paragraphs of §4.2 that other sections refer to, where the holdout was opened."""


def final_results(run: RunRecord) -> str:
    """Return the section."""
    say, n = run.say, run.report.selected_iteration
    selection = say(
        "s4.selection",
        n=n,
        source=run.cite(run.files.report, "selected_iteration"),
        why=say(f"s4.why.{run.report.status}"),
        derived=say("derived", rule=say("s4.rule")),
        stop=_stop(run),
    )
    parts = [(say("lead.order"), say("s4.order")), (say("lead.selection"), selection)]
    if not run.report.oos_validation_passed:
        parts.append((say("lead.validation"), say("s4.not_validated")))
    return "\n\n".join(
        [
            section("4.0", say("s4.title"), parts),
            section("4.1", say("s4.in"), _in_sample(run), level=3),
            section("4.2", say("s4.out"), _out_of_sample(run), level=3),
        ]
    )


def _stop(run: RunRecord) -> str:
    """Return why no further iteration followed, or where that is said."""
    if run.iterations[-1].decision.action == "stop":
        return run.say("s4.stop.see", n=len(run.iterations))
    source = run.cite(run.files.report, "stop_reason")
    return run.say("s4.stop", reason=clause(run.report.stop_reason), source=source)


def media_paragraph(run: RunRecord) -> int:
    """Return the number of the paragraph of §4.2 about what media add."""
    return MEDIA if run.selected.validation.evaluated else MEDIA - 2


def looks_paragraph(run: RunRecord) -> int:
    """Return the number of the paragraph of §4.2 about the looks at the holdout."""
    return LOOKS if run.selected.validation.evaluated else LOOKS - 2


def _in_sample(run: RunRecord) -> list[tuple[str, str]]:
    say, iteration = run.say, run.selected
    summary, n = iteration.summary, iteration.number
    reviewed = unmet(summary.checks, "review")
    review = say("s4.review", checks=run.check_names(reviewed)) if reviewed else ""
    thesis = say("s4.in.pass", n=n, review=review)
    if not summary.passed:
        failed = unmet(summary.checks, "fail", "unassessed")
        thesis = say("s4.in.fail", n=n, checks=run.check_names(failed), review=review)
    source = run.cite(iteration.paths.summary)
    parts = [
        (say("lead.thesis"), thesis),
        (say("lead.checks"), say("s4.checks", source=source) + _checks(run, summary.checks)),
        (
            say("lead.further"),
            say("s4.further", source=source) + further_figures(run, summary, FURTHER, summary.checks),
        ),
    ]
    path = iteration.paths.series
    plot = str(PurePosixPath(path).with_name(TRAINING_PLOT))
    return [*parts, (say("lead.band"), _band(run, "s4.band", run.band_in, path) + _plot(run, plot))]


def _out_of_sample(run: RunRecord) -> list[tuple[str, str]]:
    say, iteration = run.say, run.selected
    validation, n, path = iteration.validation, iteration.number, iteration.paths.validation
    after = [(say("lead.looks"), _looks(run)), (say("lead.media"), _media(run))]
    if not validation.evaluated:
        reason = clause(validation.reason or say("no_reason"))
        thesis = say("s4.out.closed", reason=reason, source=run.cite(path, "reason"))
        return [(say("lead.thesis"), thesis), *after]
    thesis = say("s4.out.pass", n=n)
    if not validation.passed:
        failed = unmet(validation.checks, "fail", "unassessed")
        thesis = say("s4.out.fail", n=n, checks=run.check_names(failed))
    further = further_figures(run, validation, OOS_FURTHER, validation.checks)
    plot = str(PurePosixPath(iteration.paths.predictions).with_name(OOS_PLOT))
    miss = _band(run, "s4.miss", run.band_out, iteration.paths.predictions)
    return [
        (say("lead.thesis"), thesis),
        (say("lead.checks"), say("s4.checks", source=run.cite(path)) + _checks(run, validation.checks)),
        (say("lead.further"), say("s4.further", source=run.cite(path)) + further),
        *after,
        (say("lead.miss"), miss + _plot(run, plot)),
    ]


def _checks(run: RunRecord, checks: tuple[Check, ...]) -> str:
    """Return the table of checks: verdict, how far the limit is, and what parameter or period is worst."""
    say = run.say
    header = (say("s4.check"), say("s4.verdict"), say("s4.margin"), say("s4.subject"))
    rows = []
    for check in checks:
        subject = code(check.subject) if check.subject else ""
        rows.append((run.check_label(check.code), say(check.status), _margin(run, check), subject))
    return "\n\n" + table(header, rows)


def _margin(run: RunRecord, check: Check) -> str:
    """Return the distance to a gate's limit; for other checks value and limit, which stand nowhere else."""
    say, key = run.say, figure_key(check.code)
    if check.value is None:
        return say("not_computed", reason=clause(check.reason or say("no_reason")))
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
    target = " ".join(run.profile.target_column.split()).replace("[", "").replace("]", "")
    return "\n\n" + run.say("s4.plot", target=target, n=run.selected.number, path=path)


def _looks(run: RunRecord) -> str:
    say, looks = run.say, run.report.holdout_looks
    text = say("s4.looks", looks=say.count(looks, "look"), source=run.cite(run.files.report, "holdout_looks"))
    return text + (say("s4.looks.one") if looks == 1 else say("s4.looks.many") if looks > 1 else "")


def _media(run: RunRecord) -> str:
    say, adds = run.say, run.report.metrics.media_adds
    if adds is None:
        return say("s4.media.unmeasured" if run.report.oos_validation_passed else "s4.media.unmeasured_fail")
    return say("s4.media", verdict=adds, source=run.cite(run.files.report, "metrics.media_adds"))
