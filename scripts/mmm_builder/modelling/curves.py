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
from .centring import centring, turned
from .parameters import STANDARD, Variable, given
from .terms import fourier, linear_terms, training_scale, trend_position

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
    """Return the shapes (shape, row) whose weighted sum is a random walk, linear between knots.

    The ramps from knot to knot, turned so that the training rows tell the weights one by one, what else is linear left
    to its own terms: independent standard normal weights stay so when turned. With `trend_step_centring` (shape,), see
    `centring`.
    """
    rows, n_train = panel.sizes["date"], int(panel["is_training"].sum())
    spacing = max(1.0, rows / N_KNOTS)
    starts = np.arange(0.0, rows - 1, spacing)
    ramps = np.clip((np.arange(rows)[None, :] - starts[:, None]) / spacing, 0.0, 1.0) * np.sqrt(spacing / n_train)
    shown, terms = panel["is_training"].values, linear_terms(panel, spec)
    priors = [p for term in terms for p in term.priors]
    matrix = np.concatenate([t.values for t in terms], axis=-1)[:, shown]
    kpi = panel["kpi"].values[:, shown] / training_scale(panel)[:, None] - matrix @ np.array([p.mu for p in priors])
    media = _rough_media(panel, spec)[:, shown]
    matrix = np.concatenate([matrix, media], axis=-1)
    prior_sd = np.array([*(p.sigma for p in priors), *np.ones(media.shape[-1])])
    directions, own = turned(ramps[:, shown], matrix, kpi, prior_sd, _of_trend(spec, "drift"))
    return {"trend_shapes": directions.T @ ramps, "trend_step_centring": own}


def _rough_media(panel: xr.Dataset, spec: ModelSpec) -> np.ndarray:
    """Return saturating spend (unit, row, channel): what stands in for media where they only must not be forgotten."""
    names = [c.column for c in spec.channels if c.column in panel["channel"]]
    spend = panel["spend"].sel(channel=names).transpose("unit", "date", "channel").values
    typical = spend[:, panel["is_training"].values].mean(axis=1, keepdims=True)
    return spend / np.where(typical > 0, spend + typical, 1.0)


def _walk_variables(spec: ModelSpec, constants: dict[str, np.ndarray], units: int) -> list[Variable]:
    shapes = len(constants["trend_shapes"])
    return [
        Variable("trend_drift", (), (), (_of_trend(spec, "drift"),)),
        Variable("trend_step", ("shape",), (shapes,), (STANDARD,) * shapes, spread="trend_drift"),
    ]


def _walk(xp: Any, constants: dict[str, Any], sampled: dict[str, Any]) -> Any:
    """Return a Gaussian random walk; `drift` is its standard deviation after one training window."""
    size = sampled["trend_drift"][..., None] ** (1.0 - constants["trend_step_centring"])
    return xp.dot(size * sampled["trend_step"], constants["trend_shapes"])[..., None, :]


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
