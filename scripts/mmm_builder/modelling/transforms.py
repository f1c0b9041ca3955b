"""Carry-over and saturation of media: closed tables of parts.

Arrays are channel-first, (channel, row); `xp` is the array module that evaluates a part, `numpy` or
`pytensor.tensor`, so that the sampled model and every prediction made from its draws are the same code.

An adstock has two halves: `prepare` turns spend into constants once, `apply` evaluates them at `alpha`. α is
retention per period, λ the half-saturation on the scale of adstocked spend.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import lfilter

KNOTS = 41
"""Knots of the α grid; `tests/unit/test_transforms.py` bounds the error over all of α."""


def geometric_adstock(spend: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """Return A_t = x_t + α A_{t−1} (un-normalised, never truncated), by its recursion.

    spend : (..., row), in time order
    alpha : scalar, retention per period in [0, 1]
    """
    return lfilter([1.0], [1.0, -float(alpha)], spend, axis=-1)


def _grid_coordinate(xp: Any, alpha: Any, epsilon: float) -> Any:
    """Return u(α) in [0, 1], in which the adstock of a series of 1/(2ε) periods varies evenly: denser towards 1."""
    return (np.log(1.0 + epsilon) - xp.log(1.0 - alpha + epsilon)) / np.log((1.0 + epsilon) / epsilon)


def _prepare_grid(spend: np.ndarray) -> dict[str, np.ndarray]:
    """Tabulate geometric adstock as cubic Hermite pieces in u(α), with exact values and slopes at the knots.

    spend : (channel, row). Returns `pieces` (channel, interval, power, row) and `epsilon` ().
    """
    channels, rows = spend.shape
    epsilon = 0.5 / rows
    u = np.linspace(0.0, 1.0, KNOTS)
    width = np.log((1.0 + epsilon) / epsilon)
    alphas = 1.0 + epsilon - np.exp(np.log(1.0 + epsilon) - u * width)
    values = np.stack([geometric_adstock(spend, a) for a in alphas], axis=1)
    # dA/dα obeys D_t = A_{t−1} + α D_{t−1}; du = dα / ((1 − α + ε) · width)
    lagged = np.concatenate([np.zeros((channels, KNOTS, 1)), values[..., :-1]], axis=-1)
    slopes = np.stack([geometric_adstock(lagged[:, k], a) for k, a in enumerate(alphas)], axis=1)
    slopes *= ((1.0 - alphas + epsilon) * width / (KNOTS - 1))[None, :, None]
    left, right, slope_left, slope_right = values[:, :-1], values[:, 1:], slopes[:, :-1], slopes[:, 1:]
    pieces = [
        left,
        slope_left,
        3 * (right - left) - 2 * slope_left - slope_right,
        2 * (left - right) + slope_left + slope_right,
    ]
    return {"pieces": np.stack(pieces, axis=2), "epsilon": np.asarray(epsilon)}


def _apply_grid(xp: Any, constants: dict[str, Any], alpha: Any) -> Any:
    """Evaluate the tabulated adstock at alpha (..., channel): (..., channel, row)."""
    pieces = constants["pieces"]
    position = _grid_coordinate(xp, alpha, constants["epsilon"]) * (KNOTS - 1)
    interval = xp.clip(xp.floor(position), 0, KNOTS - 2)
    s = position - interval
    piece = pieces[xp.arange(pieces.shape[0]), interval.astype("int64")]
    powers = xp.stack([xp.ones_like(s), s, s * s, s * s * s], axis=-1)
    return xp.sum(piece * powers[..., None], axis=-2)


class Adstock(NamedTuple):
    """One way to carry media over; `parameters` are the names in the config and in the trace."""

    parameters: tuple[str, ...]
    prepare: Callable[[np.ndarray], dict[str, np.ndarray]]
    apply: Callable[..., Any]


class SaturationCurve(NamedTuple):
    """One way for media to saturate; `at_typical_spend` is where it stands at the unit of adstocked spend."""

    parameters: tuple[str, ...]
    at_typical_spend: float
    apply: Callable[..., Any]


def _no_adstock(xp: Any, constants: dict[str, Any]) -> Any:
    return constants["spend"]


def _hill(xp: Any, adstocked: Any, half_saturation: Any) -> Any:
    """Hill curve with slope 1, A / (λ + A): 0 at 0, ½ at λ (Jin et al. 2017, eq. 5)."""
    return adstocked / (half_saturation[..., None] + adstocked)


def _linear(xp: Any, adstocked: Any) -> Any:
    return adstocked


ADSTOCKS = {
    "none": Adstock((), lambda spend: {"spend": spend}, _no_adstock),
    "geometric_grid": Adstock(("adstock_alpha",), _prepare_grid, _apply_grid),
}

SATURATIONS = {
    "linear": SaturationCurve((), 1.0, _linear),
    "hill": SaturationCurve(("half_saturation",), 0.5, _hill),
}


def typical_adstocked_spend(spend: np.ndarray, alpha: float) -> float:
    """Return the median adstocked spend over the rows with spend, the unit of λ (1 if there is none).

    spend : (row,) training rows in time order
    """
    active = spend > 0
    return float(np.median(geometric_adstock(spend, alpha)[active])) if active.any() else 1.0
