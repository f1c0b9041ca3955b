"""One iteration's model as data: what `config_iter_N.yaml` holds. Complete, so that it can be edited by hand."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator

from .distributions import Normal, Prior, SharePrior, starts_at_zero, within_one
from .strict import Document, Strict

ModelType = Literal["v3", "v3_proper", "simple", "v1", "v2"]
AdstockKind = Literal["none", "geometric_grid", "geometric_scan", "geometric_convolution", "delayed"]
SaturationKind = Literal["linear", "hill", "hill_slope", "hill_at_typical_spend", "logistic"]
TrendKind = Literal["none", "linear", "damped", "local_linear"]
LikelihoodKind = Literal["normal", "student_t", "lognormal"]
PresetName = Literal["default", "decay_words", "robyn_ranges"]
"""Names of the sets of priors in `data/priors.yaml`."""
Frequency = Literal["daily", "weekly", "monthly", "quarterly", "annual"]
ChannelType = Literal[
    "search", "social", "display", "video_tv",
    "radio", "print", "ooh", "email", "affiliate", "influencer", "direct_mail", "other",
]  # fmt: skip

PERIODS_PER_YEAR: dict[Frequency, float] = {
    "daily": 365.25, "weekly": 365.25 / 7, "monthly": 12.0, "quarterly": 4.0, "annual": 1.0,
}  # fmt: skip


def _iso_date(text: str) -> str:
    """Return an ISO date. Raises ValueError if it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("a date is written 2024-12-24") from None


IsoDate = Annotated[str, AfterValidator(_iso_date)]

MediaPrior = Annotated[Prior, AfterValidator(starts_at_zero)]
Retention = Annotated[SharePrior, AfterValidator(within_one)]


class Adstock(Strict):
    """Carry-over; `alpha` is retention per period, `peak` (delayed only) the lag of the largest effect in periods."""

    alpha: Retention
    peak: MediaPrior | None = None


class Saturation(Strict):
    """Hill curve; `half_saturation` in units of typical non-zero adstocked spend, `slope` 1 where it isn't given."""

    half_saturation: MediaPrior
    slope: MediaPrior | None = None


class Channel(Strict):
    """One media channel: `exposure_column`, where it is given, is modelled in place of its spend.

    `coefficient` is in units of the KPI's scale (its training mean); `roas`, in KPI per unit of spend over the training
    rows, may stand in its place; of units that are pooled it is the return at their common coefficient.
    """

    column: str
    channel_type: ChannelType
    exposure_column: str | None = None
    adstock: Adstock | None = None
    saturation: Saturation | None = None
    coefficient: MediaPrior | None = None
    roas: MediaPrior | None = None

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if (self.coefficient is None) == (self.roas is None):
            raise ValueError("a channel needs a prior of its coefficient or of its roas, one of the two")
        return self


class Trend(Strict):
    """Trend; the slope is the change over the training window in units of the KPI's scale.

    damping : damped only; how many times the trend's speed falls by the factor e within the training window
    drift : local_linear only; standard deviation of what a random walk adds to the line over the training window
    """

    kind: TrendKind
    slope: Normal
    damping: MediaPrior | None = None
    drift: MediaPrior | None = None


class Seasonality(Strict):
    """A season of `order` Fourier pairs (0: none) that recurs every `period` periods."""

    order: Annotated[int, Field(ge=0, le=26)]
    period: PositiveFloat
    coefficient: Normal


class Event(Strict):
    """Days with an effect of their own, in every year and known ahead: a holiday, a sale."""

    name: str
    dates: tuple[IsoDate, ...] = Field(min_length=1)
    coefficient: Normal


class TypePooling(Strict):
    """Channels of a type share their parameters in part: `share` of the prior variance is the type's."""

    share: Retention


class UnitPooling(Strict):
    """Each panel unit has its own intercept, linear trend, season scale and coefficients.

    What a damped or local linear trend adds to a line is common to the units, in units of each one's KPI scale.
    coefficient_spread : standard deviation of a channel's log coefficients over the units
    season_spread : standard deviation of the log scale of the season over the units
    """

    coefficient_spread: MediaPrior
    season_spread: MediaPrior


class Pooling(Strict):
    """What is pooled partially; without `across_units` the units of a panel are summed."""

    within_channel_type: TypePooling | None = None
    across_units: UnitPooling | None = None


class LiftTest(Strict):
    """An experiment: spend was changed by `spend_change` in all from start to end, and `lift` was measured there.

    start, end : ISO dates of whole periods; those whose dates lie from one to the other, both included
    spend_change : negative where spend was held back
    lift, standard_error : what the change did to the KPI, in the KPI's own units, over the same dates
    """

    channel: str
    start: IsoDate
    end: IsoDate
    spend_change: float
    lift: float
    standard_error: PositiveFloat

    @model_validator(mode="after")
    def _is_an_experiment(self) -> Self:
        if self.start > self.end:
            raise ValueError(f"start {self.start} is after end {self.end}")
        if self.spend_change == 0:
            raise ValueError("spend_change is 0: nothing was changed; leave the test out")
        return self


class Control(Strict):
    """One control, standardised by its training mean and standard deviation (0/1 columns stay as they are)."""

    column: str
    coefficient: Normal


class Pulse(Strict):
    """One training period that gets an effect of its own, so that it bends nothing else."""

    date: IsoDate
    coefficient: Normal


class LevelShift(Strict):
    """A level of the KPI that changed for good, held-out periods included; the effect in units of the KPI's scale."""

    date: Annotated[IsoDate, Field(description="first training period at the new level (ISO)")]
    coefficient: Annotated[Normal, Field(description="new level less the one before, in units of the KPI's scale")]


class Likelihood(Strict):
    """Noise around the mean, in units of the KPI's scale (lognormal: of its log); `nu` (Student-t only) is above 2."""

    kind: LikelihoodKind
    sigma: MediaPrior
    nu: MediaPrior | None = None


class Sampler(Strict):
    """NUTS settings."""

    chains: Annotated[int, Field(ge=2, le=64)]
    draws: Annotated[int, Field(ge=50, le=100_000)]
    tune: Annotated[int, Field(ge=50, le=100_000)]
    target_accept: Annotated[float, Field(gt=0.5, lt=1.0)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class Change(Strict):
    """One change of the configuration, with the reason and what it is predicted to do."""

    key: str
    old: Any
    new: Any
    reason: str
    predicted_effect: str


class ModelSpec(Document):
    """`config_iter_N.yaml`: the model of one iteration, every prior written out."""

    iteration: PositiveInt
    model_type: ModelType
    prior_preset: PresetName
    frequency: Frequency
    adstock: AdstockKind
    saturation: SaturationKind
    pooling: Pooling = Pooling()
    intercept: Normal
    channels: tuple[Channel, ...] = Field(min_length=1)
    lift_tests: tuple[LiftTest, ...] = ()
    trend: Trend
    seasonality: Seasonality
    weekly_seasonality: Seasonality | None = None
    controls: tuple[Control, ...] = ()
    events: tuple[Event, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    level_shifts: tuple[LevelShift, ...] = ()
    likelihood: Likelihood
    sampler: Sampler
    changes: tuple[Change, ...] = ()

    @model_validator(mode="after")
    def _exposures_of_one_channel(self) -> Self:
        columns = [c.exposure_column for c in self.channels if c.exposure_column is not None]
        if twice := [column for column in columns if columns.count(column) > 1]:
            both = [c.column for c in self.channels if c.exposure_column == twice[0]]
            raise ValueError(
                f"channels {' and '.join(both)} have the same exposure_column {twice[0]!r}; leave it to one of them"
            )
        return self
