"""Spend and exposure of one channel: spend is modelled, exposure kept beside it for figures per contact."""

from typing import NamedTuple

import pandas as pd

from ..reading.naming import concepts, stem
from .facts import Reading
from .name_clues import channel_type_of

MEASURE_RANK = {"grp": 0, "impressions": 1, "clicks": 2}
"""Of several exposures of a channel the first is kept: contacts say more than clicks, which are an effect too."""
PAIRING_CORRELATION = 0.5


class Pairing(NamedTuple):
    """The exposure of each spend column that has one; why the other exposures are not used."""

    exposure_of: dict[str, str]
    left_out: dict[str, str]


def pair(readings: dict[str, Reading], numbers: pd.DataFrame, exposures: list[str]) -> Pairing:
    """Pair channels by what is left of their names without measures, in any order; else by type, if unmistakable.

    exposures : columns of media that aren't money and that may be put beside a spend column.
    """
    spends = [n for n, r in readings.items() if r.role == "channel" and r.measure == "spend" and n not in exposures]
    owner = {e: s for e in exposures if (s := _owner_by_name(e, spends))}
    owner |= _owners_by_type(spends, [e for e in exposures if e not in owner], owner, readings, numbers)
    exposure_of, left_out = {}, {}
    for spend in spends:
        its = _best_first([e for e in exposures if owner.get(e) == spend], readings)
        exposure_of |= {spend: its[0]} if its else {}
        left_out |= dict.fromkeys(its[:1], f"exposure of channel {spend!r}, whose spend is modelled")
        left_out |= dict.fromkeys(its[1:], f"another exposure of channel {spend!r}, whose spend is modelled")
    return Pairing(exposure_of, left_out | _second_exposures([e for e in exposures if e not in owner], readings))


def _best_first(exposures: list[str], readings: dict[str, Reading]) -> list[str]:
    return sorted(exposures, key=lambda name: MEASURE_RANK.get(readings[name].measure, 3))


def _owner_by_name(exposure: str, spends: list[str]) -> str | None:
    """Return the spend column of the same channel: of the same concepts, else of some of them or of some more.

    Of several the one whose name is written alike (`mdip_nsp`: `mdsp_nsp` rather than `mdsp_inst`).
    """
    own, words = concepts(exposure), set(stem(exposure).split())
    near = [s for s in spends if own and concepts(s) and (own <= concepts(s) or concepts(s) <= own)]
    return min(near, key=lambda s: (len(own ^ concepts(s)), len(words ^ set(stem(s).split()))), default=None)


def _owners_by_type(
    spends: list[str], exposures: list[str], owner: dict[str, str], readings: dict[str, Reading], numbers: pd.DataFrame
) -> dict[str, str]:
    """Pair the one spend and the one exposure of a type that are left, if they move together."""
    found = {}
    free = [s for s in spends if s not in owner.values()]
    for channel_type in {channel_type_of(n)[0] for n in free} - {"other"}:
        ones, twos = ([n for n in names if channel_type_of(n)[0] == channel_type] for names in (free, exposures))
        together = [e for e in twos if len(ones) == 1 and numbers[ones[0]].corr(numbers[e]) >= PAIRING_CORRELATION]
        if len(ones) == 1 and len({readings[e].measure for e in twos}) == len(twos) == len(together):
            found |= dict.fromkeys(together, ones[0])
    return found


def _second_exposures(alone: list[str], readings: dict[str, Reading]) -> dict[str, str]:
    """Return the exposures without spend beside another exposure of the same channel."""
    left_out: dict[str, str] = {}
    for i, name in enumerate(_best_first(alone, readings)):
        before = [b for b in _best_first(alone, readings)[:i] if b not in left_out and concepts(b) == concepts(name)]
        if concepts(name) and before and readings[before[0]].measure != readings[name].measure:
            left_out[name] = f"another exposure of channel {before[0]!r}, which is modelled"
    return left_out
