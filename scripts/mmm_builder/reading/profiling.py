"""From a CSV file to its data profile and the canonical table: the reader's parts, one after the other."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError, did_you_mean
from ..files import file_digest
from ..panel import NATIONAL
from ..settings import Columns
from ..verdicts import DataProfile, ProfileWarning, Source
from .cadence import Calendar, make_calendar
from .column_rules import Facts, number_facts, read_column, says_nothing, text_facts
from .learnability import learnability_warnings
from .naming import says
from .numerals import Decimal, decimal_mark, is_nothing, to_numbers
from .repair import repair
from .roles import Roles, assign_roles
from .rows import RowKeys, find_dates, find_panel, merge_identical, refuse_conflicts
from .source import TextTable, quote, read_text_table, some

NUMERIC_SHARE = 0.8
"""A column is numeric if at least this share of its filled training cells are numbers; the others are then errors."""


class Numbers(NamedTuple):
    """All columns read as numbers: the values, which cells are neither number nor nothing, and what the mark was."""

    values: pd.DataFrame
    wrong: pd.DataFrame
    decimal: Decimal
    warnings: list[ProfileWarning]


def profile_csv(
    csv: Path, columns: Columns, test_size: float, path_as_given: str | None = None
) -> tuple[DataProfile, pd.DataFrame]:
    """Return the profile of a CSV file and its canonical table, which has one row per period and unit.

    columns : roles named by hand, the others are detected. test_size : share of the periods held out, the last ones.
    path_as_given : the path to show, if not `csv`. Roles and shares rest on the training rows alone.
    Raises InputError, one line with file, line or column, what was found and the cure.
    """
    path = path_as_given or str(csv)
    text = read_text_table(csv, path)
    _check_given(columns, list(text.cells.columns), path)
    cells, warnings = merge_identical(text.cells)
    keys, calendar = _name_rows(cells, columns, test_size, path)
    cells = cells.drop(columns=[c for c in (keys.date_column, keys.panel_column) if c])
    unit = text.cells.loc[cells.index, keys.panel_column] if keys.panel_column else pd.Series(NATIONAL, cells.index)
    index = pd.MultiIndex.from_arrays([calendar.periods, unit], names=["date", "unit"])
    training = (calendar.periods <= calendar.train_end).to_numpy()
    numbers = _read_numbers(cells, training, text.separator)
    facts = _facts(cells, numbers, training, calendar.periods, unit)
    _refuse_empty(cells, facts, columns, path)
    roles = assign_roles(facts, numbers.values[training], columns, path)
    values = _role_values(roles, facts, cells, numbers, path)
    channels = [c.column for c in roles.channels]
    controls = [c.column for c in roles.controls]
    kept = [e for c in roles.channels if (e := c.exposure_column)]
    done = repair(
        values.set_index(index), calendar, target=roles.target, channels=channels + kept, controls=controls, where=path
    )
    hard = learnability_warnings(done.table[channels], calendar)
    warnings = [*text.warnings, *warnings, *numbers.warnings, *done.warnings, *roles.warnings, *hard]
    profile = _profile(text, csv, keys, calendar, numbers.decimal, roles, warnings)
    return profile, _canonical(done.table[[roles.target, *channels, *kept, *controls]], keys)


def _canonical(table: pd.DataFrame, keys: RowKeys) -> pd.DataFrame:
    """Return the table (date, unit) with its index as first columns, which have the file's names for them.

    Its other columns may have any name, `date` and `unit` among them.
    """
    named = {keys.date_column: table.index.get_level_values("date")}
    if keys.panel_column:
        named[keys.panel_column] = table.index.get_level_values("unit")
    return pd.concat([pd.DataFrame(named), table.reset_index(drop=True)], axis="columns")


def _check_given(given: Columns, columns: list[str], path: str) -> None:
    """Raise InputError if a column named by hand is not there, or has two roles."""
    single = [("--date", given.date), ("--target", given.target), ("--panel", given.panel)]
    named = [(option, name) for option, name in single if name]
    named += [("--channels", name) for name in given.channels or ()]
    named += [("--controls", name) for name in given.controls or ()]
    roles: dict[str, str] = {}
    for option, name in named:
        if name not in columns:
            same = next((f" (did you mean {c!r}?)" for c in columns if c.casefold() == name.casefold()), None)
            near = same or did_you_mean(name, columns)
            raise InputError(
                f"{path}: {option}: there is no column {name!r}{near}; columns: {some([quote(c) for c in columns], 20)}"
            )
        if name in roles:
            raise InputError(f"{path}: column {name!r} is named by {roles[name]} and by {option}; give it one role")
        roles[name] = option


def _name_rows(cells: pd.DataFrame, given: Columns, test_size: float, path: str) -> tuple[RowKeys, Calendar]:
    """Return what names the rows, and their periods; refuses two different rows of one period."""
    date_column, parsed = find_dates(cells, given.date, path)
    panel_column = find_panel(cells, date_column, parsed.dates, given.panel, path)
    taken = (date_column, panel_column)
    for name in (given.target, *(given.channels or ()), *(given.controls or ())):
        if name and name in taken:
            raise InputError(f"{path}: column {name!r} holds the dates or panel units, it can have no other role")
    keys = RowKeys(date_column, parsed.dates, parsed.grain, panel_column)
    calendar = make_calendar(parsed.dates, parsed.grain, test_size, f"{path}: column {date_column!r}")
    refuse_conflicts(cells, keys, calendar.periods, path)
    return keys, calendar


def _read_numbers(cells: pd.DataFrame, training: np.ndarray, separator: str) -> Numbers:
    """Read every column as numbers; the decimal mark is settled on the training rows."""
    decimal, open_cell = decimal_mark(cells[training], separator)
    warnings = []
    if open_cell:
        told = (
            f"{quote(open_cell)} read with {decimal!r} as decimal mark, nothing in the file settles it; check the size"
        )
        warnings.append(ProfileWarning(code="decimal_uncertain", message=told))
    read = {name: to_numbers(cells[name], decimal) for name in cells.columns}
    values = pd.DataFrame({name: value for name, (value, _) in read.items()}, index=cells.index)
    wrong = pd.DataFrame({name: bad for name, (_, bad) in read.items()}, index=cells.index)
    return Numbers(values, wrong, decimal, warnings)


def _facts(
    cells: pd.DataFrame, numbers: Numbers, training: np.ndarray, periods: pd.Series, unit: pd.Series
) -> dict[str, Facts]:
    """Return what each column holds in the training rows."""
    order = np.argsort(periods[training].to_numpy(), kind="stable")
    values, wrong = numbers.values[training].iloc[order], numbers.wrong[training].iloc[order]
    first_unit = (unit[training].iloc[order] == unit.iloc[0]).to_numpy()
    facts = {}
    for name in cells.columns:
        shown = cells.loc[training, name]
        filled = (~shown.map(is_nothing)).sum()
        is_text = filled > 0 and wrong[name].sum() > (1 - NUMERIC_SHARE) * filled
        facts[name] = text_facts(name, shown) if is_text else number_facts(name, values[name], first_unit)
    return facts


def _refuse_empty(cells: pd.DataFrame, facts: dict[str, Facts], given: Columns, path: str) -> None:
    """Raise InputError for a column without any value whose name says media or KPI, unless those are named by hand."""
    by_hand = {given.target, *(given.channels or ()), *(given.controls or ())}
    cures = {
        "channel": (given.channels, "the channels with --channels"),
        "target": (given.target, "the KPI with --target"),
    }
    for name in cells.columns:
        if name in by_hand or not cells[name].map(is_nothing).all():
            continue
        named, cure = cures.get(read_column(facts[name]._replace(constant=False)).role, ((), ""))
        if named is None:
            raise InputError(f"{path}: column {name!r} holds no values at all; fill it in, remove it, or name {cure}")


def _role_values(
    roles: Roles, facts: dict[str, Facts], cells: pd.DataFrame, numbers: Numbers, path: str
) -> pd.DataFrame:
    """Return the columns that have a role as numbers; events told in words become 1 where there is any, else 0.

    Raises InputError for a cell that is no number, negative media, or media without any value in training.
    """
    channels = [c.column for c in roles.channels]
    kept = [e for c in roles.channels if (e := c.exposure_column)]
    values = {}
    for name in [roles.target, *channels, *kept, *(c.column for c in roles.controls)]:
        fact = facts[name]
        if name not in channels and fact.is_text:
            values[name] = (~cells[name].map(says_nothing)).astype(float)
            continue
        bad = numbers.wrong[name]
        if bad.any():
            line = bad.idxmax()
            cell = cells.loc[line, name]
            cure = f"write numbers with {numbers.decimal!r} as the decimal mark, or leave the cell empty"
            raise InputError(f"{path}: column {name!r} (line {line}): {quote(cell)} is not a number; {cure}")
        values[name] = numbers.values[name]
    for name in [*channels, *kept]:
        _check_media(name, values[name], facts[name], cells[name], path)
    for control in roles.controls:
        if facts[control.column].constant:
            raise InputError(
                f"{path}: column {control.column!r} {_sameness(values[control.column])}, so that it explains nothing; "
                "take it out of --controls"
            )
    return pd.DataFrame(values)


def _check_media(name: str, values: pd.Series, fact: Facts, cells: pd.Series, path: str) -> None:
    """Raise InputError if a media column is negative somewhere or silent in all of the training periods."""
    if values.lt(0).any():
        line = values.lt(0).idxmax()
        measured = "spend" if says("measures.spend", name) else "media"
        raise InputError(
            f"{path}: column {name!r} (line {line}): {measured} is negative, {quote(cells[line])}; correct it, or take "
            "the column out by naming the channels with --channels"
        )
    if fact.constant and not fact.minimum > 0:
        told = _sameness(values)
        raise InputError(f"{path}: column {name!r} {told}, nothing to learn from; take it out of --channels")


def _sameness(values: pd.Series) -> str:
    """Return how a column that doesn't vary looks."""
    return "holds no values at all" if values.isna().all() else "does not vary in the training periods"


def _profile(
    text: TextTable,
    csv: Path,
    keys: RowKeys,
    calendar: Calendar,
    decimal: Decimal,
    roles: Roles,
    warnings: list[ProfileWarning],
) -> DataProfile:
    """Return the record of all that was found."""
    source = Source(
        path=text.path,
        sha256=file_digest(csv),
        encoding=text.encoding,
        separator=text.separator,
        decimal=decimal,
        n_rows=len(text.cells),
    )
    return DataProfile(
        source=source,
        date_column=keys.date_column,
        frequency=calendar.frequency,
        start=f"{calendar.grid[0]:%Y-%m-%d}",
        end=f"{calendar.grid[-1]:%Y-%m-%d}",
        n_periods=len(calendar.grid),
        n_train=calendar.n_train,
        train_end=f"{calendar.train_end:%Y-%m-%d}",
        missing_periods=tuple(f"{date:%Y-%m-%d}" for date in calendar.missing),
        target_column=roles.target,
        target_candidates=roles.candidates,
        panel_column=keys.panel_column,
        channels=roles.channels,
        controls=roles.controls,
        ignored=roles.ignored,
        warnings=tuple(warnings),
    )
