"""The studies: which worlds each is of, and how one of them is made and fitted."""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from mmm_builder.distributions import LogNormal, Prior
from mmm_builder.modelling.design import Design
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.modelling.priors import preset
from mmm_builder.spec import Adstock, ModelSpec

from .fitting import Fit, Sample, outcome, posterior
from .worlds import Client, World, as_simulated, broken, collinear, heavy_tailed, simulated, spec_of, world_from_prior
from .worlds import world_of_simulator as of_simulator

PRICE = ({"column": "avg_price", "kind": "price"},)
SMALL = {"n_periods": 130, "controls": PRICE}
"""104 training weeks and 26 held-out ones."""
LARGE = {"n_periods": 156, "n_channels": 4}
PANEL_NOISE = LogNormal(mu=-1.9, sigma=0.5)
"""80 % between 0.08 and 0.28 of the KPI. Of five draws from the preset's HalfNormal one is often below 0.02, and a unit
all but free of noise takes minutes to sample."""
FOUR, PAIRS = ("search", "social", "display", "video_tv"), ("search", "search", "social", "social")


class Study(NamedTuple):
    """`n` worlds of one kind; `model_type` of the model that is fitted; `title` says what the worlds are."""

    n: int
    model_type: str
    title: str
    world: Callable[[int], World]
    fit: Sample = posterior


@cache
def _small(types: tuple[str, ...], units: int = 1) -> Client:
    return simulated(1, types=types, units=units, **SMALL)


def _ranks(
    n: int, model_type: str, title: str, *, types: tuple[str, ...] = FOUR, units: int = 1, sigma: Prior | None = None
) -> Study:
    def world(number: int) -> World:
        client = _small(types, units)
        spec = spec_of(client, model_type)
        noise = spec.likelihood.model_copy(update={"sigma": sigma or spec.likelihood.sigma})
        spec = spec.model_copy(update={"likelihood": noise})
        return world_from_prior(client, spec, np.random.default_rng([1, number]))

    return Study(n, model_type, title, world)


# --- models that are wrong on purpose --------------------------------------------------------------------------------


def _other_decay(spec: ModelSpec) -> ModelSpec:
    table = preset("decay_words").adstock_alpha
    channels = (c.model_copy(update={"adstock": Adstock(alpha=table[c.channel_type])}) for c in spec.channels)
    return spec.model_copy(update={"channels": tuple(channels)})


def _wrong_prior(number: int) -> World:
    world = RANKS["v3"].world(number)
    return world._replace(spec=_other_decay(world.spec))


def _half_weight(number: int) -> World:
    world = RANKS["v3"].world(number)
    return world._replace(design=dataclasses.replace(world.design, weight=0.5 * world.design.weight))


def _blind(design: Design, spec: ModelSpec, cores: int) -> Fit:
    """Return draws from the prior in place of the posterior."""
    n = spec.sampler.chains * spec.sampler.draws
    return Fit(prior_draws(design, spec, n, np.random.default_rng(spec.sampler.seed)), 0)


# --- the tables ------------------------------------------------------------------------------------------------------

RANKS = {
    "v3": _ranks(200, "v3", "4 channels"),
    "simple": _ranks(200, "simple", "4 channels"),
    "v1": _ranks(200, "v1", "4 channels"),
    "v2": _ranks(100, "v2", "5 channels of 3 types", types=(*PAIRS, "video_tv")),
    "v2_panel": _ranks(100, "v2", "5 units, 4 channels of 2 types", types=PAIRS, units=5, sigma=PANEL_NOISE),
    "v3_proper": _ranks(30, "v3_proper", "4 channels"),
}
"""Truth from the prior, the same spend and controls in all worlds: ranks must be uniform."""

FAULTS = {
    "wrong_prior": Study(100, "v3", "the priors of retention are those of another preset", _wrong_prior),
    "half_weight": Study(100, "v3", "the likelihood counts each week half", _half_weight),
    "blind": Study(100, "v3", "the posterior is the prior", RANKS["v3"].world, _blind),
}
"""What the tests must notice."""


def _from_prior(own_scale: bool) -> Callable[[int], World]:
    def world(number: int) -> World:
        client = simulated(10 + number, **LARGE)
        rng = np.random.default_rng([2, number])
        return world_from_prior(client, spec_of(client, "v3"), rng, own_scale=own_scale)

    return world


def _simulated(change: Callable) -> Callable[[int], World]:
    return lambda number: of_simulator(number, np.random.default_rng([3, number]), change, **LARGE)


RECOVERY = {
    "prior": Study(100, "v3", "truth from the priors", _from_prior(False)),
    "own_scale": Study(100, "v3", "the same, KPI's scale from its mean", _from_prior(True)),
    "simulator": Study(100, "v3", "truth from the simulator's ranges", _simulated(as_simulated)),
    "collinear": Study(100, "v3", "and spend moves together", _simulated(collinear)),
    "heavy_tailed": Study(100, "v3", "and heavy-tailed noise", _simulated(heavy_tailed)),
    "broken": Study(100, "v3", "and a break in the level", _simulated(broken)),
}
"""Clients of their own: how far estimates are from the truth, and how often intervals hold it."""

STUDIES = RANKS | FAULTS | RECOVERY


def run_world(name: str, number: int, cores: int) -> dict[str, Any]:
    """Return the outcome of one world of a study."""
    study = STUDIES[name]
    return {"study": name, "world": number} | outcome(study.world(number), number, cores, study.fit)
