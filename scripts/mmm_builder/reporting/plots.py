"""Pictures of a run. Each function takes tables and leaves a whole PNG file.

Colours are those of Okabe and Ito (2008), which stay apart for colour-blind readers; where meaning hangs on a colour,
shape or position says the same.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..files import whole
from ..verdicts import ConvergenceThresholds, OosThresholds

INK, MUTED, GRID = "#222222", "#6b6b6b", "#e3e3e3"
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PARTS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#F0E442", "#999999")
BASELINE = "#c9ced3"
DPI = 150
NOTE = {"va": "bottom", "fontsize": 9, "color": MUTED}


# --- predicted and actual --------------------------------------------------------------------------------------------


def plot_predicted_vs_actual(series: pd.DataFrame, path: Path, *, title: str, kpi: str = "KPI") -> None:
    """Draw the KPI, its prediction and the 80 % band, with the residuals below.

    series : DataFrame with date, actual, predicted, lower_80, upper_80 (original scale)
    """
    figure = _figure(9.0, 5.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _draw_series(above, series)
    _head(above, title)
    _kpi_axis(above, kpi)
    _legend(above)
    below.axhline(0, color=MUTED, linewidth=0.8)
    below.vlines(series["date"], 0, series["actual"] - series["predicted"], color=BLUE, linewidth=1.2)
    _head(below, "")
    _kpi_axis(below, "Actual − predicted")
    _dates(below)
    _save(figure, path)


def plot_with_holdout(
    series: pd.DataFrame, predictions: pd.DataFrame, path: Path, *, title: str, kpi: str = "KPI"
) -> None:
    """Draw training rows and held-out rows in one, the holdout shaded; without predictions, say that it is closed.

    series, predictions : DataFrames with date, actual, predicted, lower_80, upper_80 (original scale)
    """
    figure = _figure(9.0, 4.2)
    axes = figure.subplots()
    _draw_series(axes, series)
    if predictions.empty:
        axes.text(1, 1.02, "held-out periods not opened", transform=axes.transAxes, ha="right", **NOTE)
    else:
        edge = series["date"].max() + (predictions["date"].min() - series["date"].max()) / 2
        axes.axvspan(edge, predictions["date"].max(), color=ORANGE, alpha=0.10, linewidth=0)
        axes.axvline(edge, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        _draw_series(axes, predictions, labelled=False)
        above = axes.get_xaxis_transform()
        for side, text in (("right", "training  "), ("left", "  held out")):
            axes.text(edge, 1.02, text, transform=above, ha=side, **NOTE)
    _head(axes, title)
    _kpi_axis(axes, kpi)
    _legend(axes)
    _dates(axes)
    _save(figure, path)


def _draw_series(axes: Axes, series: pd.DataFrame, *, labelled: bool = True) -> None:
    def name(text: str) -> str:
        return text if labelled else "_nolegend_"

    dates = series["date"]
    axes.fill_between(
        dates, series["lower_80"], series["upper_80"], color=BLUE, alpha=0.18, linewidth=0, label=name("80 % interval")
    )
    axes.plot(dates, series["predicted"], color=BLUE, linewidth=1.5, label=name("Predicted"))
    axes.plot(
        dates, series["actual"], color=INK, linewidth=0.7, marker="o", markersize=2.2, label=name("Actual"), alpha=0.85
    )


# --- gates -----------------------------------------------------------------------------------------------------------


def plot_gates(
    records: pd.DataFrame,
    path: Path,
    *,
    convergence: ConvergenceThresholds,
    out_of_sample: OosThresholds,
    selected: int | None = None,
) -> None:
    """Draw each gate figure by iteration against its limit; a hollow mark misses it, a gap was not computed.

    records : DataFrame with the keys of `iteration_log.json`, one row per iteration
    """
    c, o = convergence, out_of_sample
    ceiling = c.r2_max if c.r2_above == "fail" else np.inf
    panels = (
        ("worst_rhat", "R-hat (worst)", -np.inf, c.rhat_max),
        ("min_ess", "ESS (smallest)", c.ess_min, np.inf),
        ("divergences", "Divergences", -np.inf, c.divergences_max),
        ("r2", "R² on training rows", c.r2_min, ceiling),
        ("oos_r2", "R² on held-out rows", o.oos_r2_min, np.inf),
        ("oos_mape", "MAPE on held-out rows, %", -np.inf, o.oos_mape_max),
        ("overfitting_index", "Overfitting index", -np.inf, o.overfitting_max),
    )
    figure = _figure(9.6, 4.8)
    grid = figure.subplots(2, 4, sharex=True)
    for axes, (key, title, low, high) in zip(grid.flat, panels, strict=False):
        band = (c.r2_min, c.r2_max) if key == "r2" else None
        _draw_gate(axes, records, key, (low, high), band, selected)
        _head(axes, title, size=9.5)
    _explain_gates(grid.flat[-1], selected)
    for axes in (*grid[1, :3], grid[0, 3]):
        axes.set_xlabel("Iteration")
        axes.tick_params(labelbottom=True)
    _save(figure, path)


def _draw_gate(
    axes: Axes,
    records: pd.DataFrame,
    key: str,
    limits: tuple[float, float],
    band: tuple[float, float] | None,
    selected: int | None,
) -> None:
    """Draw one figure by iteration. limits : smallest and largest value that passes, infinite if open."""
    n = records["iteration"].to_numpy()
    values = records[key].astype(float).to_numpy()
    if not np.isfinite(values).any():
        axes.text(0.5, 0.5, "not computed", transform=axes.transAxes, ha="center", **NOTE)
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


def _explain_gates(axes: Axes, selected: int | None) -> None:
    """Use the last, empty panel as the legend."""
    axes.axis("off")
    axes.scatter([], [], s=34, facecolor=BLUE, edgecolor=BLUE, label="Within its limit")
    axes.scatter([], [], s=34, facecolor="white", edgecolor=VERMILION, linewidth=1.5, label="Beyond its limit")
    axes.plot([], [], color=GREEN, linestyle=(0, (4, 3)), linewidth=1.1, label="Limit")
    axes.fill_between([], [], color=GREEN, alpha=0.12, label="R² band")
    if selected is not None:
        axes.plot([], [], color=GRID, linewidth=7, label="Selected iteration")
    axes.legend(loc="center left", frameon=False, fontsize=9, labelcolor=INK)


# --- contributions ---------------------------------------------------------------------------------------------------


def plot_contributions(series: pd.DataFrame, table: pd.DataFrame, path: Path, *, title: str, kpi: str = "KPI") -> None:
    """Draw what each part adds to the KPI over time, and each channel's return on spend with its 80 % interval.

    series : DataFrame with `date`, `baseline` and one column per channel (original scale)
    table : DataFrame with channel, contribution, roas, roas_lower_80, roas_upper_80, one row per channel; roas is
        NaN where the channel isn't measured in money
    """
    figure = _figure(11.0, 5.0)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    table = table.sort_values("contribution", ascending=False, kind="stable")
    colours = _draw_stack(left, series, list(table["channel"]))
    _head(left, title)
    _kpi_axis(left, kpi)
    _dates(left)
    _draw_returns(right, table, colours)
    _head(right, "Return on spend, 80 % interval")
    figure.legend(*left.get_legend_handles_labels(), **LEGEND_BELOW)
    _save(figure, path)


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


# --- shared ----------------------------------------------------------------------------------------------------------


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _head(axes: Axes, title: str, size: float = 11) -> None:
    """Give a panel its title, plain spines and a faint grid."""
    axes.set_title(title, loc="left", fontsize=size, color=INK, pad=8, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.6)
    axes.tick_params(labelsize=8.5, colors=MUTED, labelcolor=INK)
    axes.xaxis.label.set(color=INK, fontsize=9)
    axes.yaxis.label.set(color=INK, fontsize=9)


def _dates(axes: Axes) -> None:
    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _kpi_axis(axes: Axes, name: str) -> None:
    """Name the vertical axis; a column's name may hold `$`, which is no formula here."""
    axes.set_ylabel(name, parse_math=False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _compact(value)))


def _compact(value: float) -> str:
    """Return an axis number as people write it: 1.5M, 250k, 0.4."""
    for size, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{suffix}"
    return f"{value:g}"


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=9, labelcolor=INK, borderaxespad=0.1
    )
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=11, color=INK, pad=24, parse_math=False)


def _save(figure: Figure, path: Path) -> None:
    with whole(path) as part:
        figure.savefig(part, format="png")
