"""What remedies of the sampler, of season, trend, noise and controls propose: nothing where it makes no sense."""

from typing import Any, get_args

import numpy as np

from ..distributions import LogNormal
from ..judging.scoring import OUTLIER_LIMIT, robust_scores
from ..modelling.kinds import likelihood_of, trend_of, weekly_season
from ..modelling.priors import preset
from ..spec import LikelihoodKind, ModelSpec, TrendKind
from .situation import Edit, Option, Proposer, Situation, option_of, screened

MAX_SEASON_ORDER = 10
MAX_PULSES = 5
MAX_DRAWS = 8000
MAX_TARGET_ACCEPT = 0.99
SLOPE_RANGE = (0.25, 4.0)
"""How far the width of the slope's prior may move from the preset's."""
LEAST_CALM = 0.3
"""Standard deviation of the log below which the prior of a half-saturation isn't made narrower."""
WEAK_GAIN = 0.5
"""Nats of evidence that leaving a control or an event out must gain before it counts as weak."""


# --- sampler -------------------------------------------------------------------------------------------------


def raise_target_accept(situation: Situation) -> list[Option]:
    """Halve the distance of the acceptance rate from 1."""
    now = situation.spec.sampler.target_accept
    higher = round(min(MAX_TARGET_ACCEPT, 1.0 - (1.0 - now) / 2), 4)
    return [option_of("sampler.target_accept", now, higher)] if higher > now else []


def lengthen_tune(situation: Situation) -> list[Option]:
    """Double the warm-up."""
    now = situation.spec.sampler.tune
    return [option_of("sampler.tune", now, min(MAX_DRAWS, 2 * now))] if now < MAX_DRAWS else []


def lengthen_chains(situation: Situation) -> list[Option]:
    """Double draws and warm-up."""
    sampler = situation.spec.sampler
    if sampler.draws >= MAX_DRAWS:
        return []
    draws, tune = min(MAX_DRAWS, 2 * sampler.draws), max(sampler.tune, min(MAX_DRAWS, 2 * sampler.tune))
    label = f"sampler.draws {sampler.draws} → {draws}"
    return [Option(label, [("sampler.draws", draws), ("sampler.tune", tune)])]


def calmer_priors(situation: Situation) -> list[Option]:
    """Narrow the priors that leave the posterior long tails: of half-saturations and of a trend's drift."""
    spec, edits = situation.spec, []
    for channel in spec.channels:
        prior = channel.saturation and channel.saturation.half_saturation
        if isinstance(prior, LogNormal) and prior.sigma / 2 >= LEAST_CALM:
            edits.append((f"channels[{channel.column}].saturation.half_saturation.sigma", prior.sigma / 2))
    drift = spec.trend.drift
    if drift is not None and drift.dist == "HalfNormal":
        edits.append(("trend.drift.sigma", drift.sigma / 2))
    return [Option("half_saturation, drift × 0.5", edits)] if edits else []


# --- season --------------------------------------------------------------------------------------------------


def _orders(situation: Situation, orders: range) -> list[Option]:
    now = situation.spec.seasonality.order
    return [option_of("seasonality.order", now, order) for order in orders]


def more_season(situation: Situation) -> list[Option]:
    """Propose each higher season order that the cadence can show."""
    season = situation.spec.seasonality
    highest = min(MAX_SEASON_ORDER, int((season.period - 1) // 2))
    has_a_season = situation.summary.n_train >= season.period
    return _orders(situation, range(season.order + 1, highest + 1)) if has_a_season else []


def less_season(situation: Situation) -> list[Option]:
    """Propose each lower season order."""
    return _orders(situation, range(situation.spec.seasonality.order))


def to_weekly_season(situation: Situation) -> list[Option]:
    """Add a season of the week to daily data, or change its order."""
    spec, n_train = situation.spec, situation.summary.n_train
    full = weekly_season(spec.frequency, spec.seasonality.period, n_train, None, preset(spec.prior_preset))
    if full is None:
        return []
    if spec.weekly_seasonality is None:
        label = f"weekly_seasonality.order 0 → {full.order}"
        return [Option(label, [("weekly_seasonality", full.model_dump(mode="json"))])]
    now = spec.weekly_seasonality.order
    others = [order for order in range(1, full.order + 1) if order != now]
    without = Option(f"weekly_seasonality.order {now} → 0", [("weekly_seasonality", None)])
    return [without, *(option_of("weekly_seasonality.order", now, order) for order in others)]


# --- trend ---------------------------------------------------------------------------------------------------

TRENDS: tuple[TrendKind, ...] = get_args(TrendKind)
"""Kinds of trend, from the stiffest to the most flexible."""


def to_trend(spec: ModelSpec, kind: TrendKind) -> Option:
    """Return the change to another kind of trend, with the priors that it has and no others."""
    now = spec.trend.model_dump(mode="json")
    wanted = trend_of(kind, preset(spec.prior_preset)).model_dump(mode="json")
    kept = {key: wanted[key] and (now[key] or wanted[key]) for key in ("damping", "drift")}
    edits = [(f"trend.{key}", new) for key, new in {"kind": kind, **kept}.items() if new != now[key]]
    return Option(f"trend.kind {spec.trend.kind} → {kind}", edits)


def more_flexible_trend(kind: TrendKind) -> Proposer:
    """Return what proposes a kind of trend where the present one is stiffer."""

    def propose(situation: Situation) -> list[Option]:
        is_stiffer = TRENDS.index(situation.spec.trend.kind) < TRENDS.index(kind)
        return [to_trend(situation.spec, kind)] if is_stiffer else []

    return propose


def stiffer_trend(situation: Situation) -> list[Option]:
    """Propose each stiffer kind of trend."""
    return [to_trend(situation.spec, kind) for kind in TRENDS[: TRENDS.index(situation.spec.trend.kind)]]


def trend_slope(situation: Situation) -> list[Option]:
    """Propose a slope prior half and twice as wide, near the preset's."""
    trend, start = situation.spec.trend, preset(situation.spec.prior_preset).trend_slope.sigma
    if trend.kind == "none":
        return []
    widths = [factor * trend.slope.sigma for factor in (0.5, 2.0)]
    allowed = [w for w in widths if SLOPE_RANGE[0] <= w / start <= SLOPE_RANGE[1]]
    return [option_of("trend.slope.sigma", trend.slope.sigma, w) for w in allowed]


# --- outliers and noise --------------------------------------------------------------------------------------


def _outliers(situation: Situation) -> list[str]:
    """Return dates of training rows beyond the limit that have no pulse yet, worst first."""
    series = situation.series
    scores = np.abs(robust_scores((series["actual"] - series["predicted"]).to_numpy()))
    known = {p.date for p in situation.spec.pulses}
    ranked = sorted(zip(scores, series["date"].dt.strftime("%Y-%m-%d"), strict=True), reverse=True)
    return [date for score, date in ranked if score > OUTLIER_LIMIT and date not in known]


def model_outliers(situation: Situation) -> list[Option]:
    """Give outlying periods effects of their own: the worst one, or all as far as the limit allows, worst first."""
    spec = situation.spec
    found = _outliers(situation)[: max(0, MAX_PULSES - len(spec.pulses))]
    if not found:
        return []
    prior = preset(spec.prior_preset).pulse_coefficient.model_dump(mode="json")

    def pulses(dates: list[str]) -> Option:
        edits: list[Edit] = [(f"pulses[{date}]", {"date": date, "coefficient": prior}) for date in sorted(dates)]
        return Option("pulses + " + ", ".join(sorted(dates)), edits)

    return [pulses(found), *([pulses(found[:1])] if len(found) > 1 else [])]


def heavy_tails(situation: Situation) -> list[Option]:
    """Put Student-t noise in place of normal noise, if there are outliers."""
    if situation.spec.likelihood.kind != "normal" or not _outliers(situation):
        return []
    return [_to_noise(situation, "student_t")]


def log_scale(situation: Situation) -> list[Option]:
    """Put noise that grows with the level, if the KPI is above zero throughout the training rows."""
    spec, kpi = situation.spec, situation.panel["kpi"]
    shown = kpi.sel(date=situation.panel["date"][situation.panel["is_training"].values])
    if "unit" in shown.dims and not spec.pooling.across_units:
        shown = shown.sum("unit")
    if spec.likelihood.kind == "lognormal" or float(shown.min()) <= 0:
        return []
    return [_to_noise(situation, "lognormal")]


def normal_noise(situation: Situation) -> list[Option]:
    """Put normal noise back."""
    return [] if situation.spec.likelihood.kind == "normal" else [_to_noise(situation, "normal")]


def _to_noise(situation: Situation, kind: LikelihoodKind) -> Option:
    """Return the change to another kind of noise, with the priors that it has and no others."""
    now = situation.spec.likelihood.model_dump(mode="json")
    nu = likelihood_of(kind, preset(situation.spec.prior_preset)).model_dump(mode="json")["nu"]
    edits = [(f"likelihood.{key}", new) for key, new in {"kind": kind, "nu": nu}.items() if new != now[key]]
    return Option(f"likelihood.kind {now['kind']} → {kind}", edits)


# --- controls and events -------------------------------------------------------------------------------------


def _drop_weak(situation: Situation, section: str, names: list[str]) -> list[Option]:
    """Propose to leave out each entry whose absence gains evidence, and all of them together."""
    if not names:
        return []
    now = screened(situation, []).log_evidence
    if now is None:
        return []
    keys: list[Any] = [f"{section}[{name}]" for name in names]
    without = {key: screened(situation, [(key, None)]).log_evidence for key in keys}
    weak = [key for key, then in without.items() if then is not None and then - now >= WEAK_GAIN]
    each = [Option(f"− {key}", [(key, None)]) for key in weak]
    together = Option("− " + ", ".join(weak), [(key, None) for key in weak])
    return [together, *each] if len(weak) > 1 else each


def drop_weak_controls(situation: Situation) -> list[Option]:
    """Propose to leave out controls that the evidence speaks against."""
    return _drop_weak(situation, "controls", [c.column for c in situation.spec.controls])


def drop_weak_events(situation: Situation) -> list[Option]:
    """Propose to leave out holidays and events that the evidence speaks against."""
    return _drop_weak(situation, "events", [e.name for e in situation.spec.events])
