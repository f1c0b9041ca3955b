"""Whether ranks are uniform: what simulation-based calibration asks of the ranks of true values among draws.

A rank is how many of L nearly independent draws lie below the truth, 0 to L; n ranks come of n worlds. Two tests: χ² on
binned ranks (Talts et al. 2018) and the ECDF with simultaneous bands (Säilynoja, Bürkner and Vehtari 2022).
"""

from functools import cache

import numpy as np
from scipy import stats

SIMULATIONS = 20_000
CONFIDENCE = 0.95


def rank_of(truth: float, draws: np.ndarray, n_kept: int) -> int:
    """Return how many of `n_kept` evenly spaced draws (sample,) lie below the truth."""
    kept = draws[np.linspace(0, len(draws) - 1, n_kept).round().astype(int)]
    return int(np.sum(kept < truth))


def chi_square_p(ranks: np.ndarray, n_draws: int) -> float:
    """Return the p-value of uniformity on bins of equal width that expect ten ranks each, 20 bins at most."""
    bins = int(np.clip(len(ranks) // 10, 2, 20))
    while (n_draws + 1) % bins:
        bins -= 1
    counts = np.bincount(ranks * bins // (n_draws + 1), minlength=bins)
    return float(stats.chisquare(counts).pvalue)


def ecdf_p(ranks: np.ndarray, n_draws: int) -> float:
    """Return the p-value of the ECDF's largest departure: how often uniform ranks stray as far at some point."""
    null = _null_levels(len(ranks), n_draws)
    level = _levels(_counts(ranks[None], n_draws), len(ranks))[0]
    return float((1 + np.searchsorted(null, level, side="right")) / (1 + len(null)))


def ecdf_difference(ranks: np.ndarray, n_draws: int) -> np.ndarray:
    """Return the ECDF of ranks minus that of uniform ones, at ranks 0 … L − 1 (point,)."""
    return _counts(ranks[None], n_draws)[0] / len(ranks) - _points(n_draws)


def ecdf_band(n: int, n_draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends (point,) between which all ECDF differences of n uniform ranks lie at once, in 95 % of cases."""
    level, at = float(np.quantile(_null_levels(n, n_draws), 1.0 - CONFIDENCE)), _points(n_draws)
    return stats.binom.ppf(level / 2, n, at) / n - at, stats.binom.ppf(1 - level / 2, n, at) / n - at


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for their number, so that one below 0.05 is a false alarm in 5 % of all families."""
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return adjusted


def _points(n_draws: int) -> np.ndarray:
    """Return the chance (point,) that a uniform rank is at most 0 … L − 1."""
    return np.arange(1, n_draws + 1) / (n_draws + 1)


def _counts(ranks: np.ndarray, n_draws: int) -> np.ndarray:
    """Return how many of some ranks (case, n) are at most 0 … L − 1: (case, point)."""
    cells = ranks + (n_draws + 1) * np.arange(len(ranks))[:, None]
    counts = np.bincount(cells.ravel(), minlength=len(ranks) * (n_draws + 1)).reshape(len(ranks), -1)
    return np.cumsum(counts, axis=1)[:, :-1]


def _levels(counts: np.ndarray, n: int) -> np.ndarray:
    """Return the smallest two-sided binomial tail (case,) over the points, of counts (case, point) of n ranks."""
    points = counts.shape[1]
    return np.minimum(_tails(n, points)[np.arange(points), counts], 1.0).min(axis=1)


@cache
def _tails(n: int, points: int) -> np.ndarray:
    """Return the two-sided tail of a count at each point: (point, count)."""
    possible, at = np.arange(n + 1), _points(points)[:, None]
    return 2.0 * np.minimum(stats.binom.cdf(possible, n, at), stats.binom.sf(possible - 1, n, at))


@cache
def _null_levels(n: int, n_draws: int) -> np.ndarray:
    """Return what `_levels` gives for n uniform ranks, sorted."""
    ranks = np.random.default_rng(1).integers(0, n_draws + 1, (SIMULATIONS, n))
    return np.sort(_levels(_counts(ranks, n_draws), n))
