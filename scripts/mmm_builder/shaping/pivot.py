"""Rows of series to columns: one row per date and unit, one column per series and measure. Text stays as it stands."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from ..reading.naming import says
from ..reading.numerals import Decimal, to_numbers
from ..reading.text import quote, some
from .column_kinds import NUMBER_SHARE, Look, group_codes, is_zero, kind_of, look, says_measure
from .long_form import LongForm
from .long_rows import LongRows, Series, merge_rows, name_series, once, refuse_text

AVERAGED = ("ratio", "controls.price", "controls.macro", "controls.weather", "controls.distribution", "controls.event")
"""What can't be added up: several values of such a series on one date are averaged."""


class Pivoted(NamedTuple):
    """The wide cells, the date of each row, what each column says that is called by its value alone, what was done."""

    cells: pd.DataFrame
    dates: np.ndarray
    meant: dict[str, str]
    warnings: list[ProfileWarning]


class Combined(NamedTuple):
    """Filled cells by key: the keys, the text of each, and how many keys several cells were made one for."""

    keys: np.ndarray
    texts: np.ndarray
    n_several: int


def pivot(rows: LongRows, form: LongForm, path: str) -> Pivoted:
    """Return the rows laid out as columns.

    Raises InputError for cells that are no numbers, series without a name, and a KPI that differs within a date.
    """
    rows, warnings = merge_rows(rows, form)
    unit = [look(rows.cells[form.unit], as_label=True).codes] if form.unit else []
    groups = group_codes(pd.factorize(rows.dates)[0], *unit)
    first = np.unique(groups, return_index=True)[1]
    kept = [*rows.date_columns, *([form.unit] if form.unit else [])]
    columns = {c: rows.cells[c].to_numpy(dtype=object)[first] for c in kept}
    columns |= {c: once(look(rows.cells[c]), groups, rows) for c in form.repeated if c not in columns}
    series, more = name_series(rows, form)
    own = np.flatnonzero(~series.totals)
    for column in form.summed:
        it = look(rows.cells[column])
        refuse_text(it, own, rows)
        done = _combine(it, own, groups[own], np.zeros(len(own), dtype=bool), rows.decimals[column])
        columns[column] = _column(done.keys, done.texts, len(first))
    laid, meant, n_several = _lay(rows, form, series, groups, frozenset(columns))
    twice = [name for name in laid if name in columns]
    if twice:
        raise InputError(f"{path}: the series {twice[0]!r} is called like a column of the file; rename one of them")
    index = pd.Index(rows.lines[first])
    if form.unit and not index.is_unique:
        index = pd.Index(
            [f"{line}, {unit}" for line, unit in zip(index, columns[form.unit], strict=True)], dtype=object
        )
    cells = pd.DataFrame({**columns, **laid}, index=index, dtype=object)
    return Pivoted(cells, rows.dates[first], meant, [*warnings, *more, *_told(form, n_several)])


def _lay(
    rows: LongRows, form: LongForm, series: Series, groups: np.ndarray, taken: frozenset[str]
) -> tuple[dict[str, np.ndarray], dict[str, str], int]:
    """Return the columns of the series, by name, what the names mean, and for how many cells rows were added up."""
    chosen = np.flatnonzero((series.codes >= 0) & ~series.totals)
    codes, n_series, n_groups = series.codes[chosen], len(series.names), int(groups.max()) + 1
    keys = groups[chosen] * n_series + codes
    shared = len(pd.unique(keys)) < len(keys)
    averaged = np.array([any(says(group, name) for group in AVERAGED) for name in series.names])
    found: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}
    n_several = 0
    for measure in form.spread:
        if shared and len(form.spread) > 1 and says("ratio", measure):
            continue
        it = look(rows.cells[measure])
        _refuse_nameless(it, rows, form, series)
        numeric = (
            ~_text_series(it, chosen, series, rows.decimals[measure])[codes]
            if form.bare
            else np.ones(len(chosen), bool)
        )
        refuse_text(it, chosen[numeric], rows)
        done = _combine(it, chosen, keys, averaged[codes], rows.decimals[measure])
        n_several += done.n_several
        order = np.argsort(done.keys % n_series, kind="stable")
        for part in np.split(order, np.flatnonzero(np.diff((done.keys % n_series)[order])) + 1):
            if len(part):
                found[int(done.keys[part[0]] % n_series), measure] = (done.keys[part] // n_series, done.texts[part])
    columns: dict[str, np.ndarray] = {}
    meant: dict[str, str] = {}
    money = _money(form)
    for code, name in enumerate(series.names):
        held = {measure: cells for (of, measure), cells in found.items() if of == code}
        alive = {measure: cells for measure, cells in held.items() if not is_zero(cells[1]).all()} or held
        for measure, (where, texts) in alive.items():
            full = _called(name, measure, form, len(alive))
            shown = name if measure == money and name not in taken else full
            columns[shown], meant[shown] = _column(where, texts, n_groups), full
    return columns, meant, n_several


def _money(form: LongForm) -> str | None:
    """Return the measure that is the spend; None where everything stands in rows, or several may be it."""
    spends = [m for m in form.spread if says("measures.spend", m)] or [
        m for m in form.spread if len(form.spread) == 1 and not says_measure(m)
    ]
    return spends[0] if len(spends) == 1 and not form.bare else None


def _called(name: str, measure: str, form: LongForm, n_measures: int) -> str:
    """Return what a series is: its value alone where everything stands in rows, else value and measure.

    A value that says its measure itself, among rows of one measure, and the KPI or a control among rows of channels
    are told by their values too. So are spends to people, who see the value alone (`_money`).
    """
    own = kind_of(name) in ("kpi", "control") and not says("organic", name) and n_measures == 1
    return name if form.bare or own or (len(form.spread) == 1 and says_measure(name)) else f"{name}_{measure}"


def _column(where: np.ndarray, texts: np.ndarray, n_groups: int) -> np.ndarray:
    column = np.full(n_groups, "", dtype=object)
    column[where] = texts
    return column


def _refuse_nameless(it: Look, rows: LongRows, form: LongForm, series: Series) -> None:
    """Raise InputError for a measure in a row that doesn't say of which series it is."""
    nameless = np.flatnonzero(series.codes < 0)
    spent = ~np.append(is_zero(it.values), True) if len(nameless) else np.array([False])
    nameless = nameless[spent[it.codes[nameless]]]
    if len(nameless):
        row = int(nameless[0])
        place = rows.place(rows.cells.index[row], rows.dates[row], form.series[0])
        shown = quote(it.values[it.codes[row]])
        raise InputError(f"{place} is empty beside {it.column!r} {shown}; name the series or drop the row")


def _text_series(it: Look, chosen: np.ndarray, series: Series, decimal: Decimal) -> np.ndarray:
    """Return (series,) which series are told in words, in a column of numbers where everything stands in rows."""
    wrong = np.append(to_numbers(pd.Series(it.values, dtype=object), decimal)[1].to_numpy(), False)[it.codes[chosen]]
    held = it.codes[chosen] >= 0
    n_wrong, n_held = (
        np.bincount(series.codes[chosen], weights=mask, minlength=len(series.names)) for mask in (wrong, held)
    )
    return n_wrong > (1 - NUMBER_SHARE) * n_held


def _combine(it: Look, chosen: np.ndarray, keys: np.ndarray, averaged: np.ndarray, decimal: Decimal) -> Combined:
    """Add up, or average, the chosen rows' cells of one key; a lone cell keeps its text, words keep the first."""
    held = it.codes[chosen] >= 0
    codes, averaged = it.codes[chosen][held], averaged[held]
    place, found = pd.factorize(keys[held])
    count, first = np.bincount(place), np.unique(place, return_index=True)[1]
    texts = it.values[codes[first]]
    several = count > 1
    if several.any():
        values = to_numbers(pd.Series(it.values, dtype=object), decimal)[0].to_numpy()
        sums = np.bincount(place, weights=values[codes])
        several &= ~np.isnan(sums)
        sums = np.where(averaged[first], sums / count, sums)
        texts[several] = [written(value, decimal) for value in sums[several]]
    return Combined(found, texts, int(several.sum()))


def written(value: float, decimal: Decimal) -> str:
    """Return a number as text that reads as a number with this decimal mark and no other, not as grouped digits."""
    text = f"{value:.15g}"
    if "." in text and "e" not in text and len(text) - text.index(".") == 4:
        text += "0"
    return text.replace(".", decimal)


def _told(form: LongForm, n_several: int) -> list[ProfileWarning]:
    """Return what a person should know about the columns of long data."""
    found = []
    details = some([quote(c) for c in form.details])
    if n_several:
        apart = f" that differ in {details} only" if details else ""
        told = f"rows of one date and series{apart} were added up ({n_several} cells), prices and ratios averaged"
        found.append(warn("rows_added_up", told, "name the column to divide by with --variable or --panel"))
    elif details:
        told = f"columns that say no more than the series left out: {details}"
        found.append(warn("columns_left_out", told, "name the column to divide by with --variable or --panel"))
    if form.left_out:
        told = f"columns of numbers left out: {some([quote(c) for c in form.left_out])}"
        found.append(
            warn("columns_left_out", told, "take one as the KPI with --target, or as all numbers with --value")
        )
    if form.summed:
        names = some([quote(c) for c in form.summed])
        told = f"column {names} differs between the rows of a date and was added up, so that a sale may count twice"
        found.append(
            warn("kpi_added_up", told, "give the KPI of all sales in a column of its own, the same on each row")
        )
    return found
