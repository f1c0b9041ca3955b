"""The PyMC model. `build_model` holds the only `pm.Model()`; nothing here branches on the model type."""

import os
from typing import Any

# No C compiler is needed, and none may be picked up; set before PyTensor is first imported.
os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")

import pymc as pm
import pytensor.tensor as pt

from ..spec import ModelSpec
from .design import Design, make_projection
from .likelihoods import LIKELIHOODS
from .parameters import channel_priors, likelihood_priors
from .transforms import ADSTOCKS, SATURATIONS

ROTATED = "linear_rotated"
"""The sampled coordinates of the linear terms; the trace holds the coefficients instead."""

PART = "__part_"
"""In the names of scalars that make up a vector over channels; the trace holds the vector only."""


def build_model(design: Design, spec: ModelSpec) -> pm.Model:
    """Return the model of `spec` with the constants of `design`.

    Sampled: per channel what the recipe's adstock and saturation ask for and `coefficient`; the parameters of
    the likelihood; and `linear_rotated` (term), from which `prediction.linear_coefficients` gets the intercept,
    trend, season, control and pulse coefficients. The likelihood is a potential weighted by row.
    """
    adstock, saturation = ADSTOCKS[design.recipe.adstock], SATURATIONS[design.recipe.saturation]
    noise = LIKELIHOODS[spec.likelihood.kind]
    projection = make_projection(design)
    with pm.Model(
        coords={"channel": design.channels, "term": range(design.matrix.shape[1])}, check_bounds=False
    ) as model:
        media_constants = {name: pm.Data(name, value) for name, value in design.media.items()}
        q, q_training = pm.Data("q", projection.q), pm.Data("q_training", projection.q_training)
        r_inverse, offset = pm.Data("r_inverse", projection.r_inverse), pm.Data("offset", projection.offset)
        weight, kpi = pm.Data("weight", design.weight), pm.Data("kpi_scaled", design.kpi_scaled)

        carried = adstock.apply(pt, media_constants, *(_per_channel(p, spec) for p in adstock.parameters))
        saturated = saturation.apply(pt, carried, *(_per_channel(p, spec) for p in saturation.parameters))
        media = _per_channel("coefficient", spec) @ saturated

        rotated = pm.Flat(ROTATED, dims="term")
        projected = offset + projection.scale * rotated - q_training @ media
        deviation = (r_inverse @ projected - design.prior_mean) / design.prior_sd
        pm.Potential("linear_prior", -0.5 * pt.sum(deviation**2))

        parameters = {name: _distribution(name, prior) for name, prior in likelihood_priors(spec).items()}
        distribution = getattr(pm, noise.pymc_distribution).dist(
            mu=q @ projected + media, **noise.pymc_arguments(**parameters)
        )
        pm.Potential("likelihood", pt.sum(weight * pm.logp(distribution, kpi)))
    return model


def _per_channel(variable: str, spec: ModelSpec) -> pt.TensorVariable:
    """Return a variable (channel,): one vector if all channels share a family of priors, else joined from scalars."""
    priors = channel_priors(spec, variable)
    families = {p.dist for p in priors}
    if len(families) == 1:
        names = [name for name in type(priors[0]).model_fields if name != "dist"]
        arguments = {name: [getattr(p, name) for p in priors] for name in names}
        return getattr(pm, families.pop())(variable, **arguments, dims="channel")
    single = [_distribution(f"{variable}{PART}{position}", prior) for position, prior in enumerate(priors)]
    return pm.Deterministic(variable, pt.stack(single), dims="channel")


def _distribution(name: str, prior: Any) -> pt.TensorVariable:
    """Return a scalar variable with a prior given in PyMC's names."""
    return getattr(pm, prior.dist)(name, **prior.model_dump(exclude={"dist"}))
