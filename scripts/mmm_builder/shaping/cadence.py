"""From dates to periods: the cadence, the grid of periods, which are missing, which are for training."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import Choice, ProfileWarning, n_test_periods, warn
from ..errors import InputError
from ..reading.date_order import cadence_scores
from ..reading.text import some
from ..spec import PERIODS_PER_YEAR, Frequency
from .cadence_breaks import WEEKDAYS, refuse_breaks, weekday

SHORTEST: dict[Frequency, int] = {"daily": 90, "weekly": 52, "monthly": 24, "quarterly": 12, "annual": 10}
"""Fewest periods that a model may be built on."""

PERIOD_NAMES: dict[Frequency, str] = {
    "daily": "days", "weekly": "weeks", "monthly": "months", "quarterly": "quarters", "annual": "years",
}  # fmt: skip
PERIOD_CODES: dict[Frequency, str] = {"monthly": "M", "quarterly": "Q", "annual": "Y"}
POSSIBLE: dict[str, tuple[Frequency, ...]] = {
    "day": ("daily", "weekly", "monthly", "quarterly", "annual"), "week": ("weekly",),
    "month": ("monthly", "quarterly", "annual"), "quarter": ("quarterly", "annual"), "year": ("annual",),
}  # fmt: skip
"""Cadences that dates of a grain may have."""
SCORE_MIN = 0.55
"""Least share of a cadence's periods, and of dates in periods of their own, with which it is believed."""
SAME_STEP_MAX = 0.8
"""Months and quarters differ in length: a larger share of one and the same step is another cadence (28 days, say)."""
RARE_WEEKDAY = 0.1
"""A weekday with fewer dates than this share of the commonest one's is a mistake."""


class Calendar(NamedTuple):
    """The periods of the data: `grid` is complete, `periods` (by line number) maps each row to its period."""

    frequency: Frequency
    grid: pd.DatetimeIndex
    periods: pd.Series
    missing: pd.DatetimeIndex
    n_train: int
    periods_per_year: float
    evidence: Choice
    warnings: tuple[ProfileWarning, ...] = ()

    @property
    def train_end(self) -> pd.Timestamp:
        """The last training period."""
        return self.grid[self.n_train - 1]


def make_calendar(dates: pd.Series, grain: str, test_size: float, where: str) -> Calendar:
    """Infer the cadence and lay the rows on a complete grid of periods; the last `test_size` of them are held out.

    dates : by line number. Raises InputError if a day has several times, the cadence is none or changes, a date is
    off the grid or far from the others (with its line), or the history is too short.
    """
    if is_sub_daily(dates):
        raise InputError(
            f"{where}: the rows of a day have different times, {dates.iloc[0]:%Y-%m-%d %H:%M} (line {dates.index[0]}) "
            "among them; sum the rows by day"
        )
    dates = dates.dt.normalize()
    distinct = pd.DatetimeIndex(np.sort(dates.unique()))
    frequency = infer_frequency(dates, grain, where)
    if frequency in PERIOD_CODES:
        grid, period_of = _by_calendar(distinct, frequency)
    else:
        grid, period_of = _by_step(dates, distinct, frequency, where)
    if len(grid) < SHORTEST[frequency]:
        raise InputError(
            f"{where}: {len(grid)} {PERIOD_NAMES[frequency]} from {grid[0]:%Y-%m-%d} to {grid[-1]:%Y-%m-%d} are too "
            f"short a history; give at least {SHORTEST[frequency]}"
        )
    periods = pd.Series(period_of[distinct.get_indexer(dates)], dates.index)
    missing = grid.difference(period_of)
    yearly, warnings = _yearly(grid, frequency)
    n_train = len(grid) - n_test_periods(len(grid), test_size)
    return Calendar(frequency, grid, periods, missing, n_train, yearly, _told(frequency, grid, missing), warnings)


def is_sub_daily(dates: pd.Series) -> bool:
    """Whether most days have rows of several times of day."""
    moments = pd.DatetimeIndex(dates.dropna().unique())
    days = moments.normalize()
    if days.nunique() == len(days):
        return False
    return bool(days.value_counts().median() >= 2)


def infer_frequency(dates: pd.Series, grain: str, where: str) -> Frequency:
    """Return the cadence of the dates (midnight, by line).

    Raises InputError if there is none, it changes on the way (with the line), or a date is far from the others.
    """
    days = np.unique(dates.to_numpy().astype("datetime64[D]").astype(int))
    if len(days) == 1:
        raise InputError(f"{where}: all rows are of one date, {dates.iloc[0]:%Y-%m-%d}; give one row per period")
    refuse_breaks(dates, days, where)
    scores = cadence_scores(days.astype("datetime64[D]"))
    best = max(POSSIBLE[grain], key=scores.__getitem__)
    steps, times = np.unique(np.diff(days), return_counts=True)
    commonest = steps[times.argmax()]
    too_even = (
        best in PERIOD_CODES and times.max() > SAME_STEP_MAX * times.sum() and times.sum() > 4 and commonest % 365 > 1
    )
    if scores[best] < SCORE_MIN or too_even:
        order = np.argsort(-times, kind="stable") if too_even else slice(None)
        seen = some([int(step) for step in steps[order]], 5)
        raise InputError(
            f"{where}: no regular cadence, steps between dates are {seen} days; give daily, weekly, monthly, quarterly "
            "or annual rows"
        )
    return best


def _by_step(
    dates: pd.Series, distinct: pd.DatetimeIndex, frequency: Frequency, where: str
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return the grid of days or weeks, and the period of each distinct date.

    Days are those of the weekdays that occur. Raises InputError for a date on a weekday that has few others.
    """
    days = distinct.to_numpy().astype("datetime64[D]").astype(int)
    times = np.bincount(weekday(days), minlength=7)
    usual = np.flatnonzero(times >= times.max() * (RARE_WEEKDAY if frequency == "daily" else 1))
    if frequency == "weekly":
        usual = usual[:1]
    off = days[~np.isin(weekday(days), usual)]
    if len(off):
        rows = np.isin(dates.to_numpy().astype("datetime64[D]").astype(int), off)
        line, day = dates.index[rows.argmax()], dates.iloc[rows.argmax()]
        others = (
            f"the other weeks start on a {WEEKDAYS[usual[0]]}"
            if frequency == "weekly"
            else f"the other days are {some([WEEKDAYS[k] for k in usual])}"
        )
        raise InputError(
            f"{where} (line {line}): {day:%Y-%m-%d} is a {day:%A}, {others} ({rows.sum()} such lines); one cadence "
            "only: correct the date or drop the row"
        )
    every = np.arange(days[0], days[-1] + 1)
    grid = pd.DatetimeIndex(every[np.isin(weekday(every), usual)].astype("datetime64[D]")).as_unit(distinct.unit)
    return grid, distinct


def _by_calendar(distinct: pd.DatetimeIndex, frequency: Frequency) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Return the grid of months, quarters or years, at the day that the rows use, and the period of each distinct date.

    Ends of periods stay ends; dates on changing days become the first of the period.
    """
    periods = distinct.to_period(PERIOD_CODES[frequency])
    every = pd.period_range(periods.min(), periods.max(), freq=PERIOD_CODES[frequency])
    start = every.to_timestamp(how="start")
    months = distinct.month - periods.start_time.month
    if (distinct == periods.end_time.normalize()).mean() > 0.5:
        grid = every.to_timestamp(how="end").normalize()
    elif len(set(zip(months, distinct.day, strict=True))) == 1:
        grid = start + pd.DateOffset(months=int(months[0]), days=int(distinct.day[0]) - 1)
    else:
        grid = start
    grid = grid.as_unit(distinct.unit)
    return grid, grid[every.get_indexer(periods)]


def _yearly(grid: pd.DatetimeIndex, frequency: Frequency) -> tuple[float, tuple[ProfileWarning, ...]]:
    """Return the periods per year, and a warning if only some weekdays are periods."""
    weekdays = np.unique(grid.day_of_week)
    if frequency != "daily" or len(weekdays) == 7:
        return PERIODS_PER_YEAR[frequency], ()
    told = f"there are no rows of {some([WEEKDAYS[k] for k in range(7) if k not in weekdays])}: a week is taken as "
    told += f"{len(weekdays)} days"
    cure = "add the other days if the KPI or the media have values there"
    return len(weekdays) * PERIODS_PER_YEAR["weekly"], (warn("business_days", told, cure),)


def _told(frequency: Frequency, grid: pd.DatetimeIndex, missing: pd.DatetimeIndex) -> Choice:
    """Return how sure the cadence is: the share of its periods that the data have."""
    name = f"weekly, weeks start on {WEEKDAYS[grid[0].day_of_week]}" if frequency == "weekly" else frequency
    held = len(grid) - len(missing)
    told = f"{name}: {held} of {len(grid)} {PERIOD_NAMES[frequency]} from {grid[0]:%Y-%m-%d} to {grid[-1]:%Y-%m-%d}"
    return Choice(confidence=held / len(grid), evidence=f"{told} have rows")
