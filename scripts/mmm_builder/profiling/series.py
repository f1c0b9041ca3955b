"""How the columns run: figures of each series over the rows that are given, sums over the units of a panel."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..data_profile import ColumnGaps, ColumnSeries, DataProfile, DataSeries, SeriesRole
from .season import season_r2
from .unusual import level_shifts, outliers, peaks

VIF_INFINITE = 1e6
"""Variance inflation from which a column is taken for a sum or multiple of others."""
LARGEST = 1e150
"""Larger values are cut to this, and what is below its inverse to 0, so that no square overflows."""
DIGITS = 6
"""Significant digits of the figures."""


def series_statistics(
    table: pd.DataFrame,
    *,
    target: str,
    channels: Sequence[str],
    exposures: Sequence[str],
    controls: Sequence[str],
    periods_per_year: float,
) -> tuple[ColumnSeries, ...]:
    """Return the figures of every column with a role over the rows of the table.

    table : (date, unit) index, float columns, the canonical dataset or its training rows. NaN, as the KPI of a
    held-out period may be, is left out.
    """
    total = totals(table, summed=[target, *channels, *exposures], averaged=list(controls))
    inflation = {**variance_inflation(total[list(channels)]), **variance_inflation(total[list(controls)])}
    roles: list[tuple[SeriesRole, Sequence[str]]] = [
        ("target", [target]), ("channel", channels), ("exposure", exposures), ("control", controls),
    ]  # fmt: skip
    return tuple(
        _one(name, role, total[name], total[target], inflation.get(name), periods_per_year)
        for role, names in roles
        for name in names
    )


def data_series(table: pd.DataFrame, profile: DataProfile) -> DataSeries:
    """Return the figures of a profile's columns twice: over its training rows, and over all rows for the reader.

    table : (date, unit) index, float columns, all rows, with the held-out KPI
    """
    training = table[table.index.get_level_values("date") <= pd.Timestamp(profile.train_end)]
    columns = {
        "target": profile.target_column,
        "channels": [c.column for c in profile.channels],
        "exposures": _exposures(profile),
        "controls": [c.column for c in profile.controls],
        "periods_per_year": profile.periods_per_year,
    }
    return DataSeries(
        training_rows=series_statistics(training, **columns), all_rows=series_statistics(table, **columns)
    )


def period_totals(table: pd.DataFrame, profile: DataProfile) -> pd.DataFrame:
    """Return one row per date for a profile's columns: KPI and media summed over the units, controls averaged.

    table : (date, unit) index, float columns
    """
    media = [*(c.column for c in profile.channels), *_exposures(profile)]
    return totals(table, summed=[profile.target_column, *media], averaged=[c.column for c in profile.controls])


def column_gaps(values: pd.DataFrame) -> tuple[ColumnGaps, ...]:
    """Return which cells are empty, for the columns that have any.

    values : (date, unit) index, as read, before anything is filled in; float columns, NaN for an empty cell
    """
    empty = values.isna()
    dates = values.index.get_level_values("date")
    return tuple(
        ColumnGaps(
            column=name,
            empty_cells=int(empty[name].sum()),
            periods=tuple(f"{date:%Y-%m-%d}" for date in sorted(dates[empty[name].to_numpy()].unique())),
        )
        for name in values.columns
        if empty[name].any()
    )


def totals(table: pd.DataFrame, *, summed: list[str], averaged: list[str]) -> pd.DataFrame:
    """Return one row per date: sums over units, NaN if one unit has no value, and averages.

    table : (date, unit) index
    """
    by_date = table.groupby(level="date")
    n_units = table.index.get_level_values("unit").nunique()
    with np.errstate(over="ignore"):
        both = by_date[summed].sum(min_count=n_units).join(by_date[averaged].mean())
    return both.clip(-LARGEST, LARGEST).mask(both.abs() < 1 / LARGEST, 0.0)


def variance_inflation(columns: pd.DataFrame) -> dict[str, float]:
    """Return the variance inflation factor of each column given the others: 1 / (1 - R²), infinite if they make it up.

    columns : (period, column). Columns without variance, and all of them if there are too few periods, are left out.
    """
    known = columns.dropna()
    scaled = known / known.abs().max().replace(0.0, 1.0)
    varying = [name for name in scaled if np.ptp(scaled[name].to_numpy()) > 1e-9] if len(scaled) else []
    if len(known) < len(varying) + 2:
        return {}
    r = np.corrcoef(scaled[varying].to_numpy(), rowvar=False).reshape(len(varying), len(varying))
    found = {}
    for i, name in enumerate(varying):
        others = np.arange(len(varying)) != i
        weights = np.linalg.lstsq(r[np.ix_(others, others)], r[others, i], rcond=1e-10)[0]
        left = 1.0 - float(weights @ r[others, i])
        found[name] = 1.0 / left if left > 1.0 / VIF_INFINITE else np.inf
    return found


def correlation(one: pd.Series, other: pd.Series) -> float | None:
    """Return Pearson's correlation of two series (by date) where both have values; None if one doesn't vary."""
    both = pd.DataFrame({0: one, 1: other}).dropna().to_numpy(float)
    if len(both) < 3:
        return None
    both = both / np.maximum(np.abs(both).max(axis=0), np.finfo(float).tiny)
    both = both - both.mean(axis=0)
    sizes = np.sqrt((both**2).sum(axis=0))
    if (sizes <= 1e-9 * np.sqrt(len(both))).any():
        return None
    return float(np.clip(both[:, 0] @ both[:, 1] / sizes.prod(), -1.0, 1.0))


def _one(
    name: str, role: SeriesRole, series: pd.Series, target: pd.Series, vif: float | None, periods_per_year: float
) -> ColumnSeries:
    """Return the figures of one series, by date."""
    known = series.dropna()
    media = role in ("channel", "exposure")
    scale = float(known.abs().max()) if len(known) and known.abs().max() > 0 else 1.0
    unusual = peaks(known) if media else outliers(known, periods_per_year)
    part = known / scale
    return ColumnSeries(
        column=name,
        role=role,
        mean=_rounded(scale * part.mean()) or 0.0,
        standard_deviation=_rounded(scale * part.std(ddof=0)) or 0.0,
        minimum=_rounded(known.min()) or 0.0,
        maximum=_rounded(known.max()) or 0.0,
        zero_share=round(float((known == 0).mean()), 4) if len(known) else 0.0,
        outliers=_iso(unusual),
        level_shifts=_iso(level_shifts(known, periods_per_year)),
        correlation_with_target=_rounded(correlation(series, target)),
        season_r2=_rounded(season_r2(known, periods_per_year)),
        vif=_rounded(vif),
    )


def _exposures(profile: DataProfile) -> list[str]:
    return [c.exposure_column for c in profile.channels if c.exposure_column]


def _iso(dates: pd.DatetimeIndex) -> tuple[str, ...]:
    return tuple(f"{date:%Y-%m-%d}" for date in dates)


def _rounded(value: float | None) -> float | None:
    """Return the value to `DIGITS` significant digits; None for what is not finite."""
    return float(f"{value:.{DIGITS}g}") if value is not None and np.isfinite(value) else None
