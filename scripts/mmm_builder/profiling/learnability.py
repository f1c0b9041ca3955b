"""What can't be learned of a channel from the training rows, whatever the model: too rarely on air, never varied, or
always in step with another column or with the season."""

import numpy as np

from ..data_profile import ProfileWarning, warn
from ..percentages import percent
from ..reading.text import some
from .limits import (
    ACTIVE_PERIODS_MIN,
    ACTIVE_SHARE_MIN,
    COLLINEAR_MIN,
    SAME_FIGURE_MAX,
    SEASON_CORRELATION_MAX,
    SEASON_R2_MAX,
    SEASONAL_KPI_R2,
    VARIATION_MIN,
    VIF_MAX,
)
from .season import seasonal_part
from .series import correlation, variance_inflation
from .training import Training, columns_of

SAME = 0.9999
"""Absolute correlation from which two columns hold the same information."""


def rarely_active(rows: Training) -> list[ProfileWarning]:
    """Return a warning with the channels that are on air too rarely."""
    enough = max(ACTIVE_PERIODS_MIN, ACTIVE_SHARE_MIN * rows.n)
    active = {name: int((values > 0).sum()) for name, values in rows.media.items()}
    few = [f"{name!r} ({n} of {rows.periods()})" for name, n in active.items() if n < enough]
    if not few:
        return []
    told = f"channels on air in so few training periods that their effect can hardly be told from chance: {some(few)}"
    cure = "add them to a related channel, give more history, or leave them out by naming the others with --channels"
    return [warn("zeros_share", told, cure)]


def never_varied(rows: Training) -> list[ProfileWarning]:
    """Return a warning with the channels whose figure is always about the same."""
    flat = []
    for name, values in rows.media.items():
        figures, n = np.unique(values[values > 0], return_counts=True)
        if not len(n):
            continue
        variation = float((values / figures[-1]).std(ddof=0) / (values / figures[-1]).mean())
        if variation < VARIATION_MIN:
            flat.append(f"{name!r} (varies by {percent(variation, 1)} around its mean)")
        elif n.max() >= SAME_FIGURE_MAX * rows.n:
            flat.append(f"{name!r} (the same figure in {n.max()} of {rows.periods()})")
    if not flat:
        return []
    told = f"media that hardly ever vary, so that their effect can't be told from the base level: {some(flat)}"
    return [warn("constant_spend", told, "give actual spend rather than a plan spread evenly, or vary the budget")]


def in_step_with_channels(rows: Training) -> list[ProfileWarning]:
    """Return warnings about channels that move together: in pairs, as a sum of others, or nearly so."""
    r = _correlations(rows, [c.column for c in rows.channels])
    pairs = [(a, b) for (a, b), value in r.items() if abs(value) >= COLLINEAR_MIN]
    warnings = []
    if pairs:
        shown = some([f"{a!r} and {b!r} (r = {r[a, b]:.2f})" for a, b in sorted(pairs, key=lambda pair: -abs(r[pair]))])
        told = f"channels that move together in the training periods: {shown}"
        warnings.append(warn("collinear_channels", told, "merge them, or vary them apart"))
    inflation = variance_inflation(rows.media)
    told_already = {name for pair in pairs for name in pair}
    made_up = [n for n, vif in inflation.items() if np.isinf(vif) and n not in _same(r)]
    if made_up:
        told = f"channels that can be computed from one another (a sum, or shares of a whole): {columns_of(made_up)}"
        warnings.append(warn("near_duplicate", told, "leave the sum or the remainder out with --channels"))
    high = [n for n, vif in inflation.items() if VIF_MAX < vif < np.inf and n not in told_already]
    if high:
        shown = some([f"{n!r} (VIF {inflation[n]:,.0f}, with {columns_of(_partners(r, n), 3)})" for n in high], 5)
        told = f"channels that others together all but determine: {shown}"
        warnings.append(warn("high_vif", told, "merge channels that are planned together, or vary them apart"))
    return warnings


def in_step_with_controls(rows: Training) -> list[ProfileWarning]:
    """Return a warning with the pairs of channel and control that move together."""
    r = rows.total[[*rows.media, *rows.controls]].corr()
    pairs = [
        (float(r.loc[name, control]), name, control)
        for name in rows.media
        for control in rows.controls
        if abs(r.loc[name, control]) >= COLLINEAR_MIN
    ]
    if not pairs:
        return []
    shown = some([f"{a!r} and {b!r} (r = {value:.2f})" for value, a, b in sorted(pairs, key=lambda p: -abs(p[0]))])
    told = f"channels that move together with a control in the training periods: {shown}"
    return [warn("collinear_controls", told, "keep one of each pair, or their effects can't be told apart")]


def in_step_with_season(rows: Training) -> list[ProfileWarning]:
    """Return a warning with the channels that follow the time of the year, or the KPI's season."""
    kpi_season = rows.series[rows.target].season_r2
    part = None
    if kpi_season is not None and kpi_season >= SEASONAL_KPI_R2:
        part = seasonal_part(rows.kpi.interpolate(limit_direction="both"), rows.periods_per_year)
    told = []
    for channel in rows.channels:
        share = rows.series[channel.column].season_r2 or 0.0
        r = 0.0 if part is None else correlation(rows.total[channel.column], part) or 0.0
        if share >= SEASON_R2_MAX:
            told.append(f"{channel.column!r} (the time of the year explains {percent(share)} of it)")
        elif abs(r) >= SEASON_CORRELATION_MAX:
            told.append(f"{channel.column!r} (r = {r:.2f} with the KPI's season)")
    if not told:
        return []
    text = f"media that follow the season, so that their effect and the season's can hardly be told apart: {some(told)}"
    cure = "vary the budget against the season, or bring in a lift test; until then read these effects with caution"
    return [warn("season_confounded", text, cure)]


def _correlations(rows: Training, names: list[str]) -> dict[tuple[str, str], float]:
    """Return the correlation of each pair of columns, where both vary."""
    r = rows.total[names].corr().to_numpy()
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    return {(names[i], names[j]): float(r[i, j]) for i, j in pairs if np.isfinite(r[i, j])}


def _same(r: dict[tuple[str, str], float]) -> set[str]:
    """Return the columns that are one half of a pair with the same information."""
    return {name for pair, value in r.items() if abs(value) >= SAME for name in pair}


def _partners(r: dict[tuple[str, str], float], name: str) -> list[str]:
    """Return the columns that move most like this one."""
    others = {next(n for n in pair if n != name): abs(value) for pair, value in r.items() if name in pair}
    return sorted(others, key=lambda other: -others[other])[:3]
