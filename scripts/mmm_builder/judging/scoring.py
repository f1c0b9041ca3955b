"""Scores of predictions on the KPI's own scale. Arrays are (row,); draws are (sample, row)."""

import numpy as np
from scipy import stats

INTERVAL = (0.1, 0.9)
"""Quantiles of the 80 % interval."""

OUTLIER_LIMIT = 4.0
"""Robust z-score from which a residual counts as an outlier; of 200 Gaussian ones 0.01 are expected beyond it."""


def r2(actual: np.ndarray, predicted: np.ndarray) -> float | None:
    """Return 1 − SSE/SST, SST about the rows' own mean; negative where the mean of the rows is nearer.

    None where the KPI doesn't vary.
    """
    if np.ptp(actual) == 0:
        return None
    return float(1.0 - np.sum((actual - predicted) ** 2) / np.sum((actual - actual.mean()) ** 2))


def mape(actual: np.ndarray, predicted: np.ndarray) -> float | None:
    """Return the mean absolute percentage error in per cent; None where the KPI has zeros (use wMAPE)."""
    return None if np.any(actual == 0) else float(100.0 * np.mean(np.abs((actual - predicted) / actual)))


def wmape(actual: np.ndarray, predicted: np.ndarray) -> float | None:
    """Return Σ|error| / Σ|KPI| in per cent; None where the KPI is 0 throughout."""
    if not np.any(actual):
        return None
    return float(100.0 * np.sum(np.abs(actual - predicted)) / np.sum(np.abs(actual)))


def rmse(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Return the root mean squared error."""
    return float(np.sqrt(np.mean((actual - predicted) ** 2)))


def crps(actual: np.ndarray, draws: np.ndarray) -> float:
    """Return the mean continuous ranked probability score of an ensemble.

    E|X − y| − ½ E|X − X'| with the second term from the order statistics (Gneiting and Raftery 2007, eq. 21).
    """
    n = len(draws)
    ordered = np.sort(draws, axis=0)
    half_spread = ((2 * np.arange(1, n + 1) - n - 1)[:, None] * ordered).sum(axis=0) / n**2
    return float(np.mean(np.abs(draws - actual).mean(axis=0) - half_spread))


def interval(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 80 % interval per row."""
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    return lower, upper


def coverage(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """Return the share of rows whose KPI lies within the interval."""
    return float(np.mean((actual >= lower) & (actual <= upper)))


def robust_scores(residuals: np.ndarray) -> np.ndarray:
    """Return residuals about their median in units of their scaled median absolute deviation."""
    return (residuals - np.median(residuals)) / (stats.median_abs_deviation(residuals, scale="normal") or 1.0)
