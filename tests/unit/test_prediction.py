"""Predictions from draws: the fit on training rows, carry-over across the boundary, noise of the right size."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from trainings import prior_draws, small_client, with_noise

from mmm_builder.modelling.design import make_design, make_projection
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.prediction import (
    CHUNK,
    channel_contributions,
    expected_kpi,
    flat_draws,
    forecast,
    linear_coefficients,
    linear_effect,
    log_likelihood,
    media_effect,
)
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.transforms import ADSTOCKS, geometric_adstock


def drawn(model_type: str = "v3", n: int = 20, panel_change=lambda panel: panel):
    panel, spec, _ = small_client(model_type)
    design = make_design(panel_change(panel), spec)
    return design, spec, prior_draws(design, spec, n, np.random.default_rng(0))


@pytest.mark.parametrize("model_type", RECIPES)
class TestEveryModel:
    def test_nothing_spent_nothing_contributed(self, model_type):
        def silence(panel):
            return panel.assign(spend=panel["spend"] * xr.DataArray([0.0, 1.0], dims="channel"))

        design, _, draws = drawn(model_type, panel_change=silence)
        contributions = np.concatenate([c for _, c in channel_contributions(design, draws)])
        assert np.all(contributions[:, 0] == 0)
        assert np.all(contributions[:, 1].sum(axis=-1) > 0)

    def test_contributions_are_never_negative_and_add_up(self, model_type):
        design, _, draws = drawn(model_type, n=CHUNK + 3)
        parts = list(channel_contributions(design, draws))
        together = np.concatenate([c for _, c in parts])
        assert len(parts) == 2
        assert (together >= 0).all()
        np.testing.assert_allclose(together.sum(axis=1), media_effect(design, draws))
        np.testing.assert_allclose(
            expected_kpi(design, draws) / design.kpi_scale, linear_effect(design, draws) + together.sum(axis=1)
        )

    def test_coefficients_by_name_give_the_sampled_mean(self, model_type):
        design, _, draws = drawn(model_type)
        projection, media = make_projection(design), media_effect(design, draws)
        rotated = np.random.default_rng(1).normal(size=(20, design.matrix.shape[1]))
        draws |= linear_coefficients(design, projection, rotated, media)
        sampled = (projection.offset + projection.scale * rotated - media @ projection.q_training.T) @ projection.q.T
        np.testing.assert_allclose(linear_effect(design, draws), sampled, atol=1e-10)

    def test_more_spend_never_lowers_the_expectation(self, model_type):
        design, _, draws = drawn(model_type)
        more = ADSTOCKS[design.recipe.adstock].prepare(1.3 * design.spend / design.spend_unit[:, None])
        raised = dataclasses.replace(design, media=more)
        assert (media_effect(raised, draws) >= media_effect(design, draws) - 1e-9).all()


def test_carry_over_crosses_the_boundary_in_one_pass():
    design, _, draws = drawn("v3")
    spend = design.spend / design.spend_unit[:, None]
    expected = np.zeros((20, len(design.dates)))
    restarted = np.zeros((20, int((~design.is_training).sum())))
    for k in range(20):
        for c in range(2):
            alpha, half, beta = (draws[n][k, c] for n in ("adstock_alpha", "half_saturation", "coefficient"))
            whole = geometric_adstock(spend[c], alpha)
            anew = geometric_adstock(spend[c][~design.is_training], alpha)
            expected[k] += beta * whole / (half + whole)
            restarted[k] += beta * anew / (half + anew)
    predicted = media_effect(design, draws)
    np.testing.assert_allclose(predicted, expected, atol=1e-3)
    held_out = predicted[:, ~design.is_training]
    assert np.abs(held_out[:, 0] - restarted[:, 0]).mean() > 20 * np.abs(predicted - expected).max()


@pytest.mark.parametrize("kind", LIKELIHOODS)
class TestNoise:
    def test_predictive_draws_have_the_sampled_noise(self, kind):
        panel, spec, _ = small_client("simple")
        spec = with_noise(spec, kind)
        design = make_design(panel, spec)
        draws = {
            k: np.repeat(v, 4000, axis=0) for k, v in prior_draws(design, spec, 1, np.random.default_rng(3)).items()
        }
        expected, predictive = forecast(design, spec, draws, np.random.default_rng(1))
        z = (predictive - expected) / design.kpi_scale
        frozen = LIKELIHOODS[kind].frozen(0.0, *(draws[p][0] for p in LIKELIHOODS[kind].parameters))
        np.testing.assert_allclose(
            np.quantile(z, [0.1, 0.5, 0.9]), frozen.ppf([0.1, 0.5, 0.9]), atol=0.02 * frozen.ppf(0.9)
        )

    def test_same_generator_same_draws(self, kind):
        panel, spec, _ = small_client("simple")
        spec = with_noise(spec, kind)
        design = make_design(panel, spec)
        draws = prior_draws(design, spec, 9, np.random.default_rng(3))
        one, other = (forecast(design, spec, draws, np.random.default_rng(1))[1] for _ in range(2))
        np.testing.assert_array_equal(one, other)

    def test_log_likelihood_is_of_training_rows(self, kind):
        panel, spec, truth = small_client("simple")
        spec = with_noise(spec, kind)
        design = make_design(panel, spec)
        values = log_likelihood(design, spec, prior_draws(design, spec, 7, np.random.default_rng(3)))
        assert values.shape == (7, truth.n_train)
        assert np.isfinite(values).all()


def test_chains_are_joined_in_order():
    posterior = xr.Dataset({"a": (("chain", "draw", "x"), np.arange(12).reshape(2, 3, 2))})
    np.testing.assert_array_equal(flat_draws(posterior)["a"], np.arange(12).reshape(6, 2))
