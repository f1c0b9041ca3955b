"""The folds' scores by iteration, the model beside its twins, as a picture."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..verdicts import OosThresholds
from .phrases import RECORDED, Phrasebook, phrasebook
from .style import BLUE, GREEN, GRID, INK, MUTED, NOTE, ORANGE, compact, figure_of, head, save_png

FORECASTERS = (("", BLUE, "o", "-"), ("media_free_", ORANGE, "s", "--"), ("seasonal_naive_", MUTED, "^", ":"))
"""Prefix of the figures' keys, colour, mark and line of the model and its twins."""

SPAN = 3.0
"""How far below the limit R² is shown, in distances from the limit to 1, and how far up errors are, in largest ones of
the model and its media-free twin: a seasonal forecast far off would flatten all else."""


def plot_fold_scores(
    records: pd.DataFrame,
    path: Path,
    *,
    limits: OosThresholds,
    selected: int | None = None,
    say: Phrasebook = phrasebook(RECORDED),
) -> None:
    """Draw R², MAPE and CRPS of the folds' rows together by iteration, the model beside its twins.

    records : DataFrame with the keys of `iteration_log.json`, one row per iteration
    """
    figure = figure_of(9.6, 3.3)
    panels = figure.subplots(1, 3, sharex=True)
    for axes, key, limit in zip(
        panels, ("fold_r2", "fold_mape", "fold_crps"), (limits.oos_r2_min, limits.oos_mape_max, None), strict=True
    ):
        _draw_scores(axes, records, key, limit, selected, say)
        head(axes, say(f"plot.score.{key}"), size=9.5)
        axes.set_xlabel(say("plot.iteration"))
    handles = {label: h for axes in panels for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=9,
            labelcolor=INK,
        )  # fmt: skip
    save_png(figure, path)


def _draw_scores(
    axes: Axes, records: pd.DataFrame, key: str, limit: float | None, selected: int | None, say: Phrasebook
) -> None:
    """Draw one figure by iteration; limit : what the model's must reach, if anything."""
    n = records["iteration"].to_numpy()
    series = [records[f"{prefix}{key}"].astype(float).to_numpy() for prefix, *_ in FORECASTERS]
    known = [values[np.isfinite(values)] for values in series]
    if not sum(map(len, known)):
        axes.text(0.5, 0.5, say("plot.not_computed"), transform=axes.transAxes, ha="center", **NOTE)
        axes.set_yticks([])
        return
    if selected is not None:
        axes.axvline(selected, color=GRID, linewidth=7, zorder=0, label=say("plot.selected"))
    for values, (prefix, colour, mark, line) in zip(series, FORECASTERS, strict=True):
        name = say(f"forecaster.{prefix.rstrip('_') or 'model'}")
        axes.plot(n, values, color=colour, marker=mark, markersize=5, linewidth=1.3, linestyle=line, label=name)
    if limit is not None:
        axes.axhline(limit, color=GREEN, linewidth=1.1, linestyle=(0, (4, 3)), label=say("plot.limit"))
    axes.set_xlim(n.min() - 0.5, n.max() + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.yaxis.set_major_formatter(lambda value, _: compact(value))
    values = np.concatenate(known)
    low, high = min(values.min(), values.max() if limit is None else limit), max(values.max(), limit or values.max())
    if key == "fold_r2":
        low = max(low, limit - SPAN * (1.0 - limit))
    else:
        near = np.concatenate(known[:2]) if len(known[0]) else values
        high = min(high, max(SPAN * near.max(), limit or 0.0))
    margin = 0.12 * (high - low) or 0.5 * abs(high) or 0.5
    axes.set_ylim(low - margin, high + margin)
