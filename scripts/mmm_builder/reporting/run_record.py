"""A finished run in memory: what the written record is made from, and how it is cited."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..candidates import Candidates
from ..data_profile import DataProfile
from ..evidence import MediaAdds
from ..policy.words import key_of
from ..sealed import SealedValidation
from ..spec import ModelSpec
from ..verdicts import (
    Check,
    Decision,
    FoldEvidence,
    IterationRecord,
    OosValidation,
    SkillReport,
    ThinkingHistory,
    TrainingSummary,
)
from .figures import GATES, figure_key, shown
from .markdown import clause, code
from .phrases import RECORDED, Phrasebook

VERDICTS = ("pass", "fail", "review", "unassessed")


class Paths(NamedTuple):
    """An iteration's artifacts as they are cited: relative to the run's directory, with forward slashes."""

    config: str
    summary: str
    folds: str
    candidates: str
    validation: str
    decision: str
    series: str
    predictions: str
    fold_predictions: str


class Iteration(NamedTuple):
    """What one iteration left behind."""

    number: int
    spec: ModelSpec
    summary: TrainingSummary
    folds: FoldEvidence
    candidates: Candidates
    validation: OosValidation
    decision: Decision
    paths: Paths

    @property
    def media_adds(self) -> MediaAdds | None:
        """What media add to the forecast: over folds and holdout where it was opened, else over the folds."""
        return self.validation.media_adds or self.folds.media_adds

    @property
    def media_path(self) -> str:
        """The file that says so."""
        return self.paths.folds if self.validation.media_adds is None else self.paths.validation


class Files(NamedTuple):
    """The files of the run as a whole as they are cited, in the same form as `Paths`."""

    profile: str
    log: str
    history: str
    report: str
    gates_plot: str | None = None
    fit_plot: str | None = None
    fold_scores_plot: str | None = None
    sealed: str | None = None


class Band(NamedTuple):
    """How a predicted series meets the actual one; `share` is of actual values inside the 80 % band."""

    n: int
    share: float
    worst_date: str
    actual: float
    predicted: float


def in_language(say: Phrasebook, words: str | None) -> str | None:
    """Return a record's sentence in a book's language; None if there is none, or none in that language."""
    if not words or say.language == RECORDED:
        return words
    found = key_of(words)
    if found is None or found[0] not in say:
        return None
    values = {name: in_language(say, value) or (say(value) if value in VERDICTS else value)
              for name, value in found[1].items()}  # fmt: skip
    return say(found[0], **values)


class RunRecord(NamedTuple):
    """All of a run. `dates` gives each cited file's date (ISO, UTC); bands are the selected iteration's.

    seal_seen : whether a look at the holdout saw rows that are sealed by now
    """

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
    sealed: SealedValidation | None = None
    seal_seen: bool = False

    @property
    def selected(self) -> Iteration:
        """The iteration that is handed on."""
        return self.iterations[self.report.selected_iteration - 1]

    def cite(self, path: str, key: str | None = None) -> str:
        """Return where a figure comes from: `(Source: path → key, date)`."""
        if key is None:
            return self.say("source_file", path=path, date=self.dates[path])
        return self.say("source", path=path, key=key, date=self.dates[path])

    def told(self, words: str | None, path: str, key: str) -> str:
        """Return a record's sentence in the document's language; where that isn't known, the place it stands at."""
        if not words:
            return self.say("no_reason")
        found = in_language(self.say, words)
        return self.say("recorded", path=code(path), key=code(key)) if found is None else clause(found)

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
            return self.say("not_computed", reason=reason or self.say("no_reason"))
        return shown(key, value, *self.limits(key))

    def remark(self, path: str, gate: TrainingSummary | FoldEvidence | OosValidation, check: Check) -> str:
        """Return a check's remark: by its code where there is a phrase for it, else as the record has it."""
        phrase = f"remark.{check.code}.{check.status}"
        if phrase in self.say:
            return self.say(phrase)
        return self.told(check.reason, path, f"checks[{gate.checks.index(check)}].reason")

    def missing(self, path: str, gate: TrainingSummary | FoldEvidence | OosValidation, key: str) -> str | None:
        """Return why a figure was not computed, as the check that speaks of it says; None if none does."""
        check = next((c for c in gate.checks if figure_key(c.code) == key and c.reason), None)
        return None if check is None else self.remark(path, gate, check)

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
