"""The mode of the integrated posterior, by Fisher scoring, and Laplace's approximation around it.

The information matrix that a step is taken with is at once the curvature that the approximation takes (Tierney and
Kadane 1986; Rue, Martino and Chopin 2009). Noise that isn't normal enters as weights and pseudo-observations, which are
updated in turns with the mode, see `noise_rows`.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from .integrated import Mean, Problem, mean_at
from .noise_rows import NOISES, Fitted, Rows, plain_rows
from .standard_scale import named_values

MOST_STEPS = 40
LONGEST_STEP = 2.0
"""Longest step of an entry of φ, in standard deviations of its prior."""
FARTHEST = 12.0
"""Standard deviations of its prior beyond which no entry is followed."""
TOLERANCE = 1e-3
"""Nats below which a step, or what it promises, is none."""
MOST_DAMPING = 1e6

MOST_TURNS, STEPS_A_TURN = 30, 3
"""Turns of mode and rows, where the noise isn't normal, and steps towards the mode in each."""
TURN_TOLERANCE = 1e-2
"""Nats below which a turn has changed nothing."""

LOG_TWO_PI = float(np.log(2.0 * np.pi))


class Point(NamedTuple):
    """The integrated posterior at φ, given the rows that stand for the noise.

    loss : minus the log joint density; gradient, information : (φ,), (φ, φ) of it
    weights : (row,) precision of the training rows; inverse : (term, term) of A = I + Xᵀ W X
    linear : (term,) standardised coefficients' posterior mean
    """

    phi: np.ndarray
    mean: Mean
    loss: float
    gradient: np.ndarray
    information: np.ndarray
    weights: np.ndarray
    inverse: np.ndarray
    linear: np.ndarray


# --- the density -----------------------------------------------------------------------------------------------------


def point_at(problem: Problem, phi: np.ndarray, rows: Rows) -> Point:
    """Return the integrated posterior at φ with gradient and Fisher information; rows : of the training rows.

    ν isn't moved: it follows with the rows.
    """
    mean, shown = mean_at(problem, phi), problem.shown
    n = len(shown)
    sigma, per_entry = _sigma(problem, phi)
    weights = rows.weights / sigma**2
    columns, slopes = mean.columns[shown], mean.slopes[:n][shown]
    residual = rows.values - mean.columns_mean[shown] - mean.effect[:n][shown]
    weighted = columns * weights[:, None]
    inverse, half_log_determinant = inverse_of(np.eye(columns.shape[1]) + columns.T @ weighted)
    linear = inverse @ (weighted.T @ residual)
    solved = weights * (residual - columns @ linear)
    along = weighted.T @ slopes

    loss = 0.5 * (residual @ solved - np.log(weights).sum() + len(weights) * np.log(2.0 * np.pi))
    loss += half_log_determinant - rows.log_density
    loss += 0.5 * (phi @ phi + len(phi) * np.log(2.0 * np.pi))
    gradient = phi - slopes.T @ solved
    information = (slopes * weights[:, None]).T @ slopes - along.T @ inverse @ along + np.eye(len(phi))
    point = Point(phi, mean, float(loss), gradient, information, weights, inverse, linear)
    _add_covariance(problem, point, solved, per_entry)
    if "nu_above_two" in problem.parameters.places:
        tail = problem.parameters.places["nu_above_two"].start
        gradient[tail], information[tail, tail] = 0.0, rows.tail_information
    return _with_lift_tests(problem, point)


def inverse_of(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the inverse of a positive definite matrix, small, and half its log-determinant.

    By NumPy: threads of SciPy's triangular solvers cost more than such a matrix takes.
    """
    return np.linalg.inv(matrix), float(np.log(np.diag(np.linalg.cholesky(matrix))).sum())


def _sigma(problem: Problem, phi: np.ndarray) -> tuple[float, float]:
    """Return σ, and the derivative of its log by its entry of φ."""
    place, step = problem.parameters.places["sigma"], 1e-5
    points = np.stack([phi, phi])
    points[1, place] += step
    here, above = named_values(problem.parameters, points)["sigma"]
    return float(here), float(np.log(above / here) / step)


def _add_covariance(problem: Problem, point: Point, solved: np.ndarray, per_entry: float) -> None:
    """Add to gradient and information what comes from the covariance: of σ, and of columns that follow φ.

    ½ tr(Σ⁻¹ dΣ) − ½ rᵀ Σ⁻¹ dΣ Σ⁻¹ r and ½ tr(Σ⁻¹ dΣ Σ⁻¹ dΣ) with Σ⁻¹ X = W X A⁻¹ and Xᵀ Σ⁻¹ X = I − A⁻¹.
    solved : Σ⁻¹ r; per_entry : derivative of log σ by its entry
    """
    shown, gradient, information = problem.shown, point.gradient, point.information
    columns, weights = point.mean.columns[shown], point.weights
    inverse = point.inverse
    beyond, at = len(weights) - len(inverse), problem.parameters.places["sigma"].start
    gradient[at] += per_entry * (beyond + np.trace(inverse) - solved @ (solved / weights))
    information[at, at] += 2.0 * per_entry**2 * (beyond + np.sum(inverse**2))
    moved = {j: slope[shown] for j, slope in point.mean.column_slopes.items()}
    by_weight = columns * weights[:, None]
    along = {j: by_weight.T @ slope for j, slope in moved.items()}
    for j, slope in moved.items():
        own = inverse @ along[j]
        gradient[j] += np.trace(own) - point.linear @ (slope.T @ solved)
        information[at, j] += 2.0 * per_entry * np.sum(inverse * own.T)
        information[j, at] = information[at, j]
        for k, other in moved.items():
            between = slope.T @ (other * weights[:, None]) - along[j].T @ inverse @ along[k]
            information[j, k] += np.sum(own * (inverse @ along[k]).T)
            information[j, k] += np.sum((np.eye(len(inverse)) - inverse) * between.T)


def _with_lift_tests(problem: Problem, point: Point) -> Point:
    """Return the point with what the lift tests measured, which the rows' noise has no part in."""
    tests, n = problem.design.experiments, len(problem.shown)
    if not len(tests.lift):
        return point
    scale = problem.design.kpi_scale[0]
    missed = (tests.lift / scale - point.mean.effect[n:]) * scale / tests.standard_error
    slopes = point.mean.slopes[n:] * (scale / tests.standard_error)[:, None]
    return point._replace(
        loss=point.loss + 0.5 * float(missed @ missed),
        gradient=point.gradient - slopes.T @ missed,
        information=point.information + slopes.T @ slopes,
    )


# --- the mode --------------------------------------------------------------------------------------------------------


def find_mode(problem: Problem, start: np.ndarray | None = None) -> tuple[Point, Rows]:
    """Return the mode and the rows that stand for the noise there; start : φ, the prior medians if none is given."""
    noise = NOISES[problem.spec.likelihood.kind]
    kpi = problem.design.kpi_scaled[0, problem.shown]
    rows = plain_rows(kpi)
    point = point_at(problem, np.zeros(problem.parameters.size) if start is None else start, rows)
    point = _scored(problem, point, rows, MOST_STEPS)
    for _ in range(MOST_TURNS):
        rows = noise.rows(_fitted(problem, point, kpi))
        if rows.settled:
            break
        before = point
        phi = point.phi.copy()
        if rows.tail is not None:
            phi[problem.parameters.places["nu_above_two"]] = rows.tail
        point = _scored(problem, point_at(problem, phi, rows), rows, STEPS_A_TURN)
        if abs(before.loss - point.loss) < TURN_TOLERANCE:
            break
    return point, rows


def _scored(problem: Problem, point: Point, rows: Rows, most: int) -> Point:
    """Return the mode given the rows, by Fisher scoring, damped where a step leads uphill (Marquardt 1963)."""
    damping = 0.0
    for _ in range(most):
        damped = point.information + damping * np.diag(np.diag(point.information))
        step = -np.linalg.solve(damped, point.gradient)
        promised = -(point.gradient @ step + 0.5 * step @ point.information @ step)
        if promised < TOLERANCE:
            break
        step *= min(1.0, LONGEST_STEP / np.abs(step).max())
        found = point_at(problem, np.clip(point.phi + step, -FARTHEST, FARTHEST), rows)
        gained = point.loss - found.loss
        if gained > 0:
            point, damping = found, damping / 5.0 if damping > 1e-3 else 0.0
            if gained < TOLERANCE:
                break
        else:
            damping = max(5.0 * damping, 0.1)
            if damping > MOST_DAMPING:
                break
    return point


def _fitted(problem: Problem, point: Point, kpi: np.ndarray) -> Fitted:
    """Return what the terms add up to in the training rows; the variance is to first order that of φ too."""
    at, shown = point.mean, problem.shown
    columns, effect, slopes = at.columns[shown], at.effect[: len(shown)][shown], at.slopes[: len(shown)][shown]
    mean = at.columns_mean[shown] + effect + columns @ point.linear
    slopes = slopes - columns @ (point.inverse @ ((columns * point.weights[:, None]).T @ slopes))
    variance = np.sum((columns @ point.inverse) * columns, axis=1)
    variance += np.sum((slopes @ inverse_of(point.information)[0]) * slopes, axis=1)
    tail = partial(_nu_above_two, problem, point.phi) if "nu_above_two" in problem.parameters.places else None
    return Fitted(kpi, mean, variance, _sigma(problem, point.phi)[0], tail)


def _nu_above_two(problem: Problem, phi: np.ndarray, tail: float) -> float:
    """Return ν − 2 at another value of its entry of φ."""
    moved = phi.copy()
    moved[problem.parameters.places["nu_above_two"]] = tail
    return float(named_values(problem.parameters, moved[None])["nu_above_two"][0])


def log_evidence(point: Point) -> float:
    """Return the log-density of the training rows, φ integrated out by Laplace's approximation."""
    return -point.loss + 0.5 * len(point.phi) * float(np.log(2.0 * np.pi)) - inverse_of(point.information)[1]
