"""From the text of a table in any shape to one row per date and unit, one column per series."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from ..data_profile import Choice, ProfileWarning, Shape, warn
from ..errors import InputError, did_you_mean
from ..reading.text import TextTable, quote, some
from ..settings import Columns
from .date_column import FoundDates, find_dates
from .fill_down import fill_down
from .long_form import LongForm, recognise
from .long_rows import LongRows, early_decimals
from .pivot import pivot
from .rows import SURE, choose_panel, merge_identical
from .transposed import dated, header_dates, turn
from .unit_columns import UNIT, UnitColumns, factorise, stack


class LaidOut(NamedTuple):
    """A table with one row per date and unit.

    cells : text, by the line of the row's first line; `transposed`: by the column's number in the file. Where one line
    or column tells of several units, by both ('7, Berlin').
    """

    cells: pd.DataFrame
    shape: Shape
    evidence: Choice
    dates: FoundDates
    panel_column: str | None
    panel_evidence: Choice | None
    warnings: tuple[ProfileWarning, ...]
    meant: Mapping[str, str] = MappingProxyType({})


def lay_out(table: TextTable, given: Columns) -> LaidOut:
    """Return the table with one row per date and unit, whatever its shape.

    given : `date`, `panel`, `shape`, `variable` and `value` are taken as they are; `target`, `channels` and `controls`
    as names of columns that have to stay. Two different rows of one period are not refused here (`refuse_conflicts`).
    Raises InputError if there are no dates, the shape asked for is impossible, or a row can't be named.
    """
    _check(given, table)
    if given.shape in (None, "transposed") and not (given.date and given.shape is None):
        header = header_dates(table.cells.columns)
        if header is not None:
            return _transposed(table, header, given)
        if given.shape:
            raise InputError(
                f"{table.path}: --shape transposed: the column names are no dates (columns: "
                f"{some([quote(c) for c in table.cells.columns])}); write a date like 2024-01-31 above each column"
            )
    cells, filled = fill_down(table.cells)
    table = table._replace(cells=cells)
    dates = find_dates(cells, given.date, table.path)
    taken = _date_columns(dates, cells)
    form = recognise(cells, dates.dates, taken, given, table.path) if given.shape in (None, "long") else None
    laid = _long(table, dates, taken, form) if form else _wide(table, dates, taken, given)
    return laid._replace(warnings=(*filled, *laid.warnings))


def _date_columns(dates: FoundDates, cells: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of the file that tell the dates."""
    return tuple(c for c in dict.fromkeys((dates.column, *dates.parts)) if c in cells.columns)


def refuse_unknown(option: str, name: str, columns: list[str], path: str) -> None:
    """Raise InputError if a column named by hand is not there."""
    if name not in columns:
        same = next((f" (did you mean {c!r}?)" for c in columns if c.casefold() == name.casefold()), None)
        near = same or did_you_mean(name, columns)
        raise InputError(
            f"{path}: {option}: there is no column {name!r}{near}; columns: {some([quote(c) for c in columns], 20)}"
        )


def _check(given: Columns, table: TextTable) -> None:
    """Raise InputError if columns named by hand are not there, or contradict the shape that was asked for."""
    columns = list(table.cells.columns)
    named = (("--panel", given.panel), ("--variable", given.variable), ("--value", given.value))
    roles: dict[str, str] = {}
    for option, name in named:
        if name is None or (option == "--panel" and name == UNIT and given.shape in (None, "unit_columns")):
            continue
        refuse_unknown(option, name, columns, table.path)
        if name in roles:
            raise InputError(
                f"{table.path}: column {name!r} is named by {roles[name]} and by {option}; give it one role"
            )
        roles[name] = option
        if option != "--panel" and given.shape not in (None, "long", *(("transposed",) * (option == "--variable"))):
            raise InputError(
                f"{table.path}: {option} belongs to --shape long, not {given.shape}; leave one of them out"
            )


def _transposed(table: TextTable, header: pd.Series, given: Columns) -> LaidOut:
    """Lay out a table with dates across its header: as long data, a row per series and date."""
    if given.panel in header.to_list():
        raise InputError(f"{table.path}: --panel: column {given.panel!r} holds the figures of one date, not units")
    turned = turn(table, header)
    dates = find_dates(turned.dates.to_frame(), str(turned.dates.name), table.path)
    rows = dated(turned, dates.dates, table)
    hints = Columns(shape="long", value=rows.cells.columns[-1], panel=given.panel, variable=given.variable)
    form = recognise(rows.cells, pd.Series(rows.dates), rows.date_columns, hints, table.path)
    evidence = Choice(confidence=0.95, evidence=turned.evidence)
    return _pivoted(table, dates, rows, form, "transposed", evidence, turned.warnings)


def _long(table: TextTable, dates: FoundDates, taken: tuple[str, ...], form: LongForm) -> LaidOut:
    """Lay out long data."""

    def place(line: int, _: pd.Timestamp, column: str) -> str:
        return f"{table.path}: column {column!r} (line {line})"

    found = dates.dates.to_numpy()
    decimals = early_decimals(table.cells.drop(columns=list(taken)), found, table)
    rows = LongRows(table.cells, taken, found, table.cells.index.to_numpy(), place, decimals)
    return _pivoted(table, dates, rows, form, "long", form.evidence, [])


def _pivoted(
    table: TextTable,
    dates: FoundDates,
    rows: LongRows,
    form: LongForm,
    shape: Shape,
    evidence: Choice,
    warnings: list[ProfileWarning],
) -> LaidOut:
    """Return the rows of series laid out as columns."""
    done = pivot(rows, form, table.path)
    doubt = _doubt(shape, evidence, "say how the table is laid out with --shape, the column of series with --variable")
    told = f"the KPI differs between its values; {form.series[0]!r} names the series"
    sure = Choice(confidence=0.9 if form.unit else 1.0, evidence=told)
    return LaidOut(
        cells=done.cells,
        shape=shape,
        evidence=evidence,
        dates=dates._replace(dates=pd.Series(done.dates, done.cells.index)),
        panel_column=form.unit,
        panel_evidence=sure if form.unit else None,
        warnings=(*dates.warnings, *warnings, *doubt, *done.warnings),
        meant=done.meant,
    )


def _doubt(shape: Shape, evidence: Choice, cure: str) -> list[ProfileWarning]:
    """Warn of a shape that is not sure."""
    if evidence.confidence >= SURE:
        return []
    return [warn("shape_uncertain", f"read as {shape.replace('_', ' ')}: {evidence.evidence}", cure)]


def _wide(table: TextTable, dates: FoundDates, taken: tuple[str, ...], given: Columns) -> LaidOut:
    """Lay out a table that has a column per series already, and maybe per unit too."""
    cells, warnings = merge_identical(table.cells)
    dates = dates._replace(dates=dates.dates.loc[cells.index])
    warnings = [*dates.warnings, *warnings]
    if given.shape in (None, "unit_columns"):
        by_name = (given.date, given.target, given.panel, *(given.channels or ()), *(given.controls or ()))
        found = factorise((c for c in cells.columns if c not in taken), [c for c in by_name if c])
        if found and (given.shape or dates.dates.is_unique):
            return _unit_columns(cells, dates, taken, found, table.path, warnings)
        if given.shape:
            raise InputError(
                f"{table.path}: --shape unit_columns: no KPI and media stand in columns per unit, like 'sales_Berlin', "
                f"'tv_Berlin' (columns: {some([quote(c) for c in cells.columns], 20)}); rename them so"
            )
    if given.panel in taken:
        raise InputError(f"{table.path}: --panel: column {given.panel!r} holds the dates; name a column of names")
    panel = choose_panel(cells, dates.dates, taken, given.panel, table.path)
    told = f"one row per date{' and unit' if panel.column else ''}, one column per series"
    if given.shape:
        told = f"as --shape says: {told}"
    evidence = Choice(confidence=1.0 if given.shape else 0.95, evidence=told)
    return LaidOut(cells, "wide", evidence, dates, panel.column, panel.evidence, (*warnings, *panel.warnings))


def _unit_columns(
    cells: pd.DataFrame,
    dates: FoundDates,
    taken: tuple[str, ...],
    found: UnitColumns,
    path: str,
    warnings: list[ProfileWarning],
) -> LaidOut:
    """Lay out a table with a column per unit."""
    stacked, every = stack(cells, dates.dates, taken, found, path)
    unit = str(stacked.columns[len(taken)])
    cure = "name the KPI among them with --target, and --shape wide, if one of these is yours and the others are not"
    if found.totals:
        told = f"columns over all units left out: {some([quote(c) for c in found.totals])}"
        warnings = [*warnings, warn("columns_left_out", told, "read the table as it stands with --shape wide")]
    return LaidOut(
        cells=stacked,
        shape="unit_columns",
        evidence=found.evidence,
        dates=dates._replace(dates=every),
        panel_column=unit,
        panel_evidence=found.evidence,
        warnings=(*warnings, *_doubt("unit_columns", found.evidence, cure)),
    )
