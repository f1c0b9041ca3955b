"""Configuration of one iteration: from the data profile, or from the previous one and the decision about it."""

import logging
from pathlib import Path
from typing import Annotated

from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError, did_you_mean
from mmm_builder.modelling.priors import Preset, preset, to_cadence
from mmm_builder.modelling.recipes import RECIPES, Recipe
from mmm_builder.modelling.transforms import ADSTOCKS, SATURATIONS
from mmm_builder.policy.changes import apply_changes
from mmm_builder.spec import (
    Adstock,
    Channel,
    Control,
    HalfNormal,
    Likelihood,
    ModelSpec,
    Sampler,
    Saturation,
    Seasonality,
    Trend,
)
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision

FIRST_SEASON_ORDER = 2
"""Fourier pairs to start with: few, since the loop adds more where the training rows ask for them."""


def first_spec(profile: DataProfile, *, model_type: str, prior_preset: str, sampler: Sampler) -> ModelSpec:
    """Return the first iteration's model: parsimonious, with the preset's priors by channel type.

    Raises InputError if the model type or the preset is not known.
    """
    if model_type not in RECIPES:
        raise InputError(
            f"model_type: {model_type!r} is not known{did_you_mean(model_type, RECIPES)}; known: {', '.join(RECIPES)}"
        )
    chosen = preset(prior_preset)
    period = profile.periods_per_year
    order = min(FIRST_SEASON_ORDER, int((period - 1) // 2)) if profile.n_train >= period else 0
    return ModelSpec(
        iteration=1,
        model_type=model_type,
        prior_preset=prior_preset,
        frequency=profile.frequency,
        intercept=chosen.intercept,
        channels=_channels(profile, RECIPES[model_type], chosen),
        trend=Trend(kind="linear", slope=chosen.trend_slope),
        seasonality=Seasonality(order=order, period=period, coefficient=chosen.season_coefficient),
        controls=tuple(Control(column=c.column, coefficient=chosen.control_coefficient) for c in profile.controls),
        likelihood=Likelihood(kind="normal", sigma=chosen.sigma),
        sampler=sampler,
    )


def _channels(profile: DataProfile, recipe: Recipe, chosen: Preset) -> tuple[Channel, ...]:
    """Return the channels with the priors of their type; those of the coefficients share out the preset's scale."""
    saturation = SATURATIONS[recipe.saturation]
    carries_over, saturates = bool(ADSTOCKS[recipe.adstock].parameters), bool(saturation.parameters)
    equal = 1.0 / len(profile.channels)
    channels = []
    for channel in profile.channels:
        weight = equal if channel.share_of_spend is None else (equal + channel.share_of_spend) / 2
        alpha = to_cadence(chosen.adstock_alpha[channel.channel_type], profile.frequency)
        sigma = round(chosen.media_scale * weight / saturation.at_typical_spend, 6)
        channels.append(
            Channel(
                column=channel.column,
                channel_type=channel.channel_type,
                adstock=Adstock(alpha=alpha) if carries_over else None,
                saturation=Saturation(half_saturation=chosen.half_saturation) if saturates else None,
                coefficient=HalfNormal(sigma=sigma),
            )
        )
    return tuple(channels)


def next_spec(previous: ModelSpec, decision: Decision) -> ModelSpec:
    """Return the previous model with the decision's changes. Raises InputError if the decision was to stop."""
    if decision.action == "stop":
        raise InputError(f"iteration {decision.iteration} decided to stop ({decision.stop_reason}); nothing to change")
    return apply_changes(previous, decision.changes, iteration=decision.iteration + 1)


def generate_config(
    *,
    config: Annotated[Path, "the configuration to write (config_iter_N.yaml)"],
    profile: Annotated[Path | None, "data profile; for the first iteration"] = None,
    previous: Annotated[Path | None, "configuration of the iteration before; for the following ones"] = None,
    decision: Annotated[Path | None, "thinking_log.json of the iteration before"] = None,
    model_type: Annotated[str, "v3 or simple"] = "v3",
    prior_preset: Annotated[str, "set of priors"] = "default",
    chains: Annotated[int, "independent chains"] = 4,
    draws: Annotated[int, "kept draws per chain"] = 1000,
    tune: Annotated[int, "warm-up draws per chain"] = 1000,
    target_accept: Annotated[float, "acceptance rate the step size aims at"] = 0.9,
    seed: Annotated[int, "of the sampler"] = 20260101,
) -> None:
    """Write the configuration of one iteration: `--profile` for the first, `--previous --decision` for the next.

    example: config_generator.py --profile out/data_profile.json --config out/config_iter_1.yaml
    """
    if profile is not None:
        nuts = {"chains": chains, "draws": draws, "tune": tune, "target_accept": target_accept, "seed": seed}
        sampler = Sampler.parse(nuts, "sampler")
        spec = first_spec(DataProfile.read(profile), model_type=model_type, prior_preset=prior_preset, sampler=sampler)
    elif previous is not None and decision is not None:
        spec = next_spec(read_spec(previous), Decision.read(decision))
    else:
        raise InputError("give --profile for the first iteration, or --previous and --decision for a following one")
    write_spec(config, spec)
    logging.info("iteration %d: %s with %d channels", spec.iteration, spec.model_type, len(spec.channels))


if __name__ == "__main__":
    hand_over(generate_config, globals().get("snakemake"))
