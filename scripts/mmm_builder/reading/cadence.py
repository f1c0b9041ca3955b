"""From dates to periods: the cadence, the grid of periods, which are missing, which are for training."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..panel import n_test_periods
from ..spec import Frequency
from .source import some

STEPS: dict[Frequency, tuple[int, int]] = {
    "daily": (1, 1), "weekly": (7, 7), "monthly": (28, 31), "quarterly": (90, 92), "annual": (365, 366),
}  # fmt: skip
"""Days from one date to the next, from and to."""

SHORTEST: dict[Frequency, int] = {"daily": 90, "weekly": 52, "monthly": 24, "quarterly": 12, "annual": 10}
"""Fewest periods that a model may be built on."""

PERIOD_NAMES: dict[Frequency, str] = {
    "daily": "days", "weekly": "weeks", "monthly": "months", "quarterly": "quarters", "annual": "years",
}  # fmt: skip
PERIOD_CODES: dict[Frequency, str] = {"monthly": "M", "quarterly": "Q", "annual": "Y"}
GRAIN_FREQUENCY: dict[str, Frequency] = {"month": "monthly", "quarter": "quarterly", "year": "annual"}


class Calendar(NamedTuple):
    """The periods of the data: `grid` is complete, `periods` (by line number) maps each row to its period."""

    frequency: Frequency
    grid: pd.DatetimeIndex
    periods: pd.Series
    missing: pd.DatetimeIndex
    n_train: int

    @property
    def train_end(self) -> pd.Timestamp:
        """The last training period."""
        return self.grid[self.n_train - 1]


def make_calendar(dates: pd.Series, grain: str, test_size: float, where: str) -> Calendar:
    """Infer the cadence and lay the rows on a complete grid of periods; the last `test_size` of them are held out.

    dates : by line number. Raises InputError if the steps are irregular, a date is off the grid (with its line)
    or the history is too short.
    """
    dates = dates.dt.normalize()
    frequency = infer_frequency(dates, grain, where)
    if frequency in PERIOD_CODES:
        grid, periods = _by_calendar(dates, frequency)
    else:
        grid, periods = _by_step(dates, frequency, where)
    if len(grid) < SHORTEST[frequency]:
        raise InputError(
            f"{where}: {len(grid)} {PERIOD_NAMES[frequency]} from {grid[0]:%Y-%m-%d} to {grid[-1]:%Y-%m-%d} are too "
            f"short a history; give at least {SHORTEST[frequency]}"
        )
    n_train = len(grid) - n_test_periods(len(grid), test_size)
    return Calendar(frequency, grid, periods, grid.difference(periods.unique()), n_train)


def infer_frequency(dates: pd.Series, grain: str, where: str) -> Frequency:
    """Return the cadence that most steps between successive dates have. Raises InputError if there is none."""
    distinct = np.sort(dates.unique())
    steps = np.diff(distinct).astype("timedelta64[D]").astype(int)
    if not len(steps):
        raise InputError(f"{where}: all rows are of one date, {dates.iloc[0]:%Y-%m-%d}; give one row per period")
    shares = {name: float(np.mean((steps >= low) & (steps <= high))) for name, (low, high) in STEPS.items()}
    best = max(shares, key=shares.__getitem__)
    if shares[best] < 0.5:
        best = GRAIN_FREQUENCY.get(grain)
    if best is None:
        seen = some(sorted({int(step) for step in steps}), 5)
        raise InputError(
            f"{where}: no regular cadence, steps between dates are {seen} days; give daily, weekly, monthly, quarterly "
            "or annual rows"
        )
    return best


def _by_step(dates: pd.Series, frequency: Frequency, where: str) -> tuple[pd.DatetimeIndex, pd.Series]:
    """Return the grid of days or weeks. Raises InputError for a date that is on another weekday than most."""
    step = STEPS[frequency][0]
    phase = (dates - pd.Timestamp("1970-01-05")).dt.days % step
    usual = phase.mode().iloc[0]
    off = dates[phase != usual]
    if len(off):
        weekday = f"{dates[phase == usual].iloc[0]:%A}"
        raise InputError(
            f"{where} (line {off.index[0]}): {off.iloc[0]:%Y-%m-%d} is a {off.iloc[0]:%A}, the other weeks start on a "
            f"{weekday} ({len(off)} such lines); one cadence only: correct the date or drop the row"
        )
    return pd.date_range(dates.min(), dates.max(), freq=f"{step}D"), dates


def _by_calendar(dates: pd.Series, frequency: Frequency) -> tuple[pd.DatetimeIndex, pd.Series]:
    """Return the grid of months, quarters or years, each at the day that the rows use (ends of months stay ends)."""
    periods = dates.dt.to_period(PERIOD_CODES[frequency])
    every = pd.period_range(periods.min(), periods.max(), freq=PERIOD_CODES[frequency])
    one_day = (dates.dt.day == dates.dt.day.iloc[0]).all()
    if dates.dt.is_month_end.mean() > 0.5 and not one_day:
        grid = every.to_timestamp(how="end").normalize()
    else:
        offset = (dates - periods.dt.start_time).dt.days.mode().iloc[0] if one_day else 0
        grid = every.to_timestamp(how="start") + pd.Timedelta(days=int(offset))
    return grid, periods.map(dict(zip(every, grid, strict=True)))
