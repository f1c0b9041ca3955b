"""The charts of the profile page, as SVG to stand inside HTML: drawn by Matplotlib, coloured by the page.

Names of columns stay out of the charts, since the page's fonts have all scripts and the charts' metrics have not. The
same data give the same bytes: ids are hashed with a fixed salt, no date is written.
"""

import html
import io
import math
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import ConciseDateFormatter, MonthLocator, YearLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .style import BLUE, GREEN, GRID, INK, MUTED, ORANGE, VERMILION, compact

THEMED = {INK: "ink", MUTED: "muted", GRID: "grid", BLUE: "blue", ORANGE: "orange", GREEN: "green", VERMILION: "red"}
"""Colours that the page replaces by its own, light or dark."""
CLEANING = (
    (r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", ""), (r'<g id="[\w.]+"', "<g"), (r"xlink:href", "href"),
    (r"font-family: [^;]*; ", ""), (r' transform="rotate\(-0 [^"]*"', ""), (r"\s*\n\s*", "\n"),
)  # fmt: skip
"""What Matplotlib writes and a page doesn't need, and what takes its place."""
YEARS = (1, 2, 5, 10, 20, 50, 100, 500)
"""Years from one tick to the next; at most eight ticks."""
POINTS_MAX = 400
"""Most points of a small chart; longer series are shown by the mean of a few periods each."""


def draw_kpi(
    series: pd.Series, *, train_end: pd.Timestamp, outliers: tuple[str, ...], shifts: tuple[str, ...], told: str
) -> str:
    """Return the KPI (by date) with the held-out part shaded, outliers ringed and shifts of its level marked."""
    figure, axes = _chart(10.0, 3.1, left=0.065, bottom=0.13, top=0.91)
    _hold_out(axes, series.index, train_end)
    axes.plot(series.index, series, color=BLUE, linewidth=1.3 if len(series) < POINTS_MAX else 0.8, zorder=3)
    for date in map(pd.Timestamp, shifts):
        axes.axvline(date, color=VERMILION, linewidth=1.1, linestyle=(0, (2, 2)), zorder=2)
    marked = series[pd.DatetimeIndex(outliers)]
    axes.plot(
        marked.index, marked, linestyle="none", marker="o", markersize=8, markerfacecolor="none",
        markeredgecolor=VERMILION, markeredgewidth=1.5, zorder=4,
    )  # fmt: skip
    above = axes.get_xaxis_transform()
    edge = _edge(series.index, train_end)
    for side, text in (("right", "training\u2002"), ("left", "\u2002held out")):
        axes.text(edge, 1.02, text, transform=above, ha=side, va="bottom", fontsize=8.5, color=MUTED)
    _span(axes, series.to_numpy(), from_zero=True)
    return _svg(figure, "kpi", told)


def draw_media(series: pd.Series, exposure: pd.Series | None, *, train_end: pd.Timestamp, name: str, told: str) -> str:
    """Return a channel (by date) as an area, with its exposure as a line on a scale of its own."""
    figure, axes = _chart(3.4, 1.3)
    _hold_out(axes, series.index, train_end)
    thin = _thinned(series)
    around = thin.index[[0, *range(len(thin)), -1]]
    axes.fill(around, [0.0, *thin.fillna(0.0), 0.0], color=BLUE, alpha=0.6, linewidth=0, zorder=2)
    _span(axes, thin.to_numpy(), from_zero=True)
    if exposure is not None:
        beside = axes.twinx()
        line = _thinned(exposure)
        beside.plot(line.index, line, color=INK, linewidth=0.7, alpha=0.75, zorder=3)
        _span(beside, line.to_numpy(), from_zero=True)
        beside.axis("off")
    return _svg(figure, name, told)


def draw_control(series: pd.Series, *, train_end: pd.Timestamp, name: str, told: str) -> str:
    """Return a control (by date) as a line; marks of 0 and 1 as bars."""
    figure, axes = _chart(3.4, 1.1)
    _hold_out(axes, series.index, train_end)
    if set(series.dropna().unique()) <= {0.0, 1.0}:
        on = series.index[series > 0]
        axes.vlines(on, 0, 1, color=GREEN, linewidth=max(0.5, min(2.0, 180 / len(series))))
        axes.set_ylim(0, 1.15)
        axes.set_yticks([0, 1])
    else:
        line = _thinned(series)
        axes.plot(line.index, line, color=GREEN, linewidth=0.9)
        _span(axes, line.to_numpy(), from_zero=False)
    return _svg(figure, name, told)


def _chart(
    width: float, height: float, *, left: float = 0.14, bottom: float = 0.21, top: float = 0.95
) -> tuple[Figure, Axes]:
    """Return a figure with one panel, its size in inches, its margins as shares."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    figure.patch.set_visible(False)
    axes = figure.add_axes((left, bottom, 0.98 - left, top - bottom), facecolor="none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set(color=MUTED, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    small = width < 5
    axes.tick_params(length=0, pad=2 if small else 4, labelsize=8 if small else 8.5, labelcolor=MUTED)
    axes.tick_params(axis="x", length=2.5, width=0.6, color=MUTED)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3 if small else 5, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    return figure, axes


def _hold_out(axes: Axes, dates: pd.DatetimeIndex, train_end: pd.Timestamp) -> None:
    """Shade the held-out part, let the panel end with the data, and put years or months below it."""
    edge = _edge(dates, train_end)
    axes.axvspan(edge, dates[-1], color=ORANGE, alpha=0.13, linewidth=0, zorder=0)
    axes.axvline(edge, color=MUTED, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
    axes.set_xlim(dates[0], dates[-1])
    years = (dates[-1] - dates[0]).days / 365.25
    every = next(step for step in YEARS if years <= 8 * step)
    locator = YearLocator(every) if years > 2 else MonthLocator(interval=max(1, round(years * 3)))
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def _edge(dates: pd.DatetimeIndex, train_end: pd.Timestamp) -> pd.Timestamp:
    """Return the middle between the last training period and the first held-out one."""
    later = dates[dates > train_end]
    return train_end + (later[0] - train_end) / 2 if len(later) else train_end


def _span(axes: Axes, values: np.ndarray, *, from_zero: bool) -> None:
    """Let the vertical axis hold the values with a little air; from zero where that leaves the ups and downs to see."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    air = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    axes.set_ylim(low - (air if low < 0 or not from_zero else 0.0), high + air)


def _thinned(series: pd.Series) -> pd.Series:
    """Return the series with at most `POINTS_MAX` points: means of as many periods as that takes."""
    each = math.ceil(len(series) / POINTS_MAX)
    if each == 1:
        return series
    group = np.arange(len(series)) // each
    return pd.Series(series.groupby(group).mean().to_numpy(), series.index[::each])


def _form(number: str) -> str:
    """Return the format of a number in a drawing: a tenth of a point, but shares as they are."""
    return ".2g" if abs(float(number)) < 1 else ".4g" if abs(float(number)) < 1000 else ".0f"


def _svg(figure: Figure, name: str, told: str) -> str:
    """Return the figure as SVG to stand in a page: its colours the page's, its ids its own, its text the page's font.

    name : of letters and digits, distinct for each chart of a page. told : what a reader who can't see it is told
    """
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "profile", "path.simplify_threshold": 0.3}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = stream.getvalue()
    body = drawn[drawn.index("<svg") :]
    for pattern, replacement in CLEANING:
        body = re.sub(pattern, replacement, body, flags=re.DOTALL)
    body = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", body)
    body = re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):{_form(number[0])}}", body)
    for colour, variable in THEMED.items():
        body = re.sub(rf"{colour}\b", f"var(--{variable})", body, flags=re.IGNORECASE)
    size = re.search(r'viewBox="[^"]*"', body)[0]
    return f'<svg {size} role="img" aria-label="{html.escape(told)}">{body[body.index(">") + 1 :].strip()}'
