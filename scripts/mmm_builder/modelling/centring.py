"""How a panel unit's own deviations are sampled: between centred and non-centred, by how much its data say of them.

A deviation d ~ Normal(0, τ) is sampled as u ~ Normal(0, τ^κ) with d = τ^(1 − κ) u: centred at κ = 1, which suits
deviations that the data tell, non-centred at κ = 0, which suits those left to the prior (Papaspiliopoulos, Roberts and
Sköld 2007; Gorinova, Moore and Hoffman 2020). Any κ is exact; it is a constant, taken from training rows.
"""

import numpy as np

from ..distributions import Prior
from .priors import mean

LEAST_NOISE = 1e-6
"""Least variance of the noise, as a share of the KPI's mean square: few rows can be fitted without any."""


def centring(
    effect: np.ndarray, matrix: np.ndarray, kpi: np.ndarray, prior_sd: np.ndarray, spread: Prior, *, fitted: int = 0
) -> np.ndarray:
    """Return κ (unit, effect) of deviations of the log size of effects.

    effect : (unit, effect, row) what each adds to the KPI, roughly; matrix : (unit, row, term) columns of the linear
    terms, with prior standard deviations (term,); kpi : (unit, row); all of training rows, in the KPI's scale
    spread : prior of τ; fitted : how many coefficients each effect was fitted with, whose noise adds to its size
    """
    found = np.empty(effect.shape[:2])
    for unit, (own, z, y) in enumerate(zip(effect, matrix, kpi, strict=True)):
        columns = np.concatenate([z, own.T], axis=1)
        coefficients, _, rank, _ = np.linalg.lstsq(columns, y, rcond=None)
        residual = y - columns @ coefficients
        noise = max(float(residual @ residual) / max(1, len(y) - rank), LEAST_NOISE * float(y @ y) / len(y))
        ridge = np.sqrt(noise) / prior_sd
        stacked = np.vstack([z, np.diag(ridge)])
        padded = np.concatenate([own, np.zeros((len(own), len(ridge)))], axis=1).T
        beside = padded - stacked @ np.linalg.lstsq(stacked, padded, rcond=None)[0]
        information = np.maximum(np.sum(beside**2, axis=0) / noise - fitted, 0.0) * mean(spread) ** 2
        found[unit] = information / (1.0 + information)
    return found
