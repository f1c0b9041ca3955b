"""Which rows hold the column names: between titles and the first row of data, on one row or on several."""

import functools
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from .cells import Row, clean, clean_name
from .naming import read_name
from .number_cells import is_nothing, take_apart

FULL = 0.6
"""Least share of the usual number of filled cells that a row of names has."""

DATA_ROWS = 3
"""So many rows of data above text mean that the names are missing rather than further below."""

_MONTH_WORD = r"\d{1,2}[.\s/-]*[^\W\d_]{3,12}\.?[\s,'/-]*\d{2,4}"
_WEEK = r"(?:19|20)\d\d\s?-?\s?(?:W|KW|CW|Q|S|T|M)\s?-?\d{1,2}"
_DATE = re.compile(
    rf"\d{{1,4}}\s?[-/.年년]\s?\d{{1,2}}(?:\D.{{0,20}})?|\d{{1,2}}[-/.](?:19|20)\d\d|{_WEEK}|{_MONTH_WORD}"
    r"|(?:19|20)\d{4}(?:\d\d)?",
    re.IGNORECASE,
)
"""What begins with digits and goes on like a date; some numbers do, too."""

_PERIOD = re.compile(
    r"(?:19|20)\d\d\s?[-/.年년]\s?(?:\d{1,2}\s?월?|\d{1,2}\s?[-/.月월]\s?\d{1,2}\s?[日일]?(?:[T ].{0,15})?)月?"
    rf"|\d{{1,2}}[-/.](?:\d{{1,2}}[-/.])(?:\d\d)?\d\d(?: .{{0,10}})?|\d{{1,2}}[-/.](?:19|20)\d\d|{_WEEK}|{_MONTH_WORD}"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-3]\d)?|(?:19|20)\d\d|[^\W\d_]{3,10}\.?(?:[\s,'-]*(?:19|20)|[-'.])\d\d",
    re.IGNORECASE,
)
"""What is hardly anything but a period."""

_YEAR = re.compile(r"(?:19|20)\d\d")


class Header(NamedTuple):
    """The names, where the data begin, and the rows that are neither.

    first : position of the first row of data; above : the fields of the rows above it; line : that of the names.
    typed : per column, whether its cells are numbers or dates.
    titles, skipped : lines above the names, and lines of text between names and data.
    """

    names: list[str]
    first: int
    above: list[list[str]]
    line: int
    typed: list[bool]
    titles: list[int]
    skipped: list[int]


def find_header(head: Sequence[Row], name: str) -> Header:
    """Return the header among the first rows of a table.

    Raises InputError if there is one column only, or data where names belong.
    """
    fields = [[clean(field) for field in row] for _, row in head]
    width = max(map(len, fields))
    kinds = [[kind(field) for field in row] for row in fields]
    filled = np.array([sum(map(bool, row)) for row in fields])
    usual = float(np.quantile(filled, 0.75))
    if usual < 2 and filled.max() < 2:
        raise InputError(f"{name}: only one column found; separate the columns with commas, semicolons or tabs")
    typed = _typed_columns(kinds, width)
    data = [_is_data(row, typed) and not periods_across(cells) for row, cells in zip(kinds, fields, strict=True)]
    first, above = _names_above_data(data, filled, usual, any(typed), head, name)
    names, used = _best_names([fields[i] for i in above])
    rows = [above[i] for i in used]
    titles = [head[i][0] for i in range(rows[0])]
    skipped = [head[i][0] for i in range(rows[0], first) if i not in rows]
    names, typed = _with_row_names(names, typed, fields[first:])
    return Header(names, first, fields[:first], head[rows[0]][0], typed, titles, skipped)


@functools.lru_cache(maxsize=20_000)
def kind(cell: str) -> str:
    """Return `n` for a number or date, `t` for text, an empty string for nothing."""
    if not cell or is_nothing(cell):
        return ""
    return "n" if is_date_like(cell) or take_apart(cell) else "t"


def is_date_like(cell: str) -> bool:
    """Whether a cell begins with digits and goes on like a date."""
    return len(cell) <= 30 and _DATE.fullmatch(cell) is not None


def is_period(cell: str) -> bool:
    """Whether a cell is hardly anything but a date or period."""
    return len(cell) <= 30 and _PERIOD.fullmatch(cell) is not None


def _typed_columns(kinds: list[list[str]], width: int) -> list[bool]:
    """Return which columns hold numbers or dates: in the lower two thirds of the rows, where names are rare."""
    lower = kinds[len(kinds) // 3 :] if len(kinds) > 5 else kinds[1:]
    counts = np.zeros((2, width), dtype=int)
    for row in lower:
        for position, found in enumerate(row):
            if found:
                counts[int(found == "t"), position] += 1
    return list((counts[0] > 0) & (counts[0] >= counts[1]))


def _is_data(row: list[str], typed: list[bool]) -> bool:
    """Whether the filled cells of typed columns are numbers and dates rather than text."""
    found = [cell for cell, column in zip(row, typed, strict=False) if cell and column]
    return bool(found) and found.count("n") >= found.count("t")


def periods_across(cells: list[str]) -> bool:
    """Whether a row names periods: other cells than its first ones are dates or years that all differ."""
    filled = [cell for cell in cells if cell]
    across = [cell for cell in filled if is_period(cell)]
    others = len(filled) - len(across)
    if len(across) < 3 or others > max(2, 0.3 * len(filled)) or kind(cells[0]) == "n":
        return False
    years = [int(cell) for cell in across if _YEAR.fullmatch(cell)]
    return len(set(across)) == len(across) and (not years or max(years) - min(years) < len(years) + 2)


def _names_above_data(
    data: list[bool], filled: np.ndarray, usual: float, has_typed: bool, head: Sequence[Row], name: str
) -> tuple[int, list[int]]:
    """Return the first row of data and the rows above it that may hold names. Raises InputError if there are none."""
    least = max(2.0, FULL * usual)
    starts = [first for first, is_data in enumerate(data) if is_data] if has_typed else []
    for first in starts:
        full_data = [i for i in range(first) if data[i] and filled[i] >= least]
        if len(full_data) >= DATA_ROWS:
            break
        texts = [i for i in range(first) if not data[i] and filled[i] >= 2]
        if any(filled[i] >= least for i in texts):
            return first, texts
    texts = [i for i in range(starts[0] if starts else 0) if filled[i] >= 2]
    if texts:
        return starts[0], texts[-1:]
    full = [i for i in range(len(data)) if filled[i] >= least]
    if starts or not full:
        line = head[next((i for i in full if data[i]), 0)][0]
        raise InputError(f"{name}: line {line} holds numbers where column names belong; add a header line")
    return full[0] + 1, full[:1]


def _best_names(rows: list[list[str]]) -> tuple[list[str], list[int]]:
    """Return the names and the rows they are from: the row with the most names that differ, joined if that gives more.

    Rows are joined downwards: the names of groups (`TV,,Radio,`) stand above those of their columns (`Spend,GRP,…`).
    """
    width = max(map(len, rows))
    padded = [[clean_name(field) for field in row] + [""] * (width - len(row)) for row in rows]
    most = max(map(_distinct, padded))
    tied = [i for i, names in enumerate(padded) if _distinct(names) == most]
    known = [sum(map(_is_known, padded[i])) for i in tied] if len(tied) > 1 else [0]
    single = next(i for i, count in zip(tied, known, strict=True) if 2 * count + 1 >= max(known))
    best, used = padded[single], [single]
    for upper, lower in zip(range(len(rows) - 1), range(1, len(rows)), strict=True):
        joined = _join(padded[upper], padded[lower])
        if _distinct(joined) > _distinct(best) and sum(map(bool, padded[upper])) > 1:
            best, used = joined, [upper, lower]
    return best[: max(len(rows[i]) for i in used)], used


def _distinct(names: list[str]) -> float:
    """Return how many names differ; numbers and dates count little, as they are seldom names."""
    return sum(0.1 if kind(name) == "n" else 1.0 for name in set(names) - {""})


def _is_known(name: str) -> bool:
    """Whether the vocabulary has a word of the name."""
    return any(word.senses for word in read_name(name))


def _join(upper: list[str], lower: list[str]) -> list[str]:
    """Return each lower name with its group's before it, where the lower name alone is not the only one.

    A group holds as many columns as there are until the next one; the last one as many as the longest other.
    """
    starts = [i for i, group in enumerate(upper) if group]
    spans = [e - s for s, e in pairwise(starts) if lower[s]]
    ends = [*starts[1:], len(upper)]
    longest = max(spans, default=len(upper))
    groups = [""] * len(upper)
    for start, end in zip(starts, ends, strict=True):
        for i in range(start, min(end, start + longest)):
            groups[i] = upper[start] if lower[i] or i == start else ""
    return [" ".join(filter(None, (group, below))) for group, below in zip(groups, lower, strict=True)]


def _with_row_names(names: list[str], typed: list[bool], body: list[list[str]]) -> tuple[list[str], list[bool]]:
    """Return names (and typed) with one before them for row numbers that have no name, as R writes them."""
    named = max(i for i, name in enumerate(names) if name) + 1
    counts = [row[0] == str(number) for number, row in enumerate(body, 1)]
    if len(body) > 2 and all(counts) and all(len(row) == named + 1 for row in body):
        return ["", *names[:named]], typed
    return names, typed
