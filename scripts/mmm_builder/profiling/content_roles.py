"""What columns are whose names tell nothing, or not all: by their values in training and by what stands beside."""

import re

import numpy as np
import pandas as pd

from ..data_profile import TargetCandidate
from ..percentages import percent
from ..reading.naming import fold, read_name, said, says, vocabulary
from ..reading.number_cells import factor_in_name
from .facts import FEW_VALUES, Facts, Reading
from .name_clues import control_kind_of
from .redundant import correlations

NOT_MONEY_FACTOR = 3.0
"""A bare media column that sums up to more than this many times a KPI in money is taken for impressions."""
NOT_MONEY_PER_UNIT = 2000.0
"""The same beside a KPI that counts: nobody spends so much per unit."""
SHOWN_IN_SHOPS = ("display", "direct_mail")
"""Types of channel whose names shops also give to what stands on their shelves and in their leaflets."""
PAUSES = (0.03, 0.97)
"""Share of periods without anything of a medium that is on and off."""
ALIKE = 50.0
"""How many times larger or smaller than the channels a column without a name may be, to be taken for one."""
VARIED, LIVELY = 0.25, 0.4
"""Standard deviation over the mean of media: in a family of names, and of names that have nothing in common."""
HUB_MIN, HUB_MARGIN = 0.2, 1.5
"""Least sum of squared correlations with the other columns of a KPI found by content, and times that of the next."""
CODES = {"c": "clicks", "g": "grp"}
"""Letters that say a measure at the end of names, in files where others end in S for spend or I for impressions."""


def read_codes(readings: dict[str, Reading], facts: dict[str, Facts]) -> dict[str, Reading]:
    """Return the readings with letters at the end of names read as measures, where the file writes them so."""
    coded = any(_last(n) in ("s", "i") and said("measures", n) for n in readings)
    changed = dict(readings)
    for name, reading in readings.items():
        measure = CODES.get(_last(name))
        if coded and measure and reading.role == "channel" and reading.bare:
            told = f"{reading.evidence}; ends in {_last(name)!r} as others end in S and I: {measure}"
            changed[name] = reading._replace(measure=measure, bare=False, evidence=told, confidence=0.75)
    return changed


def _last(name: str) -> str:
    words = fold(name).split()
    return words[-1] if len(words) > 1 else ""


def drop_transformed(readings: dict[str, Reading]) -> dict[str, Reading]:
    """Return the readings without columns that stand beside in their plain form (`tv`, `log_tv`)."""
    plain = {frozenset(w.text for w in read_name(n)): n for n in readings}
    changed = dict(readings)
    for name in readings:
        formed = {w.text for w in said("transformed", name)}
        other = plain.get(frozenset(w.text for w in read_name(name)) - formed) if formed else None
        if other:
            changed[name] = Reading("ignored", f"{other!r} in another form (name: {min(formed)!r})", 0.85)
    return changed


def settle_bare(readings: dict[str, Reading], facts: dict[str, Facts], target: str) -> dict[str, Reading]:
    """Return the readings with bare media names (`tv`) settled by what stands beside them.

    A bare e-mail column beside columns that name their measure is owned media. A bare column that never exceeds 1 is a
    share of shops, if the media do, or if all there is may be shown in shops (`Display`, `Ad`). A bare column too large
    to be money, beside the KPI, is taken for impressions, and so are those beside it that exceed the KPI.
    """
    channels = {n: r for n, r in readings.items() if r.role == "channel"}
    measured = any(not r.bare for r in channels.values())
    bare = [n for n, r in channels.items() if r.bare]
    in_shops = [n for n in bare if facts[n].maximum <= 1.0 and _shown_in_shops(n, channels[n])]
    apart = len(in_shops) < len(channels) and any(facts[n].maximum > 1.0 for n in channels)
    kpi = abs(facts[target].mean) * factor_in_name(fold(target))
    factor = NOT_MONEY_FACTOR if _in_money(target) else NOT_MONEY_PER_UNIT
    times = {n: facts[n].mean / kpi if kpi > 0 else 0.0 for n in bare}
    limit = 1.0 if any(t > factor for t in times.values()) and factor == NOT_MONEY_FACTOR else factor
    settled = dict(readings)
    for name in bare:
        reading = readings[name]
        if reading.channel_type == "email" and measured and not says("media", name):
            settled[name] = Reading("control", "e-mail without spend: owned media", 0.6, kind="organic")
        elif facts[name].maximum <= 1.0 and (apart or len(in_shops) == len(channels)):
            told = "never above 1: a share of shops or of time, not money"
            settled[name] = Reading("control", f"{reading.evidence}; {told}", 0.5, kind="promotion")
        elif times[name] * factor_in_name(fold(name)) > limit:
            told = reading.evidence + f"; adds up to {times[name]:.3g} times the KPI, so exposure, not money"
            settled[name] = reading._replace(measure="impressions", evidence=told, confidence=0.55)
    return settled


def _shown_in_shops(name: str, reading: Reading) -> bool:
    return reading.channel_type in SHOWN_IN_SHOPS or (reading.channel_type == "other" and bool(says("media", name)))


def _in_money(name: str) -> bool:
    """Whether the KPI is money, as far as its name tells."""
    ranks = [rank for i, rank in enumerate(vocabulary()["outcomes"]) if says(f"outcomes.{i}", name)]
    return all(rank["money"] for rank in ranks)


def channels_by_content(readings: dict[str, Reading], facts: dict[str, Facts]) -> dict[str, Reading]:
    """Return the anonymous columns that look like media, where no name says media.

    Of a family (x1, x2; Series A, Series B) those that vary, if any do; else whatever has pauses or varies a lot.
    All are never negative and take many values.
    """
    able = [n for n, r in readings.items() if r.role == "unknown" and facts[n].is_amount]
    lively = [n for n in able if PAUSES[0] <= facts[n].zero_share <= PAUSES[1] or _variation(facts[n]) > LIVELY]
    family = _family(able)
    varied = [n for n in family if facts[n].zero_share > 0 or _variation(facts[n]) > VARIED]
    for chosen, why in (
        (varied or family, "one of a family of names"),
        (lively, "has pauses or varies a lot"),
        ([n for n in able if _variation(facts[n]) > VARIED], "varies"),
    ):
        if chosen:
            told = f"the name tells nothing; {why} and never negative"
            return {n: Reading("channel", told, 0.35, bare=True) for n in chosen}
    return {}


def _family(names: list[str]) -> list[str]:
    """Return the names that differ from another one in their number or single letter at the end alone."""
    roots = {n: re.sub(r"(?:[ \d]+| [a-z])$", "", fold(n)) for n in names}
    roots = {n: root for n, root in roots.items() if root != fold(n)}
    return [n for n, root in roots.items() if list(roots.values()).count(root) >= 2]


def _variation(fact: Facts) -> float:
    return fact.deviation / fact.mean if fact.mean > 0 else 0.0


def settle_unknown(readings: dict[str, Reading], facts: dict[str, Facts], may_be_media: bool) -> dict[str, Reading]:
    """Return the readings with unknown names as channels, if they may be and run like channels, else as controls."""
    channels = [n for n, r in readings.items() if r.role == "channel" and may_be_media]
    bare = bool(channels) and all(readings[n].bare and readings[n].confidence > 0.4 for n in channels)
    sizes = [facts[n].mean for n in channels if facts[n].mean > 0]
    settled = dict(readings)
    for name, reading in readings.items():
        fact = facts[name]
        if reading.role != "unknown":
            continue
        paused = fact.is_amount and PAUSES[0] <= fact.zero_share <= PAUSES[1]
        if bare and paused and sizes and min(sizes) / ALIKE < fact.mean < max(sizes) * ALIKE:
            idle = percent(fact.zero_share)
            told = f"the name tells nothing; on and off like the channels, nothing in {idle} of the rows"
            settled[name] = Reading("channel", told, 0.4, bare=True)
        elif bare and fact.is_amount and says("rest", name):
            settled[name] = Reading("channel", f"name: {says('rest', name)!r} beside channels", 0.5, bare=True)
        else:
            settled[name] = _as_control(name, reading, fact)
    return settled


def _as_control(name: str, reading: Reading, fact: Facts) -> Reading:
    """Return the reading of a column that is neither KPI nor media."""
    if fact.distinct <= 2:
        return Reading("control", f"{reading.evidence}; a mark of periods", 0.6, kind=control_kind_of(name))
    looks = "takes negative values" if fact.minimum < 0 else f"runs between {fact.minimum:.3g} and {fact.maximum:.3g}"
    sure = 0.5 if fact.minimum < 0 or fact.distinct <= FEW_VALUES else 0.4
    return Reading("control", f"{reading.evidence}; {looks}", sure, kind=control_kind_of(name))


def target_by_content(
    readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame, reserved: set[str]
) -> TargetCandidate | None:
    """Return the KPI that stands out by content, where no name tells it; None if none clearly does.

    A KPI is positive in nearly all periods, varies moderately, and most of the other columns move with it.
    """
    able = [
        n
        for n, r in readings.items()
        if r.role == "unknown" and n not in reserved and facts[n].is_amount and facts[n].zero_share <= 1 - PAUSES[1]
        and 0.02 * facts[n].mean < facts[n].deviation < 2 * facts[n].mean and facts[n].distinct > len(numbers) / 4
    ]  # fmt: skip
    drivers = [n for n, r in readings.items() if r.role in ("unknown", "channel", "control") and not facts[n].is_text]
    if not able or len(drivers) < 2:
        return None
    hubs = _hubs(numbers, able, drivers)
    order = np.argsort(-hubs, kind="stable")
    best = hubs[order[0]]
    runner = hubs[order[1]] if len(order) > 1 else HUB_MIN / HUB_MARGIN
    if best < HUB_MIN or best < HUB_MARGIN * runner:
        return None
    told = "by content alone: positive, and the other columns move with it more than with any other"
    return TargetCandidate(column=able[order[0]], score=0.4, evidence=told)


def _hubs(numbers: pd.DataFrame, names: list[str], drivers: list[str]) -> np.ndarray:
    """Return how much each column shares with the others: squared correlations above chance, carry-over included."""
    carried = numbers[drivers].ewm(alpha=0.5).mean()
    squares = np.maximum(correlations(numbers, names, drivers) ** 2, correlations(
        pd.concat([numbers[names], carried.add_suffix("\0")], axis=1), names, [d + "\0" for d in drivers]
    ) ** 2)  # fmt: skip
    own = np.array([[d == n for d in drivers] for n in names])
    above_chance = np.where(squares > 4 / max(1, len(numbers)), squares, 0.0)
    return np.where(own, 0.0, above_chance).sum(axis=1)
