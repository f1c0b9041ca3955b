"""Whether two sets of draws are equal, or are of one posterior as far as their Monte Carlo error tells.

Two samplings of one posterior differ in their means by Monte Carlo error alone: the difference of a parameter's two
means over the root of the summed squares of their Monte Carlo standard errors is nearly standard normal (Vehtari,
Gelman, Simpson, Carpenter, Bürkner 2021, Rank-normalization, folding, and localization, Bayesian Analysis 16(2)).
The largest of all parameters is held against the quantile that it passes with probability FALSE_ALARM at most,
however the parameters hang together (Bonferroni).
"""

from dataclasses import dataclass

import arviz as az
import numpy as np
import xarray as xr
from scipy.stats import norm

FALSE_ALARM = 0.01
"""Largest probability that draws of one and the same posterior are told to differ."""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far the means of two sets of draws are apart: the largest of all parameters, in Monte Carlo errors.

    subject : the parameter that it is of; limit : what it may be; parameters : how many were compared
    """

    subject: str
    errors: float
    limit: float
    parameters: int

    @property
    def within(self) -> bool:
        """Whether Monte Carlo error explains it; a distance that can't be computed is not explained."""
        return self.errors <= self.limit


def equal_draws(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Tell whether two groups of a trace hold the same values under the same names and coordinates."""
    return one.equals(other)


def distance(one: xr.Dataset, other: xr.Dataset) -> Distance | None:
    """Return how far the posterior means of two sets of draws (chain, draw, …) are apart.

    None if they hold other parameters, or parameters of other coordinates.
    """
    if _shapes(one) != _shapes(other):
        return None
    named = {}
    for (label, apart), (_, error) in zip(_flat(_means(one) - _means(other)), _flat(_error(one, other)), strict=True):
        named[label] = 0.0 if apart == 0.0 else abs(apart) / error if error > 0.0 else np.inf
    subject = max(named, key=lambda label: np.inf if np.isnan(named[label]) else named[label])
    limit = float(norm.isf(FALSE_ALARM / (2 * len(named))))
    return Distance(subject=subject, errors=float(named[subject]), limit=limit, parameters=len(named))


def _shapes(draws: xr.Dataset) -> dict:
    """Return the parameters with their coordinates, apart from chains and draws."""
    return {
        str(name): {dim: array[dim].values.tolist() for dim in array.dims if dim not in ("chain", "draw")}
        for name, array in sorted(draws.data_vars.items(), key=lambda pair: str(pair[0]))
    }


def _means(draws: xr.Dataset) -> xr.Dataset:
    return draws.mean(("chain", "draw"))


def _error(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """Return the Monte Carlo standard error of the difference of the means."""
    return np.sqrt(az.mcse(one, method="mean") ** 2 + az.mcse(other, method="mean") ** 2)


def _flat(values: xr.Dataset) -> list[tuple[str, float]]:
    """Return every single value with its name (`coefficient[tv]`), in the order of names."""
    found = []
    for name in sorted(map(str, values.data_vars)):
        array = values[name]
        for key, value in array.to_series().items() if array.dims else [((), float(array))]:
            label = ", ".join(map(str, key if isinstance(key, tuple) else (key,)))
            found.append((f"{name}[{label}]" if label else name, float(value)))
    return found
