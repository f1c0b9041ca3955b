"""Colours, axes and numbers as all pictures have them.

Colours are those of Okabe and Ito (2008), which stay apart for colour-blind readers; where meaning hangs on a colour,
shape or position says the same.
"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ..files import whole

INK, MUTED, GRID = "#222222", "#6b6b6b", "#e3e3e3"
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PARTS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#F0E442", "#999999")
BASELINE = "#c9ced3"
DPI = 150
NOTE = {"va": "bottom", "fontsize": 9, "color": MUTED}


def figure_of(width: float, height: float) -> Figure:
    """Return an empty figure; width and height in inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def head(axes: Axes, title: str, size: float = 11) -> None:
    """Give a panel its title, plain spines and a faint grid."""
    axes.set_title(title, loc="left", fontsize=size, color=INK, pad=8, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.set_axisbelow(True)
    axes.grid(color=GRID, linewidth=0.6)
    axes.tick_params(labelsize=8.5, colors=MUTED, labelcolor=INK)
    axes.xaxis.label.set(color=INK, fontsize=9)
    axes.yaxis.label.set(color=INK, fontsize=9)


NUMERIC_DATES = {
    "formats": ["%Y", "%m.%Y", "%d.%m", "%H:%M", "%H:%M", "%S"],
    "zero_formats": ["", "%Y", "%m.%Y", "%d.%m", "%H:%M", "%H:%M"],
    "show_offset": False,
}


def date_axis(axes: Axes, *, numeric: bool = False) -> None:
    """Put dates on the horizontal axis; numeric : months as numbers rather than as English names."""
    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, **(NUMERIC_DATES if numeric else {})))


def kpi_axis(axes: Axes, name: str) -> None:
    """Name the vertical axis; a column's name may hold `$`, which is no formula here."""
    axes.set_ylabel(name, parse_math=False)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))


def compact(value: float) -> str:
    """Return an axis number as people write it: 1.5M, 250k, 0.4."""
    for size, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{suffix}"
    return f"{value:g}"


def legend_above(axes: Axes) -> None:
    """Put the legend between the title and the panel."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=9, labelcolor=INK, borderaxespad=0.1
    )
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=11, color=INK, pad=24, parse_math=False)


def save_png(figure: Figure, path: Path) -> None:
    """Write the figure, wholly or not at all."""
    with whole(path) as part:
        figure.savefig(part, format="png")
