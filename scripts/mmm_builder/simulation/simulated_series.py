"""Series that a simulated client's table is made of: calendar, spend by flighting pattern, controls, season.

Every function takes its generator, so that one series never changes because another one drew more numbers.
"""

import calendar
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from dateutil.easter import easter
from scipy.signal import lfilter

from ..spec import PERIODS_PER_YEAR, Frequency

DATE_STEP: dict[Frequency, str] = {"daily": "D", "weekly": "7D", "monthly": "MS", "quarterly": "QS", "annual": "YS"}
MONTHS = 12


def calendar_dates(start: str, n_periods: int, frequency: Frequency) -> pd.DatetimeIndex:
    """Return the first day of every period, and of the one after the last: n_periods + 1 dates."""
    return pd.date_range(start, periods=n_periods + 1, freq=DATE_STEP[frequency])


def year_fraction(start: pd.Timestamp, n_periods: int, frequency: Frequency) -> np.ndarray:
    """Return time in years since 1 January of the first year (row,), evenly spaced as the models take it."""
    return (start.day_of_year - 1) / 365.25 + np.arange(n_periods) / PERIODS_PER_YEAR[frequency]


def season_values(pairs: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Return the yearly season Σ_k s_k sin(2πk·years) + c_k cos(2πk·years).

    pairs : (pair, 2), sine and cosine coefficients of harmonics 1, 2, …
    years : (row,), time in years
    """
    angles = 2.0 * np.pi * np.outer(years, np.arange(1, len(pairs) + 1))
    return np.sin(angles) @ pairs[:, 0] + np.cos(angles) @ pairs[:, 1]


def season_through(monthly: Sequence[float], harmonics: int) -> np.ndarray:
    """Return the Fourier pairs (pair, 2) of the smoothest season through twelve mid-month values, mean removed.

    monthly : January to December, at mid-month
    harmonics : at most 5, all that twelve values determine; fewer cut the sharpest ones off
    """
    angles = 2.0 * np.pi * np.outer((np.arange(MONTHS) + 0.5) / MONTHS, np.arange(1, harmonics + 1))
    values = np.asarray(monthly, dtype=float)
    return np.column_stack([values @ np.sin(angles), values @ np.cos(angles)]) * 2.0 / MONTHS


def _autocorrelated(rng: np.random.Generator, n: int, sd: float, memory: float) -> np.ndarray:
    """Return a stationary AR(1) series with standard deviation `sd`."""
    shocks = rng.normal(0.0, np.sqrt(1.0 - memory**2), n)
    shocks[0] = rng.normal()
    return sd * lfilter([1.0], [1.0, -memory], shocks)


def _always_on(rng: np.random.Generator, n: int, per_year: float) -> np.ndarray:
    """Return spend in every period, drifting around its mean."""
    return np.exp(_autocorrelated(rng, n, 0.25, 0.6) + rng.normal(0.0, 0.15, n))


def _pulses(rng: np.random.Generator, n: int, per_year: float) -> np.ndarray:
    """Return a low base with about eight campaigns a year, each fading over a few periods."""
    starts = rng.random(n) < min(8.0 / per_year, 0.3)
    campaigns = lfilter([1.0], [1.0, -0.6], starts * rng.lognormal(1.0, 0.4, n))
    return (0.4 + campaigns) * np.exp(rng.normal(0.0, 0.2, n))


def _flights(rng: np.random.Generator, n: int, per_year: float) -> np.ndarray:
    """Return about five bursts a year with nothing between them, each at a level of its own."""
    cycle = max(per_year / 5.0, 2.0)
    spend = np.zeros(n)
    at = int(rng.integers(0, max(int(min(cycle, n) / 2), 1)))
    while at < n:
        length = max(round(cycle * rng.uniform(0.35, 0.65)), 1)
        spend[at : at + length] = rng.lognormal(0.0, 0.3)
        at += length + max(round(cycle * rng.uniform(0.35, 0.65)), 1)
    return spend * np.exp(rng.normal(0.0, 0.15, n))


PATTERNS: dict[str, Callable[[np.random.Generator, int, float], np.ndarray]] = {
    "always_on": _always_on,
    "pulses": _pulses,
    "flights": _flights,
}
"""Flighting by name: (rng, number of periods, periods per year) → relative spend (row,), not negative."""


def shared_budget(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return the ups and downs (row,), around 1, of the budget that all channels have a part in."""
    return np.exp(_autocorrelated(rng, n, 0.2, 0.8))


def price(rng: np.random.Generator, dates: pd.DatetimeIndex) -> np.ndarray:
    """Return an average selling price around 50 (row,): a list price set anew now and then, the mix moving about it."""
    n = len(dates) - 1
    settings = np.cumsum(rng.random(n) < 0.08)
    return np.round(rng.normal(50.0, 1.2, n)[settings - settings[0]] + rng.normal(0.0, 0.8, n), 2)


def promotion(rng: np.random.Generator, dates: pd.DatetimeIndex) -> np.ndarray:
    """Return 1 in about an eighth of the periods, 0 elsewhere (row,)."""
    return (rng.random(len(dates) - 1) < 0.125).astype(float)


def holiday(rng: np.random.Generator, dates: pd.DatetimeIndex) -> np.ndarray:
    """Return 1 in periods with Easter, Black Friday or Christmas Day in them, 0 elsewhere (row,)."""
    days = [pd.Timestamp(d) for year in range(dates[0].year, dates[-1].year + 1) for d in _holidays(year)]
    days = [d for d in days if dates[0] <= d < dates[-1]]
    flags = np.zeros(len(dates) - 1)
    flags[dates.searchsorted(days, side="right") - 1] = 1.0
    return flags


def _holidays(year: int) -> tuple[pd.Timestamp, ...]:
    thursdays = [week[calendar.THURSDAY] for week in calendar.monthcalendar(year, 11) if week[calendar.THURSDAY]]
    black_friday = pd.Timestamp(year, 11, thursdays[3]) + pd.Timedelta(days=1)
    return pd.Timestamp(easter(year)), black_friday, pd.Timestamp(year, 12, 25)


CONTROLS: dict[str, Callable[[np.random.Generator, pd.DatetimeIndex], np.ndarray]] = {
    "price": price,
    "promotion": promotion,
    "event": holiday,
}
"""Controls by kind: (rng, dates with the one after the last) → values (row,)."""
