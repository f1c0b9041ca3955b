"""The sampled density: the projection is exact, the grid is near enough, every part of the tables works."""

import numpy as np
import pytest
from model_cases import KINDS, MODELS, Model, changed, unconstrained, used_curves
from scipy import special, stats
from trainings import density, small_client

from mmm_builder.errors import InputError
from mmm_builder.modelling.curves import CURVES
from mmm_builder.modelling.design import Design, make_design, make_projection
from mmm_builder.modelling.layout import REALS, ROTATED, SHARES, blocks_of, named_draws, variables_of
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.model import build_model
from mmm_builder.modelling.prediction import (
    Draws,
    curves_effect,
    linear_effect,
    media_effect,
    model_draws,
    saturated_series,
)
from mmm_builder.modelling.priors import frozen
from mmm_builder.modelling.transforms import ADSTOCKS, geometric_adstock
from mmm_builder.spec import Likelihood, ModelSpec

N_POINTS = 4


def prior_density(design: Design, spec: ModelSpec, sampled: Draws, vector: np.ndarray) -> np.ndarray:
    """Return the log-density (sample,) of the priors of what is sampled, on the sampler's scale."""
    total, start = np.zeros(len(vector)), 0
    for variable in variables_of(design, spec):
        flat = sampled[variable.name].reshape(len(vector), -1)
        if variable.spread:
            centring = (design.pooling | design.curves)[f"{variable.name}_centring"]
            sd = (sampled[variable.spread][:, None] ** centring).reshape(flat.shape)
            total += stats.norm.logpdf(flat, 0.0, sd).sum(axis=1)
        else:
            total += sum(frozen(p).logpdf(flat[:, i]) for i, p in enumerate(variable.priors))
        for block in blocks_of(variable):
            u = vector[:, start : start + len(block.entries)]
            start += len(block.entries)
            if block.family in SHARES:
                width = np.ptp([block.natural(np.full(u.shape[1], end)) for end in (-50.0, 50.0)], axis=0)
                total += (np.log(width) + special.log_expit(u) + special.log_expit(-u)).sum(axis=1)
            elif block.family not in REALS:
                total += u.sum(axis=1)
    return total


def lift_density(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return the log-density (sample,) of the lifts: media with the spend as it was, less without the change."""
    units, channels = len(design.units), len(design.channels)
    saturated = np.concatenate([part for _, part in saturated_series(design, spec, draws)])
    coefficient = draws["coefficient"].reshape(-1, units, channels)
    total = np.zeros(len(saturated))
    for number, test in enumerate(spec.lift_tests):
        position = [c.column for c in spec.channels].index(test.channel)
        inside = (design.dates >= np.datetime64(test.start)) & (design.dates <= np.datetime64(test.end))
        implied = np.zeros(len(saturated))
        for g in range(units):
            series = saturated[:, g * channels + position]
            without = saturated[:, units * channels + number * units + g]
            lift = coefficient[:, g, position] * (series - without)[:, inside].sum(axis=1)
            implied += lift * design.kpi_scale[g]
        total += stats.norm.logpdf(test.lift, implied, test.standard_error)
    return total


def plain_density(design: Design, spec: ModelSpec, vector: np.ndarray) -> np.ndarray:
    """The same model as it is usually written: normal coefficients, KPI of the training rows observed.

    vector : (sample, size) on the sampler's scale; the coordinates of the linear terms only say which coefficients
    """
    sampled = named_draws(design, spec, vector)
    draws = model_draws(design, spec, make_projection(design), sampled)
    mean = linear_effect(design, draws) + media_effect(design, spec, draws) + curves_effect(design, spec, draws)
    noise, shown = LIKELIHOODS[spec.likelihood.kind], design.is_training
    parameters = [draws[name].reshape(len(vector), -1, 1) for name in noise.parameters]
    likelihood = noise.frozen(mean, *parameters).logpdf(design.kpi_scaled)[..., shown].sum(axis=(1, 2))
    gammas = [draws[t.variable].reshape(len(vector), len(design.units), -1) for t in design.terms]
    linear = stats.norm.logpdf(np.concatenate(gammas, axis=-1), design.prior_mean, design.prior_sd).sum(axis=(1, 2))
    return likelihood + linear + prior_density(design, spec, sampled, vector) + lift_density(design, spec, draws)


def test_the_models_have_every_curve():
    assert used_curves() == set(CURVES)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_projection_is_exact(model):
    design, spec = model.design()
    points = unconstrained(design, spec, N_POINTS)
    constants = plain_density(design, spec, points) - [model.density()(point) for point in points]
    np.testing.assert_allclose(constants, constants[0], rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_gradient_is_finite_far_out_and_that_of_finite_differences(model):
    design, spec = model.design()
    logp, slope = model.density(), density(design, spec, slope=True)
    point, rng, h = unconstrained(design, spec, 1)[0], np.random.default_rng(1), 1e-5
    direction = rng.normal(size=len(point))
    along = (logp(point + h * direction) - logp(point - h * direction)) / (2 * h)
    assert slope(point) @ direction == pytest.approx(along, rel=1e-5, abs=1e-5)
    for far in rng.uniform(-4, 4, (10, len(point))):
        assert np.isfinite(logp(far))
        assert np.isfinite(slope(far)).all()


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_held_out_rows_have_no_say(model):
    panel, spec = model.case()
    shown = panel["is_training"]
    moved = panel.assign(
        {name: panel[name].where(shown, 9e4 + 7 * abs(panel[name])) for name in panel.data_vars if name != "kpi"}
        | {"kpi": panel["kpi"].where(shown, 1e9), "is_training": shown}
    )
    design = make_design(moved, spec)
    other = density(design, spec)
    for point in unconstrained(design, spec, 2):
        assert model.density()(point) == other(point)


ALPHAS = np.array([0.0, 1e-6, 1e-3, 0.05, 0.2, 0.35, 0.5, 0.62, 0.7, 0.8, 0.87, 0.9, 0.95, 0.98, 0.995, 0.999, 0.9999])


@pytest.mark.parametrize(("n_periods", "frequency"), [(40, "weekly"), (208, "weekly"), (90, "daily"), (400, "daily")])
def test_v3_is_v3_proper(n_periods, frequency):
    panel, spec, _ = small_client(n_periods=n_periods, frequency=frequency)
    densities = []
    for adstock in ("geometric_grid", "geometric_scan"):
        own = changed(spec, adstock=adstock)
        design = make_design(panel, own)
        densities.append(density(design, own))
    point = unconstrained(design, own, 1)[0]
    for alphas in zip(ALPHAS, ALPHAS[::-1], strict=True):
        point[:2] = special.logit(np.clip(alphas, 1e-12, 1.0))
        assert densities[0](point) == pytest.approx(densities[1](point), abs=1e-2), f"at {alphas}"


def exact_logp(design: Design, carried: np.ndarray, half: float, coefficient: float, sigma: float) -> float:
    """Return the density of v3, given adstocked spend (channel, row), at the centre of the linear coordinates."""
    projection = make_projection(design)
    media = (coefficient * carried / (half + carried)).sum(axis=0)
    e = projection.offset[0] - projection.q_training[0] @ media
    deviation = (projection.r_inverse[0] @ e - design.prior_mean) / design.prior_sd
    residual = (design.kpi_scaled[0] - e @ projection.q[0] - media)[design.is_training]
    return stats.norm.logpdf(residual, 0, sigma).sum() - 0.5 * deviation @ deviation


@pytest.mark.parametrize(("n_periods", "frequency"), [(40, "weekly"), (104, "weekly"), (400, "daily"), (1100, "daily")])
@pytest.mark.parametrize(("half", "coefficient"), [(1.0, 0.3), (0.3, 0.6), (3.0, 0.6)])
def test_grid_density_is_near_the_recursions(n_periods, frequency, half, coefficient):
    panel, spec, _ = small_client(n_periods=n_periods, frequency=frequency)
    design = make_design(panel, spec)
    spend = (design.inputs / design.spend_unit[..., None])[0]
    alphas = np.concatenate([np.linspace(0, 1, 101), np.logspace(-6, -2, 20), 1 - np.logspace(-4, -1, 40)])
    for alpha in np.stack([alphas, alphas[::-1]], axis=1):
        grid = ADSTOCKS["geometric_grid"].apply(np, design.media, alpha)
        exact = np.stack([geometric_adstock(x, a) for x, a in zip(spend, alpha, strict=True)])
        both = [exact_logp(design, carried, half, coefficient, 0.07) for carried in (grid, exact)]
        assert both[0] == pytest.approx(both[1], abs=1e-2), f"at {alpha}"


def test_channels_may_have_priors_of_different_families():
    design, spec = Model(entries=("other_families",)).design()
    names = [v.name for v in build_model(design, spec).free_RVs]
    assert {"coefficient_LogNormal", "coefficient_HalfNormal"} < set(names)
    assert ROTATED in names


def test_student_t_without_nu_is_refused():
    panel, spec, _ = small_client("v3")
    spec = changed(spec, likelihood=Likelihood(kind="student_t", sigma=spec.likelihood.sigma))
    with pytest.raises(InputError, match=r"likelihood has no prior of nu_above_two, which kind 'student_t' needs"):
        build_model(make_design(panel, spec), spec)
