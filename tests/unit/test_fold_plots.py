"""The picture of the rolling folds."""

import pytest
from made_forecasts import made_forecasts, made_panel
from matplotlib.image import imread

from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging.folds import fold_evidence
from mmm_builder.reporting.fold_plots import plot_folds
from mmm_builder.verdicts import OosThresholds


@pytest.mark.parametrize(("n", "n_train"), [(156, 125), (14, 11), (10, 8)], ids=["weeks", "one row a fold", "no folds"])
def test_folds_are_drawn_as_far_as_there_are_any(tmp_path, n, n_train):
    panel, kpi = made_panel(n, n_train=n_train)
    _, table = fold_evidence(panel, made_forecasts(panel, kpi, model=20.0), OosThresholds(), EvidenceSettings())
    series = panel["kpi"][:n_train].to_series().rename("actual").reset_index()
    plot_folds(series, table, tmp_path / "folds.png", title="Folds", kpi="sales $ per $")
    assert (imread(tmp_path / "folds.png")[..., :3].min(axis=-1) < 0.95).mean() > 0.01
