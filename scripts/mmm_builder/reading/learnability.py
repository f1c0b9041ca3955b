"""What the training rows can hardly tell apart, whatever the model: channels that move together, trend and season."""

import pandas as pd

from ..spec import PERIODS_PER_YEAR
from ..verdicts import ProfileWarning
from .cadence import PERIOD_NAMES, Calendar
from .source import some

COLLINEAR_MIN = 0.9
"""Absolute correlation from which two channels are told to move together."""
YEARS_MIN = 2
"""Fewest years of training periods from which season and trend can be told apart."""


def learnability_warnings(media: pd.DataFrame, calendar: Calendar) -> list[ProfileWarning]:
    """Return warnings about channels that move together and about a short history, from training rows alone.

    media : (date, unit) index, one column per channel in its own measure, without gaps.
    """
    return [*_collinear(media, calendar), *_short(calendar)]


def _collinear(media: pd.DataFrame, calendar: Calendar) -> list[ProfileWarning]:
    """Return a warning with the pairs of channels whose sums over units correlate, the closest first."""
    total = media.groupby(level="date").sum()
    r = total[total.index <= calendar.train_end].corr()
    names = list(media.columns)
    pairs = [
        (r.loc[a, b], a, b) for i, a in enumerate(names) for b in names[i + 1 :] if abs(r.loc[a, b]) >= COLLINEAR_MIN
    ]
    if not pairs:
        return []
    shown = some([f"{a!r} and {b!r} (r = {value:.2f})" for value, a, b in sorted(pairs, key=lambda p: -abs(p[0]))])
    told = f"channels that move together in the training periods: {shown}; merge them, or vary them apart"
    return [ProfileWarning(code="collinear_channels", message=told)]


def _short(calendar: Calendar) -> list[ProfileWarning]:
    """Return a warning if the training periods are fewer than two years (whole periods: 104 weeks, 730 days)."""
    enough = int(YEARS_MIN * PERIODS_PER_YEAR[calendar.frequency])
    if calendar.n_train >= enough:
        return []
    told = (
        f"{calendar.n_train} training {PERIOD_NAMES[calendar.frequency]} are fewer than {YEARS_MIN} years ({enough}): "
        "the season and the trend can hardly be told apart; give more history"
    )
    return [ProfileWarning(code="short_history", message=told)]
