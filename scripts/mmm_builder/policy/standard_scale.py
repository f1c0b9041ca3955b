"""Parameters on the scale on which each prior is a standard normal one: φ with θ = F⁻¹(Φ(φ)), by tables.

There a posterior is near to normal both where data say much, as on any scale, and where they say nothing; and priors
of all families are one. The tables hold the sampler's scale (log, logit), which is nearly straight in φ.
"""

from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from ..modelling.layout import Block, blocks_of
from ..modelling.parameters import Variable
from ..modelling.priors import frozen

REACH = 6.0
"""Standard deviations up to which the tables go; beyond, the sampler's scale goes on straight."""
KNOTS = 121
WIDTH = 2.0 * REACH / (KNOTS - 1)
GRID = np.linspace(-REACH, REACH, KNOTS)


class Parameters(NamedTuple):
    """Variables with priors of their own, and where the entries of each stand in φ (size,).

    joined : one block per family, over all variables, with the positions of its entries
    table : (size, knot) the sampler's scale at the knots; slopes : (size, knot) its derivatives, times their distance
    """

    variables: tuple[Variable, ...]
    places: dict[str, slice]
    joined: tuple[tuple[Block, np.ndarray], ...]
    table: np.ndarray
    slopes: np.ndarray

    @property
    def size(self) -> int:
        """How many entries φ has."""
        return len(self.table)


def parameters_of(variables: list[Variable]) -> Parameters:
    """Return the variables laid out in one vector."""
    priors = tuple(p for v in variables for p in v.priors)
    blocks = blocks_of(Variable("all", (), (len(priors),), priors))
    ends = np.cumsum([0, *(len(v.priors) for v in variables)])
    places = {v.name: slice(int(a), int(b)) for v, (a, b) in zip(variables, pairwise(ends), strict=True)}
    table = np.stack([_table(p) for p in priors])
    joined = tuple((block, block.entries) for block in blocks)
    return Parameters(tuple(variables), places, joined, table, np.gradient(table, axis=1))


@cache
def _table(prior: Any) -> np.ndarray:
    """Return a prior's quantiles (knot,) at the knots on the sampler's scale."""
    if prior.dist == "Normal":
        return prior.mu + prior.sigma * GRID
    distribution, block = frozen(prior), blocks_of(Variable("", (), (), (prior,)))[0]
    below, above = GRID[GRID <= 0.0], GRID[GRID > 0.0]
    quantiles = np.concatenate([distribution.ppf(special.ndtr(below)), distribution.isf(special.ndtr(-above))])
    with np.errstate(divide="ignore"):
        return _finite(block.unconstrained(quantiles))


def _finite(table: np.ndarray) -> np.ndarray:
    """Return a table whose ends that are no numbers any more are as their neighbours."""
    known = np.flatnonzero(np.isfinite(table))
    return np.interp(np.arange(len(table)), known, table[known])


def named_values(parameters: Parameters, phi: np.ndarray) -> dict[str, np.ndarray]:
    """Return values by variable (point, …) on each parameter's own scale; phi : (point, size)."""
    position = np.clip((phi + REACH) / WIDTH, 0.0, KNOTS - 1.0)
    knot = np.minimum(position.astype(int), KNOTS - 2)
    s, entry = position - knot, np.arange(parameters.size)
    left, right = parameters.table[entry, knot], parameters.table[entry, knot + 1]
    slope_left, slope_right = parameters.slopes[entry, knot], parameters.slopes[entry, knot + 1]
    rise = right - left
    bent = slope_left + s * (3.0 * rise - 2.0 * slope_left - slope_right + s * (slope_left + slope_right - 2.0 * rise))
    beyond = (phi - np.clip(phi, -REACH, REACH)) / WIDTH
    unconstrained = left + s * bent + beyond * np.where(beyond < 0, slope_left, slope_right)
    natural = np.empty_like(phi)
    for block, entries in parameters.joined:
        natural[:, entries] = block.natural(unconstrained[:, entries])
    return {v.name: natural[:, parameters.places[v.name]].reshape(-1, *v.shape) for v in parameters.variables}
