"""§2.0 Iteration History: the figures of every iteration."""

from typing import Any

from ..verdicts import Check, IterationRecord
from .diagrams import verdicts
from .figures import sense_of, shown_limit
from .markdown import clause, code, section, table
from .run_record import Iteration, RunRecord, reason_of, unmet

TRAINING = ("worst_rhat", "min_ess", "divergences", "r2", "mape")
HELD_OUT = ("oos_r2", "oos_mape", "overfitting_index")

FURTHER = ("wmape", "training_seconds", "sampling_seconds")
OOS_FURTHER = ("oos_rmse", "wmape", "crps", "coverage_80")
"""Figures beside the gates, by key in summary.json and oos_validation.json."""

START = (
    "model_type", "prior_preset", "adstock", "saturation", "trend.kind", "seasonality.order", "likelihood.kind",
    "sampler.chains", "sampler.draws", "sampler.tune", "sampler.target_accept", "sampler.seed",
)  # fmt: skip
"""Keys of config_iter_1.yaml that tell one start from another."""


def iteration_history(run: RunRecord) -> str:
    """Return the section; §2.n is iteration n."""
    say = run.say
    parts = [(say("lead.order"), say("s2.order")), (say("lead.figures"), _figures(run))]
    if run.files.gates_plot:
        parts.append((say("lead.plot"), say("s2.plot", path=run.files.gates_plot)))
    sections = [section("2.0", say("s2.title"), parts)]
    sections += [_iteration(run, iteration) for iteration in run.iterations]
    return "\n\n".join(sections)


def further_figures(run: RunRecord, record: Any, keys: tuple[str, ...], checks: tuple[Check, ...]) -> str:
    """Return a table of figures beside the gates."""
    say = run.say
    rows = [(run.label(key), code(key), run.figure(key, getattr(record, key), reason_of(checks, key))) for key in keys]
    return "\n\n" + table((say("s1.what"), say("s1.key"), say("s1.value")), rows)


def _figures(run: RunRecord) -> str:
    """Return the table of all iterations with keys and limits."""
    say, selected = run.say, run.selected
    diagnostics, holdout = say("s2.diagnostics"), say("s2.holdout")
    header = [say("s2.iteration"), *map(run.label, TRAINING), diagnostics, *map(run.label, HELD_OUT), holdout]
    keys = [say("s2.key"), *map(code, TRAINING), code("diagnostics_passed"), *map(code, HELD_OUT), code("oos_passed")]
    limits = [say("s2.limit"), *(_limit(run, key) for key in TRAINING), ""]
    limits += [*(_limit(run, key) for key in HELD_OUT), ""]
    rows = [_row(run, record) for record in run.records]
    intro = say(
        "s2.table",
        source=run.cite(run.files.log),
        convergence=run.cite(selected.paths.summary, "thresholds"),
        oos=run.cite(selected.paths.validation, "thresholds"),
    )
    return intro + "\n\n" + table(header, [keys, limits, *rows])


def _limit(run: RunRecord, key: str) -> str:
    """Return a figure's limit as it stands in the table."""
    limits = run.limits(key)
    if not limits:
        return run.say("s2.no_limit")
    if len(limits) > 1:
        low, high = (shown_limit(key, limit) for limit in limits)
        return run.say("s2.band", low=low, high=high)
    return f"{sense_of(key, None, limits[0], '')} {shown_limit(key, limits[0])}"


def _row(run: RunRecord, record: IterationRecord) -> list[str]:
    """Return one iteration's line; what was not computed says where the reason stands."""
    say = run.say
    selected = record.iteration == run.report.selected_iteration
    here, there = ("4.1", "4.2") if selected else 2 * (f"2.{record.iteration}",)

    def cells(keys: tuple[str, ...], why: str) -> list[str]:
        missing = say("not_computed_see", section=why)
        values = {key: getattr(record, key) for key in keys}
        return [missing if value is None else run.figure(key, value) for key, value in values.items()]

    diagnostics, oos = (say(v) for v in verdicts(record))
    return [str(record.iteration), *cells(TRAINING, here), diagnostics, *cells(HELD_OUT, there), oos]


def _iteration(run: RunRecord, iteration: Iteration) -> str:
    """Return §2.n: verdicts with the parameters they are about, and the figures beside the gates."""
    say, n, checks = run.say, iteration.number, iteration.summary.checks
    parts = [(say("lead.thesis"), _thesis(run, iteration)), (say("lead.configuration"), _configuration(run, iteration))]
    if n == run.report.selected_iteration:
        parts.append((say("lead.further"), say("s2.selected")))
        return section(f"2.{n}", say("s2.heading", n=n), parts, level=3)
    remarks = _remarks(run, iteration)
    if remarks:
        parts.append((say("lead.checks"), remarks))
    further = say("s2.further", source=run.cite(iteration.paths.summary))
    parts.append((say("lead.further"), further + further_figures(run, iteration.summary, FURTHER, checks)))
    parts.append((say("lead.holdout"), _holdout(run, iteration)))
    return section(f"2.{n}", say("s2.heading", n=n), parts, level=3)


def _holdout(run: RunRecord, iteration: Iteration) -> str:
    """Return the out-of-sample figures beside the gate, or why there are none."""
    say, validation, path = run.say, iteration.validation, iteration.paths.validation
    if validation.evaluated:
        figures = further_figures(run, validation, OOS_FURTHER, validation.checks)
        return say("s2.oos_further", source=run.cite(path)) + figures
    reason = clause(validation.reason or say("no_reason"))
    return say("s2.oos_closed", reason=reason, source=run.cite(path, "reason"))


def _thesis(run: RunRecord, iteration: Iteration) -> str:
    """Return the verdicts, with what each missed check is about."""
    say = run.say
    for phrase, gate in (("s2.thesis.diagnostics", iteration.summary), ("s2.thesis.oos", iteration.validation)):
        if not gate.passed:
            missed = [_described(run, check) for check in unmet(gate.checks, "fail", "unassessed")]
            return say(phrase, checks=say.enumerate(missed) or say("unnamed_check"))
    return say("s2.thesis.both")


def _configuration(run: RunRecord, iteration: Iteration) -> str:
    """Return what the iteration started from: the whole of it for the first, else where its changes stand."""
    say, source = run.say, run.cite(iteration.paths.config)
    if iteration.number > 1:
        return say("s2.next", source=source, previous=iteration.number - 1)
    rows = []
    for key in START:
        value: Any = iteration.spec
        for part in key.split("."):
            value = getattr(value, part)
        rows.append((say("conf." + key.replace(".", "_")), code(key), str(value)))
    header = (say("s1.what"), say("s1.key"), say("s1.value"))
    return say("s2.start", source=source) + "\n\n" + table(header, rows)


def _remarks(run: RunRecord, iteration: Iteration) -> str:
    """Return the checks left to review, and those that passed with a remark."""
    checks = iteration.summary.checks + iteration.validation.checks
    review = [_described(run, check) for check in checks if check.status == "review"]
    noted = [_described(run, check) for check in checks if check.status == "pass" and check.reason]
    found = [run.say("s2.review", checks="; ".join(review))] if review else []
    return " ".join(found + ([run.say("s2.noted", checks="; ".join(noted))] if noted else []))


def _described(run: RunRecord, check: Check) -> str:
    """Return a check's name with the parameter or period it is about and its remark."""
    say = run.say
    notes = [code(check.subject)] if check.subject else []
    notes += [say("unassessed")] if check.status == "unassessed" else []
    notes += [clause(check.reason)] if check.reason else []
    return run.word(check.code) + (f" ({': '.join(notes)})" if notes else "")
