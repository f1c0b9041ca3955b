"""Noise around the mean: a closed table. No PyMC here, so that predictions can be made without importing it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from ..spec import LikelihoodKind

LEAST_MEAN = 0.01
"""Mean of the KPI, in units of its scale, towards which log-scale noise bends means at and below zero."""

LEAST_LOG = -700.0
"""Log of the smallest scale that is a number."""


class Noise(NamedTuple):
    """One kind of noise: PyMC's distribution, its parameters beside the mean, and its form outside the sampler.

    pymc_arguments : turns (xp, mean, parameters by name) into PyMC's arguments
    frozen : SciPy's form, given mean and parameters by name
    expected : the mean of the KPI, given what the terms of the model add up to
    """

    parameters: tuple[str, ...]
    pymc_distribution: str
    pymc_arguments: Callable[..., dict[str, Any]]
    frozen: Callable[..., Any]
    expected: Callable[[Any, Any], Any]
    needs_positive_kpi: bool = False


def _as_it_is(xp: Any, mean: Any) -> Any:
    return mean


def _above_zero(xp: Any, mean: Any) -> Any:
    """Return the mean, bent smoothly to stay above zero; beyond ten times LEAST_MEAN it is as it was."""
    return LEAST_MEAN * _bent(xp, mean / LEAST_MEAN)


def _bent(xp: Any, x: Any) -> Any:
    """Return log(1 + eˣ), in a form that neither overflows nor rounds to zero early."""
    return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-abs(x)))


def _normal(mean: np.ndarray, sigma: np.ndarray):
    return stats.norm(mean, sigma)


def _student_t(mean: np.ndarray, sigma: np.ndarray, nu_above_two: np.ndarray):
    return stats.t(2.0 + nu_above_two, mean, sigma)


def _log_above_zero(xp: Any, mean: Any) -> Any:
    """Return the log of `_above_zero`, by its tangent where that is too small to be told from zero."""
    x = mean / LEAST_MEAN
    return np.log(LEAST_MEAN) + xp.where(x > -30.0, xp.log(_bent(xp, xp.maximum(x, -30.0))), x)


def _lognormal(mean: np.ndarray, sigma: np.ndarray):
    log_scale = np.maximum(_log_above_zero(np, mean) - 0.5 * sigma**2, LEAST_LOG)
    return stats.lognorm(sigma, scale=np.exp(log_scale))


def _log_scale(xp: Any, mean: Any, sigma: Any) -> dict[str, Any]:
    return {"mu": _log_above_zero(xp, mean) - 0.5 * sigma**2, "sigma": sigma}


LIKELIHOODS: dict[LikelihoodKind, Noise] = {
    "normal": Noise(("sigma",), "Normal", lambda xp, mu, sigma: {"mu": mu, "sigma": sigma}, _normal, _as_it_is),
    "student_t": Noise(
        ("sigma", "nu_above_two"),
        "StudentT",
        lambda xp, mu, sigma, nu_above_two: {"mu": mu, "sigma": sigma, "nu": 2.0 + nu_above_two},
        _student_t,
        _as_it_is,
    ),
    "lognormal": Noise(("sigma",), "LogNormal", _log_scale, _lognormal, _above_zero, needs_positive_kpi=True),
}
