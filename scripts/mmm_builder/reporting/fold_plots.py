"""The picture of one iteration's rolling folds: what the model and its twins forecast, and what came."""

from pathlib import Path

import pandas as pd

from .style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    NOTE,
    ORANGE,
    date_axis,
    figure_of,
    head,
    kpi_axis,
    legend_above,
    save_png,
)

TWINS = {"media_free": ("Without media", GREEN, "-"), "seasonal_naive": ("One season earlier", ORANGE, ":")}
"""Columns of the twins with their label, colour and line."""


LEGEND_IN_ONE_ROW = {
    "loc": "lower left", "bbox_to_anchor": (0, 1.0), "ncols": 5, "frameon": False, "fontsize": 9, "labelcolor": INK,
    "borderaxespad": 0.1, "columnspacing": 1.2,
}  # fmt: skip


def plot_folds(series: pd.DataFrame, table: pd.DataFrame, path: Path, *, title: str, kpi: str = "KPI") -> None:
    """Draw the forecasts of every fold over its own window, with the 80 % band, origins marked.

    series : DataFrame with date and actual of all training rows; table : date, fold, predicted, lower_80, upper_80,
    media_free, seasonal_naive of the folds' rows, empty where there are no folds (original scale)
    """
    figure = figure_of(9.0, 4.2)
    axes = figure.subplots()
    origins = [(fold, rows) for fold, rows in table.groupby("fold")]
    for fold, rows in origins:
        dates = rows["date"]

        def name(text: str, first: bool = fold == origins[0][0]) -> str:
            return text if first else "_nolegend_"

        axes.fill_between(
            dates, rows["lower_80"], rows["upper_80"], color=BLUE, alpha=0.18, linewidth=0, label=name("80 % interval")
        )
        axes.plot(dates, rows["predicted"], color=BLUE, linewidth=1.5, label=name("Forecast"))
        for column, (label, colour, line) in TWINS.items():
            axes.plot(dates, rows[column], color=colour, linewidth=1.2, linestyle=line, label=name(label))
        before = series.loc[series["date"] < dates.iloc[0], "date"].max()
        edge = before + (dates.iloc[0] - before) / 2
        axes.axvline(edge, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.text(edge, 0.98, f" fold {fold}", transform=axes.get_xaxis_transform(), **(NOTE | {"va": "top"}))
    axes.plot(
        series["date"],
        series["actual"],
        color=INK,
        linewidth=0.7,
        marker="o",
        markersize=2.2,
        label="Actual",
        alpha=0.85,
    )
    head(axes, title)
    kpi_axis(axes, kpi)
    legend_above(axes)
    axes.legend(**LEGEND_IN_ONE_ROW)
    date_axis(axes)
    save_png(figure, path)
