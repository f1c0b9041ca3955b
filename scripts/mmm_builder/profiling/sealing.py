"""The sealed end of a file: periods that are cut off before anything else is made of it, and kept apart."""

from ..data_profile import SealedPeriods
from ..errors import InputError
from ..reading.text import TextTable
from ..settings import Columns
from ..shaping.cadence import PERIOD_NAMES, SHORTEST, Calendar
from ..shaping.date_column import find_dates
from ..shaping.fill_down import fill_down
from ..shaping.shapes import LaidOut
from ..shaping.transposed import header_dates


def training_without(calendar: Calendar, n_sealed: int, path: str) -> Calendar:
    """Return the periods of the whole file with none of the last `n_sealed` for training.

    Raises InputError if those leave too few.
    """
    left, least = len(calendar.grid) - n_sealed, SHORTEST[calendar.frequency]
    if n_sealed and left < least:
        name = PERIOD_NAMES[calendar.frequency]
        raise InputError(
            f"{path}: sealed_periods: {n_sealed} of {len(calendar.grid)} {name} are to be sealed, {max(left, 0)} are "
            f"too short a history; give at least {least}, or seal fewer"
        )
    return calendar._replace(n_train=min(calendar.n_train, left))


def last_periods(calendar: Calendar, n_sealed: int) -> SealedPeriods:
    """Return the last `n_sealed` periods."""
    first, last = calendar.grid[-n_sealed], calendar.grid[-1]
    return SealedPeriods(n_periods=n_sealed, start=f"{first:%Y-%m-%d}", end=f"{last:%Y-%m-%d}")


def without_end(text: TextTable, laid: LaidOut, calendar: Calendar, n_sealed: int, given: Columns) -> TextTable:
    """Return the file's cells as if it had ended before its last `n_sealed` periods.

    laid, calendar : of the whole file; of them only the dates are used
    """
    cutoff = laid.dates.dates[(calendar.periods >= calendar.grid[-n_sealed]).to_numpy()].min()
    if laid.shape == "transposed":
        header = header_dates(text.cells.columns)
        dates = find_dates(header.to_frame("date"), "date", text.path).dates
        shown = [i for i in range(text.cells.shape[1]) if i not in dates.index or dates[i] < cutoff]
        return text._replace(cells=text.cells.iloc[:, shown])
    cells, warnings = fill_down(text.cells)
    shown = (find_dates(cells, given.date, text.path).dates < cutoff).to_numpy()
    return text._replace(cells=cells[shown], warnings=(*text.warnings, *warnings))


def refuse_other_layout(laid: LaidOut, columns: list[str], path: str) -> None:
    """Raise InputError if the whole file doesn't hold the columns that its unsealed part has."""
    missing = [c for c in columns if c not in laid.cells]
    if missing:
        raise InputError(
            f"{path}: with the sealed periods the file is laid out otherwise, column {missing[0]!r} is not in it; "
            "say how with --shape, or set sealed_periods: 0"
        )
