"""The loop in one process: the stages' pure functions one after another, as the workflow calls them."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from config_generator import next_spec
from diagnostics_checker import diagnose
from mmm_builder.candidates import Candidates
from mmm_builder.config_files import fingerprint
from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging.folds import fold_evidence
from mmm_builder.judging.ledgers import opening_id
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.policy.choosing import choose
from mmm_builder.policy.deciding import decide
from mmm_builder.policy.situation import Situation, Trained
from mmm_builder.reporting.selection import Selection, select
from mmm_builder.spec import ModelSpec, Sampler
from mmm_builder.verdicts import (
    ConvergenceThresholds,
    Decision,
    FoldEvidence,
    Look,
    OosThresholds,
    OosValidation,
    TrainingSummary,
)
from model_trainer import train
from oos_validator import not_opened, validate, why_closed

from .clients import Prepared

SAMPLER = Sampler(chains=4, draws=300, tune=300, target_accept=0.9, seed=20260101)
"""Reduced draws: a third of what the workflow takes by default. All else is its default."""

MAX_ITERATIONS = 10


class Pace(NamedTuple):
    """How closely a client is followed.

    twins : whether the model's twins are fitted; neither a gate nor the policy asks for them
    """

    sampler: Sampler
    convergence: ConvergenceThresholds
    twins: bool


CLOSELY = Pace(SAMPLER, ConvergenceThresholds(), twins=True)

FAST = Pace(
    SAMPLER.model_copy(update={"chains": 2, "draws": 150, "tune": 200}),
    ConvergenceThresholds(rhat_max=1.5, ess_min=10.0, divergences_max=600),
    twins=False,
)
"""Where all that is asked is whether a client passes: a quarter of the draws, no twins, and limits of the chains that
hardly ever hold a model up. It errs towards passing: more models reach the holdout."""


class Iteration(NamedTuple):
    """What one iteration left; forecasts are of `model_trainer.train`."""

    spec: ModelSpec
    summary: TrainingSummary
    folds: FoldEvidence
    candidates: Candidates
    validation: OosValidation
    decision: Decision
    forecasts: xr.Dataset

    @property
    def trained(self) -> Trained:
        """This iteration as the policy sees it later."""
        return Trained(self.spec, self.summary, self.folds, self.candidates)


class Run(NamedTuple):
    """A run that came to its end."""

    iterations: tuple[Iteration, ...]
    selection: Selection

    @property
    def selected(self) -> Iteration:
        """The iteration that is handed on."""
        return self.iterations[self.selection.iteration - 1]


def follow(ready: Prepared, *, pace: Pace = CLOSELY, max_iterations: int = MAX_ITERATIONS) -> Run:
    """Return the run of the loop on a client, from the first configuration to its end."""
    spec = first_spec(ready.profile, model_type="v3", prior_preset="default", sampler=pace.sampler)
    done: list[Iteration] = []
    while True:
        done.append(_iteration(ready, spec, done, len(done) + 1 == max_iterations, pace))
        if done[-1].decision.action == "stop" or len(done) == max_iterations:
            break
        spec = _as_read(next_spec(spec, done[-1].decision))
    summaries, folds, validations, decisions = (
        [getattr(i, name) for i in done] for name in ("summary", "folds", "validation", "decision")
    )
    return Run(tuple(done), select(summaries, folds, validations, decisions, max_iterations))


def _iteration(ready: Prepared, spec: ModelSpec, earlier: Sequence[Iteration], is_last: bool, pace: Pace) -> Iteration:
    """Train, diagnose, choose what could follow, validate, decide."""
    panel, limits, settings = ready.panel, OosThresholds(), EvidenceSettings()
    trace = train(panel, spec, unknown_ahead=ready.profile.unknown_ahead, twins=pace.twins, cores=1)
    posterior, forecasts = trace["posterior"], trace["forecasts"]
    summary, series = diagnose(
        panel, spec, posterior, trace["sample_stats"], pace.convergence, spend_shares=_spend_shares(ready)
    )
    folds, _ = fold_evidence(panel, forecasts, limits, settings, ready.profile.unknown_ahead)
    situation, before = Situation(spec, summary, folds, panel, series), tuple(i.trained for i in earlier)
    candidates = choose(situation, before, is_last=is_last)
    looks, closed = _looks(earlier), why_closed(summary, candidates)
    if closed is None:
        validation, _ = validate(
            panel, ready.holdout, spec, posterior, forecasts, summary, folds, thresholds=limits,
            convergence=pace.convergence, evidence=settings, other_looks=looks,
        )  # fmt: skip
    else:
        validation = not_opened(panel, folds, closed, limits, looks)
    decision = decide(summary, folds, candidates, validation, any(i.summary.passed for i in earlier))
    return Iteration(spec, summary, folds, candidates, validation, decision, forecasts)


def _spend_shares(ready: Prepared) -> dict[str, float]:
    """Return the channels' shares of spend, of those measured in money."""
    return {c.column: c.share_of_spend for c in ready.profile.channels if c.share_of_spend is not None}


def _as_read(spec: ModelSpec) -> ModelSpec:
    """Return a spec as it is read back from its file."""
    return ModelSpec.parse(json.loads(spec.model_dump_json()), f"configuration of iteration {spec.iteration}")


def _looks(earlier: Sequence[Iteration]) -> tuple[Look, ...]:
    """Return the openings of the holdout so far; the data and the code are the same throughout a run."""
    return tuple(_look(i) for i in earlier if i.validation.evaluated)


def _look(iteration: Iteration) -> Look:
    spec, verdict = iteration.spec, iteration.validation
    held_out = iteration.forecasts["origin_of_date"].values == 0
    expected = iteration.forecasts["expected"].sel(forecaster="model").values[held_out]
    return Look(
        look=opening_id("data", "holdout", spec, "code"), iteration=spec.iteration, data_sha256="data",
        config_digest=fingerprint(spec), code_digest="code", opened_at="", passed=verdict.passed,
        train_r2=iteration.summary.r2, test_start=verdict.test_start, test_end=verdict.test_end,
        predicted=tuple(np.asarray(expected, dtype=float).tolist()),
    )  # fmt: skip


# --- what is kept of a run -------------------------------------------------------------------------------------------


def told(run: Run) -> dict[str, Any]:
    """Return what a record keeps of a run: how it ended, and the figures of its iterations."""
    last = run.iterations[-1]
    return {
        "status": run.selection.status,
        "selected": run.selection.iteration,
        "stop": last.decision.stop_reason,
        "looks": last.validation.holdout_looks,
        "chance_pass": last.validation.chance_pass_probability,
        "iterations": [_figures(i) for i in run.iterations],
        "outcomes": [o.model_dump(mode="json") for o in last.candidates.ledger],
    }


def _figures(i: Iteration) -> dict[str, Any]:
    pooled, follows, oos = i.folds.pooled, i.candidates.next, i.validation
    return {
        "r2": i.summary.r2,
        "passed": i.summary.passed,
        "failed": [c.code for c in i.summary.checks if c.status in ("fail", "unassessed")],
        "review": sorted({c.code for c in i.summary.checks if c.status == "review"}),
        "folds": {
            "passed": i.folds.passed, "r2": pooled and pooled.r2, "mape": pooled and pooled.mape,
            "crps": pooled and pooled.crps, "coverage_80": pooled and pooled.coverage_80,
            "overfitting": i.folds.overfitting_index,
        },
        "opens": i.candidates.opens,
        "screened": len(i.candidates.screened),
        "next": follows and {
            "remedy": follows.remedy, "label": follows.label, "figure": follows.figure, "now": follows.now,
            "predicted": follows.predicted, "crps_gain": follows.crps_gain, "base": follows.base,
        },
        "oos": {
            "evaluated": oos.evaluated, "passed": oos.passed, "r2": oos.oos_r2, "mape": oos.oos_mape, "crps": oos.crps,
            "overfitting": oos.overfitting_index, "r2_interval": oos.oos_r2_interval,
        },
    }  # fmt: skip
