"""Rows that are no data: headers that come again, sums and averages, notes below the table."""

import functools

import numpy as np
import pandas as pd
import yaml

from ..data_profile import ProfileWarning, warn
from ..provenance import DATA
from .folding import fold
from .header import is_period, kind
from .numerals import nothing_mask, to_numbers
from .text import quote, some

TAIL_ROWS = 100
"""Most rows below the data."""

SAMPLE = 500
MOSTLY = 0.95
"""Least share of cells with a digit in the column that tells the rows: dates, years, weeks."""

FEW_CELLS = 20
FEW_ROWS = 3
FEW = 2
"""A name that rows have so seldom is no unit of a panel."""

CLOSE = 1e-3
"""How near, relative to it, a sum written out is to the one computed."""

FIRST_COLUMNS = 4


def drop_margins(
    cells: pd.DataFrame, typed: list[bool], above: list[list[str]], *, across: bool = False
) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the rows that are data, and warnings that name the lines of the others.

    cells : columns are numbered. typed : which of them hold numbers or dates. above : the rows above the data.
    across : the columns are periods and the rows are series, so that sums are series, too.
    """
    cells, warnings = _without_repeated(cells, above)
    key = None if across else _key_column(cells, typed)
    below = _count_below(cells, typed, key, across)
    cells, last = cells.iloc[: len(cells) - below], cells.iloc[len(cells) - below :]
    for line, fields in zip(last.index[::-1], list(_rows(last))[::-1], strict=True):
        told = f"line {line} ({quote(next(filter(None, fields)))}) below the data, a total or a note, not used"
        warnings.append(warn("total_row_dropped", told, "check that it is no data"))
    if key is not None and len(cells):
        cells, sums = _without_sums(cells, typed, key)
        warnings += sums
    return cells, warnings


def _without_repeated(cells: pd.DataFrame, above: list[list[str]]) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the rows that are not the same as one above the data."""
    repeated = np.zeros(len(cells), dtype=bool)
    for row in above:
        repeated |= _equal_to(cells, row)
    if not repeated.any():
        return cells, []
    told = f"titles or column names again in lines {some(list(cells.index[repeated]))}, not used"
    return cells[~repeated], [warn("header_repeated", told, "check that the parts of the file have the same columns")]


def _without_sums(cells: pd.DataFrame, typed: list[bool], key: int) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the rows but those among the data that say that they are sums, and a first one that is the sum of all."""
    said = [cell for cell in pd.unique(cells[key]) if any(map(str.isalpha, cell)) and says_summary(cell)]
    sums = cells[key].isin(said) if said else pd.Series(False, cells.index)
    first = next(cells.iloc[:1].itertuples(index=False, name=None))
    if not kind(first[key]) and _adds_up(first, typed, key, cells.iloc[1:]):
        sums.iloc[0] = True
    if not sums.any() or sums.all():
        return cells, []
    shown = some([quote(cell) for cell in said], 3) or "as the numbers say"
    told = f"sums among the data ({shown}) in lines {some(list(cells.index[sums]))}, not used"
    return cells[~sums], [warn("total_row_dropped", told, "check that they are no data")]


@functools.cache
def _words() -> dict[str, set[str]]:
    """Return `data/summary_words.yaml`, folded."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table = yaml.load((DATA / "summary_words.yaml").read_text(encoding="utf-8"), Loader=loader)
    return {"words": {fold(word) for word in table["words"]}} | {key: set(table[key]) for key in ("signs", "anywhere")}


@functools.lru_cache(maxsize=10_000)
def says_summary(cell: str) -> bool:
    """Whether a cell says that its row sums up others."""
    folded = fold(cell)
    parts = folded.split()
    known = _words()
    return bool(parts) and (
        folded in known["words"]
        or parts[0] in known["words"]
        or parts[-1] in known["words"]
        or cell[0] in known["signs"]
        or any(word in cell for word in known["anywhere"])
    )


def _rows(cells: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(cells.itertuples(index=False, name=None))


def _equal_to(cells: pd.DataFrame, row: list[str]) -> np.ndarray:
    """Return which rows are the same as a row of fields."""
    row = [*row, *[""] * cells.shape[1]][: cells.shape[1]]
    same = np.ones(len(cells), dtype=bool)
    for position in sorted(range(len(row)), key=lambda i: not row[i]):
        if not any(row) or not same.any():
            return np.zeros(len(cells), dtype=bool)
        same &= (cells[position] == row[position]).to_numpy()
    return same


def _key_column(cells: pd.DataFrame, typed: list[bool]) -> int | None:
    """Return the first of the first columns that tells the rows: nearly all its cells are dates, else hold a digit."""
    upper = cells.iloc[: -(-4 * len(cells) // 5)]
    sample = upper.iloc[:: max(1, len(upper) // SAMPLE)]
    for tells in (is_period, lambda cell: any(map(str.isdigit, cell))):
        for position in cells.columns[:FIRST_COLUMNS]:
            filled = sample[position][~nothing_mask(sample[position])]
            told = sum(map(tells, filled))
            if told >= MOSTLY * len(filled) > 0 or (told and typed[position] and len(filled) < FEW_CELLS):
                return position
    return None


def _count_below(cells: pd.DataFrame, typed: list[bool], key: int | None, across: bool) -> int:
    """Return how many of the last rows are no data."""
    last = _rows(cells.iloc[-TAIL_ROWS:])
    usual = np.median([sum(map(bool, fields)) for fields in last]) if last else 0
    count = 0
    for fields in reversed(last):
        above = cells.iloc[: len(cells) - count]
        if not _is_note(fields, typed, usual, above) and (across or not _is_sum(fields, typed, key, above)):
            break
        count += 1
    return count


def _is_note(fields: tuple[str, ...], typed: list[bool], usual: float, cells: pd.DataFrame) -> bool:
    """Whether a row is text: nothing stands in the columns of numbers and dates but text, or it is all but empty."""
    kinds = [kind(field) for field in fields]
    of_typed = [found for found, column in zip(kinds, typed, strict=False) if column]
    first = next(i for i, field in enumerate(fields) if field)
    if kinds[first] != "t":
        return False
    alone = sum(map(bool, fields)) == 1
    if "n" not in of_typed and ((alone and len(fields) > 2) or "t" in of_typed):
        return True
    return sum(map(bool, fields)) <= 2 and usual >= 5 and _is_rare(fields[first], cells[first])


def _is_sum(fields: tuple[str, ...], typed: list[bool], key: int | None, cells: pd.DataFrame) -> bool:
    """Whether a row sums others up: a word says so, or a word stands among the dates, or the numbers do."""
    first = next(i for i, field in enumerate(fields) if field)
    if key not in (None, first) and kind(fields[key]) == "n":
        return False
    dateless = key is not None and not kind(fields[key])
    if (
        kind(fields[first]) == "t"
        and says_summary(fields[first])
        and (dateless or _is_rare(fields[first], cells[first]))
    ):
        return True
    if key is None:
        return False
    told = fields[key]
    if kind(told) == "t":
        return says_summary(told) or (not any(map(str.isdigit, told)) and _is_rare(told, cells[key]))
    return not kind(told) and _adds_up(fields, typed, key, cells.iloc[:-1])


def _is_rare(cell: str, column: pd.Series) -> bool:
    return bool((column == cell).sum() <= FEW)


def _adds_up(fields: tuple[str, ...], typed: list[bool], key: int, cells: pd.DataFrame) -> bool:
    """Whether the first few numbers of a row without a date are the sums, or the means, of those above."""
    if len(cells) < FEW_ROWS:
        return False
    checked = [i for i, field in enumerate(fields) if i != key and typed[i] and kind(field) == "n"][:FIRST_COLUMNS]
    for decimal in (".", ","):
        for of in (np.nansum, np.nanmean):
            if checked and all(_is_near(fields[i], of, cells[i], decimal) for i in checked):
                return True
    return False


def _is_near(field: str, of: object, column: pd.Series, decimal: str) -> bool:
    value = to_numbers(pd.Series([field], dtype="str"), decimal)[0].iloc[0]
    above = to_numbers(column, decimal)[0].to_numpy()
    return bool(np.isfinite(above).any() and abs(of(above) - value) <= CLOSE * max(abs(value), 1e-9))
