"""How a run ended and which of its iterations is handed on; never by a held-out figure."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InputError
from ..verdicts import Decision, OosValidation, Status, TrainingSummary


class Selection(NamedTuple):
    """How the run ended: `iteration` is the selected one (from 1), `stop_reason` says why no other followed."""

    status: Status
    iteration: int
    stop_reason: str


def select(
    summaries: Sequence[TrainingSummary],
    validations: Sequence[OosValidation],
    decisions: Sequence[Decision],
    max_iterations: int,
) -> Selection:
    """Return the run's end from the verdicts of its iterations, in the order they ran.

    full_success: the last decision stopped with it, and its iteration is selected. Else diagnostics_only if any
    iteration passed diagnostics, else budget_exhausted; the selected iteration is then not validated.
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
        return Selection("full_success", n, "both gates passed")
    reason = "no remedy left" if last.action == "stop" else f"budget of {_iterations(max_iterations)} spent"
    passed = [i for i, summary in enumerate(summaries) if summary.passed]
    candidates = passed or range(n)
    best = min(candidates, key=lambda i: (unmet_checks(summaries[i]), distance_to_band(summaries[i]), -i))
    return Selection("diagnostics_only" if passed else "budget_exhausted", best + 1, last.stop_reason or reason)


def unmet_checks(summary: TrainingSummary) -> int:
    """Return how many training checks did not pass; one that could not be assessed counts, one to review doesn't."""
    return sum(check.status in ("fail", "unassessed") for check in summary.checks)


def distance_to_band(summary: TrainingSummary) -> float:
    """Return how far R² on the training rows lies outside its band (0 inside; infinite if not computed)."""
    if summary.r2 is None:
        return math.inf
    limits = summary.thresholds
    return max(limits.r2_min - summary.r2, summary.r2 - limits.r2_max, 0.0)


def _iterations(n: int) -> str:
    return f"{n} iteration" + ("" if n == 1 else "s")
