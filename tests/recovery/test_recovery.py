"""Known truth comes back: calibration against the prior, simulated clients, seeds, cadences."""

import dataclasses

import arviz as az
import numpy as np
import pytest
from scipy import stats
from trainings import compiled, panel_of, prior_draws, small_client, spec_of, with_noise

import model_trainer
from mmm_builder.judging.checks import convergence_checks
from mmm_builder.judging.scoring import INTERVAL, coverage, interval
from mmm_builder.modelling.design import Design, make_design
from mmm_builder.modelling.parameters import channel_parameters
from mmm_builder.modelling.prediction import channel_contributions, expected_kpi, flat_draws, forecast
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.simulation.client_truth import channel_contributions as true_contributions
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import ModelSpec
from mmm_builder.verdicts import ConvergenceThresholds

N_WORLDS = 30


def world_from_prior(model_type: str, seed: int) -> tuple[Design, ModelSpec, dict[str, np.ndarray]]:
    """Return a design whose KPI was drawn from the model itself, and the parameters that it was drawn with."""
    panel, spec, _ = small_client(model_type)
    design, rng = make_design(panel, spec), np.random.default_rng(seed)
    truth = prior_draws(design, spec, 1, rng)
    _, kpi = forecast(dataclasses.replace(design, kpi_scale=1.0), spec, truth, rng)
    kpi_scaled = np.where(design.is_training, kpi[0], kpi[0][design.is_training].mean())
    return dataclasses.replace(design, kpi_scaled=kpi_scaled), spec, {k: v[0] for k, v in truth.items()}


@pytest.mark.parametrize("model_type", RECIPES)
def test_intervals_are_calibrated_against_the_prior(model_type):
    """Where truth comes from the prior, an 80 % interval holds it 80 % of the time (Talts et al. 2018)."""
    below: dict[str, list[float]] = {}
    for seed in range(N_WORLDS):
        design, spec, truth = world_from_prior(model_type, 1000 + seed)
        draws = compiled(model_type).draws(design, seed=seed, draws=200)
        for name in (*channel_parameters(spec), "sigma", *(t.variable for t in design.terms)):
            # of several channels or columns the first: those of one world depend on each other
            first = draws[name].reshape(len(draws[name]), -1)[:, 0]
            below.setdefault(name, []).append(float(np.mean(first < np.ravel(truth[name])[0])))
    for name, levels in below.items():
        inside = sum(INTERVAL[0] < level < INTERVAL[1] for level in levels)
        share = f"{name}: 80 % intervals hold the truth in {inside} of {N_WORLDS} worlds"
        assert stats.binomtest(inside, N_WORLDS, 0.8).pvalue > 1e-3, share
        assert stats.kstest(levels, "uniform").pvalue > 1e-3, f"{name} is off to one side"


def test_contributions_of_simulated_clients_are_recovered():
    """Clients by the simulator, whose truth isn't drawn from our priors: media, their sum, and the baseline."""
    inside, errors = [], []
    for seed in range(10):
        table, truth = simulate_client(seed, n_periods=104, n_channels=2, r2=0.75)
        panel = panel_of(table, truth)
        design = make_design(panel, spec_of(table, truth, "v3"))
        draws = compiled("v3").draws(design, seed=seed)
        totals = np.concatenate([c.sum(axis=-1) for _, c in channel_contributions(design, draws)]) * design.kpi_scale
        true = true_contributions(table, truth).sum().to_numpy()
        lower, upper = interval(totals)
        inside.append(coverage(true, lower, upper))
        errors.append((totals.sum(axis=1).mean() - true.sum()) / true.sum())
    assert np.mean(inside) >= 0.65
    assert abs(np.median(errors)) < 0.3


def test_predictive_intervals_hold_held_out_periods():
    inside = []
    for seed in range(8):
        table, truth = simulate_client(100 + seed, n_periods=104, n_channels=2, r2=0.75)
        design = make_design(panel_of(table, truth), spec_of(table, truth, "v3"))
        draws = compiled("v3").draws(design, seed=seed)
        _, predictive = forecast(design, spec_of(table, truth, "v3"), draws, np.random.default_rng(seed))
        held_out = ~design.is_training
        lower, upper = interval(predictive[:, held_out])
        inside.append(coverage(table[truth.target_column].to_numpy(float)[held_out], lower, upper))
    assert 0.65 < np.mean(inside) < 0.95


class TestSeeds:
    def fit(self, seed: int, cores: int = 2) -> az.InferenceData:
        panel, spec, _ = small_client("v3")
        return compiled("v3").fit(make_design(panel, spec), seed=seed, cores=cores)

    def test_same_seed_same_draws_whatever_the_cores(self):
        one, other = self.fit(5, cores=2).posterior, self.fit(5, cores=1).posterior
        for name in one.data_vars:
            np.testing.assert_array_equal(one[name].values, other[name].values)

    def test_other_seeds_agree_within_monte_carlo_error(self):
        one, other = self.fit(5).posterior, self.fit(6).posterior
        assert not np.array_equal(one["sigma"].values, other["sigma"].values)
        for name in ("adstock_alpha", "half_saturation", "coefficient", "sigma", "linear_rotated"):
            errors = [az.mcse(p[[name]])[name].values for p in (one, other)]
            difference = one[name].mean(("chain", "draw")).values - other[name].mean(("chain", "draw")).values
            assert np.all(np.abs(difference) < 4.5 * np.hypot(*errors)), name

    def test_it_converges(self):
        trace = self.fit(5)
        checks = convergence_checks(trace.posterior, trace.sample_stats, ConvergenceThresholds())
        assert [c.status for c in checks] == ["pass"] * 3


@pytest.mark.parametrize(("frequency", "n_periods", "kind"), [("daily", 120, "student_t"), ("monthly", 30, "normal")])
def test_other_cadences_train(frequency, n_periods, kind):
    panel, spec, truth = small_client("v3", frequency=frequency, n_periods=n_periods)
    groups = model_trainer.train(panel, with_noise(spec, kind), cores=2)
    posterior = groups["posterior"]
    assert all(np.isfinite(v).all() for v in posterior.data_vars.values())
    assert ("nu_above_two" in posterior) == (kind == "student_t")
    assert groups["observed_data"].sizes["date"] == truth.n_train
    assert np.isfinite(expected_kpi(make_design(panel, spec), flat_draws(posterior))).all()
