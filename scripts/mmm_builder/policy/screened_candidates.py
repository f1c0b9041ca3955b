"""Candidates: every option of every remedy from one base, with what it is predicted to do and why not, if so."""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from ..candidates import Candidate
from ..config_files import fingerprint
from ..errors import InputError
from ..percentages import percent
from ..spec import ModelSpec
from ..verdicts import Outcome
from .changes import difference
from .ledger import FOLD_CRPS, fold_crps, open_codes
from .remedies import REMEDIES, Remedy
from .screening import Screen, screen
from .situation import Option, Situation, Trained, edited, edits_to_changes
from .words import say

PROMISE = 0.02
"""Gain in the folds' CRPS, as a share, from which a change promises more than the model it starts from."""

HURTS = 0.01
"""Loss in the folds' CRPS, as a share, beyond which a change isn't followed whatever else it does, unless the holdout
failed a better one and the folds would still meet their limits."""

DIFFERENCE = 0.35
"""Root mean square by which two models' forecasts of the folds differ, as a share of their CRPS, below which they are
the same forecast: after a failed look at the holdout no second one at it."""

MIN_R2_MOVE = 0.01
"""Predicted move of the training R² below which a change is no answer to an R² outside the band."""

SAMPLER_CHECKS = frozenset({"worst_rhat", "min_ess", "divergences"})

Goal = Literal["sampler", "raise_r2", "lower_r2", "promise", "alternative", "another"]
"""What a change is looked for: chains that mix; an R² in the band; better folds; another forecast after an opening that
failed, whose folds meet the limits as the base's do, or are about as good where the base's don't; or just another model
about as good, that may be sampled better."""


class Search(NamedTuple):
    """What all candidates share.

    base : what they start from; now : its screen; here : the configuration that changes are told of
    tried : fingerprints of what was trained
    """

    goal: Goal
    base: Situation
    now: Screen
    here: ModelSpec
    tried: frozenset[str]
    ledger: tuple[Outcome, ...]


def goal_of(base: Situation | Trained) -> Goal:
    """Return what is looked for from a base whose chains mixed as well as they will."""
    failing = open_codes(base.summary)
    if "r2_low" in failing:
        return "raise_r2"
    if "r2_high" in failing:
        return "lower_r2"
    if failing:
        return "another"
    return "alternative" if base.folds.passed else "promise"


def candidates_of(search: Search, disabled: tuple[str, ...]) -> list[Candidate]:
    """Return all candidates, those that may be followed first, the best first."""
    by_law = search.goal == "sampler"
    remedies = [r for r in REMEDIES if r.name not in disabled and bool(r.laws) == by_law]
    found = [
        (remedy, *_candidate(search, remedy, option)) for remedy in remedies for option in remedy.propose(search.base)
    ]
    others_left = any(c.excluded is None and not r.last_resort for r, c, _ in found)
    ranked = []
    for position, (remedy, candidate, spec) in enumerate(found):
        if remedy.last_resort and others_left and candidate.excluded is None:
            candidate = candidate.model_copy(update={"excluded": say("excluded.last_resort")})
        ranked.append((_rank(search, remedy, candidate, position), candidate, spec))
    ranked.sort(key=lambda entry: entry[0])
    return _simpler_first(search, [(candidate, spec) for _, candidate, spec in ranked])


# --- one candidate -------------------------------------------------------------------------------------------


def _candidate(search: Search, remedy: Remedy, option: Option) -> tuple[Candidate, ModelSpec]:
    """Return an option as a candidate, with the configuration that it leads to."""
    spec = edited(search.base.spec, option.edits)
    then = None if remedy.laws else _screened(search, spec)
    figure, now, predicted = _prediction(search, remedy, then)
    gain = None if then is None else gain_of(search.now, then)
    candidate = Candidate(
        remedy=remedy.name,
        label=option.label,
        base=search.base.spec.iteration,
        changes=changes_to(search.here, spec, remedy, prediction_text(figure, now, predicted, remedy.expects)),
        figure=figure,
        now=now,
        predicted=predicted,
        crps_gain=gain,
        cost=remedy.cost,
    )
    return candidate.model_copy(update={"excluded": _why_not(search, candidate, spec, then)}), spec


def _screened(search: Search, spec: ModelSpec) -> Screen:
    """Return the screen of a configuration, without figures where it doesn't fit the training rows."""
    try:
        return screen(search.base.panel, spec)
    except InputError:
        return Screen(None, None, None, None, None, 0.0)


def changes_to(here: ModelSpec, spec: ModelSpec, remedy: Remedy, effect: str):
    """Return the changes that make one configuration into another, with a remedy's reason."""
    return edits_to_changes(here, difference(here, spec), remedy.hypothesis, effect)


def prediction_text(figure: str, now: float | None, predicted: float | None, expects: str) -> str:
    """Return `r2 0.42 → 0.58: what is expected`."""
    return say("decision.predicted", figure=figure, now=number(now), predicted=number(predicted), expects=expects)


def number(value: float | None) -> str:
    """Return a figure for people."""
    return "unknown" if value is None else f"{value:.3g}"


def gain_text(share: float | None) -> str:
    """Return a gain for people."""
    return "unknown" if share is None else percent(share, 1, sign="+")


def gain_of(now: Screen, then: Screen) -> float | None:
    """Return the gain in the folds' CRPS as a share; None without folds."""
    return None if now.crps is None or then.crps is None else 1.0 - then.crps / now.crps


def _prediction(search: Search, remedy: Remedy, then: Screen | None) -> tuple[str, float | None, float | None]:
    """Return the figure that is predicted to move, what it is now (as sampled), and what it will be."""
    summary = search.base.summary
    if then is None:
        failing = open_codes(summary)
        figure = next((f for f in remedy.laws if f in failing), next(iter(remedy.laws)))
        now = getattr(summary, figure)
        return figure, now, None if now is None else remedy.laws[figure](now)
    gain, crps = gain_of(search.now, then), fold_crps(search.base)
    if search.goal in ("raise_r2", "lower_r2") or gain is None or crps is None:
        move = _moved(search.now.train_r2, then.train_r2)
        known = summary.r2 is not None and move is not None
        return "r2", summary.r2, min(1.0, summary.r2 + move) if known else None
    return FOLD_CRPS, crps, crps * (1.0 - gain)


def _moved(now: float | None, then: float | None) -> float | None:
    return None if now is None or then is None else then - now


# --- why not -------------------------------------------------------------------------------------------------


def _why_not(search: Search, candidate: Candidate, spec: ModelSpec, then: Screen | None) -> str | None:
    """Return why a candidate isn't followed, None if it may be."""
    return next(_objections(search, candidate, spec, then), None)


def _objections(search: Search, candidate: Candidate, spec: ModelSpec, then: Screen | None) -> Iterator[str]:
    if fingerprint(spec) in search.tried:
        yield say("excluded.tried")
    known = [(o.remedy, o.label) for o in search.ledger if o.hypothesis == "refuted"]
    if (candidate.remedy, candidate.label) in known:
        yield say("excluded.refuted")
    if search.goal in ("sampler", "raise_r2", "lower_r2") and not _answers(search, candidate):
        yield say("excluded.no_answer")
    if then is None:
        return
    gain = candidate.crps_gain
    if then.train_r2 is None or (gain is None and search.now.crps is not None):
        yield say("excluded.not_screened")
    if gain is None:
        # without folds the evidence of the training rows, which pays for flexibility by itself
        more = _moved(search.now.log_evidence, then.log_evidence)
        if search.goal not in ("raise_r2", "lower_r2") and (more is None or more <= 0):
            yield say("excluded.no_evidence")
        return
    yield from _objections_of_folds(search, gain, then)


def _objections_of_folds(search: Search, gain: float, then: Screen) -> Iterator[str]:
    if search.goal == "promise" and gain < PROMISE:
        yield say("excluded.no_promise", least=percent(PROMISE))
    if search.goal == "alternative" and distance(search.now, then) < DIFFERENCE:
        yield say("excluded.same", least=percent(DIFFERENCE))
    if search.goal == "alternative" and search.base.folds.passed:
        if not _meets_limits(search, then):
            yield say("excluded.below_limits")
    elif gain < -HURTS:
        yield say("excluded.hurts", most=percent(HURTS))


def distance(one: Screen, other: Screen) -> float:
    """Return how far two forecasts of the folds are apart: the root mean square in units of the first one's CRPS."""
    if one.forecast is None or other.forecast is None or not one.crps or len(one.forecast) != len(other.forecast):
        return math.inf
    return float(np.sqrt(np.mean((np.array(one.forecast) - np.array(other.forecast)) ** 2))) / one.crps


def _answers(search: Search, candidate: Candidate) -> bool:
    """Tell whether the candidate moves what failed the right way by enough."""
    if search.goal == "sampler":
        answers = next(r.answers for r in REMEDIES if r.name == candidate.remedy)
        return bool(set(answers) & open_codes(search.base.summary))
    if candidate.now is None or candidate.predicted is None:
        return False
    rise = candidate.predicted - candidate.now
    return rise >= MIN_R2_MOVE if search.goal == "raise_r2" else rise <= -MIN_R2_MOVE


def _meets_limits(search: Search, then: Screen) -> bool:
    """Tell whether the folds would still meet the limits of the holdout: as sampled, moved as the screen moves."""
    folds, now = search.base.folds, search.now
    r2_move, train_move = _moved(now.r2, then.r2), _moved(now.train_r2, then.train_r2)
    if folds.pooled is None or folds.pooled.r2 is None or r2_move is None or train_move is None:
        return False
    limits = folds.thresholds
    if folds.pooled.r2 + r2_move < limits.oos_r2_min:
        return False
    mape = folds.pooled.mape
    if mape and now.mape and then.mape and mape * then.mape / now.mape > limits.oos_mape_max:
        return False
    overfitting = folds.overfitting_index
    return overfitting is None or overfitting + train_move - r2_move <= limits.overfitting_max


# --- order ---------------------------------------------------------------------------------------------------

NEAR = 0.005
"""Difference in the folds' CRPS, as a share, within which the simpler of two models comes first."""


def _rank(search: Search, remedy: Remedy, candidate: Candidate, position: int) -> tuple:
    """Return what candidates are sorted by, smaller first."""
    gain = -1.0 if candidate.crps_gain is None else candidate.crps_gain
    followed = candidate.excluded is None
    if search.goal == "sampler":
        answered = len(set(remedy.answers) & open_codes(search.base.summary))
        refuted = any(o.remedy == remedy.name and o.hypothesis == "refuted" for o in search.ledger)
        return (not followed, refuted, -answered, position)
    if search.goal in ("raise_r2", "lower_r2") and candidate.predicted is not None:
        limits, sign = search.base.summary.thresholds, 1 if search.goal == "raise_r2" else -1
        limit = limits.r2_min if sign == 1 else limits.r2_max
        missing = max(0.0, sign * (limit - candidate.predicted))
        return (not followed, missing, -gain, position)
    return (not followed, -gain, position)


def _simpler_first(search: Search, ranked: list[tuple[Candidate, ModelSpec]]) -> list[Candidate]:
    """Return the candidates, the simplest of those that are as good as the best put first."""
    candidates = [candidate for candidate, _ in ranked]
    if search.goal in ("sampler", "raise_r2", "lower_r2") or not candidates or candidates[0].crps_gain is None:
        return candidates
    best = candidates[0].crps_gain
    near = [
        k
        for k, c in enumerate(candidates)
        if c.excluded is None and c.crps_gain is not None and c.crps_gain >= best - NEAR
    ]
    if near:
        first = min(near, key=lambda k: (size_of(ranked[k][1]), k))
        candidates.insert(0, candidates.pop(first))
    return candidates


def size_of(spec: ModelSpec) -> int:
    """Return about how many parameters a model has."""
    seasons = [spec.seasonality, *([spec.weekly_seasonality] if spec.weekly_seasonality else [])]
    media = sum(1 + _n_priors(c.adstock) + _n_priors(c.saturation) for c in spec.channels)
    trend = {"none": 0, "linear": 1, "damped": 2, "local_linear": 3}[spec.trend.kind]
    noise = 1 if spec.likelihood.nu is None else 2
    linear = len((*spec.controls, *spec.events, *spec.pulses, *spec.level_shifts))
    return sum(2 * s.order for s in seasons) + media + trend + noise + linear


def _n_priors(part: object) -> int:
    return 0 if part is None else sum(value is not None for _, value in part)
