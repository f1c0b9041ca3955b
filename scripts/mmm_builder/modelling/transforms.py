"""Carry-over and saturation of media: closed tables of parts.

Arrays are series-first, (series, row): a series is the spend of one channel (in one panel unit). `xp` is the array
module that evaluates a part, `numpy` or `pytensor.tensor`, so that the sampled model and every prediction made from
its draws are the same formulas (`graphs` holds faster PyTensor forms of some, which tests compare).

An adstock has two halves: `prepare` turns spend into constants once, `apply` evaluates them at its parameters
(..., series). α is retention per period, λ the half-saturation on the scale of adstocked spend.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import lfilter

from ..spec import AdstockKind, Frequency, SaturationKind

KNOTS = 49
"""Knots of the α grid; `tests/unit/test_transforms.py` bounds the error over all of α."""

ARTANH_HALF = float(np.arctanh(0.5))

LAGS = 13
DAILY_LAGS = 91
"""Lags of the truncated convolutions, a quarter of a year. At a weekly α of 0.8 they leave out 5 % of the effect."""


def geometric_adstock(spend: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """Return A_t = x_t + α A_{t−1} (un-normalised, never truncated), by its recursion.

    spend : (..., row), in time order
    alpha : scalar, retention per period in [0, 1]
    """
    return lfilter([1.0], [1.0, -float(alpha)], spend, axis=-1)


def grid_position(xp: Any, alpha: Any, epsilon: Any) -> Any:
    """Return u(α) in [0, KNOTS − 1], in which the adstock of 1/(2ε) periods varies evenly: denser towards α = 1."""
    u = (xp.log(1.0 + epsilon) - xp.log(1.0 - alpha + epsilon)) / xp.log((1.0 + epsilon) / epsilon)
    return u * (KNOTS - 1)


def _prepare_grid(spend: np.ndarray, lags: int = LAGS) -> dict[str, np.ndarray]:
    """Tabulate geometric adstock as cubic Hermite pieces in u(α), with exact values and slopes at the knots.

    spend : (series, row). Returns `pieces` (series, interval, power, row) and `epsilon` ().
    """
    series, rows = spend.shape
    epsilon = 0.5 / rows
    u = np.linspace(0.0, 1.0, KNOTS)
    width = np.log((1.0 + epsilon) / epsilon)
    alphas = 1.0 + epsilon - np.exp(np.log(1.0 + epsilon) - u * width)
    values = np.stack([geometric_adstock(spend, a) for a in alphas], axis=1)
    # dA/dα obeys D_t = A_{t−1} + α D_{t−1}; du = dα / ((1 − α + ε) · width)
    lagged = np.concatenate([np.zeros((series, KNOTS, 1)), values[..., :-1]], axis=-1)
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
    """Evaluate the tabulated adstock at alpha (..., series): (..., series, row)."""
    pieces = constants["pieces"]
    position = grid_position(xp, alpha, constants["epsilon"])
    interval = xp.clip(xp.floor(position), 0, KNOTS - 2)
    s = (position - interval)[..., None]
    piece = pieces[xp.arange(pieces.shape[0]), interval.astype("int64")]
    return piece[..., 0, :] + s * (piece[..., 1, :] + s * (piece[..., 2, :] + s * piece[..., 3, :]))


def _no_adstock(xp: Any, constants: dict[str, Any]) -> Any:
    return constants["spend"]


def _recursion(xp: Any, constants: dict[str, Any], alpha: Any) -> Any:
    """Return A_t = x_t + α A_{t−1} row by row; `graphs` has the form that is sampled."""
    spend = constants["spend"]
    carried = np.empty(np.broadcast_shapes((*np.shape(alpha), 1), spend.shape))
    stock = np.zeros(carried.shape[:-1])
    for row in range(spend.shape[-1]):
        stock = spend[:, row] + alpha * stock
        carried[..., row] = stock
    return carried


def _lagged(spend: np.ndarray, lags: int = LAGS) -> dict[str, np.ndarray]:
    """Return the spend of each of the last `lags` periods (series, lag, row), with its lag (lag,)."""
    padded = np.pad(spend, ((0, 0), (lags - 1, 0)))
    rows = spend.shape[-1]
    lagged = np.stack([padded[:, lags - 1 - lag : lags - 1 - lag + rows] for lag in range(lags)], axis=1)
    return {"lagged": lagged, "lag": np.arange(lags, dtype=float)}


def _convolution(xp: Any, constants: dict[str, Any], alpha: Any) -> Any:
    """Return Σ_l α^l x_{t−l} over the lags that there are."""
    weights = alpha[..., None] ** constants["lag"]
    return xp.matmul(weights[..., None, :], constants["lagged"])[..., 0, :]


def _delayed(xp: Any, constants: dict[str, Any], alpha: Any, peak: Any) -> Any:
    """Return Σ_l α^((l − peak)²) x_{t−l}: the effect rises first (Jin et al. 2017, eq. 3, un-normalised)."""
    weights = alpha[..., None] ** (constants["lag"] - peak[..., None]) ** 2
    return xp.matmul(weights[..., None, :], constants["lagged"])[..., 0, :]


def _hill(xp: Any, adstocked: Any, half_saturation: Any) -> Any:
    """Hill curve with slope 1, A / (λ + A): 0 at 0, ½ at λ (Jin et al. 2017, eq. 5)."""
    return adstocked / (half_saturation[..., None] + adstocked)


def _hill_slope(xp: Any, adstocked: Any, half_saturation: Any, slope: Any) -> Any:
    """Hill curve A^s / (λ^s + A^s): S-shaped for s > 1 (Jin et al. 2017, eq. 5)."""
    # as the logistic function of the log odds: powers overflow
    log_odds = slope[..., None] * xp.log(xp.where(adstocked > 0, adstocked, 1.0) / half_saturation[..., None])
    return xp.where(adstocked > 0, 0.5 + 0.5 * xp.tanh(0.5 * log_odds), 0.0)


def _hill_at_typical_spend(xp: Any, adstocked: Any) -> Any:
    """Hill curve with slope 1 and λ held at typical spend."""
    return adstocked / (1.0 + adstocked)


def _logistic(xp: Any, adstocked: Any, half_saturation: Any) -> Any:
    """Logistic curve (1 − e^{−kA}) / (1 + e^{−kA}) = tanh(kA / 2) with k such that it stands at ½ at λ."""
    return xp.tanh(ARTANH_HALF * adstocked / half_saturation[..., None])


def _linear(xp: Any, adstocked: Any) -> Any:
    return adstocked


class Adstock(NamedTuple):
    """One way to carry media over; `parameters` are the names of its variables in the trace."""

    parameters: tuple[str, ...]
    prepare: Callable[..., dict[str, np.ndarray]]
    apply: Callable[..., Any]


class SaturationCurve(NamedTuple):
    """One way for media to saturate; `at_typical_spend` is where it stands at the unit of adstocked spend."""

    parameters: tuple[str, ...]
    at_typical_spend: float
    apply: Callable[..., Any]


def _as_it_is(spend: np.ndarray, lags: int = LAGS) -> dict[str, np.ndarray]:
    return {"spend": spend}


ADSTOCKS: dict[AdstockKind, Adstock] = {
    "none": Adstock((), _as_it_is, _no_adstock),
    "geometric_grid": Adstock(("adstock_alpha",), _prepare_grid, _apply_grid),
    "geometric_scan": Adstock(("adstock_alpha",), _as_it_is, _recursion),
    "geometric_convolution": Adstock(("adstock_alpha",), _lagged, _convolution),
    "delayed": Adstock(("adstock_alpha", "adstock_peak"), _lagged, _delayed),
}

SATURATIONS: dict[SaturationKind, SaturationCurve] = {
    "linear": SaturationCurve((), 1.0, _linear),
    "hill": SaturationCurve(("half_saturation",), 0.5, _hill),
    "hill_slope": SaturationCurve(("half_saturation", "hill_slope"), 0.5, _hill_slope),
    "hill_at_typical_spend": SaturationCurve((), 0.5, _hill_at_typical_spend),
    "logistic": SaturationCurve(("half_saturation",), 0.5, _logistic),
}


def lags_of(frequency: Frequency) -> int:
    """Return how many periods the truncated convolutions reach back."""
    return DAILY_LAGS if frequency == "daily" else LAGS


def carried_over(kind: AdstockKind, spend: np.ndarray, values: list[Any], lags: int = LAGS) -> np.ndarray:
    """Return adstocked spend (series, row) at values (series,) of its parameters, by a form that needs no table."""
    adstock = ADSTOCKS["geometric_scan" if kind == "geometric_grid" else kind]
    return adstock.apply(np, adstock.prepare(spend, lags), *values)


def saturated_media(
    adstock: Adstock, saturation: SaturationCurve, media: dict[str, Any], values: dict[str, Any]
) -> Any:
    """Return saturated media (..., series, row) in NumPy, given the parameters' values (..., series) by name."""
    carried = adstock.apply(np, media, *(values[name] for name in adstock.parameters))
    return saturation.apply(np, carried, *(values[name] for name in saturation.parameters))


def typical_adstocked_spend(carried: np.ndarray, spend: np.ndarray) -> float:
    """Return the median adstocked spend over the rows with spend, the unit of λ (1 if there is none).

    carried, spend : (row,) training rows in time order
    """
    active = spend > 0
    return float(np.median(carried[active])) if active.any() else 1.0
