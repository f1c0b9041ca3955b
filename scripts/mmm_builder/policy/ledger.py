"""The ledger: what changes were predicted to do, beside what they did; and which iteration stands best."""

import math
from collections.abc import Sequence
from typing import Literal

from ..candidates import Candidate
from ..config_files import fingerprint
from ..spec import ModelSpec
from ..verdicts import FoldEvidence, Outcome, TrainingSummary
from .changes import apply_changes
from .situation import Situation, Trained

FOLD_CRPS = "fold_crps"
"""The folds' pooled CRPS as a figure that is predicted; other figures have their names of the summary."""

HALF = 0.5
"""Share of the predicted move that must come about for a hypothesis to survive."""

LEAST_MOVE = 0.005
"""Predicted move, as a share of the figure, below which noise decides what comes of it."""

AS_GOOD = 0.02
"""Share by which the folds' CRPS may be above the best while a model that fits the training rows better is preferred,
as long as none passes diagnostics."""


def open_codes(summary: TrainingSummary) -> set[str]:
    """Return the codes of the diagnostics gate's checks that hold it up."""
    return {c.code for c in summary.checks if c.status in ("fail", "unassessed")}


def fold_crps(trained: Situation | Trained) -> float | None:
    """Return the CRPS of an iteration's folds, as sampled; None without folds."""
    return None if trained.folds.pooled is None else trained.folds.pooled.crps


def incumbent(trained: Sequence[Situation | Trained]) -> Situation | Trained:
    """Return the iteration that stands best so far, see `best_of`."""
    return trained[best_of([t.summary for t in trained], [t.folds for t in trained])]


def best_of(summaries: Sequence[TrainingSummary], folds: Sequence[FoldEvidence]) -> int:
    """Return which iteration (from 0) stands best, the latest of equals.

    Of those that passed diagnostics the one with the least CRPS on its folds. If none did, of those with the fewest
    open checks the one nearest to the band of R² whose folds are about as good as the best of them.
    """
    losses = [math.inf if f.pooled is None or f.pooled.crps is None else f.pooled.crps for f in folds]
    passed = [i for i, summary in enumerate(summaries) if summary.passed]
    if passed:
        return min(reversed(passed), key=losses.__getitem__)
    fewest = min(len(open_codes(summary)) for summary in summaries)
    left = [i for i, summary in enumerate(summaries) if len(open_codes(summary)) == fewest]
    limit = min(losses[i] for i in left) * (1.0 + AS_GOOD)
    near = [i for i in reversed(left) if losses[i] <= limit]
    return min(near, key=lambda i: (_out_of_band(summaries[i]), losses[i]))


def _out_of_band(summary: TrainingSummary) -> float:
    """Return by how much R² misses the band, as far as that holds up the gate."""
    if summary.r2 is None:
        return math.inf
    failing, limits = open_codes(summary), summary.thresholds
    above = summary.r2 - limits.r2_max if "r2_high" in failing else 0.0
    return max(0.0, limits.r2_min - summary.r2, above)


def ledger_of(situation: Situation, earlier: Sequence[Trained], base: int) -> tuple[Outcome, ...]:
    """Return what came of every change that was to follow an earlier iteration, in order.

    base : iteration that what follows the present one starts from; where that isn't the one with the change, the change
    was taken back
    """
    trained = (*earlier, situation)
    bases = [t.candidates.next.base if t.candidates.next else t.candidates.incumbent for t in earlier[1:]]
    outcomes = []
    for k, (now, following, from_here) in enumerate(zip(trained, trained[1:], [*bases, base], strict=False)):
        candidate = earlier[k].candidates.next
        if candidate is not None:
            kept = from_here == following.spec.iteration
            outcomes.append(_outcome(now.spec, candidate, following, kept))
    return tuple(outcomes)


def _outcome(before: ModelSpec, candidate: Candidate, after: Situation | Trained, kept: bool) -> Outcome:
    """Return what came of a candidate. A configuration edited by hand leaves its prediction untested."""
    carried_out = fingerprint(apply_changes(before, candidate.changes, after.spec.iteration)) == fingerprint(after.spec)
    happened = figure_of(after, candidate.figure) if carried_out else None
    return Outcome(
        iteration=before.iteration,
        remedy=candidate.remedy,
        label=candidate.label,
        figure=candidate.figure,
        before=candidate.now,
        predicted=candidate.predicted,
        after=happened,
        hypothesis=judge(candidate.now, candidate.predicted, happened),
        reverted=carried_out and not kept,
    )


def figure_of(trained: Situation | Trained, figure: str) -> float | None:
    """Return a figure of training rows or folds by its name."""
    return fold_crps(trained) if figure == FOLD_CRPS else getattr(trained.summary, figure)


def judge(
    before: float | None, predicted: float | None, after: float | None
) -> Literal["survived", "refuted", "untested"]:
    """Return whether at least half of the predicted move came about, in its direction.

    `untested` where a figure is missing, or where the predicted move is too small to be told from noise.
    """
    if before is None or predicted is None or after is None:
        return "untested"
    if abs(predicted - before) <= LEAST_MOVE * abs(before):
        return "untested"
    return "survived" if (after - before) / (predicted - before) >= HALF else "refuted"
