"""What was given by hand goes into a first configuration: priors in the preset's place, and lift tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from ..data_profile import DataProfile
from ..errors import InputError, did_you_mean
from ..lift_tests import read_lift_tests, usable_tests
from ..prior_settings import ChannelPriors, PriorSettings
from ..spec import Channel, ChannelType, ModelSpec
from .parameters import EFFECT, channel_parameters
from .priors import on_the_log_scale, on_the_logit_scale

RETURN = "roas"
"""The prior that stands in for a coefficient's."""

PLACES = {
    "adstock_alpha": ("adstock", "alpha"), "adstock_peak": ("adstock", "peak"),
    "half_saturation": ("saturation", "half_saturation"), "hill_slope": ("saturation", "slope"),
}  # fmt: skip
"""Where a channel holds the priors of its adstock and its saturation."""


def as_given(
    spec: ModelSpec, profile: DataProfile, priors: PriorSettings, lift_tests: Path | None
) -> tuple[ModelSpec, tuple[str, ...]]:
    """Return the spec with the priors and the file of lift tests that were given, and lines about both for people.

    Raises InputError for what doesn't fit the model or the data.
    """
    spec, notes = with_priors(spec, priors, {c.column: c.measure for c in profile.channels})
    if lift_tests is None:
        return spec, notes
    tests, left_out = usable_tests(lift_tests, read_lift_tests(lift_tests), profile)
    return spec.model_copy(update={"lift_tests": tests}), (*notes, *left_out)


def with_priors(
    spec: ModelSpec, priors: PriorSettings, measures: Mapping[str, str]
) -> tuple[ModelSpec, tuple[str, ...]]:
    """Return the spec with the priors given by hand, and a line about each for people.

    measures : of each channel by its column; what isn't `spend` has no return on spend
    Pooled parameters need a location and a scale: other priors are converted, and the line says so.
    Raises InputError for a channel that isn't there and for a parameter that the model doesn't have.
    """
    _check_names(spec, priors)
    nothing, channels, notes = ChannelPriors(), [], []
    for channel in spec.channels:
        given = priors.get(channel.column, nothing).over(priors.get(channel.channel_type, nothing)).given()
        for name, prior in given.items():
            _check_parameter(spec, channel, name, measures)
            placed = _pooled_form(name, prior) if spec.pooling.within_channel_type else prior
            converted = "" if placed == prior else f", as {shown(placed)} because {name} is pooled within channel types"
            notes.append(f"{channel.column}: {name} {shown(prior)}{converted}")
            channel = _placed(channel, name, placed)
        channels.append(channel)
    return spec.model_copy(update={"channels": tuple(channels)}), tuple(notes)


def shown(prior: Any) -> str:
    """Return a prior as PyMC would have it: `Beta(alpha=3, beta=2)`."""
    return f"{prior.dist}({', '.join(f'{k}={v:g}' for k, v in prior.model_dump(exclude={'dist'}).items())})"


def _check_names(spec: ModelSpec, priors: PriorSettings) -> None:
    columns, types = [c.column for c in spec.channels], get_args(ChannelType)
    for key in priors:
        if key not in columns and key not in types:
            raise InputError(
                f"priors: there is no channel {key!r}{did_you_mean(key, [*columns, *types])}; channels: "
                f"{', '.join(columns)}; or a channel type: {', '.join(types)}"
            )


def _check_parameter(spec: ModelSpec, channel: Channel, name: str, measures: Mapping[str, str]) -> None:
    where, has = f"priors: {channel.column}: {name}", channel_parameters(spec)
    if name != RETURN and name not in has:
        raise InputError(
            f"{where}: a model with adstock {spec.adstock!r} and saturation {spec.saturation!r} doesn't have it, only "
            f"{', '.join((*has, RETURN))}; remove the prior, or choose another model"
        )
    if name == RETURN and measures[channel.column] != "spend":
        raise InputError(
            f"{where}: the channel is measured in {measures[channel.column]}, not in money; give a prior of its "
            f"{EFFECT}"
        )


def _pooled_form(name: str, prior: Any) -> Any:
    return on_the_logit_scale(prior) if name == "adstock_alpha" else on_the_log_scale(prior)


def _placed(channel: Channel, name: str, prior: Any) -> Channel:
    if name in PLACES:
        part, field = PLACES[name]
        return channel.model_copy(update={part: getattr(channel, part).model_copy(update={field: prior})})
    return channel.model_copy(update={EFFECT: None, RETURN: None} | {name: prior})
