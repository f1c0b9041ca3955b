"""Pictures of calibration: ECDFs of ranks against those of uniform ones."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from mmm_builder.reporting.style import BLUE, GRID, MUTED, VERMILION, figure_of, head, save_png

from .fitting import N_KEPT
from .scores import ranks_by_label
from .uniformity import ecdf_band, ecdf_difference

ACROSS = 4
WORDS = {
    "adstock_alpha": "retention α", "half_saturation": "half-saturation λ", "coefficient": "coefficient β",
    "coefficient_mean": "β, common to units", "coefficient_spread": "spread of β over units", "sigma": "noise σ",
    "intercept": "intercept", "trend_slope": "trend", "season_coefficient": "season",
    "season_spread": "spread of season over units", "season_scale": "season of units",
    "control_coefficient": "control",
    "contribution": "contribution, ROAS", "media": "all media", "log_likelihood": "log-likelihood",
    "held_out_kpi": "held-out KPI", "adstock_alpha_share": "pooled share of α",
    "half_saturation_share": "pooled share of λ", "coefficient_share": "pooled share of β",
}  # fmt: skip
"""What the variables are called in pictures and tables."""


def plot_ranks(table: pd.DataFrame, path: Path, *, title: str) -> None:
    """Draw, for one study, the ECDF differences of all figures by variable, with the band that each keeps in 95 %.

    table : as `scores.figures_table` returns it, of one study
    """
    ranks = ranks_by_label(table)
    variables = list(dict.fromkeys(label.partition("[")[0] for label in ranks))
    down = -(-len(variables) // ACROSS)
    figure = figure_of(9.6, 1.75 * down + 0.7)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    grid = figure.subplots(down, ACROSS, sharex=True, sharey=True, squeeze=False)
    at = np.arange(1, N_KEPT + 1) / (N_KEPT + 1)
    lower, upper = ecdf_band(len(ranks), N_KEPT)
    for axes, variable in zip(grid.flat, variables, strict=False):
        axes.fill_between(at, lower, upper, color=GRID, linewidth=0, zorder=0)
        axes.axhline(0, color=MUTED, linewidth=0.6)
        for label in (x for x in ranks if x.partition("[")[0] == variable):
            line = ecdf_difference(ranks[label].to_numpy(), N_KEPT)
            outside = bool(np.any((line < lower - 1e-9) | (line > upper + 1e-9)))
            axes.plot(at, line, color=VERMILION if outside else BLUE, linewidth=1.3 if outside else 0.8)
        head(axes, WORDS.get(variable, variable), size=9)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    for axes in grid.flat[len(variables) :]:
        axes.axis("off")
    figure.supxlabel("Share of draws below the truth", fontsize=9)
    figure.supylabel("ECDF minus uniform", fontsize=9)
    save_png(figure, path)
