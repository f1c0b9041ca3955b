"""The linear part of the model: intercept, trend, seasons of year and week, controls, events, pulses and
level shifts as columns.

Everything that data determine is taken from training rows only.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from ..distributions import Normal
from ..errors import InputError, did_you_mean
from ..periods import bounds
from ..spec import LevelShift, ModelSpec, Pulse, Seasonality


class Term(NamedTuple):
    """A block of columns (unit, row, column): `variable` in the trace, `dim` with its `labels` (None: a scalar).

    centre, scale : (unit, column) what was subtracted from the source's values and what they were divided by, if
    anything
    """

    variable: str
    dim: str | None
    labels: tuple[str, ...]
    values: np.ndarray
    priors: tuple[Normal, ...]
    centre: np.ndarray | None = None
    scale: np.ndarray | None = None


def linear_terms(panel: xr.Dataset, spec: ModelSpec) -> list[Term]:
    """Return the blocks that the spec asks for, in the order of the table; empty ones are left out.

    panel : kpi (unit, date), controls (unit, date, control)
    Raises InputError for a control that isn't in the data and for a pulse or level shift at another date
    than that of a training period.
    """
    built = (build(panel, spec) for build in TERMS)
    return [term for term in built if term is not None]


def training_scale(panel: xr.Dataset) -> np.ndarray:
    """Return the KPI's scale (unit,): the absolute mean of training rows, or their deviation if that is near 0."""
    kpi = panel["kpi"].values[:, panel["is_training"].values]
    mean, spread = np.abs(kpi.mean(axis=1)), kpi.std(axis=1)
    return np.where(mean > 0.1 * spread, mean, spread)


def check_columns(kind: str, named: list[str], present: list[str], spec: ModelSpec) -> None:
    """Raise InputError if a column of the spec isn't in the data, or is named twice."""
    for column in named:
        if column not in present:
            raise InputError(
                f"configuration of iteration {spec.iteration}: the data have no {kind} column "
                f"{column!r}{did_you_mean(column, present)}; known: {', '.join(present) or 'none'}"
            )
        if named.count(column) > 1:
            raise InputError(
                f"configuration of iteration {spec.iteration}: the {kind} column {column!r} is there "
                f"{named.count(column)} times; leave it once"
            )


def fourier(position: np.ndarray, period: float, order: int) -> np.ndarray:
    """Return sin and cos pairs 1..order at `position` (row,) in periods: (row, 2·order)."""
    angles = 2.0 * np.pi * position[:, None] * np.arange(1, order + 1) / period
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(position), 2 * order)


def trend_position(panel: xr.Dataset) -> np.ndarray:
    """Return time (row,) centred on the training window, which is one unit long."""
    n_train = int(panel["is_training"].sum())
    return (np.arange(panel.sizes["date"]) - (n_train - 1) / 2) / n_train


def _same_for_all(panel: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """Return columns (row, column) as those of every unit (unit, row, column)."""
    return np.broadcast_to(values, (panel.sizes["unit"], *values.shape))


def _intercept(panel: xr.Dataset, spec: ModelSpec) -> Term:
    values = _same_for_all(panel, np.ones((panel.sizes["date"], 1)))
    return Term("intercept", None, ("intercept",), values, (spec.intercept,))


def _trend(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    """The slope is the change over the training window."""
    if spec.trend.kind not in ("linear", "local_linear"):
        return None
    return Term(
        "trend_slope", None, ("trend",), _same_for_all(panel, trend_position(panel)[:, None]), (spec.trend.slope,)
    )


def _season(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    """The season, unless the units of a panel share it and scale it: then it is a curve."""
    if spec.pooling.across_units:
        return None
    return _waves(panel, spec.seasonality, "season_coefficient", "fourier")


def _weekly_season(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    if spec.weekly_seasonality is None:
        return None
    return _waves(panel, spec.weekly_seasonality, "weekly_season_coefficient", "weekly_fourier")


def _waves(panel: xr.Dataset, season: Seasonality, variable: str, dim: str) -> Term | None:
    if season.order == 0:
        return None
    labels = tuple(f"{wave}_{k}" for k in range(1, season.order + 1) for wave in ("sin", "cos"))
    values = fourier(np.arange(panel.sizes["date"]), season.period, season.order)
    return Term(variable, dim, labels, _same_for_all(panel, values), (season.coefficient,) * len(labels))


def _controls(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    if not spec.controls:
        return None
    names = [c.column for c in spec.controls]
    check_columns("control", names, [str(c) for c in panel["control"].values], spec)
    values = panel["controls"].sel(control=names).transpose("unit", "date", "control").values
    shown = values[:, panel["is_training"].values]
    # not by the standard deviation, which rounding keeps above 0 where all rows are 0.1, say
    moves = np.ptp(shown, axis=1) > 0
    as_it_is = np.isin(shown, (0.0, 1.0)).all(axis=1) | ~moves
    centre, scale = np.where(as_it_is, 0.0, shown.mean(axis=1)), np.where(as_it_is, 1.0, shown.std(axis=1))
    # a column that never moved in training tells nothing of its effect and must not act on held-out rows
    values = np.where(moves[:, None], (values - centre[:, None]) / scale[:, None], 0.0)
    priors = tuple(c.coefficient for c in spec.controls)
    return Term("control_coefficient", "control", tuple(names), values, priors, centre, scale)


def _events(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    """One column per event: how many of its days fall into a row's period."""
    if not spec.events:
        return None
    starts, ends = bounds(panel["date"].values, spec.frequency)
    counts = []
    for event in spec.events:
        days = np.array(event.dates, dtype="datetime64[D]")
        counts.append(((days >= starts[:, None]) & (days < ends[:, None])).sum(axis=1))
    values = np.stack(counts, axis=1).astype(float)
    shown = values[panel["is_training"].values]
    # an event that no training row holds tells nothing of its effect
    values = np.where(shown.any(axis=0), values, 0.0)
    names, priors = tuple(e.name for e in spec.events), tuple(e.coefficient for e in spec.events)
    return Term("event_coefficient", "event", names, _same_for_all(panel, values), priors)


def _pulses(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    """One column per pulse: 1 on its date alone."""
    return _dated(panel, spec, "pulse", "pulses", spec.pulses, np.equal, first=0)


def _level_shifts(panel: xr.Dataset, spec: ModelSpec) -> Term | None:
    """One column per shift: 1 from its date on, 0 before; from the first row on it would be the intercept."""
    return _dated(panel, spec, "level_shift", "level_shifts", spec.level_shifts, np.greater_equal, first=1)


def _dated(
    panel: xr.Dataset,
    spec: ModelSpec,
    dim: str,
    section: str,
    entries: Sequence[Pulse | LevelShift],
    acts: np.ufunc,
    first: int,
) -> Term | None:
    """Return one column per entry of a section, 1 on the rows whose date compares with the entry's as `acts` says."""
    if not entries:
        return None
    labels, priors = tuple(e.date for e in entries), tuple(e.coefficient for e in entries)
    dates = _dates_within(panel, spec, section, labels, first)
    values = acts(panel["date"].values[:, None], dates[None, :]).astype(float)
    return Term(f"{dim}_coefficient", dim, labels, _same_for_all(panel, values), priors)


def _dates_within(panel: xr.Dataset, spec: ModelSpec, section: str, dates: tuple[str, ...], first: int) -> np.ndarray:
    """Return dates as the panel has them. Raises InputError for those of no training row from `first` on, or twice."""
    training = panel["date"].values[panel["is_training"].values].astype("datetime64[D]").astype(str)[first:]
    for date in dates:
        if date not in training or dates.count(date) > 1:
            place = "a training period" if first == 0 else "a training period after the first"
            raise InputError(
                f"configuration of iteration {spec.iteration}: {section}: {date!r} is not the date of {place}, "
                f"or is there twice; give dates of the data from {training[0]} to {training[-1]}, each once"
            )
    return np.array(dates, dtype="datetime64[ns]")


TERMS: tuple[Callable[[xr.Dataset, ModelSpec], Term | None], ...] = (
    _intercept, _trend, _season, _weekly_season, _controls, _events, _pulses, _level_shifts,
)  # fmt: skip
"""What builds each block, in the order of the matrix's columns: intercept, slope of the trend, seasons of the year and
of the week, controls, events, pulses, level shifts."""
