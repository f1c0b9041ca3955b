"""Which column, or columns, hold the dates, and the date of every row."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import Choice, ProfileWarning, warn
from ..errors import InputError
from ..reading.calendar_words import part_of, unaccented
from ..reading.date_order import evenness
from ..reading.dates import parse_dates
from ..reading.naming import says
from ..reading.text import quote, some
from .cadence import is_sub_daily
from .date_parts import fill_down, named_columns, refuse_parts, spread_dates

PLAIN_EVENNESS_MIN = 0.5
UNNAMED_EVENNESS_MIN = 0.95
UNNAMED_DATES_MIN = 8
"""Numbers are dates only if they are this even; if their name doesn't say date, this even and so many."""
RIVAL_MARGIN, RIVAL_SHARE = 0.25, 0.7
"""Ranks nearer than this are equally good, if there are nearly as many distinct dates."""
NEVER_DATES = {"id", "index", "idx", "row", "rownum", "unnamed", "key", "code", "zip", "sku"}
"""Words of names whose plain numbers are no dates."""


class FoundDates(NamedTuple):
    """The dates of all rows (by line, midnight unless there are several times a day), and where they stand.

    column : the column of the dates, the finest one if they are spread over several, which are then in `parts`
    (coarsest first). grain : day, week, month, quarter or year.
    """

    column: str
    parts: tuple[str, ...]
    dates: pd.Series
    grain: str
    evidence: Choice
    warnings: tuple[ProfileWarning, ...] = ()


class Candidate(NamedTuple):
    """One way to date the rows; `error` if its dates can't be told. dates : (row,) datetime64, NaT for none."""

    columns: tuple[str, ...]
    dates: np.ndarray
    grain: str
    told: str
    plain: bool
    evenness: float
    distinct: int
    filled_down: int = 0
    error: InputError | None = None

    @property
    def named(self) -> bool:
        """Whether a column's name says date, or a part of one."""
        return any(says("date", column) is not None or part_of(column)[0] for column in self.columns)


def find_dates(cells: pd.DataFrame, given: str | None, path: str) -> FoundDates:
    """Return the dates of the rows: from the column given (or several: `year,week`), else from the best there is.

    Raises InputError if there is none, or a cell is no date (with its line).
    """
    names = named_columns(given, list(cells.columns))
    candidates = _candidates(cells, names, path)
    if not candidates and len(names) > 1:
        refuse_parts(cells, names, path)
    if not candidates:
        raise InputError(_no_dates(cells, given, path))
    most = max(candidate.distinct for candidate in candidates)
    ranked = sorted(candidates, key=lambda candidate: -_rank(candidate, most))
    near = [c for c in ranked if _rank(c, most) > _rank(ranked[0], most) - RIVAL_MARGIN]
    same = [c for c in near if _same_periods(c, ranked[0])]
    best = _first_of(same)
    if best.error:
        raise best.error
    _refuse_holes(cells, best, path)
    rivals = [c for c in near if c.distinct > RIVAL_SHARE * best.distinct and not any(c is other for other in same)]
    dates = pd.Series(best.dates, cells.index)
    if not is_sub_daily(dates):
        dates = dates.dt.normalize()
    evidence, warnings = _told(best, [c for c in same if c is not best], rivals, given)
    parts = best.columns if len(best.columns) > 1 else ()
    return FoundDates(best.columns[-1], parts, dates, best.grain, evidence, warnings)


def _candidates(cells: pd.DataFrame, names: tuple[str, ...], path: str) -> list[Candidate]:
    """Return all ways to date the rows; constants and numbers that are unlikely dates only if there is nothing else."""
    found = [_of_column(cells[c], path) for c in (names or cells.columns) if len(names) < 2]
    several = [
        Candidate(columns, dates, grain, _told_parts(cells, columns), False, evenness(dates), _distinct(dates), filled)
        for columns, dates, grain, filled in (spread_dates(cells, names) if len(names) != 1 else [])
    ]
    every = [c for c in found if c is not None] + [c for c in several if c.distinct]
    if names:
        return every
    varied = [c for c in every if c.distinct > 1 or len(cells) == 1] or every
    sure = [c for c in varied if not c.plain or (c.named and c.evenness >= PLAIN_EVENNESS_MIN) or _is_year_month(c)]
    return sure or [c for c in varied if _may_be_dates(c)]


def _of_column(column: pd.Series, path: str) -> Candidate | None:
    try:
        parsed = parse_dates(column, f"{path}: column {column.name!r}")
    except InputError as error:
        none = np.full(len(column), np.datetime64("NaT"), dtype="datetime64[us]")
        return Candidate((str(column.name),), none, "day", "", False, 0.5, column.nunique(), 0, error)
    if parsed is None:
        return None
    dates, empty = parsed.dates.to_numpy(), (column == "").to_numpy(bool)
    full = fill_down(dates, empty)
    n_filled, dates = (0, dates) if full is None else (int(empty.sum()), full)
    return Candidate(
        (str(column.name),), dates, parsed.grain, parsed.told, parsed.plain, evenness(dates), _distinct(dates), n_filled
    )


def _distinct(dates: np.ndarray) -> int:
    return int(pd.Series(dates).dt.normalize().nunique())


def _may_be_dates(candidate: Candidate) -> bool:
    """Whether numbers whose name doesn't say date are dates all the same: many, and without a gap."""
    words = {word for column in candidate.columns for word in re.findall(r"[^\W\d_]+", unaccented(column))}
    return (
        candidate.evenness >= UNNAMED_EVENNESS_MIN
        and candidate.distinct >= UNNAMED_DATES_MIN
        and not words & NEVER_DATES
    )


def _is_year_month(candidate: Candidate) -> bool:
    """Whether numbers are years with months or weeks, `201511`, without a gap: hardly ever by chance."""
    return candidate.grain in ("month", "week") and _may_be_dates(candidate)


def _rank(candidate: Candidate, most: int) -> float:
    """Return how good a candidate is: its cadence, its distinct dates beside the most there are, its name."""
    filled = 1.0 if candidate.error else float(np.mean(~np.isnat(candidate.dates)))
    marks = 0.5 * candidate.named - 0.5 * (len(candidate.columns) > 1) - 0.5 * candidate.plain
    return 2 * candidate.evenness + candidate.distinct / most + filled + marks


def _same_periods(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates date the rows alike but for their names: in the same order, with the same ties."""
    if one is other:
        return True
    if one.error or other.error or one.distinct != other.distinct:
        return False
    pairs = pd.DataFrame({"one": one.dates, "other": other.dates}).drop_duplicates().sort_values("one")
    return len(pairs) == one.distinct and pairs["other"].is_monotonic_increasing


def _first_of(same: list[Candidate]) -> Candidate:
    """Return the candidate whose dates come first, if they begin the same periods; else the best one."""
    best = same[0]
    if len(best.columns) > 1 or best.error:
        return best
    days = np.unique(best.dates[~np.isnat(best.dates)])
    step = np.median(np.diff(days)) if len(days) > 1 else np.timedelta64(0)
    first = best
    for other in same[1:]:
        ahead = np.nanmedian((best.dates - other.dates).astype(float))
        if len(other.columns) == 1 and 0 < ahead < float(step.astype(float)) and other.named >= best.named:
            first = other if np.nanmin(other.dates) < np.nanmin(first.dates) else first
    return first


def _refuse_holes(cells: pd.DataFrame, best: Candidate, path: str) -> None:
    """Raise InputError, with its line, if a row has no date."""
    holes = np.flatnonzero(np.isnat(best.dates))
    if not len(holes):
        return
    line, shown = cells.index[holes[0]], [cells[c].iloc[holes[0]] for c in best.columns]
    if len(best.columns) > 1:
        what = f"{', '.join(map(quote, shown))} make no date"
    else:
        what = f"{quote(shown[0])} is not a date like the others" if shown[0] else "the date is missing"
    where = (
        f"column {best.columns[0]!r}" if len(best.columns) == 1 else f"columns {some([quote(c) for c in best.columns])}"
    )
    raise InputError(
        f"{path}: {where} (line {line}): {what} ({len(holes)} such lines); correct it, or name the date "
        "column with --date"
    )


def _told(
    best: Candidate, same: list[Candidate], rivals: list[Candidate], given: str | None
) -> tuple[Choice, tuple[ProfileWarning, ...]]:
    """Return the evidence for the choice, and warnings: another is as good, it holds but numbers, rows have no date."""
    told = f"{best.told}; {best.distinct} distinct dates in {len(best.dates)} rows"
    warnings = []
    if best.filled_down:
        filled = f"{best.filled_down} rows without a date of their own have the one above them"
        warnings.append(warn("dates_filled_down", filled, "write the date in every row if that is not so"))
    if given:
        return Choice(confidence=1.0, evidence=f"named by hand; {told}"), tuple(warnings)
    told += f"; {some([_names(c) for c in same])} tells the same periods" if same else ""
    confidence, cure = (0.95 if best.named else 0.9), "name the date column with --date"
    if rivals:
        confidence = 0.5
        doubt = f"{_names(best)} taken as the dates, but {some([_names(c) for c in rivals])} may be them"
        warnings.append(warn("date_uncertain", doubt, cure))
    if best.plain and not best.named:
        confidence = 0.4
        doubt = f"the numbers of {_names(best)} taken as dates, though its name doesn't say so"
        warnings.append(warn("date_uncertain", doubt, cure))
    return Choice(confidence=confidence, evidence=told), tuple(warnings)


def _names(candidate: Candidate) -> str:
    return " + ".join(repr(column) for column in candidate.columns)


def _told_parts(cells: pd.DataFrame, columns: tuple[str, ...]) -> str:
    shown = ", ".join(f"{c!r} {quote(cells[c].iloc[0])}" for c in columns)
    return f"dates from several columns, like {shown}"


def _no_dates(cells: pd.DataFrame, given: str | None, path: str) -> str:
    """Return why there is no date column, with what the likeliest one holds."""
    likely = (
        given or next((c for c in cells if says("date", c)), None) or next((c for c in cells if part_of(c)[0]), None)
    )
    columns = some([quote(c) for c in cells.columns])
    if likely is None:
        return f"{path}: no column holds dates (columns: {columns}); add one like 2024-01-31, or name it with --date"
    first = cells[likely].iloc[0]
    held = f"{path}: no date column: {likely!r} (line {cells.index[0]}) holds {quote(first)}, which"
    if not first.isdecimal() and _is_date(f"{first} 2020"):
        return f"{held} has no year; add the year, or a column with it"
    return f"{held} is not a date; write dates like 2024-01-31, or name the column with --date"


def _is_date(cell: str) -> bool:
    try:
        return parse_dates(pd.Series([cell]), "") is not None
    except InputError:
        return True
