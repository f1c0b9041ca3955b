"""Files of any format by their content, and delimited text: separators, quotes, line numbers, hostile files."""

import codecs
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import reader as benchmark
from mmm_builder.errors import InputError
from mmm_builder.reading import cells as cells_module
from mmm_builder.reading.source import read_text_table

RUSSIAN = [["Дата", "Выручка, руб.", "Расходы ТВ"], *[[f"{d:02d}.01.2023", f"{d}5,5", "0"] for d in range(1, 29)]]
GERMAN = [["Woche ab", "Umsatz (€)", "Außenwerbung"], *[[f"{d:02d}.01.2023", f"{d}5,5 €", "0"] for d in range(1, 29)]]
CHINESE = [["日期", "销售额", "电视广告花费"], *[[f"2023年1月{d}日", f"{d}5.5", "0"] for d in range(1, 29)]]
PLAIN = [["date", "tv", "sales"], *[[f"2023-01-{d:02d}", f"{d}.5", f"{d}0"] for d in range(1, 29)]]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads bytes or text as a file."""

    def read(content, **options):
        file = tmp_path / "data.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_text_table(file, "data.csv", **options)

    return read


def written(rows, separator=",", quote='"', end="\n"):
    return end.join(separator.join(f"{quote}{field}{quote}" for field in row) for row in rows)


def contents(table):
    return [list(table.cells.columns), *table.cells.to_numpy().tolist()]


@pytest.mark.parametrize("separator", list(",;\t|"))
@pytest.mark.parametrize(
    ("rows", "encoding"),
    [
        *itertools.product([RUSSIAN, GERMAN, CHINESE], ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
        (RUSSIAN, "cp1251"),
        (GERMAN, "cp1252"),
        (CHINESE, "gb18030"),
    ],
)
def test_encoding_and_separator_are_found(read, rows, encoding, separator):
    table = read(written(rows, separator).encode(encoding))
    assert contents(table) == rows
    assert table.separator == separator
    assert codecs.lookup(table.encoding) == codecs.lookup(encoding)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ['"', "'", "", " "])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ; ", " | "])
def test_quotes_blanks_and_line_ends_make_no_difference(read, separator, quote, end):
    table = read(written(PLAIN, separator, quote, end))
    assert contents(table) == PLAIN
    assert list(table.cells.index) == list(range(2, 30))


def test_the_separator_that_a_file_tells_is_used(read):
    table = read("sep=:\n" + written(PLAIN, ":", ""))
    assert contents(table) == PLAIN
    assert (table.separator, table.cells.index[0]) == (":", 3)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a;b\n" + "1,5;2,5\n" * 20, ";"),
        ("a, EUR;b, EUR\n" + "1,5;2,5\n" * 20, ";"),
        ("date,campaign,spend\n" + "2023-01-01,Brand|Search|DE,5\n" * 20, ","),
        ("date\ttv\n" + "2023-01-01\t1.234,5\n" * 20, "\t"),
        ('date,tv\n"2023-01-01","1,5"\n', ","),
    ],
)
def test_marks_inside_fields_are_no_separators(read, text, separator):
    table = read(text)
    assert table.separator == separator
    assert len(table.cells.columns) == text.split("\n")[0].count(separator) + 1


def test_rows_quoted_as_a_whole_are_parted(read):
    lines = written(PLAIN, ",", "").split("\n")
    assert contents(read("\n".join(f'"{line}"' for line in lines))) == PLAIN


def test_line_breaks_in_quotes_do_not_shift_line_numbers(read):
    table = read('date,note,x\n2020-01-06,"two\nlines, and more",1\n2020-01-13,x,2\n')
    assert list(table.cells.index) == [2, 4]
    assert table.cells["note"][2] == "two\nlines, and more"


def test_formulas_of_text_are_their_text(read):
    assert read('date,x\n="2020-01-06",="007"\n').cells.iloc[0].tolist() == ["2020-01-06", "007"]


@given(rows=st.integers(1, 40), piece=st.integers(1, 60))
def test_reading_in_pieces_changes_nothing(tmp_path_factory, rows, piece):
    file = tmp_path_factory.mktemp("pieces") / "data.csv"
    file.write_text("a,b,c\n" + "".join(f"x{i},{i},{i}.5\n" if i % 7 else "\n" for i in range(1, rows + 1)))
    whole = read_text_table(file).cells
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_module, "PIECE", piece)
        assert read_text_table(file).cells.equals(whole)


UNREADABLE = {
    b"": "the file is empty",
    b" \n \n": "the file is empty",
    b"\xef\xbb\xbf": "the file is empty",
    b"PK\x03\x04 and no more": "a damaged workbook or zip archive",
    b"\xd0\xcf\x11\xe0 and no more": "this is a damaged workbook",
    b"PAR1 and no more": "the Parquet file can't be read",
    b"\x1f\x8b\x08 packed": "a gzip archive; unpack it",
    b"%PDF-1.7 text": "a PDF document; export the table as CSV",
    b"<!DOCTYPE html><table>": "a web page",
    b'<?xml version="1.0"?><Workbook>': "an XML file",
    b'[{"date": "2020-01-06"}]': "a JSON file",
    b"date,x\n1,\x00\n": "zero bytes",
    b"date,tv,x\n2020-01-06,\"1,2\n2020-01-13,1,2\n": "line 2 opens a quote that is not closed",
    b"date,tv,x\n1,2,3\n" * 3 + b'1,"2,3\n' + b"1,2,3\n" * 3 + b'1,2",3\n': "line 7 opens a quote that is not closed",
    b"a,b\n" + b'1,"' + b"x\n" * 400_000 + b'"\n': "line 2 opens a quote that is not closed",
    b"a,b\n" + b"x" * 5_000_000 + b",1\n": "line 2 has 5000003 characters",
    b"a" + b",a" * 1_000_000 + b"\n1\n": "line 1 has 2000002 characters",
    b"a" + b",a" * 100_000 + b"\n1\n": "line 1 has 100001 fields, more than 5000",
    b"a,b\n" + b"1,2,3\n" * 100_000: "line 2 has 3 fields, the header has 2",
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), UNREADABLE.items(), ids=UNREADABLE.values())
def test_what_is_no_table_is_refused_with_one_line(read, content, expected):
    with pytest.raises(InputError) as error:
        read(content)
    assert expected in str(error.value)
    assert str(error.value).startswith("data.csv: ")
    assert "\n" not in str(error.value)


def test_a_csv_file_has_no_sheets(read):
    with pytest.raises(InputError, match="a CSV file, which has no sheets"):
        read(written(PLAIN), sheet="Data")


def test_the_benchmark_reads_its_own_files(capsys):
    assert benchmark.main(["--megabytes", "0.5", "--limit-seconds", "600"]) == 0
    assert capsys.readouterr().out.count(" 0 cells not read: met") == 2
