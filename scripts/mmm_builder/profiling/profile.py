"""From a client's file to its data profile and the canonical table: the reader's parts, one after the other."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import NATIONAL, Choice, DataProfile, Evidence, ProfileWarning, SealedPeriods, Source, warn
from ..errors import InputError
from ..files import file_digest
from ..reading.numerals import Numbers, nothing_mask, read_numbers
from ..reading.source import read_text_table
from ..reading.text import TextTable, some
from ..settings import Columns
from ..shaping.cadence import Calendar, make_calendar
from ..shaping.date_parts import named_columns
from ..shaping.rows import RowKeys, refuse_conflicts
from ..shaping.shapes import LaidOut, lay_out, refuse_unknown
from .column_rules import Facts, number_facts, read_column, text_facts
from .quality import quality_warnings
from .repair import Repaired, repair
from .role_values import role_values
from .roles import Roles, assign_roles
from .sealing import last_periods, refuse_other_layout, training_without, without_end
from .series import column_gaps, series_statistics

NUMERIC_SHARE = 0.8
"""A column is numeric if at least this share of its filled training cells are numbers; the others are then errors."""


class Found(NamedTuple):
    """What a laid-out table holds; `values` (row, column with a role) has a (date, unit) index and NaN for nothing."""

    calendar: Calendar
    numbers: Numbers
    roles: Roles
    values: pd.DataFrame


class Read(NamedTuple):
    """A file's text, laid out, and what it holds; what was left out at its ends is no longer in it."""

    text: TextTable
    laid: LaidOut
    found: Found
    trimmed: tuple[ProfileWarning, ...]


class Profiled(NamedTuple):
    """A file's profile, its canonical table (one row per period and unit) and, apart, its sealed rows in this form."""

    profile: DataProfile
    table: pd.DataFrame
    sealed: pd.DataFrame


def profile_file(
    file: Path, columns: Columns, test_size: float, *, path_as_given: str | None = None, sheet: str | None = None
) -> tuple[DataProfile, pd.DataFrame]:
    """Return the profile of a CSV, Excel or Parquet file and its canonical table, nothing of it sealed."""
    profiled = profile_and_seal(file, columns, test_size, 0, path_as_given=path_as_given, sheet=sheet)
    return profiled.profile, profiled.table


def profile_and_seal(
    file: Path,
    columns: Columns,
    test_size: float,
    n_sealed: int,
    *,
    path_as_given: str | None = None,
    sheet: str | None = None,
) -> Profiled:
    """Return the profile of a CSV, Excel or Parquet file and its canonical table, without its last `n_sealed` periods.

    columns : roles and shape given by hand, the others are detected. test_size : share of the periods held out, the
    last unsealed ones. path_as_given : the path to show, if not `file`. sheet : of an Excel file, else the first with a
    table. Roles, shares and statistics rest on the training rows alone; of the sealed rows only the dates are used.
    Raises InputError, one line with file, line or column, what was found and the cure.
    """
    text = read_text_table(file, path_as_given or str(file), sheet)
    _check_dates(columns, text)
    whole = read = _read(text, columns, test_size, n_sealed)
    if n_sealed:
        shown = without_end(whole.text, whole.laid, whole.found.calendar, n_sealed, columns)
        read = _read(shown, columns, test_size, 0)._replace(trimmed=whole.trimmed)
    done = repair(read.found.values, read.found.calendar, **_columns(read.found.roles), where=text.path)
    profile = _profile(text, file, read, done, last_periods(whole.found.calendar, n_sealed) if n_sealed else None)
    every = _with_sealed(whole, read, columns) if n_sealed else done.table
    sealed = every[every.index.get_level_values("date") > profile.end]
    return Profiled(profile, _canonical(done.table, profile), _canonical(sealed, profile))


def _read(text: TextTable, columns: Columns, test_size: float, n_sealed: int) -> Read:
    """Return a file laid out with what it holds, its ends without a KPI left out.

    n_sealed : last periods that must not be in training
    """
    laid = lay_out(text, columns)
    _check_roles(columns, laid, text.path)
    found = _find(laid, columns, _calendar(laid, test_size, n_sealed, text), text)
    outside = _outside_kpi(found)
    if not outside.any():
        return Read(text, laid, found, ())
    trimmed = (_trimmed(found, outside),)
    laid = _without(laid, outside)
    return Read(text, laid, _find(laid, columns, _calendar(laid, test_size, n_sealed, text), text), trimmed)


def _calendar(laid: LaidOut, test_size: float, n_sealed: int, text: TextTable) -> Calendar:
    """Return the periods of a laid-out table. Raises InputError if they are none or too few."""
    where = f"{text.path}: column {laid.dates.column!r}"
    return training_without(make_calendar(laid.dates.dates, laid.dates.grain, test_size, where), n_sealed, text.path)


def _with_sealed(whole: Read, read: Read, columns: Columns) -> pd.DataFrame:
    """Return the repaired table (date, unit) of the whole file, read and filled as the unsealed part of it is."""
    roles, path = read.found.roles, read.text.path
    refuse_other_layout(whole.laid, list(read.found.values.columns), path)
    calendar = whole.found.calendar._replace(n_train=read.found.calendar.n_train)
    values = _find(whole.laid, columns, calendar, whole.text, roles).values
    units = values.index.get_level_values("unit").isin(read.found.values.index.unique("unit"))
    return repair(values[units], calendar, **_columns(roles), where=path).table


def _check_dates(given: Columns, text: TextTable) -> None:
    """Raise InputError if a date column named by hand is not in the file."""
    columns = list(text.cells.columns)
    named = [("--date", name) for name in named_columns(given.date, columns)]
    _check_named(named, columns, text.path)


def _check_roles(given: Columns, laid: LaidOut, path: str) -> None:
    """Raise InputError if a column given a role is not in the laid-out table, names its rows, or has two roles."""
    named = [("--target", given.target)] if given.target else []
    named += [("--channels", name) for name in given.channels or ()]
    named += [("--controls", name) for name in given.controls or ()]
    _check_named(named, list(laid.cells.columns), path)
    for _, name in named:
        if name in (laid.dates.column, *laid.dates.parts, laid.panel_column):
            raise InputError(f"{path}: column {name!r} holds the dates or panel units, it can have no other role")


def _check_named(named: list[tuple[str, str]], columns: list[str], path: str) -> None:
    """Raise InputError if a column named by hand, by (option, name), is not there or has two roles."""
    roles: dict[str, str] = {}
    for option, name in named:
        refuse_unknown(option, name, columns, path)
        if name in roles:
            raise InputError(f"{path}: column {name!r} is named by {roles[name]} and by {option}; give it one role")
        roles[name] = option


def _find(laid: LaidOut, given: Columns, calendar: Calendar, text: TextTable, known: Roles | None = None) -> Found:
    """Return the numbers and roles of a laid-out table, from its training rows; known : roles that are settled."""
    keys = RowKeys(laid.dates.column, laid.dates.dates, laid.dates.grain, laid.panel_column)
    refuse_conflicts(laid.cells, keys, calendar.periods, text.path)
    unit = laid.cells[laid.panel_column] if laid.panel_column else pd.Series(NATIONAL, laid.cells.index)
    named = dict.fromkeys((laid.dates.column, *laid.dates.parts, laid.panel_column))
    cells = laid.cells.drop(columns=[c for c in named if c in laid.cells])
    training = (calendar.periods <= calendar.train_end).to_numpy()
    numbers = read_numbers(cells, training, text.separator, text.decimal)
    rows = np.flatnonzero(training)[np.argsort(calendar.periods[training].to_numpy(), kind="stable")]
    first_unit = (unit.iloc[rows] == unit.iloc[0]).to_numpy()
    facts = _facts(cells.iloc[rows], numbers.values.iloc[rows], numbers.wrong.iloc[rows], first_unit)
    _refuse_empty(cells, facts, given, text.path)
    roles = known or assign_roles(facts, numbers.values.iloc[rows], given, text.path, first_unit, laid.meant)
    values = role_values(roles, facts, cells, numbers, text.path)
    index = pd.MultiIndex.from_arrays([calendar.periods.to_numpy(), unit.astype(object)], names=["date", "unit"])
    return Found(calendar, numbers, roles, values.set_axis(index))


def _facts(shown: pd.DataFrame, values: pd.DataFrame, wrong: pd.DataFrame, first_unit: np.ndarray) -> dict[str, Facts]:
    """Return what each column holds in the training rows, (row, column) in date order."""
    facts = {}
    for name in shown.columns:
        filled = (~nothing_mask(shown[name])).sum()
        is_text = filled > 0 and wrong[name].sum() > (1 - NUMERIC_SHARE) * filled
        facts[name] = text_facts(name, shown[name]) if is_text else number_facts(name, values[name], first_unit)
    return facts


def _refuse_empty(cells: pd.DataFrame, facts: dict[str, Facts], given: Columns, path: str) -> None:
    """Raise InputError for a column without any value whose name says media or KPI, unless those are named by hand."""
    by_hand = {given.target, *(given.channels or ()), *(given.controls or ())}
    cures = {
        "channel": (given.channels, "the channels with --channels"),
        "target": (given.target, "the KPI with --target"),
    }
    for name in cells.columns:
        if name in by_hand or not nothing_mask(cells[name]).all():
            continue
        as_if_used = facts[name]._replace(constant=False, is_text=False, distinct=len(cells), maximum=float(len(cells)))
        named, cure = cures.get(read_column(as_if_used).role, ((), ""))
        if named is None:
            raise InputError(f"{path}: column {name!r} holds no values at all; fill it in, remove it, or name {cure}")


def _outside_kpi(found: Found) -> np.ndarray:
    """Return the mask of rows before the first or after the last period that has a KPI: plans, or media alone."""
    known = found.values[found.roles.target].groupby(level="date").count()
    periods = known.index[known > 0]
    dates = found.values.index.get_level_values("date")
    return (dates < periods.min()) | (dates > periods.max()) if len(periods) else np.zeros(len(dates), dtype=bool)


def _trimmed(found: Found, outside: np.ndarray) -> ProfileWarning:
    """Return the warning that tells which periods were left out for want of a KPI."""
    dates = found.values.index.get_level_values("date")[outside].unique().sort_values()
    told = (
        f"{len(dates)} periods at the ends of the file have no value of {found.roles.target!r} and are left out: "
        + some([f"{date:%Y-%m-%d}" for date in dates])
    )
    return warn("periods_without_kpi", told, "add the values if they are known")


def _without(laid: LaidOut, rows: np.ndarray) -> LaidOut:
    """Return the table without some rows."""
    dates = laid.dates._replace(dates=laid.dates.dates[~rows])
    return laid._replace(cells=laid.cells[~rows], dates=dates)


def _columns(roles: Roles) -> dict[str, Any]:
    """Return the names of the columns that have a role, by role."""
    return {
        "target": roles.target,
        "channels": [c.column for c in roles.channels],
        "exposures": [c.exposure_column for c in roles.channels if c.exposure_column],
        "controls": [c.column for c in roles.controls],
    }


def _canonical(table: pd.DataFrame, profile: DataProfile) -> pd.DataFrame:
    """Return the table (date, unit) with its index as first columns, which have the file's names for them.

    Its other columns may have any name, `date` and `unit` among them.
    """
    named = {profile.date_column: table.index.get_level_values("date")}
    if profile.panel_column:
        named[profile.panel_column] = table.index.get_level_values("unit")
    return pd.concat([pd.DataFrame(named), table.reset_index(drop=True)], axis="columns")


def _profile(text: TextTable, file: Path, read: Read, done: Repaired, sealed: SealedPeriods | None) -> DataProfile:
    """Return the record of all that was found; statistics are of the training rows. text : the whole file's."""
    laid, found = read.laid, read.found
    calendar, roles = found.calendar, found.roles
    training = done.table[done.table.index.get_level_values("date") <= calendar.train_end]
    yearly = calendar.periods_per_year
    series = series_statistics(training, **_columns(roles), periods_per_year=yearly)
    doubts = quality_warnings(
        training, series, target=roles.target, channels=roles.channels, controls=[c.column for c in roles.controls],
        frequency=calendar.frequency, periods_per_year=yearly,
    )  # fmt: skip
    source = Source(
        path=text.path,
        sha256=file_digest(file),
        format=text.format,
        sheet=text.sheet,
        encoding=text.encoding,
        separator=text.separator,
        decimal=found.numbers.decimal,
        n_rows=len(text.cells),
    )
    told = [
        *read.text.warnings,
        *laid.warnings,
        *read.trimmed,
        *laid.dates.warnings,
        *calendar.warnings,
        *found.numbers.warnings,
        *done.warnings,
    ]
    told += [*roles.warnings, *doubts]
    best = roles.candidates[0]
    return DataProfile(
        source=source,
        shape=laid.shape,
        date_column=laid.dates.column,
        date_parts=laid.dates.parts,
        frequency=calendar.frequency,
        periods_per_year=calendar.periods_per_year,
        start=f"{calendar.grid[0]:%Y-%m-%d}",
        end=f"{calendar.grid[-1]:%Y-%m-%d}",
        n_periods=len(calendar.grid),
        n_train=calendar.n_train,
        train_end=f"{calendar.train_end:%Y-%m-%d}",
        missing_periods=tuple(f"{date:%Y-%m-%d}" for date in calendar.missing),
        target_column=roles.target,
        target_candidates=roles.candidates,
        panel_column=laid.panel_column,
        channels=roles.channels,
        controls=roles.controls,
        ignored=roles.ignored,
        evidence=Evidence(
            shape=laid.evidence,
            date_column=laid.dates.evidence,
            frequency=calendar.evidence,
            target_column=Choice(confidence=best.score, evidence=best.evidence),
            panel_column=laid.panel_evidence,
        ),
        gaps=column_gaps(found.values),
        series=series,
        warnings=tuple(told),
        sealed=sealed,
    )
