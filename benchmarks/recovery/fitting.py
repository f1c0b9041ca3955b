"""Fits worlds as training does, and keeps what is compared with the truth."""

from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

import arviz as az
import numpy as np
import xarray as xr

from mmm_builder.judging.scoring import interval
from mmm_builder.modelling.design import Design, make_projection
from mmm_builder.modelling.prediction import Draws, model_draws
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.modelling.sampling import progress_file, sample
from mmm_builder.spec import ModelSpec

from .uniformity import rank_of
from .worlds import HELD_OUT, World, figures

N_KEPT = 99
"""Draws that a rank is taken among: ranks are 0 to 99."""

LEAST_ESS = 250
"""Bulk ESS that all figures need, lest every tenth of 1000 draws depends on the one before; else draws are added."""

N_PRIOR = 400


class Fit(NamedTuple):
    """Draws (chain · draw, …) of every parameter, chains one after another."""

    draws: Draws
    divergences: int


Sample = Callable[[Design, ModelSpec, int], Fit]
"""What fits a design: (design, spec, cores)."""


def posterior(design: Design, spec: ModelSpec, cores: int) -> Fit:
    """Return draws from the posterior; the model is compiled once for all worlds of one structure."""
    sampled = sample(design, spec, device="cpu", cores=cores, report=progress_file(None))
    draws = model_draws(design, spec, make_projection(design), sampled.draws)
    return Fit(draws, int(sampled.stats["diverging"].sum()))


def outcome(world: World, seed: int, cores: int, fit: Sample = posterior) -> dict[str, Any]:
    """Fit a world; return how its sampling went and, by label of a figure, what was found beside the truth.

    figures : label → truth, mean, lower and upper end of the 80 % interval, rank, and then mean, lower and upper
    of the prior
    """
    start, rng = monotonic(), np.random.default_rng([seed, 1])
    design, spec, truth = world.design, world.spec, world.truth
    for more in (1, 4):
        sampler = spec.sampler.model_copy(update={"draws": more * spec.sampler.draws, "seed": seed})
        fitted = fit(design, spec.model_copy(update={"sampler": sampler}), cores)
        found = figures(design, spec, fitted.draws, rng)
        ess, rhat = quality(found, sampler.chains)
        if ess >= LEAST_ESS:
            break
    before = figures(design, spec, prior_draws(design, spec, N_PRIOR, rng), rng)
    return {
        "seconds": round(monotonic() - start, 2), "draws": sampler.chains * sampler.draws, "ess": round(ess),
        "rhat": round(rhat, 4), "divergences": fitted.divergences, "kpi_unit": world.kpi_unit,
        "figures": {
            label: [*summary(value, found[label]), rank_of(value, found[label], N_KEPT), *summary(0, before[label])[1:]]
            for label, value in truth.items()
        },
    }  # fmt: skip


def summary(truth: float, draws: np.ndarray) -> list[float]:
    """Return truth, mean and the ends of the 80 % interval, to seven digits."""
    return [float(f"{x:.7g}") for x in (truth, draws.mean(), *interval(draws))]


def quality(found: dict[str, np.ndarray], chains: int) -> tuple[float, float]:
    """Return the smallest bulk ESS and the largest R-hat of some figures (chain · draw,)."""
    known = xr.Dataset({k: (("chain", "draw"), v.reshape(chains, -1)) for k, v in found.items() if k != HELD_OUT})
    return float(az.ess(known).to_array().min()), float(az.rhat(known).to_array().max())
