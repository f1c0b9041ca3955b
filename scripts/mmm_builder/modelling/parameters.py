"""What is sampled: the variables of a spec with their priors, and how what is sampled becomes what the parts take.

No PyMC here. `xp` is `numpy`, with a leading axis of samples, or `pytensor.tensor`, without.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..distributions import LogitNormal, LogNormal, Normal, Prior
from ..errors import InputError
from ..spec import Channel, ModelSpec
from .likelihoods import LIKELIHOODS
from .transforms import ADSTOCKS, SATURATIONS

EFFECT = "coefficient"
"""The channels' variable that stands beside adstock and saturation."""

CHANNEL_PRIORS = {
    "adstock_alpha": lambda c: c.adstock and c.adstock.alpha,
    "adstock_peak": lambda c: c.adstock and c.adstock.peak,
    "half_saturation": lambda c: c.saturation and c.saturation.half_saturation,
    "hill_slope": lambda c: c.saturation and c.saturation.slope,
    EFFECT: lambda c: c.coefficient or c.roas,
}
"""Where a channel's prior for each variable with the dim `channel` stands."""

LIKELIHOOD_PRIORS = {"sigma": lambda likelihood: likelihood.sigma, "nu_above_two": lambda likelihood: likelihood.nu}

STANDARD = Normal(mu=0.0, sigma=1.0)

LINKS = {"LogitNormal": lambda xp, x: 1.0 / (1.0 + xp.exp(-x)), "LogNormal": lambda xp, x: xp.exp(x)}
"""Inverse links of the priors that can be pooled, by family: location and scale hold on the other side."""


class Variable(NamedTuple):
    """One sampled variable; `priors` holds one per entry, in C order.

    raw : of no interest, left out of the trace
    spread : names the variable whose power κ multiplies the prior's standard deviation, see `centring`; its constant
        is `{name}_centring`
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    priors: tuple[Prior | Normal, ...]
    raw: bool = False
    spread: str | None = None


def channel_parameters(spec: ModelSpec) -> tuple[str, ...]:
    """Return the names of the variables with the dim `channel`, in the order of the model."""
    return (*ADSTOCKS[spec.adstock].parameters, *SATURATIONS[spec.saturation].parameters, EFFECT)


def channel_priors(spec: ModelSpec, variable: str) -> list[Any]:
    """Return the prior of `variable` for each channel of the spec. Raises InputError if a channel has none."""
    asking = f"adstock {spec.adstock!r} with saturation {spec.saturation!r}"
    return [given(CHANNEL_PRIORS[variable](c), spec, f"channel {c.column!r}", variable, asking) for c in spec.channels]


def likelihood_priors(spec: ModelSpec) -> dict[str, Any]:
    """Return the priors of the likelihood's parameters by variable. Raises InputError if one isn't there."""
    kind = spec.likelihood.kind
    return {
        name: given(LIKELIHOOD_PRIORS[name](spec.likelihood), spec, "likelihood", name, f"kind {kind!r}")
        for name in LIKELIHOODS[kind].parameters
    }


def channel_types(spec: ModelSpec) -> tuple[str, ...]:
    """Return the types of the spec's channels, each once, in order of appearance."""
    return tuple(dict.fromkeys(c.channel_type for c in spec.channels))


def media_variables(spec: ModelSpec, units: int) -> list[Variable]:
    """Return what is sampled for media: per channel, or per type and channel where it is pooled, and per unit."""
    variables = []
    for name in channel_parameters(spec):
        variables += _pooled(spec, name) if spec.pooling.within_channel_type else _alone(spec, name)
    if spec.pooling.across_units:
        n = len(spec.channels)
        spread = (spec.pooling.across_units.coefficient_spread,)
        variables.append(Variable("coefficient_spread", ("channel",), (n,), spread * n))
        variables.append(
            Variable(
                "coefficient_deviation",
                ("unit", "channel"),
                (units, n),
                (STANDARD,) * (units * n),
                raw=True,
                spread="coefficient_spread",
            )
        )
    return variables


def noise_variables(spec: ModelSpec, units: int) -> list[Variable]:
    """Return what is sampled for the noise: one each, or its scale per unit where units are pooled."""
    by_unit = {"sigma"} if spec.pooling.across_units else set()
    return [
        Variable(name, ("unit",) if name in by_unit else (), (units,) if name in by_unit else (),
                 (prior,) * (units if name in by_unit else 1))
        for name, prior in likelihood_priors(spec).items()
    ]  # fmt: skip


def pooling_constants(spec: ModelSpec) -> dict[str, np.ndarray]:
    """Return location and scale (channel,) of each pooled parameter's prior, on the other side of its link.

    Raises InputError for a prior that has no location and scale.
    """
    if not spec.pooling.within_channel_type:
        return {}
    priors = {name: _pooled_priors(spec, name) for name in channel_parameters(spec)}
    return {f"{n}_location": np.array([p.mu for p in own]) for n, own in priors.items()} | {
        f"{n}_scale": np.array([p.sigma for p in own]) for n, own in priors.items()
    }


def media_values(xp: Any, spec: ModelSpec, constants: dict[str, Any], sampled: dict[str, Any]) -> dict[str, Any]:
    """Return the channels' parameters (..., channel) by name; of `coefficient`, what its priors are of.

    constants : of the design, those of the pooling among them

    Pooling within type: on the scale of the prior's link, mean + sd (√share · type + √(1 − share) · own), with type
    and own standard normal: each channel keeps its prior, channels of a type are correlated by `share`.
    """
    if not spec.pooling.within_channel_type:
        return {name: sampled[_sampled_name(spec, name)] for name in channel_parameters(spec)}
    types = channel_types(spec)
    of_type = np.array([types.index(c.channel_type) for c in spec.channels])
    values = {}
    for name in channel_parameters(spec):
        share = sampled[f"{name}_share"][..., None]
        together = xp.sqrt(share) * sampled[f"{name}_of_type"][..., of_type]
        deviation = together + xp.sqrt(1.0 - share) * sampled[f"{name}_own"]
        link = LINKS[channel_priors(spec, name)[0].dist]
        values[name] = link(xp, constants[f"{name}_location"] + constants[f"{name}_scale"] * deviation)
    return values


def unit_coefficients(
    xp: Any, spec: ModelSpec, constants: dict[str, Any], sampled: dict[str, Any], coefficient: Any
) -> Any:
    """Return coefficients (..., unit, channel) from those of the channels (..., channel)."""
    coefficient = coefficient[..., None, :]
    if not spec.pooling.across_units:
        return coefficient
    spread = sampled["coefficient_spread"][..., None, :] ** (1.0 - constants["coefficient_deviation_centring"])
    return coefficient * xp.exp(spread * sampled["coefficient_deviation"])


def as_its_prior(variables: Mapping[str, Any], name: str) -> Any:
    """Return of the variables of a trace the one (…, channel) that the channels' priors of `name` are of.

    A return on spend stands in for a coefficient, the units' common one for those of the units.
    """
    others = ("effect", "coefficient_mean") if name == EFFECT else ()
    return variables[next((other for other in others if other in variables), name)]


def _sampled_name(spec: ModelSpec, name: str) -> str:
    """Return the name under which a channels' variable is sampled: a return on spend is no coefficient yet."""
    return "effect" if name == EFFECT and any(c.roas for c in spec.channels) else name


def _alone(spec: ModelSpec, name: str) -> list[Variable]:
    priors, sampled = channel_priors(spec, name), _sampled_name(spec, name)
    return [Variable(sampled, ("channel",), (len(priors),), tuple(priors))]


def _pooled(spec: ModelSpec, name: str) -> list[Variable]:
    """Return what is sampled for one pooled parameter."""
    priors, n_types = _pooled_priors(spec, name), len(channel_types(spec))
    return [
        Variable(f"{name}_share", (), (), (spec.pooling.within_channel_type.share,)),
        Variable(f"{name}_of_type", ("channel_type",), (n_types,), (STANDARD,) * n_types, raw=True),
        Variable(f"{name}_own", ("channel",), (len(priors),), (STANDARD,) * len(priors), raw=True),
    ]


def _pooled_priors(spec: ModelSpec, name: str) -> list[Any]:
    """Return the channels' priors of a pooled parameter. Raises InputError for one that has no location and scale."""
    priors = channel_priors(spec, name)
    for channel, prior in zip(spec.channels, priors, strict=True):
        _check_link(spec, channel, name, prior, priors[0])
    return priors


def _check_link(spec: ModelSpec, channel: Channel, name: str, prior: Any, first: Any) -> None:
    if not isinstance(prior, LogitNormal | LogNormal) or prior.dist != first.dist:
        raise InputError(
            f"configuration of iteration {spec.iteration}: channel {channel.column!r}: a pooled {name} needs a "
            f"{'LogitNormal' if name == 'adstock_alpha' else 'LogNormal'} prior, got {prior.dist}; give one, or set "
            "pooling.within_channel_type to null"
        )


def given(prior: Any, spec: ModelSpec, holder: str, variable: str, asking: str) -> Any:
    """Return a prior that is there. Raises InputError otherwise, as a configuration edited by hand may lack it."""
    if prior is None:
        raise InputError(
            f"configuration of iteration {spec.iteration}: {holder} has no prior of {variable}, which {asking} needs; "
            "write it out, or delete the file to have it generated"
        )
    return prior
