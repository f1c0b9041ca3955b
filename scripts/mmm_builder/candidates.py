"""`candidates.json`: what could be tried next, screened on the folds; written before the holdout may be opened."""

from .spec import Change
from .strict import Document, Strict
from .verdicts import Outcome


class Candidate(Strict):
    """One change of the configuration that a remedy proposes.

    label : what exactly, in few words (`seasonality.order 2 → 4`)
    base : iteration whose configuration it starts from, the best so far by the folds
    changes : of this iteration's configuration; where the base is an earlier one, with what that takes back
    figure, now, predicted : what it is predicted to move, of the base as it was sampled
    crps_gain : gain in the folds' CRPS over the base, as a share, both screened; null where it can't be screened
    cost : what it costs (`none`, `one compilation`, `twice the draws`)
    excluded : why it isn't followed, if it isn't
    """

    remedy: str
    label: str
    base: int
    changes: tuple[Change, ...]
    figure: str
    now: float | None
    predicted: float | None
    crps_gain: float | None
    cost: str
    excluded: str | None = None


class Candidates(Document):
    """What may follow an iteration, and whether its holdout is to be opened; no held-out figure goes in.

    incumbent : iteration with the best folds so far, which candidates start from
    screened : all candidates, best first
    next : the one that follows unless the run stops here
    opens : whether the diagnostics and the folds let the holdout be opened; opening_reason says why, or why not
    stop_reason : why nothing follows, if nothing does
    ledger : every prediction so far with what came of it
    """

    iteration: int
    incumbent: int
    screened: tuple[Candidate, ...]
    next: Candidate | None
    opens: bool
    opening_reason: str
    stop_reason: str | None
    ledger: tuple[Outcome, ...]
