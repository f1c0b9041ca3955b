"""What media add to the forecast: the gain in CRPS over the twin without media, with intervals and a verdict."""

from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from ..evidence import MediaAdds
from ..modelling.folds import MODEL
from .bootstrap import SEED, block_length, percentiles, resampled_rows
from .scoring import crps_by_row

LEVEL = 0.90
"""Level of the interval that the verdict goes by. Forecasts from few origins share errors that resampling can't see, so
that the interval is narrower than its name; how often a yes is false was found by simulation (docs/loop.md)."""

SHOWN_LEVEL = 0.80

LEAST_ROWS = 12
"""Forecasts below which no verdict is given: resampling so few understates what chance does."""

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
    known = table.dropna(subset="actual")
    return {
        figure: media_adds(*(_scores(forecasts, known, name) for name in pair), known["fold"].to_numpy(),
                           gain_min=gain_min, rows=rows)
        if np.isin(pair, forecasts["forecaster"]).all()
        else None
        for figure, pair in PAIRS.items()
    }  # fmt: skip


def media_adds(
    model: np.ndarray,
    media_free: np.ndarray,
    segment: np.ndarray,
    *,
    gain_min: float,
    rows: Rows,
    level: float = LEVEL,
) -> MediaAdds:
    """Return the gain 1 − Σ CRPS(model) / Σ CRPS(media_free) of scores (row,), intervals by a paired block bootstrap.

    Rows are resampled in blocks, model and twin together, and none runs over the end of a segment (a fold, the
    holdout): within one, forecasts share their origin and so their errors.
    """
    told = {"gain_min": gain_min, "rows": rows, "n_rows": len(model), "level": level}
    gain = _gain(model, media_free)
    if len(model) < LEAST_ROWS or not np.isfinite(gain):
        few = f"{len(model)} forecasts are too few to tell; at least {LEAST_ROWS} are needed"
        reason = few if len(model) < LEAST_ROWS else "the forecasts without media miss nothing"
        nothing = dict.fromkeys(("lower", "upper", "lower_80", "upper_80"))
        found = float(gain) if np.isfinite(gain) else None
        return MediaAdds(verdict="unclear", crps_gain=found, reason=reason, **told, **nothing)
    length = block_length(media_free - model, segment)
    chosen = resampled_rows(segment, length, np.random.default_rng(SEED))
    gains = _gain(model[chosen], media_free[chosen])
    (lower, upper), (lower_80, upper_80) = (percentiles(gains, at) or (None, None) for at in (level, SHOWN_LEVEL))
    return MediaAdds(
        verdict=_verdict(float(gain), lower, upper, gain_min), crps_gain=float(gain),
        lower=lower, upper=upper, lower_80=lower_80, upper_80=upper_80, **told,
    )  # fmt: skip


def _verdict(gain: float, lower: float, upper: float, gain_min: float) -> Literal["yes", "no", "unclear"]:
    if lower > 0 and gain >= gain_min:
        return "yes"
    return "no" if upper < gain_min else "unclear"


def _gain(model: np.ndarray, media_free: np.ndarray) -> np.ndarray:
    """Return 1 − mean(model) / mean(media_free) over the last axis; NaN where nothing is missed without media."""
    without = media_free.mean(axis=-1)
    return np.where(without > 0, 1.0 - model.mean(axis=-1) / np.where(without > 0, without, 1.0), np.nan)


def _scores(forecasts: xr.Dataset, known: pd.DataFrame, name: str) -> np.ndarray:
    predictive = forecasts["predictive"].sel(forecaster=name).values[:, known["position"].to_numpy()]
    return crps_by_row(known["actual"].to_numpy(), predictive)
