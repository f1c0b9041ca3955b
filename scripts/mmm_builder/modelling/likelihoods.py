"""Noise around the mean: a closed table. No PyMC here, so that predictions can be made without importing it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats


class Noise(NamedTuple):
    """One kind of noise: PyMC's distribution, its parameters beside the mean, and its form outside the sampler.

    `pymc_arguments` turns the sampled parameters into PyMC's; `frozen(mean, **parameters)` is SciPy's form.
    """

    parameters: tuple[str, ...]
    pymc_distribution: str
    pymc_arguments: Callable[..., dict]
    frozen: Callable


def _normal(mean: np.ndarray, sigma: np.ndarray):
    return stats.norm(mean, sigma)


def _student_t(mean: np.ndarray, sigma: np.ndarray, nu_above_two: np.ndarray):
    return stats.t(2.0 + nu_above_two, mean, sigma)


LIKELIHOODS = {
    "normal": Noise(("sigma",), "Normal", lambda sigma: {"sigma": sigma}, _normal),
    "student_t": Noise(
        ("sigma", "nu_above_two"),
        "StudentT",
        lambda sigma, nu_above_two: {"sigma": sigma, "nu": 2.0 + nu_above_two},
        _student_t,
    ),
}
