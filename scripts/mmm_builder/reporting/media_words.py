"""What a forecast is worth, in words: twins beside it, what media add, intervals, looks, and the gap to the folds."""

from collections.abc import Sequence

from ..evidence import MediaAdds, Twins
from ..verdicts import FoldEvidence, OosValidation
from .figures import shown, signed
from .markdown import code, table
from .run_record import Iteration, RunRecord
from .section_history import FOLDS_PARAGRAPH

FORECASTER_FIGURES = ("oos_r2", "oos_mape", "crps")


def media_clause(run: RunRecord) -> str:
    """Return what media add to the forecast as a clause of the thesis."""
    adds = run.selected.media_adds
    if adds is None:
        return run.say("media.clause.unmeasured")
    if adds.crps_gain is None:
        return run.say("media.clause.unclear_bare")
    return run.say(f"media.clause.{adds.verdict}", gain=signed("crps_gain", adds.crps_gain))


def twins(run: RunRecord) -> str:
    """Return the tables of the model beside its twins: on the holdout where it was opened, and on the folds."""
    say, iteration = run.say, run.selected
    found = []
    if iteration.validation.evaluated:
        found.append(_twin_table(run, "s4.twins.holdout", iteration.validation, iteration.paths.validation))
    found.append(_twin_table(run, "s4.twins.folds", iteration.folds, iteration.paths.folds))
    return "\n\n".join(found) if any(found) else say("s4.twins.none")


def _twin_table(run: RunRecord, phrase: str, record: OosValidation | FoldEvidence, path: str) -> str:
    """Return one table: forecasters by row, figures by column, the key of each row last."""
    say = run.say
    if record.twins is None:
        return say("s4.twins.unmeasured", source=run.cite(path))
    own = record if isinstance(record, OosValidation) else record.pooled
    prefix = "" if isinstance(record, OosValidation) else "pooled"
    model = [getattr(own, key, None) if prefix == "" else getattr(own, key.removeprefix("oos_"), None)
             for key in FORECASTER_FIGURES]  # fmt: skip
    rows = [[say("s2.key"), *map(code, FORECASTER_FIGURES), ""], _forecaster(run, "model", model, prefix)]
    for name in Twins.model_fields:
        scores = [getattr(getattr(record.twins, name), key) for key in FORECASTER_FIGURES]
        rows.append(_forecaster(run, name, scores, f"twins.{name}"))
    header = [say("s4.forecaster"), *(run.label(key.removeprefix("oos_")) for key in FORECASTER_FIGURES), say("s1.key")]
    return say(phrase, source=run.cite(path)) + "\n\n" + table(header, rows)


def _forecaster(run: RunRecord, name: str, scores: list[float | None], key: str) -> list[str]:
    cells = [
        run.say("not_computed_bare") if value is None else shown(figure, value)
        for figure, value in zip(FORECASTER_FIGURES, scores, strict=True)
    ]
    return [run.say(f"forecaster.{name}"), *cells, code(key) if key else ""]


# --- media -----------------------------------------------------------------------------------------------------------


def media(run: RunRecord) -> str:
    """Return what media add to the forecast, with intervals, and the same without what nobody knows ahead."""
    say, iteration, adds = run.say, run.selected, run.selected.media_adds
    if adds is None:
        return say("s4.media.unmeasured" if run.report.oos_validation_passed else "s4.media.unmeasured_fail")
    keys = ("verdict", "crps_gain", "lower_80", "upper_80")
    header = [say("s4.media.model"), *(say(f"s4.media.{key}") for key in keys), say("s1.key")]
    rows = [[say("s2.key"), *map(code, keys), ""], _media_row(run, "media_adds", adds, say("s4.media.as_is"))]
    unknown, record = iteration.folds.unknown_ahead, _holder(iteration)
    if unknown and record.media_adds_known_ahead is not None:
        name = say("s4.media.known_ahead", controls=", ".join(map(code, unknown)))
        rows.append(_media_row(run, "media_adds_known_ahead", record.media_adds_known_ahead, name))
    alone = iteration.validation.media_adds_holdout
    if alone is not None and adds.rows != "holdout":
        rows.append(_media_row(run, "media_adds_holdout", alone, say("s4.media.holdout")))
    path = iteration.media_path
    verdict = say(
        "s4.media.unclear.withheld" if adds.reason else f"s4.media.{adds.verdict}.told",
        rows=say(f"rows.{adds.rows.replace(' ', '_')}"),
        periods=say.count(adds.n_rows, "period"),
        gain_min=shown("gain_min", adds.gain_min),
        derived=say("derived", rule=say("s4.media.rule")),
    )
    if adds.reason:
        verdict += " " + say("s4.media.reason", reason=run.told(adds.reason, path, "media_adds.reason"))
    if alone is not None and adds.rows != "holdout":
        verdict += " " + say("s4.media.holdout_alone")
    if run.report.oos_validation_passed and adds.verdict != "yes":
        verdict += " " + say("s4.media.pass_is_no_evidence")
    return verdict + " " + run.cite(path) + "\n\n" + table(header, rows)


def _holder(iteration: Iteration) -> OosValidation | FoldEvidence:
    return iteration.folds if iteration.validation.media_adds is None else iteration.validation


def _media_row(run: RunRecord, key: str, adds: MediaAdds, name: str) -> list[str]:
    ends = (adds.crps_gain, adds.lower_80, adds.upper_80)
    cells = [run.say("not_computed_bare") if value is None else signed("crps_gain", value) for value in ends]
    return [name, run.say(f"media.word.{adds.verdict}"), *cells, code(key)]


# --- doubt -----------------------------------------------------------------------------------------------------------


def intervals(run: RunRecord) -> str:
    """Return the intervals of the held-out R² and MAPE, and how often the 80 % band holds."""
    say, validation, path = run.say, run.selected.validation, run.selected.paths.validation
    found = []
    for key, ends in (("oos_r2", validation.oos_r2_interval), ("oos_mape", validation.oos_mape_interval)):
        if ends is None:
            continue
        low, high = (f"{shown(key, end)} {run.cite(path, f'{key}_interval[{i}]')}" for i, end in enumerate(ends))
        found.append(say("s4.interval", label=run.label(key), low=low, high=high))
    told = say("s4.intervals", intervals="; ".join(found)) if found else say("s4.intervals.none")
    if validation.coverage_80 is None:
        return told
    share = shown("coverage_80", validation.coverage_80)
    return told + " " + say("s4.calibration", share=share, source=run.cite(path, "coverage_80"))


def fold_gap(run: RunRecord) -> str:
    """Return how far the holdout is from what the folds promised."""
    say, iteration = run.say, run.selected
    pooled, validation = iteration.folds.pooled, iteration.validation
    if pooled is None or pooled.r2 is None or validation.oos_r2 is None:
        return say("s4.gap.none", n=iteration.number, paragraph=FOLDS_PARAGRAPH)
    gap = validation.oos_r2 - pooled.r2
    phrase = "s4.gap.below" if gap < 0 else "s4.gap.above"
    return say(
        phrase,
        holdout=shown("oos_r2", validation.oos_r2),
        holdout_source=run.cite(iteration.paths.validation, "oos_r2"),
        folds=shown("fold_r2", pooled.r2),
        folds_source=run.cite(iteration.paths.folds, "pooled.r2"),
        gap=shown("oos_r2", abs(gap)),
        derived=say("derived", rule=say("s4.gap.rule")),
    )


def last_opening(iterations: Sequence[Iteration]) -> Iteration | None:
    """Return the iteration whose opening of the holdout was the last; None if there was none."""
    opened = [i for i in iterations if i.validation.evaluated]
    return max(opened, key=lambda i: (i.validation.holdout_looks, i.number), default=None)


def doubt(run: RunRecord) -> str:
    """Return how often the holdout was opened and how probable a pass by chance is."""
    say, looks, last = run.say, run.report.holdout_looks, last_opening(run.iterations)
    told = say("s4.looks", looks=say.count(looks, "look"), source=run.cite(run.files.report, "holdout_looks"))
    chance = None if last is None else last.validation.chance_pass_probability
    if last is None or chance is None:
        return told + (" " + say("s4.looks.unadjusted") if looks > 1 else "")
    path, doubtful = last.paths.validation, last.validation.doubtful_r2
    later = " " + say("s4.chance.later") if looks > last.validation.holdout_looks else ""
    words = {
        "chance": shown("chance_pass_probability", chance),
        "looks": say.count(last.validation.holdout_looks, "look"),
        "source": run.cite(path, "chance_pass_probability"),
    }
    if doubtful is None:
        return told + " " + say("s4.chance.bare", **words) + later
    supposed = {"doubtful": shown("doubtful_r2", doubtful), "doubtful_source": run.cite(path, "doubtful_r2")}
    return told + " " + say("s4.chance", **supposed, **words) + later
