"""What a change of the model is worth on the training rows, in milliseconds and without sampling.

Media are held at the prior means of α and λ, so that the model is linear with Gaussian priors: its evidence
(marginal likelihood) has a closed form and pays for fit against flexibility by itself. Held-out rows don't enter.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import optimize, stats

from ..judging import scoring
from ..modelling import priors
from ..modelling.design import Design, make_design
from ..modelling.parameters import channel_priors
from ..modelling.transforms import ADSTOCKS, SATURATIONS
from ..spec import ModelSpec


class Screen(NamedTuple):
    """`r2` of the training rows at the posterior mean, None where the KPI doesn't vary; `log_evidence` in nats."""

    r2: float | None
    log_evidence: float


def screen(panel: xr.Dataset, spec: ModelSpec) -> Screen:
    """Return fit and evidence of a spec on the training rows of a national panel."""
    design = make_design(panel, spec)
    shown = design.is_training
    matrix, mean, sd = _linear_model(design, spec)
    x, y = matrix[shown], design.kpi_scaled[shown]
    directions, spread, _ = np.linalg.svd(x * sd, full_matrices=False)
    along = directions.T @ (y - x @ mean)
    beside = y - x @ mean - directions @ along
    log_noise = _best_noise(y, spread, along, beside)
    shrunk = along * spread**2 / (spread**2 + np.exp(2.0 * log_noise))
    fitted = x @ mean + directions @ shrunk
    evidence = _log_evidence(log_noise, spread, along, beside) + _tail_gain(spec, y - fitted)
    return Screen(scoring.r2(y, fitted), evidence)


def _linear_model(design: Design, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns (row, term), prior means and standard deviations of linear terms and media together."""
    adstock, saturation = ADSTOCKS[design.recipe.adstock], SATURATIONS[design.recipe.saturation]

    def at_prior_mean(variable: str) -> np.ndarray:
        return np.array([priors.mean(p) for p in channel_priors(spec, variable)])

    carried = adstock.apply(np, design.media, *(at_prior_mean(p) for p in adstock.parameters))
    media = saturation.apply(np, carried, *(at_prior_mean(p) for p in saturation.parameters))
    effects = [priors.frozen(p) for p in channel_priors(spec, "coefficient")]
    return (
        np.concatenate([design.matrix, media.T], axis=1),
        np.concatenate([design.prior_mean, [e.mean() for e in effects]]),
        np.concatenate([design.prior_sd, [e.std() for e in effects]]),
    )


def _log_evidence(log_noise: float, spread: np.ndarray, along: np.ndarray, beside: np.ndarray) -> float:
    """Return log N(y; X m, X S² Xᵀ + σ² I) by the singular values of X S, so that each σ costs next to nothing.

    spread : singular values; along : y − X m in their directions; beside : what no direction reaches (row,)
    """
    noise = np.exp(2.0 * log_noise)
    variances = spread**2 + noise
    unreached = len(beside) - len(spread)
    distance = np.sum(along**2 / variances) + beside @ beside / noise
    log_determinant = np.log(variances).sum() + unreached * np.log(noise)
    return float(-0.5 * (distance + log_determinant + len(beside) * np.log(2.0 * np.pi)))


def _best_noise(y: np.ndarray, spread: np.ndarray, along: np.ndarray, beside: np.ndarray) -> float:
    """Return the log of the noise's standard deviation with the most evidence."""
    level = float(np.log(y.std() or 1.0))
    found = optimize.minimize_scalar(
        lambda s: -_log_evidence(s, spread, along, beside), bounds=(level - 5.0, level + 1.0), method="bounded"
    )
    return float(found.x)


def _tail_gain(spec: ModelSpec, residuals: np.ndarray) -> float:
    """Return what Student-t noise adds to the evidence: its log-likelihood against the normal one, less its cost."""
    if spec.likelihood.kind == "normal":
        return 0.0
    nu, location, scale = stats.t.fit(residuals, floc=0.0)
    heavy = stats.t.logpdf(residuals, nu, location, scale).sum()
    return float(heavy - stats.norm.logpdf(residuals, 0.0, residuals.std()).sum() - 0.5 * np.log(len(residuals)))
