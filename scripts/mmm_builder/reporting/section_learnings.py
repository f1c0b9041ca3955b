"""§5.0 Key Learnings: what this run supports, what limits it, and what would sharpen it."""

from collections.abc import Callable
from typing import NamedTuple

from .figures import figure_key, shown
from .history import share_of_gain
from .markdown import code, section, table
from .run_record import RunRecord, unmet
from .section_history import FOLDS_PARAGRAPH
from .section_results import paragraph
from .section_thinking import HAPPENED

CONTRACTION = "prior_contraction"
"""Code of the checks that say, per channel, how much narrower the posterior is than the prior."""

UNSURE = 0.5
"""Confidence in a channel's type below which the type counts as guessed."""

COVERAGE = (0.65, 0.95)
"""Coverage of 80 % intervals outside which they are called too narrow or too wide."""

MISFIT = ("r2_low", "oos_r2", "oos_mape", "fold_r2", "fold_mape")
"""Codes of the checks that say that something moves the KPI which the model has not seen."""

DOUBT = 0.05
"""Probability of a pass by chance from which it limits what a pass says."""

GAP = 0.25
"""How far R² on the holdout may be from R² on the folds, either way, before one of them is called an exception."""

ADVICE_BY_WARNING = (
    ("short_history", "advice.short"), ("collinear_channels", "advice.collinear"), ("high_vif", "advice.collinear"),
    ("near_duplicate", "advice.collinear"), ("missing_periods", "advice.gaps"), ("missing_rows", "advice.gaps"),
    ("kpi_missing_training", "advice.gaps"), ("kpi_missing_held_out", "advice.gaps"),
)  # fmt: skip
"""What data a warning of the profile calls for, by its code."""


class Limit(NamedTuple):
    """One limit on the conclusions: when it holds, how it is put, and the data that would lift it."""

    holds: Callable[[RunRecord], bool]
    phrase: Callable[[RunRecord], str]
    advice: Callable[[RunRecord], list[str]]


def key_learnings(run: RunRecord) -> str:
    """Return the section."""
    say = run.say
    return "\n\n".join(
        [
            section("5.0", say("s5.title"), [(say("lead.order"), say("s5.order"))]),
            section("5.1", say("s5.remedies"), _remedies(run), level=3),
            section("5.2", say("s5.channels"), _channels(run), level=3),
            section("5.3", say("s5.limits"), _limits(run), level=3),
            section("5.4", say("s5.data"), _data(run), level=3),
        ]
    )


def _remedies(run: RunRecord) -> list[tuple[str, str]]:
    """Return which remedies helped and by how much of what was predicted."""
    say, outcomes = run.say, run.history.outcomes
    if not outcomes:
        return [(say("lead.thesis"), say("s5.remedies.none"))]
    said = {h: sum(o.hypothesis == h for o in outcomes) for h in ("survived", "refuted", "untested")}
    said["reverted"] = sum(o.reverted for o in outcomes)
    derived = say("derived", rule=say("s5.rule"))
    thesis = say("s5.remedies.thesis", predictions=say.count(len(outcomes), "prediction"), derived=derived, **said)
    rows = []
    for o in outcomes:
        share, gain = share_of_gain(o.before, o.predicted, o.after), say("s5.gain.none")
        if share is not None:
            step = shown(figure_key(o.figure), o.after - o.before, 0.0)
            gain = say("s5.gain.share", gain=step if o.after < o.before else f"+{step}", share=f"{100 * share:.0f}")
        figure = say("s5.no_figure") if o.predicted is None else run.check_label(o.figure)
        verdict = say(o.hypothesis) + (say("s5.reverted") if o.reverted else "")
        rows.append((code(o.remedy), code(o.label), figure, gain, verdict, f"§3.{o.iteration} ¶{HAPPENED}"))
    header = [say(f"s5.{name}") for name in ("remedy", "label", "figure", "gain", "hypothesis", "where")]
    listed = say("s5.remedies.list", source=run.cite(run.files.history, "outcomes")) + "\n\n" + table(header, rows)
    return [(say("lead.thesis"), thesis), (say("lead.remedies"), listed)]


def _channels(run: RunRecord) -> list[tuple[str, str]]:
    """Return which channels the data identify, where that was measured."""
    say, iteration = run.say, run.selected
    checks = [c for c in iteration.summary.checks if c.code == CONTRACTION and c.value is not None]
    if not checks:
        trace = code(f"artifacts_iter_{iteration.number}/trace.nc")
        return [(say("lead.thesis"), say("s5.channels.unmeasured", trace=trace, config=code(iteration.paths.config)))]
    identified = sum(c.status == "pass" for c in checks)
    source = run.cite(iteration.paths.summary)
    thesis = say("s5.channels.thesis", identified=identified, n=len(checks), source=source)
    ranked = sorted(checks, key=lambda c: -c.value)
    entries = [say("s5.channels.entry", subject=code(c.subject), value=shown(CONTRACTION, c.value)) for c in ranked]
    return [
        (say("lead.thesis"), thesis),
        (say("lead.channels"), say("s5.channels.list", channels=", ".join(entries))),
    ]


def _limits(run: RunRecord) -> list[tuple[str, str]]:
    say = run.say
    found = [limit.phrase(run) for limit in LIMITS if limit.holds(run)]
    if not found:
        return [(say("lead.thesis"), say("s5.limits.none"))]
    thesis = say("s5.limits.thesis", limits=say.count(len(found), "limit"))
    return [(say("lead.thesis"), thesis), (say("lead.limits"), "\n\n" + "\n".join(f"- {line}" for line in found))]


def _data(run: RunRecord) -> list[tuple[str, str]]:
    say = run.say
    wanted = dict.fromkeys(a for limit in LIMITS if limit.holds(run) for a in limit.advice(run))
    if not wanted:
        return [(say("lead.thesis"), say("s5.data.none"))]
    lines = "\n".join("- " + say(advice, end=run.profile.end) for advice in wanted)
    return [(say("lead.thesis"), say("s5.data.thesis")), (say("lead.data"), "\n\n" + lines)]


def _coverage(run: RunRecord) -> float:
    """Return the coverage of the held-out 80 % intervals; the nominal one where it was not computed."""
    found = run.selected.validation.coverage_80
    return 0.8 if found is None else found


def _media(run: RunRecord) -> str:
    """Return the verdict on what media add, or `unmeasured`."""
    return run.report.metrics.media_adds or "unmeasured"


def _media_known_ahead(run: RunRecord) -> str | None:
    """Return the same verdict without the controls that nobody knows ahead; None if there are none."""
    iteration = run.selected
    record = iteration.folds if iteration.validation.media_adds is None else iteration.validation
    return None if record.media_adds_known_ahead is None else record.media_adds_known_ahead.verdict


def _unknown(run: RunRecord) -> str:
    return run.say.enumerate([code(name) for name in run.selected.folds.unknown_ahead])


def _gap(run: RunRecord) -> float:
    """Return R² on the holdout less R² on the folds; 0 where either was not computed."""
    held_out, pooled = run.selected.validation.oos_r2, run.selected.folds.pooled
    known = held_out is not None and pooled is not None and pooled.r2 is not None
    return held_out - pooled.r2 if known else 0.0


def _unsure(run: RunRecord) -> list[str]:
    return [code(c.column) for c in run.profile.channels if c.confidence < UNSURE]


def _untested(run: RunRecord) -> list[str]:
    return [code(o.remedy) for o in run.history.outcomes if o.hypothesis == "untested"]


def _warning_advice(run: RunRecord) -> list[str]:
    codes = {warning.code for warning in run.profile.warnings}
    return [advice for warning, advice in ADVICE_BY_WARNING if warning in codes]


def _misfit_advice(run: RunRecord) -> list[str]:
    """Return the advice for a model that does not fit; one that did not converge calls for no further data."""
    checks = run.selected.summary.checks + run.selected.folds.checks + run.selected.validation.checks
    misfit = any(c.code in MISFIT for c in unmet(checks, "fail"))
    return ["advice.misfit"] if misfit else []


def _says(phrase: str, **values: Callable[[RunRecord], object]) -> Callable[[RunRecord], str]:
    """Return a function that fills a phrase from a run."""
    return lambda run: run.say(phrase, **{name: value(run) for name, value in values.items()})


def _no_advice(run: RunRecord) -> list[str]:
    return []


LIMITS = (
    Limit(
        lambda run: not run.report.oos_validation_passed,
        _says("limit.not_validated"),
        _misfit_advice,
    ),
    Limit(
        lambda run: _media(run) != "yes",
        lambda run: run.say(f"limit.media.{_media(run)}", media=paragraph(run, "media")),
        lambda run: ["advice.media"],
    ),
    Limit(
        lambda run: _media(run) == "yes" and _media_known_ahead(run) not in (None, "yes"),
        _says("limit.known_ahead", media=lambda run: paragraph(run, "media"), controls=lambda run: _unknown(run)),
        lambda run: ["advice.media"],
    ),
    Limit(
        lambda run: (run.report.chance_pass_probability or 0.0) > DOUBT,
        _says("limit.chance", looks=lambda run: paragraph(run, "looks")),
        lambda run: ["advice.looks"],
    ),
    Limit(
        lambda run: run.report.holdout_looks > 1,
        _says("limit.looks", looks=lambda run: paragraph(run, "looks")),
        lambda run: ["advice.looks"],
    ),
    Limit(
        lambda run: abs(_gap(run)) > GAP,
        _says("limit.gap", gap=lambda run: paragraph(run, "gap")),
        lambda run: ["advice.looks"],
    ),
    Limit(
        lambda run: not run.selected.folds.folds,
        _says("limit.no_folds", n=lambda run: run.report.selected_iteration, paragraph=lambda run: FOLDS_PARAGRAPH),
        lambda run: ["advice.short"],
    ),
    Limit(
        lambda run: bool(run.profile.warnings),
        _says("limit.warnings", codes=lambda run: ", ".join(code(w.code) for w in run.profile.warnings)),
        _warning_advice,
    ),
    Limit(
        lambda run: bool(unmet(run.selected.summary.checks, "review")),
        _says("limit.review", checks=lambda run: run.check_names(unmet(run.selected.summary.checks, "review"))),
        _no_advice,
    ),
    Limit(lambda run: _coverage(run) < COVERAGE[0], _says("limit.coverage_low"), _no_advice),
    Limit(lambda run: _coverage(run) > COVERAGE[1], _says("limit.coverage_high"), _no_advice),
    Limit(
        lambda run: bool(_unsure(run)),
        _says("limit.unsure_types", channels=lambda run: run.say.enumerate(_unsure(run))),
        lambda run: ["advice.unsure_types"],
    ),
    Limit(
        lambda run: bool(_untested(run)),
        _says("limit.untested", remedies=lambda run: run.say.enumerate(_untested(run))),
        _no_advice,
    ),
)
"""All limits on conclusions that a run can show, the heaviest first."""
