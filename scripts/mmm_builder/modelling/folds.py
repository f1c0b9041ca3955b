"""Rolling-origin folds inside the training rows: what a model is judged by before the holdout is ever opened.

A fold is the same data with less of it shown: the KPI after its origin is hidden, the periods after its test window
are cut off, so that a fold is one more panel and everything that data determine is taken from its own training rows.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from ..spec import ModelSpec

FOLDS = 3

TESTED_SHARE = 1 / 3
"""Part of the training rows, the last ones, that the folds predict by turns."""

LEAST_TRAINING = 8
"""Training rows below which a fold tells nothing."""

HOLDOUT = 0
"""Number of the origin at the end of the training rows, beside the folds 1, 2, …"""

MODEL = "model"
"""The forecaster that is the model itself, beside its twins."""

LEAST_TESTED = 2
"""Rows that a fold must predict: of one there is no R²."""


LEAST_SHIFTED = 4
"""Training rows that a fold must have at a new level to know it."""


class Fold(NamedTuple):
    """One origin: the first `n_train` rows are shown, the `n_test` after them are predicted. Numbers start at 1."""

    number: int
    n_train: int
    n_test: int


def rolling_origins(n_train: int) -> tuple[Fold, ...]:
    """Return the folds of `n_train` training rows: expanding windows whose tests join up to the last of them.

    None where the rows are too few (Tashman 2000 on rolling origins).
    """
    n_test = int(n_train * TESTED_SHARE / FOLDS)
    first = n_train - FOLDS * n_test
    if n_test < LEAST_TESTED or first < LEAST_TRAINING:
        return ()
    return tuple(Fold(k + 1, first + k * n_test, n_test) for k in range(FOLDS))


def fold_panel(panel: xr.Dataset, fold: Fold) -> xr.Dataset:
    """Return a panel (date, ...) as it stood at a fold's origin, up to the end of what the fold predicts."""
    window = panel.isel(date=slice(0, fold.n_train + fold.n_test))
    shown = xr.DataArray(np.arange(window.sizes["date"]) < fold.n_train, dims="date", coords={"date": window["date"]})
    return window.assign(kpi=window["kpi"].where(shown), is_training=shown)


def fold_spec(spec: ModelSpec, panel: xr.Dataset) -> ModelSpec:
    """Return the spec without what only rows after a fold's origin could tell: pulses, level shifts and lift tests.

    panel : of the fold
    """
    shown = panel["date"].values[panel["is_training"].values].astype("datetime64[D]").astype(str)
    last = shown[-1]
    return spec.model_copy(
        update={
            "pulses": tuple(p for p in spec.pulses if p.date <= last),
            "level_shifts": tuple(s for s in spec.level_shifts if (shown >= s.date).sum() >= LEAST_SHIFTED),
            "lift_tests": tuple(t for t in spec.lift_tests if t.end <= last),
        }
    )
