"""The rows of long data, made ready: identical ones merged, the series named, figures that stand on every row taken."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from ..reading.naming import only_of
from ..reading.numerals import Decimal, decimal_mark, is_nothing, to_numbers, votes_of
from ..reading.text import TextTable, quote, some
from .column_kinds import Look, group_codes, is_early, is_zero, look
from .long_form import SAMPLE_ROWS, LongForm

FEWEST_TOTALLED = 2
"""Fewest series beside one called 'total' that it can be the total of."""


class LongRows(NamedTuple):
    """The rows of long data.

    cells : indexed by line. date_columns : those of them that tell the date. dates : (row,) the dates. lines : (row,)
    what the result's index is taken from. place : says where a cell stands, from its line, its date and its column.
    decimals : the decimal mark of each column.
    """

    cells: pd.DataFrame
    date_columns: tuple[str, ...]
    dates: np.ndarray
    lines: np.ndarray
    place: Callable[[int, pd.Timestamp, str], str]
    decimals: dict[str, Decimal]


class Series(NamedTuple):
    """The series of the rows: code per row (-1: none), their names, and which rows are totals of the others."""

    codes: np.ndarray
    names: list[str]
    totals: np.ndarray


def early_decimals(cells: pd.DataFrame, dates: np.ndarray, table: TextTable) -> dict[str, Decimal]:
    """Return the decimal mark of each column by the rows of the early dates; without evidence, that of the table."""
    early = np.flatnonzero(is_early(dates))
    sample = cells.iloc[early[:: max(1, -(-len(early) // SAMPLE_ROWS))]]
    usual = table.decimal or decimal_mark(sample, table.separator)[0]
    return {column: votes_of(pd.unique(sample[column])).mark or usual for column in cells.columns}


def merge_rows(rows: LongRows, form: LongForm) -> tuple[LongRows, list[ProfileWarning]]:
    """Merge identical rows if each other row has a name of its own; else rows are parts of a sum, equal by chance."""
    repeated = rows.cells.duplicated().to_numpy()
    if not repeated.any():
        return rows, []
    names = [c for c in (*form.series, form.unit, *form.details) if c]
    named = group_codes(pd.factorize(rows.dates)[0], *(look(rows.cells[c]).codes for c in names))[~repeated]
    lines = some(list(rows.cells.index[repeated]))
    if len(pd.unique(named)) < len(named):
        told = f"rows that repeat others were kept (lines {lines}), since other rows of one date and series differ"
        return rows, [warn("identical_rows_kept", told, "remove them if the export made them")]
    told = f"{repeated.sum()} identical repetitions of rows merged, lines {lines}"
    rows = rows._replace(cells=rows.cells[~repeated], dates=rows.dates[~repeated], lines=rows.lines[~repeated])
    return rows, [warn("duplicate_rows_merged", told, "remove them if the export made them")]


def name_series(rows: LongRows, form: LongForm) -> tuple[Series, list[ProfileWarning]]:
    """Return the series of the rows; names that differ in case or blanks only are one, in its commonest spelling."""
    parts, respelt = [], []
    for column in form.series:
        codes, names, others = _spellings(look(rows.cells[column]))
        parts.append((codes, names))
        respelt += others
    together = group_codes(*(codes for codes, _ in parts))
    first = np.unique(together, return_index=True)[1]
    shown = [[names[codes[row]] for codes, names in parts if codes[row] >= 0] for row in first]
    told = [[value for value in values if not is_nothing(value)] for values in shown]
    called = ["_".join([v for v in values if not _says_all(v)] or values[:1]) for values in told]
    codes, names = pd.factorize(np.array(called, dtype=object))
    codes = np.where(names == "", -1, np.arange(len(names)))[codes]
    total = np.array([only_of("total", name) for name in names]) & (not form.bare)
    total &= (~total).sum() >= FEWEST_TOTALLED
    warnings = []
    if respelt:
        told = f"column {form.series[0]!r}: {some([quote(v) for v in respelt])} taken as another spelling of a series"
        warnings.append(warn("spellings_merged", told, "rename what is a series of its own"))
    if total.any():
        told = f"column {form.series[0]!r}: rows of {some([quote(v) for v in names[total]])} left out of the media"
        warnings.append(warn("total_rows_left_out", told, "rename them if they are no total of the others"))
    return Series(codes[together], list(names), np.append(total, False)[codes][together]), warnings


def _spellings(it: Look) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the codes of a label whatever its case and blanks, the names, and the spellings that are not used."""
    folded, _ = pd.factorize(np.array([" ".join(value.split()).casefold() for value in it.values], dtype=object))
    counts = np.bincount(it.codes[it.codes >= 0], minlength=len(it.values))
    often = np.lexsort((-counts, folded))
    names = it.values[often[np.unique(folded[often], return_index=True)[1]]]
    others = [value for value, one in zip(it.values, folded, strict=True) if value != names[one]]
    return np.append(folded, -1)[it.codes], names, others


def _says_all(value: str) -> bool:
    """Whether a part of a series' name stands for all of them."""
    return only_of("total", value) or value.casefold() == "all"


def once(it: Look, groups: np.ndarray, rows: LongRows) -> np.ndarray:
    """Return (group,) the one cell that a column has in each group; blanks and zeros beside it count for nothing.

    Raises InputError, with both lines, if a column of numbers has two.
    """
    zero = np.append(is_zero(it.values) & it.is_number, True)
    order = np.argsort(np.where(it.codes < 0, 2, zero[it.codes]), kind="stable")
    chosen = order[np.unique(groups[order], return_index=True)[1]]
    differs = (it.codes != it.codes[chosen][groups]) & (it.codes >= 0) & ~zero[it.codes]
    if it.is_number and differs.any():
        numbers = np.append(
            to_numbers(pd.Series(it.values, dtype=object), rows.decimals[it.column])[0].to_numpy(), np.nan
        )
        differs &= numbers[it.codes] != numbers[it.codes[chosen][groups]]
        if differs.any():
            second = int(np.argmax(differs))
            _refuse_two(it, int(chosen[groups[second]]), second, rows)
    return np.append(it.values, "")[it.codes[chosen]]


def _refuse_two(it: Look, first: int, second: int, rows: LongRows) -> None:
    lines = " and ".join(str(line) for line in sorted((rows.cells.index[first], rows.cells.index[second])))
    raise InputError(
        f"{rows.place(rows.cells.index[second], rows.dates[second], it.column)}: lines {lines} are both of "
        f"{pd.Timestamp(rows.dates[second]):%Y-%m-%d} and differ ({quote(it.values[it.codes[first]])}, "
        f"{quote(it.values[it.codes[second]])}), where other dates have one figure; correct one of them"
    )


def refuse_text(it: Look, chosen: np.ndarray, rows: LongRows) -> None:
    """Raise InputError that says where, if one of the chosen rows' cells is neither a number nor nothing."""
    decimal = rows.decimals[it.column]
    wrong = np.append(to_numbers(pd.Series(it.values, dtype=object), decimal)[1].to_numpy(), False)
    bad = chosen[wrong[it.codes[chosen]]]
    if len(bad):
        place = rows.place(rows.cells.index[bad[0]], rows.dates[bad[0]], it.column)
        raise InputError(
            f"{place}: {quote(it.values[it.codes[bad[0]]])} is not a number; write numbers with {decimal!r} as "
            "the decimal mark, or leave the cell empty"
        )
