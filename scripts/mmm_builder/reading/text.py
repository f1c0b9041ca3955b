"""A file as text cells, and how messages show cells and lists."""

from typing import NamedTuple

import pandas as pd

from ..data_profile import ProfileWarning, SourceFormat


class TextTable(NamedTuple):
    """A file as text.

    cells : (row, column) stripped text, "" for nothing; columns are the file's own names, the index its line numbers
    decimal : the decimal mark, where the file's own types settle it (Excel, Parquet)
    """

    cells: pd.DataFrame
    path: str
    format: SourceFormat
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    decimal: str | None = None
    warnings: tuple[ProfileWarning, ...] = ()


def some(items: list, limit: int = 8) -> str:
    """Return the first few items as text, with the number of the others."""
    shown = ", ".join(str(item) for item in items[:limit])
    return shown + (f" and {len(items) - limit} more" if len(items) > limit else "")


def quote(cell: str, limit: int = 40) -> str:
    """Return a cell in quotes as a message shows it, cut if it is long."""
    return repr(cell if len(cell) <= limit else cell[: limit - 1] + "…")
