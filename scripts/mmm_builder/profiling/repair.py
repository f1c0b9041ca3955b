"""From the rows as read to the canonical table: one row per period and unit, gaps filled only in stated ways.

Spend and exposure: 0. Controls: the last value, else the next one in training, else the training mean (marks of 0 and
1: 0). The KPI of a training period: a straight line between its training neighbours, if few are missing; the KPI of a
held-out period: left empty, never invented.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from ..percentages import percent
from ..reading.text import some
from ..shaping.cadence import Calendar

KPI_MISSING_MAX = 0.05
"""Largest share of the training KPI that is filled in; of enough periods two always may be."""
ALWAYS_FILLED = 2
HELD_OUT_MISSING_MAX = 0.20
"""Largest share of the held-out KPI that may be missing."""


class Repaired(NamedTuple):
    """The canonical table, (date, unit) index, and what was done to it."""

    table: pd.DataFrame
    warnings: list[ProfileWarning]


def repair(
    values: pd.DataFrame,
    calendar: Calendar,
    *,
    target: str,
    channels: list[str],
    exposures: list[str],
    controls: list[str],
    where: str,
) -> Repaired:
    """Lay the rows on the grid of periods and units, and fill the gaps.

    values : (date, unit) index, float columns. Raises InputError if too much of the KPI is missing.
    """
    units = values.index.unique("unit")
    index = pd.MultiIndex.from_product([calendar.grid, units], names=["date", "unit"])
    absent = index.difference(values.index)
    table = values.reindex(index)
    warnings = _gap_warnings(calendar, absent, len(units))
    training = table.index.get_level_values("date") <= calendar.train_end
    table[target], told = _fill_kpi(table[target], training, where)
    warnings += told
    for column in [*channels, *exposures]:
        cells = table[column].drop(absent)
        warnings += _cell_warning("spend_filled", column, cells, "taken as 0")
        table[column] = table[column].fillna(0.0)
    for column in controls:
        warnings += _cell_warning("control_filled", column, table[column].drop(absent), "taken from the period before")
        table[column] = _fill_control(table[column], training)
    return Repaired(table, warnings)


def _gap_warnings(calendar: Calendar, absent: pd.MultiIndex, n_units: int) -> list[ProfileWarning]:
    """Return warnings for missing periods and, in a panel, for missing rows of single units."""
    warnings = []
    filled = "media taken as 0, controls from the period before"
    if len(calendar.missing):
        told = f"{len(calendar.missing)} periods have no row: {_dates(calendar.missing)}; {filled}"
        warnings.append(warn("missing_periods", told, "add the rows"))
    single = len(absent) - len(calendar.missing) * n_units
    if single:
        told = f"{single} rows of single units are missing; {filled}"
        warnings.append(warn("missing_rows", told, "add the rows"))
    return warnings


def _fill_kpi(kpi: pd.Series, training: np.ndarray, where: str) -> tuple[pd.Series, list[ProfileWarning]]:
    """Return the KPI (date, unit) with training gaps filled from training neighbours of the same unit."""
    missing = kpi.isna()
    warnings = []
    for part, limit, name in ((training, KPI_MISSING_MAX, "training"), (~training, HELD_OUT_MISSING_MAX, "held-out")):
        gaps = missing & part
        if gaps.sum() > max(limit * part.sum(), min(ALWAYS_FILLED, part.sum() // 4)):
            raise InputError(
                f"{where}: {gaps.sum()} of {part.sum()} {name} values of the target {kpi.name!r} are missing (at "
                f"most {percent(limit)}): {_dates(_dates_of(gaps))}; fill them in, or drop periods without a KPI at "
                "either end"
            )
        if gaps.any():
            done = "filled in between their training neighbours" if name == "training" else "left out of the score"
            told = f"no {name} value of {kpi.name!r} for {_dates(_dates_of(gaps))}; {done}"
            warnings.append(warn(f"kpi_missing_{name.replace('-', '_')}", told, "add the values"))
    by_unit = kpi[training].groupby(level="unit")
    silent = by_unit.count().eq(0)
    if silent.any():
        raise InputError(f"{where}: the target {kpi.name!r} has no value for {silent.idxmax()!r}; drop that unit")
    filled = kpi.copy()
    filled[training] = by_unit.transform(lambda known: known.interpolate(limit_direction="both"))
    return filled, warnings


def _fill_control(control: pd.Series, training: np.ndarray) -> pd.Series:
    """Return the control (date, unit) without gaps: 0 for a mark, else the last value of the unit.

    Before the unit's first value: in training its next training value, else the mean of all training values. No
    held-out value reaches a training row.
    """
    if set(control[training].dropna().unique()) <= {0.0, 1.0}:
        return control.fillna(0.0)
    filled = control.copy()
    known = control[training].groupby(level="unit").transform(lambda unit: unit.ffill().bfill())
    filled[training] = known.fillna(control[training].mean())
    return filled.groupby(level="unit").ffill()


def _cell_warning(code: str, column: str, cells: pd.Series, done: str) -> list[ProfileWarning]:
    """Return a warning if cells of a column are empty in rows that exist."""
    gaps = cells.isna()
    if not gaps.any():
        return []
    told = f"{gaps.sum()} empty cells of {column!r} {done}: {_dates(_dates_of(gaps))}"
    return [warn(code, told, "fill them in")]


def _dates_of(mask: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(mask.index[mask].get_level_values("date").unique())


def _dates(dates: pd.DatetimeIndex) -> str:
    return some([f"{date:%Y-%m-%d}" for date in dates])
