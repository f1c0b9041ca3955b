"""Forecasts of rolling folds and holdout made without sampling, in the form that `forecasting.forecast_all` has."""

import numpy as np
import pandas as pd
import xarray as xr

from mmm_builder.modelling.folds import HOLDOUT, rolling_origins

SAMPLES = 400


def made_panel(n: int = 156, *, n_train: int | None = None, seed: int = 1, freq: str = "W-MON") -> tuple:
    """Return a panel with a KPI of season and noise, and the KPI of all rows."""
    rng = np.random.default_rng(seed)
    n_train = n_train or n - -(-n // 5)
    kpi = 1000 + 100 * np.sin(2 * np.pi * np.arange(n) / 52) + rng.normal(0, 30, n)
    training = np.arange(n) < n_train
    panel = xr.Dataset(
        {"kpi": (("date",), np.where(training, kpi, np.nan)), "is_training": (("date",), training)},
        coords={"date": pd.date_range("2021-01-04", periods=n, freq=freq).to_numpy()},
    )
    return panel, kpi


def made_forecasts(
    panel: xr.Dataset, kpi: np.ndarray, *, sd: float = 30.0, seed: int = 2, **errors: np.ndarray | float
) -> xr.Dataset:
    """Return forecasts that miss the KPI by `errors`, by forecaster (a number, or one per row), with normal draws."""
    rng = np.random.default_rng(seed)
    errors = {"model": 0.0, "media_free": 0.0} | errors
    n_train, n = int(panel["is_training"].sum()), panel.sizes["date"]
    folds = rolling_origins(n_train)
    rows = np.arange(folds[0].n_train if folds else n_train, n)
    number = np.full(len(rows), HOLDOUT)
    for fold in folds:
        number[(rows >= fold.n_train) & (rows < fold.n_train + fold.n_test)] = fold.number
    expected = np.stack([(kpi + error)[rows] for error in errors.values()])
    origins = [HOLDOUT, *(fold.number for fold in folds)]
    fitted = np.full((len(origins), n_train), np.nan)
    for position, shown in enumerate([n_train, *(fold.n_train for fold in folds)]):
        fitted[position, :shown] = kpi[:shown] + rng.normal(0, 30, shown)
    return xr.Dataset(
        {
            "predictive": (("forecaster", "sample", "date"),
                           (expected[:, None] + sd * rng.normal(size=(SAMPLES, len(rows)))).astype(np.float32)),
            "expected": (("forecaster", "date"), expected),
            "fitted": (("origin", "training_date"), fitted),
            "divergences": (("forecaster", "origin"), np.zeros((len(errors), len(origins)), dtype=int)),
            "draws": (("forecaster", "origin"), np.full((len(errors), len(origins)), SAMPLES)),
            "worst_rhat": (("forecaster", "origin"), np.full((len(errors), len(origins)), 1.01)),
            "origin_of_date": (("date",), number),
        },
        coords={"forecaster": list(errors), "date": panel["date"].values[rows], "origin": origins,
                "training_date": panel["date"].values[:n_train]},
    )  # fmt: skip
