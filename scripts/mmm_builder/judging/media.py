"""What media add to the forecast: the gain in CRPS over the twin without media, with intervals and a verdict."""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from ..evidence import MediaAdds
from ..modelling.folds import MODEL
from .bootstrap import SEED, block_length, percentiles, resampled_rows, resampled_sums
from .scoring import crps_by_row

LEVEL = 0.90
"""Level of the interval that the verdict goes by. In simulations without any gain (3 folds of 13 rows, lag-1
autocorrelation 0.3, up to 0.3 of the variance common to an origin) 0 to 6 % of the verdicts were a false yes, up to 8 %
with 31 held-out rows beside; by blocks within origins alone 0 to 16 %, and up to 20 %. In the loop: docs/loop.md."""

SHOWN_LEVEL = 0.80

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

Resample = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From scores (row,) with and without media and the segments (row,) to gains (resample,)."""


def media_evidence(
    forecasts: xr.Dataset, table: pd.DataFrame, *, gain_min: float, rows: Rows
) -> dict[str, MediaAdds | None]:
    """Return the figures of all pairs by name; None for a pair whose forecasters aren't there.

    table : one row per row of `forecasts` that counts, with `position` in it, `fold` and `actual`, see `twins`
    """
    return {n: pair_adds(forecasts, table, pair, gain_min=gain_min, rows=rows) for n, pair in PAIRS.items()}


def pair_adds(
    forecasts: xr.Dataset, table: pd.DataFrame, pair: tuple[str, str], *, gain_min: float, rows: Rows, **how
) -> MediaAdds | None:
    """Return what media add by a pair of forecasters, None if they aren't there; how : see `media_adds`."""
    if not np.isin(pair, forecasts["forecaster"]).all():
        return None
    known = table.dropna(subset="actual")
    scores = (_scores(forecasts, known, name) for name in pair)
    told = {"gain_min": gain_min, "rows": rows, "reason": _unmixed(forecasts, known, pair)}
    return media_adds(*scores, known["fold"].to_numpy(), **told, **how)


def media_adds(
    model: np.ndarray,
    media_free: np.ndarray,
    segment: np.ndarray,
    *,
    gain_min: float,
    rows: Rows,
    reason: str | None = None,
    level: float = LEVEL,
    resample: Resample | None = None,
) -> MediaAdds:
    """Return the gain 1 − Σ CRPS(model) / Σ CRPS(media_free) of scores (row,), with intervals and a verdict.

    segment : (row,) origin of each row's forecast, whose rows stand together
    reason : why there is no verdict, None if there may be one; resample : see `by_origin`, the default
    """
    told = {"gain_min": gain_min, "rows": rows, "n_rows": len(model), "level": level}
    gain = _gain(model, media_free)
    reason = _too_little(len(model), gain) or reason or _too_few_origins(len(np.unique(segment)))
    if len(model) < LEAST_ROWS or not np.isfinite(gain):
        nothing = dict.fromkeys(("lower", "upper", "lower_80", "upper_80"))
        found = float(gain) if np.isfinite(gain) else None
        return MediaAdds(verdict="unclear", crps_gain=found, reason=reason, **told, **nothing)
    gains = (resample or by_origin)(model, media_free, segment)
    (lower, upper), (lower_80, upper_80) = (percentiles(gains, at) or (None, None) for at in (level, SHOWN_LEVEL))
    return MediaAdds(
        verdict="unclear" if reason else _verdict(float(gain), lower, upper, gain_min), crps_gain=float(gain),
        lower=lower, upper=upper, lower_80=lower_80, upper_80=upper_80, reason=reason, **told,
    )  # fmt: skip


def by_origin(model: np.ndarray, media_free: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Return gains (resample,) of a paired bootstrap of origins, and of blocks of rows within those that are drawn.

    Forecasts from one origin share its errors, so that origins are drawn whole (Cameron, Gelbach and Miller 2008). K of
    them drawn with replacement vary by √((K − 1)/K) too little: the gains' distances from the gain are made longer by
    √(K/(K − 1)) (Rao and Wu 1988). Of one origin, which tells nothing of others, rows are resampled within it.
    """
    origins = len(np.unique(segment))
    if origins < 2:
        return within_origins(model, media_free, segment)
    length, rng = block_length(media_free - model, segment), np.random.default_rng(SEED)
    sums, gain = resampled_sums(np.stack([model, media_free], axis=1), segment, length, rng), _gain(model, media_free)
    gains = _ratio(sums[:, 0], sums[:, 1])
    return np.minimum(gain + math.sqrt(origins / (origins - 1)) * (gains - gain), 1.0)


def within_origins(model: np.ndarray, media_free: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Return gains (resample,) of a paired bootstrap of blocks of rows that never run over the end of a segment.

    They vary too little where forecasts from one origin share its errors.
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


def _verdict(gain: float, lower: float, upper: float, gain_min: float) -> Literal["yes", "no", "unclear"]:
    if lower > 0 and gain >= gain_min:
        return "yes"
    return "no" if upper < gain_min else "unclear"


def _gain(model: np.ndarray, media_free: np.ndarray) -> np.ndarray:
    """Return 1 − mean(model) / mean(media_free) over the last axis; NaN where nothing is missed without media."""
    return _ratio(model.mean(axis=-1), media_free.mean(axis=-1))


def _ratio(model: np.ndarray, media_free: np.ndarray) -> np.ndarray:
    return np.where(media_free > 0, 1.0 - model / np.where(media_free > 0, media_free, 1.0), np.nan)


def _scores(forecasts: xr.Dataset, known: pd.DataFrame, name: str) -> np.ndarray:
    predictive = forecasts["predictive"].sel(forecaster=name).values[:, known["position"].to_numpy()]
    return crps_by_row(known["actual"].to_numpy(), predictive)
