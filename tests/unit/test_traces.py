"""`trace.nc`: loads with plain ArviZ, dims by name, real dates and columns; whole or absent."""

import errno
import json

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm_builder import files
from mmm_builder.config_files import read_spec
from mmm_builder.errors import InputError
from mmm_builder.files import text_digest
from mmm_builder.modelling.traces import read_attributes, read_group, write_trace

GROUPS = {
    "posterior": xr.Dataset(
        {"a": (("chain", "draw", "channel"), np.arange(12.0).reshape(2, 3, 2)), "b": (("chain", "draw"), np.eye(2, 3))},
        coords={"chain": [0, 1], "draw": [0, 1, 2], "channel": ["Поиск (руб.)", "TV [EUR]/GRP"]},
    ),
    "observed_data": xr.Dataset(
        {"kpi": (("date",), [1.0, 2.0])}, coords={"date": pd.date_range("2024-01-01", periods=2)}
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def trace(stage_run) -> az.InferenceData:
    return az.from_netcdf(stage_run / "trace.nc")


class TestOfARun:
    def test_has_the_groups_of_arviz(self, trace):
        assert {"posterior", "sample_stats", "observed_data", "constant_data", "log_likelihood"} <= set(trace.groups())

    def test_dims_are_named(self, trace):
        posterior = trace.posterior
        assert posterior["adstock_alpha"].dims == ("chain", "draw", "channel")
        assert posterior["season_coefficient"].dims == ("chain", "draw", "fourier")
        assert posterior["control_coefficient"].dims == ("chain", "draw", "control")
        assert posterior["intercept"].dims == ("chain", "draw")
        assert "linear_rotated" not in posterior
        assert trace.log_likelihood["kpi"].dims == ("chain", "draw", "date")

    def test_coordinates_are_real_names_and_dates(self, trace, stage_run):
        dataset = pd.read_csv(stage_run / "dataset.csv", parse_dates=["week_start"]).dropna(subset=["revenue"])
        assert list(trace.posterior["channel"].values) == ["search_1_spend", "social_1_spend"]
        assert list(trace.posterior["control"].values) == ["avg_price", "promotion", "holiday"]
        assert list(trace.posterior["fourier"].values) == ["sin_1", "cos_1", "sin_2", "cos_2"]
        np.testing.assert_array_equal(trace.observed_data["date"].values, dataset["week_start"].to_numpy())
        np.testing.assert_allclose(trace.observed_data["kpi"].values, dataset["revenue"])
        np.testing.assert_allclose(
            trace.constant_data["spend"].sel(channel="search_1_spend"), dataset["search_1_spend"]
        )

    def test_says_what_it_was_made_from(self, trace, stage_run):
        config = stage_run / "config_iter_1.yaml"
        attributes = read_attributes(stage_run / "trace.nc")
        assert attributes["config_sha256"] == text_digest(config.read_text(encoding="utf-8"))
        assert attributes["seed"] == read_spec(config).sampler.seed
        assert "pymc" in json.loads(attributes["versions"])
        assert 0 < attributes["sampling_seconds"] < attributes["training_seconds"]

    def test_sampler_statistics_are_there(self, trace):
        assert {"diverging", "energy", "step_size", "n_steps"} <= set(trace.sample_stats)

    def test_arviz_can_judge_it(self, trace):
        assert np.isfinite(az.loo(trace).elpd_loo)


def test_what_is_written_is_read(tmp_path):
    write_trace(tmp_path / "t.nc", GROUPS, {"a": 1, "b": {"c": [1, 2]}, "d": "x"})
    for name, group in GROUPS.items():
        xr.testing.assert_equal(read_group(tmp_path / "t.nc", name), group)
    assert read_attributes(tmp_path / "t.nc") == {"a": 1, "b": '{"c": [1, 2]}', "d": "x"}
    xr.testing.assert_equal(az.from_netcdf(tmp_path / "t.nc").posterior, GROUPS["posterior"])


class TestInterruptedWriting:
    def write_half(self, path):
        path.write_text("hal")
        raise OSError("full")

    def test_a_full_disk_leaves_no_file(self, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files.os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            write_trace(tmp_path / "t.nc", GROUPS, {})
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
    def test_a_break_in_the_middle_leaves_no_file(self, tmp_path, error):
        class Breaking(dict):
            def items(self):
                yield from GROUPS.items()
                raise error

        with pytest.raises(error):
            write_trace(tmp_path / "t.nc", Breaking(), {})
        assert list(tmp_path.iterdir()) == []

    def test_a_finished_file_survives_a_failed_rewrite(self, tmp_path):
        files.write_text(tmp_path / "a.txt", "whole")
        with pytest.raises(OSError, match="full"), files.whole(tmp_path / "a.txt") as part:
            self.write_half(part)
        assert (tmp_path / "a.txt").read_text() == "whole"


class TestUnreadable:
    def test_missing_file(self, tmp_path):
        for read in (read_attributes, lambda p: read_group(p, "posterior")):
            with pytest.raises(InputError, match=r"t\.nc: the file does not exist"):
                read(tmp_path / "t.nc")

    def test_half_a_file(self, tmp_path):
        write_trace(tmp_path / "t.nc", GROUPS, {})
        whole = (tmp_path / "t.nc").read_bytes()
        (tmp_path / "t.nc").write_bytes(whole[: len(whole) // 3])
        for read in (read_attributes, lambda p: read_group(p, "posterior")):
            with pytest.raises(InputError, match=r"can't be read .*; delete the file and run again"):
                read(tmp_path / "t.nc")

    def test_missing_group(self, tmp_path):
        write_trace(tmp_path / "t.nc", {"posterior": GROUPS["posterior"]}, {})
        with pytest.raises(InputError, match=r"group 'sample_stats' can't be read"):
            read_group(tmp_path / "t.nc", "sample_stats")
