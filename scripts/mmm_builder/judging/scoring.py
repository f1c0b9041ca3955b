"""Scores of predictions on the KPI's own scale. Arrays are (row,); draws are (sample, row)."""

import math

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
    """Return the mean continuous ranked probability score of an ensemble."""
    return float(np.mean(crps_by_row(actual, draws)))


def crps_by_row(actual: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return the continuous ranked probability score (row,) of an ensemble.

    E|X − y| − ½ E|X − X'| with the second term from the order statistics (Gneiting and Raftery 2007, eq. 21).
    """
    n = len(draws)
    ordered = np.sort(draws.astype(float), axis=0)
    half_spread = ((2 * np.arange(1, n + 1) - n - 1)[:, None] * ordered).sum(axis=0) / n**2
    return np.abs(ordered - actual).mean(axis=0) - half_spread


def crps_normal_by_row(actual: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return the score (row,) of normal forecasts: σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π) (Gneiting and Raftery 2007).

    A forecast without spread scores its absolute error.
    """
    z = (actual - mean) / np.where(sd > 0, sd, 1.0)
    score = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    return np.where(sd > 0, score, np.abs(actual - mean))


def error_shares(actual: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float] | None:
    """Return the shares of the mean squared error that are bias, variance and shape; None without an error.

    MSE = (ȳ − ŷ̄)² + (s_y − s_ŷ)² + 2 s_y s_ŷ (1 − r), moments without Bessel's correction (Theil 1966; Gupta et al.
    2009, eq. 3).
    """
    mse = float(np.mean((actual - predicted) ** 2))
    if mse == 0:
        return None
    bias, variance = (actual.mean() - predicted.mean()) ** 2 / mse, (actual.std() - predicted.std()) ** 2 / mse
    return float(bias), float(variance), float(max(0.0, 1.0 - bias - variance))


def interval(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 80 % interval per row."""
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    return lower, upper


def coverage(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """Return the share of rows whose KPI lies within the interval."""
    return float(np.mean((actual >= lower) & (actual <= upper)))


def lag_correlation(values: np.ndarray, lag: int = 1) -> float:
    """Return the correlation of values (row,) with those `lag` rows earlier; NaN where they don't vary."""
    earlier, later = values[:-lag], values[lag:]
    varies = len(later) > 2 and np.ptp(earlier) > 0 and np.ptp(later) > 0
    return float(np.corrcoef(earlier, later)[0, 1]) if varies else math.nan


def robust_scores(residuals: np.ndarray) -> np.ndarray:
    """Return residuals about their median in units of their scaled median absolute deviation."""
    return (residuals - np.median(residuals)) / (stats.median_abs_deviation(residuals, scale="normal") or 1.0)
