"""What the stages say to one another and to other programs: one strict record per JSON file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .spec import Change, ModelType
from .strict import Document, Strict

Status = Literal["full_success", "diagnostics_only", "budget_exhausted"]


# --- metrics/summary.json ----------------------------------------------------------------------------------


class Check(Strict):
    """One check: `subject` is the parameter, column or period it speaks of; null value with the reason."""

    code: str
    status: Literal["pass", "fail", "review", "unassessed"]
    value: float | None
    limit: float | None
    subject: str | None = None
    reason: str | None = None


class ConvergenceThresholds(Strict):
    """Limits of the diagnostics gate."""

    rhat_max: Annotated[float, Field(gt=1.0, le=2.0, description="largest R-hat of any parameter")] = 1.02
    ess_min: Annotated[
        float, Field(gt=0, description="smallest bulk or tail effective sample size of any parameter")
    ] = 100.0
    divergences_max: Annotated[int, Field(ge=0, description="number of divergent transitions")] = 0
    r2_min: Annotated[float, Field(ge=-1.0, lt=1.0, description="R² on the training rows, lower end")] = 0.55
    r2_max: Annotated[float, Field(gt=0.0, le=1.0, description="R² on the training rows, upper end")] = 0.70
    r2_above: Annotated[
        Literal["review", "fail"],
        Field(description="what an R² above the band is: `review` leaves it to the overfitting index, `fail` fails"),
    ] = "review"

    @model_validator(mode="after")
    def _band_is_a_band(self) -> Self:
        """The band's lower end lies below its upper end."""
        if self.r2_min >= self.r2_max:
            raise ValueError(f"r2_min {self.r2_min:g} must lie below r2_max {self.r2_max:g}")
        return self


class TrainingSummary(Document):
    """`metrics/summary.json`: the diagnostics gate, on training rows only."""

    worst_rhat: float | None
    min_ess: float | None
    divergences: int | None
    r2: float | None
    mape: float | None
    wmape: float | None
    n_train: int
    thresholds: ConvergenceThresholds
    checks: tuple[Check, ...]
    passed: bool
    training_seconds: float | None
    sampling_seconds: float | None
    versions: dict[str, str] = {}


# --- oos_validation.json -----------------------------------------------------------------------------------


class OosThresholds(Strict):
    """Limits of the out-of-sample gate."""

    oos_r2_min: Annotated[float, Field(ge=-1.0, lt=1.0, description="R² on the held-out rows")] = 0.40
    oos_mape_max: Annotated[float, Field(gt=0.0, description="MAPE on the held-out rows, per cent")] = 20.0
    overfitting_max: Annotated[float, Field(gt=0.0, description="training R² minus held-out R²")] = 0.25
    test_size: Annotated[float, Field(ge=0.05, le=0.5, description="share of periods held out, the last ones")] = 0.20


class OosValidation(Document):
    """`oos_validation.json`: the out-of-sample gate. Figures are null unless `evaluated`. MAPE in per cent."""

    evaluated: bool
    passed: bool
    reason: str | None = None
    oos_r2: float | None = None
    oos_mape: float | None = None
    oos_rmse: float | None = None
    train_r2: float | None = None
    overfitting_index: float | None = None
    n_train: int
    n_test: int
    test_start: str
    test_end: str
    thresholds: OosThresholds
    coverage_80: float | None = None
    crps: float | None = None
    wmape: float | None = None
    checks: tuple[Check, ...] = ()


# --- thinking_log.json, iteration_log.json, skill_report.json ----------------------------------------------


class Observation(Strict):
    """A figure that the decision rests on, what it speaks of (a channel, say), and the file that it comes from."""

    figure: str
    subject: str | None = None
    value: float | None
    limit: float | None
    verdict: Literal["pass", "fail", "review", "unassessed"]
    source: str


class Diagnosis(Strict):
    """The hypothesis that explains what was observed, with the evidence for and against it."""

    hypothesis: str
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]


class Decision(Document):
    """`thinking_log.json`: the reasoning of one iteration, whose conclusion is the decision."""

    iteration: int
    observed: tuple[Observation, ...]
    diagnosis: Diagnosis
    action: Literal["stop", "revise"]
    status: Status | None
    stop_reason: str | None
    remedy: str | None
    predicted_figure: str | None
    predicted_value: float | None
    changes: tuple[Change, ...]


class ThinkingHistory(Document):
    """`thinking_history.json`: the decisions of all iterations, in order, each with what came of it."""

    decisions: tuple[Decision, ...]
    outcomes: tuple["Outcome", ...]


class Outcome(Strict):
    """What a change did at the next iteration, beside what it was predicted to do."""

    iteration: int
    remedy: str
    figure: str
    before: float | None
    predicted: float | None
    after: float | None
    hypothesis: Literal["survived", "refuted", "untested"]


class IterationRecord(Strict):
    """One entry of `iteration_log.json`."""

    iteration: int
    model_type: ModelType
    worst_rhat: float | None
    min_ess: float | None
    divergences: int | None
    r2: float | None
    mape: float | None
    diagnostics_passed: bool
    oos_evaluated: bool
    oos_r2: float | None
    oos_mape: float | None
    overfitting_index: float | None
    oos_passed: bool
    decision: Literal["stop", "revise"]
    remedy: str | None
    seconds: float | None


class ReportMetrics(Strict):
    """The selected iteration's deciding figures."""

    worst_rhat: float | None
    min_ess: float | None
    divergences: int | None
    r2: float | None
    oos_r2: float | None
    oos_mape: float | None
    overfitting_index: float | None
    media_adds: str | None = None


class SkillReport(Document):
    """`skill_report.json`: how the run ended, for other programs."""

    status: Status
    oos_validation_passed: bool
    selected_iteration: int
    iterations_run: int
    max_iterations: int
    model_type: ModelType
    stop_reason: str
    metrics: ReportMetrics
    holdout_looks: int
    kf_documentation: str
    data_sha256: str
    versions: dict[str, str]
    seed: int


class Look(Strict):
    """One opening of the holdout, a line of the append-only ledger `holdout_looks.jsonl`."""

    look: str
    iteration: int
    data_sha256: str
    config_digest: str
    code_digest: str
    opened_at: str
    passed: bool
