"""Periods that stand out of a series: single outliers, and shifts of its level. Conservative rules, robust figures.

Each rule takes one series (by date, sums over the units) and returns dates. They are for people to look at, so that
a miss costs less than a false alarm: season, trend and what recurs every year must not set them off.
"""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from .season import has_season, residual, season_terms, trend_terms, weekday_terms

OUTLIER_LIMIT = 6.0
"""Distance from the rolling median, in robust standard deviations, from which a period stands out."""
EDGE_LIMIT = 1.5
"""How many times that at both ends, where the median is of one side alone and lags behind the trend."""
OUTLIER_RANGE = 0.15
"""The same as a share of the series' own range (5th to 95th percentile): a kink in a smooth series is no outlier."""
SPREAD_MIN = 0.01
"""Smallest robust standard deviation taken for noise, as a share of the level."""
RECURS_WITHIN = pd.Timedelta(days=21)
"""Feasts move: what stands out at the same time of another year, give or take this, is season."""
RECURS_SHARE = 0.4
"""How much of the distance another year must show for that."""
OUTLIERS_MAX = 0.03
"""Largest share of periods that can stand out; more of them are how the series is (at least 3 can)."""
PEAK_FACTOR = 4.0
"""How many times the usual high (95th percentile of the other active periods) a peak of media must be."""
PEAK_GAP = 3.0
"""How many times the next highest period it must be besides: where highs run on into peaks, bursts are the habit."""
ACTIVE_MIN = 10
"""Fewest active periods from which a peak of media is told."""
FEW_VALUES = 8
"""A series with up to this many distinct values is a mark or a scale, which has no outliers and no level."""
ZEROS_MAX = 0.1
"""Largest share of zeros with which a series has a level."""
SHIFT_LIMIT = 8.0
"""Size of a shift in its standard errors, autocorrelation allowed for."""
JUMP_LIMIT = 2.0
"""Size of a shift in robust standard deviations of what is left around it."""
JUMP_SHARE = 0.7
"""Share of a shift that must take place at once: medians shortly before and after."""
SHIFT_MIN = 0.05
"""Smallest shift that is told, as a share of the level."""
SHIFTS_MAX = 3


class Level(NamedTuple):
    """A series on the scale on which its noise is even: logarithms if it is always positive, else as it is.

    unit : what a share of the level is a share of, on that scale
    """

    values: pd.Series
    unit: float


def outliers(series: pd.Series, periods_per_year: float) -> pd.DatetimeIndex:
    """Return the periods of a KPI or control far off the rolling median, unless it is so every year."""
    known = series.dropna()
    if len(known) < 2 * ACTIVE_MIN or known.nunique() <= FEW_VALUES or (known == 0).mean() > 2 * ZEROS_MAX:
        return pd.DatetimeIndex([])
    level = _level(known)
    off = _off_median(level.values, periods_per_year)
    wide = float(level.values.quantile(0.95) - level.values.quantile(0.05))
    limit = max(OUTLIER_LIMIT * _spread(off, level.unit), OUTLIER_RANGE * wide)
    positions = np.arange(len(off))
    at_edge = np.minimum(positions, positions[::-1]) < _half_window(periods_per_year)
    far = off[off.abs() > np.where(at_edge, EDGE_LIMIT, 1.0) * limit]
    if len(far) > _most(len(known)):
        return pd.DatetimeIndex([])
    return pd.DatetimeIndex([date for date in far.index if not _recurs(date, off, limit)])


def peaks(series: pd.Series) -> pd.DatetimeIndex:
    """Return the periods in which media were many times their usual high; pauses and bursts are no outliers."""
    active = series[series > 0].sort_values(kind="stable")
    values, found = active.to_numpy(), 0
    for n in range(1, 1 + min(_most(len(active)), len(active) - ACTIVE_MIN)):
        usual, lowest = values[:-n], values[-n]
        if lowest > PEAK_GAP * usual[-1] and lowest > PEAK_FACTOR * np.quantile(usual, 0.95):
            found = n
    return active.index[len(active) - found :].sort_values()


def level_shifts(series: pd.Series, periods_per_year: float) -> pd.DatetimeIndex:
    """Return the first periods of new levels that last, at most three.

    One step at a time is added to trend, season and weekdays where it explains most (least squares on values without
    outliers). It counts if it is large against its standard error (errors AR(1)) and against the noise, and if most of
    it takes place at once, unlike a trend that bends. Less than two years tell no shift from a season.
    """
    known = series.dropna()
    shortest = max(6, math.ceil(periods_per_year / 4))
    seasonal = has_season(len(known), periods_per_year)
    if not seasonal or len(known) < 3 * shortest or known.nunique() <= FEW_VALUES or (known == 0).mean() > ZEROS_MAX:
        return pd.DatetimeIndex([])
    level = _level(known)
    values = _tamed(level, periods_per_year)
    dates = pd.DatetimeIndex(known.index)
    terms = [trend_terms(dates), season_terms(dates, periods_per_year), weekday_terms(dates, periods_per_year)]
    found: list[int] = []
    for _ in range(SHIFTS_MAX):
        at = _next_shift(values, np.hstack(terms), shortest, found, SHIFT_MIN * level.unit)
        if at is None:
            break
        found.append(at)
        terms.append(_step(len(values), at)[:, None])
    return dates[sorted(found)]


def _next_shift(values: np.ndarray, terms: np.ndarray, shortest: int, found: list[int], smallest: float) -> int | None:
    """Return the position of the step that explains most beside the terms, None if it doesn't count."""
    n = len(values)
    basis = np.linalg.qr(terms)[0]
    rest = values - basis @ (basis.T @ values)
    # For the step s that starts at p, of all p at once: s'r and |s|² less the part that the terms hold.
    after = np.cumsum(rest[::-1])[::-1]
    free = np.arange(n, 0, -1.0) - np.sum(np.cumsum(basis[::-1], axis=0)[::-1] ** 2, axis=1)
    able = (np.arange(n) >= shortest) & (np.arange(n) <= n - shortest) & (free > 1e-6 * n)
    for other in found:
        able &= np.abs(np.arange(n) - other) >= shortest
    if not able.any():
        return None
    gain = np.where(able, after**2 / np.where(able, free, 1.0), -1.0)
    at = int(np.argmax(gain))
    size = after[at] / free[at]
    noise = residual(values, np.column_stack([terms, _step(n, at)]))
    rho = float(np.clip(noise[1:] @ noise[:-1] / (noise @ noise or 1.0), 0.0, 0.95))
    deviation = math.sqrt(noise @ noise / max(1, n - terms.shape[1] - 1)) or 1e-12
    standard_error = deviation * math.sqrt((1 + rho) / (1 - rho) / free[at])
    around = noise + size * _step(n, at)
    window = max(4, shortest // 2)
    jump = np.median(around[at : at + window]) - np.median(around[max(0, at - window) : at])
    counts = abs(size) >= max(SHIFT_LIMIT * standard_error, JUMP_LIMIT * deviation, smallest)
    return at if counts and jump / size >= JUMP_SHARE else None


def _level(series: pd.Series) -> Level:
    """Return the series (without gaps) on its level's scale."""
    if series.min() > 0:
        return Level(np.log(series), 1.0)
    return Level(series, float(series.abs().median()) or float(series.abs().max()))


def _off_median(series: pd.Series, periods_per_year: float) -> pd.Series:
    """Return the distance to the median of the periods around, and for days to what their weekday is used to."""
    half = _half_window(periods_per_year)
    off = series - series.rolling(2 * half + 1, center=True, min_periods=half + 1).median()
    if weekday_terms(pd.DatetimeIndex(series.index), periods_per_year).shape[1]:
        off = off - off.groupby(series.index.day_of_week).transform("median")
    return off


def _half_window(periods_per_year: float) -> int:
    """Return how many periods on either side the median is of: an eighth of a year, a week at most for days."""
    return max(2, min(7, round(periods_per_year / 8)))


def _spread(off: pd.Series, unit: float) -> float:
    """Return the robust standard deviation (MAD) of the distances, no smaller than what is told from noise."""
    return max(1.4826 * float(off.abs().median()), SPREAD_MIN * unit)


def _tamed(level: Level, periods_per_year: float) -> np.ndarray:
    """Return the values with single outliers drawn in to four robust standard deviations."""
    off = _off_median(level.values, periods_per_year)
    limit = 4 * _spread(off, level.unit)
    return (level.values - off + off.clip(-limit, limit)).to_numpy()


def _recurs(date: pd.Timestamp, off: pd.Series, limit: float) -> bool:
    """Whether another year shows something like it, in the same direction, at the same time of the year."""
    years = np.round((off.index - date) / pd.Timedelta(days=365.25))
    apart = off.index - date - pd.to_timedelta(years * 365.25, unit="D")
    others = off[(years != 0) & (np.abs(apart) <= RECURS_WITHIN)]
    return bool((others * np.sign(off[date]) >= max(RECURS_SHARE * abs(off[date]), limit / 3)).any())


def _most(n: int) -> int:
    """Return the largest number of periods that can stand out."""
    return max(3, int(OUTLIERS_MAX * n))


def _step(n: int, at: int) -> np.ndarray:
    return (np.arange(n) >= at).astype(float)
