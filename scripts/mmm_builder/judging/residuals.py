"""Checks of the training residuals over time: what the season left, and whether the level breaks. Always `review`."""

import math

import numpy as np

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
