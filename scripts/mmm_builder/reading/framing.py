"""From rows of fields to a table: names, cells, and what stands around them left out and told."""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from .cells import MOST_COLUMNS, Row, clean, clean_name, gather, long_line
from .header import Header, find_header, periods_across
from .margins import drop_margins
from .text import quote, some

HEAD_ROWS = 120
"""Most rows among which the header is looked for."""

HEAD_CELLS = 20_000

NAME_MAX = 300
"""Most characters of a column name; what is longer is no header."""


class Framed(NamedTuple):
    """A table with its own column names and line numbers; has_numbers : whether a column holds numbers or dates."""

    cells: pd.DataFrame
    warnings: list[ProfileWarning]
    has_numbers: bool


def frame(rows: Iterable[Row], name: str) -> Framed:
    """Return the table that rows of fields hold. Raises InputError with line or column and the cure."""
    rows = iter(rows)
    head = _head(rows, name)
    header = find_header(head, name)
    named = max((i for i, column in enumerate(header.names) if column), default=0) + 1
    body = gather(chain(head[header.first :], rows), len(header.names), named, name)
    if not len(body.cells):
        raise InputError(f"{name}: the file has a header but no data rows; export the data with the column names")
    cells, dropped = drop_margins(body.cells, header.typed, header.above, across=periods_across(header.names))
    long = {line: count for line, count in body.long.items() if line in cells.index}
    if long:
        raise InputError(long_line(long, len(header.names), name))
    if not len(cells):
        raise InputError(f"{name}: the file has a header but no data rows; export the data with the column names")
    cells, doubled = name_columns(cells, header.names, f"{name}: line {header.line}")
    short = [line for line in body.short if line in cells.index]
    return Framed(cells, [*_told(header), *dropped, *doubled, *_told_short(short)], any(header.typed))


def _head(rows: Iterable[Row], name: str) -> list[Row]:
    """Return the first rows that hold anything. Raises InputError if there are none, or too many columns."""
    head: list[Row] = []
    for line, fields in rows:
        if len(fields) > MOST_COLUMNS:
            told = f"line {line} has {len(fields)} fields, more than {MOST_COLUMNS}"
            raise InputError(f"{name}: {told}; check the separators, or give a table with fewer columns")
        if any(map(clean, fields)):
            head.append((line, fields))
        if len(head) >= HEAD_ROWS or (len(head) > 20 and len(head) * len(fields) > HEAD_CELLS):
            break
    if not head:
        raise InputError(f"{name}: the file is empty; export the data again")
    return head


def _told(header: Header) -> list[ProfileWarning]:
    """Return warnings about the lines above and below the names."""
    warnings = []
    if header.titles:
        told = f"lines above the column names not used: {some(header.titles)}"
        warnings.append(warn("title_lines_skipped", told, "check that they hold no data"))
    if header.skipped:
        told = f"lines of text below the column names (units, say) not used: {some(header.skipped)}"
        warnings.append(warn("unit_lines_skipped", told, "check that they hold no data"))
    return warnings


def _told_short(lines: list[int]) -> list[ProfileWarning]:
    told = f"lines with fewer fields than the header, the rest taken as empty: {some(lines)}"
    return [warn("short_lines", told, "check these lines")] if lines else []


def name_columns(cells: pd.DataFrame, names: list[str], where: str) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the cells under their names, which are clean and differ; empty columns without a name go.

    A column without a name is `Unnamed: k`, k its position from 0. Raises InputError, starting with `where`, if two
    columns of the same name differ (of equal ones the first is kept), or one is longer than any name.
    """
    kept: dict[str, int] = {}
    warnings = []
    for position, column in enumerate(map(clean_name, names)):
        if not column and not cells[position].ne("").any():
            continue
        column = column or f"Unnamed: {position}"
        if len(column) > NAME_MAX:
            raise InputError(f"{where} has a column name of {len(column)} characters, {quote(column)}; shorten it")
        first = kept.setdefault(column, position)
        if first == position:
            continue
        told = f"has the column name {quote(column)} twice (columns {first + 1} and {position + 1})"
        if not cells[first].equals(cells[position]):
            raise InputError(f"{where} {told}; rename or remove one")
        warnings.append(warn("duplicate_column_dropped", f"{where} {told} with equal cells", "remove one of them"))
    named = cells[list(kept.values())]
    return named.set_axis(list(kept), axis="columns"), warnings
