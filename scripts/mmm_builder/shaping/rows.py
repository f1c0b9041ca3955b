"""Which column names the unit of a panel, and that no row is there twice."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import Choice, ProfileWarning, warn
from ..errors import InputError
from ..reading.naming import says
from ..reading.text import quote, some
from .column_kinds import Look, group_codes, is_derived, kind_of, look, spread

ROWS_PER_DATE = 1.5
"""Fewest rows per date of a panel whose unit is not told by its name; below, repeated dates are mistakes."""

REPEATED = 0.02
"""Largest share of rows that repeat a date and unit; they are refused later, with their lines."""

LOOKED_AT, FEW = 2000, 8
SURE = 0.6
"""Choices less sure than this give a warning that names the override."""


class RowKeys(NamedTuple):
    """The date of every row (indexed by line number) and the column of the panel unit."""

    date_column: str
    dates: pd.Series
    grain: str
    panel_column: str | None


class PanelChoice(NamedTuple):
    """The column of the panel unit, if there is one, and what speaks for it."""

    column: str | None
    evidence: Choice | None
    warnings: tuple[ProfileWarning, ...] = ()


NO_PANEL = PanelChoice(None, None)


def merge_identical(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[ProfileWarning]]:
    """Return the rows without exact repetitions, and a warning that names their lines."""
    repeated = cells.duplicated()
    if not repeated.any():
        return cells, []
    lines = list(cells.index[repeated])
    told = f"{len(lines)} identical repetitions of rows merged, lines {some(lines)}"
    return cells[~repeated], [warn("duplicate_rows_merged", told, "remove them if the export made them")]


def choose_panel(
    cells: pd.DataFrame, dates: pd.Series, taken: tuple[str, ...], given: str | None, path: str
) -> PanelChoice:
    """Return the column of the panel unit: the one that tells apart the rows of one date; none if few dates repeat.

    dates : by line. taken : the columns of the dates. Raises InputError if only two columns together tell rows apart.
    """
    date_codes = pd.factorize(dates.to_numpy())[0]
    if given:
        choice = PanelChoice(given, Choice(confidence=1.0, evidence="named by hand"))
        return choice._replace(warnings=_same_kpi(cells, date_codes, given))
    per_date = np.bincount(date_codes)
    if per_date.max() == 1:
        return NO_PANEL
    labels = _labels(cells, taken)
    often = len(cells) >= ROWS_PER_DATE * len(per_date)
    units = [it for it in labels if _is_unit(it, date_codes) and (often or says("panel", it.column))]
    units = [it for it in units if not (it.is_number and any(_same(it, other) for other in units))]
    if not units:
        if often:
            _refuse_pairs(labels, cells, dates, date_codes, path)
        return NO_PANEL
    return _best(units, cells, date_codes)


def _labels(cells: pd.DataFrame, taken: tuple[str, ...]) -> list[Look]:
    """Look at the columns that may name units: text, and codes whose name says so."""
    sample = cells.iloc[:: max(1, len(cells) // LOOKED_AT)]
    labels = []
    for column in (c for c in cells.columns if c not in taken):
        named = says("panel", column) is not None
        it = look(sample[column])
        if len(it.values) and (not it.is_number or (named and kind_of(column) is None)):
            full = look(cells[column], as_label=named)
            labels += [full] if not full.is_number or full.is_code else []
    return labels


def _is_unit(it: Look, dates: np.ndarray) -> bool:
    """Whether date and this column together name a row, with several units of many dates each."""
    usual = np.median(np.bincount(dates))
    if not 2 <= len(it.values) <= min(len(dates) / 2, 10 * usual) or (it.codes < 0).mean() > REPEATED:
        return False
    return _repeated([it], dates) <= REPEATED and bool((np.bincount(it.codes[it.codes >= 0]) > 1).mean() > 0.5)


def _repeated(labels: list[Look], dates: np.ndarray) -> float:
    """Return the share of rows that repeat a date and what the labels say."""
    return 1 - len(pd.unique(group_codes(dates, *(it.codes for it in labels)))) / len(dates)


def _same(number: Look, text: Look) -> bool:
    """Whether a column of text says the same as one of codes."""
    return not text.is_number and is_derived(number.codes, text.codes, True)


def _best(units: list[Look], cells: pd.DataFrame, dates: np.ndarray) -> PanelChoice:
    """Choose among columns each of which could be the unit, and say how sure that is."""

    def rank(it: Look) -> tuple[bool, bool]:
        return not says("panel", it.column), says("long_form", it.column) is not None

    chosen = min(units, key=rank)
    told = f"tells the rows of a date apart ({len(chosen.values)} units)"
    rivals = [
        it.column
        for it in units
        if it is not chosen and rank(it) == rank(chosen) and not is_derived(it.codes, chosen.codes, True)
    ]
    unnamed, media_like = rank(chosen)
    sure, told = (0.75, told) if unnamed else (0.95, f"{told}, as its name says")
    if media_like:
        sure, told = 0.45, f"{told}, though its name may be that of media channels"
    if rivals:
        sure, told = 0.5, f"{told}; so does {some([quote(c) for c in rivals])}"
    warnings = []
    if sure < SURE:
        cure = "name it with --panel, or the column of channels with --variable"
        warnings.append(warn("panel_uncertain", f"column {chosen.column!r} taken as the panel unit: it {told}", cure))
    evidence = Choice(confidence=sure, evidence=told)
    return PanelChoice(chosen.column, evidence, (*warnings, *_same_kpi(cells, dates, chosen.column)))


def _same_kpi(cells: pd.DataFrame, dates: np.ndarray, unit: str) -> tuple[ProfileWarning, ...]:
    """Warn if the KPI is the same in all units of a date: a national figure, repeated."""
    kpis = [c for c in cells.columns if c != unit and kind_of(c) == "kpi"]
    found = {c: spread(look(cells[c]).codes, dates) for c in kpis}
    several = {c: it.rows > 1 for c, it in found.items()}
    if not kpis or not all(several[c].any() and (it.distinct[several[c]] == 1).all() for c, it in found.items()):
        return ()
    told = f"column {kpis[0]!r} is the same in all of {unit!r} on each date, as if a national figure were repeated"
    return (warn("panel_kpi_repeated", told, "give the KPI per unit, or one row per date"),)


def _refuse_pairs(labels: list[Look], cells: pd.DataFrame, dates: pd.Series, codes: np.ndarray, path: str) -> None:
    """Raise InputError if two columns tell the rows of a date apart, but only together."""
    parts = [it for it in labels if 2 <= len(it.values) <= len(codes) / 2 and (it.codes >= 0).mean() > 1 - REPEATED]
    parts = sorted(parts, key=lambda it: (not says("panel", it.column), len(it.values)))[:FEW]
    for one, other in combinations(parts, 2):
        if _repeated([one, other], codes) > REPEATED:
            continue
        twice = pd.Series(group_codes(codes, one.codes)).duplicated().to_numpy()
        second = int(np.argmax(twice))
        shown = f"{pd.Timestamp(dates.iloc[second]):%Y-%m-%d}, {quote(str(cells[one.column].iloc[second]))}"
        raise InputError(
            f"{path}: only columns {one.column!r} and {other.column!r} together tell the rows of a date apart (several "
            f"are of {shown}); a panel has one unit: join the two into one column, add up the rows of one of them, or "
            "give a file for each of its values"
        )


def refuse_conflicts(cells: pd.DataFrame, keys: RowKeys, periods: pd.Series, path: str) -> None:
    """Raise InputError, with both lines, if two different rows are of one period (and unit)."""
    unit = cells[keys.panel_column] if keys.panel_column else pd.Series("", cells.index)
    empty = unit.index[unit == ""] if keys.panel_column else []
    if len(empty):
        raise InputError(
            f"{path}: column {keys.panel_column!r} (line {empty[0]}) is empty; fill in the unit or drop the row"
        )
    together = pd.DataFrame({"period": periods, "unit": unit})
    repeated = together.duplicated()
    if not repeated.any():
        return
    second = repeated.idxmax()
    first = (together == together.loc[second]).all(axis=1).idxmax()
    shown = f"{periods[second]:%Y-%m-%d}" + (f", {quote(unit[second])}" if keys.panel_column else "")
    differs = np.flatnonzero((cells.loc[first] != cells.loc[second]).to_numpy())
    column = next((cells.columns[i] for i in differs if cells.columns[i] != keys.date_column), keys.date_column)
    raise InputError(
        f"{path}: lines {first} and {second} are both of {shown} and differ in column {column!r} "
        f"({quote(cells.loc[first, column])}, {quote(cells.loc[second, column])}); keep one, or name the "
        "column of regions or brands with --panel, of channels with --variable"
    )
