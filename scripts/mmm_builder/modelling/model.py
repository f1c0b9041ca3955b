"""The PyMC model. `build_model` holds the only `pm.Model()`; nothing here branches on the model type."""

import os
from typing import Any

from .pytensor_flags import with_defaults

os.environ["PYTENSOR_FLAGS"] = with_defaults(os.environ.get("PYTENSOR_FLAGS", ""))

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from ..spec import ModelSpec
from .curves import curves_of
from .design import Design
from .graphs import Project, saturated_media
from .layout import ROTATED, Block, blocks_of, data_name, dims_of_data, follows_data, model_data, variables_of
from .likelihoods import LIKELIHOODS
from .parameters import EFFECT, Variable, media_values, unit_coefficients

TRANSFORMS = {"LogitNormal": {"transform": pm.distributions.transforms.logodds}}
"""Families that PyMC moves no other way than on their own scale."""


def build_model(design: Design, spec: ModelSpec) -> pm.Model:
    """Return the model of `spec` with the constants of `design`, every one of them `pm.Data`.

    Sampled: the variables of `layout.variables_of`, and `linear_rotated` (unit, term), from which
    `prediction.linear_coefficients` gets intercept, trend, season, control, event, pulse and level shift
    coefficients. The likelihood is a potential weighted by row.
    """
    noise = LIKELIHOODS[spec.likelihood.kind]
    arrays, dims = model_data(design, spec), dims_of_data(design, spec)
    with pm.Model(coords=_coordinates(arrays, dims), check_bounds=False) as model:
        data = {name: pm.Data(name, value, dims=dims.get(name)) for name, value in arrays.items()}
        sampled: dict[str, pt.TensorVariable] = {}
        for variable in variables_of(design, spec):
            sampled[variable.name] = _sampled(variable, data, sampled)
        rotated = pm.Flat(ROTATED, dims=("unit", "term"))

        values = media_values(pt, spec, data, sampled)
        of_series = {name: values[name][data["series_channel"]] for name in values if name != EFFECT}
        media = {name: data[name] for name in design.media}
        saturated = saturated_media(spec.adstock, spec.saturation, media, of_series)
        effect = _coefficients(design, spec, values[EFFECT], saturated, data)
        coefficient = unit_coefficients(pt, spec, data, sampled, effect)

        extra = pt.zeros_like(data["kpi_scaled"])
        for curve in curves_of(spec):
            extra = extra + curve.apply(pt, data, sampled)
        constants = [data[name] for name in ("q", "q_training", "r_inverse", "offset", "scale")]
        mean, linear = Project()(saturated, coefficient, extra, rotated, *constants)

        deviation = (linear - data["prior_mean"]) / data["prior_sd"]
        pm.Potential("linear_prior", -0.5 * pt.sum(deviation**2))
        if len(design.experiments.lift):
            pm.Potential("lift_tests", _lift_density(design, saturated, coefficient, data))
        parameters = {name: _over_rows(sampled[name]) for name in noise.parameters}
        distribution = getattr(pm, noise.pymc_distribution).dist(**noise.pymc_arguments(pt, mean, **parameters))
        pm.Potential("likelihood", pt.sum(data["weight"] * pm.logp(distribution, data["kpi_scaled"])))
    return model


def _coordinates(arrays: dict[str, np.ndarray], dims: dict[str, tuple[str, ...]]) -> dict[str, range]:
    """Return the dims of the arrays with the sizes that they have."""
    sizes = {d: n for name, value in arrays.items() for d, n in zip(dims.get(name, ()), value.shape, strict=False)}
    return {dim: range(size) for dim, size in sizes.items()}


def _sampled(variable: Variable, data: dict[str, Any], sampled: dict[str, Any]) -> pt.TensorVariable:
    """Return a variable of the given shape: one random variable, or one vector per family of its priors, joined."""
    if variable.spread:
        spread = sampled[variable.spread] ** data[f"{variable.name}_centring"]
        return pm.Normal(variable.name, 0.0, spread, dims=variable.dims)
    if follows_data(variable):
        return _random(blocks_of(variable)[0], data, dims=variable.dims)
    blocks = blocks_of(variable)
    order = [0] * len(variable.priors)
    for position, entry in enumerate(entry for b in blocks for entry in b.entries):
        order[entry] = position
    joined = pt.concatenate([_random(b, data, shape=len(b.entries)) for b in blocks])[order]
    return joined.reshape(variable.shape)


def _random(block: Block, data: dict[str, Any], **size: Any) -> pt.TensorVariable:
    arguments = {name: data[data_name(block, name)] for name in block.arguments}
    return getattr(pm, block.family)(block.name, **arguments, **size, **TRANSFORMS.get(block.family, {}))


def _coefficients(
    design: Design, spec: ModelSpec, effect: Any, saturated: Any, data: dict[str, Any]
) -> pt.TensorVariable:
    """Return the channels' coefficients: a prior on return on spend is of the coefficient times what it returns."""
    returns = np.array([c.roas is not None for c in spec.channels])
    if not returns.any():
        return effect
    units, channels = len(design.units), len(design.channels)
    of_units = pt.sum(saturated[: units * channels].reshape((units, channels, -1)) * data["weight"], axis=-1)
    returned = pt.dot(data["kpi_scale"] / pt.sum(data["kpi_scale"]), of_units)
    return pt.where(returns, effect * data["spend_per_coefficient"] / pt.where(returns, returned, 1.0), effect)


def _lift_density(design: Design, saturated: Any, coefficient: Any, data: dict[str, Any]) -> pt.TensorVariable:
    """Return the log-density of the measured lifts, up to a constant."""
    units, channels = len(design.units), len(design.channels)
    tested, n = design.experiments.channel, len(design.experiments.lift)
    series = saturated[: units * channels].reshape((units, channels, -1))[:, tested].dimshuffle(1, 0, 2)
    without = saturated[units * channels :].reshape((n, units, -1))
    lift = pt.sum((series - without) * data["test_window"][:, None, :], axis=-1)
    implied = pt.sum(lift * coefficient[:, tested].T * data["kpi_scale"], axis=-1)
    return -0.5 * pt.sum(((implied - data["lift"]) / data["lift_error"]) ** 2)


def _over_rows(parameter: pt.TensorVariable) -> pt.TensorVariable:
    """Return a parameter of the noise, one number or one per unit, so that it goes over the rows."""
    return parameter[:, None] if parameter.ndim else parameter
