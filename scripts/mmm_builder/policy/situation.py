"""What the policy may see of iterations: specs, verdicts on training rows and folds, and the rows themselves."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from ..candidates import Candidates
from ..spec import Change, ModelSpec
from ..verdicts import FoldEvidence, TrainingSummary
from .changes import apply_changes, value_at
from .screening import Screen, screen

Edit = tuple[str, Any]
"""A key of the configuration and its new value."""

UNDECIDED = ("review", "fail", "unassessed")


class Situation(NamedTuple):
    """What a remedy may see: the spec that was trained, what its training rows and folds say, and the rows.

    panel : KPI of training rows only; series : date, actual, predicted of the training rows
    """

    spec: ModelSpec
    summary: TrainingSummary
    folds: FoldEvidence
    panel: xr.Dataset
    series: pd.DataFrame


class Trained(NamedTuple):
    """An earlier iteration: what was trained, what came of it, and what was to follow."""

    spec: ModelSpec
    summary: TrainingSummary
    folds: FoldEvidence
    candidates: Candidates


class Option(NamedTuple):
    """One of the things that a remedy proposes: in few words and as edits of the configuration."""

    label: str
    edits: list[Edit]


Proposer = Callable[[Situation], list[Option]]


def edits_to_changes(spec: ModelSpec, edits: list[Edit], reason: str, effect: str) -> tuple[Change, ...]:
    """Return edits as changes with old value, reason and predicted effect."""
    return tuple(
        Change(key=key, old=value_at(spec, key), new=new, reason=reason, predicted_effect=effect) for key, new in edits
    )


def edited(spec: ModelSpec, edits: list[Edit]) -> ModelSpec:
    """Return the spec with edits, of the same iteration. Raises InputError if the result isn't valid."""
    return apply_changes(spec, edits_to_changes(spec, edits, "", ""), spec.iteration)


def screened(situation: Situation, edits: list[Edit]) -> Screen:
    """Return what the screen says of the configuration with these edits."""
    return screen(situation.panel, edited(situation.spec, edits))


def at_review(situation: Situation, *codes: str) -> bool:
    """Tell whether a check of training rows or folds with one of these codes didn't pass."""
    checks = (*situation.summary.checks, *situation.folds.checks)
    return any(c.code in codes and c.status in UNDECIDED for c in checks)


def option_of(key: str, old: Any, new: Any) -> Option:
    """Return the option of one edit, labelled `seasonality.order 2 → 4`."""
    return Option(f"{key} {old} → {new}", [(key, new)])
