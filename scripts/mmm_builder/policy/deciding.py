"""The reasoning about one iteration, in words: what was observed, why it is so, and what follows or that it ends.

What follows was chosen before the holdout may have been opened (`choosing`); here it is only said, or left undone since
both gates passed.
"""

from typing import Any

from ..candidates import Candidate, Candidates
from ..verdicts import (
    Check,
    Decision,
    Diagnosis,
    FoldEvidence,
    Observation,
    OosValidation,
    Outcome,
    Status,
    TrainingSummary,
)
from .ledger import open_codes
from .remedies import REMEDIES
from .screened_candidates import gain_text, number
from .words import say

RUNNERS_UP = 3


def decide(
    summary: TrainingSummary,
    folds: FoldEvidence,
    candidates: Candidates,
    validation: OosValidation,
    diagnostics_passed_before: bool,
) -> Decision:
    """Return the reasoning about one iteration and its conclusion.

    The held-out figures decide pass or fail and nothing else.
    """
    frame = _frame(summary, folds, candidates, validation)
    if summary.passed and validation.passed:
        return _stop(frame, summary, folds, validation, "full_success", say("stop.success"))
    if candidates.next is not None:
        return _revise(frame, summary, folds, candidates, candidates.next)
    status: Status = "diagnostics_only" if diagnostics_passed_before or summary.passed else "budget_exhausted"
    return _stop(frame, summary, folds, validation, status, candidates.stop_reason or say("stop.none_left"))


# --- what was observed ---------------------------------------------------------------------------------------


def _frame(
    summary: TrainingSummary, folds: FoldEvidence, candidates: Candidates, validation: OosValidation
) -> dict[str, Any]:
    """Return the fields that every decision has: the iteration, what was observed, and what led here."""
    n = candidates.iteration
    sources = {"metrics/summary.json": summary, "metrics/folds.json": folds, "oos_validation.json": validation}
    return {
        "iteration": n,
        "observed": tuple(
            _observation(check, f"artifacts_iter_{n}/{name}") for name, of in sources.items() for check in of.checks
        ),
        "outcome": next((o for o in candidates.ledger if o.iteration == n - 1), None),
    }


def _observation(check: Check, source: str) -> Observation:
    return Observation(
        figure=check.code,
        subject=check.subject,
        value=check.value,
        limit=check.limit,
        verdict=check.status,
        source=source,
    )


# --- conclusions ---------------------------------------------------------------------------------------------


def _revise(
    frame: dict[str, Any], summary: TrainingSummary, folds: FoldEvidence, candidates: Candidates, chosen: Candidate
) -> Decision:
    return Decision(
        **frame,
        diagnosis=Diagnosis(
            hypothesis=say(f"remedy.{chosen.remedy}.hypothesis"),
            evidence_for=tuple(_speaks_for(summary, folds, chosen)),
            evidence_against=tuple(_speaks_against(candidates, chosen)),
        ),
        action="revise",
        status=None,
        stop_reason=None,
        remedy=chosen.remedy,
        predicted_figure=chosen.figure,
        predicted_value=chosen.predicted,
        changes=chosen.changes,
        base=chosen.base,
    )


def _stop(
    frame: dict[str, Any],
    summary: TrainingSummary,
    folds: FoldEvidence,
    validation: OosValidation,
    status: Status,
    reason: str,
) -> Decision:
    held_up = [*open_codes(summary), *(c.code for c in (*folds.checks, *validation.checks) if c.status != "pass")]
    is_success = status == "full_success"
    hypothesis = say("decision.holds") if is_success else say("decision.open", checks=", ".join(sorted(set(held_up))))
    return Decision(
        **frame,
        diagnosis=Diagnosis(
            hypothesis=hypothesis,
            evidence_for=tuple(_figures("for.passed", validation.checks, "pass")) if is_success else (),
            evidence_against=tuple(_figures("against.failed", folds.checks, "fail")) if is_success else (),
        ),
        action="stop",
        status=status,
        stop_reason=reason,
        remedy=None,
        predicted_figure=None,
        predicted_value=None,
        changes=(),
    )


# --- evidence ------------------------------------------------------------------------------------------------


def _figures(key: str, checks: tuple[Check, ...], status: str) -> list[str]:
    """Return a sentence on each check of a status."""
    return [say(key, code=c.code, value=number(c.value), limit=number(c.limit)) for c in checks if c.status == status]


def _speaks_for(summary: TrainingSummary, folds: FoldEvidence, chosen: Candidate) -> list[str]:
    """Return what speaks for the candidate: checks that it answers, and what the screen or its law gives for it."""
    answers = next((r.answers for r in REMEDIES if r.name == chosen.remedy), ())
    spoken = {
        c.code: say("for.answers", code=c.code, status=c.status)
        for c in (*summary.checks, *folds.checks)
        if c.code in answers and c.status != "pass"
    }
    said = list(spoken.values())
    if chosen.crps_gain is None:
        figures = {"figure": chosen.figure, "now": number(chosen.now), "predicted": number(chosen.predicted)}
        said.append(say("for.law", **figures))
    elif chosen.crps_gain > 0:
        said.append(say("for.gain", gain=gain_text(chosen.crps_gain), base=chosen.base))
    elif not spoken:
        said.append(say("for.next_best"))
    return said


def _speaks_against(candidates: Candidates, chosen: Candidate) -> list[str]:
    """Return what speaks against the candidate: its loss, an earlier refutation of its kind, and what else was good."""
    said = []
    if chosen.crps_gain is not None and chosen.crps_gain < 0:
        said.append(say("against.loss", loss=gain_text(chosen.crps_gain), base=chosen.base))
    said += [_refuted(o) for o in candidates.ledger if o.remedy == chosen.remedy and o.hypothesis == "refuted"]
    others = [c for c in candidates.screened if c.excluded is None and c != chosen]
    best_of_each = {c.remedy: c for c in reversed(others)}
    return said + [_runner_up(c) for c in others if c is best_of_each[c.remedy]][:RUNNERS_UP]


def _refuted(outcome: Outcome) -> str:
    return say(
        "against.refuted",
        remedy=outcome.remedy,
        label=outcome.label,
        iteration=outcome.iteration,
        figure=outcome.figure,
        before=number(outcome.before),
        after=number(outcome.after),
        predicted=number(outcome.predicted),
    )


def _runner_up(other: Candidate) -> str:
    words = {
        "remedy": other.remedy, "label": other.label, "figure": other.figure, "now": number(other.now),
        "predicted": number(other.predicted),
    }  # fmt: skip
    if other.crps_gain is None:
        return say("against.runner_up_by_law", **words)
    return say("against.runner_up", gain=gain_text(other.crps_gain), **words)
