"""Dates spread over several columns: year and month, year and week, year and quarter, year, month and day."""

import itertools
import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..reading.calendar_words import Part, part_of
from ..reading.date_forms import Grain
from ..reading.date_order import assemble
from ..reading.date_text import clean_part
from ..reading.text import quote

SHARE_MIN = 0.9
"""Fewest filled cells of a column that must be of the part that its name says."""
MOST_COLUMNS = 4
"""Columns of one part that are tried."""
LOOKED_AT = 30
MERGED_SHARE = 0.5
"""Fewest empty rows of a column whose cells are merged over several rows."""

_NUMBER = r"(\d{1,2})(?:\.0)?"
PART_CELLS: dict[Part, re.Pattern[str]] = {
    "year": re.compile(r"(\d{2}|(?:1[89]|2[01])\d\d)(?:\.0)?"),
    "quarter": re.compile(r"[Qqtk]?([1-4])[QqtkW]?(?:\.0)?"),
    "month": re.compile(rf"[Mm]?{_NUMBER}M?|([A-L])"),
    "week": re.compile(rf"[Wwsv]?{_NUMBER}[Ww]?"),
    "day": re.compile(rf"X?{_NUMBER}X?"),
}
LAST: dict[Part, int] = {"year": 2199, "quarter": 4, "month": 12, "week": 53, "day": 31}
SPELT = {
    "month": re.compile("[A-L]"),
    "week": re.compile(r"[Ww]\d{1,2}|\d{1,2}[Ww]"),
    "quarter": re.compile("[QqT][1-4]|[1-4]Q"),
}
"""Cells that tell which part they are without the column's name."""
FIELDS: dict[Part, str] = {"year": "y", "quarter": "q", "month": "m", "week": "w", "day": "d"}
COMBINATIONS: tuple[tuple[Grain, tuple[Part, ...]], ...] = (
    ("day", ("year", "month", "day")), ("week", ("year", "week")), ("month", ("year", "month")),
    ("quarter", ("year", "quarter")),
)  # fmt: skip


class SpreadDates(NamedTuple):
    """Dates from several columns, coarsest first; NaT where the cells name none."""

    columns: tuple[str, ...]
    dates: np.ndarray
    grain: Grain
    filled_down: int


def fill_down(values: np.ndarray, empty: np.ndarray) -> np.ndarray | None:
    """Return the values with the ones above in the empty rows, if they stand once for several rows, as merged cells do.

    None if no row is empty or the values look otherwise: fewer than half of the rows are empty, or a value comes twice.
    """
    if not len(empty) or empty[0] or empty.mean() < MERGED_SHARE or pd.Series(values[~empty]).duplicated().any():
        return None
    return values[np.maximum.accumulate(np.where(empty, 0, np.arange(len(values))))]


def spread_dates(cells: pd.DataFrame, given: tuple[str, ...] = ()) -> list[SpreadDates]:
    """Return the dates that columns make together, every way that fits; of the given columns only, if any are."""
    numbers: dict[Part, dict[str, np.ndarray]] = {part: {} for part in FIELDS}
    filled_down = {}
    for column in given or cells.columns:
        for part in _parts(cells[column], by_hand=bool(given)):
            if len(numbers[part]) < MOST_COLUMNS and (read := _read(cells[column], part)) is not None:
                empty = (cells[column] == "").to_numpy(bool)
                full = fill_down(read, empty)
                filled_down[column] = 0 if full is None else int(empty.sum())
                numbers[part][column] = read if full is None else full
    found = []
    for grain, parts in COMBINATIONS:
        for columns in itertools.product(*(numbers[part] for part in parts)):
            if len(set(columns)) == len(parts) and (not given or len(given) == len(parts)):
                dates = _together(parts, columns, numbers)
                found.append(SpreadDates(columns, dates, grain, sum(filled_down[c] for c in columns)))
    return found


def named_columns(given: str | None, columns: list[str]) -> tuple[str, ...]:
    """Return the columns that `--date` names: one, or several parted by commas or plus signs."""
    if not given or given in columns:
        return (given,) if given else ()
    for mark in ",+":
        names = tuple(name.strip() for name in given.split(mark))
        if len(names) > 1 and all(name in columns for name in names):
            return names
    return (given,) if not re.search("[,+]", given) else tuple(name.strip() for name in re.split("[,+]", given))


def refuse_parts(cells: pd.DataFrame, columns: tuple[str, ...], path: str) -> None:
    """Raise InputError: these columns make no dates together."""
    held = ", ".join(f"{c!r} holds {quote(cells[c].iloc[0])}" for c in columns)
    raise InputError(
        f"{path}: no dates from the columns given with --date (line {cells.index[0]}: {held}); name one column of "
        "dates, or year and month, year and week, year and quarter, or year, month and day"
    )


def _parts(column: pd.Series, by_hand: bool) -> list[Part]:
    """Return the parts of a date that a column may hold, by its name or the way its cells are spelt."""
    said, _ = part_of(str(column.name))
    cells = [cell for cell in dict.fromkeys(column.iloc[:LOOKED_AT]) if cell]
    texts = [cleaned.text if (cleaned := clean_part(cell)) else "" for cell in cells]
    spelt = {part for part, pattern in SPELT.items() if texts and all(pattern.fullmatch(text) for text in texts)}
    if by_hand and not said | spelt:
        return list(FIELDS)
    return [part for part in FIELDS if part in (spelt or said)]


def _read(column: pd.Series, part: Part) -> np.ndarray | None:
    """Return the numbers of a part (years in full), 0 for cells that hold none; None unless most cells do."""
    codes, cells = pd.factorize(column)
    first = [cell for cell in cells[:LOOKED_AT] if cell]
    if not first or not any(_part_number(cell, part) for cell in first):
        return None
    numbers = np.array([_part_number(cell, part) for cell in cells] + [0])
    counts = np.bincount(codes, minlength=len(cells))
    filled = counts[np.asarray(cells != "")].sum()
    return numbers[codes] if counts[numbers[:-1] > 0].sum() >= SHARE_MIN * filled else None


def _part_number(cell: str, part: Part) -> int:
    cleaned = clean_part(cell)
    match = PART_CELLS[part].fullmatch(cleaned.text) if cleaned else None
    if not match:
        return 0
    text = next(group for group in match.groups() if group)
    number = ord(text) - ord("A") + 1 if text.isalpha() else int(text)
    if part == "year":
        return number if number > 99 else 2000 + number
    return number if number <= LAST[part] else 0


def _together(
    parts: tuple[Part, ...], columns: tuple[str, ...], numbers: dict[Part, dict[str, np.ndarray]]
) -> np.ndarray:
    """Return the dates of one choice of columns, assembled once for each that differs."""
    fields = pd.DataFrame({FIELDS[part]: numbers[part][column] for part, column in zip(parts, columns, strict=True)})
    code = np.zeros(len(fields), dtype=np.int64)
    for name in fields:
        code = code * 4000 + fields[name].to_numpy()
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return assemble(fields.iloc[first].astype(str).reset_index(drop=True))[inverse].astype("datetime64[us]")
