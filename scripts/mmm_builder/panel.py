"""The canonical dataset: what every stage after the reader works on.

On disk two CSV files with the source's own column names, ISO dates and decimal points: `dataset.csv` (all periods,
KPI empty on the held-out ones) and `holdout_kpi.csv` (date, unit, KPI of the held-out ones), so that no stage
but the validator can see a held-out KPI. In memory an `xarray.Dataset` with dims date, unit, channel, exposure and
control.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from .data_profile import NATIONAL, DataProfile
from .errors import InputError
from .files import whole


def write_dataset(
    table: pd.DataFrame, dataset: Path, holdout: Path, *, date: str, target: str, panel: str | None, n_train: int
) -> None:
    """Write the two files from a cleaned table, one row per date and unit, sorted.

    table : DataFrame with the date column (datetime64), the panel column if any, target, channels, controls
    n_train : number of first periods whose KPI may be seen in training
    """
    keys = [date] + ([panel] if panel else [])
    table = table.sort_values(keys, kind="stable")
    held_out = table[date] > np.sort(table[date].unique())[n_train - 1]
    shown = table.copy()
    shown[target] = table[target].where(~held_out)
    for path, part in ((dataset, shown), (holdout, table.loc[held_out, [*keys, target]])):
        write_table(path, part)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a canonical table with ISO dates, wholly or not at all."""
    with whole(path) as file:
        table.to_csv(file, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def read_panel(dataset: Path, profile: DataProfile) -> xr.Dataset:
    """Read `dataset.csv`.

    Returns a Dataset with `kpi` (date, unit), NaN on held-out dates; `spend` (date, unit, channel), in the
    channel's own measure; `exposures` (date, unit, exposure), of the channels that have them beside their spend;
    `controls` (date, unit, control); `is_training` (date).
    Raises InputError if a column of the profile is absent.
    """
    columns, exposures = [c.column for c in profile.channels], _exposures(profile)
    controls = [c.column for c in profile.controls]
    table = _read(dataset, profile, _columns(profile))
    dates, units = table.index.unique("date"), table.index.unique("unit")
    shape = (len(dates), len(units))

    def values(names: list[str]) -> np.ndarray:
        return table[names].to_numpy(dtype=float).reshape(*shape, len(names))

    return xr.Dataset(
        {
            "kpi": (("date", "unit"), values([profile.target_column])[..., 0]),
            "spend": (("date", "unit", "channel"), values(columns)),
            "exposures": (("date", "unit", "exposure"), values(exposures)),
            "controls": (("date", "unit", "control"), values(controls)),
            "is_training": (("date",), np.arange(shape[0]) < profile.n_train),
        },
        coords={"date": dates.to_numpy(), "unit": list(units)}
        | {"channel": columns, "exposure": exposures, "control": controls},
    )


def read_holdout(holdout: Path, profile: DataProfile) -> xr.DataArray:
    """Read `holdout_kpi.csv`: the KPI (date, unit) of the held-out periods."""
    table = _read(holdout, profile, [profile.target_column])
    return table[profile.target_column].to_xarray().rename("kpi")


def read_with_sealed(panel: xr.Dataset, sealed: Path, profile: DataProfile) -> tuple[xr.Dataset, xr.DataArray]:
    """Read `sealed_rows.csv`: the panel followed by its periods, their KPI hidden, and that KPI (date), units summed.

    Raises InputError if its units are others, or the file holds no rows.
    """
    rows = read_panel(sealed, profile)
    if not rows.sizes["date"] or list(rows["unit"].values) != list(panel["unit"].values):
        raise InputError(f"{sealed}: its rows are not of the units of the data profile; profile the data again")
    hidden = rows.assign(kpi=rows["kpi"] * np.nan, is_training=rows["is_training"] & False)
    return xr.concat([panel, hidden], "date"), rows["kpi"].sum("unit", skipna=False)


def read_all_rows(dataset: Path, holdout: Path, profile: DataProfile) -> pd.DataFrame:
    """Read both canonical files for people to look at: every column with a role, the held-out KPI put back.

    Returns a DataFrame with a (date, unit) index and float columns. Raises InputError if a column is absent.
    """
    table = _read(dataset, profile, _columns(profile))
    held_out = _read(holdout, profile, [profile.target_column])
    return table.fillna(held_out)


def by_date_and_unit(table: pd.DataFrame, profile: DataProfile) -> pd.DataFrame:
    """Return a canonical table with a (date, unit) index, complete over both, and the columns that have a role."""
    return _indexed(table, profile)[_columns(profile)]


def to_national(panel: xr.Dataset) -> xr.Dataset:
    """Return the panel as one unit: KPI, spend and exposures summed over units, controls averaged, no dim `unit`."""
    summed = panel[[n for n in ("kpi", "spend", "exposures") if n in panel]].sum("unit", skipna=False)
    return summed.assign(controls=panel["controls"].mean("unit"), is_training=panel["is_training"])


def _read(path: Path, profile: DataProfile, columns: list[str]) -> pd.DataFrame:
    """Return the table of a canonical file indexed by date and unit, complete over both.

    Only an empty cell is a missing value: a unit may be called NA. A column may be called `date` or `unit`.
    """
    units = {profile.panel_column: str} if profile.panel_column else {}
    table = pd.read_csv(path, parse_dates=[profile.date_column], dtype=units, keep_default_na=False, na_values=[""])
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise InputError(
            f"{path}: column {missing[0]!r} of the data profile is not in the file; profile the data again"
        )
    return _indexed(table, profile)[columns]


def _indexed(table: pd.DataFrame, profile: DataProfile) -> pd.DataFrame:
    """Return the table with its rows named by date and unit, complete over both."""
    unit = table[profile.panel_column].to_numpy() if profile.panel_column else np.full(len(table), NATIONAL, object)
    rows = pd.MultiIndex.from_arrays([table[profile.date_column].to_numpy(), unit], names=["date", "unit"])
    complete = pd.MultiIndex.from_product([sorted(rows.unique(name)) for name in rows.names], names=rows.names)
    return table.set_axis(rows).reindex(complete)


def _columns(profile: DataProfile) -> list[str]:
    """Return the columns that have a role: the target, channels, their exposures, controls."""
    channels, controls = [c.column for c in profile.channels], [c.column for c in profile.controls]
    return [profile.target_column, *channels, *_exposures(profile), *controls]


def _exposures(profile: DataProfile) -> list[str]:
    return [c.exposure_column for c in profile.channels if c.exposure_column]
