"""How a panel unit's own deviations are sampled: between centred and non-centred, by how much its data say of them.

A deviation d ~ Normal(0, τ) is sampled as u ~ Normal(0, τ^κ) with d = τ^(1 − κ) u: centred at κ = 1, which suits
deviations that the data tell, non-centred at κ = 0, which suits those left to the prior (Papaspiliopoulos, Roberts and
Sköld 2007; Gorinova, Moore and Hoffman 2020). Any κ is exact; it is a constant, taken from training rows.
"""

import numpy as np

from ..distributions import Prior
from .priors import frozen, mean

LEAST_NOISE = 1e-6
"""Least variance of the noise, as a share of the KPI's mean square: few rows can be fitted without any."""


ROUNDS = 3
"""How often noise and spread are found anew, each given the other."""

ROUNDS_OF_NOISE = 20

SIZES = 200
"""Values of a spread that are weighed."""

LOWER_END = 0.01
"""Share of the spread's distribution below the value that weights are centred by."""


def centring(
    effect: np.ndarray, matrix: np.ndarray, kpi: np.ndarray, prior_sd: np.ndarray, spread: Prior, *, fitted: int = 0
) -> np.ndarray:
    """Return κ (unit, effect) of deviations of the log size of effects.

    effect : (unit, effect, row) what each adds to the KPI, roughly; matrix : (unit, row, term) columns of the linear
    terms, with prior standard deviations (term,); kpi : (unit, row); all of training rows, in the KPI's scale
    spread : prior of τ; fitted : how many coefficients each effect was fitted with, whose noise adds to its size
    """
    found = np.empty(effect.shape[:2])
    for unit, (own, z, y) in enumerate(zip(effect, matrix, kpi, strict=True)):
        columns = np.concatenate([z, own.T], axis=1)
        coefficients, _, rank, _ = np.linalg.lstsq(columns, y, rcond=None)
        residual = y - columns @ coefficients
        noise = max(float(residual @ residual) / max(1, len(y) - rank), LEAST_NOISE * float(y @ y) / len(y))
        ridge = np.sqrt(noise) / prior_sd
        stacked = np.vstack([z, np.diag(ridge)])
        padded = np.concatenate([own, np.zeros((len(own), len(ridge)))], axis=1).T
        beside = padded - stacked @ np.linalg.lstsq(stacked, padded, rcond=None)[0]
        information = np.maximum(np.sum(beside**2, axis=0) / noise - fitted, 0.0) * mean(spread) ** 2
        found[unit] = information / (1.0 + information)
    return found


def turned(
    curves: np.ndarray, matrix: np.ndarray, kpi: np.ndarray, prior_sd: np.ndarray, spread: Prior
) -> tuple[np.ndarray, np.ndarray]:
    """Return directions in which the data tell weights of curves one by one, and κ (direction,) of the weights there.

    Weights d ~ Normal(0, τ), the same τ for all, have the same prior along the columns of any orthogonal matrix
    (curve, direction); these are the eigenvectors of the information that is left when the linear terms have taken
    theirs. κ is by what the data tell of a weight at a small τ that they still allow, since it is there that weights
    told too little make a funnel.

    curves : (curve, row) common to the units; matrix : (unit, row, term) columns of the linear terms, with prior
    standard deviations (term,); kpi : (unit, row); all of training rows, in the KPI's scale
    spread : prior of τ
    """
    sizes, density = _even_sizes(spread)
    size = mean(spread)
    for _ in range(ROUNDS):
        information, score = _told(curves, matrix, kpi, prior_sd, size)
        told, directions = np.linalg.eigh(information)
        told, along = np.maximum(told, 0.0), directions.T @ score
        gain = 1.0 + sizes[:, None] ** 2 * told
        log_density = 0.5 * np.sum((sizes[:, None] * along) ** 2 / gain - np.log(gain), axis=1)
        weight = density * np.exp(log_density - log_density.max())
        size = float(weight @ sizes / weight.sum())
    smallest = sizes[np.searchsorted(np.cumsum(weight) / weight.sum(), LOWER_END)]
    known = smallest**2 * told
    return directions, known / (1.0 + known)


def _even_sizes(spread: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Return values of τ that are as many prior quantiles, dense towards zero, and their prior weights."""
    shares = np.linspace(0.0, 1.0, SIZES + 1)[1:] ** 2 * (1.0 - 1e-4)
    return frozen(spread).ppf(shares), np.diff(shares, prepend=0.0)


def _told(
    curves: np.ndarray, matrix: np.ndarray, kpi: np.ndarray, prior_sd: np.ndarray, size: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return information (curve, curve) and score (curve,) of weights at zero, the linear terms integrated out."""
    information, score = np.zeros((len(curves), len(curves))), np.zeros(len(curves))
    for z, y in zip(matrix, kpi, strict=True):
        own = z * prior_sd
        noise = _noise_variance(np.concatenate([own, size * curves.T], axis=1), y)
        across = np.linalg.solve(own.T @ own + noise * np.eye(len(prior_sd)), own.T @ np.column_stack([curves.T, y]))
        beside = np.column_stack([curves.T, y]) - own @ across
        information += curves @ beside[:, :-1] / noise
        score += curves @ beside[:, -1] / noise
    return (information + information.T) / 2.0, score


def _noise_variance(columns: np.ndarray, kpi: np.ndarray) -> float:
    """Return the noise's variance where weights of columns (row, weight) are standard normal, to a fixed point.

    Of the evidence (MacKay 1992): the squared residuals over the rows that the weights leave free.
    """
    sizes, vectors = np.linalg.eigh(columns.T @ columns)
    sizes, along = np.maximum(sizes, 0.0), vectors.T @ (columns.T @ kpi)
    least = LEAST_NOISE * float(kpi @ kpi) / len(kpi)
    noise = float(np.var(kpi)) or least
    for _ in range(ROUNDS_OF_NOISE):
        residual = kpi - columns @ (vectors @ (along / (sizes + noise)))
        free = max(1.0, len(kpi) - float(np.sum(sizes / (sizes + noise))))
        noise = max(float(residual @ residual) / free, least)
    return noise
