"""What a remedy may see of an iteration, and edits of its configuration with what they are worth there."""

from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from ..spec import Change, ModelSpec
from ..verdicts import TrainingSummary
from .changes import apply_changes, value_at
from .screening import screen


class Situation(NamedTuple):
    """What a remedy may see: the spec that was trained, its verdict, and the training rows.

    panel : KPI of training rows only; series : date, actual, predicted of the training rows
    """

    spec: ModelSpec
    summary: TrainingSummary
    panel: xr.Dataset
    series: pd.DataFrame


Edit = tuple[str, Any]
"""A key of the configuration and its new value."""


def edits_to_changes(spec: ModelSpec, edits: list[Edit], reason: str, effect: str) -> tuple[Change, ...]:
    """Return edits as changes with old value, reason and predicted effect."""
    return tuple(
        Change(key=key, old=value_at(spec, key), new=new, reason=reason, predicted_effect=effect) for key, new in edits
    )


def screened(situation: Situation, edits: list[Edit]) -> float:
    """Return the evidence of the training rows (nats) for the configuration with these edits."""
    changes = edits_to_changes(situation.spec, edits, "", "")
    return screen(situation.panel, apply_changes(situation.spec, changes, situation.spec.iteration)).log_evidence
