"""The linear part of the model: intercept, trend, season, controls and pulses as columns of one matrix.

Everything that data determine is taken from training rows only.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr

from ..errors import InputError, did_you_mean
from ..spec import ModelSpec, Normal


class Term(NamedTuple):
    """A block of columns: `variable` in the trace, `dim` with its `labels` (None: a scalar), (row, column) values.

    centre, scale : (column,) what was subtracted from the source's values and what they were divided by, if anything
    """

    variable: str
    dim: str | None
    labels: tuple[str, ...]
    values: np.ndarray
    priors: tuple[Normal, ...]
    centre: np.ndarray | None = None
    scale: np.ndarray | None = None


def linear_terms(panel: xr.Dataset, spec: ModelSpec) -> list[Term]:
    """Return the blocks that the spec asks for, in the order of the table; empty ones are left out.

    panel : national Dataset (date), (date, control)
    Raises InputError for a control that isn't in the data and for a pulse that isn't a training period.
    """
    built = (build(panel, spec) for build in TERMS)
    return [term for term in built if term is not None]


def training_scale(panel: xr.Dataset) -> float:
    """Return the KPI's scale: the absolute mean of its training rows, or their standard deviation if that is near 0."""
    kpi = panel["kpi"].values[panel["is_training"].values]
    mean, spread = abs(float(kpi.mean())), float(kpi.std())
    return mean if mean > 0.1 * spread else spread


def check_columns(kind: str, named: list[str], present: list[str], spec: ModelSpec) -> None:
    """Raise InputError if a column of the spec isn't in the data, or is named twice."""
    for column in named:
        if column not in present:
            raise InputError(
                f"configuration of iteration {spec.iteration}: the data have no {kind} column "
                f"{column!r}{did_you_mean(column, present)}; known: {', '.join(present) or 'none'}"
            )
        if named.count(column) > 1:
            raise InputError(
                f"configuration of iteration {spec.iteration}: the {kind} column {column!r} is there "
                f"{named.count(column)} times; leave it once"
            )


def fourier(position: np.ndarray, period: float, order: int) -> np.ndarray:
    """Return sin and cos pairs 1..order at `position` (row,) in periods: (row, 2·order)."""
    angles = 2.0 * np.pi * position[:, None] * np.arange(1, order + 1) / period
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(position), 2 * order)


def _intercept(panel: xr.Dataset, spec: ModelSpec) -> Term:
    return Term("intercept", None, ("intercept",), np.ones((panel.sizes["date"], 1)), (spec.intercept,))


def _trend(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    """Time centred on the training window, one unit long there, so that the slope is the change over it."""
    if spec.trend.kind == "none":
        return None
    n_train = int(panel["is_training"].sum())
    position = (np.arange(panel.sizes["date"]) - (n_train - 1) / 2) / n_train
    return Term("trend_slope", None, ("trend",), position[:, None], (spec.trend.slope,))


def _season(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    season = spec.seasonality
    if season.order == 0:
        return None
    labels = tuple(f"{wave}_{k}" for k in range(1, season.order + 1) for wave in ("sin", "cos"))
    values = fourier(np.arange(panel.sizes["date"]), season.period, season.order)
    return Term("season_coefficient", "fourier", labels, values, (season.coefficient,) * len(labels))


def _controls(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    if not spec.controls:
        return None
    names = [c.column for c in spec.controls]
    check_columns("control", names, [str(c) for c in panel["control"].values], spec)
    values = panel["controls"].sel(control=names).values
    shown = values[panel["is_training"].values]
    # not by the standard deviation, which rounding keeps above 0 where all rows are 0.1, say
    moves = np.ptp(shown, axis=0) > 0
    as_it_is = np.isin(shown, (0.0, 1.0)).all(axis=0) | ~moves
    centre, scale = np.where(as_it_is, 0.0, shown.mean(axis=0)), np.where(as_it_is, 1.0, shown.std(axis=0))
    # a column that never moved in training tells nothing of its effect and must not act on held-out rows
    values = np.where(moves, (values - centre) / scale, 0.0)
    priors = tuple(c.coefficient for c in spec.controls)
    return Term("control_coefficient", "control", tuple(names), values, priors, centre, scale)


def _pulses(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    if not spec.pulses:
        return None
    dates = tuple(p.date for p in spec.pulses)
    training = panel["date"].values[panel["is_training"].values].astype("datetime64[D]").astype(str)
    for date in dates:
        if date not in training or dates.count(date) > 1:
            raise InputError(
                f"configuration of iteration {spec.iteration}: pulses: {date!r} is not the date of a training period, "
                f"or is there twice; give dates of the data from {training[0]} to {training[-1]}, each once"
            )
    values = (panel["date"].values[:, None] == np.array(dates, dtype="datetime64[ns]")[None, :]).astype(float)
    return Term("pulse_coefficient", "pulse", dates, values, tuple(p.coefficient for p in spec.pulses))


TERMS: tuple[Callable[[xr.Dataset, ModelSpec], Term | None], ...] = (_intercept, _trend, _season, _controls, _pulses)
