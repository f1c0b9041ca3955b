"""Predictions from draws: the fit on training rows, carry-over across the boundary, noise of the right size."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from model_cases import KINDS, Model

from mmm_builder.modelling.design import make_design, make_projection
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.prediction import (
    CHUNK,
    channel_contributions,
    curves_effect,
    expected_kpi,
    flat_draws,
    forecast,
    linear_coefficients,
    linear_effect,
    log_likelihood,
    media_effect,
)
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.modelling.transforms import ADSTOCKS, geometric_adstock


def drawn(model: Model = Model(), n: int = 20, panel_change=lambda panel: panel):
    panel, spec = model.case()
    design = make_design(panel_change(panel), spec)
    return design, spec, prior_draws(design, spec, n, np.random.default_rng(0))


@pytest.mark.parametrize("model", KINDS, ids=str)
class TestEveryModel:
    def test_nothing_spent_nothing_contributed(self, model):
        def silence(panel):
            speaks = xr.DataArray([0.0, 1.0], dims="channel")
            return panel.assign(spend=panel["spend"] * speaks)

        if "lift_tests" in model.entries:
            model = model._replace(entries=())  # a channel that spent nothing can't have been tested
        design, spec, draws = drawn(model, panel_change=silence)
        contributions = np.concatenate([c for _, c in channel_contributions(design, spec, draws)])
        assert np.all(contributions[:, 0] == 0)
        assert np.all(contributions[:, 1].sum(axis=-1) > 0)

    def test_contributions_are_never_negative_and_add_up(self, model):
        design, spec, draws = drawn(model, n=CHUNK // numbers_of_a_sample(model) + 3)
        parts = list(channel_contributions(design, spec, draws))
        together = np.concatenate([c for _, c in parts])
        assert len(parts) == 2
        assert (together >= 0).all()
        media = media_effect(design, spec, draws)
        in_units = np.einsum("sgt,g->st", media, design.kpi_scale)
        np.testing.assert_allclose(together.sum(axis=1), in_units)
        terms = linear_effect(design, draws) + curves_effect(design, spec, draws) + media
        if spec.likelihood.kind == "lognormal":
            terms = np.where(terms > 0.1, terms, np.nan)
        expected = np.einsum("sgt,g->st", terms, design.kpi_scale)
        found = np.where(np.isnan(expected), np.nan, expected_kpi(design, spec, draws))
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    def test_coefficients_by_name_give_the_sampled_mean(self, model):
        design, spec, draws = drawn(model)
        projection = make_projection(design)
        curved = media_effect(design, spec, draws) + curves_effect(design, spec, draws)
        rotated = np.random.default_rng(1).normal(size=(20, len(design.units), design.matrix.shape[-1]))
        draws |= linear_coefficients(design, projection, rotated, curved)
        for g in range(len(design.units)):
            along = curved[:, g] @ projection.q_training[g].T
            e = projection.offset[g] + projection.scale[g] * rotated[:, g] - along
            np.testing.assert_allclose(linear_effect(design, draws)[:, g], e @ projection.q[g], atol=1e-9)

    def test_more_spend_never_lowers_the_expectation(self, model):
        design, spec, draws = drawn(model)
        more = 1.3 * (design.inputs / design.spend_unit[..., None]).reshape(-1, len(design.dates))
        more = np.concatenate([more, design.experiments.series(design.spend_unit)])
        raised = dataclasses.replace(design, media=ADSTOCKS[spec.adstock].prepare(more))
        assert (media_effect(raised, spec, draws) >= media_effect(design, spec, draws) - 1e-9).all()


def numbers_of_a_sample(model: Model) -> int:
    design, _ = model.design()
    return len(design.series_channel) * len(design.dates)


def test_carry_over_crosses_the_boundary_in_one_pass():
    design, spec, draws = drawn()
    spend = (design.inputs / design.spend_unit[..., None])[0]
    expected = np.zeros((20, len(design.dates)))
    restarted = np.zeros((20, int((~design.is_training).sum())))
    for k in range(20):
        for c in range(2):
            alpha, half, beta = (draws[n][k, c] for n in ("adstock_alpha", "half_saturation", "coefficient"))
            whole = geometric_adstock(spend[c], alpha)
            anew = geometric_adstock(spend[c][~design.is_training], alpha)
            expected[k] += beta * whole / (half + whole)
            restarted[k] += beta * anew / (half + anew)
    predicted = media_effect(design, spec, draws)[:, 0]
    np.testing.assert_allclose(predicted, expected, atol=1e-3)
    held_out = predicted[:, ~design.is_training]
    assert np.abs(held_out[:, 0] - restarted[:, 0]).mean() > 20 * np.abs(predicted - expected).max()


NOISES = [Model("simple", noise=kind) for kind in LIKELIHOODS]


@pytest.mark.parametrize("model", [*NOISES, Model("v2", units=3)], ids=str)
class TestNoise:
    def test_same_generator_same_draws(self, model):
        design, spec, draws = drawn(model, n=9)
        one, other = (forecast(design, spec, draws, np.random.default_rng(1))[1] for _ in range(2))
        np.testing.assert_array_equal(one, other)

    def test_its_mean_is_the_expectation(self, model):
        design, spec, draws = drawn(model, n=1)
        draws = {name: np.repeat(value, 4000, axis=0) for name, value in draws.items()}
        expected, predictive = forecast(design, spec, draws, np.random.default_rng(1))
        error = predictive.std(axis=0) / np.sqrt(4000)
        assert np.all(np.abs(predictive.mean(axis=0) - expected[0]) < 5 * error)

    def test_log_likelihood_is_of_training_rows(self, model):
        design, spec, draws = drawn(model, n=7)
        values = log_likelihood(design, spec, draws)
        assert values.shape == (7, design.is_training.sum())
        assert np.isfinite(values).all()


@pytest.mark.parametrize("model", NOISES, ids=str)
def test_predictive_draws_have_the_sampled_noise(model):
    design, spec, draws = drawn(model, n=1)
    draws = {name: np.repeat(value, 4000, axis=0) for name, value in draws.items()}
    _, predictive = forecast(design, spec, draws, np.random.default_rng(1))
    noise, mean = LIKELIHOODS[model.noise], (linear_effect(design, draws) + media_effect(design, spec, draws))[0, 0]
    frozen = noise.frozen(mean, *(draws[p][0] for p in noise.parameters))
    levels = frozen.cdf(predictive / design.kpi_scale)
    np.testing.assert_allclose(np.quantile(levels, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.01)


def test_chains_are_joined_in_order():
    posterior = xr.Dataset({"a": (("chain", "draw", "x"), np.arange(12).reshape(2, 3, 2))})
    np.testing.assert_array_equal(flat_draws(posterior)["a"], np.arange(12).reshape(6, 2))
