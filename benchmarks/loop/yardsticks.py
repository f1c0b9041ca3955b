"""What a run is held against: the generating model on the same data, and the best of a fixed set of specs.

These see the held-out KPI at will; nothing of them goes back into a run.
"""

from typing import Any

import numpy as np

from diagnostics_checker import diagnose
from mmm_builder.judging import scoring
from mmm_builder.judging.checks import gate_passed, oos_checks
from mmm_builder.model_parts import ModelParts
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.prediction import flat_draws, forecast
from mmm_builder.modelling.priors import preset
from mmm_builder.modelling.sampling import progress_file, sample
from mmm_builder.spec import LevelShift, ModelSpec, Pulse, Sampler
from mmm_builder.verdicts import ConvergenceThresholds, OosThresholds, TrainingSummary

from .clients import LoopClient, Prepared

CANDIDATE_SET: dict[str, ModelParts] = {
    f"{trend} trend, {order} pairs, {noise}": ModelParts(trend=trend, season_order=order, likelihood=noise)
    for trend in ("none", "linear", "local_linear")
    for order in (0, 2, 5)
    for noise in ("normal", "student_t")
} | {
    "linear in spend": ModelParts(adstock="none", saturation="linear"),
    "on the log scale": ModelParts(likelihood="lognormal"),
}
"""Specs around the first one that a person would try, by what they are made of; all else is the first one's."""

AGAIN = 4
"""How many times the draws where only the sampler's checks failed."""


def generating_model(client: LoopClient, ready: Prepared) -> dict[str, Any]:
    """Return how the KPI's true expectation fares against the limits: `fits` the band's lower end, `passes` all."""
    shown = ready.panel["is_training"].values
    actual = client.table[client.truth.target_column].to_numpy(float)
    found = _out_of_sample(scoring.r2(actual[shown], client.expected[shown]), actual[~shown], client.expected[~shown])
    fits = found["train_r2"] >= ConvergenceThresholds().r2_min
    return found | {"fits": fits, "passes": fits and found["oos_passed"]}


def true_structure(client: LoopClient, ready: Prepared, sampler: Sampler) -> dict[str, Any]:
    """Return how a model of the true structure fares in both gates, sampled as an iteration is.

    Where only the sampler's checks fail, it is sampled once more with more draws.
    """
    spec = first_spec(ready.profile, model_type="v3", prior_preset="default", sampler=sampler, parts=client.parts)
    chosen = preset("default")
    pulses = tuple(Pulse(date=o.date, coefficient=chosen.pulse_coefficient) for o in client.truth.outliers)
    shifts = tuple(LevelShift(date=date, coefficient=chosen.level_shift_coefficient) for date in client.breaks)
    spec = spec.model_copy(update={"pulses": pulses, "level_shifts": shifts})
    found = _through_the_gates(ready, spec)
    if found["failed"] and not {"r2_low", "r2_high"} & set(found["failed"]):
        more = {"draws": AGAIN * sampler.draws, "tune": 2 * sampler.tune}
        found = _through_the_gates(ready, spec.model_copy(update={"sampler": sampler.model_copy(update=more)}))
    return found


def candidate_set(ready: Prepared, sampler: Sampler) -> dict[str, float]:
    """Return the CRPS over the held-out rows of every spec of the set, sampled by NUTS."""
    scores = {}
    for name, parts in CANDIDATE_SET.items():
        spec = first_spec(ready.profile, model_type="v3", prior_preset="default", sampler=sampler, parts=parts)
        scores[name] = _sampled(ready, spec)["crps"]
    return scores


def _through_the_gates(ready: Prepared, spec: ModelSpec) -> dict[str, Any]:
    """Return a spec's figures in both gates: `failed` names the training checks that did not pass."""
    found = _sampled(ready, spec)
    summary: TrainingSummary = found.pop("summary")
    failed = [c.code for c in summary.checks if c.status in ("fail", "unassessed")]
    return found | {"failed": failed, "passes": summary.passed and found["oos_passed"]}


def _sampled(ready: Prepared, spec: ModelSpec) -> dict[str, Any]:
    """Return the diagnosis of a spec and its figures out of sample."""
    design = make_design(ready.panel, spec)
    drawn = sample(design, spec, device="cpu", cores=1, report=progress_file(None))
    posterior = named_posterior(design, spec, drawn.draws, spec.sampler.chains)
    summary, _ = diagnose(ready.panel, spec, posterior, drawn.stats, ConvergenceThresholds())
    expected, predictive = forecast(design, spec, flat_draws(posterior), np.random.default_rng(spec.sampler.seed))
    held_out, actual = ~design.is_training, ready.holdout.values
    found = _out_of_sample(summary.r2, actual, expected[:, held_out].mean(axis=0))
    return found | {"summary": summary, "crps": scoring.crps(actual, predictive[:, held_out])}


def _out_of_sample(train_r2: float | None, actual: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    r2, mape, wmape = (score(actual, predicted) for score in (scoring.r2, scoring.mape, scoring.wmape))
    overfitting = None if r2 is None or train_r2 is None else train_r2 - r2
    checks = oos_checks(r2=r2, mape=mape, wmape=wmape, overfitting=overfitting, limits=OosThresholds())
    return {"train_r2": train_r2, "oos_r2": r2, "oos_mape": mape, "oos_passed": gate_passed(checks)}
