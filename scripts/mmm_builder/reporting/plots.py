"""Pictures of a run. Each function takes tables and leaves a whole PNG file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..verdicts import ConvergenceThresholds, OosThresholds
from .phrases import RECORDED, Phrasebook, phrasebook
from .style import (
    BASELINE,
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    NOTE,
    ORANGE,
    PARTS,
    VERMILION,
    date_axis,
    figure_of,
    head,
    kpi_axis,
    legend_above,
    save_png,
)

ENGLISH = phrasebook(RECORDED)

# --- predicted and actual --------------------------------------------------------------------------------------------


def plot_predicted_vs_actual(series: pd.DataFrame, path: Path, *, title: str, kpi: str = "KPI") -> None:
    """Draw the KPI, its prediction and the 80 % band, with the residuals below.

    series : DataFrame with date, actual, predicted, lower_80, upper_80 (original scale)
    """
    figure = figure_of(9.0, 5.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _draw_series(above, series)
    head(above, title)
    kpi_axis(above, kpi)
    legend_above(above)
    below.axhline(0, color=MUTED, linewidth=0.8)
    below.vlines(series["date"], 0, series["actual"] - series["predicted"], color=BLUE, linewidth=1.2)
    head(below, "")
    kpi_axis(below, "Actual − predicted")
    date_axis(below)
    save_png(figure, path)


def plot_with_holdout(
    series: pd.DataFrame,
    predictions: pd.DataFrame,
    path: Path,
    *,
    title: str,
    kpi: str = "KPI",
    say: Phrasebook = ENGLISH,
) -> None:
    """Draw training rows and held-out rows in one, the holdout shaded; without predictions, say that it is closed.

    series, predictions : DataFrames with date, actual, predicted, lower_80, upper_80 (original scale)
    """
    figure = figure_of(9.0, 4.2)
    axes = figure.subplots()
    _draw_series(axes, series, say=say)
    if predictions.empty:
        axes.text(1, 1.02, say("plot.closed"), transform=axes.transAxes, ha="right", **NOTE)
    else:
        edge = series["date"].max() + (predictions["date"].min() - series["date"].max()) / 2
        axes.axvspan(edge, predictions["date"].max(), color=ORANGE, alpha=0.10, linewidth=0)
        axes.axvline(edge, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        _draw_series(axes, predictions, labelled=False)
        above = axes.get_xaxis_transform()
        for side, text in (("right", say("plot.training") + "  "), ("left", "  " + say("plot.held_out"))):
            axes.text(edge, 1.02, text, transform=above, ha=side, **NOTE)
    head(axes, title)
    kpi_axis(axes, kpi)
    legend_above(axes)
    date_axis(axes, numeric=say.language != RECORDED)
    save_png(figure, path)


def _draw_series(axes: Axes, series: pd.DataFrame, *, labelled: bool = True, say: Phrasebook = ENGLISH) -> None:
    def name(phrase: str) -> str:
        return say(phrase) if labelled else "_nolegend_"

    dates = series["date"]
    axes.fill_between(
        dates, series["lower_80"], series["upper_80"], color=BLUE, alpha=0.18, linewidth=0, label=name("plot.interval")
    )
    axes.plot(dates, series["predicted"], color=BLUE, linewidth=1.5, label=name("plot.predicted"))
    axes.plot(
        dates,
        series["actual"],
        color=INK,
        linewidth=0.7,
        marker="o",
        markersize=2.2,
        label=name("plot.actual"),
        alpha=0.85,
    )


# --- gates -----------------------------------------------------------------------------------------------------------


def plot_gates(
    records: pd.DataFrame,
    path: Path,
    *,
    convergence: ConvergenceThresholds,
    out_of_sample: OosThresholds,
    selected: int | None = None,
    say: Phrasebook = ENGLISH,
) -> None:
    """Draw each gate figure by iteration against its limit; a hollow mark misses it, a gap was not computed.

    records : DataFrame with the keys of `iteration_log.json`, one row per iteration
    """
    c, o = convergence, out_of_sample
    ceiling = c.r2_max if c.r2_above == "fail" else np.inf
    panels = (
        ("worst_rhat", -np.inf, c.rhat_max),
        ("min_ess", c.ess_min, np.inf),
        ("divergences", -np.inf, c.divergences_max),
        ("r2", c.r2_min, ceiling),
        ("oos_r2", o.oos_r2_min, np.inf),
        ("oos_mape", -np.inf, o.oos_mape_max),
        ("overfitting_index", -np.inf, o.overfitting_max),
    )
    figure = figure_of(9.6, 4.8)
    grid = figure.subplots(2, 4, sharex=True)
    for axes, (key, low, high) in zip(grid.flat, panels, strict=False):
        band = (c.r2_min, c.r2_max) if key == "r2" else None
        _draw_gate(axes, records, key, (low, high), band, selected, say)
        head(axes, say(f"plot.gate.{key}"), size=9.5)
    _explain_gates(grid.flat[-1], selected, say)
    for axes in (*grid[1, :3], grid[0, 3]):
        axes.set_xlabel(say("plot.iteration"))
        axes.tick_params(labelbottom=True)
    save_png(figure, path)


def _draw_gate(
    axes: Axes,
    records: pd.DataFrame,
    key: str,
    limits: tuple[float, float],
    band: tuple[float, float] | None,
    selected: int | None,
    say: Phrasebook,
) -> None:
    """Draw one figure by iteration. limits : smallest and largest value that passes, infinite if open."""
    n = records["iteration"].to_numpy()
    values = records[key].astype(float).to_numpy()
    if not np.isfinite(values).any():
        axes.text(0.5, 0.5, say("plot.not_computed"), transform=axes.transAxes, ha="center", **NOTE)
        axes.set_yticks([])
        return
    met = (values >= limits[0]) & (values <= limits[1])
    known = np.isfinite(values)
    axes.plot(n[known], values[known], color=GRID, linewidth=1.2, zorder=1)
    for ok, face in ((True, BLUE), (False, "white")):
        shown = known & (met == ok)
        edge = BLUE if ok else VERMILION
        axes.scatter(n[shown], values[shown], s=34, facecolor=face, edgecolor=edge, linewidth=1.5, zorder=3)
    if selected is not None:
        axes.axvline(selected, color=GRID, linewidth=7, zorder=0)
    if band is not None:
        axes.axhspan(*band, color=GREEN, alpha=0.12, linewidth=0, zorder=0)
    for limit in limits:
        if np.isfinite(limit):
            axes.axhline(limit, color=GREEN, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
    axes.set_xlim(n.min() - 0.5, n.max() + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=key == "divergences", nbins=6, steps=[1, 2, 2.5, 5, 10]))
    finite = [*values[known], *(limit for limit in limits if np.isfinite(limit)), *(band or ())]
    margin = 0.12 * (max(finite) - min(finite)) or 0.5
    axes.set_ylim(min(finite) - margin, max(finite) + margin)


def _explain_gates(axes: Axes, selected: int | None, say: Phrasebook) -> None:
    """Use the last, empty panel as the legend."""
    axes.axis("off")
    axes.scatter([], [], s=34, facecolor=BLUE, edgecolor=BLUE, label=say("plot.within"))
    axes.scatter([], [], s=34, facecolor="white", edgecolor=VERMILION, linewidth=1.5, label=say("plot.beyond"))
    axes.plot([], [], color=GREEN, linestyle=(0, (4, 3)), linewidth=1.1, label=say("plot.limit"))
    axes.fill_between([], [], color=GREEN, alpha=0.12, label=say("plot.band"))
    if selected is not None:
        axes.plot([], [], color=GRID, linewidth=7, label=say("plot.selected"))
    axes.legend(loc="center left", frameon=False, fontsize=9, labelcolor=INK)


# --- contributions ---------------------------------------------------------------------------------------------------


def plot_contributions(series: pd.DataFrame, table: pd.DataFrame, path: Path, *, title: str, kpi: str = "KPI") -> None:
    """Draw what each part adds to the KPI over time, and each channel's return on spend with its 80 % interval.

    series : DataFrame with `date`, `baseline` and one column per channel (original scale)
    table : DataFrame with channel, contribution, roas, roas_lower_80, roas_upper_80, one row per channel; roas is
        NaN where the channel isn't measured in money
    """
    figure = figure_of(11.0, 5.0)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    table = table.sort_values("contribution", ascending=False, kind="stable")
    colours = _draw_stack(left, series, list(table["channel"]))
    head(left, title)
    kpi_axis(left, kpi)
    date_axis(left)
    _draw_returns(right, table, colours)
    head(right, "Return on spend, 80 % interval")
    figure.legend(*left.get_legend_handles_labels(), **LEGEND_BELOW)
    save_png(figure, path)


LEGEND_BELOW = {"loc": "outside lower center", "ncols": 5, "frameon": False, "fontsize": 9, "labelcolor": INK}


def _draw_stack(axes: Axes, series: pd.DataFrame, channels: Sequence[str]) -> dict[str, str]:
    """Stack the baseline and the channels, the smallest ones in one; return each channel's colour."""
    single = list(channels) if len(channels) <= len(PARTS) else list(channels[: len(PARTS) - 1])
    rest = list(channels[len(single) :])
    layers = [series["baseline"].to_numpy(), *(series[c].to_numpy() for c in single)]
    labels, colours = ["Baseline", *single], [BASELINE, *PARTS[: len(single)]]
    if rest:
        layers.append(series[rest].sum(axis=1).to_numpy())
        labels, colours = [*labels, f"{len(rest)} smaller channels"], [*colours, PARTS[-1]]
    # A baseline below zero would turn the stack over: the channels start at it all the same, so sums stay true.
    edges = np.cumsum(np.vstack([np.zeros(len(series)), *layers]), axis=0)
    for low, high, label, colour in zip(edges[:-1], edges[1:], labels, colours, strict=True):
        axes.fill_between(series["date"], low, high, color=colour, linewidth=0, label=label.replace("$", r"\$"))
    axes.margins(x=0)
    if edges[1].min() < 0:
        axes.axhline(0, color=INK, linewidth=0.8)
    else:
        axes.set_ylim(bottom=0)
    return {**dict(zip(single, PARTS, strict=False)), **dict.fromkeys(rest, PARTS[-1])}


def _draw_returns(axes: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """Draw returns as points on bars of their intervals, the largest contribution on top."""
    rows = table.iloc[::-1]
    at = np.arange(len(rows))
    axes.barh(
        at,
        rows["roas_upper_80"] - rows["roas_lower_80"],
        left=rows["roas_lower_80"],
        height=0.46,
        color=[colours[c] for c in rows["channel"]],
        alpha=0.75,
    )
    axes.scatter(rows["roas"], at, s=26, color=INK, zorder=3)
    for y, missing in zip(at, rows["roas"].isna(), strict=True):
        if missing:
            axes.text(0.02, y, "not money", transform=axes.get_yaxis_transform(), va="center", color=MUTED, fontsize=9)
    axes.set_yticks(at, [name.replace("$", r"\$") for name in rows["channel"]])
    axes.tick_params(axis="y", length=0)
    axes.axvline(1, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("KPI per unit of spend (dashed: 1)")
    axes.grid(axis="y", visible=False)
