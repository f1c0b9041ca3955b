"""A finished run in memory: what the written record is made from, and how it is cited."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import DataProfile
from ..spec import ModelSpec
from ..verdicts import Check, Decision, IterationRecord, OosValidation, SkillReport, ThinkingHistory, TrainingSummary
from .figures import GATES, figure_key, shown
from .markdown import clause
from .phrases import Phrasebook


class Paths(NamedTuple):
    """An iteration's artifacts as they are cited: relative to the run's directory, with forward slashes."""

    config: str
    summary: str
    validation: str
    decision: str
    series: str
    predictions: str


class Iteration(NamedTuple):
    """What one iteration left behind."""

    number: int
    spec: ModelSpec
    summary: TrainingSummary
    validation: OosValidation
    decision: Decision
    paths: Paths


class Files(NamedTuple):
    """The files of the run as a whole as they are cited, in the same form as `Paths`."""

    profile: str
    log: str
    report: str
    gates_plot: str | None = None


class Band(NamedTuple):
    """How a predicted series meets the actual one; `share` is of actual values inside the 80 % band."""

    n: int
    share: float
    worst_date: str
    actual: float
    predicted: float


class RunRecord(NamedTuple):
    """All of a run. `dates` gives each cited file's date (ISO, UTC); bands are the selected iteration's."""

    profile: DataProfile
    iterations: tuple[Iteration, ...]
    records: tuple[IterationRecord, ...]
    history: ThinkingHistory
    report: SkillReport
    band_in: Band | None
    band_out: Band | None
    dates: Mapping[str, str]
    files: Files
    say: Phrasebook

    @property
    def selected(self) -> Iteration:
        """The iteration that is handed on."""
        return self.iterations[self.report.selected_iteration - 1]

    def cite(self, path: str, key: str | None = None) -> str:
        """Return where a figure comes from: `(Source: path → key, date)`."""
        if key is None:
            return self.say("source_file", path=path, date=self.dates[path])
        return self.say("source", path=path, key=key, date=self.dates[path])

    def label(self, key: str) -> str:
        """Return the name of a figure, or its key in code style."""
        return self.say.label("figure", key)

    def check_label(self, code: str) -> str:
        """Return the name of a check: its own, or that of the figure it speaks of."""
        own = f"check.{code}"
        return self.say(own) if own in self.say.phrases else self.label(figure_key(code))

    def word(self, key: str) -> str:
        """Return the name of a figure or check within a sentence: `overfitting index`, but `R-hat`, `MAPE`."""
        name = self.check_label(key)
        return name[0].lower() + name[1:] if name[1:2].islower() else name

    def check_names(self, checks: Sequence[Check]) -> str:
        """Return the names of checks as a list in words."""
        names = [self.word(check.code) for check in checks]
        return self.say.enumerate(list(dict.fromkeys(names))) or self.say("unnamed_check")

    def figure(self, key: str, value: float | None, reason: str | None = None) -> str:
        """Return a figure as printed, or that it was not computed and why; one at a gate beside its limits."""
        if value is None:
            return self.say("not_computed", reason=clause(reason or self.say("no_reason")))
        return shown(key, value, *self.limits(key))

    def limits(self, key: str) -> tuple[float, ...]:
        """Return the limits that a figure is held against, none if it is in no gate."""
        selected = self.selected
        if key == "r2":
            return selected.summary.thresholds.r2_min, selected.summary.thresholds.r2_max
        for thresholds in (selected.summary.thresholds, selected.validation.thresholds):
            if GATES.get(key) in type(thresholds).model_fields:
                return (getattr(thresholds, GATES[key]),)
        return ()


def band(series: pd.DataFrame) -> Band | None:
    """Return how a series meets its 80 % band; None if it has no row with an actual value.

    series : DataFrame with date, actual, predicted, lower_80, upper_80 (original scale)
    """
    known = series.dropna(subset=["actual", "predicted"])
    if known.empty:
        return None
    inside = known["actual"].between(known["lower_80"], known["upper_80"])
    worst = known.iloc[int(np.argmax((known["actual"] - known["predicted"]).abs()))]
    day = pd.Timestamp(worst["date"]).strftime("%Y-%m-%d")
    return Band(len(known), float(inside.mean()), day, float(worst["actual"]), float(worst["predicted"]))


def unmet(checks: tuple[Check, ...], *verdicts: str) -> list[Check]:
    """Return the checks with one of the verdicts; without any, those that did not pass."""
    return [check for check in checks if check.status in (verdicts or ("fail", "review", "unassessed"))]


def reason_of(checks: tuple[Check, ...], key: str) -> str | None:
    """Return why a figure was not computed, as the check that speaks of it says."""
    return next((c.reason for c in checks if figure_key(c.code) == key and c.reason), None)
