"""Known truth comes back: calibration against the prior, simulated clients, seeds, cadences.

The long form of the first two is `make calibration`.
"""

import arviz as az
import numpy as np
import pytest
import xarray as xr
from trainings import CLIENT, simulate_client, small_client, with_noise

import model_trainer
from benchmarks.recovery.scores import figures_table, recovery, uniformity
from benchmarks.recovery.studies import run_world
from mmm_builder.judging.checks import convergence_checks
from mmm_builder.judging.scoring import coverage, interval
from mmm_builder.modelling.design import make_design, make_projection
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.prediction import expected_kpi, flat_draws, forecast, model_draws
from mmm_builder.modelling.sampling import Sampled, progress_file, sample
from mmm_builder.verdicts import ConvergenceThresholds

N_WORLDS = 20
FIRST = 1000
"""Number of the first world: none that the long form knows."""


def short(name: str, n: int = N_WORLDS):
    """Return the figures of a study's first worlds."""
    return figures_table([run_world(name, FIRST + number, cores=2) for number in range(n)])


@pytest.mark.parametrize("name", ["v3", "simple", "v1", "v2"])
def test_ranks_of_truths_from_the_prior_are_uniform(name):
    table = short(name)
    tested = uniformity(table).set_index("label")
    assert tested["ecdf_adjusted"].min() > 0.01, tested["ecdf_adjusted"].idxmin()
    assert 0.72 < table["truth"].between(table["lower"], table["upper"]).mean() < 0.88
    assert set(table["variable"]) >= {"sigma", "intercept", "contribution", "roas", "log_likelihood", "held_out_kpi"}


@pytest.mark.parametrize("name", ["wrong_prior", "blind"])
def test_ranks_of_a_wrong_model_are_not(name):
    assert uniformity(short(name, 12))["ecdf_adjusted"].min() < 0.01


def test_clients_whose_truth_is_not_from_the_prior_are_recovered():
    found = recovery(short("simulator", 10))
    assert found.loc["contribution", "coverage"] >= 0.65
    assert abs(found.loc["media", "bias"]) < 0.3
    assert (found["rmse"] < found["prior_rmse"])[["contribution", "roas", "media", "held_out_kpi"]].all()
    assert abs(found.loc["held_out_kpi", "bias"]) < 0.05


def fit(panel: xr.Dataset, spec, *, seed: int, cores: int = 2) -> Sampled:
    sampler = spec.sampler.model_copy(update={"chains": 4, "draws": 300, "tune": 300, "seed": seed})
    spec = spec.model_copy(update={"sampler": sampler})
    return sample(make_design(panel, spec), spec, device="cpu", cores=cores, report=progress_file(None))


def test_predictive_intervals_hold_held_out_periods():
    inside = []
    for seed in range(8):
        panel, spec, truth = small_client("v3", seed=100 + seed)
        design, (table, _) = make_design(panel, spec), simulate_client(100 + seed, **CLIENT)
        draws = model_draws(design, spec, make_projection(design), fit(panel, spec, seed=seed).draws)
        _, predictive = forecast(design, spec, draws, np.random.default_rng(seed))
        held_out = ~design.is_training
        lower, upper = interval(predictive[:, held_out])
        inside.append(coverage(table[truth.target_column].to_numpy(float)[held_out], lower, upper))
    assert 0.65 < np.mean(inside) < 0.95


@pytest.fixture(scope="module")
def client():
    return small_client("v3")[:2]


class TestSeeds:
    def posterior(self, client, seed: int) -> tuple[xr.Dataset, xr.Dataset]:
        sampled = fit(*client, seed=seed)
        return named_posterior(make_design(*client), client[1], sampled.draws, 4), sampled.stats

    def test_same_seed_same_draws_whatever_the_cores(self, client):
        one, other = (fit(*client, seed=5, cores=cores).draws for cores in (2, 1))
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)

    def test_other_seeds_agree_within_monte_carlo_error(self, client):
        one, other = (self.posterior(client, seed)[0] for seed in (5, 6))
        assert not np.array_equal(one["sigma"].values, other["sigma"].values)
        for name in one.data_vars:
            errors = [az.mcse(p[[name]])[name].values for p in (one, other)]
            difference = one[name].mean(("chain", "draw")).values - other[name].mean(("chain", "draw")).values
            assert np.all(np.abs(difference) < 4.5 * np.hypot(*errors)), name

    def test_it_converges(self, client):
        checks = convergence_checks(*self.posterior(client, 5), ConvergenceThresholds())
        assert [c.status for c in checks] == ["pass"] * 3


@pytest.mark.parametrize(("frequency", "n_periods", "kind"), [("daily", 120, "student_t"), ("monthly", 30, "normal")])
def test_other_cadences_train(frequency, n_periods, kind):
    panel, spec, truth = small_client("v3", frequency=frequency, n_periods=n_periods)
    spec = with_noise(spec, kind)
    groups = model_trainer.train(panel, spec, cores=2)
    posterior = groups["posterior"]
    assert all(np.isfinite(v).all() for v in posterior.data_vars.values())
    assert ("nu_above_two" in posterior) == (kind == "student_t")
    assert groups["observed_data"].sizes["date"] == truth.n_train
    assert np.isfinite(expected_kpi(make_design(panel, spec), spec, flat_draws(posterior))).all()
