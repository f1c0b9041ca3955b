"""From dates to the grid of periods: the cadence, what is missing, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.data_profile import n_test_periods
from mmm_builder.errors import InputError
from mmm_builder.shaping.cadence import make_calendar

WEEKS = pd.date_range("2015-11-23", periods=60, freq="7D")
MONTHS = pd.date_range("2015-11-01", periods=30, freq="MS")
DAYS = pd.date_range("2020-01-01", periods=200, freq="D")
WORKDAYS = pd.date_range("2020-01-01", periods=200, freq="B")
A_DAY, A_WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)


def calendar(dates, grain="day", test_size=0.2):
    dates = pd.Series(pd.DatetimeIndex(dates), index=range(2, len(dates) + 2))
    return make_calendar(dates, grain, test_size, "data.csv: column 'date'")


def refusal(dates, grain="day"):
    with pytest.raises(InputError) as error:
        calendar(dates, grain)
    assert str(error.value).startswith("data.csv: column 'date'")
    return str(error.value)


REGULAR = {
    "daily": (DAYS, "daily", 365.25),
    "weekly": (WEEKS, "weekly", 365.25 / 7),
    "monthly": (MONTHS, "monthly", 12),
    "month ends": (pd.date_range("2015-01-31", periods=30, freq="ME"), "monthly", 12),
    "15th": (MONTHS + 14 * A_DAY, "monthly", 12),
    "quarterly": (pd.date_range("2015-01-01", periods=20, freq="QS"), "quarterly", 4),
    "quarter ends": (pd.date_range("2015-01-01", periods=20, freq="QE"), "quarterly", 4),
    "annual": (pd.date_range("1990-01-01", periods=20, freq="YS"), "annual", 1),
    "year ends": (pd.date_range("1990-01-01", periods=20, freq="YE"), "annual", 1),
    "fiscal years": (pd.date_range("1990-07-01", periods=20, freq="YS-JUL"), "annual", 1),
    "workdays": (WORKDAYS, "daily", 365.25 / 7 * 5),
    "six days a week": (DAYS[DAYS.day_of_week < 6], "daily", 365.25 / 7 * 6),
    "Sunday to Thursday": (DAYS[~DAYS.day_of_week.isin([4, 5])], "daily", 365.25 / 7 * 5),
}


@pytest.mark.parametrize("name", REGULAR)
@pytest.mark.parametrize("shuffled", [False, True])
def test_cadence_and_grid(name, shuffled):
    dates, frequency, yearly = REGULAR[name]
    rows = np.random.default_rng(1).permutation(dates) if shuffled else dates
    found = calendar(rows)
    assert found.frequency == frequency
    assert found.periods_per_year == pytest.approx(yearly)
    assert list(found.grid) == list(dates)
    assert list(found.periods) == list(rows)
    assert not len(found.missing)
    assert found.n_train == len(dates) - n_test_periods(len(dates), 0.2)
    assert found.train_end == dates[found.n_train - 1]
    assert found.evidence.confidence == 1


@pytest.mark.parametrize(
    "dates",
    [
        pd.date_range("2015-11-01", periods=30, freq="BME"),
        pd.date_range("2015-11-01", periods=30, freq="BMS"),
        pd.date_range("2015-11-01", periods=30, freq="WOM-1MON"),
        MONTHS + pd.to_timedelta(np.random.default_rng(2).integers(0, 28, 30), unit="D"),
    ],
)
def test_any_day_of_a_month_stands_for_it(dates):
    found = calendar(dates)
    assert found.frequency == "monthly"
    assert list(found.grid.to_period("M")) == list(MONTHS.to_period("M"))
    assert list(found.periods) == list(found.grid)


@pytest.mark.parametrize(("shift", "weekday"), [(0, "Monday"), (2, "Wednesday"), (6, "Sunday")])
def test_the_weekday_on_which_weeks_start_is_told(shift, weekday):
    told = calendar(WEEKS + shift * A_DAY).evidence.evidence
    assert told.startswith(f"weekly, weeks start on {weekday}: 60 of 60 weeks from")


def test_days_that_never_occur_are_told():
    found = calendar(WORKDAYS.delete([30, 31, 90]))
    assert list(found.missing) == list(WORKDAYS[[30, 31, 90]])
    assert [w.code for w in found.warnings] == ["business_days"]
    assert "no rows of Saturday, Sunday: a week is taken as 5 days" in found.warnings[0].message
    assert calendar(DAYS).warnings == ()


@pytest.mark.parametrize("dates", [WEEKS, MONTHS, pd.date_range("2015-01-31", periods=30, freq="ME"), DAYS])
def test_missing_periods_are_named(dates):
    found = calendar(dates.delete([7, 8, 20]))
    assert list(found.grid) == list(dates)
    assert list(found.missing) == list(dates[[7, 8, 20]])
    assert found.evidence.confidence == pytest.approx(1 - 3 / len(dates))


def test_years_of_53_weeks_leave_no_gap():
    weeks = pd.date_range("2014-12-29", "2027-01-04", freq="7D")
    found = calendar(weeks, "week")
    assert (len(found.missing), found.frequency) == (0, "weekly")


@pytest.mark.parametrize(("step", "frequency"), [(1, "monthly"), (3, "quarterly"), (12, "annual")])
def test_dates_of_months_may_be_of_longer_periods(step, frequency):
    assert calendar(pd.date_range("2000-01-01", periods=30, freq=f"{step}MS"), "month").frequency == frequency


def test_times_of_day_do_not_matter_if_days_have_one():
    times = pd.to_timedelta(np.arange(60) % 24, unit="h")
    assert list(calendar(WEEKS + times).periods) == list(WEEKS)


def test_many_rows_of_few_dates():
    found = calendar(np.tile(WEEKS, 20_000))
    assert len(found.periods) == 1_200_000
    assert found.periods.iloc[-60:].tolist() == list(WEEKS)


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (WEEKS[:51], "51 weeks from 2015-11-23 to 2016-11-07 are too short a history; give at least 52"),
        (MONTHS[:23], "23 months from 2015-11-01 to 2017-09-01 are too short a history; give at least 24"),
        (DAYS[:89], "89 days from 2020-01-01 to 2020-03-29 are too short a history; give at least 90"),
        (pd.date_range("2020-01-01", periods=11, freq="QS"), "11 quarters from"),
        (pd.date_range("2000-01-01", periods=9, freq="YS"), "9 years from"),
        (WEEKS[[0, 0]], "all rows are of one date, 2015-11-23"),
        (
            pd.to_datetime(["2020-01-01", "2020-01-05", "2020-02-20", "2020-07-01"]),
            "no regular cadence, steps between dates are 4, 46, 132 days; give daily, weekly, monthly",
        ),
        (pd.date_range("2020-01-01", periods=60, freq="28D"), "steps between dates are 28 days"),
        (pd.date_range("2020-01-01", periods=60, freq="14D"), "steps between dates are 14 days"),
        (pd.date_range("2020-01-01", periods=60, freq="10D"), "steps between dates are 10 days"),
        (pd.date_range("2020-01-01", periods=60, freq="30D"), "steps between dates are 30 days"),
        (pd.date_range("2020-01-01", periods=60, freq="6MS"), "steps between dates are 181, 182, 184 days"),
        (WEEKS.union(WEEKS + 3 * A_DAY), "steps between dates are 3, 4 days"),
        (DAYS[DAYS.day_of_week.isin([0, 2, 4])], "steps between dates are 2, 3 days"),
        (pd.date_range("2020-01-01", periods=500, freq="h"), "2020-01-01 00:00 (line 2) among them; sum the rows"),
    ],
)  # fmt: skip
def test_dates_that_make_no_grid_are_refused(dates, message):
    assert message in refusal(dates)


YEAR = pd.date_range("2020-01-06", periods=52, freq="7D")
CHANGES = {
    "daily to weekly": (
        [*pd.date_range("2020-01-01", "2020-12-31"), *pd.date_range("2021-01-04", periods=30, freq="7D")],
        "(line 368): the rows are daily up to 2020-12-31 and weekly (Mondays) from 2021-01-04",
    ),
    "weekly to daily": (
        [*YEAR, *pd.date_range("2021-01-04", periods=30)],
        "(line 55): the rows are weekly (Mondays) up to 2021-01-04 and daily from 2021-01-05",
    ),
    "weekly to monthly": (
        [*YEAR, *pd.date_range("2021-01-01", periods=12, freq="MS")],
        "(line 54): the rows are weekly (Mondays) up to 2020-12-28 and monthly from 2021-01-01",
    ),
    "monthly to weekly": (
        [*pd.date_range("2018-01-01", periods=36, freq="MS"), *YEAR + 364 * A_DAY],
        "(line 38): the rows are monthly up to 2020-12-01 and weekly (Mondays) from 2021-01-04",
    ),
    "another weekday": (
        [*YEAR, *YEAR + 363 * A_DAY],
        "(line 54): the rows are weekly (Mondays) up to 2020-12-28 and weekly (Sundays) from 2021-01-03",
    ),
    "every second week": (
        [*YEAR, *pd.date_range("2021-01-04", periods=20, freq="14D")],
        "(line 55): the rows are weekly (Mondays) up to 2021-01-04 and every 14 days from 2021-01-18",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_cadence_that_changes_is_refused_with_the_first_line(name):
    dates, message = CHANGES[name]
    assert message in refusal(dates)


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ([*WEEKS[:9], WEEKS[9] + 2 * A_DAY, *WEEKS[10:]],
         "(line 11): 2016-01-27 is a Wednesday, the other weeks start on a Monday (1 such lines)"),
        ([*WORKDAYS, pd.Timestamp("2020-03-07")],
         "(line 202): 2020-03-07 is a Saturday, the other days are Monday, Tuesday, Wednesday, Thursday, Friday"),
        ([*WEEKS, pd.Timestamp("1970-01-01")],
         "(line 62): 1970-01-01 lies 16762 days before the nearest other date, 2015-11-23; correct the date, or drop"),
        ([pd.Timestamp("2099-12-31"), *MONTHS], "(line 2): 2099-12-31 lies 29859 days after the nearest other date"),
        ([*WEEKS[:30], WEEKS[30] - 520 * A_WEEK, *WEEKS[31:]], "(line 32): 2006-07-03 lies"),
        ([*WEEKS[:30], *WEEKS[30:] + 100 * A_WEEK],
         "no rows between 2016-06-13 (line 31) and 2018-05-21 (line 32); add them, or give only the rows before"),
    ],
)  # fmt: skip
def test_dates_off_the_grid_or_far_away_are_refused_with_their_line(dates, message):
    assert message in refusal(dates)
