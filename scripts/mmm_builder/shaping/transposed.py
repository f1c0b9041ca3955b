"""Tables that lie on their side: dates across the header, a row per series."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from ..reading.dates import parse_dates
from ..reading.text import TextTable, quote, some
from .column_kinds import kind_of, look
from .fill_down import down
from .long_rows import LongRows, early_decimals

DATE_SHARE = 0.6
FEWEST_DATES = 3
DATE, VALUE = "date", "value"


class Turned(NamedTuple):
    """A row per series and date: the long rows, and the texts of the dates by their column's number in the file."""

    rows: LongRows
    dates: pd.Series
    evidence: str
    warnings: list[ProfileWarning]


def header_dates(columns: pd.Index) -> pd.Series | None:
    """Return the column names that are dates, by their position; None unless most names are dates."""
    names = pd.Series([str(name) for name in columns], dtype=object)
    told = names[names.map(lambda name: bool(re.search(r"\d", name)) and not name.startswith("Unnamed"))]
    if len(told) < max(FEWEST_DATES, DATE_SHARE * len(names)):
        return None
    try:
        parsed = parse_dates(told, "")
    except InputError:
        return told
    found = told[parsed.dates.notna()] if parsed else told[:0]
    return found if len(found) >= max(FEWEST_DATES, DATE_SHARE * len(names)) else None


def turn(table: TextTable, header: pd.Series) -> Turned:
    """Return the table with a row per series and date.

    Rows that repeat another are merged. Raises InputError if no column of text names the series.
    """
    cells = table.cells[~table.cells.duplicated()]
    others = [c for position, c in enumerate(cells.columns) if position not in header.index]
    looks = {c: look(cells[c]) for c in others}
    labels = [c for c, it in looks.items() if len(it.values) and not it.is_number]
    if not labels:
        raise InputError(f"{table.path}: dates stand across the header, but no column of text names the rows' series")
    if len(labels) > 1:
        measured = cells[labels[1]].map(kind_of) == "measure"
        cells = cells.assign(**{labels[0]: cells[labels[0]].where(~measured, down(cells[labels[0]]))})
    n_dates, block = len(header), cells.iloc[:, header.index].to_numpy(dtype=object)
    date, value = (_free(name, labels) for name in (DATE, VALUE))
    long = {date: np.tile(header.to_numpy(dtype=object), len(cells))}
    long |= {c: np.repeat(cells[c].to_numpy(dtype=object), n_dates) for c in labels} | {value: block.ravel()}
    frame = pd.DataFrame(long, index=np.repeat(cells.index, n_dates), dtype=object)
    numbers = header.index.to_numpy() + 1
    warnings = []
    if left_out := [c for c in others if c not in labels]:
        told = f"columns beside the dates left out: {some([quote(c) for c in left_out])}"
        warnings.append(warn("columns_left_out", told, "check that they hold totals or row numbers"))
    if len(cells) < len(table.cells):
        lines = some(list(table.cells.index[table.cells.duplicated()]))
        told = f"identical repetitions of rows merged, lines {lines}"
        warnings.append(warn("duplicate_rows_merged", told, "remove them if the export made them"))
    told = "the dates stand across the table; messages about one period give its column's number as the line"
    warnings.append(warn("table_turned", told, "give a row per period if that is not so"))
    rows = LongRows(
        cells=frame,
        date_columns=(date,),
        dates=np.array([]),
        lines=np.tile(numbers, len(cells)),
        place=lambda line, when, _: f"{table.path}: line {line}, column of {pd.Timestamp(when):%Y-%m-%d}",
        decimals={},
    )
    evidence = f"{n_dates} of {len(cells.columns)} column names are dates, {header.iloc[0]!r} to {header.iloc[-1]!r}"
    return Turned(rows, pd.Series(header.to_numpy(), numbers, name=date), evidence, warnings)


def dated(turned: Turned, dates: pd.Series, table: TextTable) -> LongRows:
    """Return the rows with their dates and decimal marks; `dates` by column number."""
    n_rows = len(turned.rows.lines) // len(dates)
    every = np.tile(dates.to_numpy(), n_rows)
    decimals = early_decimals(turned.rows.cells.iloc[:, -1:], every, table)
    return turned.rows._replace(dates=every, decimals=decimals)


def _free(name: str, taken: list[str]) -> str:
    """Return a column name that isn't taken."""
    while name in taken:
        name += "_"
    return name
