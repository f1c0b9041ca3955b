"""Held-out values change nothing that was trained: not a bit of the posterior, of the fit, of its verdict."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from trainings import CLIENT, STAGE_FILES, compiled, shared_stage_run, small_client

from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.traces import read_group
from mmm_builder.simulation.simulator import simulate_client

TIMES = {"training_seconds", "sampling_seconds"}


def moved(panel: xr.Dataset, what: str) -> xr.Dataset:
    """Return the panel with other values of one kind on held-out rows."""
    noise = np.random.default_rng(3).gamma(2.0, 2.0, panel[what].shape)
    return panel.assign({what: panel[what].where(panel["is_training"], 3.0 + 2e3 * noise)})


@pytest.mark.parametrize("what", ["kpi", "spend", "controls"])
def test_posterior_draws_are_bit_for_bit_the_same(what):
    panel, spec, _ = small_client("v3")
    before = compiled("v3").sample(make_design(panel, spec), spec, seed=3, draws=100).draws
    after = compiled("v3").sample(make_design(moved(panel, what), spec), spec, seed=3, draws=100).draws
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name], err_msg=name)


@pytest.fixture(scope="module")
def perturbed_run(shared_folder):
    """The run of `stage_run` on a file whose held-out rows say something else."""
    table, truth = simulate_client(1, **CLIENT)
    columns = [truth.target_column, *(c.column for c in truth.channels), "avg_price"]
    held_out = np.arange(len(table)) >= truth.n_train
    rng = np.random.default_rng(4)
    for column in columns:
        table.loc[held_out, column] = (table.loc[held_out, column] * rng.uniform(0.2, 3.0, held_out.sum())).round()
    return shared_stage_run(shared_folder, "perturbed_run", table)


class TestStages:
    def test_the_holdout_is_another_one(self, stage_run, perturbed_run):
        for name in ("holdout", "predictions", "validation"):
            assert (stage_run / STAGE_FILES[name]).read_text() != (perturbed_run / STAGE_FILES[name]).read_text()

    @pytest.mark.parametrize("name", ["config", "series"])
    def test_files_are_the_same(self, name, stage_run, perturbed_run):
        assert (stage_run / STAGE_FILES[name]).read_bytes() == (perturbed_run / STAGE_FILES[name]).read_bytes()

    @pytest.mark.parametrize("group", ["posterior", "sample_stats", "log_likelihood", "observed_data", "constant_data"])
    def test_traces_are_the_same(self, group, stage_run, perturbed_run):
        before, after = (read_group(run / STAGE_FILES["trace"], group) for run in (stage_run, perturbed_run))
        assert sorted(before.variables) == sorted(after.variables)
        for name in before.variables:
            np.testing.assert_array_equal(before[name].values, after[name].values, err_msg=str(name))

    def test_verdict_on_training_rows_is_the_same(self, stage_run, perturbed_run):
        before, after = (json.loads((run / STAGE_FILES["summary"]).read_text()) for run in (stage_run, perturbed_run))
        assert {k: v for k, v in before.items() if k not in TIMES} == {k: v for k, v in after.items() if k not in TIMES}

    def test_no_file_before_the_holdout_holds_its_kpi(self, stage_run):
        shown = pd.read_csv(stage_run / "dataset.csv")["revenue"]
        kept = pd.read_csv(stage_run / STAGE_FILES["holdout"])["revenue"]
        assert shown.isna().sum() == len(kept) == 21
        fit = pd.read_csv(stage_run / STAGE_FILES["series"])["actual"]
        assert not set(kept) & set(fit)
        profile = (stage_run / "data_profile.json").read_text()
        figures = {float(figure) for figure in re.findall(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?", profile)}
        assert len(figures) > 10
        assert not figures & set(kept)
