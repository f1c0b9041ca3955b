"""Dates as people write them. A column is read in one form; the order of day and month is settled over all of it."""

import re
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from .naming import month_number

Grain = Literal["day", "month", "quarter", "year"]

_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm]|Z|[+-]\d{2}:?\d{2})?)?"
_WORD = r"(?P<word>[^\W\d_]{3,})\.?"


class Form(NamedTuple):
    """One way to write a date; the pattern's groups are y, m, d, q (quarter), w (ISO week), word (month), a, b."""

    grain: Grain
    pattern: re.Pattern[str]


def _form(grain: Grain, pattern: str) -> Form:
    return Form(grain, re.compile(pattern, re.IGNORECASE))


FORMS = (
    _form("day", r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*日?" + _TIME),
    _form("day", r"(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)"),
    _form("day", r"(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<y>\d{4}|\d{2})" + _TIME),
    _form("day", rf"(?P<d>\d{{1,2}})\.?[\s-]*{_WORD}[\s,-]*(?P<y>\d{{4}}|\d{{2}})"),
    _form("day", rf"{_WORD}\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})"),
    _form("day", r"(?P<y>\d{4})[\s-]*(?:W|KW)(?P<w>\d{1,2})"),
    _form("month", rf"{_WORD}[\s,.'-]*(?P<y>\d{{4}}|\d{{2}})"),
    _form("month", r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*月?"),
    _form("month", r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
    _form("quarter", r"(?P<y>\d{4})[\s-]*Q(?P<q>[1-4])"),
    _form("quarter", r"Q(?P<q>[1-4])[\s'-]*(?P<y>\d{4}|\d{2})"),
    _form("year", r"(?P<y>(?:1[89]|20)\d{2})"),
)

REGULAR_STEPS = (1, 7, 28, 29, 30, 31, 90, 91, 92, 365, 366)


class ParsedDates(NamedTuple):
    """Dates of a column (NaT where a cell is none), how fine they are, and the share of cells that are dates."""

    dates: pd.Series
    grain: Grain
    share: float


def parse_dates(column: pd.Series, where: str) -> ParsedDates | None:
    """Read a column of text as dates in the form that fits most cells; None if none fits half of them.

    Raises InputError, starting with `where`, if day and month can't be told apart.
    """
    filled = column[column != ""]
    if filled.empty:
        return None
    parts = {form: filled.str.extract(f"^(?:{form.pattern.pattern})$", flags=re.IGNORECASE) for form in _near(filled)}
    if not parts:
        return None
    form = max(parts, key=lambda f: parts[f]["y"].notna().sum())
    fields = parts[form].dropna(subset="y")
    dates = _settle_order(fields, where) if "a" in fields else _assemble(fields)
    dates = dates.reindex(column.index)
    share = float(dates.notna().sum() / len(filled))
    return ParsedDates(dates, form.grain, share) if share >= 0.5 else None


def _near(filled: pd.Series) -> list[Form]:
    """Return the forms that one of the first cells has: few columns are dates, and most are dismissed here."""
    first = filled.iloc[:5]
    return [form for form in FORMS if any(form.pattern.fullmatch(cell) for cell in first)]


def _assemble(fields: pd.DataFrame) -> pd.Series:
    """Return dates from the named parts; a period's date is its first day. NaT where there is no such date."""
    year = pd.to_numeric(fields["y"])
    year = year.where(fields["y"].str.len() == 4, np.where(year < 69, 2000 + year, 1900 + year))
    if "w" in fields:
        text = year.astype(int).astype(str) + "-" + fields["w"].str.zfill(2) + "-1"
        return pd.to_datetime(text, format="%G-%V-%u", errors="coerce")
    month = pd.Series(1, fields.index)
    if "q" in fields:
        month = pd.to_numeric(fields["q"]) * 3 - 2
    elif "word" in fields:
        month = fields["word"].map(month_number)
    elif "m" in fields:
        month = pd.to_numeric(fields["m"])
    day = pd.to_numeric(fields["d"]) if "d" in fields else 1
    return pd.to_datetime({"year": year, "month": month, "day": day}, errors="coerce")


def _settle_order(fields: pd.DataFrame, where: str) -> pd.Series:
    """Return the dates of numeric day-month-year or month-day-year cells, by evidence over the whole column.

    A part above 12 is a day; dots part day-first dates; else the order with the more even and complete steps is taken.
    Raises InputError if both orders occur or nothing settles it.
    """
    first, second = pd.to_numeric(fields["a"]), pd.to_numeric(fields["b"])
    orders = {
        "day first": _assemble(fields.assign(d=fields["a"], m=fields["b"])),
        "month first": _assemble(fields.assign(d=fields["b"], m=fields["a"])),
    }
    day_first, month_first = first.gt(12), second.gt(12)
    if day_first.any() and month_first.any():
        fewer = day_first if day_first.sum() <= month_first.sum() else month_first
        raise InputError(
            f"{where}: lines {day_first.idxmax()} and {month_first.idxmax()} hold dates in different orders of day and "
            f"month (line {fewer.idxmax()} is of the rarer one); write all dates as YYYY-MM-DD"
        )
    if day_first.any() or (fields["mark"] == ".").all():
        return orders["day first"]
    if month_first.any() or orders["day first"].equals(orders["month first"]):
        return orders["month first"]
    evenness = {order: _evenness(dates) for order, dates in orders.items()}
    better, worse = sorted(evenness, key=evenness.__getitem__, reverse=True)
    if evenness[better] < evenness[worse] + 0.1:
        raise InputError(f"{where}: day and month can't be told apart (no part is above 12); write YYYY-MM-DD")
    return orders[better]


def _evenness(dates: pd.Series) -> float:
    """Return the share of steps of the most frequent regular length, times the share of their span that has dates."""
    steps = np.diff(np.sort(dates.dropna().unique())).astype("timedelta64[D]").astype(int)
    if not len(steps):
        return 0.0
    monthly = np.isin(steps, (28, 29, 30, 31)).mean()
    filled = min(1.0, (len(steps) + 1) / (steps.sum() / np.median(steps) + 1))
    return filled * float(max([monthly, *((steps == step).mean() for step in REGULAR_STEPS)]))
