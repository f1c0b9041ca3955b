"""Bytes to text and text to numbers: any usual encoding, separator and number format gives the same table."""

import codecs
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm_builder.reading.numerals import decimal_mark, to_numbers
from mmm_builder.reading.source import read_text_table

RUSSIAN = [["Дата", "Выручка, руб.", "Расходы ТВ"], *[[f"{d:02d}.01.2023", f"{d}5,5", "0"] for d in range(1, 29)]]
GERMAN = [["Woche ab", "Umsatz (€)", "Außenwerbung"], *[[f"{d:02d}.01.2023", f"{d}5,5 €", "0"] for d in range(1, 29)]]
CHINESE = [["日期", "销售额", "电视广告花费"], *[[f"2023年1月{d}日", f"{d}5.5", "0"] for d in range(1, 29)]]


def quoted(rows, separator):
    return "\n".join(separator.join(f'"{field}"' for field in row) for row in rows)


@pytest.mark.parametrize("separator", list(",;\t|"))
@pytest.mark.parametrize(
    ("rows", "encoding"),
    [
        *itertools.product([RUSSIAN, GERMAN, CHINESE], ["utf-8", "utf-8-sig", "utf-16"]),
        (RUSSIAN, "cp1251"),
        (GERMAN, "cp1252"),
        (CHINESE, "gb18030"),
    ],
)
def test_encoding_and_separator_are_found(tmp_path, rows, encoding, separator):
    file = tmp_path / "data.csv"
    file.write_bytes(quoted(rows, separator).encode(encoding))
    table = read_text_table(file)
    assert [list(table.cells.columns), *table.cells.to_numpy().tolist()] == rows
    assert table.separator == separator
    assert codecs.lookup(table.encoding) == codecs.lookup(encoding)


def test_semicolon_file_with_decimal_commas_is_not_cut_at_commas(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("a;b\n" + "1,5;2,5\n" * 20)
    assert read_text_table(file).separator == ";"


def test_what_stands_around_the_table_is_left_out_and_told(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("Weekly report\n\nDATE, TV ,'y'\n2020-01-06,1,2\n2020-01-13,3\n,,\nTotal,4,2\nSource: us,,\n")
    table = read_text_table(file)
    assert list(table.cells.columns) == ["DATE", "TV", "y"]
    assert list(table.cells.index) == [4, 5], "rows keep their line numbers"
    assert table.cells.to_numpy().tolist() == [["2020-01-06", "1", "2"], ["2020-01-13", "3", ""]]
    assert [w.code for w in table.warnings] == [
        "title_lines_skipped", "total_row_dropped", "total_row_dropped", "short_lines",
    ]  # fmt: skip


def test_line_breaks_in_quotes_do_not_shift_line_numbers(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text('date,note\n2020-01-06,"two\nlines"\n2020-01-13,x\n')
    assert list(read_text_table(file).cells.index) == [2, 4]


def numbers(cells, separator=";"):
    table = pd.DataFrame({"x": cells})
    decimal, open_cell = decimal_mark(table, separator)
    values, wrong = to_numbers(table["x"], decimal)
    return values.tolist(), wrong.tolist(), decimal, open_cell


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,234.5", "12", "0.25"], [1234.5, 12, 0.25]),
        (["1.234,5", "12", "0,25"], [1234.5, 12, 0.25]),
        (["1 234,5", "1\u202f234\u00a0567,8"], [1234.5, 1234567.8]),
        (["1'234.50", "1’000"], [1234.5, 1000]),
        (["12,34,567.5", "1,00,000"], [1234567.5, 100000]),
        (["2.754.371,67 €", "€ 12,5", "(4,5)", "-3,5", "−2,5"], [2754371.67, 12.5, -4.5, -3.5, -2.5]),
        (["7.3%", "$1.5", "10 USD", "руб. 5.5", "1.5e3"], [7.3, 1.5, 10, 5.5, 1500]),
        (["1.234.567", "1.234"], [1234567, 1234]),
        ([".5", "5."], [0.5, 5]),
    ],
)
def test_numbers_in_any_usual_form(cells, expected):
    values, wrong, _, open_cell = numbers(cells)
    assert values == pytest.approx(expected)
    assert not any(wrong)
    assert open_cell is None


@pytest.mark.parametrize("cell", ["", "-", "–", "#N/A", "#DIV/0!", "n/a", "NA", "nan", "NULL", "."])
def test_signs_for_nothing(cell):
    values, wrong, _, _ = numbers([cell, "1.5"])
    assert np.isnan(values[0])
    assert not any(wrong)


@pytest.mark.parametrize("cell", ["abc", "12x", "1,2,3", "1_000", "inf", "1e999", "12 34", "--5"])
def test_what_is_no_number_is_marked(cell):
    values, wrong, _, _ = numbers([cell, "1.5"])
    assert wrong == [True, False]
    assert np.isnan(values[0])


def test_an_open_decimal_mark_is_told():
    assert numbers(["1.234", "5.678"], separator=";") == ([1234.0, 5678.0], [False, False], ",", "1.234")
    assert numbers(["1.234", "5.678"], separator=",") == ([1.234, 5.678], [False, False], ".", "1.234")


@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1), st.sampled_from([",.", ".,", " ,", "'."]))
def test_writing_and_reading_a_number_changes_nothing(values, marks):
    group, point = marks
    cells = [f"{v:,.2f}".replace(",", "g").replace(".", point).replace("g", group) for v in values]
    read, wrong, decimal, _ = numbers(cells)
    assert read == values
    assert not any(wrong)
    assert decimal == point
