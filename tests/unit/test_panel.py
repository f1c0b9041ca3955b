"""The canonical files: what was read from the source comes back, whatever its columns and units are called."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.errors import InputError
from mmm_builder.panel import read_holdout, read_panel, to_national, write_dataset
from mmm_builder.profiling.profile import profile_file
from mmm_builder.settings import Columns


def round_trip(table, folder, **given):
    """Return profile, panel and held-out KPI of a table that went through all files."""
    source, dataset, holdout = (folder / f"{name}.csv" for name in ("source", "dataset", "holdout"))
    table.to_csv(source, index=False)
    profile, canonical = profile_file(source, Columns(**given), 0.2)
    names = {"date": profile.date_column, "target": profile.target_column, "panel": profile.panel_column}
    write_dataset(canonical, dataset, holdout, n_train=profile.n_train, **names)
    return profile, read_panel(dataset, profile), read_holdout(holdout, profile)


def of_regions(table, *regions):
    return pd.concat([table.assign(region=region) for region in regions])


@pytest.mark.parametrize("name", ["unit", "date", "level_0", "index", "self"])
@pytest.mark.parametrize("regions", [(), ("north", "south")])
@pytest.mark.parametrize(
    ("column", "role"), [("revenue", "target"), ("tv_spend", "channels"), ("avg_price", "controls")]
)
def test_a_column_may_have_any_name(tmp_path, weekly_table, name, regions, column, role):
    table = weekly_table.rename(columns={"date": "week", column: name})
    given = {"date": "week", role: name if role == "target" else (name,)}
    given["panel"] = "region" if regions else None
    profile, panel, held_out = round_trip(of_regions(table, *regions) if regions else table, tmp_path, **given)
    assert (profile.date_column, profile.panel_column) == ("week", given["panel"])
    assert list(panel["unit"].values) == list(regions or ["national"])
    kpi, spend, control = (table[name if column == c else c].to_numpy() for c in ("revenue", "tv_spend", "avg_price"))
    for unit in range(panel.sizes["unit"]):
        assert np.array_equal(panel["kpi"].values[: profile.n_train, unit], kpi[: profile.n_train])
        assert np.array_equal(held_out.values[:, unit], kpi[profile.n_train :])
        assert np.array_equal(panel["spend"].values[:, unit, 0], spend)
        assert np.array_equal(panel["controls"].values[:, unit, 0], control)


def test_units_keep_their_names_also_those_that_look_like_nothing_or_like_numbers(tmp_path, weekly_table):
    regions = ["NA", "ND", "None", "nan", "-", "01", "1", "1.0"]
    profile, panel, held_out = round_trip(of_regions(weekly_table, *regions), tmp_path)
    assert profile.panel_column == "region"
    assert list(panel["unit"].values) == list(held_out["unit"].values) == sorted(regions)
    assert np.isfinite(panel["spend"]).all()
    assert np.array_equal(panel["kpi"].sel(unit="NA")[: profile.n_train], weekly_table["revenue"][: profile.n_train])


def test_an_empty_unit_is_refused_with_its_line(tmp_path, weekly_table):
    table = of_regions(weekly_table, "NA", "")
    with pytest.raises(InputError, match=r"column 'region' \(line 122\) is empty; fill in the unit or drop the row"):
        round_trip(table, tmp_path, panel="region")


@pytest.mark.parametrize("regions", [(), ("north", "south")])
def test_exposures_stand_beside_the_spend_and_are_summed_over_units(tmp_path, weekly_table, regions):
    table = weekly_table.assign(tv_impressions=(7.0 * weekly_table["tv_spend"]).round())
    profile, panel, _ = round_trip(of_regions(table, *regions) if regions else table, tmp_path)
    paired = {c.column: c.exposure_column for c in profile.channels}
    assert paired["tv_spend"] == "tv_impressions"
    assert list(panel["exposure"].values) == [name for name in paired.values() if name]
    national = to_national(panel)
    assert "unit" not in national.dims
    for variable, dim, column in (("exposures", "exposure", "tv_impressions"), ("spend", "channel", "tv_spend")):
        summed = national[variable].sel({dim: column}).values
        np.testing.assert_allclose(summed, max(len(regions), 1) * table[column])


def test_channels_without_exposures_have_none(tmp_path, weekly_table):
    _, panel, _ = round_trip(weekly_table, tmp_path)
    assert panel["exposures"].shape == (len(weekly_table), 1, 0)
