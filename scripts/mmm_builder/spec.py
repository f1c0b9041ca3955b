"""One iteration's model as data: what `config_iter_N.yaml` holds. Complete, so that it can be edited by hand."""

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from .strict import Document, Strict

ModelType = Literal["v3", "simple"]
PresetName = Literal["default"]
"""Names of the sets of priors in `data/priors.yaml`."""
Frequency = Literal["daily", "weekly", "monthly", "quarterly", "annual"]
ChannelType = Literal[
    "search", "social", "display", "video_tv",
    "radio", "print", "ooh", "email", "affiliate", "influencer", "direct_mail", "other",
]  # fmt: skip

PERIODS_PER_YEAR: dict[Frequency, float] = {
    "daily": 365.25, "weekly": 365.25 / 7, "monthly": 12.0, "quarterly": 4.0, "annual": 1.0,
}  # fmt: skip


class Beta(Strict):
    """Beta(alpha, beta) on [0, 1]."""

    dist: Literal["Beta"] = "Beta"
    alpha: PositiveFloat
    beta: PositiveFloat


class HalfNormal(Strict):
    """Normal(0, sigma) folded at zero."""

    dist: Literal["HalfNormal"] = "HalfNormal"
    sigma: PositiveFloat


class LogNormal(Strict):
    """exp of Normal(mu, sigma)."""

    dist: Literal["LogNormal"] = "LogNormal"
    mu: float
    sigma: PositiveFloat


class Gamma(Strict):
    """Gamma with shape alpha and rate beta."""

    dist: Literal["Gamma"] = "Gamma"
    alpha: PositiveFloat
    beta: PositiveFloat


class Normal(Strict):
    """Normal(mu, sigma)."""

    dist: Literal["Normal"] = "Normal"
    mu: float
    sigma: PositiveFloat


Prior = Annotated[Beta | HalfNormal | LogNormal | Gamma, Field(discriminator="dist")]
"""A prior in PyMC's own names. Those of the linear terms are Normal (they are projected)."""


class Adstock(Strict):
    """Geometric carry-over; `alpha` is retention per period."""

    alpha: Beta


class Saturation(Strict):
    """Hill curve with slope 1; `half_saturation` in units of typical non-zero adstocked spend."""

    half_saturation: Prior


class Channel(Strict):
    """One media channel. `coefficient` is in units of the KPI's scale (its training mean)."""

    column: str
    channel_type: ChannelType
    adstock: Adstock | None = None
    saturation: Saturation | None = None
    coefficient: Prior


class Trend(Strict):
    """Linear trend; the slope is the change over the training window in units of the KPI's scale."""

    kind: Literal["none", "linear"]
    slope: Normal


class Seasonality(Strict):
    """Yearly season of `order` Fourier pairs (0: none)."""

    order: Annotated[int, Field(ge=0, le=26)]
    period: PositiveFloat
    coefficient: Normal


class Control(Strict):
    """One control, standardised by its training mean and standard deviation (0/1 columns stay as they are)."""

    column: str
    coefficient: Normal


class Pulse(Strict):
    """One training period that gets an effect of its own, so that it bends nothing else."""

    date: str
    coefficient: Normal


class Likelihood(Strict):
    """Noise around the mean, in units of the KPI's scale; `nu` (Student-t only) is drawn above 2."""

    kind: Literal["normal", "student_t"]
    sigma: Prior
    nu: Prior | None = None


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
    intercept: Normal
    channels: tuple[Channel, ...] = Field(min_length=1)
    trend: Trend
    seasonality: Seasonality
    controls: tuple[Control, ...] = ()
    pulses: tuple[Pulse, ...] = ()
    likelihood: Likelihood
    sampler: Sampler
    changes: tuple[Change, ...] = ()
