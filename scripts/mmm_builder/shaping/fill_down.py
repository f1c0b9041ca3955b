"""Labels that stand on the first of several rows only, as merged cells and pivot tables leave them."""

import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from ..reading.dates import parse_dates
from ..reading.text import quote, some
from .column_kinds import look

BLANK_SHARE = 0.3
"""Least share of blanks of a column whose cells stand for the rows below too; fewer are missing cells."""


def fill_down(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the cells with dates, and labels beside them, repeated on the rows below that belong to them.

    Only leading columns are filled, one of which holds dates, and only if they and the label beside them name each row.
    """
    outer = []
    for column in cells.columns:
        blank = cells[column] == ""
        if blank.mean() < BLANK_SHARE or blank.iloc[0]:
            break
        outer.append(column)
    if not outer or len(outer) == len(cells.columns) or not any(_are_dates(cells[c]) for c in outer):
        return cells, []
    inner = cells.columns[len(outer)]
    filled = cells.assign(**{c: down(cells[c]) for c in outer})
    unnamed = look(cells[inner]).is_number or (cells[inner] == "").any()
    if unnamed or filled[[*outer, inner]].duplicated().any():
        return cells, []
    told = f"columns {some([quote(c) for c in outer])}: blank cells take what stands above them"
    return filled, [warn("labels_filled_down", told, "fill them in if they are something else")]


def down(column: pd.Series) -> pd.Series:
    """Return a column of text whose blanks take the cell above."""
    return column.where(column != "").ffill().fillna("")


def _are_dates(column: pd.Series) -> bool:
    try:
        parsed = parse_dates(column, "")
    except InputError:
        return True
    return parsed is not None and parsed.share > 1 - BLANK_SHARE
