"""Numbers of a table: the decimal mark that each column's cells tell, and all columns read with it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ProfileWarning, warn
from .number_cells import SHAPES, Anatomy, Decimal, is_nothing, nothing_mask, numbers_of, take_apart, to_numbers
from .text import quote, some

__all__ = ["Decimal", "Numbers", "decimal_mark", "is_nothing", "nothing_mask", "read_numbers", "to_numbers"]

SAMPLE = 5000
"""About the most cells of a column that vote on its decimal mark."""

FIRM = 20
"""Most cells that could be read both ways, for each that settles its column's mark."""

SPREAD, SPREAD_CELLS = 3, 15
"""How many times the smallest the largest number before the mark must be, and of how many cells that all have exactly
three digits after it, to be taken as grouped: fixed decimals are of indices and rates, which vary little."""

MANY = 30
"""Fewest cells of exactly three digits after a mark that beside zeros alone are taken as grouped."""


class Numbers(NamedTuple):
    """All columns read as numbers: the values, which cells are neither number nor nothing, and what the mark was."""

    values: pd.DataFrame
    wrong: pd.DataFrame
    decimal: Decimal
    warnings: list[ProfileWarning]


class Votes(NamedTuple):
    """What a column's cells say of its decimal mark: how many settle it either way, and how many could be read both."""

    point: int
    comma: int
    open_cells: int
    example: str | None

    @property
    def mark(self) -> Decimal | None:
        """The mark that more cells speak for; none if as many speak for the other, or few against many open ones."""
        more = max(self.point, self.comma)
        if self.point == self.comma or more * FIRM < self.open_cells:
            return None
        return "." if self.point > self.comma else ","


def read_numbers(
    cells: pd.DataFrame, training: np.ndarray, separator: str | None, decimal: Decimal | None = None
) -> Numbers:
    """Read every column as numbers.

    training : (row,) bool; only these cells settle the decimal mark. separator : the file's, None if it has none.
    decimal : the mark of the table where the file's types tell it. A column without evidence takes the table's mark,
    which most of its columns with evidence have; without any, the point in comma-separated files, else the comma.
    """
    columns = {name: pd.factorize(cells[name]) for name in cells.columns}
    votes = {name: votes_of(_of_rows(codes, distinct, training)) for name, (codes, distinct) in columns.items()}
    table = _table_mark(list(votes.values()), decimal)
    usual: Decimal = table or ("." if separator == "," else ",")
    marks = {name: vote.mark or usual for name, vote in votes.items()}
    values, wrong = {}, {}
    for name, (codes, distinct) in columns.items():
        read, bad = numbers_of(pd.Series(distinct, dtype="str"), marks[name])
        values[name], wrong[name] = read[codes], bad[codes]
    warnings = _mark_warnings(votes, marks, table, usual)
    index = cells.index
    return Numbers(pd.DataFrame(values, index), pd.DataFrame(wrong, index, dtype=bool), usual, warnings)


def _of_rows(codes: np.ndarray, distinct: pd.Index, rows: np.ndarray) -> pd.Index:
    """Return the distinct cells that occur in some rows."""
    occur = np.zeros(len(distinct), dtype=bool)
    occur[codes[rows]] = True
    return distinct[occur]


def decimal_mark(cells: pd.DataFrame, separator: str | None) -> tuple[Decimal, str | None]:
    """Return the decimal mark of a table, and the first cell that could be read either way if nothing settles it."""
    votes = [votes_of(pd.unique(cells[name])) for name in cells.columns]
    table = _table_mark(votes, None)
    open_cell = next((vote.example for vote in votes if vote.example), None)
    return table or ("." if separator == "," else ","), None if table else open_cell


def _table_mark(votes: list[Votes], decimal: Decimal | None) -> Decimal | None:
    """Return the mark of most columns that have one; with as many columns for either, that of more cells."""
    marks = [vote.mark for vote in votes]
    lead = marks.count(".") - marks.count(",") or sum(vote.point - vote.comma for vote in votes)
    return decimal or ("." if lead > 0 else "," if lead < 0 else None)


def votes_of(cells: Sequence[str]) -> Votes:
    """Return what distinct cells say of the decimal mark.

    The latter of two marks is the decimal mark, one that comes twice groups digits; one alone is the decimal mark,
    unless three digits follow one to three: such cells are open, and group where all numbers without a mark are small,
    or where there are none and the cells vary much.
    """
    cells = [cell for cell in cells[:: max(1, len(cells) // SAMPLE)] if cell]
    if not any("." in cell or "," in cell for cell in cells):
        return Votes(0, 0, 0, None)
    numbers = {cell: parts for cell in cells if (parts := take_apart(cell))}
    if len(numbers) < len(cells) / 2:
        return Votes(0, 0, 0, None)
    said = {cell: _vote(parts) for cell, parts in numbers.items()}
    told = list(said.values())
    count = {".": told.count("."), ",": told.count(",")}
    opened = [cell for cell in numbers if said[cell] == "open"]
    unmarked = [parts.digits for cell, parts in numbers.items() if said[cell] is None and not parts.grouped]
    small = unmarked and max(map(len, unmarked)) <= 3 and (unmarked != ["0"] or len(opened) >= MANY)
    if opened and not any(count.values()) and (small or (not unmarked and _spread([numbers[c] for c in opened]))):
        count["," if "." in opened[0] else "."] += len(opened)
    return Votes(count["."], count[","], len(opened), opened[0] if opened else None)


def _spread(opened: list[Anatomy]) -> bool:
    """Whether numbers that can be read both ways vary as amounts do."""
    before = [int(re.split("[.,]", parts.digits)[0]) for parts in opened]
    return len(before) >= SPREAD_CELLS and max(before) >= SPREAD * min(before)


def _vote(parts: Anatomy) -> str | None:
    """Return the decimal mark that a number tells, `open` if it can be read both ways, None if it has no mark."""
    digits = parts.digits
    marks = re.sub(r"\d", "", digits)
    if not marks:
        return None
    if len(set(marks)) == 2:
        return marks[-1] if SHAPES[marks[-1]].fullmatch(digits) else None
    if len(marks) > 1:
        mark = "," if marks[0] == "." else "."
        return mark if SHAPES[mark].fullmatch(digits) else None
    if re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", digits) and not parts.grouped and not parts.exponent:
        return "open"
    return marks


def _mark_warnings(
    votes: dict[str, Votes], marks: dict[str, Decimal], table: Decimal | None, usual: Decimal
) -> list[ProfileWarning]:
    """Return the warnings about numbers that nothing settles, and about columns with another mark than the table's."""
    warnings = []
    open_columns = [name for name, vote in votes.items() if vote.open_cells and not vote.mark]
    if open_columns and table is None:
        cell = votes[open_columns[0]].example
        told = f"{quote(cell)} read with {usual!r} as decimal mark, nothing in the file settles it"
        shown = some([quote(name) for name in open_columns])
        warnings.append(warn("decimal_uncertain", f"{told} (columns {shown})", "check the size of the numbers"))
    other = [name for name, mark in marks.items() if mark != usual]
    if other:
        shown = some([quote(name) for name in other])
        told = f"columns {shown} have {marks[other[0]]!r} as decimal mark, others {usual!r}"
        warnings.append(warn("decimal_mixed", told, "check the size of their numbers"))
    return warnings
