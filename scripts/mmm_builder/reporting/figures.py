"""How each figure is shown: its label's key, decimals, unit and the sense of its limit."""

from typing import Literal, NamedTuple

MAX_DECIMALS = 8


class Figure(NamedTuple):
    """`decimals` is None for figures in the KPI's own unit (four significant digits)."""

    decimals: int | None
    unit: Literal["", " %", "share"] = ""
    sense: Literal["≤", "≥", ""] = ""
    codes: tuple[str, ...] = ()
    """Codes of the checks that speak of this figure, beside its own key."""
    least: float | None = None
    """Number below which it is printed as less than that, 0 too: a simulation can't tell."""


FIGURES: dict[str, Figure] = {
    "worst_rhat": Figure(3, "", "≤"),
    "min_ess": Figure(0, "", "≥"),
    "divergences": Figure(0, "", "≤"),
    "r2": Figure(2, "", "≥", ("r2_low", "r2_high")),
    "mape": Figure(1, " %", "≤"),
    "wmape": Figure(1, " %", "≤"),
    "train_r2": Figure(2, "", "≥"),
    "oos_r2": Figure(2, "", "≥"),
    "oos_mape": Figure(1, " %", "≤"),
    "oos_rmse": Figure(None),
    "overfitting_index": Figure(2, "", "≤"),
    "crps": Figure(None),
    "coverage_80": Figure(0, "share", ""),
    "training_seconds": Figure(1),
    "sampling_seconds": Figure(1),
    "seconds": Figure(1),
    "share_of_spend": Figure(0, "share"),
    "zero_share": Figure(0, "share"),
    "confidence": Figure(0, "share"),
    "fold_r2": Figure(2, "", "≥"),
    "fold_mape": Figure(1, " %", "≤"),
    "fold_crps": Figure(None),
    "fold_coverage_80": Figure(0, "share"),
    "fold_overfitting_index": Figure(2, "", "≤", ("fold_overfitting",)),
    "bias_share": Figure(0, "share"),
    "variance_share": Figure(0, "share"),
    "shape_share": Figure(0, "share"),
    "crps_gain": Figure(1, "share"),
    "fold_media_gain": Figure(1, "share"),
    "fold_sampling": Figure(3, "", "≤"),
    "gain_min": Figure(1, "share"),
    "doubtful_r2": Figure(2),
    "chance_pass_probability": Figure(1, "share", least=0.01),
    "residual_outlier": Figure(1, "", "≤"),
    "residual_autocorrelation": Figure(2, "", "≤"),
    "residual_spread": Figure(2, "", "≤"),
    "residual_season_autocorrelation": Figure(2, "", "≤"),
    "trend_break": Figure(2, "", "≤"),
    "negative_baseline": Figure(1, "share", "≤"),
    "collinearity": Figure(1, "", "≤"),
    "contribution_share": Figure(2),
    "prior_contraction": Figure(0, "share", "≥"),
    "prior_predictive": Figure(0, "share", "≥"),
}

GATES: dict[str, str] = {
    "worst_rhat": "rhat_max",
    "min_ess": "ess_min",
    "divergences": "divergences_max",
    "r2": "r2_min",
    "oos_r2": "oos_r2_min",
    "oos_mape": "oos_mape_max",
    "overfitting_index": "overfitting_max",
    "fold_r2": "oos_r2_min",
    "fold_mape": "oos_mape_max",
    "fold_overfitting_index": "overfitting_max",
}
"""Key of the limit of each gate figure."""


def figure_key(code: str) -> str:
    """Return the key of the figure that a check's code speaks of; the code itself if it is no known figure."""
    return next((key for key, figure in FIGURES.items() if code in figure.codes), code)


def shown(key: str, value: float, *limits: float | None) -> str:
    """Return a figure as it is printed everywhere.

    Beside limits it gets as many decimals as it takes not to look equal to them: 1.0203 fails ≤ 1.020.
    """
    figure = FIGURES.get(key, Figure(None))
    scale = 100.0 if figure.unit == "share" else 1.0
    number = value * scale
    if figure.decimals is None:
        return _significant(number) + _unit(figure)
    if figure.least is not None and number < figure.least:
        return f"< {figure.least:g}{_unit(figure)}"
    decimals = figure.decimals
    while figure.least is not None and round(number, decimals) == 0:
        decimals += 1
    others = [limit * scale for limit in limits if limit is not None and limit != value]
    while decimals < MAX_DECIMALS and any(round(number, decimals) == round(other, decimals) for other in others):
        decimals += 1
    return _fixed(number, decimals) + _unit(figure)


def shown_limit(key: str, limit: float) -> str:
    """Return a limit with no fewer decimals than it was given with: 1.0005 does not become 1.001 or 1.000."""
    figure = FIGURES.get(key, Figure(None))
    number = limit * (100.0 if figure.unit == "share" else 1.0)
    if figure.decimals is None:
        return _significant(number) + _unit(figure)
    decimals = figure.decimals
    while decimals < MAX_DECIMALS and abs(round(number, decimals) - number) > 10.0**-MAX_DECIMALS:
        decimals += 1
    return _fixed(number, decimals) + _unit(figure)


def signed(key: str, value: float) -> str:
    """Return a gain as it is printed, with its sign: `+4.1 %`."""
    text = shown(key, value, 0.0)
    return text if value < 0 else f"+{text}"


def sense_of(key: str, value: float | None, limit: float, verdict: str) -> str:
    """Return ≤ or ≥, whichever makes the verdict true of value and limit; the table's own where they can't tell."""
    if value is not None and value != limit and verdict in ("pass", "fail", "review"):
        return "≤" if (value < limit) == (verdict == "pass") else "≥"
    return FIGURES[key].sense if key in FIGURES else ""


def _fixed(number: float, decimals: int) -> str:
    text = f"{number:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _significant(number: float) -> str:
    return _fixed(number, 0) if abs(number) >= 1000 else f"{number:.4g}"


def _unit(figure: Figure) -> str:
    return " %" if figure.unit == "share" else figure.unit
