"""From the bytes of a CSV file to a table of text: encoding, separator, header, and what stands around the table."""

import csv
import io
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import charset_normalizer
import numpy as np
import pandas as pd

from ..errors import InputError
from ..verdicts import ProfileWarning
from .naming import says

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
NOT_CSV = {b"PK\x03\x04": "an Excel or zip file", b"\xd0\xcf\x11\xe0": "an old Excel file", b"PAR1": "a Parquet file"}
LEGACY_ENCODINGS = ["cp1252", "cp1251", "cp1250", "cp1254", "gb18030", "cp932", "cp949"]
SEPARATORS = "\t;|,"
"""In the order in which they are believed: a comma may be a decimal mark inside a consistent `;` file."""

SAMPLE_ROWS = 200
FIELD_LIMIT = 10_000_000
FIELD_LINES = 20
"""Most line breaks inside one quoted field."""


class TextTable(NamedTuple):
    """A file as text. `cells` has the file's own column names (stripped), stripped text, and line numbers as index."""

    cells: pd.DataFrame
    path: str
    encoding: str
    separator: str
    warnings: tuple[ProfileWarning, ...]


def read_text_table(csv_file: Path, name: str | None = None) -> TextTable:
    """Read a CSV file as text. Raises InputError that names the file (as `name`), the line if any, and the cure."""
    name = name or str(csv_file)
    text, encoding = _decode(_read_bytes(csv_file, name), name)
    separator = _separator(text)
    rows = _rows(text, separator, name)
    header = _header(rows, name)
    warnings = []
    if header > 0:
        lines = ", ".join(str(line) for line, _ in rows[:header])
        warnings.append(
            ProfileWarning(code="title_lines_skipped", message=f"lines above the column names not used: {lines}")
        )
    names = _column_names(rows[header], name)
    body = rows[header + 1 :]
    while body and _is_footer(body[-1][1]):
        line, fields = body.pop()
        told = f"line {line} ({quote(next(filter(None, fields)))}) below the data, a total or a note, not used"
        warnings.append(ProfileWarning(code="total_row_dropped", message=told))
    if not body:
        raise InputError(f"{name}: the file has a header but no data rows; export the data with the column names")
    cells, short = _rectangle(body, names, name)
    if short:
        told = f"lines with fewer fields than the header, the rest taken as empty: {some(short)}"
        warnings.append(ProfileWarning(code="short_lines", message=told))
    return TextTable(cells, name, encoding, separator, tuple(warnings))


def some(items: list, limit: int = 8) -> str:
    """Return the first few items as text, with the number of the others."""
    shown = ", ".join(str(item) for item in items[:limit])
    return shown + (f" and {len(items) - limit} more" if len(items) > limit else "")


def quote(cell: str, limit: int = 40) -> str:
    """Return a cell in quotes as a message shows it, cut if it is long."""
    return repr(cell if len(cell) <= limit else cell[: limit - 1] + "…")


def _read_bytes(csv_file: Path, name: str) -> bytes:
    """Return the file's bytes. Raises InputError if it is missing, a folder, not permitted or empty."""
    try:
        data = Path(csv_file).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{name}: the file does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{name}: this is a folder; give the CSV file itself") from None
    except OSError as error:
        raise InputError(f"{name}: the file can't be read ({error.strerror}); check its permissions") from None
    if not data.strip():
        raise InputError(f"{name}: the file is empty; export the data again")
    return data


def _decode(data: bytes, name: str) -> tuple[str, str]:
    """Return the text and the encoding: by byte order mark, else UTF-8 if it fits, else by the statistics of bytes."""
    for magic, what in NOT_CSV.items():
        if data.startswith(magic):
            raise InputError(f"{name}: this is {what}, not CSV; save the sheet as CSV (UTF-8) and give that file")
    encoding = next((e for mark, e in BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = _decode_legacy(data, name)
    if "\0" in text:
        raise InputError(f"{name}: not readable as text (it holds zero bytes); save it as CSV (UTF-8)")
    return text, encoding


def _decode_legacy(data: bytes, name: str) -> tuple[str, str]:
    """Return text and encoding of bytes that are no UTF-8; lines in plain ASCII say nothing and are not looked at."""
    telling = b"\n".join(line for line in dict.fromkeys(data.split(b"\n")) if not line.isascii())
    match = charset_normalizer.from_bytes(telling, cp_isolation=LEGACY_ENCODINGS).best() if b"\0" not in data else None
    if match is None:
        raise InputError(f"{name}: not readable as text in any known encoding; save it as CSV (UTF-8)")
    same = {match.encoding, *match.could_be_from_charset}
    encoding = next(e for e in [*LEGACY_ENCODINGS, match.encoding] if e in same)
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}: line {line} is not readable as {encoding}; save the file as CSV (UTF-8)") from None


def _separator(text: str) -> str:
    """Return the separator that cuts the most of the first rows into one and the same number of fields, at least 2."""
    best, best_share = ",", 0.0
    for separator in SEPARATORS:
        counts = [len(row) for row in islice(_parse(text, separator), SAMPLE_ROWS) if row]
        width = _usual_width(counts)
        share = counts.count(width) / len(counts) if counts and width > 1 else 0.0
        if share > best_share + 0.05:
            best, best_share = separator, share
    return best


def _usual_width(counts: list[int]) -> int:
    return max(set(counts), key=lambda n: (counts.count(n), n)) if counts else 0


def _parse(text: str, separator: str) -> Any:
    csv.field_size_limit(FIELD_LIMIT)
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _rows(text: str, separator: str, name: str) -> list[tuple[int, list[str]]]:
    """Return (line number, stripped fields) of every row that holds anything; the number is the row's first line."""
    reader, rows, line = _parse(text, separator), [], 1
    try:
        for row in reader:
            fields = [field.strip().strip("\"'\ufeff").strip() for field in row]
            if any(field.count("\n") > FIELD_LINES for field in fields):
                raise InputError(f"{name}: line {line} opens a quote that is not closed; close or remove it")
            if any(fields):
                rows.append((line, fields))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}: line {line} is not readable as CSV ({error}); check its quotes") from None
    if not rows:
        raise InputError(f"{name}: the file is empty; export the data again")
    return rows


def _header(rows: list[tuple[int, list[str]]], name: str) -> int:
    """Return the position of the column names: the first row that is as full as the table is wide."""
    widths = [sum(map(bool, fields)) for _, fields in rows[:SAMPLE_ROWS]]
    full = max(2, 0.6 * np.quantile(widths, 0.75))
    for position, (line, fields) in enumerate(rows[:SAMPLE_ROWS]):
        if widths[position] >= full:
            if sum(_is_number(f) for f in fields) > len(fields) / 2:
                raise InputError(f"{name}: line {line} holds numbers where column names belong; add a header line")
            return position
    raise InputError(f"{name}: only one column found; separate the columns with commas, semicolons or tabs")


def _is_number(field: str) -> bool:
    return field.replace(".", "", 1).replace(",", "").lstrip("+-").isdecimal()


def _column_names(header: tuple[int, list[str]], name: str) -> list[str]:
    """Return the names; blank ones become `Unnamed: 0` and so on. Raises InputError if one is there twice."""
    line, fields = header
    names = [" ".join(field.split()) or f"Unnamed: {position}" for position, field in enumerate(fields)]
    for position, column in enumerate(names):
        if column in names[:position]:
            first = names.index(column) + 1
            raise InputError(
                f"{name}: line {line} has the column name {quote(column)} twice (columns {first} and {position + 1}); "
                "rename or remove one"
            )
    return names


def _is_footer(fields: list[str]) -> bool:
    """Whether the last row is a total or a note rather than data."""
    filled = [field for field in fields if field]
    return says("total", filled[0]) is not None or (len(filled) == 1 and len(fields) > 2)


def _rectangle(body: list[tuple[int, list[str]]], names: list[str], name: str) -> tuple[pd.DataFrame, list[int]]:
    """Return the cells as a frame, and the lines that were shorter than the header.

    Raises InputError if a line has more filled fields than there are columns. Columns without name and data go.
    """
    width, short, records = len(names), [], []
    for line, fields in body:
        if any(fields[width:]):
            raise InputError(
                f"{name}: line {line} has {len(fields)} fields, the header has {width}; "
                "put fields that hold the separator in quotes"
            )
        if len(fields) < width:
            short.append(line)
        records.append(fields[:width] + [""] * (width - len(fields)))
    cells = pd.DataFrame(records, columns=names, index=[line for line, _ in body], dtype=object)
    empty = [c for c in names if c.startswith("Unnamed: ") and not cells[c].any()]
    return cells.drop(columns=empty), short
