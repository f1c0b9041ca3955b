"""What was predicted beside what happened: `iteration_log.json` and `thinking_history.json`."""

import json
from collections.abc import Sequence
from typing import Literal

from ..spec import ModelSpec
from ..verdicts import (
    Decision,
    IterationRecord,
    OosValidation,
    Outcome,
    ThinkingHistory,
    TrainingSummary,
)

HALF = 0.5
"""Share of the predicted gain that must come true for a hypothesis to survive."""


def iteration_records(
    specs: Sequence[ModelSpec],
    summaries: Sequence[TrainingSummary],
    validations: Sequence[OosValidation],
    decisions: Sequence[Decision],
) -> tuple[IterationRecord, ...]:
    """Return one record per iteration, in the order they ran; `seconds` is the wall time of training."""
    return tuple(
        IterationRecord(
            iteration=decision.iteration,
            model_type=spec.model_type,
            worst_rhat=summary.worst_rhat,
            min_ess=summary.min_ess,
            divergences=summary.divergences,
            r2=summary.r2,
            mape=summary.mape,
            diagnostics_passed=summary.passed,
            oos_evaluated=validation.evaluated,
            oos_r2=validation.oos_r2,
            oos_mape=validation.oos_mape,
            overfitting_index=validation.overfitting_index,
            oos_passed=validation.passed,
            decision=decision.action,
            remedy=decision.remedy,
            seconds=summary.training_seconds,
        )
        for spec, summary, validation, decision in zip(specs, summaries, validations, decisions, strict=True)
    )


def iteration_log(records: Sequence[IterationRecord]) -> str:
    """Return the text of `iteration_log.json`, a list."""
    return json.dumps([record.model_dump(mode="json") for record in records], indent=2) + "\n"


def thinking_history(decisions: Sequence[Decision], summaries: Sequence[TrainingSummary]) -> ThinkingHistory:
    """Return all decisions in order, and for each remedy what it did to the figure it was meant for."""
    outcomes = []
    for i, decision in enumerate(decisions):
        if decision.remedy is None:
            continue
        figure = decision.predicted_figure or "unstated"
        before = figure_of(summaries[i], figure)
        after = figure_of(summaries[i + 1], figure) if i + 1 < len(summaries) else None
        outcomes.append(
            Outcome(
                iteration=decision.iteration,
                remedy=decision.remedy,
                figure=figure,
                before=before,
                predicted=decision.predicted_value,
                after=after,
                hypothesis=judge(before, decision.predicted_value, after),
            )
        )
    return ThinkingHistory(decisions=tuple(decisions), outcomes=tuple(outcomes))


def figure_of(summary: TrainingSummary, figure: str) -> float | None:
    """Return a training figure by its key in `summary.json`, or by the code of a check; None if there is none.

    Held-out figures have no place here: a remedy answers training checks only.
    """
    if figure in TrainingSummary.model_fields:
        value = getattr(summary, figure)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return next((check.value for check in summary.checks if check.code == figure), None)


def share_of_gain(before: float | None, predicted: float | None, after: float | None) -> float | None:
    """Return the gain that came about as a share of the predicted one (negative: the other way), None if unknown."""
    if before is None or predicted is None or after is None or predicted == before:
        return None
    return (after - before) / (predicted - before)


def judge(
    before: float | None, predicted: float | None, after: float | None
) -> Literal["survived", "refuted", "untested"]:
    """Return `survived` if at least half the predicted gain came about, in its direction; else `refuted`.

    `untested` where a figure is missing, or where no gain was predicted that could have failed to come.
    """
    share = share_of_gain(before, predicted, after)
    if share is None:
        return "untested"
    return "survived" if share >= HALF else "refuted"
