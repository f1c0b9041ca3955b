"""§2.0 Iteration History: the figures of every iteration."""

from typing import Any

from ..verdicts import Check, FoldEvidence, IterationRecord, OosValidation, TrainingSummary
from .diagrams import verdicts
from .figures import GATES, figure_key, sense_of, shown, shown_limit, signed
from .markdown import clause, code, section, table
from .phrases import RECORDED
from .run_record import Iteration, RunRecord, unmet

TRAINING = ("worst_rhat", "min_ess", "divergences", "r2", "mape")
HELD_OUT = ("oos_r2", "oos_mape", "overfitting_index")
ON_FOLDS = ("fold_r2", "fold_mape", "fold_overfitting_index", "fold_crps", "fold_coverage_80")
TWINS_ON_FOLDS = ("media_free_fold_crps", "seasonal_naive_fold_crps")

FURTHER = ("wmape", "training_seconds", "sampling_seconds")
OOS_FURTHER = ("oos_rmse", "wmape", "crps", "coverage_80")
"""Figures beside the gates, by key in summary.json and oos_validation.json."""

OF_A_FOLD = (
    "train_end",
    "test_end",
    "n_train",
    "n_test",
    "r2",
    "mape",
    "crps",
    "coverage_80",
    "divergences",
    "worst_rhat",
)
"""Figures of one fold, by key in folds.json."""

START = (
    "model_type", "prior_preset", "adstock", "saturation", "trend.kind", "seasonality.order", "likelihood.kind",
    "sampler.chains", "sampler.draws", "sampler.tune", "sampler.target_accept", "sampler.seed",
)  # fmt: skip
"""Keys of config_iter_1.yaml that tell one start from another."""

FOLDS_PARAGRAPH = 3
"""Paragraph of §2.n about the folds."""


def iteration_history(run: RunRecord) -> str:
    """Return the section; §2.n is iteration n."""
    say = run.say
    parts = [
        (say("lead.order"), say("s2.order")),
        (say("lead.figures"), _figures(run)),
        (say("lead.folds"), _folds_by_iteration(run)),
    ]
    for phrase, path in (("s2.plot", run.files.gates_plot), ("s2.plot.folds", run.files.fold_scores_plot)):
        if path:
            parts.append((say("lead.plot"), say(phrase, path=path)))
    sections = [section("2.0", say("s2.title"), parts)]
    sections += [_iteration(run, iteration) for iteration in run.iterations]
    return "\n\n".join(sections)


def further_figures(run: RunRecord, record: TrainingSummary | OosValidation, keys: tuple[str, ...], path: str) -> str:
    """Return a table of figures beside the gates; path : of the record's file."""
    say = run.say
    values = {key: run.figure(key, getattr(record, key), run.missing(path, record, key)) for key in keys}
    rows = [(run.label(key), code(key), value) for key, value in values.items()]
    return "\n\n" + table((say("s1.what"), say("s1.key"), say("s1.value")), rows)


# --- §2.0 ------------------------------------------------------------------------------------------------------------


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


def _folds_by_iteration(run: RunRecord) -> str:
    """Return the table of what every iteration's folds say, its twins beside it."""
    say = run.say
    keys = (*ON_FOLDS, "folds_passed", *TWINS_ON_FOLDS, "fold_media_gain", "fold_media_adds")
    header = [say("s2.iteration"), *map(run.label, keys)]
    limits = [
        say("s2.limit"),
        *("" if key in ("folds_passed", "fold_media_adds") else _limit(run, key) for key in keys),
    ]
    rows = []
    for record in run.records:
        cells = [_fold_cell(run, record, key) for key in keys]
        rows.append([str(record.iteration), *cells])
    intro = say("s2.folds", source=run.cite(run.files.log), limits=run.cite(run.selected.paths.folds, "thresholds"))
    return intro + "\n\n" + table(header, [[say("s2.key"), *map(code, keys)], limits, *rows])


def _fold_cell(run: RunRecord, record: IterationRecord, key: str) -> str:
    say, value = run.say, getattr(record, key)
    if key == "folds_passed":
        return say("pass" if value else "fail")
    if value is None:
        return say("not_computed_see", section=f"2.{record.iteration}")
    if key == "fold_media_adds":
        return say(f"media.word.{value}")
    return signed(key, value) if key == "fold_media_gain" else run.figure(key, value)


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


# --- §2.n ------------------------------------------------------------------------------------------------------------


def _iteration(run: RunRecord, iteration: Iteration) -> str:
    """Return §2.n: verdicts with the parameters they are about, the folds, and the figures beside the gates."""
    say, n = run.say, iteration.number
    parts = [
        (say("lead.thesis"), _thesis(run, iteration)),
        (say("lead.configuration"), _configuration(run, iteration)),
        (say("lead.folds"), _folds(run, iteration)),
    ]
    if n == run.report.selected_iteration:
        parts.append((say("lead.further"), say("s2.selected")))
        return section(f"2.{n}", say("s2.heading", n=n), parts, level=3)
    remarks = _remarks(run, iteration)
    if remarks:
        parts.append((say("lead.checks"), remarks))
    further = say("s2.further", source=run.cite(iteration.paths.summary))
    figures = further_figures(run, iteration.summary, FURTHER, iteration.paths.summary)
    parts.append((say("lead.further"), further + figures))
    parts.append((say("lead.holdout"), _holdout(run, iteration)))
    return section(f"2.{n}", say("s2.heading", n=n), parts, level=3)


def _folds(run: RunRecord, iteration: Iteration) -> str:
    """Return the table of an iteration's folds, or why there are none."""
    say, found, path = run.say, iteration.folds, iteration.paths.folds
    if not found.folds:
        return say("s2.no_folds", reason=run.told(found.reason, path, "reason"), source=run.cite(path))
    missed = unmet(found.checks, "fail", "unassessed")
    verdict = say("s2.folds.pass")
    if not found.passed:
        verdict = say("s2.folds.fail", checks=run.check_names(missed))
    reviewed = [_described(run, found, path, check) for check in unmet(found.checks, "review")]
    verdict += " " + say("s2.review", checks="; ".join(reviewed)) if reviewed else ""
    header = [say("s2.fold"), *map(run.label, OF_A_FOLD), say("s1.key")]
    rows: list[list[str]] = [[say("s2.key"), *map(code, OF_A_FOLD), ""]]
    for i, fold in enumerate(found.folds):
        cells = [_plain(run, key, getattr(fold, key)) for key in OF_A_FOLD]
        rows.append([str(fold.number), *cells, code(f"folds[{i}]")])
    return say("s2.folds.table", verdict=verdict, source=run.cite(path)) + "\n\n" + table(header, rows)


def _plain(run: RunRecord, key: str, value: Any) -> str:
    """Return a fold's date, number of periods or score; the reason of what is missing is the same for all of them."""
    if value is None:
        return run.say("not_computed", reason=run.say("reason.undefined"))
    return str(value) if isinstance(value, str | int) else shown(key, value)


def _holdout(run: RunRecord, iteration: Iteration) -> str:
    """Return the out-of-sample figures beside the gate, or why there are none."""
    say, validation, path = run.say, iteration.validation, iteration.paths.validation
    if validation.evaluated:
        return say("s2.oos_further", source=run.cite(path)) + further_figures(run, validation, OOS_FURTHER, path)
    return say("s2.oos_closed", reason=closed_because(run, iteration), source=run.cite(*closed_source(iteration)))


def closed_because(run: RunRecord, iteration: Iteration) -> str:
    """Return why an iteration's holdout stayed closed: diagnostics failed, or the folds have more to say first."""
    missed = unmet(iteration.summary.checks, "fail", "unassessed")
    if not iteration.summary.passed:
        return run.say("s2.closed.diagnostics", checks=run.check_names(missed))
    found = run.told(iteration.candidates.opening_reason, iteration.paths.candidates, "opening_reason")
    return run.say("s2.closed.folds", reason=found)


def closed_source(iteration: Iteration) -> tuple[str, str]:
    """Return file and key that keep the holdout closed."""
    if not iteration.summary.passed:
        return iteration.paths.summary, "passed"
    return iteration.paths.candidates, "opens"


def _thesis(run: RunRecord, iteration: Iteration) -> str:
    """Return the verdicts, with what each missed check is about."""
    say = run.say
    if not iteration.summary.passed:
        missed = _missed(run, iteration.summary, iteration.paths.summary)
        return say("s2.thesis.diagnostics", checks=say.enumerate(missed) or say("unnamed_check"))
    if not iteration.validation.evaluated:
        return say("s2.thesis.closed")
    if not iteration.validation.passed:
        missed = _missed(run, iteration.validation, iteration.paths.validation)
        return say("s2.thesis.oos", checks=say.enumerate(missed) or say("unnamed_check"))
    return say("s2.thesis.both")


def _missed(run: RunRecord, gate: TrainingSummary | OosValidation, path: str) -> list[str]:
    return [_described(run, gate, path, check) for check in unmet(gate.checks, "fail", "unassessed")]


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
        rows.append((say("conf." + key.replace(".", "_")), code(key), code(value)))
    header = (say("s1.what"), say("s1.key"), say("s1.value"))
    return say("s2.start", source=source) + "\n\n" + table(header, rows)


def _remarks(run: RunRecord, iteration: Iteration) -> str:
    """Return the checks left to review, and those that passed with a remark."""
    found: dict[str, list[str]] = {"s2.review": [], "s2.noted": []}
    for gate, path in (
        (iteration.summary, iteration.paths.summary),
        (iteration.folds, iteration.paths.folds),
        (iteration.validation, iteration.paths.validation),
    ):
        for check in gate.checks:
            if (check.status == "review" and gate is not iteration.folds) or (
                check.status == "pass" and check.reason and figure_key(check.code) in GATES
            ):
                phrase = "s2.review" if check.status == "review" else "s2.noted"
                found[phrase].append(_described(run, gate, path, check))
    return " ".join(run.say(phrase, checks="; ".join(checks)) for phrase, checks in found.items() if checks)


def _described(run: RunRecord, gate: TrainingSummary | FoldEvidence | OosValidation, path: str, check: Check) -> str:
    """Return a check's name with the parameter or period it is about and its remark."""
    say = run.say
    notes = [code(check.subject)] if check.subject else []
    notes += [say("unassessed")] if check.status == "unassessed" else []
    if check.reason and (say.language == RECORDED or f"remark.{check.code}.{check.status}" in say):
        notes.append(clause(run.remark(path, gate, check)))
    elif check.status == "review" and None not in (check.value, check.limit):
        key = figure_key(check.code)
        value = shown(key, check.value, check.limit)
        notes.append(say("s4.against", value=value, limit=shown_limit(key, check.limit)))
    return run.word(check.code) + (f" ({': '.join(notes)})" if notes else "")
