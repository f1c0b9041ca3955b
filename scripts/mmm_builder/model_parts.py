"""What a person asks a model to be made of: the section `model` of `config/config.yaml`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from .spec import AdstockKind, IsoDate, LikelihoodKind, SaturationKind, TrendKind
from .strict import Strict

MediaInput = Literal["spend", "exposure"]
Pooled = Literal["channel_types", "units"]


class GivenEvent(Strict):
    """Days with an effect of their own; those of the held-out periods too, since they are known ahead."""

    name: Annotated[str, Field(min_length=1, description="what the days are")]
    dates: Annotated[tuple[IsoDate, ...], Field(min_length=1, description="its days (ISO), of every year")]


def _a_country(value: Any) -> Any:
    """Return what was given. Raises ValueError for a bare `NO`, which YAML reads as false."""
    if value is False:
        raise ValueError("false is no country; write 'NO' in quotes for Norway, null for no holidays")
    return value


def _list_or_text(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "text"


def _names_once(events: tuple[GivenEvent, ...]) -> tuple[GivenEvent, ...]:
    """Return the events. Raises ValueError if a name is there twice."""
    names = [event.name for event in events]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{twice[0]!r} is there {names.count(twice[0])} times; give one event all its dates")
    return events


EventList = Annotated[tuple[GivenEvent, ...], AfterValidator(_names_once)]
Events = Annotated[
    Annotated[EventList, Tag("list")] | Annotated[str, Field(min_length=1), Tag("text")], Discriminator(_list_or_text)
]
MediaInputs = Annotated[
    Annotated[tuple[str, ...], Tag("list")] | Annotated[MediaInput, Tag("text")], Discriminator(_list_or_text)
]


class ModelParts(Strict):
    """What the first iteration's model is made of; what is null follows from the model type and the data."""

    adstock: Annotated[AdstockKind | None, Field(description="carry-over of media; null: the model type's")] = None
    saturation: Annotated[SaturationKind | None, Field(description="response curve; null: the model type's")] = None
    trend: Annotated[TrendKind | None, Field(description="null: linear; remedies may change it")] = None
    likelihood: Annotated[
        LikelihoodKind | None, Field(description="noise; lognormal grows with the level; null: normal")
    ] = None
    season_order: Annotated[
        int | None, Field(ge=0, le=26, description="Fourier pairs of the year; null: 2, 0 with less than a year")
    ] = None
    weekly_season_order: Annotated[
        int | None, Field(ge=0, le=3, description="Fourier pairs of the week; null: 3 for daily data, else none")
    ] = None
    holidays: Annotated[
        Annotated[str, Field(min_length=2)] | None,
        BeforeValidator(_a_country),
        Field(description="public holidays of a country (`DE`) or of a part of it (`DE-BY`)"),
    ] = None
    events: Annotated[
        Events | None, Field(description="events, each with `name` and `dates`; or a CSV file with columns name, date")
    ] = None
    media_input: Annotated[
        MediaInputs | None,
        Field(description="what is modelled of media: their spend (null), or their exposures where the data hold them; "
                          "a list: the channels that are modelled by their exposures"),
    ] = None  # fmt: skip
    pooling: Annotated[
        tuple[Pooled, ...] | None, Field(description="what is pooled partially; null: the model type's; []: nothing")
    ] = None

    def over(self, others: "ModelParts") -> "ModelParts":
        """Return these parts, with the others' wherever these are null."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return others.model_copy(update={name: value for name, value in own.items() if value is not None})
