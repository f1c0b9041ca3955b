"""Workbooks and Parquet: typed cells become text that reads back as the same values; damaged files are refused."""

import contextlib
import datetime
import io
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm_builder.errors import InputError
from mmm_builder.reading.numerals import read_numbers
from mmm_builder.reading.source import read_text_table
from mmm_builder.reading.typed import cell_text

WORKBOOKS = Path(__file__).parent / "workbooks"
WEEKS = [datetime.datetime(2023, 1, 2) + datetime.timedelta(days=7 * i) for i in range(20)]
ROWS = [["Week", "TV spend", "Sales"], *[[week, 100.5 + i, 1000 + i] for i, week in enumerate(WEEKS)]]


def book_bytes(sheets, hidden=()):
    """Return a workbook of sheets: rows by name."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


FRAME = pd.DataFrame(
    {
        "Week ": pd.to_datetime(WEEKS),
        "tv": [*np.linspace(0, 1e7, 18), np.nan, 1 / 3],
        "clicks": range(20),
        "geo": pd.Categorical(["North", "South"] * 10),
        "promo": [True, False] * 10,
        "note": [None, *["n/a"] * 19],
    }
)


def parquet(frame, **options):
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)
    return buffer.getvalue()


@pytest.fixture
def read(tmp_path):
    """Return a function that reads bytes, or the sheets of a workbook, as a file whose ending tells nothing."""

    def read(content, sheet=None, **options):
        file = tmp_path / "data.csv"
        file.write_bytes(content if isinstance(content, bytes) else book_bytes(content, **options))
        return read_text_table(file, "data.xlsx", sheet)

    return read


def numbers(table):
    return read_numbers(table.cells, np.ones(len(table.cells), dtype=bool), table.separator, table.decimal)


def test_a_sheet_is_read_with_its_own_row_numbers(read):
    table = read({"Data": [["Media plan"], [], *[[None, *row] for row in ROWS], [], [None, "Total", 5.5, 7]]})
    assert list(table.cells.columns) == ["Week", "TV spend", "Sales"]
    assert list(table.cells.index) == list(range(4, 24))
    assert table.cells.loc[4].tolist() == ["2023-01-02", "100.5", "1000"]
    assert (table.format, table.sheet, table.encoding, table.separator) == ("xlsx", "Data", None, None)
    assert [w.code for w in table.warnings] == ["title_lines_skipped", "total_row_dropped"]


@pytest.mark.parametrize("file", ["plan.xls", "plan.ods"])
def test_older_and_open_formats_are_read(file):
    table = read_text_table(WORKBOOKS / file)
    assert list(table.cells.columns) == ["Woche", "Umsätze", "TV"]
    assert table.cells.loc[4].tolist() == ["2023-01-02", "1000.25", "0"]
    assert len(table.cells) == 10
    assert (table.format, table.sheet) == (file[-3:], "Daten")


def test_the_first_visible_sheet_with_a_table_is_read_unless_one_is_named(read):
    words = [["About", "this file"], ["Made by", "us"]]
    limits = [["name", "value"], ["TV", 5], ["Radio", 6]]
    sheets = {"Cover": [["A report"]], "About": words, "Old": ROWS, "Limits": limits, "Data": ROWS, "Last": ROWS[:5]}
    table = read(sheets, hidden=["Old"])
    assert table.sheet == "Data"
    assert [w.code for w in table.warnings] == ["other_sheets"]
    assert read(sheets, "Old", hidden=["Old"]).sheet == "Old"
    assert list(read(sheets, "Limits").cells.columns) == ["name", "value"]


@pytest.mark.parametrize(
    ("sheets", "sheet", "expected"),
    [
        ({"Data": ROWS, "Cover": []}, "Dat", "there is no sheet 'Dat' (did you mean 'Data'?); sheets: 'Data', 'Cover'"),
        ({"Data": ROWS, "Cover": []}, "Cover", "(sheet 'Cover'): the file is empty"),
        ({"Data": [], "Cover": [["only text"]]}, None, "no sheet holds a table"),
        ({"Data": [["Week", "Sales"]]}, None, "(sheet 'Data'): the file has a header but no data rows"),
    ],
)
def test_sheets_without_a_table_are_refused(read, sheets, sheet, expected):
    with pytest.raises(InputError) as error:
        read(sheets, sheet)
    assert expected in str(error.value)


CELLS = st.one_of(
    st.floats(-1e12, 1e12),
    st.floats(-100, 100).map(lambda x: round(x, 3)),
    st.integers(-(10**9), 10**9),
    st.booleans(),
    st.none(),
)


@given(
    typed=st.lists(CELLS, min_size=1),
    text=st.lists(st.sampled_from(["0,5", "1,25", "1.234,5"]), min_size=1, max_size=3),
)
def test_numbers_beside_texts_with_a_decimal_comma_are_not_misread(tmp_path_factory, typed, text):
    file = tmp_path_factory.mktemp("typed") / "data.xlsx"
    column = [*typed, *text, *WEEKS[:0]]
    rows = [[i, cell, 5.5] for i, cell in enumerate(column)]
    file.write_bytes(book_bytes({"Data": [["row", "x", "y"], *rows]}))
    read = numbers(read_text_table(file))
    expected = [np.nan if cell is None else float(cell) for cell in typed] + [
        float(cell.replace(".", "").replace(",", ".")) for cell in text
    ]
    assert np.allclose(read.values["x"], expected, rtol=1e-14, atol=0, equal_nan=True)
    assert (read.values["y"] == 5.5).all()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime.datetime(2023, 1, 2), "2023-01-02"),
        (datetime.datetime(2023, 1, 1, 23, 59, 59, 999_700), "2023-01-02"),
        (datetime.datetime(2023, 1, 2, 13, 30), "2023-01-02 13:30:00"),
        (datetime.date(2023, 1, 2), "2023-01-02"),
        (True, "1"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_typed_cells_as_text(value, expected):
    assert cell_text(value, ".") == expected
    if isinstance(value, float):
        assert cell_text(value, ",") == expected.replace(".", ",")


def test_one_column_of_pasted_text_is_parted(read):
    lines = [
        ";".join(map(str, row))
        for row in [["Woche", "TV", "Umsatz"], *[[f"2023-01-{i:02d}", "1,5", i] for i in range(1, 20)]]
    ]
    table = read({"Data": [[line] for line in lines]})
    assert list(table.cells.columns) == ["Woche", "TV", "Umsatz"]
    assert table.cells.iloc[0].tolist() == ["2023-01-01", "1,5", "1"]


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def far_apart():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = 1.5, 2.5
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


BOOK = book_bytes({"Data": ROWS})
SHEET = BOOK.index(b"xl/worksheets/sheet1.xml") + 100
DAMAGED = {
    "cut": (BOOK[: len(BOOK) // 2], "damaged workbook or zip archive"),
    "changed": (
        BOOK[:SHEET] + bytes(byte ^ 0x55 for byte in BOOK[SHEET:][:200]) + BOOK[SHEET + 200 :],
        "damaged workbook",
    ),
    "a CSV in a zip": (zipped(data="a,b"), "this is a zip archive ('data'); unpack it"),
    "a text document": (zipped(word__document="x"), "this is a text document"),
    "Numbers": (zipped(Index__Document="x"), "this is a Numbers document; export it as CSV or .xlsx"),
    "an empty archive": (zipped(), "this is a zip archive"),
    "protected": ((WORKBOOKS / "protected.xlsx").read_bytes(), "protected by a password; save it without one"),
    "cells far apart": (far_apart(), "filled cells of a sheet reach to row 1048576 and column 16384"),
}


@pytest.mark.parametrize(("content", "expected"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_workbook_is_refused_with_one_line(read, content, expected):
    with pytest.raises(InputError) as error:
        read(content)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def circle_of_sectors():
    """Return an old workbook whose second sector is followed by itself."""
    content = bytearray((WORKBOOKS / "plan.xls").read_bytes())
    table = (int.from_bytes(content[76:80], "little") + 1) * 512
    content[table + 4 : table + 8] = (1).to_bytes(4, "little")
    return bytes(content)


def open_document(old, new):
    """Return the open document with a part of its cells replaced."""
    with zipfile.ZipFile(WORKBOOKS / "plan.ods") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert old in members["content.xml"]
    members["content.xml"] = members["content.xml"].replace(old, new)
    return zipped(**members)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (circle_of_sectors(), "a damaged workbook (a circle of sectors)"),
        (open_document(b"</table:table>", b"</table:tabl>"), "a damaged workbook or zip archive (mismatched tag"),
        (
            open_document(b' office:value="0"', b' table:number-columns-repeated="99999999"'),
            "repeats cells far too often",
        ),
    ],
)
def test_damage_that_the_reader_does_not_survive_is_found_before(read, content, expected):
    with pytest.raises(InputError) as error:
        read(content)
    assert expected in str(error.value)


@given(st.data())
def test_changed_bytes_end_in_a_table_or_an_error(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("changed") / "data"
    content = bytearray(data.draw(st.sampled_from([BOOK, (WORKBOOKS / "plan.xls").read_bytes(), parquet(FRAME)])))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    with contextlib.suppress(InputError):
        assert len(read_text_table(file).cells)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def test_parquet_is_read_by_its_types(read):
    table = read(parquet(FRAME))
    assert list(table.cells.columns) == ["Week", "tv", "clicks", "geo", "promo", "note"]
    assert list(table.cells.index) == list(range(1, 21))
    assert table.cells["Week"].tolist() == [f"{week:%Y-%m-%d}" for week in WEEKS]
    assert numbers(table).values["tv"].equals(FRAME["tv"].set_axis(table.cells.index))
    assert table.cells.loc[1, ["clicks", "geo", "promo", "note"]].tolist() == ["0", "North", "1", ""]
    assert (table.format, table.decimal) == ("parquet", ".")


def test_an_index_of_pandas_is_a_column(read):
    assert list(read(parquet(FRAME.set_index("Week "))).cells.columns)[:2] == ["Week", "tv"]
    assert list(read(parquet(FRAME.set_index(["geo", "Week "]))).cells.columns)[:3] == ["geo", "Week", "tv"]
    assert read(parquet(FRAME.iloc[3:])).cells.columns[0] == "Week"


def test_times_of_day_and_decimal_commas_are_kept(read):
    table = read(
        parquet(
            pd.DataFrame(
                {"t": pd.to_datetime(["2023-01-02 06:30", "2023-01-03 00:00"]), "x": ["0,5", "1,5"], "y": [0.5, 2]}
            )
        )
    )
    assert table.cells["t"].tolist() == ["2023-01-02 06:30:00", "2023-01-03 00:00:00"]
    assert numbers(table).values[["x", "y"]].to_numpy().tolist() == [[0.5, 0.5], [1.5, 2.0]]


def test_columns_of_lists_are_left_out_and_told(read):
    table = read(parquet(FRAME.assign(many=[[1, 2]] * 20)))
    assert "many" not in table.cells
    assert [w.code for w in table.warnings] == ["nested_columns_skipped"]


def no_columns():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"x": pa.array([[1], [2]])}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (parquet(FRAME)[:-100], "the Parquet file can't be read"),
        (parquet(FRAME)[:200] + b"\0" * 400 + parquet(FRAME)[600:], "Parquet file can't be read"),
        (parquet(FRAME.iloc[:0]), "no rows or no columns"),
        (no_columns(), "no rows or no columns"),
        (parquet(FRAME[["note"]].iloc[:1]), "the file holds no values"),
    ],
)
def test_damaged_or_empty_parquet_is_refused(read, content, expected):
    with pytest.raises(InputError, match=expected):
        read(content)


def test_parquet_has_no_sheets(read):
    with pytest.raises(InputError, match="a Parquet file, which has no sheets"):
        read(parquet(FRAME), sheet="Data")
