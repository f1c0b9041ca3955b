"""What adds to the mean besides media and is not linear in its parameters: a closed table of curves.

A curve has `prepare`, its constants from the data; `variables`, what is sampled for it; and `apply`, its values
(..., unit, row) in units of the KPI's scale, in NumPy or in PyTensor.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ..distributions import Prior
from ..spec import ModelSpec
from .centring import centring
from .parameters import STANDARD, Variable, given
from .terms import fourier, training_scale, trend_position

N_KNOTS = 40
"""Knots of a local linear trend over the calendar, at most; with fewer rows one a row."""


class Curve(NamedTuple):
    """One curve; `is_part` tells whether a spec asks for it."""

    is_part: Callable[[ModelSpec], bool]
    prepare: Callable[[xr.Dataset, ModelSpec], dict[str, np.ndarray]]
    variables: Callable[[ModelSpec, dict[str, np.ndarray], int], list[Variable]]
    apply: Callable[[Any, dict[str, Any], dict[str, Any]], Any]


def curves_of(spec: ModelSpec) -> list[Curve]:
    """Return the curves that a spec asks for."""
    return [curve for curve in CURVES.values() if curve.is_part(spec)]


def _of_trend(spec: ModelSpec, name: str) -> Prior:
    return given(getattr(spec.trend, name), spec, "trend", name, f"kind {spec.trend.kind!r}")


# --- damped trend ----------------------------------------------------------------------------------------------------


def _damped_constants(panel: xr.Dataset, spec: ModelSpec) -> dict[str, np.ndarray]:
    return {"trend_time": trend_position(panel) + 0.5}


def _damped_variables(spec: ModelSpec, constants: dict[str, np.ndarray], units: int) -> list[Variable]:
    return [
        Variable("trend_slope", (), (), (spec.trend.slope,)),
        Variable("trend_damping", (), (), (_of_trend(spec, "damping"),)),
    ]


def _damped(xp: Any, constants: dict[str, Any], sampled: dict[str, Any]) -> Any:
    """Return slope · (1 − e^{−κu}) / (1 − e^{−κ}), centred, with u the share of the training window gone by.

    The slope is the change over the training window; a damped trend flattens out (Gardner and McKenzie 1985).
    """
    slope, damping = sampled["trend_slope"][..., None, None], sampled["trend_damping"][..., None, None]
    rise = xp.expm1(-damping * constants["trend_time"]) / xp.expm1(-damping)
    return slope * (rise - xp.expm1(-0.5 * damping) / xp.expm1(-damping))


# --- local linear trend ----------------------------------------------------------------------------------------------


def _walk_constants(panel: xr.Dataset, spec: ModelSpec) -> dict[str, np.ndarray]:
    """Return the ramps (knot, row) whose weighted sum is a random walk, linear between knots."""
    rows, n_train = panel.sizes["date"], int(panel["is_training"].sum())
    spacing = max(1.0, rows / N_KNOTS)
    starts = np.arange(0.0, rows - 1, spacing)
    ramps = np.clip((np.arange(rows)[None, :] - starts[:, None]) / spacing, 0.0, 1.0)
    return {"trend_ramps": ramps * np.sqrt(spacing / n_train)}


def _walk_variables(spec: ModelSpec, constants: dict[str, np.ndarray], units: int) -> list[Variable]:
    knots = len(constants["trend_ramps"])
    return [
        Variable("trend_drift", (), (), (_of_trend(spec, "drift"),)),
        Variable("trend_step", ("knot",), (knots,), (STANDARD,) * knots),
    ]


def _walk(xp: Any, constants: dict[str, Any], sampled: dict[str, Any]) -> Any:
    """Return a Gaussian random walk; `drift` is its standard deviation after one training window."""
    walk = xp.dot(sampled["trend_step"], constants["trend_ramps"])
    return (sampled["trend_drift"][..., None] * walk)[..., None, :]


# --- season of a panel -----------------------------------------------------------------------------------------------


def _season_constants(panel: xr.Dataset, spec: ModelSpec) -> dict[str, np.ndarray]:
    season, shown = spec.seasonality, panel["is_training"].values
    waves = fourier(np.arange(panel.sizes["date"]), season.period, season.order).T
    kpi = panel["kpi"].values[:, shown] / training_scale(panel)[:, None]
    line = np.stack([np.ones(shown.sum()), trend_position(panel)[shown]], axis=1)
    columns = np.concatenate([line, waves[:, shown].T], axis=1)
    fitted = np.linalg.lstsq(columns, kpi.T, rcond=None)[0][2:]
    matrix, prior_sd = np.broadcast_to(line, (len(kpi), *line.shape)), np.ones(2)
    spread = spec.pooling.across_units.season_spread
    season_of_unit = (fitted.T @ waves[:, shown])[:, None]
    own = centring(season_of_unit, matrix, kpi, prior_sd, spread, fitted=len(waves))[:, 0]
    return {"season_waves": waves, "season_deviation_centring": own}


def _season_variables(spec: ModelSpec, constants: dict[str, np.ndarray], units: int) -> list[Variable]:
    waves = len(constants["season_waves"])
    return [
        Variable("season_coefficient", ("fourier",), (waves,), (spec.seasonality.coefficient,) * waves),
        Variable("season_spread", (), (), (spec.pooling.across_units.season_spread,)),
        Variable("season_deviation", ("unit",), (units,), (STANDARD,) * units, spread="season_spread"),
    ]


def _season(xp: Any, constants: dict[str, Any], sampled: dict[str, Any]) -> Any:
    """Return the common season, scaled per unit; the log scales sum to zero over the units."""
    season = xp.dot(sampled["season_coefficient"], constants["season_waves"])
    spread = sampled["season_spread"][..., None] ** (1.0 - constants["season_deviation_centring"])
    deviation = spread * sampled["season_deviation"]
    scale = xp.exp(deviation - xp.mean(deviation, axis=-1)[..., None])
    return scale[..., None] * season[..., None, :]


CURVES: dict[str, Curve] = {
    "damped_trend": Curve(lambda spec: spec.trend.kind == "damped", _damped_constants, _damped_variables, _damped),
    "local_trend": Curve(lambda spec: spec.trend.kind == "local_linear", _walk_constants, _walk_variables, _walk),
    "unit_season": Curve(
        lambda spec: spec.pooling.across_units is not None and spec.seasonality.order > 0,
        _season_constants, _season_variables, _season,
    ),
}  # fmt: skip
