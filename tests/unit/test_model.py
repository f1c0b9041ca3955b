"""The sampled density: the projection is exact, the grid is near enough, every part of the tables works."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import stats
from trainings import fast_logp, prior_draws, small_client, with_noise

from mmm_builder.errors import InputError
from mmm_builder.modelling.design import Design, make_design, make_projection
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.model import ROTATED, build_model
from mmm_builder.modelling.parameters import channel_parameters, channel_priors, likelihood_priors
from mmm_builder.modelling.prediction import linear_coefficients
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.transforms import ADSTOCKS, SATURATIONS, geometric_adstock
from mmm_builder.spec import Likelihood, LogNormal, ModelSpec, Pulse

MODELS = [(m, k) for m in RECIPES for k in LIKELIHOODS]
N_POINTS = 5


def awkward(model_type: str, kind: str) -> tuple[Design, ModelSpec]:
    """Return a design with a control twice, one that never moves, and a pulse."""
    panel, spec, _ = small_client(model_type)
    price = panel["controls"].sel(control=["avg_price"])
    twice = price.assign_coords(control=["again"])
    still = xr.full_like(price, 0.1).assign_coords(control=["still"])
    controls = tuple(spec.controls[0].model_copy(update={"column": c}) for c in ("avg_price", "again", "still"))
    pulse = Pulse(date=str(panel["date"].values[9])[:10], coefficient=spec.intercept)
    panel = panel.drop_dims("control").assign(controls=xr.concat([price, twice, still], "control"))
    spec = with_noise(spec.model_copy(update={"controls": controls, "pulses": (pulse,)}), kind)
    return make_design(panel, spec), spec


def plain_model(design: Design, spec: ModelSpec) -> pm.Model:
    """The same model as it is usually written: normal coefficients, KPI of the training rows observed."""
    adstock, saturation = ADSTOCKS[design.recipe.adstock], SATURATIONS[design.recipe.saturation]
    shown = design.is_training
    with pm.Model(check_bounds=False) as model:
        media_parameters = {}
        for name in channel_parameters(spec):
            priors = channel_priors(spec, name)
            fields = [f for f in type(priors[0]).model_fields if f != "dist"]
            arguments = {f: np.array([getattr(p, f) for p in priors]) for f in fields}
            media_parameters[name] = getattr(pm, priors[0].dist)(name, **arguments)
        constants = {k: pt.as_tensor(v) for k, v in design.media.items()}
        carried = adstock.apply(pt, constants, *(media_parameters[p] for p in adstock.parameters))
        saturated = saturation.apply(pt, carried, *(media_parameters[p] for p in saturation.parameters))
        media = media_parameters["coefficient"] @ saturated
        gamma = pm.Normal("gamma", design.prior_mean, design.prior_sd)
        noise = {
            name: getattr(pm, p.dist)(name, **p.model_dump(exclude={"dist"}))
            for name, p in likelihood_priors(spec).items()
        }
        mu = (design.matrix @ gamma + media)[shown]
        if spec.likelihood.kind == "normal":
            pm.Normal("kpi", mu, noise["sigma"], observed=design.kpi_scaled[shown])
        else:
            nu = 2 + noise["nu_above_two"]
            pm.StudentT("kpi", nu, mu=mu, sigma=noise["sigma"], observed=design.kpi_scaled[shown])
    return model


def points(model: pm.Model, draws: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return draws as points on the sampler's unconstrained scale."""
    found = []
    for k in range(N_POINTS):
        point = {}
        for rv in model.free_RVs:
            transform, value = model.rvs_to_transforms[rv], draws[rv.name][k]
            if transform is not None:
                value = transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval(mode="FAST_COMPILE")
            point[model.rvs_to_values[rv].name] = np.asarray(value)
        found.append(point)
    return found


def media_of(design: Design, draws: dict[str, np.ndarray]) -> np.ndarray:
    adstock, saturation = ADSTOCKS[design.recipe.adstock], SATURATIONS[design.recipe.saturation]
    carried = adstock.apply(np, design.media, *(draws[p] for p in adstock.parameters))
    saturated = saturation.apply(np, carried, *(draws[p] for p in saturation.parameters))
    return (draws["coefficient"][..., None] * saturated).sum(axis=-2)


def points_of_both(design: Design, spec: ModelSpec, projected: pm.Model, plain: pm.Model):
    """Return the same random points in the coordinates of both models."""
    rng = np.random.default_rng(4)
    draws = prior_draws(design, spec, N_POINTS, rng)
    draws[ROTATED] = rng.normal(size=(N_POINTS, design.matrix.shape[1]))
    named = linear_coefficients(design, make_projection(design), draws[ROTATED], media_of(design, draws))
    draws["gamma"] = np.concatenate([named[t.variable].reshape(N_POINTS, -1) for t in design.terms], axis=1)
    return zip(points(projected, draws), points(plain, draws), strict=True)


@pytest.mark.parametrize(("model_type", "kind"), MODELS)
def test_projection_is_exact(model_type, kind):
    design, spec = awkward(model_type, kind)
    projected, plain = build_model(design, spec), plain_model(design, spec)
    logp, reference = fast_logp(projected), fast_logp(plain)
    constants = [reference(b) - logp(a) for a, b in points_of_both(design, spec, projected, plain)]
    np.testing.assert_allclose(constants, constants[0], rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(("model_type", "kind"), MODELS)
def test_density_and_gradient_are_finite_far_out(model_type, kind):
    design, spec = awkward(model_type, kind)
    model = build_model(design, spec)
    logp, slope = fast_logp(model), model.compile_dlogp(mode="FAST_COMPILE")
    rng = np.random.default_rng(0)
    for _ in range(10):
        point = {k: rng.uniform(-4, 4, np.shape(v)) for k, v in model.initial_point().items()}
        assert np.isfinite(logp(point))
        assert np.isfinite(slope(point)).all()


@pytest.mark.parametrize(("model_type", "kind"), MODELS)
def test_held_out_rows_have_no_say(model_type, kind):
    panel, spec, _ = small_client(model_type)
    spec = with_noise(spec, kind)
    held_out = ~panel["is_training"]
    moved = panel.assign(
        spend=xr.where(held_out, 9 * panel["spend"] + 1e5, panel["spend"]),
        controls=xr.where(held_out, panel["controls"] - 1e3, panel["controls"]),
        kpi=xr.where(held_out, 1e9, panel["kpi"]),
    )
    one, other = (build_model(make_design(p, spec), spec) for p in (panel, moved))
    point = one.initial_point()
    assert fast_logp(one)(point) == fast_logp(other)(point)


def exact_logp(design: Design, alpha: np.ndarray, carried: np.ndarray, half: float, coefficient: float, sigma: float):
    """Return the density of v3, given adstocked spend, at the centre of the linear coordinates."""
    projection = make_projection(design)
    media = (coefficient * carried / (half + carried)).sum(axis=0)
    e = projection.offset - projection.q_training @ media
    deviation = (projection.r_inverse @ e - design.prior_mean) / design.prior_sd
    residual = (design.kpi_scaled - projection.q @ e - media)[design.is_training]
    return stats.norm.logpdf(residual, 0, sigma).sum() - 0.5 * deviation @ deviation


@pytest.mark.parametrize(("n_periods", "frequency"), [(104, "weekly"), (208, "weekly"), (400, "daily")])
@pytest.mark.parametrize(("half", "coefficient"), [(1.0, 0.3), (0.3, 0.6), (3.0, 0.6)])
def test_grid_density_is_near_the_recursions(n_periods, frequency, half, coefficient):
    panel, spec, _ = small_client(n_periods=n_periods, frequency=frequency)
    design = make_design(panel, spec)
    spend = design.spend / design.spend_unit[:, None]
    alphas = np.concatenate([np.linspace(0, 1, 101), 1 - np.logspace(-4, -1, 40)])
    for alpha in np.stack([alphas, alphas[::-1]], axis=1):
        grid = ADSTOCKS["geometric_grid"].apply(np, design.media, alpha)
        exact = np.stack([geometric_adstock(x, a) for x, a in zip(spend, alpha, strict=True)])
        both = [exact_logp(design, alpha, carried, half, coefficient, 0.07) for carried in (grid, exact)]
        assert both[0] == pytest.approx(both[1], abs=1e-2), f"at {alpha}"


def test_channels_may_have_priors_of_different_families():
    panel, spec, _ = small_client("v3")
    other = spec.channels[1].model_copy(update={"coefficient": LogNormal(mu=-2.0, sigma=0.5)})
    spec = spec.model_copy(update={"channels": (spec.channels[0], other)})
    model = build_model(make_design(panel, spec), spec)
    assert np.isfinite(fast_logp(model)(model.initial_point()))
    assert "coefficient" in {v.name for v in model.deterministics}


def test_student_t_without_nu_is_refused():
    panel, spec, _ = small_client("v3")
    bare = Likelihood(kind="student_t", sigma=spec.likelihood.sigma)
    spec = spec.model_copy(update={"likelihood": bare})
    with pytest.raises(InputError, match=r"likelihood has no prior of nu_above_two, which kind 'student_t' needs"):
        build_model(make_design(panel, spec), spec)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_noise_outside_the_sampler_is_pymcs(kind):
    noise, rng = LIKELIHOODS[kind], np.random.default_rng(2)
    values, parameters = rng.normal(size=5), {name: rng.uniform(0.5, 3) for name in noise.parameters}
    distribution = getattr(pm, noise.pymc_distribution).dist(mu=0.3, **noise.pymc_arguments(**parameters))
    np.testing.assert_allclose(
        noise.frozen(0.3, **parameters).logpdf(values), pm.logp(distribution, values).eval(mode="FAST_COMPILE")
    )
