"""The vector that is sampled: which entry is what, on which scale, and the arrays that the compiled model is given.

The sampler moves on the whole real line; each prior's family has the transform that PyMC gives it by default. No PyMC
here: draws are turned into named variables in NumPy.
"""

import json
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from ..spec import ModelSpec
from .curves import curves_of
from .design import Design, make_projection
from .parameters import Variable, channel_parameters, channel_priors, channel_types, media_variables, noise_variables
from .priors import median

ROTATED = "linear_rotated"
"""The sampled coordinates of the linear terms (unit, term); the trace holds the coefficients instead."""

ARGUMENTS = {
    "Beta": ("alpha", "beta"), "LogitNormal": ("mu", "sigma"), "Uniform": ("lower", "upper"), "Kumaraswamy": ("a", "b"),
    "HalfNormal": ("sigma",), "HalfStudentT": ("nu", "sigma"), "HalfCauchy": ("beta",), "Exponential": ("lam",),
    "TruncatedNormal": ("mu", "sigma", "lower"), "LogNormal": ("mu", "sigma"), "Gamma": ("alpha", "beta"),
    "InverseGamma": ("alpha", "beta"), "Weibull": ("alpha", "beta"), "Normal": ("mu", "sigma"),
}  # fmt: skip
"""Arguments of each family of priors, in PyMC's names."""

SHARES, REALS = {"Beta", "LogitNormal", "Uniform", "Kumaraswamy"}, {"Normal"}
"""Families between two bounds and families on the whole line; all others have a lower bound alone."""


class Block(NamedTuple):
    """Entries of one variable whose priors are of one family: one random variable of the PyMC model.

    entries : (n,) their positions in the variable, in C order; arguments : (n,) each, in PyMC's names
    """

    name: str
    variable: str
    family: str
    entries: np.ndarray
    arguments: dict[str, np.ndarray]

    def natural(self, unconstrained: np.ndarray) -> np.ndarray:
        """Return values (..., n) on the parameter's own scale."""
        if self.family in REALS:
            return unconstrained
        if self.family in SHARES:
            lower, upper = self._bounds()
            return lower + (upper - lower) * special.expit(unconstrained)
        return self._bounds()[0] + np.exp(unconstrained)

    def unconstrained(self, natural: np.ndarray) -> np.ndarray:
        """Return values (..., n) on the sampler's scale."""
        if self.family in REALS:
            return natural
        if self.family in SHARES:
            lower, upper = self._bounds()
            return special.logit((natural - lower) / (upper - lower))
        return np.log(natural - self._bounds()[0])

    def _bounds(self) -> tuple[Any, Any]:
        return self.arguments.get("lower", 0.0), self.arguments.get("upper", 1.0)


def variables_of(design: Design, spec: ModelSpec) -> list[Variable]:
    """Return everything that is sampled with a prior of its own, in the order of the model."""
    units = len(design.units)
    found = media_variables(spec, units)
    for curve in curves_of(spec):
        found += curve.variables(spec, design.curves, units)
    return found + noise_variables(spec, units)


def blocks_of(variable: Variable) -> list[Block]:
    """Return the blocks of a variable: one if all its priors are of one family."""
    families = list(dict.fromkeys(p.dist for p in variable.priors))
    blocks = []
    for family in families:
        entries = np.array([i for i, p in enumerate(variable.priors) if p.dist == family])
        arguments = {a: np.array([getattr(variable.priors[i], a) for i in entries]) for a in ARGUMENTS[family]}
        name = variable.name if len(families) == 1 else f"{variable.name}_{family}"
        blocks.append(Block(name, variable.name, family, entries, arguments))
    return blocks


def data_name(block: Block, argument: str) -> str:
    """Return the name under which the model holds an argument of a block's prior."""
    return f"{block.name}_prior_{argument}"


DATA_DIMS = {
    "spend": ("series", "date"),
    "pieces": ("series", "interval", "power", "date"),
    "lagged": ("series", "lags", "date"),
    "lag": ("lags",),
    "series_channel": ("series",),
    "q": ("unit", "term", "date"),
    "q_training": ("unit", "term", "date"),
    "r_inverse": ("unit", "term", "other_term"),
    "offset": ("unit", "term"),
    "scale": ("unit",),
    "prior_mean": ("term",),
    "prior_sd": ("term",),
    "weight": ("date",),
    "kpi_scaled": ("unit", "date"),
    "trend_time": ("date",),
    "trend_shapes": ("shape", "date"),
    "trend_step_centring": ("shape",),
    "season_waves": ("fourier", "date"),
    "season_deviation_centring": ("unit",),
    "coefficient_deviation_centring": ("unit", "channel"),
    "test_window": ("test", "date"),
    "lift": ("test",),
    "lift_error": ("test",),
    "kpi_scale": ("unit",),
    "spend_per_coefficient": ("channel",),
}
"""Dims of the arrays that the model is given: sizes along them follow the data, so that one compilation serves many."""


def model_data(design: Design, spec: ModelSpec) -> dict[str, np.ndarray]:
    """Return every array that the compiled model is given, by name: data of another client can take their place."""
    projection = make_projection(design)
    data = dict(design.media) | design.curves | design.pooling
    data |= {name: getattr(projection, name) for name in ("q", "q_training", "r_inverse", "offset", "scale")}
    data |= {"weight": design.weight, "kpi_scaled": design.kpi_scaled}
    data |= {"prior_mean": design.prior_mean, "prior_sd": design.prior_sd}
    if len(design.experiments.lift):
        data |= {"test_window": design.experiments.window, "lift": design.experiments.lift,
                 "lift_error": design.experiments.standard_error, "kpi_scale": design.kpi_scale}  # fmt: skip
    if any(c.roas for c in spec.channels):
        data |= {"spend_per_coefficient": design.spend_per_coefficient, "kpi_scale": design.kpi_scale}
    for variable in variables_of(design, spec):
        for block in blocks_of(variable):
            shape = variable.shape if follows_data(variable) else block.entries.shape
            data |= {data_name(block, name): value.reshape(shape) for name, value in block.arguments.items()}
    numbers = {name: np.asarray(value, dtype=float) for name, value in data.items()}
    return numbers | {"series_channel": design.series_channel.astype(np.int64)}


def dims_of_data(design: Design, spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """Return the dims of those arrays of `model_data` whose sizes follow the data."""
    dims = dict(DATA_DIMS)
    for name in design.pooling:
        dims.setdefault(name, ("channel",))
    for variable in variables_of(design, spec):
        if follows_data(variable):
            dims |= {data_name(b, name): variable.dims for b in blocks_of(variable) for name in b.arguments}
    return dims


def follows_data(variable: Variable) -> bool:
    """Tell whether a variable is one random variable, whose size follows the data, and not joined from several."""
    return len({p.dist for p in variable.priors}) == 1


def structure(design: Design, spec: ModelSpec) -> str:
    """Return all that is written into the model's graph, as text: what else there is, sizes too, is data."""
    variables = variables_of(design, spec)
    joined = {v.name: [[b.family, b.entries.tolist()] for b in blocks_of(v)] for v in variables if not follows_data(v)}
    pooled, returns = bool(spec.pooling.within_channel_type), [c.roas is not None for c in spec.channels]
    tested = design.experiments.channel.tolist()
    return json.dumps(
        {
            "variables": {v.name: [v.dims, v.priors[0].dist, v.spread] for v in variables if follows_data(v)},
            "joined": joined,
            "parts": [spec.adstock, spec.saturation, spec.trend.kind, spec.likelihood.kind],
            "pooling": [pooled, bool(spec.pooling.across_units)],
            "types": [channel_types(spec).index(c.channel_type) for c in spec.channels] if pooled else None,
            "links": [channel_priors(spec, name)[0].dist for name in channel_parameters(spec)] if pooled else None,
            "tests": tested,
            "returns": returns if any(returns) else None,
            "size": [len(design.units), len(spec.channels)] if tested or any(returns) else None,
        }
    )


def size_of(design: Design, spec: ModelSpec) -> int:
    """Return how many numbers are sampled."""
    return sum(len(v.priors) for v in variables_of(design, spec)) + len(design.units) * design.matrix.shape[-1]


def prior_medians(design: Design, spec: ModelSpec) -> np.ndarray:
    """Return the prior medians (size,) on the sampler's scale; zero for the linear terms' coordinates."""
    parts = []
    for variable in variables_of(design, spec):
        for block in blocks_of(variable):
            parts.append(block.unconstrained(np.array([median(variable.priors[i]) for i in block.entries])))
    parts.append(np.zeros(len(design.units) * design.matrix.shape[-1]))
    return np.concatenate(parts)


def named_draws(design: Design, spec: ModelSpec, vector: np.ndarray) -> dict[str, np.ndarray]:
    """Return what was sampled by name (sample, …), on each parameter's own scale.

    vector : (sample, size) on the sampler's scale
    """
    natural, start = {}, 0
    for variable in variables_of(design, spec):
        for block in blocks_of(variable):
            natural[block.name] = block.natural(vector[:, start : start + len(block.entries)])
            start += len(block.entries)
    return joined_draws(design, spec, natural | {ROTATED: vector[:, start:]})


def joined_draws(design: Design, spec: ModelSpec, natural: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what was sampled by name (sample, …), from the PyMC model's random variables (sample, n) by name."""
    named = {}
    for variable in variables_of(design, spec):
        flat = np.empty((len(natural[ROTATED]), len(variable.priors)))
        for block in blocks_of(variable):
            flat[:, block.entries] = natural[block.name].reshape(len(flat), -1)
        named[variable.name] = flat.reshape(len(flat), *variable.shape)
    shape = (-1, len(design.units), design.matrix.shape[-1])
    return named | {ROTATED: natural[ROTATED].reshape(shape)}
