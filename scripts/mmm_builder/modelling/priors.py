"""Priors: the presets of `data/priors.yaml`, their conversion to the data's cadence, and their moments."""

from functools import cache
from typing import Any

import numpy as np
import yaml
from pydantic import PositiveFloat
from scipy import optimize, stats

from ..errors import InputError, did_you_mean
from ..provenance import DATA
from ..spec import PERIODS_PER_YEAR, Beta, ChannelType, Frequency, Normal, Prior
from ..strict import Strict

SCIPY = {
    "Beta": lambda p: stats.beta(p.alpha, p.beta),
    "HalfNormal": lambda p: stats.halfnorm(scale=p.sigma),
    "LogNormal": lambda p: stats.lognorm(s=p.sigma, scale=np.exp(p.mu)),
    "Gamma": lambda p: stats.gamma(p.alpha, scale=1.0 / p.beta),
    "Normal": lambda p: stats.norm(p.mu, p.sigma),
}
"""SciPy's form of each prior, for means, quantiles and draws outside the sampler."""


LEAST_SHAPE = 0.2
"""Smallest shape of a converted prior on α: below it α is 0 for all that matters (a quarter, a year), and its logit,
which is what the sampler moves on, has no scale."""


class Preset(Strict):
    """One set of priors; see the comments in the file for units and sources."""

    adstock_alpha: dict[ChannelType, Beta]
    half_saturation: Prior
    media_scale: PositiveFloat
    intercept: Normal
    trend_slope: Normal
    season_coefficient: Normal
    control_coefficient: Normal
    pulse_coefficient: Normal
    sigma: Prior
    nu: Prior


@cache
def presets() -> dict[str, Preset]:
    """Read all presets."""
    content = yaml.safe_load((DATA / "priors.yaml").read_text(encoding="utf-8"))
    return {name: Preset.parse(values, f"priors.yaml: {name}") for name, values in content.items()}


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


def mean(prior: Any) -> float:
    """Return a prior's mean."""
    return float(frozen(prior).mean())


def to_cadence(weekly: Beta, frequency: Frequency) -> Beta:
    """Convert a prior on weekly retention to the data's cadence: α_period = α_week^(days of the period / 7).

    The power of a Beta is no Beta; the result is the one whose 10, 50 and 90 % quantiles are nearest.
    """
    exponent = PERIODS_PER_YEAR["weekly"] / PERIODS_PER_YEAR[frequency]
    if exponent == 1.0:
        return weekly
    levels = np.array([0.1, 0.5, 0.9])
    wanted = stats.beta(weekly.alpha, weekly.beta).ppf(levels) ** exponent

    def miss(log_parameters: np.ndarray) -> np.ndarray:
        return stats.beta(*np.exp(log_parameters)).ppf(levels) - wanted

    bounds = np.log([LEAST_SHAPE, 400.0])
    fitted = np.exp(optimize.least_squares(miss, np.log([weekly.alpha, weekly.beta]), bounds=bounds).x)
    return Beta(alpha=round(float(fitted[0]), 3), beta=round(float(fitted[1]), 3))
