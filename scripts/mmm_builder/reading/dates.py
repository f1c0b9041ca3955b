"""Dates as people write them. A column is read in one form; the order of day and month is settled over all of it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .date_forms import FORMS, Form, Grain
from .date_order import LAST_YEAR, Ordered, assemble, settle_order
from .date_text import CleanDate, clean_date
from .text import quote

LOOKED_AT = 30
"""Cells of a column by which most columns are dismissed as no dates."""
SHARE_MIN = 0.5
PLAIN_SHARE_MIN = 0.8
"""Fewest cells, of those filled, that must be dates: in forms that nothing else has, and in forms that numbers have."""
EPOCH_POWERS = {9: 0, 10: 0, 12: 3, 13: 3, 15: 6, 16: 6, 18: 9, 19: 9}
"""By the number of digits of a count since 1970: the power of ten of its units in a second."""
MOST_DATES = 40_000
"""Distinct numbers from here on are no dates: these would be more than a century of days."""
LAST_WEEK = 53


class ParsedDates(NamedTuple):
    """Dates of a column (with time of day; NaT where a cell is none), how fine they are, the share of cells that are.

    plain : they are numbers that may be no dates. told : what they look like, and how day and month were told apart.
    """

    dates: pd.Series
    grain: Grain
    share: float
    plain: bool = False
    told: str = ""


def parse_dates(column: pd.Series, where: str) -> ParsedDates | None:
    """Read a column of text as dates in the form that fits most cells; None if none fits half of them.

    Raises InputError, starting with `where`, if day and month can't be told apart.
    """
    near = _near(column)
    if not near:
        return None
    codes, cells = pd.factorize(column, use_na_sentinel=True)
    if len(cells) > MOST_DATES and all(form.plain for form in near):
        return None
    cleaned = [clean_date(cell) for cell in cells]
    counts = np.bincount(codes[codes >= 0], minlength=len(cells))
    filled = counts[np.asarray(cells != "")].sum()
    matched = {form: _match(form, cleaned) for form in near}
    form = max(matched, key=lambda f: counts[matched[f].index].sum())
    fields = matched[form]
    if counts[fields.index].sum() < (PLAIN_SHARE_MIN if form.plain else SHARE_MIN) * filled:
        return None
    first_rows = np.full(len(cells), len(column))
    np.minimum.at(first_rows, codes[codes >= 0], np.flatnonzero(codes >= 0))
    lines = pd.Series(column.index[first_rows[fields.index]], fields.index)
    ordered, grain = _read(form, fields, lines, where)
    dates = np.full(len(cells) + 1, np.datetime64("NaT"), dtype="datetime64[us]")
    dates[fields.index] = ordered.dates.astype("datetime64[us]") + _times(cleaned, fields.index)
    share = float(counts[~np.isnat(dates[:-1])].sum() / filled)
    if share < (PLAIN_SHARE_MIN if form.plain else SHARE_MIN):
        return None
    told = f"dates like {quote(str(cells[fields.index[0]]))}" + (f" ({ordered.told})" if ordered.told else "")
    return ParsedDates(pd.Series(dates[codes], column.index), grain, share, form.plain, told)


def _near(column: pd.Series) -> list[Form]:
    """Return the forms that some cells from all over the column have; a plain one must fit most of them."""
    looked_at = _some_cells(column)
    cleaned = [clean_date(cell) for cell in looked_at]
    texts = [cell.text for cell in cleaned if cell]
    fits = {form: sum(form.pattern.fullmatch(text) is not None for text in texts) for form in FORMS if texts}
    return [form for form, n in fits.items() if n >= max(1, PLAIN_SHARE_MIN * len(looked_at) * form.plain)]


def _some_cells(column: pd.Series) -> list[str]:
    """Return distinct filled cells from all over a column, the first ones among them."""
    places = np.unique(np.linspace(0, max(len(column) - 1, 0), LOOKED_AT).astype(int))
    spread = [*column.iloc[:LOOKED_AT], *column.iloc[places]] if len(column) else []
    cells = [cell for cell in dict.fromkeys(spread) if cell]
    return cells or list(column[column != ""].iloc[:LOOKED_AT])


def _match(form: Form, cleaned: list[CleanDate | None]) -> pd.DataFrame:
    """Return the parts of the cells that have a form, by the cells' positions."""
    found = {
        position: match.groupdict()
        for position, cell in enumerate(cleaned)
        if cell and (match := form.pattern.fullmatch(cell.text))
    }
    return pd.DataFrame(list(found.values()), index=list(found), columns=list(form.pattern.groupindex), dtype="str")


def _read(form: Form, fields: pd.DataFrame, lines: pd.Series, where: str) -> tuple[Ordered, Grain]:
    """Return the dates of the parts, and how fine they are."""
    if "epoch" in fields:
        return Ordered(_epoch_dates(fields["epoch"])), form.grain
    if "a" in fields:
        return settle_order(fields if "s" in fields else fields.assign(s=""), lines, where), form.grain
    if "n" not in fields:
        return Ordered(assemble(fields)), form.grain
    is_week = pd.to_numeric(fields["n"]).between(13, LAST_WEEK).any()
    named = fields.rename(columns={"n": "w" if is_week else "m"})
    return Ordered(assemble(named)), "week" if is_week else "month"


def _epoch_dates(counts: pd.Series) -> np.ndarray:
    """Return the moments of Unix time in seconds or finer, told by the number of digits; NaT after the last year."""
    finer = counts.str.len().map(EPOCH_POWERS)
    microseconds = np.array([int(text) * 10**6 // 10**power for text, power in zip(counts, finer, strict=True)])
    dates = microseconds.astype("datetime64[us]")
    return np.where(dates.astype("datetime64[Y]").astype(int) + 1970 <= LAST_YEAR, dates, np.datetime64("NaT"))


def _times(cleaned: list[CleanDate | None], positions: pd.Index) -> np.ndarray:
    """Return the time of day of some cells."""
    seconds = [cleaned[position].seconds or 0 for position in positions]
    return np.array(seconds, dtype="timedelta64[s]")
