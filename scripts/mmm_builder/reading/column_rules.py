"""What one column is, by its name and by its values in the training rows: a table of rules, the first that fits."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..spec import ChannelType
from ..verdicts import ControlKind, Measure
from .naming import first_said, only_of, says, target_score, vocabulary
from .numerals import is_nothing

FEW_VALUES = 8
"""A column with up to this many distinct values may be a dummy or a scaled one."""


class Facts(NamedTuple):
    """What a column holds in the training rows."""

    name: str
    is_text: bool
    constant: bool
    counter: bool
    distinct: int
    minimum: float
    zero_share: float
    quiet_share: float


class Reading(NamedTuple):
    """What a column was taken for, and why; `confidence` in [0, 1]."""

    role: Literal["target", "channel", "control", "ignored", "unknown"]
    evidence: str
    confidence: float = 1.0
    measure: Measure = "spend"
    channel_type: ChannelType = "other"
    kind: ControlKind = "other"
    bare: bool = False


def number_facts(name: str, values: pd.Series, first_unit: np.ndarray) -> Facts:
    """Return the facts of a numeric column.

    values : (row,) in date order, NaN for nothing. first_unit : (row,) bool, the rows of one unit.
    """
    filled = values.dropna()
    steps = np.diff(values[first_unit].dropna().to_numpy())
    scale = np.abs(steps).max(initial=0.0)
    return Facts(
        name=name,
        is_text=False,
        constant=filled.nunique() < 2,
        counter=bool(len(steps) > 2 and scale > 0 and np.ptp(steps) <= 1e-9 * scale),
        distinct=filled.nunique(),
        minimum=float(filled.min()) if len(filled) else 0.0,
        zero_share=float((filled == 0).mean()) if len(filled) else 0.0,
        quiet_share=float(values.isna().mean()),
    )


def text_facts(name: str, cells: pd.Series) -> Facts:
    """Return the facts of a column of text; quiet are the cells that say that nothing took place."""
    quiet = cells.map(says_nothing)
    active = cells[~quiet].str.casefold()
    return Facts(
        name=name,
        is_text=True,
        constant=bool(quiet.all() or (not quiet.any() and active.nunique() < 2)),
        counter=False,
        distinct=active.nunique(),
        minimum=0.0,
        zero_share=float(quiet.mean()),
        quiet_share=float(quiet.mean()),
    )


def says_nothing(cell: str) -> bool:
    """Whether a cell of an event column says that nothing took place."""
    return is_nothing(cell) or cell.casefold() in vocabulary()["nothing"]


def read_column(facts: Facts) -> Reading:
    """Return what the column is taken for."""
    for rule in RULES:
        reading = rule(facts)
        if reading is not None:
            return reading
    return Reading("unknown", "the name tells nothing", 0.4)


def channel_type_of(name: str) -> tuple[ChannelType, str | None]:
    """Return the channel type that the name tells, with the word; `other` and None if it tells none."""
    found = first_said("channel_types", name) or first_said("abbreviations", name)
    return found or ("other", None)


def control_kind_of(name: str) -> ControlKind:
    """Return the kind of control that the name tells, else `other`."""
    if says("competitor", name):
        return "competitor"
    found = first_said("controls", name)
    return found[0] if found else "organic" if says("organic", name) else "other"


def as_channel(name: str, word: str, measure: Measure, confidence: float, bare: bool = False) -> Reading:
    """Return the reading of a media column, surer if the name also tells the type of channel."""
    channel_type, type_word = channel_type_of(name)
    told = f"name: {word!r} says {'media' if bare else measure}"
    if type_word:
        told += f", {type_word!r} says {channel_type}"
    sure = confidence + 0.1 if type_word and not bare else confidence
    return Reading("channel", told, sure, measure, channel_type, bare=bare)


def _ignored_by_word(group: str, reason: str) -> Callable[[Facts], Reading | None]:
    """Return the rule that ignores columns whose name holds a word of the group."""

    def rule(facts: Facts) -> Reading | None:
        word = says(group, facts.name)
        return Reading("ignored", f"{reason} (name: {word!r})") if word else None

    return rule


def _calendar(facts: Facts) -> Reading | None:
    if only_of("calendar", facts.name):
        return Reading("ignored", "calendar or counter; the model has its own trend and season")
    return None


def _constant(facts: Facts) -> Reading | None:
    blank_is_zero = facts.minimum == 1.0 or says("measures.spend", facts.name)
    if not facts.constant or (facts.distinct == 1 and facts.quiet_share > 0 and blank_is_zero and not facts.is_text):
        return None
    empty = facts.distinct == 0 and facts.quiet_share == 1.0
    return Reading("ignored", "no values in the training periods" if empty else "constant in the training periods")


def _text(facts: Facts) -> Reading | None:
    if not facts.is_text:
        return None
    kind = control_kind_of(facts.name)
    if kind in ("event", "promotion") or (facts.quiet_share >= 0.5 and facts.distinct <= FEW_VALUES):
        return Reading("control", f"text, quiet in {facts.quiet_share:.0%} of the rows", kind=kind)
    return Reading("ignored", "text, neither a number nor an event")


def _competitor(facts: Facts) -> Reading | None:
    word = says("competitor", facts.name)
    return Reading("control", f"name: {word!r} says competitor", kind="competitor") if word else None


def _control_mark(facts: Facts) -> Reading | None:
    word = says("control_mark", facts.name)
    return Reading("control", f"name: {word!r} says control", kind=control_kind_of(facts.name)) if word else None


def _spend(facts: Facts) -> Reading | None:
    word = says("measures.spend", facts.name)
    return as_channel(facts.name, word, "spend", 0.85) if word else None


def _organic(facts: Facts) -> Reading | None:
    word = says("organic", facts.name)
    return Reading("control", f"name: {word!r} says organic or owned media", kind="organic") if word else None


def _exposure(facts: Facts) -> Reading | None:
    for measure in ("clicks", "impressions", "grp"):
        word = says(f"measures.{measure}", facts.name)
        if word and channel_type_of(facts.name)[0] == "email":
            return Reading("control", f"name: {word!r} of e-mail or messages: owned media", kind="organic")
        if word:
            return as_channel(facts.name, word, measure, 0.8)
    return None


def _media(facts: Facts) -> Reading | None:
    word = says("media", facts.name)
    return as_channel(facts.name, word, "spend", 0.75, bare=True) if word else None


def _paid_event(facts: Facts) -> Reading | None:
    word = says("paid_or_event", facts.name)
    if word and facts.distinct > FEW_VALUES and facts.minimum >= 0:
        return Reading("channel", f"name: {word!r}, and an amount rather than a mark of dates", 0.45, bare=True)
    return None


def _other_paid(facts: Facts) -> Reading | None:
    word = says("channel_types.other", facts.name)
    return as_channel(facts.name, word, "spend", 0.65, bare=True) if word else None


def _control(*kinds: ControlKind) -> Callable[[Facts], Reading | None]:
    """Return the rule for controls of these kinds (all, if none is given)."""

    def rule(facts: Facts) -> Reading | None:
        found = first_said("controls", facts.name)
        if found and (not kinds or found[0] in kinds):
            return Reading("control", f"name: {found[1]!r} says {found[0]}", kind=found[0])
        return None

    return rule


def _target(facts: Facts) -> Reading | None:
    found = target_score(facts.name)
    return Reading("target", f"name: {found[1]!r} says KPI", found[0]) if found else None


def _counter(facts: Facts) -> Reading | None:
    return Reading("ignored", "counter: rises by the same step in every row") if facts.counter else None


def _bare_media(facts: Facts) -> Reading | None:
    found = first_said("channel_types", facts.name)
    return as_channel(facts.name, found[1], "spend", 0.7, bare=True) if found and facts.minimum >= 0 else None


RULES: tuple[Callable[[Facts], Reading | None], ...] = (
    _ignored_by_word("derived", "made from a model or from the target, would leak the answer"),
    _ignored_by_word("ratio", "a ratio of other columns"),
    _calendar,
    _constant,
    _text,
    _competitor,
    _control_mark,
    _ignored_by_word("weight", "size of the unit, not a driver"),
    _spend,
    _organic,
    _exposure,
    _ignored_by_word("mediator", "an effect of media on the way to the KPI; as a control it would hide theirs"),
    _media,
    _paid_event,
    _other_paid,
    _control("price", "promotion"),
    _target,
    _control(),
    _counter,
    _bare_media,
)
"""In order: explicit measures before outcomes (`sales_spend` is a channel), outcomes before bare channel names."""
