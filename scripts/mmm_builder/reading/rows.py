"""Which columns name a row of the table: the date, and the unit of a panel; and that no row is there twice."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..verdicts import ProfileWarning
from .dates import ParsedDates, parse_dates
from .naming import first_said, only_of, says
from .numerals import to_numbers
from .source import quote, some

ROWS_PER_DATE = 1.5
"""Fewest rows per date of a panel; below, repeated dates are mistakes."""
GRAIN_RANK = {"day": 3.0, "month": 2.0, "quarter": 1.5, "year": 1.0}


class RowKeys(NamedTuple):
    """The date of every row (indexed by line number) and the column of the panel unit."""

    date_column: str
    dates: pd.Series
    grain: str
    panel_column: str | None


def find_dates(cells: pd.DataFrame, given: str | None, path: str) -> tuple[str, ParsedDates]:
    """Return the date column and its dates. Raises InputError if there is none or a cell is no date (with its line)."""
    found: dict[str, ParsedDates | InputError] = {}
    for column in [given] if given else list(cells.columns):
        try:
            parsed = parse_dates(cells[column], f"{path}: column {column!r}")
        except InputError as error:
            parsed = error
        if parsed is not None:
            found[column] = parsed
    ranks = {column: _date_rank(column, parsed, given) for column, parsed in found.items()}
    best = max(ranks, key=ranks.__getitem__, default=None)
    if best is None or ranks[best] <= 0:
        raise InputError(_no_dates(cells, given, path))
    parsed = found[best]
    if isinstance(parsed, InputError):
        raise parsed
    bad = parsed.dates[parsed.dates.isna()]
    if len(bad):
        line = bad.index[0]
        what = (
            f"{quote(cells.loc[line, best])} is not a date like the others"
            if cells.loc[line, best]
            else "the date is missing"
        )
        raise InputError(
            f"{path}: column {best!r} (line {line}): {what} ({len(bad)} such lines); correct it, or name the date "
            "column with --date"
        )
    return best, parsed


def _date_rank(column: str, parsed: ParsedDates | InputError, given: str | None) -> float:
    """Return how good a date column this is; 0 for plain numbers whose name doesn't say that they are years."""
    named = says("date", column) is not None
    if isinstance(parsed, InputError):
        return 3.0 + named
    if parsed.grain == "year" and not (named or only_of("calendar", column) or given):
        return 0.0
    distinct = parsed.dates.nunique() / len(parsed.dates)
    return GRAIN_RANK[parsed.grain] + named + distinct + parsed.share


def _no_dates(cells: pd.DataFrame, given: str | None, path: str) -> str:
    """Return why there is no date column, with what the likeliest one holds."""
    likely = given or next((c for c in cells if says("date", c)), None)
    columns = some([quote(c) for c in cells.columns])
    if likely is None:
        return f"{path}: no column holds dates (columns: {columns}); add one like 2024-01-31, or name it with --date"
    first = cells[likely].iloc[0]
    return (
        f"{path}: no date column: {likely!r} (line {cells.index[0]}) holds {quote(first)}, which is not a date; "
        "write dates like 2024-01-31, or name the column with --date"
    )


def merge_identical(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the rows without exact repetitions, and a warning that names their lines."""
    repeated = cells.duplicated()
    if not repeated.any():
        return cells, []
    lines = list(cells.index[repeated])
    told = f"{len(lines)} identical repetitions of rows merged, lines {some(lines)}"
    return cells[~repeated], [ProfileWarning(code="duplicate_rows_merged", message=told)]


def find_panel(cells: pd.DataFrame, date_column: str, dates: pd.Series, given: str | None, path: str) -> str | None:
    """Return the column of the panel unit: the one that tells apart the rows of one date; None if few dates repeat.

    Raises InputError if the file is long (a row per channel).
    """
    if given:
        return given
    if len(dates) < ROWS_PER_DATE * dates.nunique():
        return None
    others = [c for c in cells.columns if c != date_column]
    keys = [c for c in others if _is_unit(cells[c], dates) and (says("panel", c) or _is_text(cells[c]))]
    named = [c for c in keys if says("panel", c)]
    for column in [c for c in keys if c not in named] or [c for c in others if _is_text(cells[c])]:
        units = cells[column].unique()
        if not named and (
            says("long_form", column) or sum(first_said("channel_types", u) is not None for u in units) >= 2
        ):
            raise InputError(
                f"{path}: column {column!r} holds {some([quote(u) for u in units[:3]])}: a row per channel or "
                "variable; give a table with one row per date and one column per channel (pivot it)"
            )
    return next(iter(named or keys), None)


def _is_unit(column: pd.Series, dates: pd.Series) -> bool:
    """Whether date and this column together name a row, with several units of many dates each."""
    units = column.nunique()
    together = pd.DataFrame({"date": dates, "unit": column})
    return 2 <= units <= len(column) / 2 and not together.duplicated().any() and (column != "").all()


def _is_text(column: pd.Series) -> bool:
    _, wrong = to_numbers(column, ".")
    _, wrong_too = to_numbers(column, ",")
    return bool((wrong & wrong_too).any())


def refuse_conflicts(cells: pd.DataFrame, keys: RowKeys, periods: pd.Series, path: str) -> None:
    """Raise InputError, with both lines, if two different rows are of one period (and unit)."""
    unit = cells[keys.panel_column] if keys.panel_column else pd.Series("", cells.index)
    empty = unit.index[unit == ""] if keys.panel_column else []
    if len(empty):
        raise InputError(
            f"{path}: column {keys.panel_column!r} (line {empty[0]}) is empty; fill in the unit or drop the row"
        )
    together = pd.DataFrame({"period": periods, "unit": unit})
    repeated = together.duplicated()
    if not repeated.any():
        return
    second = repeated.idxmax()
    first = (together == together.loc[second]).all(axis=1).idxmax()
    shown = f"{periods[second]:%Y-%m-%d}" + (f", {quote(unit[second])}" if keys.panel_column else "")
    differs = np.flatnonzero((cells.loc[first] != cells.loc[second]).to_numpy())
    column = next((cells.columns[i] for i in differs if cells.columns[i] != keys.date_column), keys.date_column)
    raise InputError(
        f"{path}: lines {first} and {second} are both of {shown} and differ in column {column!r} "
        f"({quote(cells.loc[first, column])}, {quote(cells.loc[second, column])}); keep one, or name the "
        "column of regions or brands with --panel"
    )
