"""What follows an iteration and whether its holdout is opened: chosen from training rows and folds alone."""

from collections.abc import Sequence

from ..candidates import Candidate, Candidates
from ..config_files import fingerprint
from ..errors import InputError, did_you_mean
from .changes import difference
from .ledger import FOLD_CRPS, fold_crps, incumbent, ledger_of, open_codes
from .remedies import REMEDIES
from .screened_candidates import SAMPLER_CHECKS, Goal, Search, candidates_of, gain_text, goal_of, prediction_text
from .screening import screen
from .situation import Situation, Trained, edits_to_changes
from .words import say

RETURN = "return_to_best"
"""Name of what takes up an earlier iteration again, which no remedy is needed for."""


def choose(
    situation: Situation,
    earlier: tuple[Trained, ...],
    disabled_remedies: tuple[str, ...] = (),
    is_last: bool = False,
) -> Candidates:
    """Return what could follow an iteration, screened on the folds; what follows; and whether the holdout is opened.

    earlier : the iterations before it, in order
    is_last : whether the budget ends here, so that nothing can follow
    Raises InputError if a disabled remedy isn't known.
    """
    check_names(disabled_remedies)
    best = incumbent((*earlier, situation))
    goal, found = goal_of(best), []
    if open_codes(situation.summary) & SAMPLER_CHECKS and _is_worth_repair(situation, best):
        found = _search(situation, earlier, situation, "sampler", disabled_remedies)
    if not _followed(found):
        found = [*_search(situation, earlier, best, goal, disabled_remedies), *found]
    following = _followed(found) or _return_to(situation, earlier, best)
    opens, reason = _opening(situation, following, is_last)
    if following is None and goal == "promise":  # what comes should the holdout fail the present model
        found = _search(situation, earlier, best, "alternative", disabled_remedies)
        following = _followed(found)
    return Candidates(
        iteration=situation.spec.iteration,
        incumbent=best.spec.iteration,
        screened=tuple(found),
        next=following,
        opens=opens,
        opening_reason=reason,
        stop_reason=None if following else say("stop.none_left"),
        ledger=ledger_of(situation, earlier, following.base if following else best.spec.iteration),
    )


def check_names(disabled: Sequence[str]) -> None:
    """Raise InputError for a remedy that there isn't."""
    known = [r.name for r in REMEDIES]
    for name in disabled:
        if name not in known:
            raise InputError(f"policy.disabled_remedies: {name!r} is not known{did_you_mean(name, known)}")


def _is_worth_repair(situation: Situation, best: Situation | Trained) -> bool:
    """Tell whether chains that didn't mix are worth another try: no earlier model that passed has better folds."""
    ours, theirs = fold_crps(situation), fold_crps(best)
    return not best.summary.passed or (ours is not None and theirs is not None and ours < theirs)


def _search(
    situation: Situation,
    earlier: tuple[Trained, ...],
    best: Situation | Trained,
    goal: Goal,
    disabled: tuple[str, ...],
) -> list[Candidate]:
    """Return the candidates from an iteration's model, told as changes of the present one's."""
    base = Situation(best.spec, best.summary, best.folds, situation.panel, situation.series)
    search = Search(
        goal=goal,
        base=base,
        now=screen(situation.panel, base.spec),
        here=situation.spec,
        tried=frozenset(fingerprint(t.spec) for t in (*earlier, situation)),
        ledger=ledger_of(situation, earlier, base.spec.iteration),
    )
    return candidates_of(search, disabled)


def _followed(candidates: list[Candidate]) -> Candidate | None:
    return next((c for c in candidates if c.excluded is None), None)


def _return_to(situation: Situation, earlier: tuple[Trained, ...], best: Situation | Trained) -> Candidate | None:
    """Return the way back to the best model, if it passed diagnostics and its holdout was never opened."""
    wanted = fingerprint(best.spec)
    opened = any(t.candidates.opens and fingerprint(t.spec) == wanted for t in earlier)
    if fingerprint(situation.spec) == wanted or not best.summary.passed or opened:
        return None
    crps, expects = fold_crps(best), say(f"remedy.{RETURN}.expects")
    effect = prediction_text(FOLD_CRPS, crps, crps, expects)
    edits = difference(situation.spec, best.spec)
    return Candidate(
        remedy=RETURN,
        label=f"iteration {best.spec.iteration}",
        base=best.spec.iteration,
        changes=edits_to_changes(situation.spec, edits, say(f"remedy.{RETURN}.hypothesis"), effect),
        figure=FOLD_CRPS,
        now=crps,
        predicted=crps,
        crps_gain=0.0 if crps is not None else None,
        cost="same_model",
    )


def _opening(situation: Situation, following: Candidate | None, is_last: bool) -> tuple[bool, str]:
    """Return whether the holdout is opened, and why or why not."""
    if not situation.summary.passed:
        return False, say("closed.diagnostics")
    reasons = {
        "opens.folds": situation.folds.passed,
        "opens.last": is_last,
        "opens.no_promise": following is None,
        "opens.no_folds": situation.folds.pooled is None,
    }
    reason = next((key for key, holds in reasons.items() if holds), None)
    return (True, say(reason)) if reason else (False, _kept_closed(following))


def _kept_closed(following: Candidate) -> str:
    """Return what is tried before the holdout is opened."""
    if following.remedy == RETURN:
        return say("closed.better", iteration=following.base)
    gain = gain_text(following.crps_gain)
    return say("closed.promise", remedy=following.remedy, label=following.label, gain=gain)
