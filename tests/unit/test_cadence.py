"""Dates in any usual form, and the grid of periods that they make."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.errors import InputError
from mmm_builder.panel import n_test_periods
from mmm_builder.reading.cadence import make_calendar
from mmm_builder.reading.dates import parse_dates

WEEKS = pd.date_range("2015-11-23", periods=60, freq="7D")
MONTHS = pd.date_range("2015-11-01", periods=30, freq="MS")
RUSSIAN_MONTHS = ["янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"]


def parsed(cells):
    return parse_dates(pd.Series(list(cells), index=range(2, len(cells) + 2)), "data.csv: column 'date'")


def calendar(dates, grain="day", test_size=0.2):
    dates = pd.Series(dates, index=range(2, len(dates) + 2))
    return make_calendar(dates, grain, test_size, "data.csv: column 'date'")


@pytest.mark.parametrize(
    "write",
    [
        "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00Z", "%d.%m.%Y",
        "%d.%m.%y", "%d/%m/%Y", "%d-%m-%y", "%m/%d/%Y", "%m/%d/%y", "%d %b %Y", "%d-%b-%y", "%B %d, %Y", "%G-W%V",
    ],
)  # fmt: skip
def test_weeks_in_any_form_are_read_alike(write):
    assert list(parsed(WEEKS.strftime(write)).dates) == list(WEEKS)


@pytest.mark.parametrize("write", ["%b %Y", "%B %Y", "%b-%y", "%Y-%m", "%Y年%m月", "%m/%Y", "%Y-%m-01", "%d/%m/%Y"])
def test_months_in_any_form_are_read_alike(write):
    assert list(parsed(MONTHS.strftime(write)).dates) == list(MONTHS)


def test_month_names_in_russian():
    cells = [f"{date.day} {RUSSIAN_MONTHS[date.month - 1]} {date.year}" for date in WEEKS]
    assert list(parsed(cells).dates) == list(WEEKS)


def test_years_and_quarters():
    assert parsed(["1907", "1908"]).grain == "year"
    assert list(parsed(["2021Q4", "2022Q1"]).dates) == [pd.Timestamp("2021-10-01"), pd.Timestamp("2022-01-01")]


@pytest.mark.parametrize(
    "cells", [["1", "2", "3"], ["1.5", "2.5"], ["tv", "radio"], ["", ""], ["Channel 12", "Channel 13"]]
)
def test_what_is_no_date(cells):
    assert parsed(cells) is None


def test_day_and_month_are_told_apart_by_even_steps():
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    assert list(parsed(months.strftime("%d/%m/%Y")).dates) == list(months)
    assert list(parsed(months.strftime("%m/%d/%Y")).dates) == list(months)


def test_open_order_of_day_and_month_is_refused():
    with pytest.raises(InputError, match="day and month can't be told apart"):
        parsed([f"01/{k:02d}/2020" for k in range(1, 13)])


def test_both_orders_in_one_column_are_refused_with_lines():
    with pytest.raises(InputError, match="lines 2 and 4 hold dates in different orders"):
        parsed(["13/02/2020", "20/02/2020", "02/27/2020"])


@pytest.mark.parametrize(
    ("dates", "frequency"),
    [
        (pd.date_range("2020-01-01", periods=100, freq="D"), "daily"),
        (WEEKS, "weekly"),
        (MONTHS, "monthly"),
        (pd.date_range("2015-01-31", periods=30, freq="ME"), "monthly"),
        (pd.date_range("2015-01-15", periods=30, freq="MS") + pd.Timedelta(days=14), "monthly"),
        (pd.date_range("2015-01-01", periods=20, freq="QS"), "quarterly"),
        (pd.date_range("1990-01-01", periods=20, freq="YS"), "annual"),
    ],
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_cadence_and_grid(dates, frequency, shuffled):
    rows = np.random.default_rng(1).permutation(dates) if shuffled else dates
    found = calendar(rows)
    assert found.frequency == frequency
    assert list(found.grid) == list(dates)
    assert list(found.periods) == list(rows)
    assert not len(found.missing)
    assert found.n_train == len(dates) - n_test_periods(len(dates), 0.2)
    assert found.train_end == dates[found.n_train - 1]


@pytest.mark.parametrize("dates", [WEEKS, MONTHS, pd.date_range("2015-01-31", periods=30, freq="ME")])
def test_missing_periods_are_named(dates):
    found = calendar(dates.delete([7, 8, 20]))
    assert list(found.grid) == list(dates)
    assert list(found.missing) == list(dates[[7, 8, 20]])


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (WEEKS[:51], "51 weeks from 2015-11-23 to 2016-11-07 are too short a history; give at least 52"),
        (MONTHS[:23], "23 months .* give at least 24"),
        (pd.date_range("2020-01-01", periods=89), "89 days .* give at least 90"),
        (pd.date_range("2020-01-01", periods=11, freq="QS"), "11 quarters .* give at least 12"),
        (pd.date_range("2000-01-01", periods=9, freq="YS"), "9 years .* give at least 10"),
        (WEEKS[[0, 0]], "all rows are of one date, 2015-11-23"),
        (
            pd.to_datetime(["2020-01-01", "2020-01-05", "2020-02-20", "2020-07-01"]),
            "no regular cadence, steps .* 4, 46, 132",
        ),
    ],
)
def test_dates_that_make_no_grid_are_refused(dates, message):
    with pytest.raises(InputError, match=message):
        calendar(dates)


def test_a_date_off_the_grid_is_refused_with_its_line():
    dates = WEEKS.to_list()
    dates[9] += pd.Timedelta(days=2)
    with pytest.raises(InputError, match=r"\(line 11\): 2016-01-27 is a Wednesday, the other weeks start on a Monday"):
        calendar(pd.DatetimeIndex(dates))
