"""Which prior belongs to which sampled variable of a spec."""

from typing import Any

from ..errors import InputError
from ..spec import ModelSpec
from .likelihoods import LIKELIHOODS
from .recipes import RECIPES
from .transforms import ADSTOCKS, SATURATIONS

CHANNEL_PRIORS = {
    "adstock_alpha": lambda c: c.adstock and c.adstock.alpha,
    "half_saturation": lambda c: c.saturation and c.saturation.half_saturation,
    "coefficient": lambda c: c.coefficient,
}
"""Where a channel's prior for each variable with the dim `channel` stands."""

LIKELIHOOD_PRIORS = {"sigma": lambda likelihood: likelihood.sigma, "nu_above_two": lambda likelihood: likelihood.nu}


def channel_parameters(spec: ModelSpec) -> tuple[str, ...]:
    """Return the names of the variables with the dim `channel`, in the order of the model."""
    recipe = RECIPES[spec.model_type]
    return (*ADSTOCKS[recipe.adstock].parameters, *SATURATIONS[recipe.saturation].parameters, "coefficient")


def channel_priors(spec: ModelSpec, variable: str) -> list[Any]:
    """Return the prior of `variable` for each channel of the spec. Raises InputError if a channel has none."""
    asking = f"model type {spec.model_type!r}"
    return [_given(CHANNEL_PRIORS[variable](c), spec, f"channel {c.column!r}", variable, asking) for c in spec.channels]


def likelihood_priors(spec: ModelSpec) -> dict[str, Any]:
    """Return the priors of the likelihood's parameters by variable. Raises InputError if one isn't there."""
    kind = spec.likelihood.kind
    return {
        name: _given(LIKELIHOOD_PRIORS[name](spec.likelihood), spec, "likelihood", name, f"kind {kind!r}")
        for name in LIKELIHOODS[kind].parameters
    }


def _given(prior: Any, spec: ModelSpec, holder: str, variable: str, asking: str) -> Any:
    """Return a prior that is there. Raises InputError otherwise, as a configuration edited by hand may lack it."""
    if prior is None:
        raise InputError(
            f"configuration of iteration {spec.iteration}: {holder} has no prior of {variable}, which {asking} needs; "
            "write it out, or delete the file to have it generated"
        )
    return prior
