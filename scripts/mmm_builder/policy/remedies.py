"""The policy: one entry per remedy. Remedies look at training rows only; the held-out figures never reach them.

A remedy proposes changes of keys, or nothing where its precondition doesn't hold; `deciding` scores what is
proposed and chooses.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ..judging.scoring import OUTLIER_LIMIT, robust_scores
from ..modelling.priors import preset
from ..modelling.recipes import RECIPES
from ..modelling.transforms import SATURATIONS
from ..spec import Change, ModelSpec
from ..verdicts import TrainingSummary
from .changes import apply_changes, value_at
from .screening import screen

MAX_SEASON_ORDER = 10
MAX_PULSES = 5
MAX_DRAWS = 8000
MAX_TARGET_ACCEPT = 0.99
MEDIA_SCALE_RANGE = (0.2, 5.0)
"""How far the widths of all media priors together may move from the preset's: two steps of a factor 2 either way."""
WEAK_CONTROL_GAIN = 0.5
"""Nats of evidence that leaving a control out must gain before it counts as weak."""


class Situation(NamedTuple):
    """What a remedy may see: the spec that was trained, its verdict, and the training rows.

    panel : national, KPI of training rows only; series : date, actual, predicted of the training rows
    """

    spec: ModelSpec
    summary: TrainingSummary
    panel: xr.Dataset
    series: pd.DataFrame


Edit = tuple[str, Any]
"""A key of the configuration and its new value."""


class Remedy(NamedTuple):
    """One way to change a model.

    answers : codes of the checks it is meant for
    hypothesis, expects : why, and what it should do, for people
    laws : for remedies of the sampler, by check, what becomes of its figure; those of the model are screened
    """

    name: str
    answers: tuple[str, ...]
    propose: Callable[[Situation], list[Edit]]
    hypothesis: str
    expects: str
    laws: dict[str, Callable[[float], float]] = {}


def edits_to_changes(spec: ModelSpec, edits: list[Edit], reason: str, effect: str) -> tuple[Change, ...]:
    """Return edits as changes with old value, reason and predicted effect."""
    return tuple(
        Change(key=key, old=value_at(spec, key), new=new, reason=reason, predicted_effect=effect) for key, new in edits
    )


# --- sampler -------------------------------------------------------------------------------------------------


def _raise_target_accept(situation: Situation) -> list[Edit]:
    now = situation.spec.sampler.target_accept
    higher = round(min(MAX_TARGET_ACCEPT, 1.0 - (1.0 - now) / 2), 4)
    return [("sampler.target_accept", higher)] if higher > now else []


def _lengthen_chains(situation: Situation) -> list[Edit]:
    sampler = situation.spec.sampler
    if sampler.draws >= MAX_DRAWS:
        return []
    return [("sampler.draws", min(MAX_DRAWS, 2 * sampler.draws)), ("sampler.tune", min(MAX_DRAWS, 2 * sampler.tune))]


# --- season and trend ----------------------------------------------------------------------------------------


def _best_order(situation: Situation, orders: range) -> list[Edit]:
    """Return the season order with the most evidence among those given."""
    if not orders:
        return []

    def evidence(order: int) -> float:
        return _screened(situation, [("seasonality.order", order)])

    return [("seasonality.order", max(orders, key=evidence))]


def _more_season(situation: Situation) -> list[Edit]:
    season = situation.spec.seasonality
    highest = min(MAX_SEASON_ORDER, int((season.period - 1) // 2))
    has_a_season = situation.summary.n_train >= season.period
    return _best_order(situation, range(season.order + 1, highest + 1)) if has_a_season else []


def _less_season(situation: Situation) -> list[Edit]:
    return _best_order(situation, range(situation.spec.seasonality.order))


def _add_trend(situation: Situation) -> list[Edit]:
    return [("trend.kind", "linear")] if situation.spec.trend.kind == "none" else []


def _drop_trend(situation: Situation) -> list[Edit]:
    return [("trend.kind", "none")] if situation.spec.trend.kind == "linear" else []


# --- outliers ------------------------------------------------------------------------------------------------


def _outliers(situation: Situation) -> list[str]:
    """Return dates of training rows beyond the limit that have no pulse yet, worst first."""
    series = situation.series
    scores = np.abs(robust_scores((series["actual"] - series["predicted"]).to_numpy()))
    known = {p.date for p in situation.spec.pulses}
    ranked = sorted(zip(scores, series["date"].dt.strftime("%Y-%m-%d"), strict=True), reverse=True)
    return [date for score, date in ranked if score > OUTLIER_LIMIT and date not in known]


def _model_outliers(situation: Situation) -> list[Edit]:
    found, spec = _outliers(situation), situation.spec
    if not found or len(found) + len(spec.pulses) > MAX_PULSES:
        return []
    prior = preset(spec.prior_preset).pulse_coefficient.model_dump(mode="json")
    return [(f"pulses[{date}]", {"date": date, "coefficient": prior}) for date in sorted(found)]


def _heavy_tails(situation: Situation) -> list[Edit]:
    spec = situation.spec
    if spec.likelihood.kind == "student_t" or not _outliers(situation):
        return []
    nu = preset(spec.prior_preset).nu.model_dump(mode="json")
    return [("likelihood.kind", "student_t"), ("likelihood.nu", nu)]


# --- media and controls --------------------------------------------------------------------------------------


def _scale_media(factor: float) -> Callable[[Situation], list[Edit]]:
    def propose(situation: Situation) -> list[Edit]:
        wide = [c for c in situation.spec.channels if c.coefficient.dist == "HalfNormal"]
        at_typical_spend = SATURATIONS[RECIPES[situation.spec.model_type].saturation].at_typical_spend
        started_from = preset(situation.spec.prior_preset).media_scale / at_typical_spend
        scale = factor * sum(c.coefficient.sigma for c in wide) / started_from
        if not MEDIA_SCALE_RANGE[0] <= scale <= MEDIA_SCALE_RANGE[1]:
            return []
        # never rounded: halving and doubling cancel exactly, so that a way back is seen to have been tried
        return [(f"channels[{c.column}].coefficient.sigma", factor * c.coefficient.sigma) for c in wide]

    return propose


def _drop_weak_controls(situation: Situation) -> list[Edit]:
    """Leave out the controls whose absence gains evidence, each judged by itself."""
    now = _screened(situation, [])
    without = [(f"controls[{c.column}]", None) for c in situation.spec.controls]
    return [edit for edit in without if _screened(situation, [edit]) - now >= WEAK_CONTROL_GAIN]


def _screened(situation: Situation, edits: list[Edit]) -> float:
    changes = edits_to_changes(situation.spec, edits, "", "")
    return screen(situation.panel, apply_changes(situation.spec, changes, situation.spec.iteration)).log_evidence


REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "raise_target_accept",
        ("divergences",),
        _raise_target_accept,
        "the step size is too long for the most curved part of the posterior",
        "smaller steps leave no divergent transitions",
        {"divergences": lambda divergences: 0.0},
    ),
    Remedy(
        "lengthen_chains",
        ("worst_rhat", "min_ess"),
        _lengthen_chains,
        "the chains are too short to have mixed",
        "twice the draws double the effective sample size and halve R-hat's distance from 1",
        {"min_ess": lambda ess: 2.0 * ess, "worst_rhat": lambda rhat: 1.0 + (rhat - 1.0) / 2.0},
    ),
    Remedy(
        "more_season",
        ("r2_low", "residual_autocorrelation"),
        _more_season,
        "the yearly season is sharper than the Fourier pairs in the model can follow",
        "further Fourier pairs explain what recurs every year",
    ),
    Remedy(
        "model_outliers",
        ("r2_low", "residual_outlier"),
        _model_outliers,
        "single periods deviate for reasons of their own and bend the rest of the fit",
        "an effect of their own takes these periods out of the other estimates",
    ),
    Remedy(
        "heavy_tails",
        ("residual_outlier",),
        _heavy_tails,
        "the noise has heavier tails than a normal distribution",
        "with Student-t noise outlying periods pull less on the estimates",
    ),
    Remedy(
        "add_trend",
        ("r2_low", "residual_autocorrelation"),
        _add_trend,
        "the KPI drifts over the training window",
        "a linear trend explains the drift",
    ),
    Remedy(
        "widen_media",
        ("r2_low",),
        _scale_media(2.0),
        "the priors keep media effects smaller than the data would have them",
        "priors twice as wide let media explain more",
    ),
    Remedy(
        "drop_weak_controls",
        ("r2_high",),
        _drop_weak_controls,
        "controls without an effect follow the noise",
        "without them the fit loses only what was noise",
    ),
    Remedy(
        "less_season",
        ("r2_high",),
        _less_season,
        "the season has more Fourier pairs than the years of data can tell from noise",
        "a smoother season follows less of the noise",
    ),
    Remedy(
        "tighten_media",
        ("r2_high",),
        _scale_media(0.5),
        "media take up variation that isn't theirs",
        "priors half as wide leave less room for it",
    ),
    Remedy(
        "drop_trend",
        ("r2_high",),
        _drop_trend,
        "the trend follows the training window by chance and carries it into the future",
        "without it the level of the training window is kept",
    ),
)
