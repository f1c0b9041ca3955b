"""What stands around a table is told apart from it: titles, units, groups of columns, sums, notes, repeated headers."""

import pytest

from mmm_builder.errors import InputError
from mmm_builder.reading.source import read_text_table

DAYS = [f"2023-01-{day:02d}" for day in range(2, 22)]
HEADER = "date,tv,radio,sales"
NAMES = ["date", "tv", "radio", "sales"]


def row(i, columns=3):
    """Return the fields of a row; all numbers of a column differ."""
    return [DAYS[i], *(f"{100 * i + column}.5" for column in range(columns))]


def body(columns=3, separator=","):
    return [separator.join(row(i, columns)) for i in range(len(DAYS))]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads lines as a file."""

    def read(*lines):
        file = tmp_path / "data.csv"
        file.write_text("\n".join(lines), encoding="utf-8")
        return read_text_table(file, "data.csv")

    return read


def codes(table):
    return [warning.code for warning in table.warnings]


TITLE, UNITS, SUM, AGAIN = "title_lines_skipped", "unit_lines_skipped", "total_row_dropped", "header_repeated"
AROUND = {
    "a title": (["Media report"], [], [], [TITLE]),
    "keys and values": (["Report:,Media", "From:,2023-01-02,To:,2023-02-01", ""], [], [], [TITLE]),
    "keys and values, full": (["Account,12345,Currency,EUR"], [], [], [TITLE]),
    "units": ([], [",EUR,GRP,%"], [], [UNITS]),
    "units for all": ([], ["day,EUR,GRP,EUR"], [], [UNITS]),
    "title, units and blank lines": (["Media", "", ""], ["", "[d],[€],[€],[€]", ""], ["", ",,,"], [TITLE, UNITS]),
    "a sum": ([], [], ["Total,1,2,3"], [SUM]),
    "several sums": ([], [], ["Total,1,2,3", "Average,1,2,3", "Ø,1,2,3", "Mittelwert,1,2,3"], [SUM] * 4),
    "sums in other languages": ([], [], ["Итого за год,1,2,3", "Media,1,2,3", "合计,1,2,3", "Toplam,1,2,3"], [SUM] * 4),
    "a sum without a name": ([], [], [",19010.0,19030.0,19050.0"], [SUM]),
    "a sum above the data": ([], [",19010.0,19030.0,19050.0"], [], [SUM]),
    "notes": ([], [], ["", "Source: agency", "* preliminary, not audited", "Note: a, b, c, d, e, f"], [SUM] * 3),
    "a note with a date": ([], [], ["Exported on,2023-05-05"], [SUM]),
}


@pytest.mark.parametrize(("above", "below_names", "below", "expected"), AROUND.values(), ids=AROUND)
def test_only_the_data_are_left(read, above, below_names, below, expected):
    table = read(*above, HEADER, *below_names, *body(), *below)
    assert list(table.cells.columns) == NAMES
    assert table.cells.to_numpy().tolist() == [row(i) for i in range(len(DAYS))]
    assert table.cells.index[0] == len(above) + len(below_names) + 2, "rows keep their line numbers"
    assert codes(table) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([",TV,,Radio,,", "Date,Spend,GRP,Spend,GRP,Sales"], "Date|TV Spend|TV GRP|Radio Spend|Radio GRP|Sales"),
        (["Date,TV,,Radio,,Sales", ",Spend,GRP,Spend,GRP,"], "Date|TV Spend|TV GRP|Radio Spend|Radio GRP|Sales"),
        (["Date,TV,TV,Radio,Radio,Sales", ",Spend,GRP,Spend,GRP,"], "Date|TV Spend|TV GRP|Radio Spend|Radio GRP|Sales"),
        ([",Media,,,,KPI", "Date,TV,Radio,Search,Print,Sales"], "Date|TV|Radio|Search|Print|Sales"),
        (["Date,TV,,,,", "", ",a,b,c,d,e"], "Date|TV a|TV b|TV c|TV d|TV e"),
        (['date,"TV \u00a0 Spend\nEUR",\u200bradio , \' x \',"y",'], "date|TV Spend EUR|radio|x|y|Unnamed: 5"),
        (["date,,tv,b,c,d"], "date|Unnamed: 1|tv|b|c|d"),
        (["date,2019,tv 2,b,c,d"], "date|2019|tv 2|b|c|d"),
    ],
)
def test_column_names(read, lines, expected):
    assert list(read(*lines, *body(5)).cells.columns) == expected.split("|")


@pytest.mark.parametrize("periods", [DAYS, [*map(str, range(2001, 2021))], [f"{m:02d}.2020" for m in range(1, 13)]])
@pytest.mark.parametrize("separator", list(",;\t"))
def test_periods_across_are_names(read, periods, separator):
    numbers = separator.join(str(i) for i in range(len(periods)))
    table = read(separator.join(["Metric", *periods]), f"TV{separator}{numbers}", f"Sales{separator}{numbers}")
    assert list(table.cells.columns) == ["Metric", *periods]
    assert table.cells["Metric"].tolist() == ["TV", "Sales"]


def test_blank_columns_go(read):
    table = read(",date,,tv,radio,sales,,", *[",{},,{},{},{},,".format(*row(i)) for i in range(len(DAYS))])
    assert list(table.cells.columns) == NAMES
    assert not table.warnings


def test_a_sum_below_is_found_whatever_the_numbers_look_like(read):
    lines = [f"Q{1 + i % 4} {2001 + i // 4},{4000 + i}.{10 + i} 元,{i},{i}" for i in range(20)]
    assert len(read("开始时间,支出,tv,sales", *lines, "合计,80190.0 元,190,190").cells) == 20


def test_exports_glued_together_are_one_table(read):
    table = read("Report", HEADER, *body()[:9], "", "Report", HEADER, *body()[9:])
    assert table.cells["date"].tolist() == DAYS
    assert codes(table) == [TITLE, AGAIN]


def test_sums_among_the_data_go(read):
    table = read(HEADER, *body()[:9], "Total 2022,1,2,3", *body()[9:], "Total 2023,1,2,3")
    assert table.cells["date"].tolist() == DAYS
    assert codes(table) == [SUM, SUM]


@pytest.mark.parametrize(
    "last", ["South,2023-02-01,5,6", "Total Wine,2023-02-01,5,6", "Media,2023-02-01,5,6", "Total,2023-02-01,5,6"]
)
def test_a_last_row_with_a_date_and_numbers_is_data(read, last):
    unit = last.split(",")[0].removeprefix("Total")
    lines = [f"{place},{DAYS[i]},{i},{i}" for place in ("North", unit) for i in range(len(DAYS))]
    assert len(read("geo,date,tv,sales", *lines, last).cells) == 2 * len(DAYS) + 1


@pytest.mark.parametrize("name", ["Total 1", "Sum"])
@pytest.mark.parametrize("periods", [DAYS[:9], [f"Nov-{year}" for year in range(10, 19)]])
def test_rows_of_sums_are_data_where_periods_stand_across(read, name, periods):
    lines = [",".join([metric, *map(str, range(9))]) for metric in ("x1", "x2", "x3", "x4", name)]
    assert len(read(",".join(["Metric", *periods]), *lines).cells) == 5


def test_a_sparse_beginning_and_end_are_data(read):
    lines = [f"{day},,,{i}," if i < 9 else f"{day},1,2,{i},4" for i, day in enumerate(DAYS)]
    assert len(read("date,tv,radio,sales,price", *lines, "2023-01-22,,,,").cells) == len(DAYS) + 1


def test_short_lines_are_filled_and_told(read):
    table = read(HEADER, *body(), "2023-02-01,5")
    assert table.cells.loc[22].tolist() == ["2023-02-01", "5", "", ""]
    assert codes(table) == ["short_lines"]
    assert ": 22;" in table.warnings[0].message


def test_separators_at_the_end_of_the_data_are_no_field(read):
    assert read(HEADER, *[line + ",," for line in body()]).cells.equals(read(HEADER, *body()).cells)


def test_row_numbers_without_a_name_are_a_column(read):
    table = read(HEADER, *[f'"{i}",{line}' for i, line in enumerate(body(), 1)])
    assert list(table.cells.columns) == ["Unnamed: 0", *NAMES]


def test_equal_columns_of_one_name_are_one(read):
    lines = [f"{day},{i},{i},5{i}" for i, day in enumerate(DAYS)]
    table = read("date,tv,tv,sales", *lines)
    assert list(table.cells.columns) == ["date", "tv", "sales"]
    assert codes(table) == ["duplicate_column_dropped"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["date,tv,tv,sales", *body()], "line 1 has the column name 'tv' twice (columns 2 and 3); rename or remove"),
        ([HEADER, *body(), "2023-02-01,5,6,7,8", *body()], "line 22 has 5 fields, the header has 4; put fields"),
        (body(), "line 1 holds numbers where column names belong; add a header line"),
        ([*body()[:9], "a,b,c,d", *body()[9:]], "line 1 holds numbers where column names belong"),
        (["date", *DAYS], "only one column found"),
        (["just a text", "of two lines"], "only one column found"),
        ([HEADER], "the file has a header but no data rows"),
        (["", ",,,", " "], "the file is empty"),
    ],
)
def test_what_is_no_table_is_refused(read, lines, expected):
    with pytest.raises(InputError) as error:
        read(*lines)
    assert expected in str(error.value)
    assert str(error.value).startswith("data.csv: ")
