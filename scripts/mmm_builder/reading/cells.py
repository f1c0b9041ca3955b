"""Rows of text fields to columns of clean cells, in pieces, so that a large file needs little memory."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError

Row = tuple[int, list[str]]
"""The line number of a row and its fields."""

MOST_COLUMNS = 5_000
"""As many as years of days across, or series of hundreds of regions, need."""

PIECE = 500_000
"""About how many cells are held as single strings at a time."""

MOST_LONG_ROWS = 100

ZERO_WIDTH = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
AROUND = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\"'`“”„" + ZERO_WIDTH
)
"""Blanks, quotes and characters without width: they belong to the file, not to its cells."""

_FORMULA = '^="'
_ZERO_WIDTH = re.compile(f"[{ZERO_WIDTH}]")


class Body(NamedTuple):
    """The rows below a header: clean cells with line numbers as index, and the lines of another length."""

    cells: pd.DataFrame
    short: list[int]
    long: dict[int, int]


def clean(field: str) -> str:
    """Return a field without the blanks and quotes around it, and without the `="…"` of spreadsheets."""
    return re.sub(_FORMULA, "", field.strip(AROUND))


def clean_name(field: str) -> str:
    """Return a column's name: clean, every run of blanks and line breaks one blank."""
    return " ".join(_ZERO_WIDTH.sub("", clean(field)).split())


def gather(rows: Iterable[Row], width: int, named: int, name: str) -> Body:
    """Return the rows as clean cells of `width` columns; rows without any content are left out.

    short, long : lines with fewer than `named` fields, and lines with content beyond `width`, with their number.
    Raises InputError if very many lines are too long.
    """
    rows, pieces, lines, short, long = iter(rows), [], [], [], {}
    while piece := list(islice(rows, max(1, PIECE // max(1, width)))):
        short += [line for line, fields in piece if len(fields) < named and any(map(clean, fields))]
        long |= {line: len(f) for line, f in piece if len(f) > width and any(map(clean, f[width:]))}
        if len(long) > MOST_LONG_ROWS:
            raise InputError(long_line(long, width, name))
        fitted = (f if len(f) == width else f[:width] + [""] * (width - len(f)) for _, f in piece)
        columns = [clean_column(list(column)) for column in zip(*fitted, strict=True)]
        filled = _filled(columns)
        pieces.append([column.filter(filled) for column in columns])
        lines.append(np.array([line for line, _ in piece])[filled.to_numpy(zero_copy_only=False)])
    return Body(_frame(pieces, lines, width), short, long)


def long_line(long: dict[int, int], width: int, name: str) -> str:
    """Return the message about the first line that is too long."""
    line = min(long)
    told = f"line {line} has {long[line]} fields, the header has {width}"
    return f"{name}: {told}; put fields that hold the separator in quotes"


def clean_column(fields: Any) -> Any:
    """Return fields (strings, or an arrow array of them) as an arrow array of clean cells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.utf8_trim(pa.array(fields, type=pa.large_string()) if isinstance(fields, list) else fields, AROUND)
    if pc.any(pc.starts_with(column, "=")).as_py():
        column = pc.replace_substring_regex(column, _FORMULA, "")
    return column


def _filled(columns: list[Any]) -> Any:
    """Return which rows hold anything."""
    import pyarrow.compute as pc

    filled = pc.not_equal(columns[0], "")
    for column in columns[1:]:
        filled = pc.or_(filled, pc.not_equal(column, ""))
    return filled


def as_frame(columns: list[Any], index: pd.Index) -> pd.DataFrame:
    """Return arrow arrays of cells as a table whose columns are numbered."""
    import pyarrow as pa

    table = pa.table(columns, names=list(map(str, range(len(columns)))))
    text = pd.StringDtype(na_value=np.nan)
    return table.to_pandas(types_mapper=lambda _: text).set_axis(index).set_axis(range(len(columns)), axis="columns")


def _frame(pieces: list[list[Any]], lines: list[np.ndarray], width: int) -> pd.DataFrame:
    """Return pieces of columns as one table."""
    import pyarrow as pa

    index = pd.Index(np.concatenate(lines) if lines else np.array([], dtype=int), dtype="int64")
    columns = [pa.chunked_array([piece[i] for piece in pieces], pa.large_string()) for i in range(width)]
    return as_frame([column.combine_chunks() for column in columns], index)
