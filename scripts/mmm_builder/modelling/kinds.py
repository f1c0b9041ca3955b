"""Parts of a model of a given kind, with the priors of a preset: what first configurations and remedies put in."""

from ..spec import Frequency, Likelihood, LikelihoodKind, Seasonality, Trend, TrendKind
from .likelihoods import LIKELIHOODS
from .priors import Preset

WEEKLY_ORDER = 3
"""Fourier pairs that can take any shape over seven days."""

WEEKS_FOR_A_WEEKLY_SEASON = 8


def trend_of(kind: TrendKind, chosen: Preset) -> Trend:
    """Return a trend with the priors that its kind has."""
    return Trend(
        kind=kind,
        slope=chosen.trend_slope,
        damping=chosen.trend_damping if kind == "damped" else None,
        drift=chosen.trend_drift if kind == "local_linear" else None,
    )


def likelihood_of(kind: LikelihoodKind, chosen: Preset) -> Likelihood:
    """Return noise with the priors that its kind has."""
    has_tails = "nu_above_two" in LIKELIHOODS[kind].parameters
    return Likelihood(kind=kind, sigma=chosen.sigma, nu=chosen.nu if has_tails else None)


def share_of_media_scale(n_channels: int, share_of_spend: float | None) -> float:
    """Return a channel's part of the preset's `media_scale`: half by number, half by spend where that is money."""
    equal = 1.0 / n_channels
    return equal if share_of_spend is None else (equal + share_of_spend) / 2


def periods_of_a_week(frequency: Frequency, periods_per_year: float) -> int:
    """Return how many periods a week has: seven days, fewer where only working days are periods, else one or none."""
    return round(periods_per_year * 7 / 365.25) if frequency == "daily" else 1


def weekly_season(
    frequency: Frequency, periods_per_year: float, n_train: int, order: int | None, chosen: Preset
) -> Seasonality | None:
    """Return a season of the week, None where there is none.

    order : Fourier pairs; None: as many as a week of daily data has, none with little data
    """
    week = periods_of_a_week(frequency, periods_per_year)
    if order is None:
        order = min(WEEKLY_ORDER, (week - 1) // 2) if n_train >= WEEKS_FOR_A_WEEKLY_SEASON * week else 0
    if order == 0:
        return None
    return Seasonality(order=order, period=float(week), coefficient=chosen.season_coefficient)
