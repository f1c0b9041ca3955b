"""The calendar's periods: on which days those begin and end that rows are dated by."""

import numpy as np
import pandas as pd

from .spec import Frequency

STEP: dict[Frequency, pd.DateOffset] = {
    "daily": pd.DateOffset(days=1), "weekly": pd.DateOffset(weeks=1), "monthly": pd.DateOffset(months=1),
    "quarterly": pd.DateOffset(months=3), "annual": pd.DateOffset(years=1),
}  # fmt: skip

OF_THE_CALENDAR: tuple[Frequency, ...] = ("monthly", "quarterly", "annual")
"""Cadences whose rows may be dated by the last day of the period."""


def bounds(dates: np.ndarray | pd.DatetimeIndex, frequency: Frequency) -> tuple[np.ndarray, np.ndarray]:
    """Return the first day of each period and the day after its last (row,), as datetime64[D].

    dates : of successive rows: each the first day of its period or, if all are ends of months, the last one
    """
    index = pd.DatetimeIndex(dates)
    if _are_ends(index, frequency):
        before = index[0] - STEP[frequency] + pd.offsets.MonthEnd(0)
        first, last = index[:-1].insert(0, before), index
        return _days(first) + 1, _days(last) + 1
    return _days(index), _days(index[1:].insert(len(index) - 1, index[-1] + STEP[frequency]))


def dates_between(start: str, end: str, frequency: Frequency) -> pd.DatetimeIndex:
    """Return the dates of all periods from the one dated `start` to the one dated `end`; of daily data every day."""
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    roll = pd.offsets.MonthEnd(0) if _are_ends(pd.DatetimeIndex([first, last]), frequency) else pd.DateOffset(0)
    dates = [first]
    while dates[-1] < last:
        dates.append(first + len(dates) * STEP[frequency] + roll)
    return pd.DatetimeIndex(dates)


def _are_ends(dates: pd.DatetimeIndex, frequency: Frequency) -> bool:
    return frequency in OF_THE_CALENDAR and bool(dates.is_month_end.all())


def _days(dates: pd.DatetimeIndex) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]")
