"""What is paid and owned media, by a column's name and by its values in the training rows: rules of `column_rules`."""

from ..data_profile import Measure
from ..reading.naming import first_said, fold, read_name, said, says
from .facts import Facts, Reading
from .name_clues import channel_type_of, names_media, of_controls

OWNED_TYPES = ("email",)
"""Types of channel that cost nothing per contact, unless the name says money."""
WHOLE = 100.0
"""The whole, in per cent."""
MEAN_VALUES = of_controls("weather", "macro", "price", "distribution")
"""Controls in whose names `media` is the mean (Spanish `temperatura media`)."""


def as_channel(name: str, word: str, measure: Measure, confidence: float, bare: bool = False) -> Reading:
    """Return the reading of a media column."""
    channel_type, type_word = channel_type_of(name)
    told = f"name: {word!r} says {'media' if bare else measure}"
    if type_word and type_word != word:
        told += f", {type_word!r} says {channel_type}"
    return Reading("channel", told, confidence, measure, channel_type, bare=bare)


def _is_letter(word: str, name: str) -> bool:
    """Whether a measure is a letter at the end of a name that says no media (`Series I`): then it means nothing."""
    return len(word) == 1 and not names_media(name)


def share_of_spend(facts: Facts) -> Reading | None:
    """How the money was divided, not how much it was."""
    word = says("percent", facts.name)
    if not word or not says("measures.spend", facts.name) or facts.maximum > WHOLE:
        return None
    return Reading("ignored", f"a share of spend (name: {word!r})", 0.8)


def spend(facts: Facts) -> Reading | None:
    """Money is spent on media, unless the name says what else it is spent on."""
    word, name = says("measures.spend", facts.name), facts.name
    if not word or _is_letter(word, name):
        return None
    if channel_type_of(name)[1]:
        return as_channel(name, word, "spend", 0.95)
    if says("discounts", name):
        return Reading("control", f"name: {word!r} of prices cut, no media", 0.75, kind="promotion")
    sure, of_media = says("sure_spend", name), names_media(name)
    unexplained = [w for w in read_name(name) if not w.senses and not w.text.isdecimal()]
    confidence = 0.9 if of_media or (sure and not unexplained) else 0.8 if sure else 0.6
    return (None if of_media or sure else _no_media(name)) or as_channel(name, word, "spend", confidence)


def _no_media(name: str) -> Reading | None:
    """Return what costs are that are of no medium; None if the name doesn't tell."""
    kind = next((k for k in ("price", "macro", "weather", "distribution") if says(f"controls.{k}", name)), None)
    if kind:
        return Reading("control", f"name: {says(f'controls.{kind}', name)!r} says {kind}", 0.7, kind=kind)
    if says("other_outcome", name):
        return Reading("ignored", f"an effect of the sales, no media (name: {fold(name)!r})", 0.7)
    if not says("outcomes", name):
        return None
    what = "a plan" if says("budget", name) else "a cost that follows the KPI"
    return Reading("ignored", f"{what}, no media (name: {fold(name)!r})", 0.6)


def owned(facts: Facts) -> Reading | None:
    """Messages of one's own, sent or opened."""
    word = says("owned_acts", facts.name)
    if not word and not says("outcomes", facts.name):
        word = says("counts", facts.name)
    if word and channel_type_of(facts.name)[0] in OWNED_TYPES:
        return Reading("control", f"name: {word!r} of own messages: owned media", 0.85, kind="organic")
    return None


def exposure(facts: Facts) -> Reading | None:
    """Rating points, impressions or clicks of media; of one's own messages they cost nothing."""
    for measure in ("grp", "impressions", "clicks"):
        word = says(f"measures.{measure}", facts.name)
        if not word or _is_letter(word, facts.name):
            continue
        if measure != "grp" and channel_type_of(facts.name)[0] in OWNED_TYPES and not says("media", facts.name):
            return Reading("control", f"name: {word!r} of e-mail or messages: owned media", 0.75, kind="organic")
        typed, told = channel_type_of(facts.name)[1], names_media(facts.name) or measure == "grp"
        if not told and says("controls", facts.name):
            return None
        return as_channel(facts.name, word, measure, 0.9 if typed else 0.8 if told else 0.6)
    return None


def media(facts: Facts) -> Reading | None:
    """Media without a measure: spend, if nothing says otherwise."""
    name = facts.name
    money = (says("currency", name) or says("typed_spend", name)) if first_said("channel_types", name) else None
    word = money or says("media", name)
    if not word or facts.minimum < 0 or says("outcomes", name) or _means_mean(name):
        return None
    if facts.is_mark:
        return Reading("control", f"name: {word!r} says media, but a mark of periods", 0.5, kind="promotion")
    return as_channel(name, word, "spend", 0.85 if money else 0.75, bare=not money)


def _means_mean(name: str) -> bool:
    """Whether `media` is a control's mean; leaflets are distributed, and that is no control."""
    by_hand = channel_type_of(name)[0] == "direct_mail" and says("controls.distribution", name)
    return bool(MEAN_VALUES(name)) and not by_hand


def paid_event(facts: Facts) -> Reading | None:
    """Events and campaigns: amounts are paid, marks and counts are events."""
    word, name = says("paid_or_event", facts.name), facts.name
    if (
        not word
        or says("outcomes", name)
        or says("identifier", name)
        or (says("controls", name) and not says("controls.event", name))
    ):
        return None
    if not facts.is_amount:
        kind = first_said("controls", name)
        return Reading("control", f"name: {word!r}, and no amounts", 0.75, kind=kind[0] if kind else "event")
    channel_type, typed = channel_type_of(name)
    told = f"name: {word!r}, and an amount rather than a mark of periods"
    return Reading("channel", told, 0.6 if typed else 0.45, "spend", channel_type, bare=True)


def other_paid(facts: Facts) -> Reading | None:
    """Paid activities that are no media in the narrow sense (a sales force), before their words say something else."""
    word = says("channel_types.other", facts.name)
    if not word or facts.minimum < 0 or facts.is_mark or says("outcomes", facts.name):
        return None
    return as_channel(facts.name, word, "spend", 0.65, bare=True)


def bare_media(facts: Facts) -> Reading | None:
    """The name of a medium alone."""
    found = first_said("channel_types", facts.name)
    word = found[1] if found else says("channel_word", facts.name)
    if not word or facts.minimum < 0:
        return None
    if facts.is_mark:
        return Reading("control", f"name: {word!r} says media, but a mark of periods", 0.5, kind="promotion")
    if any(("channel_types.email", "push") in each.senses for each in read_name(facts.name)):
        return Reading("control", f"name: {word!r} says messages that cost nothing: owned media", 0.6, kind="organic")
    return as_channel(facts.name, word, "spend", 0.75 if found else 0.55, bare=True)


def bare_abbreviation(facts: Facts) -> Reading | None:
    """A name that is nothing but an abbreviation or a wide word of media (`Digital`)."""
    words = [w for w in read_name(facts.name) if not w.text.isdecimal()]
    short = said("abbreviations", facts.name)
    if not short or len(short) < len(words) or len(short[0].text) == 1 or not facts.is_amount:
        return None
    return as_channel(facts.name, short[0].text, "spend", 0.55 if len(short[0].text) > 2 else 0.45, bare=True)
