"""What a person should know of the training rows before trusting a model of them: history, KPI, channels, units."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ..data_profile import ColumnSeries, ProfiledChannel, ProfileWarning, warn
from ..reading.text import some
from ..spec import Frequency
from .learnability import (
    in_step_with_channels,
    in_step_with_controls,
    in_step_with_season,
    never_varied,
    rarely_active,
)
from .limits import (
    BLOCKS_MIN,
    LEVEL_RANGE_MIN,
    PERIODS_PER_PARAMETER_MIN,
    SPREAD_CORRELATION_MIN,
    SPREAD_SLOPE_MIN,
    YEARS_MIN,
)
from .season import season_order
from .training import Training, on_dates, shown, training_of
from .units import two_scales, units_suspicion


def quality_warnings(
    table: pd.DataFrame,
    series: Sequence[ColumnSeries],
    *,
    target: str,
    channels: Sequence[ProfiledChannel],
    controls: Sequence[str],
    frequency: Frequency,
    periods_per_year: float,
) -> list[ProfileWarning]:
    """Return what the checks have to say.

    table : the training rows alone, (date, unit) index, float columns without gaps. series : their figures
    """
    rows = training_of(
        table, series, target=target, channels=channels, controls=controls,
        frequency=frequency, periods_per_year=periods_per_year,
    )  # fmt: skip
    return [warning for check in CHECKS for warning in check(rows)]


def parameter_count(rows: Training) -> int:
    """Return the number of parameters of the default model (v3).

    Intercept, trend and noise; the season's Fourier coefficients; retention, half saturation and coefficient of each
    channel; one coefficient of each control.
    """
    season = 2 * season_order(rows.periods_per_year)
    return 3 + season + 3 * len(rows.channels) + len(rows.controls)


def _short_history(rows: Training) -> list[ProfileWarning]:
    enough = int(YEARS_MIN * rows.periods_per_year)
    parameters = parameter_count(rows)
    told = []
    if rows.n < enough:
        told.append(
            f"{rows.periods('training')} are fewer than {YEARS_MIN} years ({enough}): the season and the trend can "
            "hardly be told apart"
        )
    if parameters <= rows.n < PERIODS_PER_PARAMETER_MIN * parameters:
        told.append(
            f"{rows.periods('training')} make {rows.n / parameters:.1f} for each of the default model's {parameters} "
            "parameters: much will rest on the priors"
        )
    cure = "give more history" + (", or fewer channels and controls" if len(told) == 2 or rows.n >= enough else "")
    return [warn("short_history", "; ".join(told), cure)] if told else []


def _many_columns(rows: Training) -> list[ProfileWarning]:
    parameters = parameter_count(rows)
    if parameters <= rows.n:
        return []
    told = (
        f"{len(rows.channels)} channels and {len(rows.controls)} controls make about {parameters} parameters of the "
        f"default model, more than the {rows.periods('training')}: the priors will decide"
    )
    return [warn("many_columns", told, "merge channels, and name the few controls that matter with --controls")]


def _few_channels(rows: Training) -> list[ProfileWarning]:
    if len(rows.channels) > 1:
        return []
    told = f"{rows.channels[0].column!r} is the only channel: the effect of media that are not in the file goes to it"
    return [warn("few_channels", told, "add the spend of all other channels, if there are any")]


def _target_zeros(rows: Training) -> list[ProfileWarning]:
    zeros = int((rows.kpi == 0).sum())
    if not zeros:
        return []
    told = (
        f"the KPI {rows.target!r} is 0 in {zeros} of {rows.periods('training')}, where a percentage error (MAPE) is "
        "undefined, so that wMAPE takes its place"
    )
    return [warn("target_zeros", told, "check that these are true zeros rather than missing figures")]


def _target_negative(rows: Training) -> list[ProfileWarning]:
    negative = rows.kpi[rows.kpi < 0]
    if negative.empty:
        return []
    of = rows.periods("training")
    told = f"the KPI {rows.target!r} is negative in {len(negative)} of {of}: {on_dates(negative.index)}"
    return [warn("target_negative", told, "give gross figures, or correct these if they are bookings of returns")]


def _outliers(rows: Training) -> list[ProfileWarning]:
    """Return a warning for the KPI and one for the channels; figures in another unit are told elsewhere."""
    warnings = []
    dates = rows.series[rows.target].outliers
    if dates and two_scales(rows.kpi) is None:
        around = rows.kpi.rolling(9, center=True, min_periods=5).median()
        each = some([f"{d} ({shown(rows.kpi[d])} where about {shown(around[d])} is usual)" for d in dates], 4)
        told = f"the KPI {rows.target!r} stands out on {each}"
        cure = "correct the figures if they are wrong; if something happened then, mark it in a 0/1 column as a control"
        warnings.append(warn("outliers", told, cure))
    high = []
    for name, values in rows.media.items():
        dates = rows.series[name].outliers
        if dates and two_scales(values) is None:
            usual = values[values > 0].drop(pd.DatetimeIndex(dates)).quantile(0.95)
            peak = values[pd.DatetimeIndex(dates)].max()
            high.append(f"{name!r} on {on_dates(dates, 3)} (up to {shown(peak)}, else rarely above {shown(usual)})")
    if high:
        told = f"media far above their usual high: {some(high, 5)}"
        warnings.append(warn("outliers", told, "check the figures: a quarter's invoice booked in one period, say"))
    return warnings


def _level_shift(rows: Training) -> list[ProfileWarning]:
    shifts = rows.series[rows.target].level_shifts
    if not shifts or two_scales(rows.kpi) is not None:
        return []
    window = max(4, round(rows.periods_per_year / 4))
    told = []
    for date in shifts:
        at = rows.kpi.index.get_loc(pd.Timestamp(date))
        before, after = (part.median() for part in (rows.kpi[max(0, at - window) : at], rows.kpi[at : at + window]))
        told.append(f"{date} (typically {shown(before)} in the {rows.periods(n=window)} before, {shown(after)} after)")
    text = f"the level of the KPI {rows.target!r} shifts for good on {some(told)}, beyond trend and season"
    cure = "name what changed then in a control that is 0 before and 1 after, or give data from after the change only"
    return [warn("level_shift", text, cure)]


def _variance_grows(rows: Training) -> list[ProfileWarning]:
    """Return a warning if the KPI's spread grows with its level, by quarters (ten periods at least)."""
    kpi = rows.kpi.dropna()
    size = max(10, round(rows.periods_per_year / 4))
    blocks = len(kpi) // size
    if blocks < BLOCKS_MIN or kpi.min() <= 0 or two_scales(kpi) is not None:
        return []
    off = (kpi - kpi.rolling(5, center=True, min_periods=3).median()).abs()
    block = np.minimum(np.arange(len(kpi)) // size, blocks - 1)
    level, spread = kpi.groupby(block).median(), off.groupby(block).mean()
    if level.max() < LEVEL_RANGE_MIN * level.min() or spread.min() <= 0:
        return []
    slope = float(np.polyfit(np.log(level), np.log(spread), 1)[0])
    if slope < SPREAD_SLOPE_MIN or level.rank().corr(spread.rank()) < SPREAD_CORRELATION_MIN:
        return []
    told = (
        f"the ups and downs of the KPI {rows.target!r} grow with its level ({slope:.1f} % for each 1 %), while the "
        "model takes them to be even: its intervals will be too wide in low times and too narrow in high ones"
    )
    return [warn("variance_grows", told, "explain the growth by a control (stores, price), or model recent data only")]


CHECKS: tuple[Callable[[Training], list[ProfileWarning]], ...] = (
    _short_history,
    _many_columns,
    _few_channels,
    _target_zeros,
    _target_negative,
    units_suspicion,
    _outliers,
    _level_shift,
    _variance_grows,
    rarely_active,
    never_varied,
    in_step_with_channels,
    in_step_with_controls,
    in_step_with_season,
)
"""In the order in which they are told."""
