"""Which column dates the rows, or which columns together, among others that hold dates too."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.errors import InputError
from mmm_builder.shaping.date_column import find_dates

WEEKS = pd.date_range("2019-12-30", periods=110, freq="7D")
MONTHS = pd.date_range("2018-01-01", periods=40, freq="MS")
QUARTERS = pd.date_range("2010-01-01", periods=30, freq="QS")
DAYS = pd.date_range("2020-01-01", periods=100)
ISO = WEEKS.isocalendar()
SPANISH = "ene feb mar abr may jun jul ago sept oct nov dic"
RANDOM = np.random.default_rng(1)


def table(**columns):
    """Return the text cells of some columns, with a KPI and a channel beside them."""
    n = len(next(iter(columns.values())))
    numbers = {"sales": RANDOM.integers(10_000, 80_000, n), "tv_spend": RANDOM.gamma(2, 100, n).round(2)}
    return pd.DataFrame(
        {name: [str(cell) for cell in cells] for name, cells in {**columns, **numbers}.items()}, index=range(2, n + 2)
    )


def found(given=None, **columns):
    return find_dates(table(**columns), given, "data.csv")


def refusal(given=None, **columns):
    with pytest.raises(InputError) as error:
        found(given, **columns)
    return str(error.value)


def written(days, pattern="%Y-%m-%d"):
    return days.strftime(pattern)


SPREAD = {
    "year, week": ({"year": ISO.year, "week": ISO.week}, WEEKS, "week"),
    "yr_nbr, wk_nbr": ({"yr_nbr": ISO.year, "wk_nbr": ISO.week}, WEEKS, "week"),
    "Jahr, KW": ({"Jahr": ISO.year, "Kalenderwoche": [f"KW {w}" for w in ISO.week]}, WEEKS, "week"),
    "année, semaine": ({"Année": ISO.year, "semaine": [f"S{w:02d}" for w in ISO.week]}, WEEKS, "week"),
    "год, неделя": ({"Год": ISO.year, "Неделя": [f"{w} неделя" for w in ISO.week]}, WEEKS, "week"),
    "年, 周": ({"年": ISO.year, "周": [f"第{w}周" for w in ISO.week]}, WEEKS, "week"),
    "년, 주차": ({"년": [f"{y}년" for y in ISO.year], "주차": [f"{w}주차" for w in ISO.week]}, WEEKS, "week"),
    "weeks spelt": ({"year": ISO.year, "x": [f"W{w:02d}" for w in ISO.week]}, WEEKS, "week"),
    "year, month": ({"Year": MONTHS.year, "Month": MONTHS.month}, MONTHS, "month"),
    "month's name": ({"YEAR": MONTHS.year, "period": MONTHS.strftime("%b")}, MONTHS, "month"),
    "año, mes": ({"Mes": [SPANISH.split()[m - 1] for m in MONTHS.month], "Año": MONTHS.year}, MONTHS, "month"),
    "年, 月": ({"年": [f"{y}年" for y in MONTHS.year], "月": [f"{m}月" for m in MONTHS.month]}, MONTHS, "month"),
    "two digits": ({"year": MONTHS.year % 100, "month": MONTHS.strftime("%m")}, MONTHS, "month"),
    "numbers with .0": ({"year": MONTHS.year + 0.0, "month": MONTHS.month + 0.0}, MONTHS, "month"),
    "quarter": ({"Year": QUARTERS.year, "Quarter": [f"Q{q}" for q in QUARTERS.quarter]}, QUARTERS, "quarter"),
    "Quartal": ({"Jahr": QUARTERS.year, "Quartal": [f"{q}. Quartal" for q in QUARTERS.quarter]}, QUARTERS, "quarter"),
    "year, month, day": ({"year": DAYS.year, "month": DAYS.month, "day": DAYS.day}, DAYS, "day"),
}


@pytest.mark.parametrize("name", SPREAD)
def test_dates_over_several_columns(name):
    columns, days, grain = SPREAD[name]
    dated = found(**columns)
    assert (list(dated.dates), dated.grain) == (list(days), grain)
    assert set(dated.parts) == set(columns)
    assert dated.column == dated.parts[-1]
    assert dated.warnings == ()


def test_the_finest_parts_are_taken():
    parts = {"Year": ISO.year, "Quarter": WEEKS.quarter, "Month": WEEKS.month, "Week": ISO.week}
    assert found(**parts).parts == ("Year", "Week")


def test_dates_over_several_columns_of_a_panel():
    three = {"year": np.tile(ISO.year, 3), "week": np.tile(ISO.week, 3), "geo": np.repeat(["a", "b", "c"], 110)}
    assert list(found(**three).dates) == 3 * list(WEEKS)


def test_merged_cells_are_filled_down_and_told():
    first = MONTHS.month == 1
    dated = found(Year=np.where(first, MONTHS.year.astype(str), ""), Month=MONTHS.strftime("%B"))
    assert list(dated.dates) == list(MONTHS)
    assert [w.code for w in dated.warnings] == ["dates_filled_down"]
    dated = found(date=np.where(np.arange(220) % 2 == 0, np.repeat(written(WEEKS), 2), ""), geo=["a", "b"] * 110)
    assert list(dated.dates) == list(np.repeat(WEEKS, 2))


ONE_OF_SEVERAL = {
    "start, not end": ("week_start", {"week_end": written(WEEKS + pd.Timedelta(days=6)), "week_start": written(WEEKS)}),
    "not the export": ("week", {"export_date": ["2022-03-01"] * 110, "week": written(WEEKS, "%d.%m.%Y")}),
    "not the update": (
        "week",
        {
            "updated_at": written(WEEKS + pd.to_timedelta(RANDOM.integers(0, 200, 110), unit="D")),
            "week": written(WEEKS),
        },
    ),
    "not last year": ("date", {"date": written(WEEKS), "date_last_year": written(WEEKS - pd.Timedelta(days=364))}),
    "the finest": (
        "day",
        {"year": WEEKS.year, "quarter": WEEKS.to_period("Q"), "month": written(WEEKS, "%Y-%m"), "day": written(WEEKS)},
    ),
    "rather than parts": ("date", {"year": ISO.year, "week": ISO.week, "date": written(WEEKS)}),
    "not the amounts": ("Woche", {"Woche": written(WEEKS, "%d.%m.%y"), "x": range(44_000, 44_110)}),
    "any name": ("x", {"x": written(WEEKS, "%d %b %Y")}),
}


@pytest.mark.parametrize("name", ONE_OF_SEVERAL)
def test_one_column_of_several(name):
    column, columns = ONE_OF_SEVERAL[name]
    dated = found(**columns)
    assert (dated.column, dated.parts, dated.warnings) == (column, (), ())
    assert list(dated.dates) == list(WEEKS)
    assert dated.evidence.confidence >= 0.9


def test_years_with_months_need_no_name():
    assert list(found(year=MONTHS.year, x=written(MONTHS, "%Y%m")).dates) == list(MONTHS)


def test_a_column_as_good_is_told():
    dated = found(order=written(WEEKS), shipped=written(WEEKS[RANDOM.permutation(110)]))
    assert dated.column == "order"
    assert dated.evidence.confidence <= 0.5
    assert [w.code for w in dated.warnings] == ["date_uncertain"]
    assert dated.warnings[0].message == (
        "'order' taken as the dates, but 'shipped' may be them; name the date column with --date"
    )
    assert found("shipped", order=written(WEEKS), shipped=written(WEEKS[::-1])).dates.iloc[0] == WEEKS[-1]


SERIALS = (WEEKS - pd.Timestamp("1899-12-30")).days


def test_numbers_are_dates_if_their_name_says_so_or_nothing_else_is():
    dated = found(Date=SERIALS)
    assert (list(dated.dates), dated.warnings) == (list(WEEKS), ())
    dated = found(x=SERIALS)
    assert (dated.column, [w.code for w in dated.warnings]) == ("x", ["date_uncertain"])
    assert dated.evidence.confidence < 0.5
    assert "no column holds dates (columns: 'id', 'sales', 'tv_spend')" in refusal(id=range(44_000, 44_110))


def test_times_are_kept_only_where_a_day_has_several():
    hours = pd.date_range("2020-01-01", periods=200, freq="h")
    assert list(found(time=written(hours, "%Y-%m-%d %H:%M")).dates) == list(hours)
    assert list(found(time=written(WEEKS, "%Y-%m-%d 12:30")).dates) == list(WEEKS)


@pytest.mark.parametrize("given", ["a,b", "a+b", "b, a"])
def test_parts_named_by_hand(given):
    dated = found(given, a=ISO.year, b=ISO.week, other=written(WEEKS + pd.Timedelta(days=40)))
    assert (dated.parts, list(dated.dates)) == (("a", "b"), list(WEEKS))
    assert dated.evidence.confidence == 1


def test_a_name_with_a_comma_is_one_column():
    assert found("week, start", **{"week, start": written(WEEKS), "week": ISO.week, "start": ISO.year}).parts == ()


@pytest.mark.parametrize(
    ("given", "columns", "message"),
    [
        (None, {"week": ISO.week}, "no date column: 'week' (line 2) holds '1', which is not a date; write dates like"),
        (None, {"date": written(WEEKS, "%d %b")}, "(line 2) holds '30 Dec', which has no year; add the year, or"),
        (None, {"KW": [f"KW {w}" for w in ISO.week]}, "(line 2) holds 'KW 1', which has no year; add the year"),
        (None, {"date": [*written(WEEKS[:9]), "soon", *written(WEEKS[10:])]},
         "column 'date' (line 11): 'soon' is not a date like the others (1 such lines); correct it"),
        (None, {"date": [*written(WEEKS[:9]), "", *written(WEEKS[10:])]}, "(line 11): the date is missing (1 such"),
        (None, {"year": [2021] * 53, "week": range(1, 54)}, "columns 'year', 'week' (line 54): '2021', '53' make no"),
        (None, {"date": written(MONTHS[:12], "%d/%m/%Y")}, "day and month of '01/01/2018' and others can't be told"),
        ("sales,a", {"a": ISO.year}, "no dates from the columns given with --date (line 2: 'sales' holds"),
        ("tv_spend", {"a": ISO.year}, "no date column: 'tv_spend' (line 2) holds"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(given, columns, message):
    assert message in refusal(given, **columns)
