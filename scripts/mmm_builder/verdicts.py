"""What the stages say to one another and to other programs: one strict record per JSON file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .evidence import FoldScore, MediaAdds, Scores, Twins
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


class FoldEvidence(Document):
    """`metrics/folds.json`: rolling-origin folds inside the training rows, against the limits of the holdout.

    pooled : scores over the rows of all folds together, about their common mean; `train_r2` is the folds' mean and
    `overfitting_index` what that is above the pooled R². Null, with a reason, where no fold could be made.
    media_adds_known_ahead : the same of models without `unknown_ahead`, the controls that nobody knows ahead
    """

    folds: tuple[FoldScore, ...]
    pooled: Scores | None
    train_r2: float | None
    overfitting_index: float | None
    twins: Twins | None
    media_adds: MediaAdds | None
    media_adds_known_ahead: MediaAdds | None
    unknown_ahead: tuple[str, ...]
    thresholds: OosThresholds
    checks: tuple[Check, ...]
    passed: bool
    reason: str | None = None


class OosValidation(Document):
    """`oos_validation.json`: the out-of-sample gate. Figures are null unless `evaluated`. MAPE in per cent.

    holdout_looks : distinct openings of the run's life so far, this one among them
    chance_pass_probability : that one of so many passes all gates although the model's true R² is `doubtful_r2`
    …_interval : of 80 %; media_adds : over folds and, when opened, held-out rows; media_adds_holdout : these alone
    """

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
    oos_r2_interval: tuple[float, float] | None = None
    oos_mape_interval: tuple[float, float] | None = None
    chance_pass_probability: float | None = None
    doubtful_r2: float | None = None
    holdout_looks: int = 0
    folds: tuple[FoldScore, ...] = ()
    twins: Twins | None = None
    media_adds: MediaAdds | None = None
    media_adds_known_ahead: MediaAdds | None = None
    media_adds_holdout: MediaAdds | None = None


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


class Outcome(Strict):
    """What the change proposed at an iteration did at the next, beside what it was predicted to do.

    iteration : that proposed it; reverted : whether it was taken back, since the folds were better without it
    """

    iteration: int
    remedy: str
    label: str
    figure: str
    before: float | None
    predicted: float | None
    after: float | None
    hypothesis: Literal["survived", "refuted", "untested"]
    reverted: bool


class Decision(Document):
    """`thinking_log.json`: the reasoning of one iteration, whose conclusion is the decision.

    outcome : of the change that led to this iteration; base : iteration whose configuration the changes start from
    """

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
    base: int | None = None
    outcome: Outcome | None = None


class ThinkingHistory(Document):
    """`thinking_history.json`: the decisions of all iterations, in order, each with what came of it."""

    decisions: tuple[Decision, ...]
    outcomes: tuple[Outcome, ...]


class IterationRecord(Strict):
    """One entry of `iteration_log.json`.

    fold_… : of all folds' rows together, the twins' beside; holdout_looks, chance_pass_probability : up to here
    """

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
    n_folds: int = 0
    fold_r2: float | None = None
    fold_mape: float | None = None
    fold_crps: float | None = None
    fold_coverage_80: float | None = None
    fold_overfitting_index: float | None = None
    folds_passed: bool = False
    media_free_fold_r2: float | None = None
    media_free_fold_mape: float | None = None
    media_free_fold_crps: float | None = None
    seasonal_naive_fold_r2: float | None = None
    seasonal_naive_fold_mape: float | None = None
    seasonal_naive_fold_crps: float | None = None
    fold_media_gain: float | None = None
    fold_media_adds: Literal["yes", "no", "unclear"] | None = None
    holdout_looks: int = 0
    chance_pass_probability: float | None = None


class ReportMetrics(Strict):
    """The selected iteration's deciding figures."""

    worst_rhat: float | None
    min_ess: float | None
    divergences: int | None
    r2: float | None
    oos_r2: float | None
    oos_mape: float | None
    overfitting_index: float | None
    media_adds: Literal["yes", "no", "unclear"] | None = None


StopCode = Literal["both_gates", "no_candidate", "budget"]
SelectionCode = Literal["passed_both", "best_folds", "fewest_failing"]


class SkillReport(Document):
    """`skill_report.json`: how the run ended, for other programs.

    stop_code, selection_code : what stop_reason and selection_reason say, as one of a few
    chance_pass_probability, doubtful_r2 : as in the oos_validation.json of the last opening, the `chance_looks`th
    language : of ITERATION_ANALYSIS.md and of the summary in the terminal
    """

    status: Status
    oos_validation_passed: bool
    selected_iteration: int
    iterations_run: int
    max_iterations: int
    model_type: ModelType
    stop_reason: str
    stop_code: StopCode = "no_candidate"
    selection_reason: str = ""
    selection_code: SelectionCode = "fewest_failing"
    language: Literal["en", "ru"] = "en"
    metrics: ReportMetrics
    holdout_looks: int
    chance_pass_probability: float | None = None
    chance_looks: int | None = None
    doubtful_r2: float | None = None
    kf_documentation: str
    data_sha256: str
    versions: dict[str, str]
    seed: int


class Look(Strict):
    """One opening of the holdout, a line of the append-only ledger `holdout_looks.jsonl`.

    test_start, test_end : the held-out window; predicted : what the model expected of it, to tell looks apart
    """

    look: str
    iteration: int
    data_sha256: str
    config_digest: str
    code_digest: str
    opened_at: str
    passed: bool
    train_r2: float | None = None
    test_start: str = ""
    test_end: str = ""
    predicted: tuple[float, ...] = ()
