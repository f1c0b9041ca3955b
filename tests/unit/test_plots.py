import numpy as np
import pandas as pd
import pytest
import run_records as runs
from matplotlib.image import imread

from mmm_builder.reporting.phrases import phrasebook
from mmm_builder.reporting.plots import (
    plot_contributions,
    plot_gates,
    plot_predicted_vs_actual,
    plot_with_holdout,
)
from mmm_builder.reporting.score_plots import plot_fold_scores
from mmm_builder.reporting.style import compact
from mmm_builder.verdicts import ConvergenceThresholds, OosThresholds

TRAINING = runs.series("2021-01-04", 60, 1)
HELD_OUT = runs.series("2022-02-28", 12, 2)
LIMITS = {"convergence": ConvergenceThresholds(), "out_of_sample": OosThresholds()}


def ink(path) -> float:
    """Return the share of pixels that are not white."""
    return float((imread(path)[..., :3].min(axis=-1) < 0.95).mean())


def records(n: int, **columns) -> pd.DataFrame:
    steps = np.linspace(0.0, 1.0, n)
    table = pd.DataFrame(
        {
            "iteration": np.arange(1, n + 1),
            "worst_rhat": 1.05 - 0.04 * steps,
            "min_ess": 50 + 900 * steps,
            "divergences": (10 * (1 - steps)).astype(int),
            "r2": 0.45 + 0.3 * steps,
            "oos_r2": None,
            "oos_mape": None,
            "overfitting_index": None,
        }
    )
    return table.assign(**columns)


def channels(n: int, **columns):
    rng = np.random.default_rng(3)
    names = [f"channel_{i}" for i in range(n)]
    by_period = pd.DataFrame(rng.uniform(0, 100, (60, n)), columns=names)
    by_period = by_period.assign(date=TRAINING["date"], baseline=1000.0, expected=0.0)
    roas = rng.uniform(0.5, 3, n)
    table = pd.DataFrame(
        {"channel": names, "contribution": by_period[names].sum().to_numpy(), "roas": roas,
         "roas_lower_80": roas * 0.6, "roas_upper_80": roas * 1.5}
    )  # fmt: skip
    return by_period, table.assign(**columns)


def test_predicted_and_actual(tmp_path):
    plot_predicted_vs_actual(TRAINING, tmp_path / "a.png", title="Training rows: R² 0.62", kpi="sales $ per $")
    assert ink(tmp_path / "a.png") > 0.02


@pytest.mark.parametrize("held_out", [HELD_OUT, HELD_OUT.iloc[:0]], ids=["opened", "closed"])
def test_with_the_holdout(tmp_path, held_out):
    plot_with_holdout(TRAINING, held_out, tmp_path / "a.png", title="Iteration 1")
    assert ink(tmp_path / "a.png") > 0.02


@pytest.mark.parametrize("n", [1, 2, 10, 40])
def test_gates_by_iteration(tmp_path, n):
    plot_gates(records(n), tmp_path / "a.png", selected=n, **LIMITS)
    assert ink(tmp_path / "a.png") > 0.01


def fold_records(n: int, **columns) -> pd.DataFrame:
    steps, table = np.linspace(0.0, 1.0, n), {"iteration": np.arange(1, n + 1)}
    for shift, prefix in enumerate(("", "media_free_", "seasonal_naive_")):
        table |= {f"{prefix}fold_r2": 0.3 + 0.2 * steps - 0.2 * shift, f"{prefix}fold_mape": 12.0 - steps + 4 * shift}
        table |= {f"{prefix}fold_crps": 5e4 - 1e3 * steps + 1e4 * shift}
    return pd.DataFrame(table).assign(**columns)


@pytest.mark.parametrize("n", [1, 2, 10])
def test_fold_scores_by_iteration(tmp_path, n):
    plot_fold_scores(fold_records(n), tmp_path / "a.png", limits=OosThresholds(), selected=n)
    assert ink(tmp_path / "a.png") > 0.01


@pytest.mark.parametrize(
    "columns",
    [
        {"fold_r2": None, "media_free_fold_r2": None, "seasonal_naive_fold_r2": None},
        {"fold_mape": [None, 12.0, 11.0], "seasonal_naive_fold_r2": -400.0, "seasonal_naive_fold_crps": 1e9},
        dict.fromkeys(["fold_crps", "media_free_fold_crps", "seasonal_naive_fold_crps"], 0.0),
    ],
    ids=["nothing", "far off", "zero"],
)
def test_fold_scores_with_gaps_and_figures_far_off(tmp_path, columns):
    plot_fold_scores(fold_records(3, **columns), tmp_path / "a.png", limits=OosThresholds())
    assert ink(tmp_path / "a.png") > 0.01


@pytest.mark.parametrize("held_out", [HELD_OUT, HELD_OUT.iloc[:0]], ids=["opened", "closed"])
def test_pictures_in_russian(tmp_path, held_out):
    say = phrasebook("ru")
    plot_with_holdout(TRAINING, held_out, tmp_path / "a.png", title="Итерация 1", say=say)
    plot_gates(records(3), tmp_path / "b.png", say=say, **LIMITS)
    plot_gates(records(3), tmp_path / "c.png", **LIMITS)
    assert ink(tmp_path / "a.png") > 0.02
    assert (tmp_path / "b.png").read_bytes() != (tmp_path / "c.png").read_bytes()


def test_gates_with_gaps_and_equal_figures(tmp_path):
    figures = {"oos_r2": [None, 0.4, 0.4], "min_ess": [None, None, None], "divergences": [0, 0, 0]}
    plot_gates(records(3, **figures), tmp_path / "a.png", **LIMITS)
    assert ink(tmp_path / "a.png") > 0.01


@pytest.mark.parametrize("n", [1, 6, 8, 9, 20])
def test_contributions_of_any_number_of_channels(tmp_path, n):
    by_period, table = channels(n)
    plot_contributions(by_period, table, tmp_path / "a.png", title="Contributions", kpi="revenue")
    assert ink(tmp_path / "a.png") > 0.1


def test_contributions_without_money_or_with_a_baseline_below_zero(tmp_path):
    by_period, table = channels(4, roas=np.nan, roas_lower_80=np.nan, roas_upper_80=np.nan)
    by_period["baseline"] = np.linspace(-200, 100, 60)
    plot_contributions(by_period, table, tmp_path / "a.png", title="Contributions")
    assert ink(tmp_path / "a.png") > 0.1


def test_a_failing_plot_leaves_no_file(tmp_path):
    with pytest.raises(KeyError):
        plot_predicted_vs_actual(TRAINING.drop(columns="predicted"), tmp_path / "a.png", title="x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "shown"), [(1_500_000, "1.5M"), (250_000, "250k"), (-2e9, "-2B"), (0.4, "0.4"), (0, "0")]
)
def test_axis_numbers(value, shown):
    assert compact(value) == shown
