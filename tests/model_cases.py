"""Models to test: a small client or panel with each part of the tables, and each entry that a spec may hold."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from trainings import density, small_client, small_panel, with_noise

from mmm_builder.distributions import Beta, LogNormal
from mmm_builder.modelling.curves import CURVES
from mmm_builder.modelling.design import Design, make_design
from mmm_builder.modelling.layout import prior_medians
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.priors import on_the_log_scale, on_the_logit_scale, preset
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.transforms import ADSTOCKS, SATURATIONS
from mmm_builder.spec import Adstock, Event, LevelShift, LiftTest, ModelSpec, Pulse, Saturation, Seasonality, Trend

PRIORS = preset("default")
NORMAL = PRIORS.event_coefficient

Case = tuple[xr.Dataset, ModelSpec]
"""A panel and a spec for it."""


def changed(spec: ModelSpec, **changes: Any) -> ModelSpec:
    return spec.model_copy(update=changes)


def with_parts(spec: ModelSpec, adstock: str | None = None, saturation: str | None = None) -> ModelSpec:
    """Return the spec with other parts and every prior that they need, in the form that pooling takes."""
    adstock, saturation = adstock or spec.adstock, saturation or spec.saturation
    pooled = spec.pooling.within_channel_type is not None
    share = on_the_logit_scale if pooled else lambda prior: prior
    size = on_the_log_scale if pooled else lambda prior: prior
    curve = SATURATIONS[saturation].parameters
    priors = {
        "adstock": Adstock(
            alpha=share(Beta(alpha=3.0, beta=3.0)),
            peak=size(PRIORS.adstock_peak) if "adstock_peak" in ADSTOCKS[adstock].parameters else None,
        )
        if ADSTOCKS[adstock].parameters
        else None,
        "saturation": Saturation(
            half_saturation=size(PRIORS.half_saturation),
            slope=size(PRIORS.hill_slope) if "hill_slope" in curve else None,
        )
        if curve
        else None,
    }
    channels = tuple(c.model_copy(update=priors) for c in spec.channels)
    return changed(spec, adstock=adstock, saturation=saturation, channels=channels)


def with_trend(spec: ModelSpec, kind: str) -> ModelSpec:
    """Return the spec with another trend, the priors of all of them written out."""
    trend = Trend(kind=kind, slope=PRIORS.trend_slope, damping=PRIORS.trend_damping, drift=PRIORS.trend_drift)
    return changed(spec, trend=trend)


def with_events(panel: xr.Dataset, spec: ModelSpec) -> Case:
    """One event within the training rows and the held-out ones, one within the held-out ones only."""
    dates = panel["date"].values.astype("datetime64[D]")
    sale = Event(name="sale", dates=(str(dates[5] + 2), str(dates[5] + 3), str(dates[-3])), coefficient=NORMAL)
    late = Event(name="late", dates=(str(dates[-2]),), coefficient=NORMAL)
    return panel, changed(spec, events=(sale, late))


def with_weekly_season(panel: xr.Dataset, spec: ModelSpec) -> Case:
    return panel, changed(spec, weekly_seasonality=Seasonality(order=2, period=7.0, coefficient=NORMAL))


def with_lift_tests(panel: xr.Dataset, spec: ModelSpec) -> Case:
    """Two tests of one channel, one of them with spend held back, and one of another."""
    return panel, changed(spec, lift_tests=tuple(lift_test(panel, *what) for what in LIFTS))


LIFTS = (("search_1_spend", 10, 14, 0.5), ("search_1_spend", 30, 33, -0.4), ("social_1_spend", 20, 20, 1.0))
"""Lift tests: channel, first and last row, and the change as a share of what was spent there."""


def lift_test(panel: xr.Dataset, channel: str, first: int, last: int, share: float) -> LiftTest:
    """Return a test in which a share of the spend of some rows was the change."""
    dates = panel["date"].values.astype("datetime64[D]")
    spent = float(panel["spend"].sel(channel=channel).isel(date=slice(first, last + 1)).sum())
    kpi = float(panel["kpi"].sum())
    return LiftTest(
        channel=channel, start=str(dates[first]), end=str(dates[last]), spend_change=share * spent,
        lift=0.01 * share * kpi, standard_error=0.003 * kpi,
    )  # fmt: skip


def with_returns(panel: xr.Dataset, spec: ModelSpec, channels: slice = slice(0, 1)) -> Case:
    """The first channel, or those given, with a prior on its return on spend."""
    chosen = spec.channels[channels]
    gives = {"roas": LogNormal(mu=0.5, sigma=0.6), "coefficient": None}
    return panel, changed(spec, channels=tuple(c.model_copy(update=gives) if c in chosen else c for c in spec.channels))


def with_other_families(panel: xr.Dataset, spec: ModelSpec) -> Case:
    """Channels whose priors of one parameter are of different families."""
    other = spec.channels[0].model_copy(update={"coefficient": LogNormal(mu=-2.0, sigma=0.5)})
    return panel, changed(spec, channels=(other, *spec.channels[1:]))


def with_exposures(panel: xr.Dataset, spec: ModelSpec) -> Case:
    """The second channel modelled by its impressions."""
    column = "social_1_impressions"
    seen = 40.0 * panel["spend"].sel(channel=[spec.channels[1].column]) + 1.0
    seen = seen.rename(channel="exposure").assign_coords(exposure=[column])
    by_exposure = spec.channels[1].model_copy(update={"exposure_column": column})
    return panel.assign(exposures=seen), changed(spec, channels=(spec.channels[0], by_exposure))


def awkward(panel: xr.Dataset, spec: ModelSpec) -> Case:
    """A control twice, one that never moves, a pulse, and a shift of the level."""
    price = panel["controls"].sel(control=["avg_price"])
    twice = price.assign_coords(control=["again"])
    still = xr.full_like(price, 0.1).assign_coords(control=["still"])
    controls = tuple(spec.controls[0].model_copy(update={"column": c}) for c in ("avg_price", "again", "still"))
    pulse = Pulse(date=str(panel["date"].values[9])[:10], coefficient=spec.intercept)
    shift = LevelShift(date=str(panel["date"].values[30])[:10], coefficient=PRIORS.level_shift_coefficient)
    panel = panel.drop_dims("control").assign(controls=xr.concat([price, twice, still], "control"))
    return panel, changed(spec, controls=controls, pulses=(pulse,), level_shifts=(shift,))


ENTRIES: dict[str, Callable[[xr.Dataset, ModelSpec], Case]] = {
    "events": with_events, "weekly_season": with_weekly_season, "lift_tests": with_lift_tests,
    "returns": with_returns, "all_returns": partial(with_returns, channels=slice(None)),
    "other_families": with_other_families, "exposures": with_exposures, "awkward_controls": awkward,
}  # fmt: skip
"""What a spec may hold beside its parts."""

TRENDS = ("none", "linear", "damped", "local_linear")


class Model(NamedTuple):
    """One model to test: a recipe on a small client or panel, with changes."""

    recipe: str = "v3"
    units: int = 1
    noise: str = "normal"
    adstock: str | None = None
    saturation: str | None = None
    trend: str = "linear"
    entries: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return what is not as it usually is, as the name of a test."""
        given = [(k, v) for k, v in self._asdict().items() if v != self._field_defaults[k]]
        return "-".join(f"{v}_units" if k == "units" else v if isinstance(v, str) else "-".join(v) for k, v in given)

    def case(self) -> Case:
        return _case(self)

    def design(self) -> tuple[Design, ModelSpec]:
        panel, spec = self.case()
        return make_design(panel, spec), spec

    def density(self) -> Callable[[np.ndarray], Any]:
        return _density(self)


@cache
def _case(model: Model) -> Case:
    make = small_client if model.units == 1 else partial(small_panel, n_units=model.units)
    panel, spec, _ = make(model.recipe)
    spec = with_trend(with_noise(spec, model.noise), model.trend)
    if model.adstock or model.saturation:
        spec = with_parts(spec, model.adstock, model.saturation)
    for entry in model.entries:
        panel, spec = ENTRIES[entry](panel, spec)
    return panel, spec


@cache
def _density(model: Model) -> Callable[[np.ndarray], Any]:
    return density(*model.design())


UNPOOLED = {name: entry for name, entry in ENTRIES.items() if name != "other_families"}
"""Entries that partial pooling takes too: its priors are of one family."""

EACH_RECIPE = [Model(recipe, entries=("awkward_controls",)) for recipe in RECIPES] + [Model("v2", units=3)]

KINDS = [
    *EACH_RECIPE, *(Model(noise=noise) for noise in LIKELIHOODS), *(Model(saturation=s) for s in SATURATIONS),
    Model(adstock="delayed", saturation="hill_slope"), Model("v2", units=3, trend="local_linear"),
    Model(trend="damped", entries=("lift_tests", "exposures", "all_returns")),
]  # fmt: skip
"""A few models that have every part: where a test takes long."""

MODELS = list(
    dict.fromkeys(
        [Model(recipe, noise=noise, entries=("awkward_controls",)) for recipe in RECIPES for noise in LIKELIHOODS]
        + [Model("v2", units=3, noise=noise) for noise in LIKELIHOODS]
        + [Model(adstock=a, saturation=s) for a in ADSTOCKS for s in ("linear", "hill_slope")]
        + [Model(adstock=a, saturation=s) for a in ("geometric_grid", "delayed") for s in SATURATIONS]
        + [Model(trend=trend) for trend in TRENDS]
        + [Model(entries=(entry,)) for entry in ENTRIES]
        + [Model("v2", units=3, adstock="delayed", saturation="hill_slope")]
        + [Model("v2", units=3, trend=trend) for trend in TRENDS]
        + [Model("v2", units=3, entries=(entry,)) for entry in UNPOOLED]
        + [Model("v1", entries=("lift_tests", "all_returns"))]
    )
)
"""Every recipe with every noise, every adstock, saturation, trend and entry, national and over units."""


def used_curves() -> set[str]:
    """Return which curves the models have."""
    return {name for model in MODELS for name, curve in CURVES.items() if curve.is_part(model.case()[1])}


def unconstrained(design: Design, spec: ModelSpec, n: int, seed: int = 4) -> np.ndarray:
    """Return random points (n, size) on the sampler's scale, not far from the prior medians."""
    medians, rng = prior_medians(design, spec), np.random.default_rng(seed)
    return medians + rng.uniform(-1.5, 1.5, (n, len(medians)))
