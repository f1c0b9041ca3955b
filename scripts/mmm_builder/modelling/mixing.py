"""Whether chains agree: rank-normalised split R-hat, in NumPy, since training imports no ArviZ."""

import numpy as np
from scipy import stats

LEAST_DRAWS = 4
"""Draws per chain below which its halves have no variance to compare."""


def worst_rhat(draws: np.ndarray) -> float:
    """Return the largest R-hat of quantities (chain, draw, quantity), those that don't vary left out; NaN of none."""
    varies = np.ptp(draws, axis=(0, 1)) > 0
    if draws.shape[1] < LEAST_DRAWS or not varies.any():
        return float("nan")
    return float(rhat(draws[..., varies]).max())


def rhat(draws: np.ndarray) -> np.ndarray:
    """Return R-hat (quantity,) of draws (chain, draw, quantity): rank-normalised, of split chains, the larger of bulk
    and tails (Vehtari et al. 2021, eqs. 4 and 14).
    """
    half = draws.shape[1] // 2
    split = np.concatenate([draws[:, :half], draws[:, -half:]])
    folded = np.abs(split - np.median(split, axis=(0, 1)))
    return np.maximum(_split_rhat(_normal_scores(split)), _split_rhat(_normal_scores(folded)))


def _normal_scores(values: np.ndarray) -> np.ndarray:
    """Return the normal scores of ranks over chains and draws, per quantity."""
    n = values.shape[0] * values.shape[1]
    ranks = stats.rankdata(values.reshape(n, -1), axis=0).reshape(values.shape)
    return stats.norm.ppf((ranks - 3 / 8) / (n + 1 / 4))


def _split_rhat(scores: np.ndarray) -> np.ndarray:
    n = scores.shape[1]
    between, within = scores.mean(axis=1).var(axis=0, ddof=1), scores.var(axis=1, ddof=1).mean(axis=0)
    return np.sqrt((n - 1) / n + between / within)
