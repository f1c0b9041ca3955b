"""Priors given by hand in `config/config.yaml`: one record per channel, or per type of channels."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from .spec import MediaPrior, Retention
from .strict import Strict

EFFECTS = {"coefficient", "roas"}
"""Two ways to say how much a channel does."""


class ChannelPriors(Strict):
    """Priors of one channel, or of all channels of a type, in place of the preset's; what is null stays as it is."""

    adstock_alpha: Annotated[
        Retention | None, Field(description="retention per period of the data, as it stands: no cadence is converted")
    ] = None
    adstock_peak: Annotated[
        MediaPrior | None, Field(description="lag of a delayed adstock's largest effect, in periods")
    ] = None
    half_saturation: Annotated[
        MediaPrior | None, Field(description="in units of the channel's typical non-zero adstocked spend")
    ] = None
    hill_slope: Annotated[MediaPrior | None, Field(description="of a Hill curve whose slope isn't held at 1")] = None
    coefficient: Annotated[
        MediaPrior | None, Field(description="largest effect per period, in units of the KPI's training mean")
    ] = None
    roas: Annotated[
        MediaPrior | None,
        Field(
            description="KPI per unit of spend over the training rows, in place of the coefficient; where units are "
            "pooled, at their common coefficient"
        ),
    ] = None

    @model_validator(mode="after")
    def _one_effect(self) -> Self:
        if self.coefficient is not None and self.roas is not None:
            raise ValueError("coefficient and roas say the same twice; give one of the two")
        return self

    def given(self) -> dict[str, Any]:
        """Return the priors that were given, by parameter."""
        return {name: prior for name in type(self).model_fields if (prior := getattr(self, name)) is not None}

    def over(self, others: "ChannelPriors") -> "ChannelPriors":
        """Return these priors, with the others' wherever there is none; coefficient and roas are one."""
        own = self.given()
        one_effect = dict.fromkeys(EFFECTS) if EFFECTS & own.keys() else {}
        return others.model_copy(update=one_effect | own)


PriorSettings = dict[str, ChannelPriors]
"""Priors by a channel's column, or by a channel type for all its channels; a channel's own go before its type's."""


class GivenPriors(Strict):
    """The priors of one run, as its first configuration is given them."""

    by_channel: PriorSettings = {}


def merged(workflow: PriorSettings, run: PriorSettings) -> PriorSettings:
    """Return the priors of one run: what it says of a channel goes before what the workflow says of it."""
    nothing = ChannelPriors()
    return {key: run.get(key, nothing).over(workflow.get(key, nothing)) for key in {**workflow, **run}}
