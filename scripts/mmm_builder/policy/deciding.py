"""The decision about one iteration: stop, or revise with the remedy that the training evidence speaks for most."""

from typing import Any, NamedTuple

from ..errors import InputError, did_you_mean
from ..spec import Change, ModelSpec
from ..verdicts import Check, Decision, Diagnosis, Observation, OosValidation, Status, TrainingSummary
from .changes import apply_changes, fingerprint
from .remedies import REMEDIES, Remedy
from .screening import Screen, screen
from .situation import Situation, edits_to_changes

RULED_OUT = -3.0
"""Nats of evidence against a change from which it isn't tried: beside the present model while training checks fail,
beside the best so far once they pass, since a row of small losses would lead anywhere, a look at the holdout each."""

MIN_R2_GAIN = 0.01
"""Predicted move of R² below which a change is no answer to an R² outside the band."""


class Proposal(NamedTuple):
    """A remedy's changes, what they are worth (nats of evidence) and the figure they predict."""

    remedy: Remedy
    changes: tuple[Change, ...]
    gain: float
    figure: str
    now: float | None
    predicted: float | None


class History(NamedTuple):
    """What came before this iteration: the specs that were trained and whether diagnostics ever passed."""

    specs: tuple[ModelSpec, ...]
    diagnostics_passed: bool


def decide(
    situation: Situation, validation: OosValidation, history: History, disabled_remedies: tuple[str, ...] = ()
) -> Decision:
    """Return the reasoning about one iteration and its conclusion.

    The held-out figures decide pass or fail and nothing else: which remedy follows depends on training rows only.
    Raises InputError if a disabled remedy isn't known.
    """
    _check_names(disabled_remedies)
    summary = situation.summary
    if summary.passed and validation.passed:
        return _stop(situation, validation, "full_success", "both gates passed")
    tried = {fingerprint(s) for s in (*history.specs, situation.spec)}
    proposals = [p for p in _proposals(situation, disabled_remedies) if _fingerprint(situation, p) not in tried]
    ranked = _rank(summary, proposals, _behind(situation, history))
    if ranked:
        return _revise(situation, validation, ranked)
    status = "diagnostics_only" if history.diagnostics_passed or summary.passed else "budget_exhausted"
    return _stop(situation, validation, status, "no remedy left that the training rows speak for")


def _check_names(disabled: tuple[str, ...]) -> None:
    known = [r.name for r in REMEDIES]
    for name in disabled:
        if name not in known:
            raise InputError(f"policy.disabled_remedies: {name!r} is not known{did_you_mean(name, known)}")


# --- proposals -----------------------------------------------------------------------------------------------


def _proposals(situation: Situation, disabled: tuple[str, ...]) -> list[Proposal]:
    """Return what each remedy proposes, scored on the training rows."""
    now = screen(situation.panel, situation.spec)
    found = []
    for remedy in REMEDIES:
        edits = [] if remedy.name in disabled else remedy.propose(situation)
        if edits:
            changes = edits_to_changes(situation.spec, edits, remedy.hypothesis, remedy.expects)
            found.append(_by_law(situation, remedy, changes) or _by_screen(situation, remedy, changes, now))
    return found


def _by_law(situation: Situation, remedy: Remedy, changes: tuple[Change, ...]) -> Proposal | None:
    """Return the proposal of a sampler's remedy, which predicts the figure that needs it; None for other remedies."""
    if not remedy.laws:
        return None
    failing = _open_codes(situation.summary)
    figure = next((f for f in remedy.laws if f in failing), next(iter(remedy.laws)))
    now = getattr(situation.summary, figure)
    return Proposal(remedy, changes, 0.0, figure, now, None if now is None else remedy.laws[figure](now))


def _by_screen(situation: Situation, remedy: Remedy, changes: tuple[Change, ...], now: Screen) -> Proposal:
    """Return the proposal of a remedy of the model: R² is predicted to move as it does in the screen."""
    then = screen(situation.panel, apply_changes(situation.spec, changes, situation.spec.iteration))
    r2 = situation.summary.r2
    known = r2 is not None and now.r2 is not None and then.r2 is not None
    predicted = min(1.0, r2 + then.r2 - now.r2) if known else None
    return Proposal(remedy, changes, then.log_evidence - now.log_evidence, "r2", r2, predicted)


def _fingerprint(situation: Situation, proposal: Proposal) -> str:
    return fingerprint(apply_changes(situation.spec, proposal.changes, situation.spec.iteration))


def _open_codes(summary: TrainingSummary) -> set[str]:
    return {c.code for c in summary.checks if c.status in ("fail", "unassessed")}


def _behind(situation: Situation, history: History) -> float:
    """Return how many nats of evidence the present model is behind the best so far."""
    evidence = [screen(situation.panel, s).log_evidence for s in (situation.spec, *history.specs)]
    return max(evidence) - evidence[0]


def _rank(summary: TrainingSummary, proposals: list[Proposal], behind: float) -> list[Proposal]:
    """Return the proposals worth trying, best first.

    While training checks fail: those that answer one of them, the sampler's first, since figures of a chain that
    hasn't converged mean little. Once they pass (and the holdout failed): all that change the model.
    """
    failing = _open_codes(summary)
    if failing:
        useful = [p for p in proposals if failing & set(p.remedy.answers) and _helps(p, failing)]
    else:
        useful = [p for p in proposals if not p.remedy.laws and p.gain - behind > RULED_OUT]
    return sorted((p for p in useful if p.gain > RULED_OUT), key=lambda p: (not p.remedy.laws, -p.gain))


def _helps(proposal: Proposal, failing: set[str]) -> bool:
    """Tell whether the prediction moves the failing figure the right way."""
    if proposal.remedy.laws or proposal.now is None or proposal.predicted is None:
        return True
    rise = proposal.predicted - proposal.now
    return rise >= MIN_R2_GAIN if "r2_low" in failing else rise <= -MIN_R2_GAIN


# --- words ---------------------------------------------------------------------------------------------------


def _revise(situation: Situation, validation: OosValidation, ranked: list[Proposal]) -> Decision:
    best, others = ranked[0], ranked[1:]
    expected = f"{best.figure} {_number(best.now)} → {_number(best.predicted)}: {best.remedy.expects}"
    changes = tuple(c.model_copy(update={"predicted_effect": expected}) for c in best.changes)
    evidence_for, against = [_speaks(situation.summary, best)], []
    if not best.remedy.laws:
        side = evidence_for if best.gain > 0 else against
        side.append(f"evidence of the training rows {best.gain:+.1f} nats, compared with the present model")
    against += [f"{p.remedy.name} instead: {p.gain:+.1f} nats, r2 → {_number(p.predicted)}" for p in others]
    return Decision(
        **_frame(situation, validation),
        diagnosis=Diagnosis(
            hypothesis=best.remedy.hypothesis, evidence_for=tuple(evidence_for), evidence_against=tuple(against[:3])
        ),
        action="revise",
        status=None,
        stop_reason=None,
        remedy=best.remedy.name,
        predicted_figure=best.figure,
        predicted_value=best.predicted,
        changes=changes,
    )


def _speaks(summary: TrainingSummary, proposal: Proposal) -> str:
    """Return the check that the remedy answers, or that it is the next in order after a failed opening."""
    for check in summary.checks:
        if check.code in proposal.remedy.answers and check.status != "pass":
            return f"it answers {check.code}, which is at {check.status!r}"
    return "training checks pass, the held-out periods did not; next in the order of the training evidence"


def _stop(situation: Situation, validation: OosValidation, status: Status, reason: str) -> Decision:
    failed = sorted(_open_codes(situation.summary) | {c.code for c in validation.checks if c.status != "pass"})
    hypothesis = f"open checks remain: {', '.join(failed)}" if failed else "the model holds on periods it hasn't seen"
    return Decision(
        **_frame(situation, validation),
        diagnosis=Diagnosis(hypothesis=hypothesis, evidence_for=(), evidence_against=()),
        action="stop",
        status=status,
        stop_reason=reason,
        remedy=None,
        predicted_figure=None,
        predicted_value=None,
        changes=(),
    )


def _frame(situation: Situation, validation: OosValidation) -> dict[str, Any]:
    """Return the fields that every decision has: the iteration and what was observed."""
    n = situation.spec.iteration
    return {
        "iteration": n,
        "observed": (
            *(_observation(c, f"artifacts_iter_{n}/metrics/summary.json") for c in situation.summary.checks),
            *(_observation(c, f"artifacts_iter_{n}/oos_validation.json") for c in validation.checks),
        ),
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


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"
