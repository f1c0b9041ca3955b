"""The yearly season of a series: Fourier pairs beside a straight trend, by least squares."""

import numpy as np
import pandas as pd

SEASON_ORDER = 2
"""Most Fourier pairs of the yearly season; fewer where the cadence is too coarse for them."""
YEARS_MIN = 2
"""Fewest years from which a season can be told from a trend."""
WEEKDAYS_FROM = 100.0
"""Periods per year from which the weekday is part of the season: daily data, with or without weekends."""


def has_season(n_periods: int, periods_per_year: float) -> bool:
    """Whether so many periods can tell a yearly season: two years of a cadence finer than half a year."""
    return season_order(periods_per_year) > 0 and n_periods >= int(YEARS_MIN * periods_per_year)


def season_order(periods_per_year: float) -> int:
    """Return the number of Fourier pairs that the cadence can hold, at most `SEASON_ORDER`."""
    return min(SEASON_ORDER, int((periods_per_year - 1) // 2))


def season_r2(series: pd.Series, periods_per_year: float) -> float | None:
    """Return the share in [0, 1] of the variance about a straight trend that the yearly season explains.

    series : by date. Adjusted for the number of terms; None for less than two years or without variance.
    """
    known = series.dropna()
    if not has_season(len(known), periods_per_year) or not _varies(known):
        return None
    trend, terms = trend_terms(known.index), season_terms(known.index, periods_per_year)
    values = (known / known.abs().max()).to_numpy()
    left = residual(values, trend)
    explained = residual(values, np.hstack([trend, terms]))
    if left @ left <= 1e-12 * np.sum((values - values.mean()) ** 2):
        return 0.0
    n, k = len(known), terms.shape[1]
    r2 = 1 - (explained @ explained) / (left @ left) * (n - 2) / max(1, n - 2 - k)
    return float(np.clip(r2, 0.0, 1.0))


def seasonal_part(series: pd.Series, periods_per_year: float) -> pd.Series:
    """Return the yearly season of a series (by date, without gaps): its fitted Fourier pairs, trend and rest apart."""
    trend, terms = trend_terms(series.index), season_terms(series.index, periods_per_year)
    both = np.hstack([trend, terms])
    fitted = np.linalg.lstsq(both, series.to_numpy(), rcond=None)[0]
    return pd.Series(terms @ fitted[trend.shape[1] :], series.index)


def trend_terms(dates: pd.DatetimeIndex) -> np.ndarray:
    """Return (period, 2): one and the time, from -1 to 1."""
    return np.column_stack([np.ones(len(dates)), np.linspace(-1.0, 1.0, len(dates))])


def season_terms(dates: pd.DatetimeIndex, periods_per_year: float) -> np.ndarray:
    """Return (period, 2 · order): sines and cosines of the time of the year."""
    years = _years(dates)
    angles = [2 * np.pi * order * years for order in range(1, season_order(periods_per_year) + 1)]
    return np.column_stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)])


def weekday_terms(dates: pd.DatetimeIndex, periods_per_year: float) -> np.ndarray:
    """Return (period, weekdays - 1) marks of the weekdays but one; no column where periods are longer than days."""
    if periods_per_year < WEEKDAYS_FROM:
        return np.empty((len(dates), 0))
    days = dates.day_of_week.to_numpy()
    return np.column_stack([days == day for day in np.unique(days)[1:]]).astype(float)


def residual(values: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Return what is left of values (period,) after least squares on terms (period, term)."""
    return values - terms @ np.linalg.lstsq(terms, values, rcond=None)[0]


def _years(dates: pd.DatetimeIndex) -> np.ndarray:
    return ((dates - dates[0]) / pd.Timedelta(days=365.25)).to_numpy(float)


def _varies(series: pd.Series) -> bool:
    return bool(np.ptp(series) > 1e-9 * series.abs().max())
