"""What remedies propose: edits of a configuration, none where their precondition doesn't hold."""

import math
from collections.abc import Callable
from typing import get_args

import numpy as np

from ..distributions import HalfNormal, LogNormal
from ..judging.scoring import OUTLIER_LIMIT, robust_scores
from ..modelling.kinds import likelihood_of, share_of_media_scale, trend_of, weekly_season
from ..modelling.priors import mean, preset
from ..modelling.transforms import SATURATIONS
from ..spec import Channel, LikelihoodKind, TrendKind
from .situation import Edit, Situation, screened

MAX_SEASON_ORDER = 10
MAX_PULSES = 5
MAX_DRAWS = 8000
MAX_TARGET_ACCEPT = 0.99
MEDIA_SCALE_RANGE = (0.2, 5.0)
"""How far the widths of the media priors that are scaled, together, may move from the preset's: two steps of a factor 2
either way."""
WEAK_CONTROL_GAIN = 0.5
"""Nats of evidence that leaving a control out must gain before it counts as weak."""


# --- sampler -------------------------------------------------------------------------------------------------


def raise_target_accept(situation: Situation) -> list[Edit]:
    """Halve the distance of the acceptance rate from 1."""
    now = situation.spec.sampler.target_accept
    higher = round(min(MAX_TARGET_ACCEPT, 1.0 - (1.0 - now) / 2), 4)
    return [("sampler.target_accept", higher)] if higher > now else []


def lengthen_chains(situation: Situation) -> list[Edit]:
    """Double draws and warm-up."""
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
        return screened(situation, [("seasonality.order", order)])

    return [("seasonality.order", max(orders, key=evidence))]


def more_season(situation: Situation) -> list[Edit]:
    """Return the edit to the higher season order with the most evidence."""
    season = situation.spec.seasonality
    highest = min(MAX_SEASON_ORDER, int((season.period - 1) // 2))
    has_a_season = situation.summary.n_train >= season.period
    return _best_order(situation, range(season.order + 1, highest + 1)) if has_a_season else []


def less_season(situation: Situation) -> list[Edit]:
    """Return the edit to the lower season order with the most evidence."""
    return _best_order(situation, range(situation.spec.seasonality.order))


def to_weekly_season(situation: Situation) -> list[Edit]:
    """Add a season of the week to daily data."""
    spec = situation.spec
    chosen, n_train = preset(spec.prior_preset), situation.summary.n_train
    season = weekly_season(spec.frequency, spec.seasonality.period, n_train, None, chosen)
    if season is None or spec.weekly_seasonality is not None:
        return []
    return [("weekly_seasonality", season.model_dump(mode="json"))]


TRENDS: tuple[TrendKind, ...] = get_args(TrendKind)
"""Kinds of trend, from the stiffest to the most flexible."""


def _to_trend(situation: Situation, kind: TrendKind) -> list[Edit]:
    """Return the edits to another kind of trend, with the priors that it has and no others."""
    now = situation.spec.trend.model_dump(mode="json")
    wanted = trend_of(kind, preset(situation.spec.prior_preset)).model_dump(mode="json")
    kept = {key: wanted[key] and (now[key] or wanted[key]) for key in ("damping", "drift")}
    return [(f"trend.{key}", new) for key, new in {"kind": kind, **kept}.items() if new != now[key]]


def more_flexible_trend(kind: TrendKind) -> Callable[[Situation], list[Edit]]:
    """Return what proposes a kind of trend where the present one is stiffer."""

    def propose(situation: Situation) -> list[Edit]:
        is_stiffer = TRENDS.index(situation.spec.trend.kind) < TRENDS.index(kind)
        return _to_trend(situation, kind) if is_stiffer else []

    return propose


def stiffer_trend(situation: Situation) -> list[Edit]:
    """Return the edits to the stiffer kind of trend with the most evidence."""
    stiffer = TRENDS[: TRENDS.index(situation.spec.trend.kind)]
    proposals = [_to_trend(situation, kind) for kind in stiffer]
    return max(proposals, key=lambda edits: screened(situation, edits), default=[])


# --- outliers and noise --------------------------------------------------------------------------------------


def _outliers(situation: Situation) -> list[str]:
    """Return dates of training rows beyond the limit that have no pulse yet, worst first."""
    series = situation.series
    scores = np.abs(robust_scores((series["actual"] - series["predicted"]).to_numpy()))
    known = {p.date for p in situation.spec.pulses}
    ranked = sorted(zip(scores, series["date"].dt.strftime("%Y-%m-%d"), strict=True), reverse=True)
    return [date for score, date in ranked if score > OUTLIER_LIMIT and date not in known]


def model_outliers(situation: Situation) -> list[Edit]:
    """Give each outlying period an effect of its own, if they are few."""
    found, spec = _outliers(situation), situation.spec
    if not found or len(found) + len(spec.pulses) > MAX_PULSES:
        return []
    prior = preset(spec.prior_preset).pulse_coefficient.model_dump(mode="json")
    return [(f"pulses[{date}]", {"date": date, "coefficient": prior}) for date in sorted(found)]


def heavy_tails(situation: Situation) -> list[Edit]:
    """Put Student-t noise in place of normal noise, if there are outliers."""
    if situation.spec.likelihood.kind != "normal" or not _outliers(situation):
        return []
    return _to_noise(situation, "student_t")


def log_scale(situation: Situation) -> list[Edit]:
    """Put noise that grows with the level, if the KPI is above zero throughout the training rows."""
    spec, kpi = situation.spec, situation.panel["kpi"]
    shown = kpi.sel(date=situation.panel["date"][situation.panel["is_training"].values])
    if "unit" in shown.dims and not spec.pooling.across_units:
        shown = shown.sum("unit")
    return _to_noise(situation, "lognormal") if spec.likelihood.kind != "lognormal" and float(shown.min()) > 0 else []


def _to_noise(situation: Situation, kind: LikelihoodKind) -> list[Edit]:
    """Return the edits to another kind of noise, with the priors that it has and no others."""
    now = situation.spec.likelihood.model_dump(mode="json")
    nu = likelihood_of(kind, preset(situation.spec.prior_preset)).model_dump(mode="json")["nu"]
    return [(f"likelihood.{key}", new) for key, new in {"kind": kind, "nu": nu}.items() if new != now[key]]


# --- media and controls --------------------------------------------------------------------------------------


def scale_media(factor: float) -> Callable[[Situation], list[Edit]]:
    """Return what proposes media priors wider by `factor`, as long as those stay near what the preset gives them."""

    def propose(situation: Situation) -> list[Edit]:
        scaled = [c for c in situation.spec.channels if isinstance(c.coefficient, HalfNormal | LogNormal)]
        at_typical_spend = SATURATIONS[situation.spec.saturation].at_typical_spend
        # a prior converted to the log scale kept its mean: all are told by the HalfNormal of the same mean
        share = _expected_share(situation, {c.column for c in scaled})
        if share == 0:
            return []
        media_scale = share * preset(situation.spec.prior_preset).media_scale
        started_from = mean(HalfNormal(sigma=media_scale / at_typical_spend))
        scale = factor * sum(mean(c.coefficient) for c in scaled) / started_from
        if not MEDIA_SCALE_RANGE[0] <= scale <= MEDIA_SCALE_RANGE[1]:
            return []
        return [_scaled(c, factor) for c in scaled]

    return propose


def _expected_share(situation: Situation, columns: set[str]) -> float:
    """Return which part of the preset's scale of all media goes to some channels, by their spend in training."""
    panel, names = situation.panel, [c.column for c in situation.spec.channels]
    shown = panel["spend"].sel(channel=names, date=panel["date"][panel["is_training"].values])
    spend = shown.sum([dim for dim in shown.dims if dim != "channel"]).values
    shares = spend / spend.sum() if spend.sum() > 0 else [None] * len(names)
    parts = zip(names, shares, strict=True)
    return sum(share_of_media_scale(len(names), share) for name, share in parts if name in columns)


def _scaled(channel: Channel, factor: float) -> Edit:
    """Return a prior's scale times `factor`, so that halving and doubling cancel: a way back is seen as tried."""
    key, prior = f"channels[{channel.column}].coefficient", channel.coefficient
    if isinstance(prior, LogNormal):
        return f"{key}.mu", round(prior.mu + math.log(factor), 9)
    return f"{key}.sigma", factor * prior.sigma


def drop_weak_controls(situation: Situation) -> list[Edit]:
    """Leave out the controls and events whose absence gains evidence, each judged by itself."""
    now, spec = screened(situation, []), situation.spec
    keys = [*(f"controls[{c.column}]" for c in spec.controls), *(f"events[{e.name}]" for e in spec.events)]
    return [(key, None) for key in keys if screened(situation, [(key, None)]) - now >= WEAK_CONTROL_GAIN]
