"""Long data: which column names the series that stand in rows, and what becomes of the other columns.

Three forms occur, also mixed: everything stands in rows (date, variable, value); a row per channel with its measures
(date, channel, spend, clicks) and the KPI repeated on each, or on one of them; the KPI as rows of its own among those
of the channels. Beside them may stand a column of panel units, and columns that divide a channel further (campaigns).
"""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import Choice
from ..errors import InputError
from ..reading.naming import only_of, says
from ..reading.text import quote, some
from ..settings import Columns
from .column_kinds import (
    LOOKED_AT,
    Look,
    group_codes,
    is_bare,
    is_derived,
    is_early,
    is_zero,
    kind_of,
    look,
    says_channel,
    says_measure,
    shares,
    spread,
)

Run = Literal["repeated", "summed", "spread"]
"""How a column of numbers runs: one value per date and unit, a KPI that the rows share, or a measure of the series."""

ROWS_PER_DATE, FEWEST_ROWS_PER_DATE, SURE = 1.5, 1.2, 0.9
"""Fewest rows per date of long data, and of such as are surely long; below, repeated dates are mistakes."""

SAMPLE_ROWS = 200_000
MOSTLY = 0.9
SERIES_SHARE, NAMED_SERIES_SHARE = 0.5, 0.3
"""Least share of a column's values that say channels or measures, without and with a name that says so too."""


class LongForm(NamedTuple):
    """What the columns of long data are.

    spread, summed, repeated : columns by how they run. details : labels that divide a series further. left_out :
    columns of numbers without a use. bare : a series is called by its value alone, without its measure.
    """

    series: tuple[str, ...]
    unit: str | None
    spread: tuple[str, ...]
    summed: tuple[str, ...]
    repeated: tuple[str, ...]
    details: tuple[str, ...]
    left_out: tuple[str, ...]
    bare: bool
    evidence: Choice


class Parts(NamedTuple):
    """The columns of a sample of the rows, as they look, and the code of each row's date."""

    labels: dict[str, Look]
    numbers: dict[str, Look]
    dates: np.ndarray


def recognise(
    cells: pd.DataFrame, dates: pd.Series, taken: tuple[str, ...], given: Columns, path: str
) -> LongForm | None:
    """Return the form of long data, None if the table is not long.

    dates : by line. taken : the columns of the dates. Raises InputError if long data were asked for and there is no
    column of series, or if two columns divide the KPI of a date.
    """
    forced = given.shape == "long" or given.variable is not None or given.value is not None
    per_date = len(cells) / dates.nunique()
    if not forced and per_date < FEWEST_ROWS_PER_DATE:
        return None
    parts = _parts(cells, dates, taken, given)
    if not forced and any(_names_rows(it, parts.dates) for it in parts.labels.values()):
        return None
    for option, name in (("--variable", given.variable), ("--panel", given.panel), ("--value", given.value)):
        if name is not None and name not in (parts.numbers if option == "--value" else parts.labels):
            what = "holds the dates" if name in taken else "is empty"
            raise InputError(f"{path}: {option}: column {name!r} {what}; name another one")
    candidates = [given.variable] if given.variable else _candidates(parts, given)
    for series in candidates:
        unit = given.panel or _unit(series, parts, given, path)
        groups = group_codes(parts.dates, parts.labels[unit].codes) if unit else parts.dates
        runs = _runs(series, parts, groups, given)
        evidence = _evidence(parts.labels[series], runs, given)
        unsure = per_date < ROWS_PER_DATE and evidence and evidence.confidence < SURE
        if evidence and not unsure and any(run != "repeated" for run in runs.values()):
            return _form(series, unit, parts, groups, runs, evidence, given)
    if forced:
        raise InputError(
            f"{path}: --shape long: no column of text names channels or variables beside a column of numbers "
            f"(columns: {some([quote(c) for c in cells.columns], 20)}); name it with --variable"
        )
    return None


def _parts(cells: pd.DataFrame, dates: pd.Series, taken: tuple[str, ...], given: Columns) -> Parts:
    """Look at the columns, on the rows of the early dates; if those are too many, of evenly spaced ones."""
    every = pd.factorize(dates.to_numpy())[0]
    step = max(1, -(-len(cells) // SAMPLE_ROWS))
    chosen = is_early(dates.to_numpy()) & (every % step == 0)
    sample, every = cells[chosen], every[chosen]
    by_hand = (given.variable, given.panel)
    every_look = (
        look(sample[c], c in by_hand or says("panel", c) is not None) for c in cells.columns if c not in taken
    )
    looks = [it for it in every_look if len(it.values)]
    labels = {it.column: it for it in looks if it.column in by_hand or (it.column != given.value and _is_label(it))}
    return Parts(labels, {it.column: it for it in looks if it.column not in labels}, every)


def _is_label(it: Look) -> bool:
    """Whether a column holds text, or the codes of series or units, as its name says."""
    named = says("long_form", it.column) or says("panel", it.column)
    whole = all(value.isdecimal() for value in it.values[:LOOKED_AT])
    return not it.is_number or bool(it.is_code and whole and named and kind_of(it.column) is None)


def _names_rows(it: Look, dates: np.ndarray) -> bool:
    """Whether a column of units, not of channels, tells all rows of a date apart, as in a wide panel."""
    said = shares(it.values)
    series = said["channel"] + said["measure"] >= SERIES_SHARE or (said["kpi"] and said["channel"])
    if len(it.values) < 2 or not says("panel", it.column) or series:
        return False
    return len(np.unique(group_codes(dates, it.codes))) >= MOSTLY * len(dates)


def _candidates(parts: Parts, given: Columns) -> list[str]:
    """Return the labels that differ within dates, the likeliest names of series first.

    Channels come before measures, and of several divisions into channels the coarsest comes first.
    """

    def rank(column: str) -> tuple[bool, bool, bool, int]:
        values, named = parts.labels[column].values, says("long_form", column) is not None
        said = shares(values)
        few = said["channel"] + said["kpi"] < (NAMED_SERIES_SHARE if named else SERIES_SHARE)
        return few, said["measure"] >= SERIES_SHARE, not named, len(values)

    ranked = sorted((c for c, it in parts.labels.items() if c != given.panel and _varies(it, parts.dates)), key=rank)
    coarser = [
        c for c in ranked if not any(rank(c)[:2]) and is_derived(*(parts.labels[x].codes for x in (c, ranked[0])))
    ]
    return list(dict.fromkeys([*sorted(coarser, key=lambda c: len(parts.labels[c].values)), *ranked]))


def _varies(it: Look, groups: np.ndarray) -> bool:
    """Whether a column holds several values in most groups of several rows."""
    found = spread(it.codes, groups)
    several = found.rows > 1
    return len(it.values) > 1 and bool(several.any()) and float((found.distinct[several] > 1).mean()) > 0.5


def _is_kpi(column: str, given: Columns) -> bool:
    return column == given.target or kind_of(column) == "kpi"


def _unit(series: str, parts: Parts, given: Columns, path: str) -> str | None:
    """Return the column of panel units: a label over which the KPI differs, by content or, if named so, by its name.

    Raises InputError if several columns could be it.
    """
    kpis = [it for c, it in parts.numbers.items() if _is_kpi(c, given)]
    if any(_run(it, parts.dates, given) == "repeated" for it in kpis):
        return None
    rows = np.ones(len(parts.dates), dtype=bool)
    if not kpis:
        named = [kind_of(v) == "kpi" for v in parts.labels[series].values]
        rows = np.append(named, False)[parts.labels[series].codes] if any(named) else rows
    dates, units = pd.factorize(parts.dates[rows])[0], {}
    for column, it in parts.labels.items():
        if column == series or not _varies(it._replace(codes=it.codes[rows]), dates):
            continue
        groups = group_codes(parts.dates, it.codes)
        by_content = any(_run(kpi, groups, given) == "repeated" for kpi in kpis)
        said = shares(it.values)
        if by_content or (says("panel", column) and said["channel"] + said["measure"] < SERIES_SHARE):
            units[column] = by_content
    best = [c for c in units if units[c]] or list(units)
    codes = [parts.labels[c].codes for c in best]
    finest = [
        column
        for i, column in enumerate(best)
        if not any(is_derived(codes[i], other, i > j) for j, other in enumerate(codes) if i != j)
    ]
    if len(finest) > 1:
        raise InputError(
            f"{path}: columns {' and '.join(quote(c) for c in finest)} both divide the KPI of a date; name the one to "
            "model by with --panel (the rows of the others are then added up), or join them into one column"
        )
    return next(iter(finest), None)


def _runs(series: str, parts: Parts, groups: np.ndarray, given: Columns) -> dict[str, Run]:
    """Return how each column of numbers runs; those that say nothing of the series (counters, codes) are missing."""
    runs = {c: _run(it, groups, given) for c, it in parts.numbers.items()}
    if given.value or (len(runs) == 1 and not _is_kpi(*runs, given)):
        value = given.value or next(iter(runs))
        return {c: run for c, run in runs.items() if run == "repeated" and c != value} | {value: "spread"}
    by_series = parts.labels[series].codes + 1
    measures = [c for c, run in runs.items() if run == "spread"]
    idle = {c for c in measures if only_of("calendar", c)}
    idle |= {c for c in measures if (spread(parts.numbers[c].codes, by_series).distinct <= 1).all()}
    return {c: run for c, run in runs.items() if c not in idle} if set(measures) - idle else runs


def _run(it: Look, groups: np.ndarray, given: Columns) -> Run:
    """Return how a column of numbers runs within the groups (the rows of a date and unit).

    KPI and controls may stand on one of the rows alone, the KPI with zeros on the others; media may not: two channels,
    one of them silent, look like that.
    """
    kpi = _is_kpi(it.column, given)
    zero = np.append(is_zero(it.values), False)
    held, full = spread(np.where(zero[it.codes], -1, it.codes), groups), spread(it.codes, groups)
    several = (held.rows > 1) & (held.filled > 0)
    if not several.any():
        return "spread" if held.filled.any() else "repeated"
    if not kpi and kind_of(it.column) != "control":
        same = (full.filled == full.rows) & (full.distinct == 1)
        return "repeated" if np.mean(same[several]) >= MOSTLY else "spread"
    shared = several & (full.filled > 1)
    if shared.sum() >= several.sum() / 2 and np.mean(full.distinct[shared] == 1) >= MOSTLY:
        return "repeated"
    if (full.distinct[several] <= 1).all() or (kpi and (held.distinct[several] <= 1).all()):
        return "repeated"
    return "summed" if kpi else "spread"


def _evidence(series: Look, runs: dict[str, Run], given: Columns) -> Choice | None:
    """Return how sure it is that a column names series, and by what; None if it names something else (units, say)."""
    shown = f"column {series.column!r} holds {some([quote(v) for v in series.values[:3]])}"
    if given.variable or given.value or given.shape == "long":
        return Choice(confidence=1.0, evidence=f"long by hand: {shown}")
    said = shares(series.values)
    named, is_unit = (says(group, series.column) is not None for group in ("long_form", "panel"))
    kpis = [c for c in runs if _is_kpi(c, given)]
    repeated = [c for c in (kpis or runs) if runs[c] == "repeated" and not only_of("calendar", c)]
    measured = [c for c in runs if runs[c] == "spread"]
    stacked = len(measured) == 1 and not kpis
    mixed = stacked and said["kpi"] > 0 and said["channel"] > 0
    in_columns = sum(says_channel(c) for c in measured) > 1 and said["measure"] < SERIES_SHARE
    if in_columns or (is_unit and not named and not mixed and not (kpis and repeated)):
        return None
    kinds = said["channel"] + said["measure"] + (said["kpi"] + said["control"] if stacked else 0.0)
    known = kinds * len(series.values) >= 2 and kinds >= (NAMED_SERIES_SHARE if named or mixed else SERIES_SHARE)
    spent = bool(repeated) and not is_unit and any(says_measure(c) for c in measured)
    on_each = f"{shown}, and {some([quote(c) for c in repeated], 1)} is the same on all rows of a date"
    reasons = (
        (known and bool(repeated), 0.95, on_each),
        (known and (named or mixed), 0.9, shown),
        (known, 0.8, shown),
        (named and spent, 0.85, on_each),
        (named and stacked and len(series.values) > 2, 0.6, f"{shown}, and one column holds all numbers"),
        (spent, 0.5, on_each),
        (named and sum(is_bare(c) for c in measured) > 1, 0.5, f"{shown}, beside several measures of no channel"),
    )
    return next((Choice(confidence=sure, evidence=why) for holds, sure, why in reasons if holds), None)


def _form(
    series: str,
    unit: str | None,
    parts: Parts,
    groups: np.ndarray,
    runs: dict[str, Run],
    evidence: Choice,
    given: Columns,
) -> LongForm:
    """Return what each column is, once the column of the series and that of the units are known."""
    measures, repeated, summed = ([c for c in runs if runs[c] == run] for run in ("spread", "repeated", "summed"))
    kpi = [c for c in repeated if _is_kpi(c, given)]
    others = {c: it for c, it in parts.labels.items() if c not in (series, unit)}
    once = [c for c, it in others.items() if (spread(it.codes, groups).distinct <= 1).all()]
    stacked = len(measures) == 1 and not kpi and not summed
    divides = [c for c, it in others.items() if stacked and c not in once and _says_measures(it)]
    claimed = [c for c in summed if kpi and c != given.target]
    return LongForm(
        series=tuple(c for c in parts.labels if c == series or c in divides),
        unit=unit,
        spread=tuple(measures),
        summed=tuple(c for c in summed if c not in claimed),
        repeated=(*once, *repeated),
        details=tuple(c for c in others if c not in once and c not in divides),
        left_out=(*claimed, *(c for c in parts.numbers if c not in runs)),
        bare=stacked and (not says_measure(measures[0]) or given.value is not None),
        evidence=evidence,
    )


def _says_measures(it: Look) -> bool:
    """Whether a label beside the channels says what was measured, so that its rows must not be added up."""
    said = shares(it.values)
    return said["measure"] + said["kpi"] >= SERIES_SHARE
