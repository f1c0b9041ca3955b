"""`device: auto`: from the model and the size of the data, before the workflow starts."""

from types import SimpleNamespace

import pandas as pd
import pytest

import iteration_engine
from mmm_builder.running import device
from mmm_builder.running.device import LEAST_CELLS, chosen_device
from mmm_builder.running.engine import engine_settings


def spec(channels=8, adstock="geometric_grid"):
    return SimpleNamespace(channels=range(channels), adstock=adstock)


def test_large_data_go_to_the_gpu_and_small_ones_do_not():
    assert chosen_device(spec(15), n_units=1, n_periods=208) == "cpu"
    assert chosen_device(spec(8), n_units=200, n_periods=156) == "gpu"
    assert chosen_device(spec(1), n_units=1, n_periods=LEAST_CELLS) == "gpu"
    assert chosen_device(spec(1), n_units=1, n_periods=LEAST_CELLS - 1) == "cpu"


def test_recursion_in_time_stays_on_the_cores():
    assert chosen_device(spec(8, "geometric_scan"), n_units=200, n_periods=156) == "cpu"


@pytest.mark.parametrize(("least", "asked", "found"), [(480, "auto", "gpu"), (481, "auto", "cpu"), (1, "cpu", "cpu")])
def test_it_is_resolved_from_the_file(least, asked, found, weekly_table, tmp_path, monkeypatch):
    """Two regions of 120 weeks with two channels are 480 cells."""
    regions = [weekly_table.assign(region=region) for region in ("north", "south")]
    csv = tmp_path / "client.csv"
    monkeypatch.setattr(device, "LEAST_CELLS", least)
    pd.concat(regions).to_csv(csv, index=False)
    columns = {"panel": "region", "channels": ["tv_spend", "search_spend"]}
    settings = engine_settings(csv, "client.csv", None, columns, {"device": asked, "model_type": "v2"}, {})
    assert iteration_engine._checked_data(csv, settings).device == found
