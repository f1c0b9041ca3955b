"""Draws from the prior, and the KPI that they imply, without sampling and without PyMC."""

from typing import NamedTuple

import numpy as np

from ..spec import ModelSpec
from .design import Design, observed_kpi
from .layout import variables_of
from .prediction import Draws, curved_draws, forecast, media_effect, named_terms
from .priors import frozen

N_DRAWS = 500
"""Prior draws that the summary is of."""

TOP = 3.0
"""How many times its observed mean a KPI may be and still be sane."""

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Levels of the quantiles that people are shown."""


class PriorPredictive(NamedTuple):
    """What the prior says of the training rows' KPI, before it has seen them.

    sane : share of draws and rows in the range that the KPI could have; sane_from, sane_to : that range
    negative : share of draws and rows below zero
    mean, media_share : quantiles at LEVELS over draws of the KPI's mean, and of media's part of its expectation
    """

    sane: float
    sane_from: float
    sane_to: float
    negative: float
    mean: np.ndarray
    media_share: np.ndarray


def prior_draws(design: Design, spec: ModelSpec, n: int, rng: np.random.Generator) -> Draws:
    """Return n draws of every parameter and coefficient from its prior, in the form of posterior draws (sample, …)."""
    sampled = {}
    for variable in variables_of(design, spec):
        columns = [frozen(p).rvs(n, random_state=rng) for p in variable.priors]
        sampled[variable.name] = np.stack(columns, axis=-1).reshape(n, *variable.shape)
        if variable.spread:
            spread = sampled[variable.spread].reshape(n, *(1,) * (len(variable.shape) - 1), -1)
            constants = design.curves | design.pooling
            sampled[variable.name] *= spread ** constants[f"{variable.name}_centring"]
    shape = (n, len(design.units), len(design.prior_mean))
    linear = design.prior_mean + design.prior_sd * rng.standard_normal(shape)
    return curved_draws(design, spec, sampled) | named_terms(design, linear)


def prior_predictive(design: Design, spec: ModelSpec, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n draws of the KPI from the prior (sample, row), noise included, in its own units, units summed."""
    return forecast(design, spec, prior_draws(design, spec, n, rng), rng)[1]


def summarise_prior(design: Design, spec: ModelSpec, rng: np.random.Generator, n: int = N_DRAWS) -> PriorPredictive:
    """Return what the prior says of the training rows' KPI, in its own units.

    Sane is from zero to TOP times the observed mean; for a KPI that is negative at times or around zero, TOP times its
    scale to either side of the mean.
    """
    draws = prior_draws(design, spec, n, rng)
    expected, predictive = (part[:, design.is_training] for part in forecast(design, spec, draws, rng))
    media = np.einsum("sgt,g->st", media_effect(design, spec, draws), design.kpi_scale)[:, design.is_training]
    observed = observed_kpi(design)[design.is_training]
    mean, reach = float(observed.mean()), TOP * float(design.kpi_scale.sum())
    lower, upper = (0.0, TOP * mean) if observed.min() >= 0 and mean > 0 else (mean - reach, mean + reach)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = media.sum(axis=1) / expected.sum(axis=1)
    return PriorPredictive(
        sane=float(np.mean((predictive >= lower) & (predictive <= upper))),
        sane_from=lower,
        sane_to=upper,
        negative=float(np.mean(predictive < 0)),
        mean=np.quantile(predictive.mean(axis=1), LEVELS),
        media_share=np.nanquantile(share, LEVELS),
    )
