"""Typed cells, of workbooks and Parquet files, as text that reads back as the same value."""

import datetime
import math
from collections.abc import Iterable
from typing import Any

from .number_cells import Decimal
from .numerals import Votes, votes_of

SECOND = datetime.timedelta(seconds=1)


def cell_text(value: Any, decimal: Decimal) -> str:
    """Return a cell's text: ISO dates, without a time at midnight; numbers with this mark; 1 and 0; "" for nothing."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return _number_text(value, decimal)
    if isinstance(value, datetime.datetime):
        whole = (value + SECOND / 2).replace(microsecond=0)
        return f"{whole:%Y-%m-%d}" if whole.time() == datetime.time() else whole.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _number_text(value: float, decimal: Decimal) -> str:
    """Return the shortest text of a number; "" for what is none."""
    if not math.isfinite(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value).replace(".", decimal)


def text_marks(columns: Iterable[list[str]]) -> tuple[list[Decimal], Decimal]:
    """Return the decimal mark in which each column's numbers are to be written, and that of the table.

    columns : the text cells of each column, typed ones left out; numbers among them must not be read otherwise than
    the typed ones beside them.
    """
    votes: list[Votes] = [votes_of(list(dict.fromkeys(cells))) for cells in columns]
    point, comma = (sum(vote.mark == mark for vote in votes) for mark in (".", ","))
    table: Decimal = "," if comma > point else "."
    return [vote.mark or table for vote in votes], table
