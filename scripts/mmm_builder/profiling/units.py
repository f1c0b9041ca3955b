"""Figures that look as if they were in another unit: thousands for units, cents for euros, shares for money."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..reading.naming import target_score
from ..reading.text import some
from .limits import (
    HUNDRED,
    HUNDRED_GAP,
    KPI_OVER_SPEND_MAX,
    SPEND_OVER_KPI_MAX,
    THOUSAND,
    THOUSAND_GAP,
)
from .training import Training, columns_of, on_dates, shown

PIECE_MIN = 3
"""Fewest periods in a row that can be told as a change of unit."""
COUNT_SCORE = 0.9
"""Names that score lower as a KPI are those of counts (orders, leads), which spend may well exceed."""


class TwoScales(NamedTuple):
    """A series whose values fall into two scales with nothing in between."""

    factor: float
    usual: float
    odd: pd.Series
    """The values on the rarer scale, by date."""
    in_one_piece: bool
    """Whether the rarer scale is a single stretch of time at the beginning or the end."""


def units_suspicion(rows: Training) -> list[ProfileWarning]:
    """Return warnings about figures that seem to be in another unit than the others."""
    return [
        *(w for name in (rows.target, *rows.media) for w in _within(rows, name)),
        *_among_channels(rows),
        *(_as_shares(rows) or _against_kpi(rows)),
    ]


def two_scales(series: pd.Series) -> TwoScales | None:
    """Return the two scales of a series (by date), if it has two, about 1000 or 100 apart; zeros are left out.

    About 100 counts only in one piece: media may well be a hundred times larger in a campaign than beside it. Figures
    that stand singly count only among others, since a campaign may well fade out in small amounts.
    """
    positive = series[series > 0]
    if len(positive) < 4 or series.min() < 0:
        return None
    order = np.sort(positive.to_numpy())
    steps = order[1:] / order[:-1]
    at = int(np.argmax(steps))
    high = positive > order[at]
    factor = float(positive[high].median() / positive[~high].median())
    odd = positive[high] if high.sum() <= (~high).sum() else positive[~high]
    in_one_piece = int((high.to_numpy()[1:] != high.to_numpy()[:-1]).sum()) == 1 and len(odd) >= PIECE_MIN
    found = TwoScales(factor, float(positive.drop(odd.index).median()), odd, in_one_piece)
    amid = (series.shift(1, fill_value=1.0) > 0) & (series.shift(-1, fill_value=1.0) > 0)
    by_thousand = steps[at] >= THOUSAND_GAP and THOUSAND[0] <= factor <= THOUSAND[1]
    by_hundred = steps[at] >= HUNDRED_GAP and HUNDRED[0] <= factor <= HUNDRED[1]
    if in_one_piece:
        return found if by_thousand or by_hundred else None
    return found if by_thousand and amid[odd.index].mean() > 0.5 else None


def _within(rows: Training, name: str) -> list[ProfileWarning]:
    """Return a warning if a series has two scales."""
    found = two_scales(rows.total[name].dropna())
    if found is None:
        return []
    odd, usual = found.odd, shown(found.usual)
    times = 1000 if found.factor > HUNDRED[1] else 100
    sense = "large" if odd.median() > found.usual else "small"
    if found.in_one_piece:
        told = (
            f"{name!r} is about {times} times too {sense} from {odd.index[0]:%Y-%m-%d} to {odd.index[-1]:%Y-%m-%d} "
            f"(typically {shown(odd.median())}, otherwise {usual}), as if its unit had changed"
        )
    else:
        told = (
            f"figures of {name!r} look about {times} times too {sense} beside the others (typically {usual}): "
            f"{on_dates(odd.index)}"
        )
    return [warn("units_suspicion", told, "bring all figures to one unit and one way of writing decimals")]


def _among_channels(rows: Training) -> list[ProfileWarning]:
    """Return a warning with the channels whose typical spend is about 1000 times off all others'."""
    spend = [name for name in _spend(rows) if name not in _scaled(rows)]
    typical = {n: float(rows.total.loc[rows.total[n] > 0, n].median()) for n in spend if (rows.total[n] > 0).any()}
    odd = []
    for name, value in typical.items():
        ratios = [max(value / other, other / value) for n, other in typical.items() if n != name]
        if len(ratios) >= 2 and min(ratios) >= THOUSAND[0] ** 0.75 and np.median(ratios) >= THOUSAND[0]:
            odd.append(name)
    if not odd or len(odd) > len(typical) / 2:
        return []
    shown_ones = some([f"{n!r} (typically {shown(typical[n])})" for n in odd])
    rest = float(np.median([value for n, value in typical.items() if n not in odd]))
    told = f"spend about a thousand times off that of the other channels (typically {shown(rest)}): {shown_ones}"
    return [warn("units_suspicion", told, "check whether some are in thousands; give all spend in one unit")]


def _as_shares(rows: Training) -> list[ProfileWarning]:
    """Return a warning with the spend that runs between 0 and 1."""
    scaled = _scaled(rows)
    if not scaled:
        return []
    told = f"spend between 0 and 1, which looks scaled rather than money: {columns_of(scaled)}"
    cure = "give the amounts in currency; until then returns on spend and shares of spend mean nothing"
    return [warn("units_suspicion", told, cure)]


def _against_kpi(rows: Training) -> list[ProfileWarning]:
    """Return a warning if all spend together is out of proportion to the KPI; a KPI of counts may be smaller."""
    spend = float(rows.total[_spend(rows)].sum().sum())
    kpi = float(rows.kpi.sum())
    if not spend > 0 or not kpi > 0 or not np.isfinite([spend / kpi, kpi / spend]).all():
        return []
    score = target_score(rows.target)
    counts = score is not None and score[0] < COUNT_SCORE
    if spend > SPEND_OVER_KPI_MAX * kpi and not counts:
        told = f"the spend adds up to {shown(spend / kpi)} times the KPI {rows.target!r}"
    elif kpi > KPI_OVER_SPEND_MAX * spend:
        told = f"the KPI {rows.target!r} adds up to {shown(kpi / spend)} times the spend"
    else:
        return []
    return [warn("units_suspicion", told + "; if both are money, their units differ", "give both in one unit")]


def _spend(rows: Training) -> list[str]:
    """Return the channels in money."""
    return [c.column for c in rows.channels if c.measure == "spend"]


def _scaled(rows: Training) -> list[str]:
    """Return the channels in money that run between 0 and 1."""
    return [name for name in _spend(rows) if rows.total[name].max() <= 1.0 and rows.total[name].nunique() > 2]
