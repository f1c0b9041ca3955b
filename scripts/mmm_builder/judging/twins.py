"""The model's forecasts beside what came and beside its twins: the media-free model, and the season before."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ..evidence import Scores, Twins, TwinScores
from ..modelling.folds import HOLDOUT, MODEL
from . import scoring

DAYS_PER_YEAR = 365.25

WEEKS_PER_YEAR = 52

LONGEST_DAY = 3.0
"""Mean distance in days below which rows are days, weekends left out or not."""


class Naive(NamedTuple):
    """A forecast that repeats the last season: expected KPI (row,) and the standard deviation of its errors."""

    expected: np.ndarray
    sd: float


def season_length(dates: np.ndarray) -> int:
    """Return the rows of a year, at least 1, from the mean distance of the dates (row,).

    Of rows that are days it is 52 weeks, so that a day has the weekday of the one a season earlier.
    """
    days = float((dates[-1] - dates[0]) / np.timedelta64(1, "D")) / max(1, len(dates) - 1)
    if days < LONGEST_DAY:
        return WEEKS_PER_YEAR * max(1, round(7 / days)) if days > 0 else 1
    return max(1, round(DAYS_PER_YEAR / days))


def seasonal_naive(shown: np.ndarray, horizon: int, season: int) -> Naive:
    """Return the KPI one season earlier for `horizon` rows after those shown (row,), the last season again and again.

    With less than a season shown, its last value. The errors' standard deviation is that of the same rule within the
    rows shown, about zero; with less than two such errors, that of the last value's.
    """
    lag = season if len(shown) >= season else 1
    expected = shown[len(shown) - lag + np.arange(horizon) % lag]
    in_sample = lag if len(shown) >= lag + 2 else 1
    errors = shown[in_sample:] - shown[:-in_sample]
    return Naive(expected, float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0)


def forecast_table(panel: xr.Dataset, forecasts: xr.Dataset, held_out: np.ndarray | None = None) -> pd.DataFrame:
    """Return one row per row that some origin forecasts, in the order of `forecasts`.

    panel : kpi (date) or (date, unit); held_out : KPI (date,) of the held-out rows, where they have been opened

    Columns: position in `forecasts`, row of the panel, date, fold (0: held out), actual (NaN: unknown, or not
    opened), predicted, lower_80, upper_80, media_free (NaN: trained without twins), seasonal_naive, naive_sd, in the
    KPI's own units, units summed.
    """
    kpi = kpi_of_rows(panel)
    if held_out is not None:
        kpi[~panel["is_training"].values] = held_out
    dates, folds = forecasts["date"].values, forecasts["origin_of_date"].values
    lower, upper = scoring.interval(forecasts["predictive"].sel(forecaster=MODEL).values)
    table = pd.DataFrame(
        {
            "position": np.arange(len(dates)),
            "row": np.searchsorted(panel["date"].values, dates),
            "date": pd.DatetimeIndex(dates),
            "fold": folds,
            "predicted": forecasts["expected"].sel(forecaster=MODEL).values,
            "lower_80": lower.astype(float),
            "upper_80": upper.astype(float),
            "media_free": forecasts["expected"].reindex(forecaster=["media_free"]).values[0],
        }
    )
    table.insert(4, "actual", kpi[table["row"]])
    season = season_length(panel["date"].values)
    naive = [
        seasonal_naive(kpi[: own["row"].iloc[0]], len(own), season) for _, own in table.groupby("fold", sort=False)
    ]
    sizes = [len(n.expected) for n in naive]
    found = {
        "seasonal_naive": np.concatenate([n.expected for n in naive]),
        "naive_sd": np.repeat([n.sd for n in naive], sizes),
    }
    return table.assign(**found)


def kpi_of_rows(panel: xr.Dataset) -> np.ndarray:
    """Return the KPI (date,) of a panel in its own units, units summed; NaN on held-out dates."""
    kpi = panel["kpi"]
    return (kpi.sum("unit", skipna=False) if "unit" in kpi.dims else kpi).values.astype(float)


def scores(forecasts: xr.Dataset, table: pd.DataFrame) -> Scores:
    """Return the model's scores over rows of the table of forecasts whose KPI is known."""
    known = table.dropna(subset="actual")
    if known.empty:
        return Scores(**dict.fromkeys(Scores.model_fields))
    actual, predicted, lower, upper = known[["actual", "predicted", "lower_80", "upper_80"]].to_numpy().T
    predictive = forecasts["predictive"].sel(forecaster=MODEL).values[:, known["position"].to_numpy()]
    shares = scoring.error_shares(actual, predicted) or (None, None, None)
    return Scores(
        r2=scoring.r2(actual, predicted),
        mape=scoring.mape(actual, predicted),
        wmape=scoring.wmape(actual, predicted),
        crps=scoring.crps(actual, predictive),
        coverage_80=scoring.coverage(actual, lower, upper),
        bias_share=shares[0],
        variance_share=shares[1],
        shape_share=shares[2],
    )


def twin_scores(forecasts: xr.Dataset, table: pd.DataFrame) -> Twins | None:
    """Return both twins' scores over rows of the table of forecasts whose KPI is known; None without any, or twins."""
    known = table.dropna(subset="actual")
    if known.empty or "media_free" not in forecasts["forecaster"]:
        return None
    actual = known["actual"].to_numpy()
    predictive = forecasts["predictive"].sel(forecaster="media_free").values[:, known["position"].to_numpy()]
    naive, sd = known["seasonal_naive"].to_numpy(), known["naive_sd"].to_numpy()
    return Twins(
        media_free=_of_twin(actual, known["media_free"].to_numpy(), scoring.crps_by_row(actual, predictive)),
        seasonal_naive=_of_twin(actual, naive, scoring.crps_normal_by_row(actual, naive, sd)),
    )


def _of_twin(actual: np.ndarray, predicted: np.ndarray, crps: np.ndarray) -> TwinScores:
    return TwinScores(
        oos_r2=scoring.r2(actual, predicted), oos_mape=scoring.mape(actual, predicted), crps=float(crps.mean())
    )


def of_folds(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the table of forecasts that a fold predicts, the held-out ones left out."""
    return table[table["fold"] != HOLDOUT]
