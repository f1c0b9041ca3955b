"""Circular block bootstrap of forecasts' scores, which keeps neighbouring rows together (Politis and Romano 1992)."""

import math

import numpy as np

RESAMPLES = 2000

SEED = 20260101
"""Of the resamples: the same forecasts have the same interval."""

MOST_CORRELATED = 0.9
"""Autocorrelation from which longer blocks would leave too few of them to resample."""


def block_length(values: np.ndarray, segment: np.ndarray) -> int:
    """Return rows per block for the mean of values (row,): n^⅓ for noise, more where they are autocorrelated.

    b = max(1, (6 φ² / (1 − φ²)²)^⅓) n^⅓, the optimal length of the circular bootstrap for an AR(1) with lag-1
    autocorrelation φ (Politis and White 2004; Patton, Politis and White 2009), at most half a segment where there is
    but one, so that something is left to vary, and at most the shortest one where there are several.

    segment : (row,) number of the segment that each row is of, whose rows stand together
    """
    sizes = segment_sizes(segment)
    whole = len(sizes) > 1
    phi = np.clip(autocorrelation(values, segment), 0.0, MOST_CORRELATED)
    wanted = max(1.0, (6 * phi**2 / (1 - phi**2) ** 2) ** (1 / 3)) * len(values) ** (1 / 3)
    return max(1, min(math.ceil(wanted), int(sizes.min()) if whole else len(values) // 2))


def autocorrelation(values: np.ndarray, segment: np.ndarray) -> float:
    """Return the lag-1 autocorrelation of values (row,), pairs across the ends of segments left out; 0 if undefined."""
    parts = [values[segment == number] for number in np.unique(segment)]
    centred = values - values.mean()
    own = sum(float(part[:-1] @ part[1:]) for part in (p - values.mean() for p in parts))
    total = float(centred @ centred)
    return own / total if total > 0 else 0.0


def resampled_rows(segment: np.ndarray, length: int, rng: np.random.Generator, n: int = RESAMPLES) -> np.ndarray:
    """Return positions (resample, row) of the rows that each resample is made of.

    Blocks start at any row and go round within its segment, so that none runs over the end of one. What all rows of a
    segment have in common varies too little between such resamples.
    """
    sizes = segment_sizes(segment)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = np.repeat(sizes, sizes)
    start = rng.integers(0, len(segment), size=(n, math.ceil(len(segment) / length)))[..., None]
    rows = first[start] + (start - first[start] + np.arange(length)) % size[start]
    return rows.reshape(n, -1)[:, : len(segment)]


def percentiles(values: np.ndarray, level: float) -> tuple[float, float] | None:
    """Return the ends of the central interval of a level in (0, 1); None if no value is finite."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    lower, upper = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def score_intervals(
    actual: np.ndarray, predicted: np.ndarray, level: float
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Return intervals of R² and of MAPE in per cent over rows (row,) of one window, by resampling pairs of them.

    None where the figure is undefined; R² is about each resample's own mean.
    """
    one, error = np.zeros(len(actual), dtype=int), actual - predicted
    if len(actual) < 2:
        return None, None
    rows = resampled_rows(one, block_length(error, one), np.random.default_rng(SEED))
    chosen, missed = actual[rows], error[rows]
    about = chosen - chosen.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = 1.0 - np.einsum("st,st->s", missed, missed) / np.einsum("st,st->s", about, about)
        mape = 100.0 * np.abs(missed / chosen).mean(axis=1)
    shown = np.ptp(actual) > 0
    return percentiles(r2, level) if shown else None, percentiles(mape, level) if np.all(actual) else None


def segment_sizes(segment: np.ndarray) -> np.ndarray:
    """Return how many rows each segment has, in order of appearance."""
    return np.diff(np.flatnonzero(np.r_[True, segment[1:] != segment[:-1], True]))
