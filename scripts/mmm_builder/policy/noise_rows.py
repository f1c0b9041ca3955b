"""Each kind of noise as a screen takes it: training rows as normal ones, and the score of a forecast in closed form.

Noise that isn't normal is normal given something that is updated in turns with the mode: weights of the rows, and
values that stand for the KPI.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from ..spec import LikelihoodKind

LEAST_LEVEL = 0.05
"""Share of the KPI's mean below which noise that grows with the level is taken to grow no smaller."""

TAILS = (-4.0, 4.0)
"""Standard deviations of its prior between which the ν of Student-t noise is sought."""


class Rows(NamedTuple):
    """Training rows as normal ones: values ~ Normal(mean, σ / √weights).

    log_density : what the KPI's own log-density has more than theirs
    tail : Student-t only, the entry of φ that is ν's, with the curvature of minus its log-density
    settled : whether another turn would change nothing
    """

    values: np.ndarray
    weights: np.ndarray
    log_density: float = 0.0
    tail: float | None = None
    tail_information: float = 1.0
    settled: bool = True


class Fitted(NamedTuple):
    """What the terms add up to in the training rows, with its posterior variance (row,), and the noise's σ.

    nu_above_two : Student-t only, ν − 2 by the entry of φ
    """

    kpi: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    sigma: float
    nu_above_two: Callable[[float], float] | None


class Noise(NamedTuple):
    """One kind of noise: `rows` follows what was fitted; `crps` (row,) of forecasts with mean and variance (row,)."""

    rows: Callable[[Fitted], Rows]
    crps: Callable[[np.ndarray, np.ndarray, np.ndarray, dict[str, float]], np.ndarray]


# --- normal ----------------------------------------------------------------------------------------------------------


def plain_rows(kpi: np.ndarray) -> Rows:
    """Return the rows as they are, what every kind starts with."""
    return Rows(kpi, np.ones(len(kpi)))


def _normal_crps(actual: np.ndarray, mean: np.ndarray, variance: np.ndarray, noise: dict[str, float]) -> np.ndarray:
    """Gneiting and Raftery (2007), eq. 5 of section 4.2."""
    spread = np.sqrt(variance + noise["sigma"] ** 2)
    z = (actual - mean) / spread
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return spread * (z * (2.0 * special.ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))


# --- Student-t -------------------------------------------------------------------------------------------------------


def _student_rows(fitted: Fitted) -> Rows:
    """Student-t as normal noise whose precision is a Gamma by row: its mean given the rest (Lange et al. 1989).

    The log-density's rest is that of the variational bound over these precisions.
    """
    squares = ((fitted.kpi - fitted.mean) ** 2 + fitted.variance) / fitted.sigma**2

    def loss(tail: float) -> float:
        return 0.5 * tail**2 - float(_log_t(squares, 2.0 + fitted.nu_above_two(tail)).sum())

    tail, step = float(optimize.minimize_scalar(loss, bounds=TAILS, method="bounded", options={"xatol": 0.02}).x), 0.1
    curvature = (loss(tail + step) - 2.0 * loss(tail) + loss(tail - step)) / step**2
    nu = 2.0 + fitted.nu_above_two(tail)
    a, b = (nu + 1.0) / 2.0, (nu + squares) / 2.0
    weights = a / b
    mean_log = special.digamma(a) - np.log(b)
    divergence = ((a - nu / 2.0) * special.digamma(a) - special.gammaln(a) + special.gammaln(nu / 2.0)
                  + nu / 2.0 * (np.log(b) - np.log(nu / 2.0)) + a * (nu / 2.0 - b) / b)  # fmt: skip
    rest = float(np.sum(0.5 * (mean_log - np.log(weights)) - divergence))
    return Rows(fitted.kpi, weights, rest, tail, max(curvature, 1.0), settled=False)


def _log_t(squares: np.ndarray, nu: float) -> np.ndarray:
    constant = special.gammaln((nu + 1.0) / 2.0) - special.gammaln(nu / 2.0) - 0.5 * np.log(nu * np.pi)
    return constant - 0.5 * (nu + 1.0) * np.log1p(squares / nu)


def _student_crps(actual: np.ndarray, mean: np.ndarray, variance: np.ndarray, noise: dict[str, float]) -> np.ndarray:
    """Jordan, Krüger and Lerch (2019), appendix A.2: of the t with the same ν and the forecast's variance in all."""
    nu = 2.0 + noise["nu_above_two"]
    spread = np.sqrt(noise["sigma"] ** 2 + variance * (nu - 2.0) / nu)
    z = (actual - mean) / spread
    own = 2.0 * np.sqrt(nu) / (nu - 1.0) * np.exp(special.betaln(0.5, nu - 0.5) - 2.0 * special.betaln(0.5, nu / 2.0))
    density, below = np.exp(_log_t(z**2, nu)), special.stdtr(nu, z)
    return spread * (z * (2.0 * below - 1.0) + 2.0 * density * (nu + z**2) / (nu - 1.0) - own)


# --- lognormal -------------------------------------------------------------------------------------------------------


def _lognormal_rows(fitted: Fitted) -> Rows:
    """Noise on the log scale by its tangent at the fitted level l: log μ ≈ log l + (μ − l) / l.

    The slope u / μ of the log-density, with u = log y + σ²/2 − log μ, is on average over the level's variance v higher
    by 3 v / (2 l³) near u = 0, which the values take up; without it forecasts come out low.
    """
    level = np.maximum(fitted.mean, LEAST_LEVEL * fitted.kpi.mean())
    logs = np.log(fitted.kpi / level)
    values = level * (1.0 + logs + 0.5 * fitted.sigma**2 + 1.5 * fitted.variance / level**2)
    return Rows(values, level**-2.0, -float(logs.sum()), settled=False)


def _lognormal_crps(actual: np.ndarray, mean: np.ndarray, variance: np.ndarray, noise: dict[str, float]) -> np.ndarray:
    """Baran and Lerch (2015), eq. 9; a KPI that isn't above zero is as far off as one just above it, and as it is."""
    level = np.maximum(mean, LEAST_LEVEL)
    sigma = np.sqrt(noise["sigma"] ** 2 + variance / level**2)
    shown = np.maximum(actual, 1e-9)
    z = (np.log(shown / level) + 0.5 * sigma**2) / sigma
    rest = special.ndtr(z - sigma) + special.ndtr(sigma / np.sqrt(2.0)) - 1.0
    return shown * (2.0 * special.ndtr(z) - 1.0) - 2.0 * level * rest + (shown - actual)


NOISES: dict[LikelihoodKind, Noise] = {
    "normal": Noise(lambda fitted: plain_rows(fitted.kpi), _normal_crps),
    "student_t": Noise(_student_rows, _student_crps),
    "lognormal": Noise(_lognormal_rows, _lognormal_crps),
}
