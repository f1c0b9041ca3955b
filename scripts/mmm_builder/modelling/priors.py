"""Priors: the presets of `data/priors.yaml`, their conversion to the data's cadence, and their moments."""

from functools import cache
from typing import Any

import numpy as np
import yaml
from pydantic import PositiveFloat
from scipy import optimize, special, stats

from ..distributions import Beta, HalfNormal, LogitNormal, LogNormal, Normal, Prior, SharePrior
from ..errors import InputError, did_you_mean
from ..provenance import DATA
from ..spec import PERIODS_PER_YEAR, ChannelType, Frequency
from ..strict import Strict


class _LogitNormal(stats.rv_continuous):
    """Inverse logit of a normal variable; SciPy has none."""

    def _pdf(self, x, mu, sigma):
        return stats.norm.pdf(special.logit(x), mu, sigma) / (x * (1.0 - x))

    def _cdf(self, x, mu, sigma):
        return stats.norm.cdf(special.logit(x), mu, sigma)

    def _ppf(self, q, mu, sigma):
        return special.expit(stats.norm.ppf(q, mu, sigma))

    def _argcheck(self, mu, sigma):
        return sigma > 0


class _Kumaraswamy(stats.rv_continuous):
    """1 − (1 − x^a)^b; SciPy has none."""

    def _pdf(self, x, a, b):
        return a * b * x ** (a - 1.0) * (1.0 - x**a) ** (b - 1.0)

    def _cdf(self, x, a, b):
        return -np.expm1(b * np.log1p(-(x**a)))

    def _ppf(self, q, a, b):
        return (-np.expm1(np.log1p(-q) / b)) ** (1.0 / a)


class _HalfStudentT(stats.rv_continuous):
    """Student-t folded at zero; SciPy has none."""

    def _pdf(self, x, nu):
        return 2.0 * stats.t.pdf(x, nu)

    def _cdf(self, x, nu):
        return 2.0 * stats.t.cdf(x, nu) - 1.0

    def _ppf(self, q, nu):
        return stats.t.ppf(0.5 * (1.0 + q), nu)

    def _stats(self, nu):
        # integrals that diverge come out of SciPy's quadrature as any number
        above_one, above_two = np.where(nu > 1, nu, 2.0), np.where(nu > 2, nu, 3.0)
        mean = 2.0 * np.sqrt(nu / np.pi) * special.poch(nu / 2, 0.5) / (above_one - 1.0)
        variance = above_two / (above_two - 2.0) - mean**2
        return np.where(nu > 1, mean, np.inf), np.where(nu > 2, variance, np.inf), None, None


half_student_t = _HalfStudentT(a=0.0, name="half_student_t", shapes="nu")
kumaraswamy = _Kumaraswamy(a=0.0, b=1.0, name="kumaraswamy", shapes="a, b")
logit_normal = _LogitNormal(a=0.0, b=1.0, name="logit_normal", shapes="mu, sigma")

SCIPY = {
    "Beta": lambda p: stats.beta(p.alpha, p.beta),
    "LogitNormal": lambda p: logit_normal(p.mu, p.sigma),
    "Uniform": lambda p: stats.uniform(p.lower, p.upper - p.lower),
    "Kumaraswamy": lambda p: kumaraswamy(p.a, p.b),
    "HalfNormal": lambda p: stats.halfnorm(scale=p.sigma),
    "HalfStudentT": lambda p: half_student_t(p.nu, scale=p.sigma),
    "HalfCauchy": lambda p: stats.halfcauchy(scale=p.beta),
    "TruncatedNormal": lambda p: stats.truncnorm((p.lower - p.mu) / p.sigma, np.inf, p.mu, p.sigma),
    "Exponential": lambda p: stats.expon(scale=1.0 / p.lam),
    "LogNormal": lambda p: stats.lognorm(s=p.sigma, scale=np.exp(p.mu)),
    "Gamma": lambda p: stats.gamma(p.alpha, scale=1.0 / p.beta),
    "InverseGamma": lambda p: stats.invgamma(p.alpha, scale=p.beta),
    "Weibull": lambda p: stats.weibull_min(p.alpha, scale=p.beta),
    "Normal": lambda p: stats.norm(p.mu, p.sigma),
}
"""SciPy's form of each prior, for means, quantiles and draws outside the sampler."""


LEAST_SHAPE = 0.2
"""Smallest shape of a converted prior on α: below it α is 0 for all that matters (a quarter, a year), and its logit,
which is what the sampler moves on, has no scale."""


LEVELS = (np.arange(2_000) + 0.5) / 2_000
"""Levels of even quantiles, for moments without a formula."""


class Preset(Strict):
    """One set of priors; see the comments in the file for units and sources."""

    adstock_alpha: dict[ChannelType, Beta]
    adstock_peak: HalfNormal
    half_saturation: Prior
    hill_slope: Prior
    media_scale: PositiveFloat
    pooled_share: SharePrior
    coefficient_spread: Prior
    season_spread: Prior
    intercept: Normal
    trend_slope: Normal
    trend_damping: Prior
    trend_drift: Prior
    season_coefficient: Normal
    control_coefficient: Normal
    event_coefficient: Normal
    pulse_coefficient: Normal
    level_shift_coefficient: Normal
    sigma: Prior
    nu: Prior


@cache
def presets() -> dict[str, Preset]:
    """Read all presets: each is what the file says of all, with its own in its place."""
    content = yaml.safe_load((DATA / "priors.yaml").read_text(encoding="utf-8"))
    common = content.pop("common")
    return {name: Preset.parse(common | own, f"priors.yaml: {name}") for name, own in content.items()}


def preset(name: str) -> Preset:
    """Return a preset by name. Raises InputError with the nearest known name."""
    if name not in presets():
        raise InputError(
            f"prior_preset: {name!r} is not known{did_you_mean(name, presets())}; known: {', '.join(presets())}"
        )
    return presets()[name]


def frozen(prior: Any) -> Any:
    """Return a prior as a frozen SciPy distribution."""
    return SCIPY[prior.dist](prior)


@cache
def mean(prior: Any) -> float:
    """Return a prior's mean, its median where there is no mean (HalfCauchy, say)."""
    distribution = frozen(prior)
    value = float(distribution.mean())
    return value if np.isfinite(value) else float(distribution.median())


@cache
def variance(prior: Any) -> float:
    """Return a prior's variance; where there is none, that of the normal with as much between its 16 and 84 %."""
    distribution = frozen(prior)
    value = float(distribution.var())
    return value if np.isfinite(value) else float(np.ptp(distribution.ppf(stats.norm.cdf([-1.0, 1.0]))) / 2) ** 2


@cache
def median(prior: Any) -> float:
    """Return a prior's median."""
    return float(frozen(prior).median())


def weeks_per_period(frequency: Frequency) -> float:
    """Return the length of a period in weeks."""
    return PERIODS_PER_YEAR["weekly"] / PERIODS_PER_YEAR[frequency]


def peak_to_cadence(weekly: HalfNormal, frequency: Frequency) -> HalfNormal:
    """Convert a prior on a lag in weeks to one on the same lag in periods of the data."""
    return HalfNormal(sigma=round(weekly.sigma / weeks_per_period(frequency), 4))


def to_cadence(weekly: Beta, frequency: Frequency, power: int = 1) -> Beta:
    """Convert a prior on weekly retention to the data's cadence: α_period = α_week^((days of the period / 7)^power).

    power : of the lag in the exponent of α: 1, or 2 of a delayed adstock
    The power of a Beta is no Beta; the result is the one whose 10, 50 and 90 % quantiles are nearest.
    """
    exponent = weeks_per_period(frequency) ** power
    if exponent == 1.0:
        return weekly
    levels = np.array([0.1, 0.5, 0.9])
    wanted = stats.beta(weekly.alpha, weekly.beta).ppf(levels) ** exponent

    def miss(log_parameters: np.ndarray) -> np.ndarray:
        return stats.beta(*np.exp(log_parameters)).ppf(levels) - wanted

    bounds = np.log([LEAST_SHAPE, 400.0])
    fitted = np.exp(optimize.least_squares(miss, np.log([weekly.alpha, weekly.beta]), bounds=bounds).x)
    return Beta(alpha=round(float(fitted[0]), 3), beta=round(float(fitted[1]), 3))


def on_the_logit_scale(prior: SharePrior) -> LogitNormal:
    """Return the LogitNormal whose logit has the mean and the standard deviation of a prior's on [0, 1]."""
    if isinstance(prior, LogitNormal):
        return prior
    if isinstance(prior, Beta):
        mu = special.digamma(prior.alpha) - special.digamma(prior.beta)
        sigma = np.sqrt(special.polygamma(1, prior.alpha) + special.polygamma(1, prior.beta))
    else:
        logits = special.logit(frozen(prior).ppf(LEVELS))
        mu, sigma = logits.mean(), logits.std()
    return LogitNormal(mu=round(float(mu), 4), sigma=round(float(sigma), 4))


def on_the_log_scale(prior: Prior) -> LogNormal:
    """Return the LogNormal with a prior's mean and standard deviation, or with its log's where it has none."""
    if isinstance(prior, LogNormal):
        return prior
    distribution = frozen(prior)
    if np.isfinite(distribution.var()):
        variance_of_log = np.log1p((distribution.std() / distribution.mean()) ** 2)
        mu, sigma = np.log(distribution.mean()) - variance_of_log / 2, np.sqrt(variance_of_log)
    else:
        logs = np.log(distribution.ppf(LEVELS))
        mu, sigma = logs.mean(), logs.std()
    return LogNormal(mu=round(float(mu), 4), sigma=round(float(sigma), 4))
