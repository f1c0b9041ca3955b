"""What a change of the model is worth on the training rows, in milliseconds and without sampling.

What isn't linear (carry-over, saturation, damping and drift of a trend) is held at its prior means, so that the model
is linear with Gaussian priors: its evidence (marginal likelihood) has a closed form and pays for fit against
flexibility by itself. Noise on the log scale is taken as normal noise that grows with the level. Held-out rows don't
enter.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import optimize, stats

from ..distributions import Normal
from ..judging import scoring
from ..modelling import priors
from ..modelling.curves import Curve, curves_of
from ..modelling.design import Design, make_design, media_per_effect
from ..modelling.likelihoods import LIKELIHOODS
from ..modelling.parameters import EFFECT, channel_priors
from ..spec import ModelSpec, Pooling

LEAST_LEVEL = 0.05
"""Share of the KPI's mean below which noise that grows with the level is taken to grow no smaller."""


class Screen(NamedTuple):
    """`r2` of the training rows at the posterior mean, None where the KPI doesn't vary; `log_evidence` in nats."""

    r2: float | None
    log_evidence: float


def screen(panel: xr.Dataset, spec: ModelSpec) -> Screen:
    """Return fit and evidence of a spec on the training rows of a panel, its units summed."""
    spec = spec.model_copy(update={"pooling": Pooling()})
    design = make_design(panel, spec)
    shown = design.is_training
    matrix, mean, sd = _linear_model(design, spec)
    x, y = matrix[shown], design.kpi_scaled[0, shown]
    found = _fit(x, y, mean, sd)
    if LIKELIHOODS[spec.likelihood.kind].needs_positive_kpi:
        # noise that grows with the level: rows in units of the level that was fitted, and what that does to a density
        level = np.maximum(found.fitted, LEAST_LEVEL * y.mean())
        scaled = _fit(x / level[:, None], y / level, mean, sd)
        found = Fit(scaled.fitted * level, scaled.log_evidence - float(np.log(level).sum()))
    return Screen(scoring.r2(y, found.fitted), found.log_evidence + _tail_gain(spec, y - found.fitted))


class Fit(NamedTuple):
    """What a linear model with Gaussian priors fits (row,), at the noise with the most evidence, and that evidence."""

    fitted: np.ndarray
    log_evidence: float


def _fit(x: np.ndarray, y: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> Fit:
    directions, spread, _ = np.linalg.svd(x * sd, full_matrices=False)
    along = directions.T @ (y - x @ mean)
    beside = y - x @ mean - directions @ along
    log_noise = _best_noise(y, spread, along, beside)
    shrunk = along * spread**2 / (spread**2 + np.exp(2.0 * log_noise))
    return Fit(x @ mean + directions @ shrunk, _log_evidence(log_noise, spread, along, beside))


def _linear_model(design: Design, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns (row, term), prior means and standard deviations of linear terms, media and curves together."""
    parts = [(design.matrix[0], design.prior_mean, design.prior_sd), _media(design, spec)]
    parts += [_at_prior_means(curve, design, spec) for curve in curves_of(spec)]
    columns, means, sds = zip(*parts, strict=True)
    return np.concatenate(columns, axis=1), np.concatenate(means), np.concatenate(sds)


def _media(design: Design, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return saturated media (row, channel) at the prior means, with the moments of their coefficients' priors.

    A prior of a return on spend is one of the coefficient times what it returns.
    """
    effects = channel_priors(spec, EFFECT)
    moments = np.array([[priors.mean(p), np.sqrt(priors.variance(p))] for p in effects]).T
    return media_per_effect(design, spec)[0].T, moments[0], moments[1]


def _at_prior_means(curve: Curve, design: Design, spec: ModelSpec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns (row, weight) of a curve: it is linear in what has Normal priors; the rest is at its mean."""
    weights, held = [], {}
    for variable in curve.variables(spec, design.curves, 1):
        if isinstance(variable.priors[0], Normal):
            weights.append(variable)
        else:
            held[variable.name] = np.reshape([priors.mean(p) for p in variable.priors], variable.shape)
    given = [p for v in weights for p in v.priors]
    each = np.split(np.eye(len(given)), np.cumsum([len(v.priors) for v in weights])[:-1], axis=1)
    sampled = {name: np.broadcast_to(value, (len(given), *value.shape)) for name, value in held.items()}
    sampled |= {v.name: part.reshape(-1, *v.shape) for v, part in zip(weights, each, strict=True)}
    columns = curve.apply(np, design.curves, sampled)[:, 0]
    return columns.T, np.array([p.mu for p in given]), np.array([p.sigma for p in given])


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
    if "nu_above_two" not in LIKELIHOODS[spec.likelihood.kind].parameters:
        return 0.0
    nu, location, scale = stats.t.fit(residuals, floc=0.0)
    heavy = stats.t.logpdf(residuals, nu, location, scale).sum()
    return float(heavy - stats.norm.logpdf(residuals, 0.0, residuals.std()).sum() - 0.5 * np.log(len(residuals)))
