"""What channels add and return: sums, intervals and contraction from draws, and the stages' files of one run."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_forecasts import made_forecasts
from trainings import panel_of, profile_of, small_client, spec_of

from diagnostics_checker import diagnose, diagnostics_text, prior_of
from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging.folds import fold_evidence
from mmm_builder.judging.looks import read_looks
from mmm_builder.judging.tables import SERIES_COLUMNS
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.parameters import channel_parameters
from mmm_builder.modelling.posterior import coordinates, dims_of
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.modelling.priors import preset
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.reporting.contributions import contribution_tables
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import LevelShift
from mmm_builder.verdicts import ConvergenceThresholds, Decision, Look, OosThresholds, OosValidation, TrainingSummary
from oos_validator import validate

CHANNELS = ["search_1_spend", "social_1_spend"]


def posterior_of(design, spec, n: int = 200) -> xr.Dataset:
    """Return draws from the prior in the form of a trace of two chains."""
    draws, dims = prior_draws(design, spec, 2 * n, np.random.default_rng(0)), dims_of(design, spec)
    return xr.Dataset(
        {k: (("chain", "draw", *dims[k]), draws[k].reshape(2, n, *draws[k].shape[1:])) for k in dims},
        coords=coordinates(design, spec),
    )


@pytest.fixture(scope="module", params=list(RECIPES))
def case(request):
    """A client, its panel, a spec and draws from the prior, per model type."""
    table, truth = simulate_client(1, n_periods=104, n_channels=2)
    panel, spec = panel_of(table, truth), spec_of(table, truth, request.param)
    return table, truth, panel, spec, posterior_of(make_design(panel, spec), spec)


class TestTables:
    def test_channels_and_baseline_make_the_expectation(self, case):
        table, truth, panel, spec, posterior = case
        by_channel, by_period = contribution_tables(panel, spec, posterior, profile_of(table, truth))
        assert len(by_period) == len(table)
        np.testing.assert_allclose(by_period["baseline"] + by_period[CHANNELS].sum(axis=1), by_period["expected"])
        np.testing.assert_allclose(by_channel["contribution"], by_period[CHANNELS].sum().to_numpy())

    def test_a_level_shift_belongs_to_the_baseline(self, case):
        table, truth, panel, spec, _ = case
        date = str(panel["date"].values[40])[:10]
        shift = LevelShift(date=date, coefficient=preset("default").level_shift_coefficient)
        spec = spec.model_copy(update={"level_shifts": (shift,)})
        posterior, name = posterior_of(make_design(panel, spec), spec), "level_shift_coefficient"
        level = posterior.assign({name: xr.full_like(posterior[name], -0.3)})
        (_, without), (_, found) = (
            contribution_tables(panel, spec, p, profile_of(table, truth))
            for p in (level.assign({name: 0.0 * level[name]}), level)
        )
        np.testing.assert_allclose(found["baseline"] + found[CHANNELS].sum(axis=1), found["expected"])
        np.testing.assert_allclose(found[CHANNELS], without[CHANNELS])
        lost = 0.3 * float(panel["kpi"].mean()) * (np.arange(len(table)) >= 40)
        np.testing.assert_allclose(without["baseline"] - found["baseline"], lost, atol=1e-6 * lost.max())

    def test_return_is_contribution_over_spend(self, case):
        table, truth, panel, spec, posterior = case
        found, _ = contribution_tables(panel, spec, posterior, profile_of(table, truth))
        np.testing.assert_allclose(found["spend"], table[CHANNELS].sum().to_numpy())
        np.testing.assert_allclose(found["roas"], found["contribution"] / found["spend"])
        assert (found["roas_lower_80"] < found["roas"]).all()
        assert (found["roas"] < found["roas_upper_80"]).all()

    def test_what_is_no_money_has_no_return(self, case):
        table, truth, panel, spec, posterior = case
        profile = profile_of(table, truth)
        counted = profile.channels[0].model_copy(update={"measure": "impressions"})
        profile = profile.model_copy(update={"channels": (counted, profile.channels[1])})
        found, _ = contribution_tables(panel, spec, posterior, profile)
        assert found["roas"].isna().tolist() == [True, False]
        assert found["contribution"].notna().all()

    def test_draws_of_the_prior_have_no_contraction(self, case):
        table, truth, panel, spec, _ = case
        posterior = posterior_of(make_design(panel, spec), spec, 4000)
        found, _ = contribution_tables(panel, spec, posterior, profile_of(table, truth))
        for name in channel_parameters(spec):
            assert found[f"{name}_contraction"].abs().max() < 0.25

    def test_currency_of_the_kpi_carries_through(self, case):
        table, truth, panel, spec, posterior = case
        dear = panel.assign(kpi=1000 * panel["kpi"])
        one, _ = contribution_tables(panel, spec, posterior, profile_of(table, truth))
        other, _ = contribution_tables(dear, spec, posterior, profile_of(table, truth))
        np.testing.assert_allclose(other["roas"], 1000 * one["roas"])
        np.testing.assert_allclose(other["share_of_kpi"], one["share_of_kpi"])


class TestVerdicts:
    """The pure functions of the two gates, on draws from the prior."""

    def prepared(self):
        """Return a panel, its spec, draws from the prior, and forecasts with their verdict."""
        panel, spec, _ = small_client("v3")
        forecasts = made_forecasts(panel, np.nan_to_num(panel["kpi"].values), sd=1e4, media_free=1e4)
        folds, _ = fold_evidence(panel, forecasts, OosThresholds(), EvidenceSettings())
        return panel, spec, posterior_of(make_design(panel, spec), spec), forecasts, folds

    def verdict(self, holdout_kpi: np.ndarray, other_looks: tuple[Look, ...] = ()):
        panel, spec, posterior, forecasts, folds = self.prepared()
        summary, _ = diagnose(panel, spec, posterior, xr.Dataset(), ConvergenceThresholds())
        return validate(
            panel, xr.DataArray(holdout_kpi, dims="date"), spec, posterior, forecasts, summary, folds,
            thresholds=OosThresholds(), convergence=ConvergenceThresholds(), evidence=EvidenceSettings(),
            other_looks=other_looks,
        )  # fmt: skip

    def test_missing_held_out_values_are_predicted_and_not_scored(self):
        full = np.random.default_rng(0).normal(1e5, 1e4, 21)
        gappy = full.copy()
        gappy[[2, 20]] = np.nan
        verdict, series = self.verdict(gappy)
        assert np.isfinite(verdict.oos_r2)
        assert np.isfinite(verdict.crps)
        assert series["actual"].isna().sum() == 2
        assert series["predicted"].notna().all()

    def test_holdout_that_does_not_vary_is_no_pass(self):
        verdict, _ = self.verdict(np.full(21, 5.0))
        assert verdict.evaluated
        assert not verdict.passed
        assert (verdict.oos_r2, verdict.overfitting_index) == (None, None)
        assert {c.code for c in verdict.checks if c.status == "unassessed"} == {"oos_r2", "overfitting_index"}

    def test_zeros_in_the_holdout_leave_mape_open(self):
        kpi = np.random.default_rng(0).normal(1e5, 1e4, 21)
        kpi[3] = 0.0
        verdict, _ = self.verdict(kpi)
        assert verdict.oos_mape is None
        assert verdict.wmape > 0

    def test_looks_are_counted_and_each_leaves_more_to_chance(self):
        kpi = np.random.default_rng(0).normal(1e5, 1e4, 21)
        taken = Look(look="a", iteration=1, data_sha256="d", config_digest="c", code_digest="k", opened_at="",
                     passed=False, train_r2=0.6)  # fmt: skip
        one, third = self.verdict(kpi)[0], self.verdict(kpi, (taken, taken))[0]
        assert (one.holdout_looks, third.holdout_looks) == (1, 3)
        assert one.chance_pass_probability <= third.chance_pass_probability
        assert (one.passed, one.oos_r2) == (third.passed, third.oos_r2)

    def test_figures_of_the_holdout_have_intervals_and_twins_and_folds_beside_them(self):
        verdict, _ = self.verdict(np.random.default_rng(0).normal(1e5, 1e4, 21))
        assert verdict.oos_r2_interval[0] <= verdict.oos_r2 <= verdict.oos_r2_interval[1]
        assert verdict.oos_mape_interval[0] <= verdict.oos_mape <= verdict.oos_mape_interval[1]
        assert verdict.twins.media_free.crps > 0
        assert (verdict.media_adds.rows, verdict.media_adds.n_rows) == ("folds and holdout", 27 + 21)
        assert len(verdict.folds) == 3

    def test_the_holdouts_own_gain_is_of_the_scores_beside_it(self):
        verdict, _ = self.verdict(np.random.default_rng(0).normal(1e5, 1e4, 21))
        alone = verdict.media_adds_holdout
        assert alone.crps_gain == pytest.approx(1 - verdict.crps / verdict.twins.media_free.crps)
        assert (alone.rows, alone.n_rows, alone.verdict) == ("holdout", 21, "unclear")

    def test_without_sampler_statistics_the_gate_stays_shut(self):
        panel, spec, posterior, _, folds = self.prepared()
        summary, series = diagnose(panel, spec, posterior, xr.Dataset(), ConvergenceThresholds())
        assert not summary.passed
        assert summary.divergences is None
        assert "not computed" in diagnostics_text(summary, posterior, prior_of(panel, spec), folds)
        assert len(series) == summary.n_train


class TestOfARun:
    """What the stages wrote for one small client (fixture `stage_run`)."""

    def test_figures_of_both_gates_agree_with_their_tables(self, stage_run):
        summary = TrainingSummary.read(stage_run / "summary.json")
        validation = OosValidation.read(stage_run / "oos_validation.json")
        assert validation.evaluated, "the run's diagnostics are meant to pass"
        for name, r2 in (("predicted_vs_actual_series", summary.r2), ("oos_predictions", validation.oos_r2)):
            table = pd.read_csv(stage_run / f"{name}.csv")
            assert tuple(table.columns) == SERIES_COLUMNS
            error = table["actual"] - table["predicted"]
            spread = table["actual"] - table["actual"].mean()
            assert 1 - (error @ error) / (spread @ spread) == pytest.approx(r2, abs=1e-9)
        assert validation.train_r2 == summary.r2
        assert validation.overfitting_index == pytest.approx(summary.r2 - validation.oos_r2)

    def test_one_look_was_taken(self, stage_run):
        (look,) = read_looks(stage_run / "holdout_looks.jsonl")
        assert look.passed == OosValidation.read(stage_run / "oos_validation.json").passed

    def test_windows_are_the_last_fifth(self, stage_run):
        validation = OosValidation.read(stage_run / "oos_validation.json")
        assert (validation.n_train, validation.n_test) == (83, 21)
        dates = pd.read_csv(stage_run / "oos_predictions.csv")["date"]
        assert (validation.test_start, validation.test_end) == (dates.iloc[0], dates.iloc[-1])
        assert dates.iloc[0] > pd.read_csv(stage_run / "predicted_vs_actual_series.csv")["date"].iloc[-1]

    def test_decision_follows_from_the_verdicts(self, stage_run):
        decision = Decision.read(stage_run / "thinking_log.json")
        passed = OosValidation.read(stage_run / "oos_validation.json").passed
        assert (decision.action == "stop") == passed

    def test_seconds_and_progress_are_on_record(self, stage_run):
        summary = TrainingSummary.read(stage_run / "summary.json")
        assert 0 < summary.sampling_seconds < summary.training_seconds
        assert json.loads((stage_run / "progress.json").read_text())["done"] == 1.0

    def test_nothing_is_left_half_written(self, stage_run):
        assert not list(stage_run.rglob("*.part"))
