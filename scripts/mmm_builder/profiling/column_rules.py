"""What one column is, by its name and by its values in the training rows: a table of rules, the first that fits."""

from collections.abc import Callable

from ..data_profile import ControlKind
from ..percentages import percent
from ..reading.naming import first_said, only_of, said, says, target_score, vocabulary
from .facts import FEW_VALUES, Facts, Reading, Rule, number_facts, says_nothing, text_facts
from .media_rules import (
    bare_abbreviation,
    bare_media,
    exposure,
    media,
    other_paid,
    owned,
    paid_event,
    share_of_spend,
    spend,
)
from .name_clues import channel_type_of, control_kind_of, names_media, of_controls

__all__ = ["Facts", "Reading", "channel_type_of", "number_facts", "read_column", "says_nothing", "text_facts"]

ATTRIBUTED, QUALIFIED = 0.3, 0.5
"""Of a KPI's score, what is left if the name also says a channel, or an occasion."""


def read_column(facts: Facts) -> Reading:
    """Return what the column is taken for."""
    for rule in RULES:
        reading = rule(facts)
        if reading is not None:
            return reading
    return Reading("unknown", "the name tells nothing", 0.4)


def _ignored(group: str, reason: str, confidence: float, unless: Callable[[str], object] = lambda _: None) -> Rule:
    """Return the rule that ignores columns whose name holds a word of the group, unless another test is true."""

    def rule(facts: Facts) -> Reading | None:
        word = says(group, facts.name)
        if not word or unless(facts.name):
            return None
        return Reading("ignored", f"{reason} (name: {word!r})", confidence)

    return rule


def _media_or_macro(name: str) -> object:
    return names_media(name) or says("controls.macro", name)


def _identifier_of_media(facts: Facts) -> Reading | None:
    """The label of a campaign or an advertisement; of a medium or with a measure it may be no label."""
    word, name = says("label", facts.name), facts.name
    if not word or channel_type_of(name)[1] or says("measures", name) or says("outcomes", name):
        return None
    return Reading("ignored", f"an identifier or a label (name: {word!r})", 0.85)


def _calendar(facts: Facts) -> Reading | None:
    if not only_of("calendar", facts.name) or facts.is_mark or not facts.whole:
        return None
    return Reading("ignored", "calendar or counter; the model has its own trend and season", 0.95)


def _constant(facts: Facts) -> Reading | None:
    blank_is_zero = facts.minimum == 1.0 or says("measures.spend", facts.name)
    if not facts.constant or (facts.distinct == 1 and facts.quiet_share > 0 and blank_is_zero and not facts.is_text):
        return None
    empty = facts.distinct == 0 and facts.quiet_share == 1.0
    return Reading("ignored", "no values in the training periods" if empty else "constant in the training periods", 1.0)


def _text(facts: Facts) -> Reading | None:
    if not facts.is_text:
        return None
    kind = control_kind_of(facts.name)
    if kind in ("event", "promotion") or (facts.quiet_share >= 0.5 and facts.distinct <= FEW_VALUES):
        sure = 0.85 if kind != "other" else 0.5
        return Reading("control", f"text, quiet in {percent(facts.quiet_share)} of the rows", sure, kind=kind)
    return Reading("ignored", "text, neither a number nor an event", 0.9)


def _competitor(facts: Facts) -> Reading | None:
    word = says("competitor", facts.name)
    return Reading("control", f"name: {word!r} says competitor", 0.95, kind="competitor") if word else None


def _per(facts: Facts) -> Reading | None:
    """`per` makes a ratio of two outcomes or measures; in some languages it only means `for`."""
    word, name = says("per", facts.name), facts.name
    if not word or of_controls("price", "macro", "weather", "promotion", "distribution")(name):
        return None
    two = sum(
        bool(said(group, name)) for group in ("outcomes", "measures.clicks", "measures.impressions", "measures.spend")
    )
    if two >= 2 or not names_media(name):
        return Reading("ignored", f"a ratio of other columns (name: {word!r})", 0.85)
    return None


def _control_mark(facts: Facts) -> Reading | None:
    word = says("control_mark", facts.name)
    if not word or says("measures.spend", facts.name):
        return None
    kind = control_kind_of(facts.name)
    kind = "promotion" if kind == "other" and says("outcomes", facts.name) else kind
    return Reading("control", f"name: {word!r} says control or mark", 0.85, kind=kind)


def _running_cost(facts: Facts) -> Reading | None:
    word, name = says("running_cost", facts.name), facts.name
    if not word or channel_type_of(name)[1] or says("media", name) or says("controls", name):
        return None
    if says("outcomes", name) and not says("measures.spend", name):
        return None
    return Reading("ignored", f"a cost of doing business, no media (name: {word!r})", 0.85)


def _organic(facts: Facts) -> Reading | None:
    word = says("organic", facts.name)
    if not word:
        return None
    if says("outcomes", facts.name) and not says("mediator", facts.name):
        return Reading("ignored", f"an outcome of one source alone (name: {word!r})", 0.8)
    return Reading("control", f"name: {word!r} says organic or owned media", 0.85, kind="organic")


def _control(*kinds: ControlKind) -> Rule:
    """Return the rule for controls of these kinds (all, if none is given)."""

    def rule(facts: Facts) -> Reading | None:
        found = first_said("controls", facts.name)
        if found and found[0] == "price" and says("controls.macro", facts.name):
            found = "macro", says("controls.macro", facts.name)
        if found and found[0] == "distribution" and channel_type_of(facts.name)[0] == "direct_mail":
            return None
        if found and (not kinds or found[0] in kinds):
            return Reading("control", f"name: {found[1]!r} says {found[0]}", 0.9, kind=found[0])
        return None

    return rule


def _target(facts: Facts) -> Reading | None:
    """A KPI; of a channel or an occasion it is a poor one, and a mark of periods is none."""
    found, name = target_score(facts.name), facts.name
    position = next((i for i, _ in enumerate(vocabulary()["outcomes"]) if says(f"outcomes.{i}", name)), None)
    if not found or vocabulary()["outcomes"][position]["otherwise"] != "outcome":
        return None
    if facts.is_mark:
        return Reading("control", f"name: {found[1]!r}, but a mark of periods", 0.6, kind="promotion")
    score, told = found[0], f"name: {found[1]!r} says KPI"
    typed = first_said("channel_types", name)
    if typed:
        return Reading("target", f"{told}, {typed[1]!r} that it is one channel's", score * ATTRIBUTED)
    occasion = first_said("controls", name)
    if occasion:
        return Reading("target", f"{told}, {occasion[1]!r} that it is a part", score * QUALIFIED)
    return Reading("target", told, score)


def _driver_of_trade(facts: Facts) -> Reading | None:
    """Outcomes that drive sales where there is a better KPI (prescriptions)."""
    ranks = [rank for i, rank in enumerate(vocabulary()["outcomes"]) if says(f"outcomes.{i}", facts.name)]
    if not ranks or ranks[0]["otherwise"] != "control":
        return None
    return Reading("control", f"name: {says('outcomes', facts.name)!r} says a driver of sales", 0.55)


def _season_mark(facts: Facts) -> Reading | None:
    if not facts.is_mark or not said("calendar", facts.name):
        return None
    return Reading("control", "a mark of one part of the year", 0.7)


def _counter(facts: Facts) -> Reading | None:
    return Reading("ignored", "counter: rises by the same step in every row", 0.9) if facts.counter else None


RULES: tuple[Rule, ...] = (
    _calendar,
    _constant,
    _text,
    _competitor,
    _ignored("derived", "made from a model or from another column, would leak the answer", 0.9, of_controls("macro")),
    _ignored("plan", "a plan, no observation", 0.8, unless=names_media),
    _ignored(
        "ratio", "a ratio of other columns", 0.9, of_controls("price", "macro", "weather", "promotion", "distribution")
    ),
    _per,
    _control_mark,
    _ignored("weight", "size of the unit, not a driver", 0.9, unless=_media_or_macro),
    _running_cost,
    share_of_spend,
    spend,
    _ignored("other_outcome", "an effect of the sales or of media, no driver", 0.85),
    _organic,
    owned,
    _ignored(
        "mediator",
        "an effect of media on the way to the KPI; as a control it would hide theirs",
        0.85,
        of_controls("promotion"),
    ),
    exposure,
    _identifier_of_media,
    media,
    paid_event,
    other_paid,
    _control("price", "promotion"),
    _target,
    _control(),
    _driver_of_trade,
    _ignored("meaningless", "says itself that it means nothing", 0.8),
    _ignored("identifier", "an identifier or a label", 0.85, unless=names_media),
    _season_mark,
    _counter,
    bare_media,
    bare_abbreviation,
)
"""In order: explicit measures before outcomes (`sales_spend` is a channel), outcomes before bare channel names."""
