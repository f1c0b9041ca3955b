"""What media add to the forecast: the gain in CRPS over the twin without media, with intervals and a verdict."""

from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from ..evidence import MediaAdds
from ..modelling.folds import MODEL
from .bootstrap import SEED, block_length, percentiles, resampled_rows
from .scoring import crps_by_row

LEVEL = 0.80
"""Level of the interval that the verdict goes by: the highest of four at which, on simulated clients whose media do
nothing, a yes stays below 5 % and a no is the majority at three years (docs/loop.md). There media cost the forecast a
little; of forecasters that are exactly as good as one another (docs/validation.md) more are a false yes."""

SHOWN_LEVEL = 0.80
"""Level of the intervals of the held-out figures."""

LEAST_ROWS = 12
"""Forecasts below which no verdict is given: resampling so few understates what chance does."""

LEAST_ORIGINS = 3
"""Origins below which no verdict is given: what forecasts from one origin have in common shows only between origins."""

MIXED_RHAT = 1.1
"""R-hat of what a fit forecasts above which its chains tell of different posteriors, and its scores of neither."""

PAIRS = {
    "media_adds": (MODEL, "media_free"),
    "media_adds_known_ahead": ("known_ahead", "known_ahead_media_free"),
}
"""Figures and the two forecasters that each compares: with media, without."""

Rows = Literal["folds", "folds and holdout", "holdout"]


def media_evidence(
    forecasts: xr.Dataset, table: pd.DataFrame, *, gain_min: float, rows: Rows
) -> dict[str, MediaAdds | None]:
    """Return the figures of all pairs by name; None for a pair whose forecasters aren't there.

    table : one row per row of `forecasts` that counts, with `position` in it, `fold` and `actual`, see `twins`
    """
    return {n: pair_adds(forecasts, table, pair, gain_min=gain_min, rows=rows) for n, pair in PAIRS.items()}


def pair_adds(
    forecasts: xr.Dataset, table: pd.DataFrame, pair: tuple[str, str], *, gain_min: float, rows: Rows
) -> MediaAdds | None:
    """Return what media add by a pair of forecasters, None if they aren't there."""
    if not np.isin(pair, forecasts["forecaster"]).all():
        return None
    known = table.dropna(subset="actual")
    scores, reason = pair_scores(forecasts, known, pair), _unmixed(forecasts, known, pair)
    return media_adds(*scores, known["fold"].to_numpy(), gain_min=gain_min, rows=rows, reason=reason)


def pair_scores(forecasts: xr.Dataset, known: pd.DataFrame, pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the CRPS (row,) of both forecasters of a pair; known : the rows, with what was."""
    with_media, without = (_scores(forecasts, known, name) for name in pair)
    return with_media, without


def media_adds(
    model: np.ndarray,
    media_free: np.ndarray,
    segment: np.ndarray,
    *,
    gain_min: float,
    rows: Rows,
    reason: str | None = None,
) -> MediaAdds:
    """Return the gain 1 − Σ CRPS(model) / Σ CRPS(media_free) of scores (row,), with intervals and a verdict.

    segment : (row,) origin of each row's forecast, whose rows stand together
    reason : why there is no verdict, None if there may be one
    """
    told = {"gain_min": gain_min, "rows": rows, "n_rows": len(model)}
    gain = _gain(model, media_free)
    reason = _too_little(len(model), gain) or reason or _too_few_origins(len(np.unique(segment)))
    if len(model) < LEAST_ROWS or not np.isfinite(gain):
        found = float(gain) if np.isfinite(gain) else None
        return MediaAdds(verdict="unclear", crps_gain=found, lower_80=None, upper_80=None, reason=reason, **told)
    lower, upper = percentiles(gains_within_origins(model, media_free, segment), LEVEL) or (None, None)
    verdict = "unclear" if reason else verdict_of(float(gain), lower, upper, gain_min)
    return MediaAdds(verdict=verdict, crps_gain=float(gain), lower_80=lower, upper_80=upper, reason=reason, **told)


def gains_within_origins(model: np.ndarray, media_free: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Return gains (resample,) of a paired bootstrap of blocks of rows that never run over the end of a segment.

    What all forecasts from one origin have in common varies too little between them; with three or four origins to
    draw, resamples of origins tell less of a gain at the same rate of false verdicts (docs/loop.md).
    """
    length = block_length(media_free - model, segment)
    chosen = resampled_rows(segment, length, np.random.default_rng(SEED))
    return _gain(model[chosen], media_free[chosen])


def _too_little(n_rows: int, gain: np.ndarray) -> str | None:
    if n_rows < LEAST_ROWS:
        return f"{n_rows} forecasts are too few to tell; at least {LEAST_ROWS} are needed"
    return None if np.isfinite(gain) else "the forecasts without media miss nothing"


def _too_few_origins(n: int) -> str | None:
    told = f"forecasts from one origin share its errors, so that it takes {LEAST_ORIGINS} origins to tell; here: {n}"
    return told if n < LEAST_ORIGINS else None


def _unmixed(forecasts: xr.Dataset, known: pd.DataFrame, pair: tuple[str, str]) -> str | None:
    """Return which fit of a pair has chains that haven't mixed, of the origins whose rows count; None if all have."""
    fits = forecasts["worst_rhat"].sel(forecaster=list(pair), origin=known["fold"].unique())
    worst = float(fits.fillna(np.inf).max()) if fits.size else 1.0
    if worst <= MIXED_RHAT:
        return None
    return f"chains of a compared fit have not mixed: R-hat {worst:.3g} of what it expects, above {MIXED_RHAT:g}"


def verdict_of(gain: float, lower: float, upper: float, gain_min: float) -> Literal["yes", "no", "unclear"]:
    """Return the verdict that an interval of the gain gives."""
    if lower > 0 and gain >= gain_min:
        return "yes"
    return "no" if upper < gain_min else "unclear"


def _gain(model: np.ndarray, media_free: np.ndarray) -> np.ndarray:
    """Return 1 − mean(model) / mean(media_free) over the last axis; NaN where nothing is missed without media."""
    missed = media_free.mean(axis=-1)
    return np.where(missed > 0, 1.0 - model.mean(axis=-1) / np.where(missed > 0, missed, 1.0), np.nan)


def _scores(forecasts: xr.Dataset, known: pd.DataFrame, name: str) -> np.ndarray:
    predictive = forecasts["predictive"].sel(forecaster=name).values[:, known["position"].to_numpy()]
    return crps_by_row(known["actual"].to_numpy(), predictive)
