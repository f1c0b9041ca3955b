"""Training residuals over time: what the season left, whether the level breaks, where. All checks are `review`."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import linalg

from ..verdicts import Check
from .checks import AUTOCORRELATION_LIMIT, review
from .scoring import lag_correlation

LEAST_PAIRS = 20
"""Pairs of rows a season apart below which their correlation says nothing."""

BREAK_LIMIT = 1.358
"""Largest cumulative sum of residuals, standardised, of which stable data stay below with probability 0.95: the
Kolmogorov distribution's quantile (Ploberger and Krämer 1992, table I)."""

MOST_CORRELATED = 0.9
"""Autocorrelation taken at most for the long-run variance: a break itself looks like autocorrelation."""

STEP_LIMIT = 10.4
"""F of the largest step that white noise stays below with probability 0.95 where a line is fitted beside it: of 4,000
simulated series each of 83, 125, 208 and 600 rows the quantile is 10.3 to 10.7. Without the line Andrews (1993, table
I) has 8.85."""

LEAST_SIDE = 8
"""Rows that there must be on both sides of a step, at least."""

TRIMMED = 0.1
"""Share of the rows that there must be on both sides of a step."""


SPANNED = 1e-6
"""Mean square of what is left of a step below which the columns beside it make it up."""


class Step(NamedTuple):
    """A step of the level: its first row, and the partial F of it beside the other columns."""

    row: int
    f: float


def season_check(residuals: np.ndarray, season: int) -> Check:
    """Check the autocorrelation of residuals (row,) a season apart: a pattern of the year that the model hasn't."""
    code, subject = "residual_season_autocorrelation", f"lag {season}"
    if len(residuals) - season < LEAST_PAIRS:
        reason = f"fewer than {LEAST_PAIRS} pairs of rows lie a season apart"
        return Check(
            code=code, status="review", value=None, limit=AUTOCORRELATION_LIMIT, subject=subject, reason=reason
        )
    return review(code, abs(lag_correlation(residuals, season)), AUTOCORRELATION_LIMIT, subject)


def break_check(dates: np.ndarray, residuals: np.ndarray) -> Check:
    """Check for a break of the level within the training rows, by the OLS-CUSUM of their residuals (row,).

    max_t |Σ_{s≤t} (e_s − ē)| / (σ̂ √n), with the long-run standard deviation σ̂ = s √((1 + φ)/(1 − φ)) of an AR(1), since
    residuals that hang together wander without a break (Andrews 1991). The subject is the last date before the break.
    """
    centred = residuals - residuals.mean()
    phi = lag_correlation(residuals)
    phi = 0.0 if math.isnan(phi) else min(max(phi, 0.0), MOST_CORRELATED)
    spread = centred.std() * math.sqrt((1 + phi) / (1 - phi)) * math.sqrt(len(centred))
    path = np.abs(np.cumsum(centred))
    value = float(path.max() / spread) if spread > 0 else math.nan
    return review("trend_break", value, BREAK_LIMIT, str(dates[int(np.argmax(path))])[:10])


def largest_step(residuals: np.ndarray, beside: np.ndarray, taken: Iterable[int] = ()) -> Step | None:
    """Return the step of the level that explains most of residuals (row,), None where the rows are too few.

    beside : (row, column) what the level follows otherwise, intercept and slope among it
    taken : first rows of steps that are known; a new one keeps off them as it does off the ends

    For each first row the step is fitted by least squares together with the columns beside it, so that a line or a
    season doesn't hide it or pass for it; the largest partial F tells the step (Andrews 1993; Bai and Perron 1998). It
    is multiplied by (1 − φ)/(1 + φ), φ ≥ 0 the autocorrelation that the step leaves, since residuals that hang together
    wander without a step.
    """
    n = len(residuals)
    side = max(LEAST_SIDE, math.ceil(TRIMMED * n))
    edges = np.array([0, *taken, n])
    rows = np.array([r for r in range(n) if np.abs(edges - r).min() >= side], dtype=int)
    basis = linalg.orth(beside)
    freedom = n - basis.shape[1] - 1
    if not len(rows) or freedom < LEAST_SIDE:
        return None
    steps = (np.arange(n)[:, None] >= rows).astype(float)
    left, steps = residuals - basis @ (basis.T @ residuals), steps - basis @ (basis.T @ steps)
    length = (steps**2).sum(axis=0)
    # a step that the other columns make up is none
    size = np.where(length > SPANNED * n, steps.T @ left / np.maximum(length, SPANNED * n), 0.0)
    best = int(np.argmax(size**2 * length))
    noise = left - size[best] * steps[:, best]
    spread = float(noise @ noise) / freedom
    if not spread > 0:
        return None
    phi = lag_correlation(noise)
    phi = 0.0 if math.isnan(phi) else min(max(phi, 0.0), MOST_CORRELATED)
    return Step(int(rows[best]), float(size[best] ** 2 * length[best]) / spread * (1 - phi) / (1 + phi))
