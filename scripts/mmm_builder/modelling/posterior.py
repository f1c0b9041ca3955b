"""The posterior under the names that people and later stages read: from flat draws to named dims, without PyMC."""

import numpy as np
import xarray as xr

from ..spec import ModelSpec
from .design import Design, make_projection
from .layout import variables_of
from .parameters import EFFECT, channel_parameters, channel_types
from .prediction import Draws, model_draws


def named_posterior(design: Design, spec: ModelSpec, sampled: Draws, chains: int) -> xr.Dataset:
    """Return the posterior (chain, draw, …): every parameter and coefficient by name, with coordinates.

    sampled : what `layout.named_draws` returns, (chain · draw, …), chains one after another
    """
    draws = model_draws(design, spec, make_projection(design), sampled)
    dims = dims_of(design, spec)
    kept = {name: draws[name] for name in dims}
    variables = {
        name: (("chain", "draw", *dims[name]), value.reshape(chains, -1, *value.shape[1:]))
        for name, value in kept.items()
    }
    n_draws = len(next(iter(draws.values()))) // chains
    coords = {"chain": np.arange(chains), "draw": np.arange(n_draws)} | coordinates(design, spec)
    used = {dim for value, _ in variables.values() for dim in value}
    return xr.Dataset(variables, coords={name: value for name, value in coords.items() if name in used})


def dims_of(design: Design, spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """Return the dims of every variable of the trace, besides chain and draw."""
    by_unit = ("unit",) if spec.pooling.across_units else ()
    dims = dict.fromkeys(channel_parameters(spec), ("channel",))
    dims |= {variable.name: variable.dims for variable in variables_of(design, spec) if not variable.raw}
    dims |= {EFFECT: (*by_unit, "channel")} | ({"coefficient_mean": ("channel",)} if by_unit else {})
    dims |= {"effect": ("channel",)} if any(c.roas for c in spec.channels) else {}
    dims |= {term.variable: by_unit + ((term.dim,) if term.dim else ()) for term in design.terms}
    return dims


def coordinates(design: Design, spec: ModelSpec) -> dict[str, list[str]]:
    """Return the labels of every dim but chain and draw."""
    labels = {"unit": list(design.units), "channel": list(design.channels), "channel_type": list(channel_types(spec))}
    for term in design.terms:
        if term.dim:
            labels[term.dim] = list(term.labels)
    for variable in variables_of(design, spec):
        for dim, size in zip(variable.dims, variable.shape, strict=True):
            labels.setdefault(dim, [str(i + 1) for i in range(size)])
    return labels
