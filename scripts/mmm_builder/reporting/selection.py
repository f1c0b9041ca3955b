"""How a run ended and which of its iterations is handed on; never by a held-out figure."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InputError
from ..policy.ledger import best_of
from ..verdicts import Decision, FoldEvidence, OosValidation, SelectionCode, Status, StopCode, TrainingSummary
from .figures import shown
from .phrases import RECORDED, phrasebook


class Selection(NamedTuple):
    """How the run ended: `iteration` is the selected one (from 1), by the rule `code`.

    stop_code : why no other iteration followed; `told` the decision's own words for it, if it has any
    among : of how many iterations it is the best
    """

    status: Status
    iteration: int
    code: SelectionCode
    stop_code: StopCode
    told: str | None
    among: int


def select(
    summaries: Sequence[TrainingSummary],
    folds: Sequence[FoldEvidence],
    validations: Sequence[OosValidation],
    decisions: Sequence[Decision],
    max_iterations: int,
) -> Selection:
    """Return the run's end from the verdicts of its iterations, in the order they ran.

    full_success: the last decision stopped with it, and its iteration is selected. Else diagnostics_only if any
    iteration passed diagnostics, or budget_exhausted, and the iteration that the loop itself takes for the best
    (`policy.ledger.best_of`). It is then not validated.
    Raises InputError if the verdicts contradict one another or the last iterations are missing.
    """
    last, n = decisions[-1], len(decisions)
    if last.action == "revise" and n != max_iterations:
        raise InputError(
            f"the decision of iteration {n} is to revise, but {n} of {max_iterations} iterations were given; "
            "give all iterations of the run, or the budget that it ran with"
        )
    if last.status == "full_success":
        if not (summaries[-1].passed and validations[-1].passed):
            raise InputError(
                f"the decision of iteration {n} is full_success, but not both of its gates passed; decide again"
            )
        return Selection("full_success", n, "passed_both", "both_gates", None, 1)
    stop: tuple[StopCode, str | None] = ("budget", None)
    if last.action == "stop":
        stop = ("no_candidate", last.stop_reason)
    passed = [i for i, summary in enumerate(summaries) if summary.passed]
    best = best_of(summaries, folds) + 1
    if passed:
        return Selection("diagnostics_only", best, "best_folds", *stop, len(passed))
    return Selection("budget_exhausted", best, "fewest_failing", *stop, n)


def fold_crps(folds: FoldEvidence) -> float:
    """Return the CRPS of the folds' rows together, in the KPI's unit; infinite if there is none."""
    return math.inf if folds.pooled is None or folds.pooled.crps is None else folds.pooled.crps


def reasons(selection: Selection, folds: FoldEvidence, max_iterations: int) -> tuple[str, str]:
    """Return why no other iteration followed and why this one is selected, in English, for the record.

    folds : the selected iteration's
    """
    say = phrasebook(RECORDED)
    stopped = selection.told or say(f"stop.{selection.stop_code}")
    if selection.stop_code == "budget":
        stopped = say("selection.budget", iterations=say.count(max_iterations, "iteration"))
    selected = say(f"selection.{selection.code}", among=say.count(selection.among, "iteration"))
    if selection.code == "passed_both":
        return stopped, selected
    crps = "unknown" if math.isinf(fold_crps(folds)) else shown("fold_crps", fold_crps(folds))
    return stopped, say("selection.not_validated", reason=selected, crps=crps)
