"""What the integrated posterior says of every row, averaged over φ: its mean, its variance, its evidence.

Importance sampling: a few draws of Laplace's approximation tell where the posterior's mean is and how wide it is, those
that follow are taken there (adaptive, Bugallo et al. 2017), and weighted by the density, the weights truncated (Ionides
2008). Draws are even ones of a Sobol sequence in antithetic pairs, the same for as many entries, so that nothing is
random. What moves the linear columns (damping and drift of a trend) takes a few values alone, since each asks for an
eigendecomposition; ν stays at the mode.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import special
from scipy.stats import qmc

from ..modelling.parameters import EFFECT, media_values
from .integrated import Problem, columns_at, entries_of_curves, media_per_effect
from .mode import Point, inverse_of, log_evidence
from .noise_rows import Rows
from .standard_scale import named_values

SCOUTS, DRAWS = 64, 128
"""Draws that find the posterior's place, and draws that are averaged: powers of two."""
NODES = 8
"""Values that what moves the linear columns takes, each in as many draws: even ones, and a part of both numbers."""
LEAST_SCALE = 0.5
"""Least scale of the draws by that of Laplace's approximation."""
DOUBT = 10.0
"""Effective draws with which scouts are believed by half."""

CHUNK = 300_000
"""Numbers (draw · series · row) evaluated at once, which bounds memory."""


class Averaged(NamedTuple):
    """Of all rows, in units of the KPI's scale: mean and variance (row,) of what the terms add up to.

    noise : the noise's parameters by name
    log_evidence : log of the training rows' density; effective : how many draws the weighted ones are worth
    """

    mean: np.ndarray
    variance: np.ndarray
    noise: dict[str, float]
    log_evidence: float
    effective: float


class Given(NamedTuple):
    """What each draw says: means and variances (draw, row) given it, σ² (draw,), and minus the log of its density."""

    mean: np.ndarray
    variance: np.ndarray
    sigma_squared: np.ndarray
    loss: np.ndarray


class Proposal(NamedTuple):
    """Where draws are taken: centre + root (shift + scale · z) with z standard normal, in the entries `drawn` of φ."""

    drawn: np.ndarray
    root: np.ndarray
    shift: np.ndarray
    scale: np.ndarray


def averaged(problem: Problem, point: Point, rows: Rows) -> Averaged:
    """Return what the posterior around its mode says; rows : those of the mode."""
    moving, still = entries_of_curves(problem), _places(problem, "nu_above_two")
    others = [i for i in range(len(point.phi)) if i not in moving and i not in still]
    # first what moves the columns: by a lower root it then follows the first of the normal variables alone
    drawn = np.array([*moving, *others])
    root = np.linalg.cholesky(inverse_of(point.information[np.ix_(drawn, drawn)])[0])
    laplace = Proposal(drawn, root, np.zeros(len(drawn)), np.ones(len(drawn)))
    _, log_weight = _drawn(problem, point, rows, laplace, SCOUTS, 0)
    scouts = _even_normal(len(drawn), len(moving), SCOUTS, 0)
    proposal = _moved(laplace, scouts, _weights(log_weight))
    given, log_weight = _drawn(problem, point, rows, proposal, DRAWS, 1)
    weight = _weights(log_weight)
    mean = weight @ given.mean
    variance = weight @ (given.variance + (given.mean - mean) ** 2)
    noise = {"sigma": float(np.sqrt(weight @ given.sigma_squared))}
    if "nu_above_two" in problem.parameters.places:
        noise["nu_above_two"] = float(named_values(problem.parameters, point.phi[None])["nu_above_two"][0])
    evidence = log_evidence(point) + float(special.logsumexp(log_weight) - np.log(DRAWS))
    return Averaged(mean, variance, noise, evidence, float(1.0 / np.sum(weight**2)))


def _drawn(
    problem: Problem, point: Point, rows: Rows, proposal: Proposal, draws: int, seed: int
) -> tuple[Given, np.ndarray]:
    """Return what draws say, and the logs of their weights (draw,): 0 where the density is as Laplace has it."""
    even = _even_normal(len(proposal.drawn), len(entries_of_curves(problem)), draws, seed)
    phi = np.tile(point.phi, (draws, 1))
    phi[:, proposal.drawn] += (proposal.shift + proposal.scale * even) @ proposal.root.T
    given = _given_all(problem, rows, phi)
    return given, point.loss - given.loss + 0.5 * np.sum(even**2, axis=1) + np.log(proposal.scale).sum()


def _weights(log_weight: np.ndarray) -> np.ndarray:
    """Return truncated weights that add up to 1."""
    weight = np.exp(log_weight - log_weight.max())
    weight = np.minimum(weight, weight.mean() * np.sqrt(len(weight)))
    return weight / weight.sum()


def _moved(laplace: Proposal, scouts: np.ndarray, weight: np.ndarray) -> Proposal:
    """Return the proposal at the scouts' weighted mean and with their spread, believed by how many they are worth."""
    effective = 1.0 / np.sum(weight**2)
    trust = effective / (effective + DOUBT)
    mean = weight @ scouts
    spread = np.sqrt(weight @ (scouts - mean) ** 2)
    return laplace._replace(shift=trust * mean, scale=np.maximum(spread, LEAST_SCALE) ** trust)


def _places(problem: Problem, name: str) -> range:
    place = problem.parameters.places.get(name, slice(0, 0))
    return range(place.start, place.stop)


@cache
def _even_normal(size: int, coarse: int, draws: int, seed: int) -> np.ndarray:
    """Return even draws (draw, size) of standard normal variables, each with its opposite.

    coarse : of how many variables, the first ones, the draws are a few values alone
    """
    shares = qmc.Sobol(size, seed=seed).random(draws // 2)
    half = special.ndtri(np.clip(shares, 1e-9, 1.0 - 1e-9))
    both = np.concatenate([half, -half])
    middles = special.ndtri((np.arange(NODES) + 0.5) / NODES)
    for column in range(coarse):
        order = np.argsort(both[:, column], kind="stable")
        both[order, column] = np.repeat(middles / middles.std(), draws // NODES)
    return both


def _given_all(problem: Problem, rows: Rows, phi: np.ndarray) -> Given:
    """Return what draws (draw, φ) say, those evaluated together whose linear columns are the same."""
    step = max(1, CHUNK // (len(problem.design.series_channel) * len(problem.shown)))
    alike = np.unique(phi[:, entries_of_curves(problem)], axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(alike, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(alike[order])) + 1)
    parts = [group[start : start + step] for group in groups for start in range(0, len(group), step)]
    found = [_given(problem, rows, phi[part]) for part in parts]
    back = np.argsort(np.concatenate(parts))
    return Given(*(np.concatenate(part)[back] for part in zip(*found, strict=True)))


def _given(problem: Problem, rows: Rows, phi: np.ndarray) -> Given:
    """Return what draws say, linear terms integrated out; the eigenvectors of Xᵀ W X serve every σ."""
    shown, n = problem.shown, len(problem.shown)
    columns, columns_mean = columns_at(problem, phi[0])
    named = named_values(problem.parameters, phi)
    values = media_values(np, problem.spec, problem.design.pooling, named)
    per_effect = media_per_effect(problem, values, len(phi))
    effect = np.einsum("sc,scr->sr", values[EFFECT], per_effect)
    base = columns_mean + effect[:, :n]
    weighted = columns[shown] * rows.weights[:, None]
    sizes, vectors = np.linalg.eigh(columns[shown].T @ weighted)
    sizes, turned = np.maximum(sizes, 0.0), columns @ vectors
    variance = named["sigma"][:, None] ** 2
    residual = rows.values - base[:, shown]
    along = residual @ weighted @ vectors / variance
    shrunk = 1.0 / (1.0 + sizes / variance)
    loss = (residual**2 @ rows.weights) / variance[:, 0] - np.sum(along**2 * shrunk, axis=1)
    loss += len(rows.weights) * np.log(2.0 * np.pi * variance[:, 0]) - np.log(rows.weights).sum()
    loss += -np.log(shrunk).sum(axis=1) - 2.0 * rows.log_density
    loss += np.sum(phi**2, axis=1) + phi.shape[1] * np.log(2.0 * np.pi)
    tests = problem.design.experiments
    missed = (tests.lift - effect[:, n:] * problem.design.kpi_scale[0]) / tests.standard_error
    loss += np.sum(missed**2, axis=1)
    return Given(base + (along * shrunk) @ turned.T, shrunk @ (turned**2).T, variance[:, 0], 0.5 * loss)
