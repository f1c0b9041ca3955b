"""Clients with known truth, for tests, recovery studies and the shipped example (formula: `client_truth`).

What a plan leaves open is drawn from the ranges stated here, so that `simulate_client(seed)` alone is a client
like many; carry-over starts at nothing before the first row, as it does in the models.
"""

from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_core import to_jsonable_python

from ..data_profile import n_test_periods
from ..modelling.priors import mean, preset, to_cadence
from ..modelling.transforms import geometric_adstock, typical_adstocked_spend
from ..spec import PERIODS_PER_YEAR, Frequency
from ..strict import Strict
from ..verdicts import OosThresholds
from .client_truth import (
    ChannelTruth,
    ControlTruth,
    FourierPair,
    Outlier,
    SimulatedType,
    Truth,
    expected_kpi,
    saturated_media,
)
from .simulated_series import (
    CONTROLS,
    PATTERNS,
    calendar_dates,
    season_through,
    season_values,
    shared_budget,
    year_fraction,
)

Pattern = Literal["always_on", "pulses", "flights"]
OpenShare = Annotated[float, Field(gt=0.0, lt=1.0)]
Bounds = tuple[float, float]

TEST_SIZE = OosThresholds().test_size
"""Share of periods, the last ones, that the unit of λ must not see."""
UNIT_PRESET = "default"
"""Prior preset whose mean of α sets the unit of λ."""
WEEKLY_ALPHA: dict[SimulatedType, Bounds] = {
    "search": (0.1, 0.6), "social": (0.2, 0.6), "display": (0.2, 0.6), "video_tv": (0.3, 0.8),
}  # fmt: skip
"""Range of α, drawn uniformly; other cadences take the same decay, e.g. α_day = α_week^(1/7)."""
USUAL_PATTERN: dict[SimulatedType, Pattern] = {
    "search": "always_on", "social": "pulses", "display": "always_on", "video_tv": "flights",
}  # fmt: skip
HALF_SATURATION: Bounds = (0.5, 2.0)
"""Range of λ in units of typical adstocked spend, drawn log-uniformly; so are the next two."""
ROAS: Bounds = (0.5, 5.0)
MEAN_SPEND: Bounds = (5_000.0, 40_000.0)
CONTROL_EFFECT: dict[str, Bounds] = {"price": (-0.03, -0.01), "promotion": (0.03, 0.12), "event": (0.05, 0.2)}
"""Range of a control's effect per unit of its column, as a share of the KPI's level, drawn uniformly."""
CONTROL_REFERENCE = {"price": 50.0, "promotion": 0.0, "event": 0.0}
SEASON_SD = 0.06
"""Standard deviation of a season that is drawn, as a share of the KPI's level."""


class ChannelPlan(Strict):
    """One channel to simulate; what is null is drawn."""

    column: str
    channel_type: SimulatedType
    pattern: Pattern
    mean_spend: Annotated[PositiveFloat | None, Field(description="currency per period, over the window")] = None
    growth: Annotated[float, Field(gt=-2.0, lt=2.0, description="change of spend over the window / its mean")] = 0.0
    follows_season: Annotated[float, Field(ge=0.0, description="how many times the KPI's season moves spend")] = 0.0
    adstock_alpha: Annotated[float | None, Field(ge=0.0, lt=1.0, description="retention per period")] = None
    half_saturation: Annotated[PositiveFloat | None, Field(description="in units of typical adstocked spend")] = None
    roas: Annotated[PositiveFloat | None, Field(description="KPI units per currency, over the window")] = None


class ControlPlan(Strict):
    """One control to simulate; `effect` is per unit of its column, as a share of the KPI's level."""

    column: str
    kind: Literal["price", "promotion", "event"]
    effect: float | None = None


class OutlierPlan(Strict):
    """One row (0 is the first) whose KPI is off by `share` of what it would have been."""

    row: Annotated[int, Field(ge=0)]
    share: Annotated[float, Field(gt=-1.0)]


class ClientPlan(Strict):
    """A client to simulate: the options of `simulate_client`. The KPI's level follows from `media_share`."""

    n_periods: Annotated[int, Field(ge=10, description="rows")] = 156
    frequency: Frequency = "weekly"
    start: Annotated[str, Field(description="ISO date of the first row")] = "2021-01-04"
    date_column: str = "week_start"
    target_column: str = "revenue"
    n_channels: Annotated[PositiveInt, Field(description="of the four types in turn, where none are given")] = 6
    channels: tuple[ChannelPlan, ...] = ()
    controls: tuple[ControlPlan, ...] = (
        ControlPlan(column="avg_price", kind="price"),
        ControlPlan(column="promotion", kind="promotion"),
        ControlPlan(column="holiday", kind="event"),
    )
    media_share: Annotated[OpenShare, Field(description="media's part of the expected KPI")] = 0.28
    trend: Annotated[float, Field(description="change over the window, as a share of the KPI's level")] = 0.1
    harmonics: Annotated[int, Field(ge=0, le=26, description="Fourier pairs of the yearly season")] = 2
    monthly_season: Annotated[
        tuple[float, ...] | None,
        Field(min_length=12, max_length=12, description="season at mid-month, as shares of the KPI's level"),
    ] = None
    r2: Annotated[OpenShare, Field(description="share of the KPI's variance, outliers apart, that isn't noise")] = 0.7
    outliers: tuple[OutlierPlan, ...] = ()

    @field_validator("start")
    @classmethod
    def _start_is_a_date(cls, start: str) -> str:
        try:
            return pd.Timestamp(start).date().isoformat()
        except ValueError:
            raise ValueError("not an ISO date such as 2021-01-04") from None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        finest = 5 if self.monthly_season else int((PERIODS_PER_YEAR[self.frequency] - 1) // 2)
        if self.harmonics > finest:
            raise ValueError(
                f"{self.harmonics} harmonics are more than the season can hold here; give at most {finest}"
            )
        late = [o.row for o in self.outliers if o.row >= self.n_periods]
        if late:
            raise ValueError(f"outlier at row {late[0]}, but the last row is {self.n_periods - 1}")
        columns = [self.date_column, self.target_column, *(c.column for c in self.controls + self.channels)]
        twice = [c for c in columns if columns.count(c) > 1]
        if twice:
            raise ValueError(f"column {twice[0]!r} is given twice; name each column once")
        return self


def simulate_client(seed: int | np.random.Generator, **options: Any) -> tuple[pd.DataFrame, Truth]:
    """Return a client's table (date, target, channels, controls; one row per period) and the truth behind it.

    options : the fields of ClientPlan, where each default and its meaning stand
    Raises InputError for an unknown or impossible option. Values depend on seed and options only; what happens
    to the KPI changes no spend and no control. The KPI may fall below zero if `r2` is close to 0.
    """
    plan = ClientPlan.parse(to_jsonable_python(options), "simulate_client")
    plan = plan.model_copy(update={"channels": plan.channels or _usual_channels(plan.n_channels)})
    season_rng, spend_rng, control_rng, effect_rng, noise_rng = np.random.default_rng(seed).spawn(5)
    dates = calendar_dates(plan.start, plan.n_periods, plan.frequency)
    pairs = _season_pairs(season_rng, plan)
    season = season_values(pairs, year_fraction(dates[0], plan.n_periods, plan.frequency))
    own_rngs = control_rng.spawn(len(plan.controls))
    controls = {c.column: CONTROLS[c.kind](own, dates) for c, own in zip(plan.controls, own_rngs, strict=True)}
    table = pd.DataFrame({plan.date_column: dates[:-1], **_spend(spend_rng, plan, season), **controls})
    truth = _without_noise(effect_rng, table, plan, pairs, seed if isinstance(seed, int) else None)
    return _with_noise(noise_rng, table, truth, plan)


def _usual_channels(n: int) -> tuple[ChannelPlan, ...]:
    """Return n channels, the four types in turn."""
    types = list(USUAL_PATTERN)
    return tuple(
        ChannelPlan(column=f"{kind}_{k // len(types) + 1}_spend", channel_type=kind, pattern=USUAL_PATTERN[kind])
        for k, kind in ((k, types[k % len(types)]) for k in range(n))
    )


def _season_pairs(rng: np.random.Generator, plan: ClientPlan) -> np.ndarray:
    """Return the season's Fourier pairs (pair, 2), as shares of the KPI's level."""
    if plan.monthly_season is not None:
        return season_through(plan.monthly_season, plan.harmonics)
    pairs = rng.normal(size=(plan.harmonics, 2)) / np.arange(1, plan.harmonics + 1)[:, None]
    return pairs * SEASON_SD / np.sqrt(max(0.5 * np.sum(pairs**2), 1e-12))


def _spend(rng: np.random.Generator, plan: ClientPlan, season: np.ndarray) -> dict[str, np.ndarray]:
    """Return each channel's spend (row,), whole currency, from a generator of its own."""
    budget = shared_budget(rng, plan.n_periods)
    since_middle = np.linspace(-0.5, 0.5, plan.n_periods)
    spend = {}
    for channel, own in zip(plan.channels, rng.spawn(len(plan.channels)), strict=True):
        shape = PATTERNS[channel.pattern](own, plan.n_periods, PERIODS_PER_YEAR[plan.frequency]) * budget
        shape *= (1.0 + channel.growth * since_middle) * np.exp(channel.follows_season * season)
        spend[channel.column] = np.round(shape / shape.mean() * _drawn(own, channel.mean_spend, MEAN_SPEND))
    return spend


def _without_noise(
    rng: np.random.Generator, table: pd.DataFrame, plan: ClientPlan, pairs: np.ndarray, seed: int | None
) -> Truth:
    """Return the truth of everything but noise and outliers, with the KPI's level that `media_share` asks for."""
    channels = [
        _channel_truth(own, table[c.column].to_numpy(float), c, plan)
        for c, own in zip(plan.channels, rng.spawn(len(plan.channels)), strict=True)
    ]
    level = sum(c.contribution for c in channels) / plan.media_share / plan.n_periods
    drawn = [rng.uniform(*CONTROL_EFFECT[c.kind]) for c in plan.controls]
    effects = [d if c.effect is None else c.effect for c, d in zip(plan.controls, drawn, strict=True)]
    truth = Truth(
        seed=seed, frequency=plan.frequency, date_column=plan.date_column, target_column=plan.target_column,
        start=plan.start, n_periods=plan.n_periods,
        n_train=plan.n_periods - n_test_periods(plan.n_periods, TEST_SIZE),
        intercept=0.0, trend=plan.trend * level,
        season=tuple(FourierPair(sine=float(s * level), cosine=float(c * level)) for s, c in pairs),
        controls=tuple(
            ControlTruth(column=c.column, reference=CONTROL_REFERENCE[c.kind], coefficient=effect * level)
            for c, effect in zip(plan.controls, effects, strict=True)
        ),
        channels=tuple(channels), media_share=plan.media_share, outliers=(), noise_sd=0.0,
    )  # fmt: skip
    return truth.model_copy(update={"intercept": float(level - expected_kpi(table, truth).mean())})


def _channel_truth(rng: np.random.Generator, spend: np.ndarray, channel: ChannelPlan, plan: ClientPlan) -> ChannelTruth:
    """Return one channel's truth; β follows from the return on spend. `share` is left to the finished KPI."""
    weeks = PERIODS_PER_YEAR["weekly"] / PERIODS_PER_YEAR[plan.frequency]
    drawn_alpha = rng.uniform(*WEEKLY_ALPHA[channel.channel_type]) ** weeks
    alpha = drawn_alpha if channel.adstock_alpha is None else channel.adstock_alpha
    relative = _drawn(rng, channel.half_saturation, HALF_SATURATION)
    roas = _drawn(rng, channel.roas, ROAS)
    unit_alpha = mean(to_cadence(preset(UNIT_PRESET).adstock_alpha[channel.channel_type], plan.frequency))
    training = spend[: plan.n_periods - n_test_periods(plan.n_periods, TEST_SIZE)]
    unit = typical_adstocked_spend(geometric_adstock(training, unit_alpha), training)
    contribution = roas * spend.sum()
    return ChannelTruth(
        column=channel.column, channel_type=channel.channel_type, adstock_alpha=float(alpha),
        half_saturation=relative * unit, half_saturation_relative=relative, unit=unit, unit_alpha=unit_alpha,
        coefficient=float(contribution / saturated_media(spend, alpha, relative * unit).sum()),
        spend=float(spend.sum()), contribution=float(contribution), share=0.0, roas=roas,
    )  # fmt: skip


def _with_noise(
    rng: np.random.Generator, table: pd.DataFrame, truth: Truth, plan: ClientPlan
) -> tuple[pd.DataFrame, Truth]:
    """Return the table with its KPI, whole units, and the truth with noise, outliers and shares of the KPI."""
    kpi = expected_kpi(table, truth)
    noise_sd = float(kpi.std(ddof=0) * np.sqrt((1.0 - plan.r2) / plan.r2))
    kpi += rng.normal(0.0, noise_sd, plan.n_periods)
    dates = table[plan.date_column].dt.strftime("%Y-%m-%d")
    outliers = tuple(Outlier(date=dates[o.row], effect=float(o.share * kpi[o.row])) for o in plan.outliers)
    for outlier, planned in zip(outliers, plan.outliers, strict=True):
        kpi[planned.row] += outlier.effect
    kpi = kpi.round()
    channels = tuple(c.model_copy(update={"share": float(c.contribution / kpi.sum())}) for c in truth.channels)
    table.insert(1, plan.target_column, kpi)
    return table, truth.model_copy(
        update={
            "noise_sd": noise_sd,
            "outliers": outliers,
            "channels": channels,
            "media_share": sum(c.share for c in channels),
        }
    )


def _drawn(rng: np.random.Generator, given: float | None, bounds: Bounds) -> float:
    """Return what is given, else a log-uniform draw; draws either way, so that giving one value moves no other."""
    drawn = float(np.exp(rng.uniform(*np.log(bounds))))
    return drawn if given is None else given
