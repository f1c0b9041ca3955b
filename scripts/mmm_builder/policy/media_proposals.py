"""What remedies of media propose: widths of priors, carry-over, response curves, pooling.

A prior given by hand stays: only priors that a preset gave, or that such a proposal made of one, are changed.
"""

import functools
import math
from typing import Any

from ..distributions import HalfNormal, LogNormal
from ..modelling.kinds import share_of_media_scale
from ..modelling.priors import (
    Preset,
    mean,
    on_the_log_scale,
    on_the_logit_scale,
    peak_to_cadence,
    preset,
    presets,
    to_cadence,
)
from ..modelling.transforms import ADSTOCKS, SATURATIONS
from ..spec import AdstockKind, Channel, ModelSpec, SaturationKind
from .situation import Edit, Option, Proposer, Situation, at_review

MEDIA_SCALE_RANGE = (0.2, 5.0)
"""How far the widths of the media priors that are scaled, together, may move from the preset's: two steps of a factor 2
either way."""

CURVES: tuple[SaturationKind, ...] = ("hill", "logistic", "hill_slope")
"""Curves with a half-saturation, which stand at one half there, so that a coefficient means the same."""

RESAMPLED: dict[AdstockKind, AdstockKind] = {"geometric_grid": "delayed", "delayed": "geometric_grid"}
"""The other kind of carry-over that is sampled as fast."""

SLOW_FREQUENCIES = ("monthly", "quarterly", "annual")
"""Cadences at which a delay of some weeks can't be seen."""


def _dump(prior: Any) -> Any:
    return prior.model_dump(mode="json")


def _key(channel: Channel, rest: str) -> str:
    return f"channels[{channel.column}].{rest}"


# --- widths --------------------------------------------------------------------------------------------------


def scale_media(factor: float) -> Proposer:
    """Return what proposes media priors wider by `factor`, as long as those stay near what the preset gives them."""

    def propose(situation: Situation) -> list[Option]:
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
        return [Option(f"coefficients × {factor:g}", [_scaled(c, factor) for c in scaled])]

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
    key, prior = _key(channel, "coefficient"), channel.coefficient
    if isinstance(prior, LogNormal):
        return f"{key}.mu", round(prior.mu + math.log(factor), 9)
    return f"{key}.sigma", factor * prior.sigma


# --- carry-over ----------------------------------------------------------------------------------------------


def _alpha(spec: ModelSpec, channel: Channel, chosen: Preset, kind: AdstockKind) -> Any:
    """Return a preset's prior of a channel's retention, as an adstock of this kind in this model has it."""
    power = 2 if "adstock_peak" in ADSTOCKS[kind].parameters else 1
    alpha = _to_cadence(chosen.adstock_alpha[channel.channel_type], spec.frequency, power)
    return on_the_logit_scale(alpha) if spec.pooling.within_channel_type else alpha


_to_cadence = functools.cache(to_cadence)


def _of_a_preset(spec: ModelSpec, channel: Channel) -> str | None:
    """Return which preset a channel's prior of retention is from, None if it was given by hand."""
    now = channel.adstock and channel.adstock.alpha
    names = (spec.prior_preset, *presets())
    return next((n for n in names if now == _alpha(spec, channel, presets()[n], spec.adstock)), None)


def adstock_priors(situation: Situation) -> list[Option]:
    """Propose each preset's priors of retention in place of another's."""
    spec, options = situation.spec, []
    channels = [c for c in spec.channels if _of_a_preset(spec, c)]
    for name, chosen in presets().items():
        wanted = [(c, _alpha(spec, c, chosen, spec.adstock)) for c in channels]
        edits = [(_key(c, "adstock.alpha"), _dump(alpha)) for c, alpha in wanted if alpha != c.adstock.alpha]
        if edits:
            options.append(Option(f"adstock_alpha → {name}", edits))
    return options


def other_adstock(situation: Situation) -> list[Option]:
    """Propose an effect that rises first in place of one that only decays, and back, at weekly cadence or finer."""
    spec = situation.spec
    kind = RESAMPLED.get(spec.adstock)
    if kind is None or spec.frequency in SLOW_FREQUENCIES:
        return []
    delayed, pooled = "adstock_peak" in ADSTOCKS[kind].parameters, spec.pooling.within_channel_type
    peak = peak_to_cadence(preset(spec.prior_preset).adstock_peak, spec.frequency) if delayed else None
    peak = on_the_log_scale(peak) if peak and pooled else peak
    edits: list[Edit] = [("adstock", kind)]
    for channel in spec.channels:
        name, alpha = _of_a_preset(spec, channel), channel.adstock.alpha
        if name is None and spec.frequency != "weekly":
            return []  # what was given by hand means another decay there, since lags enter the exponent squared
        alpha = alpha if name is None else _alpha(spec, channel, presets()[name], kind)
        edits.append((_key(channel, "adstock"), {"alpha": _dump(alpha), "peak": peak and _dump(peak)}))
    return [Option(f"adstock {spec.adstock} → {kind}", edits)]


# --- response curves -----------------------------------------------------------------------------------------


def half_saturation_priors(situation: Situation) -> list[Option]:
    """Propose half-saturations at half and twice the spend, and known half as well or twice as well."""
    spec = situation.spec
    first = on_the_log_scale(preset(spec.prior_preset).half_saturation)
    grid = [(k, s) for k in (-1, 0, 1) for s in (0.5, 1.0)]
    priors = {place: _moved(first, *place) for place in grid}
    options = []
    for shift, factor, label in ((-1, 1.0, "× 0.5"), (1, 1.0, "× 2"), (0, 0.5, "narrower"), (0, 2.0, "wider")):
        edits: list[Edit] = []
        for channel in spec.channels:
            now = channel.saturation and channel.saturation.half_saturation
            place = next((p for p in grid if priors[p] == now), None)
            new = place and priors.get((place[0] + shift, place[1] * factor))
            if new is not None:
                edits.append((_key(channel, "saturation.half_saturation"), _dump(new)))
        if edits:
            options.append(Option(f"half_saturation {label}", edits))
    return options


def _moved(prior: LogNormal, steps: int, factor: float) -> LogNormal:
    if steps == 0 and factor == 1.0:
        return prior
    return LogNormal(mu=round(prior.mu + steps * math.log(2.0), 4), sigma=round(prior.sigma * factor, 4))


def saturation_curve(situation: Situation) -> list[Option]:
    """Propose the other curves that have a half-saturation."""
    spec = situation.spec
    if spec.saturation not in CURVES:
        return []
    slope = preset(spec.prior_preset).hill_slope
    slope = on_the_log_scale(slope) if spec.pooling.within_channel_type else slope
    options = []
    for kind in CURVES:
        if kind == spec.saturation:
            continue
        with_slope = "hill_slope" in SATURATIONS[kind].parameters
        edits: list[Edit] = [("saturation", kind)]
        for channel in spec.channels:
            new = _dump(slope) if with_slope else None
            if _dump(channel.saturation)["slope"] != new:
                edits.append((_key(channel, "saturation.slope"), new))
        options.append(Option(f"saturation {spec.saturation} → {kind}", edits))
    return options


# --- what channels have in common ----------------------------------------------------------------------------


def pool_channels(situation: Situation) -> list[Option]:
    """Propose to pool channels within their type where the data hardly tell them apart."""
    spec = situation.spec
    types = [c.channel_type for c in spec.channels]
    thin = at_review(situation, "collinearity", "prior_contraction")
    if spec.pooling.within_channel_type or len(set(types)) == len(types) or not thin:
        return []
    share = {"share": _dump(preset(spec.prior_preset).pooled_share)}
    edits: list[Edit] = [("pooling.within_channel_type", share)]
    for channel in spec.channels:
        edits += [(_key(channel, rest), _dump(prior)) for rest, prior in _pooled_priors(channel)]
    return [Option("pooling.within_channel_type", edits)]


def _pooled_priors(channel: Channel) -> list[tuple[str, Any]]:
    """Return a channel's priors by place, in the families that have a location and a scale."""
    found: list[tuple[str, Any]] = []
    effect = "coefficient" if channel.coefficient is not None else "roas"
    found.append((effect, on_the_log_scale(getattr(channel, effect))))
    if channel.adstock is not None:
        found.append(("adstock.alpha", on_the_logit_scale(channel.adstock.alpha)))
        if channel.adstock.peak is not None:
            found.append(("adstock.peak", on_the_log_scale(channel.adstock.peak)))
    if channel.saturation is not None:
        found.append(("saturation.half_saturation", on_the_log_scale(channel.saturation.half_saturation)))
        if channel.saturation.slope is not None:
            found.append(("saturation.slope", on_the_log_scale(channel.saturation.slope)))
    return found


def simple_media(situation: Situation) -> list[Option]:
    """Propose media without carry-over and saturation, the last resort; effects at typical spend keep their priors."""
    spec = situation.spec
    if spec.adstock == "none" and spec.saturation == "linear":
        return []
    factor = SATURATIONS[spec.saturation].at_typical_spend / SATURATIONS["linear"].at_typical_spend
    edits: list[Edit] = [("adstock", "none"), ("saturation", "linear")]
    for channel in spec.channels:
        edits += [(_key(channel, part), None) for part in ("adstock", "saturation") if getattr(channel, part)]
        if factor != 1.0 and isinstance(channel.coefficient, HalfNormal | LogNormal):
            edits.append(_scaled(channel, factor))
    return [Option(f"media {spec.adstock}, {spec.saturation} → none, linear", edits)]
