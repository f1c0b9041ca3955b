"""Held-out values change nothing that was trained: not a bit of the posterior, of the fit, of its verdict."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from trainings import CLIENT, STAGE_FILES, compiled, iteration_folder, shared_stage_run, small_client

from mmm_builder.model_parts import ModelParts
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.traces import read_group
from mmm_builder.simulation.client_truth import Truth
from mmm_builder.simulation.simulator import simulate_client

TIMES = {"training_seconds", "sampling_seconds"}


GROUPS = ("posterior", "sample_stats", "log_likelihood", "observed_data", "constant_data", "forecasts")
"""Groups of a trace; of the forecasts, those of the folds."""


def verdict(run: Path, name: str) -> dict:
    """Return a stage's verdict without the times that it took."""
    return {k: v for k, v in json.loads((run / STAGE_FILES[name]).read_text()).items() if k not in TIMES}


def assert_same_group(before: Path, after: Path, group: str) -> None:
    """Assert that two traces hold the same values in a group, but for forecasts of held-out rows."""
    ours, theirs = (read_group(run / STAGE_FILES["trace"], group) for run in (before, after))
    if group == "forecasts":
        ours, theirs = (found.sel(date=found["origin_of_date"] > 0) for found in (ours, theirs))
    assert sorted(ours.variables) == sorted(theirs.variables)
    for name in ours.variables:
        np.testing.assert_array_equal(ours[name].values, theirs[name].values, err_msg=str(name))


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


def perturbed(table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table with other values of KPI, spend and a control on held-out rows."""
    columns = [truth.target_column, *(c.column for c in truth.channels), "avg_price"]
    held_out = np.arange(len(table)) >= truth.n_train
    rng, other = np.random.default_rng(4), table.copy()
    for column in columns:
        other.loc[held_out, column] = (table.loc[held_out, column] * rng.uniform(0.2, 3.0, held_out.sum())).round()
    return other


@pytest.fixture(scope="module")
def perturbed_run(shared_folder):
    """The run of `stage_run` on a file whose held-out rows say something else."""
    return shared_stage_run(shared_folder, "perturbed_run", perturbed(*simulate_client(1, **CLIENT)))


class TestStages:
    def test_the_holdout_is_another_one(self, stage_run, perturbed_run):
        for name in ("holdout", "predictions", "validation"):
            assert (stage_run / STAGE_FILES[name]).read_text() != (perturbed_run / STAGE_FILES[name]).read_text()

    @pytest.mark.parametrize("name", ["config", "series"])
    def test_files_are_the_same(self, name, stage_run, perturbed_run):
        assert (stage_run / STAGE_FILES[name]).read_bytes() == (perturbed_run / STAGE_FILES[name]).read_bytes()

    @pytest.mark.parametrize("group", GROUPS)
    def test_traces_are_the_same(self, group, stage_run, perturbed_run):
        assert_same_group(stage_run, perturbed_run, group)

    @pytest.mark.parametrize("name", ["summary", "folds", "candidates"])
    def test_verdicts_on_training_rows_and_what_may_follow_are_the_same(self, name, stage_run, perturbed_run):
        assert verdict(stage_run, name) == verdict(perturbed_run, name)

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


POOR = ModelParts(trend="none", season_order=0)
"""A first model that the loop has to improve on, whatever the holdout says."""


@pytest.fixture(scope="module")
def long_runs(shared_folder):
    """Return runs of several iterations, on a client and on one with another holdout."""
    table, truth = simulate_client(1, **(CLIENT | {"trend": 0.5}))
    options = {"iterations": 3, "parts": POOR}
    return [
        shared_stage_run(shared_folder, f"long_run_{k}", file, **options)
        for k, file in enumerate((table, perturbed(table, truth)))
    ]


class TestSeveralIterations:
    """Only where a run stops may differ with the holdout, and so the iteration selected."""

    @pytest.fixture
    def both(self, long_runs) -> list[tuple[Path, Path]]:
        """Return the folders of each iteration that both runs contain."""
        folders = [[iteration_folder(run, n) for n in (1, 2, 3)] for run in long_runs]
        pairs = [pair for pair in zip(*folders, strict=True) if all((p / STAGE_FILES["trace"]).exists() for p in pair)]
        assert len(pairs) >= 2, "the runs are too short to test anything"
        return pairs

    def test_configurations_are_the_same(self, both):
        for pair in both:
            before, after = (folder / STAGE_FILES["config"] for folder in pair)
            assert before.read_bytes() == after.read_bytes()

    @pytest.mark.parametrize("name", ["summary", "folds", "candidates"])
    def test_verdicts_and_candidates_are_the_same(self, name, both):
        for before, after in both:
            assert verdict(before, name) == verdict(after, name)

    @pytest.mark.parametrize("group", GROUPS)
    def test_traces_are_the_same(self, group, both):
        for before, after in both:
            assert_same_group(before, after, group)
