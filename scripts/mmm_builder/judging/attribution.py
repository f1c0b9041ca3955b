"""Checks of what a model attributes to media: can the data tell channels apart, and is what they say plausible.

All are `review`: no limit here is a proof of anything, and none of them is seen by convergence or fit.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..modelling.design import Design
from ..modelling.prediction import Draws, channel_contributions
from ..modelling.transforms import ADSTOCKS, SATURATIONS, saturated_media
from ..percentages import percent
from ..spec import ModelSpec
from ..verdicts import Check

BASELINE_LIMIT = 0.05
"""Share of draws and rows whose baseline may lie below zero, which sales can't. (Google Meridian reviews a probability
of 0.2 that the baseline's sum is negative; single rows tell earlier.)"""

VIF_LIMIT = 10.0
"""Variance inflation from which a regressor's coefficient is known poorly (Marquardt 1970)."""

LARGEST_VIF = 1e6
"""Variance inflation reported where a channel is wholly made of the rest."""

SHARE_LIMIT = 5.0
"""How many times its share of spend a channel's share of media's contribution may be, or be less by: the returns of
channels of one client rarely differ by more (Robyn's DECOMP.RSSD weighs the same distance)."""


class Attribution(NamedTuple):
    """What media contribute to training rows: of each channel in all (channel,), of all per draw (sample, row)."""

    by_channel: np.ndarray
    by_draw: np.ndarray


def attribution_of(design: Design, spec: ModelSpec, draws: Draws) -> Attribution:
    """Return the media's contributions to the training rows in the KPI's own units, units of a panel summed."""
    shown = design.is_training
    by_channel = np.zeros(len(design.channels))
    by_draw = np.empty((len(draws["sigma"]), int(shown.sum())))
    for part, contributions in channel_contributions(design, spec, draws):
        by_channel += contributions[..., shown].sum(axis=(0, 2)) / len(by_draw)
        by_draw[part] = contributions[..., shown].sum(axis=1)
    return Attribution(by_channel, by_draw)


def baseline_check(dates: np.ndarray, actual: np.ndarray, expected: np.ndarray, media: np.ndarray) -> Check:
    """Check P(baseline < 0): the share of draws and rows whose expectation less media (sample, row) is below zero.

    The subject is the row where that is likeliest. A KPI (row,) that is itself below zero somewhere may have such a
    baseline.
    """
    below = expected - media < 0
    value, worst = float(below.mean()), int(np.argmax(below.mean(axis=0)))
    may = bool(np.min(actual) < 0)
    return Check(
        code="negative_baseline",
        status="pass" if may or value <= BASELINE_LIMIT else "review",
        value=value,
        limit=BASELINE_LIMIT,
        subject=str(dates[worst])[:10],
        reason="the KPI itself goes below zero" if may else None,
    )


def collinearity_checks(design: Design, spec: ModelSpec, draws: Draws) -> list[Check]:
    """Check per channel the variance inflation of its adstocked, saturated media, parameters at posterior means.

    VIF = 1/(1 − R²) of the regression on all other channels and the linear terms (a panel's common season among
    them), over training rows; the units of a panel each have their own linear terms.
    """
    media, others = _transformed(design, spec, draws), _linear(design)
    beside = np.stack([m - z @ np.linalg.lstsq(z, m, rcond=None)[0] for m, z in zip(media, others, strict=True)])
    beside = beside.reshape(-1, media.shape[-1])
    about_mean = (media - media.mean(axis=1, keepdims=True)).reshape(beside.shape)
    checks = []
    for position, channel in enumerate(design.channels):
        own, rest = beside[:, position], np.delete(beside, position, axis=1)
        left = own - rest @ np.linalg.lstsq(rest, own, rcond=None)[0] if rest.shape[1] else own
        total, unexplained = float(np.sum(about_mean[:, position] ** 2)), float(left @ left)
        checks.append(_vif_check(channel, total, unexplained))
    return checks


def share_checks(channels: tuple[str, ...], contributed: np.ndarray, spend_shares: Mapping[str, float]) -> list[Check]:
    """Check per channel its share of media's contribution against its share of spend: their ratio.

    contributed : (channel,); spend_shares : by channel, of those measured in money, the others are left out
    """
    known = {c: float(v) for c, v in zip(channels, contributed, strict=True) if spend_shares.get(c)}
    if len(known) < 2 or sum(known.values()) <= 0:
        return []
    all_spend, all_effect = sum(spend_shares[c] for c in known), sum(known.values())
    checks = []
    for channel, effect in known.items():
        of_effect, of_spend = effect / all_effect, spend_shares[channel] / all_spend
        ratio = of_effect / of_spend
        within = 1 / SHARE_LIMIT <= ratio <= SHARE_LIMIT
        reason = f"{percent(of_effect)} of media's contribution with {percent(of_spend)} of spend"
        checks.append(
            Check(code="contribution_share", status="pass" if within else "review", value=ratio,
                  limit=SHARE_LIMIT if ratio >= 1 else 1 / SHARE_LIMIT, subject=channel, reason=reason)
        )  # fmt: skip
    return checks


def _vif_check(channel: str, total: float, unexplained: float) -> Check:
    told = {"code": "collinearity", "limit": VIF_LIMIT, "subject": channel}
    if total <= 0:
        return Check(status="review", value=None, reason="no media in the training rows, or always the same", **told)
    value = min(total / unexplained, LARGEST_VIF) if unexplained > 0 else LARGEST_VIF
    return Check(status="pass" if value <= VIF_LIMIT else "review", value=value, **told)


def _transformed(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return adstocked, saturated media of training rows (unit, row, channel) at posterior means."""
    adstock, saturation = ADSTOCKS[spec.adstock], SATURATIONS[spec.saturation]
    names = (*adstock.parameters, *saturation.parameters)
    means = {name: draws[name].mean(axis=0)[design.series_channel] for name in names}
    n = len(design.units) * len(design.channels)
    media = saturated_media(adstock, saturation, design.media, means)[:n]
    return media.reshape(len(design.units), len(design.channels), -1)[..., design.is_training].transpose(0, 2, 1)


def _linear(design: Design) -> np.ndarray:
    """Return the linear terms of training rows (unit, row, term), a season that units share among them."""
    waves = design.curves.get("season_waves", np.empty((0, len(design.dates)))).T
    shared = np.broadcast_to(waves, (len(design.units), *waves.shape))
    return np.concatenate([design.matrix, shared], axis=-1)[:, design.is_training]
