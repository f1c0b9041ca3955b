"""The first iteration's model: the recipe's parts or those that were asked for, with the preset's priors.

The trainer doesn't reach this, so that editing it trains nothing again.
"""

from typing import NamedTuple

from ..data_profile import DataProfile, ProfiledChannel
from ..distributions import HalfNormal
from ..errors import InputError, did_you_mean
from ..model_parts import GivenEvent, ModelParts
from ..spec import (
    Adstock,
    AdstockKind,
    Channel,
    Control,
    Event,
    ModelSpec,
    Pooling,
    Sampler,
    Saturation,
    SaturationKind,
    Seasonality,
    TypePooling,
    UnitPooling,
)
from .calendar_events import model_events
from .kinds import likelihood_of, periods_of_a_week, share_of_media_scale, trend_of, weekly_season
from .priors import Preset, on_the_log_scale, on_the_logit_scale, peak_to_cadence, preset, to_cadence
from .recipes import RECIPES, Recipe
from .transforms import ADSTOCKS, SATURATIONS

FIRST_SEASON_ORDER = 2
"""Fourier pairs to start with: few, since the loop adds more where the training rows ask for them."""


class Media(NamedTuple):
    """What all channels of a model have in common."""

    adstock: AdstockKind
    saturation: SaturationKind
    pooled: bool


def first_spec(
    profile: DataProfile, *, model_type: str, prior_preset: str, sampler: Sampler, parts: ModelParts | None = None
) -> ModelSpec:
    """Return the first iteration's model: parsimonious, with the preset's priors by channel type.

    parts : what was asked for; its events are listed (`event_files.with_listed_events`). None asks for nothing.
    Raises InputError if the model type or the preset is not known, or a part doesn't fit the data.
    """
    if model_type not in RECIPES:
        raise InputError(
            f"model_type: {model_type!r} is not known{did_you_mean(model_type, RECIPES)}; known: {', '.join(RECIPES)}"
        )
    chosen, recipe, parts = preset(prior_preset), RECIPES[model_type], parts or ModelParts()
    pooling = _pooling(profile, recipe, chosen, parts)
    media = Media(
        parts.adstock or recipe.adstock, parts.saturation or recipe.saturation, bool(pooling.within_channel_type)
    )
    return ModelSpec(
        iteration=1,
        model_type=model_type,
        prior_preset=prior_preset,
        frequency=profile.frequency,
        adstock=media.adstock,
        saturation=media.saturation,
        pooling=pooling,
        intercept=chosen.intercept,
        channels=_channels(profile, media, chosen, parts),
        trend=trend_of(parts.trend or "linear", chosen),
        seasonality=_season(profile, chosen, parts.season_order),
        weekly_seasonality=_weekly_season(profile, chosen, parts.weekly_season_order),
        controls=tuple(Control(column=c.column, coefficient=chosen.control_coefficient) for c in profile.controls),
        events=_events(profile, chosen, parts),
        likelihood=likelihood_of(parts.likelihood or "normal", chosen),
        sampler=sampler,
    )


# --- media -----------------------------------------------------------------------------------------------------------


def _channels(profile: DataProfile, media: Media, chosen: Preset, parts: ModelParts) -> tuple[Channel, ...]:
    """Return the channels with the priors of their type; those of the coefficients share out the preset's scale."""
    exposures = _exposures(profile, parts)
    channels = []
    for channel in profile.channels:
        weight = share_of_media_scale(len(profile.channels), channel.share_of_spend)
        sigma = round(chosen.media_scale * weight / SATURATIONS[media.saturation].at_typical_spend, 6)
        coefficient = HalfNormal(sigma=sigma)
        channels.append(
            Channel(
                column=channel.column,
                channel_type=channel.channel_type,
                exposure_column=exposures.get(channel.column),
                adstock=_adstock(profile, channel, media, chosen),
                saturation=_saturation(media, chosen),
                coefficient=on_the_log_scale(coefficient) if media.pooled else coefficient,
            )
        )
    return tuple(channels)


def _adstock(profile: DataProfile, channel: ProfiledChannel, media: Media, chosen: Preset) -> Adstock | None:
    parameters = ADSTOCKS[media.adstock].parameters
    if not parameters:
        return None
    delayed = "adstock_peak" in parameters
    alpha = to_cadence(chosen.adstock_alpha[channel.channel_type], profile.frequency, power=2 if delayed else 1)
    peak = peak_to_cadence(chosen.adstock_peak, profile.frequency) if delayed else None
    if media.pooled:
        return Adstock(alpha=on_the_logit_scale(alpha), peak=peak and on_the_log_scale(peak))
    return Adstock(alpha=alpha, peak=peak)


def _saturation(media: Media, chosen: Preset) -> Saturation | None:
    parameters = SATURATIONS[media.saturation].parameters
    if not parameters:
        return None
    half, slope = chosen.half_saturation, chosen.hill_slope if "hill_slope" in parameters else None
    if media.pooled:
        return Saturation(half_saturation=on_the_log_scale(half), slope=slope and on_the_log_scale(slope))
    return Saturation(half_saturation=half, slope=slope)


def _exposures(profile: DataProfile, parts: ModelParts) -> dict[str, str]:
    """Return the exposure columns that are modelled, by channel. Raises InputError for a channel that has none."""
    has = {c.column: c.exposure_column for c in profile.channels if c.exposure_column}
    if parts.media_input in (None, "spend"):
        return {}
    if parts.media_input == "exposure":
        return has
    for column in parts.media_input:
        if column not in has:
            raise InputError(
                f"model.media_input: no exposures of a channel {column!r} are in the data{did_you_mean(column, has)}; "
                f"channels with exposures: {', '.join(has) or 'none'}"
            )
    return {column: has[column] for column in parts.media_input}


def _pooling(profile: DataProfile, recipe: Recipe, chosen: Preset, parts: ModelParts) -> Pooling:
    """Return what is pooled: channels within their type, and units, in a recipe that does so where the data have them.

    Raises InputError if units were asked for and the data have none.
    """
    of_recipe = ("channel_types", "units") if recipe.pooled and profile.panel_column else ("channel_types",)
    pooled = parts.pooling if parts.pooling is not None else of_recipe if recipe.pooled else ()
    if "units" in pooled and not profile.panel_column:
        raise InputError("model.pooling: the data have no panel column to pool the units of; remove 'units'")
    across = UnitPooling(coefficient_spread=chosen.coefficient_spread, season_spread=chosen.season_spread)
    return Pooling(
        within_channel_type=TypePooling(share=chosen.pooled_share) if "channel_types" in pooled else None,
        across_units=across if "units" in pooled else None,
    )


# --- what else explains the KPI --------------------------------------------------------------------------------------


def _season(profile: DataProfile, chosen: Preset, order: int | None) -> Seasonality:
    """Return the season of the year. Raises InputError if the cadence can't show as many pairs."""
    period = profile.periods_per_year
    most = int((period - 1) // 2)
    if order is None:
        order = min(FIRST_SEASON_ORDER, most) if profile.n_train >= period else 0
    if order > most:
        raise InputError(f"model.season_order: {profile.frequency} data show at most {most} Fourier pairs, got {order}")
    return Seasonality(order=order, period=period, coefficient=chosen.season_coefficient)


def _weekly_season(profile: DataProfile, chosen: Preset, order: int | None) -> Seasonality | None:
    """Return the season of the week. Raises InputError if the cadence can't show as many pairs."""
    most = (periods_of_a_week(profile.frequency, profile.periods_per_year) - 1) // 2
    if order is not None and order > most:
        rows = "data with fewer days a week" if profile.frequency == "daily" else f"{profile.frequency} data"
        raise InputError(f"model.weekly_season_order: {rows} show at most {most} Fourier pairs of a week, got {order}")
    return weekly_season(profile.frequency, profile.periods_per_year, profile.n_train, order, chosen)


def _events(profile: DataProfile, chosen: Preset, parts: ModelParts) -> tuple[Event, ...]:
    listed: tuple[GivenEvent, ...] = parts.events or ()
    found = model_events(profile, {event.name: event.dates for event in listed}, parts.holidays)
    return tuple(
        Event(name=name, dates=tuple(day.isoformat() for day in days), coefficient=chosen.event_coefficient)
        for name, days in found.items()
    )
