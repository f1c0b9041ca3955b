"""What was predicted beside what happened: `iteration_log.json` and `thinking_history.json`."""

import json
from collections.abc import Sequence
from typing import Any

from ..candidates import Candidates
from ..evidence import TwinScores
from ..verdicts import Decision, FoldEvidence, IterationRecord, Outcome, ThinkingHistory
from .run_record import Iteration


def iteration_record(iteration: Iteration) -> IterationRecord:
    """Return an iteration's entry in the log; `seconds` is the wall time of training."""
    summary, validation, decision = iteration.summary, iteration.validation, iteration.decision
    return IterationRecord(
        iteration=decision.iteration,
        model_type=iteration.spec.model_type,
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
        holdout_looks=validation.holdout_looks,
        chance_pass_probability=validation.chance_pass_probability,
        **_of_folds(iteration.folds),
    )


def _of_folds(folds: FoldEvidence) -> dict[str, Any]:
    """Return the figures of the folds' rows together, the model's and its twins'."""
    found: dict[str, Any] = {"n_folds": len(folds.folds), "folds_passed": folds.passed}
    found["fold_overfitting_index"] = folds.overfitting_index
    if folds.pooled is not None:
        found |= {f"fold_{key}": getattr(folds.pooled, key) for key in ("r2", "mape", "crps", "coverage_80")}
    if folds.twins is not None:
        found |= _of_twin("media_free", folds.twins.media_free)
        found |= _of_twin("seasonal_naive", folds.twins.seasonal_naive)
    if folds.media_adds is not None:
        found |= {
            "fold_media_gain": folds.media_adds.crps_gain,
            "fold_media_adds": folds.media_adds.verdict,
        }
    return found


def _of_twin(name: str, scores: TwinScores) -> dict[str, float | None]:
    return {
        f"{name}_fold_r2": scores.oos_r2,
        f"{name}_fold_mape": scores.oos_mape,
        f"{name}_fold_crps": scores.crps,
    }


def iteration_log(records: Sequence[IterationRecord]) -> str:
    """Return the text of `iteration_log.json`, a list."""
    return json.dumps([record.model_dump(mode="json") for record in records], indent=2) + "\n"


def thinking_history(decisions: Sequence[Decision], candidates: Candidates) -> ThinkingHistory:
    """Return all decisions in order, and the ledger: what each prediction came to.

    candidates : the last iteration's, whose ledger holds all that was carried out; what the last decision proposed,
    where the budget was spent, is untested
    """
    outcomes, last = list(candidates.ledger), decisions[-1]
    if last.action == "revise" and candidates.next is not None:
        proposed = candidates.next
        outcomes.append(
            Outcome(
                iteration=last.iteration,
                remedy=proposed.remedy,
                label=proposed.label,
                figure=proposed.figure,
                before=proposed.now,
                predicted=proposed.predicted,
                after=None,
                hypothesis="untested",
                reverted=False,
            )
        )
    return ThinkingHistory(decisions=tuple(decisions), outcomes=tuple(outcomes))


def share_of_gain(before: float | None, predicted: float | None, after: float | None) -> float | None:
    """Return the gain that came about as a share of the predicted one (negative: the other way), None if unknown."""
    if before is None or predicted is None or after is None or predicted == before:
        return None
    return (after - before) / (predicted - before)
