"""The posterior of a model with everything that is linear and Normal integrated out: what the rest, φ, says.

φ holds carry-over, saturation and coefficients of media, damping and drift of a trend, and the noise, each on the
scale on which its prior is standard normal (`standard_scale`). Given φ, media m(φ) are a known series and the linear
terms integrate out: y − m ~ N(X μ₀, X S² Xᵀ + σ² W⁻¹). `mode` maximises over φ, `averaging` integrates over it. No
PyMC here.
"""

from typing import Any, NamedTuple

import numpy as np

from ..distributions import Normal
from ..modelling.curves import Curve, curves_of
from ..modelling.design import Design
from ..modelling.parameters import EFFECT, Variable, channel_parameters, media_values, media_variables, noise_variables
from ..modelling.transforms import ADSTOCKS, SATURATIONS, saturated_media
from ..spec import ModelSpec
from .standard_scale import Parameters, named_values, parameters_of

DIFFERENCE = 1e-5
"""Relative step of the differences by which media are differentiated."""

LEAST_VALUE = 1e-12
"""Value of a parameter below which its step is as large as this."""


class Problem(NamedTuple):
    """What is constant while the mode is sought: a design, its spec, and where the entries of φ stand.

    fixed, fixed_mean : (row, term) columns of the linear terms times their prior standard deviations, and (row,) what
    they add up to at their prior means; both of all rows
    curves : curves that are linear in what has Normal priors, with those variables
    """

    design: Design
    spec: ModelSpec
    parameters: Parameters
    fixed: np.ndarray
    fixed_mean: np.ndarray
    curves: tuple[tuple[Curve, tuple[Variable, ...]], ...]

    @property
    def shown(self) -> np.ndarray:
        """(row,) True for training rows."""
        return self.design.is_training


class Mean(NamedTuple):
    """What φ says of the mean, of all rows and then of all lift tests.

    effect : (row + test,) of media; slopes : (row + test, φ) its derivatives
    columns : (row, term) linear columns times their prior standard deviations; columns_mean : (row,)
    column_slopes : by entry of φ, the derivative of `columns`
    """

    effect: np.ndarray
    slopes: np.ndarray
    columns: np.ndarray
    columns_mean: np.ndarray
    column_slopes: dict[int, np.ndarray]


def make_problem(design: Design, spec: ModelSpec) -> Problem:
    """Return the constants; design : of one unit."""
    curves, held = [], []
    for curve in curves_of(spec):
        variables = curve.variables(spec, design.curves, 1)
        weights = tuple(v for v in variables if isinstance(v.priors[0], Normal))
        held += [v for v in variables if v not in weights]
        curves.append((curve, weights))
    parameters = parameters_of([*media_variables(spec, 1), *held, *noise_variables(spec, 1)])
    matrix = design.matrix[0]
    return Problem(design, spec, parameters, matrix * design.prior_sd, matrix @ design.prior_mean, tuple(curves))


# --- the mean --------------------------------------------------------------------------------------------------------


def mean_at(problem: Problem, phi: np.ndarray) -> Mean:
    """Return what φ says of the mean, with derivatives."""
    values, chain = _channel_values(problem, phi)
    effect, by_value = _media(problem, values)
    names = channel_parameters(problem.spec)
    slopes = np.sum([by_value[name].T @ chain[name] for name in names], axis=0)
    columns, columns_mean = columns_at(problem, phi)
    column_slopes, step = {}, 1e-5
    for j in entries_of_curves(problem):
        moved, moved_mean = columns_at(problem, phi + step * np.eye(len(phi))[j])
        column_slopes[j] = (moved - columns) / step
        slopes[: len(columns), j] += (moved_mean - columns_mean) / step
    return Mean(effect, slopes, columns, columns_mean, column_slopes)


def _channel_values(problem: Problem, phi: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the channels' parameters by name (channel,), and their derivatives (channel, φ)."""
    size, step = problem.parameters.size, 1e-5
    points = phi + step * np.concatenate([np.eye(size), -np.eye(size), np.zeros((1, size))])
    named = media_values(np, problem.spec, problem.design.pooling, named_values(problem.parameters, points))
    slopes = {name: ((v[:size] - v[size : 2 * size]) / (2.0 * step)).T for name, v in named.items()}
    return {name: v[-1] for name, v in named.items()}, slopes


def _media(problem: Problem, values: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return all media's effect (row + test,) and its derivatives by parameter (channel, row + test).

    A channel's series depends on its own parameters alone: one perturbed transform per parameter tells all channels'.
    """
    names = channel_parameters(problem.spec)[:-1]
    steps = {n: np.where(values[n] > LEAST_VALUE, -DIFFERENCE * values[n], LEAST_VALUE) for n in names}
    batch = {
        name: np.stack([values[name], *(values[name] + (steps[name] if other == name else 0.0) for other in names)])
        for name in names
    }
    per_effect = media_per_effect(problem, batch, len(names) + 1)
    effects = values[EFFECT][:, None] * per_effect
    slopes = {name: (effects[i] - effects[0]) / steps[name][:, None] for i, name in enumerate(names, start=1)}
    return effects[0].sum(axis=0), slopes | {EFFECT: per_effect[0]}


def media_per_effect(problem: Problem, values: dict[str, np.ndarray], points: int) -> np.ndarray:
    """Return what a unit of each channel's effect adds (point, channel, row + test); values : (point, channel).

    The effect is the coefficient, or the return on spend where the prior is of that. After the rows follows what it
    adds to each lift test, nothing to those of other channels, in units of the KPI's scale.
    """
    design, spec = problem.design, problem.spec
    channels, tests = len(design.channels), design.experiments
    of_series = {name: value[:, design.series_channel] for name, value in values.items()}
    saturated = saturated_media(ADSTOCKS[spec.adstock], SATURATIONS[spec.saturation], design.media, of_series)
    saturated = np.broadcast_to(saturated, (points, *saturated.shape[-2:]))
    media, without = saturated[:, :channels], saturated[:, channels:]
    lifts = np.zeros((points, channels, len(tests.lift)))
    for number, channel in enumerate(tests.channel):
        lifts[:, channel, number] = (media[:, channel] - without[:, number]) @ tests.window[number]
    returned = media[..., design.is_training].sum(axis=-1)
    returns = np.array([channel.roas is not None for channel in spec.channels])
    factor = np.where(returns, design.spend_per_coefficient / np.where(returns & (returned > 0), returned, 1.0), 1.0)
    return np.concatenate([media, lifts], axis=-1) * factor[..., None]


def columns_at(problem: Problem, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the linear columns (row, term) times their prior standard deviations, and what they add up to at the
    prior means (row,)."""
    if not problem.curves:
        return problem.fixed, problem.fixed_mean
    own, own_mean = _curve_columns(problem, named_values(problem.parameters, phi[None]))
    return np.concatenate([problem.fixed, own], axis=1), problem.fixed_mean + own_mean


def entries_of_curves(problem: Problem) -> list[int]:
    """Return the entries of φ on which the curves' columns depend."""
    own = {v.name for c, _ in problem.curves for v in c.variables(problem.spec, problem.design.curves, 1)}
    return [
        i for name, place in problem.parameters.places.items() if name in own for i in range(place.start, place.stop)
    ]


def _curve_columns(problem: Problem, held: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of all curves, times prior standard deviations, and what they add up to at the prior means."""
    columns, means = [], []
    for curve, weights in problem.curves:
        given = [p for v in weights for p in v.priors]
        each = np.split(np.eye(len(given)), np.cumsum([len(v.priors) for v in weights])[:-1], axis=1)
        sampled: dict[str, Any] = {n: np.broadcast_to(v, (len(given), *v.shape[1:])) for n, v in held.items()}
        sampled |= {v.name: part.reshape(-1, *v.shape) for v, part in zip(weights, each, strict=True)}
        shape = curve.apply(np, problem.design.curves, sampled)[:, 0].T
        spreads = [_spread(problem, v, held) for v in weights]
        columns.append(shape * np.array([p.sigma for p in given]) * np.concatenate(spreads))
        means.append(shape @ np.array([p.mu for p in given]))
    return np.concatenate(columns, axis=1), np.sum(means, axis=0)


def _spread(problem: Problem, weight: Variable, held: dict[str, np.ndarray]) -> np.ndarray:
    """Return by how much the prior standard deviations (entry,) of a curve's weights are multiplied."""
    if weight.spread is None:
        return np.ones(len(weight.priors))
    return held[weight.spread].ravel() ** problem.design.curves[f"{weight.name}_centring"]
