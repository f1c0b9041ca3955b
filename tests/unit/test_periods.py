"""Periods of the calendar: they follow one another, whatever day of theirs the rows are dated by."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.periods import STEP, bounds, dates_between

GRIDS = {
    "daily": ("2023-12-30", "2024-03-02"), "weekly": ("2023-12-25", "2024-03-25"), "monthly": ("2023-12-01",
    "2024-06-01"), "quarterly": ("2023-01-01", "2024-07-01"), "annual": ("2020-01-01", "2024-01-01"),
}  # fmt: skip


@pytest.mark.parametrize("frequency", STEP)
def test_each_period_ends_where_the_next_begins(frequency):
    dates = dates_between(*GRIDS[frequency], frequency)
    first, after = bounds(dates, frequency)
    np.testing.assert_array_equal(first[1:], after[:-1])
    np.testing.assert_array_equal(first, dates.to_numpy().astype("datetime64[D]"))
    assert str(dates[-1].date()) == GRIDS[frequency][1]


@pytest.mark.parametrize(("frequency", "start", "end", "first", "after"), [
    ("monthly", "2023-01-01", "2023-03-01", "2023-01-01", "2023-04-01"),
    ("monthly", "2023-02-28", "2023-06-30", "2023-02-01", "2023-07-01"),
    ("monthly", "2023-01-15", "2023-03-15", "2023-01-15", "2023-04-15"),
    ("quarterly", "2022-06-30", "2023-03-31", "2022-04-01", "2023-04-01"),
    ("annual", "2020-12-31", "2023-12-31", "2020-01-01", "2024-01-01"),
    ("weekly", "2022-01-31", "2022-02-28", "2022-01-31", "2022-03-07"),
])  # fmt: skip
def test_the_first_and_the_last_are_whole(frequency, start, end, first, after):
    dates = dates_between(start, end, frequency)
    found, behind = bounds(dates, frequency)
    assert (str(found[0]), str(behind[-1]), str(dates[-1].date())) == (first, after, end)


def test_rows_of_working_days_hold_the_days_without_rows():
    first, after = bounds(pd.bdate_range("2024-01-04", "2024-01-09"), "daily")
    assert (after - first).astype(int).tolist() == [1, 3, 1, 1]
