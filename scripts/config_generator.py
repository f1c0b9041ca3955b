"""Configuration of one iteration: from the data profile, or from the previous one and the decision about it."""

import logging
from pathlib import Path
from typing import Annotated, get_args

from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.event_files import with_listed_events
from mmm_builder.model_parts import ModelParts
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.modelling.overrides import as_given
from mmm_builder.policy.changes import apply_changes
from mmm_builder.prior_settings import GivenPriors
from mmm_builder.spec import ModelSpec, ModelType, Sampler
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision


def next_spec(previous: ModelSpec, decision: Decision) -> ModelSpec:
    """Return the previous model with the decision's changes. Raises InputError if the decision was to stop."""
    if decision.action == "stop":
        raise InputError(f"iteration {decision.iteration} decided to stop ({decision.stop_reason}); nothing to change")
    return apply_changes(previous, decision.changes, iteration=decision.iteration + 1)


def _tell_events_left_out(parts: ModelParts, spec: ModelSpec) -> None:
    for name in {event.name for event in parts.events or ()} - {event.name for event in spec.events}:
        logging.warning("event %r is left out: no training period holds one of its days", name)


def generate_config(
    *,
    config: Annotated[Path, "the configuration to write (config_iter_N.yaml)"],
    profile: Annotated[Path | None, "data profile; for the first iteration"] = None,
    previous: Annotated[Path | None, "configuration of the iteration before; for the following ones"] = None,
    decision: Annotated[Path | None, "thinking_log.json of the iteration before"] = None,
    model_type: Annotated[str, f"recipe of the model: {', '.join(get_args(ModelType))}"] = "v3",
    prior_preset: Annotated[str, "set of priors"] = "default",
    chains: Annotated[int, "independent chains"] = 4,
    draws: Annotated[int, "kept draws per chain"] = 1000,
    tune: Annotated[int, "warm-up draws per chain"] = 1000,
    target_accept: Annotated[float, "acceptance rate the step size aims at"] = 0.9,
    seed: Annotated[int, "of the sampler"] = 20260101,
    model: Annotated[ModelParts, "parts of the model (section `model` of config/config.yaml)"] = ModelParts(),
    priors: Annotated[GivenPriors, "priors by channel (section `priors` of config/config.yaml)"] = GivenPriors(),
    lift_tests: Annotated[Path | None, "CSV of experiments; for the first iteration"] = None,
) -> None:
    """Write the configuration of one iteration: `--profile` for the first, `--previous --decision` for the next.

    example: config_generator.py --profile out/data_profile.json --config out/config_iter_1.yaml
    """
    notes: tuple[str, ...] = ()
    if profile is not None:
        nuts = {"chains": chains, "draws": draws, "tune": tune, "target_accept": target_accept, "seed": seed}
        sampler = Sampler.parse(nuts, "sampler")
        data, parts = DataProfile.read(profile), with_listed_events(model)
        spec = first_spec(data, model_type=model_type, prior_preset=prior_preset, sampler=sampler, parts=parts)
        _tell_events_left_out(parts, spec)
        spec, notes = as_given(spec, data, priors.by_channel, lift_tests)
    elif previous is not None and decision is not None:
        spec = next_spec(read_spec(previous), Decision.read(decision))
    else:
        raise InputError("give --profile for the first iteration, or --previous and --decision for a following one")
    write_spec(config, spec, notes)
    logging.info("iteration %d: %s with %d channels", spec.iteration, spec.model_type, len(spec.channels))


if __name__ == "__main__":
    hand_over(generate_config, globals().get("snakemake"))
