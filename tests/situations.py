"""Situations to decide about, made without sampling: a client, a spec, a verdict on it, its residuals."""

import numpy as np
import pandas as pd
import xarray as xr
from trainings import small_client

from mmm_builder.candidates import Candidates
from mmm_builder.evidence import Scores
from mmm_builder.judging.checks import band_checks, gate_passed, limit_check, oos_checks
from mmm_builder.judging.folds import fold_checks
from mmm_builder.policy.changes import apply_changes
from mmm_builder.policy.situation import Situation, Trained
from mmm_builder.spec import ModelSpec
from mmm_builder.verdicts import (
    Check,
    ConvergenceThresholds,
    FoldEvidence,
    OosThresholds,
    OosValidation,
    TrainingSummary,
)

LIMITS, OOS = ConvergenceThresholds(), OosThresholds()


def summary(
    *, rhat: float | None = 1.0, ess: float | None = 900.0, divergences: int | None = 0, r2: float | None = 0.65,
    n_train: int = 83, limits: ConvergenceThresholds = LIMITS,
) -> TrainingSummary:  # fmt: skip
    """Return the verdict that these figures give."""
    checks = (
        limit_check("worst_rhat", rhat, limits.rhat_max, lambda v, m: v <= m),
        limit_check("min_ess", ess, limits.ess_min, lambda v, m: v >= m),
        limit_check("divergences", divergences, limits.divergences_max, lambda v, m: v <= m),
        *band_checks(r2, limits),
    )
    return TrainingSummary(
        worst_rhat=rhat, min_ess=ess, divergences=divergences, r2=r2, mape=8.0, wmape=8.0, n_train=n_train,
        thresholds=limits, checks=checks, passed=gate_passed(checks), training_seconds=None, sampling_seconds=None,
    )  # fmt: skip


def folds(
    *, crps: float | None = 9000.0, r2: float = 0.1, mape: float = 12.0, train_r2: float = 0.65,
) -> FoldEvidence:  # fmt: skip
    """Return the verdict of folds with these figures; no CRPS: there were too few rows for folds."""
    if crps is None:
        pooled, checks = None, fold_checks(None, None, None, None, OOS)
    else:
        pooled = Scores(
            r2=r2, mape=mape, wmape=mape, crps=crps, coverage_80=0.8, bias_share=0.1, variance_share=0.1,
            shape_share=0.8,
        )  # fmt: skip
        checks = fold_checks(r2, mape, mape, train_r2 - r2, OOS)
    return FoldEvidence(
        folds=(), pooled=pooled, train_r2=pooled and train_r2, overfitting_index=pooled and train_r2 - r2, twins=None,
        media_adds=None, media_adds_known_ahead=None, unknown_ahead=(), thresholds=OOS, checks=checks,
        passed=gate_passed(checks), reason=None if pooled else "too few rows",
    )  # fmt: skip


GOOD = {"r2": 0.6}
"""Figures of folds that meet the limits."""


def trained(now: Situation, candidates: Candidates) -> Trained:
    """Return a situation as what it is to the iterations after it."""
    return Trained(now.spec, now.summary, now.folds, candidates)


def following(now: Situation, candidates: Candidates) -> Situation:
    """Return the situation with the configuration that follows, its figures the same."""
    return now._replace(spec=apply_changes(now.spec, candidates.next.changes, now.spec.iteration + 1))


def situation(
    figures: TrainingSummary | None = None, *, spec: ModelSpec | None = None, outlier: bool = False,
    on_folds: FoldEvidence | None = None, **client,
) -> Situation:  # fmt: skip
    """Return a situation; with an outlier, one training residual stands out."""
    panel, first, truth = small_client(**client)
    return Situation(
        spec=spec or first, summary=figures or summary(n_train=truth.n_train), folds=on_folds or folds(), panel=panel,
        series=series_of(panel, outlier),
    )  # fmt: skip


def series_of(panel: xr.Dataset, outlier: bool = False) -> pd.DataFrame:
    """Return the training rows of a panel, units summed, predicted but for white noise and, if asked, an outlier."""
    shown = panel["is_training"].values
    kpi = panel["kpi"].sum("unit") if "unit" in panel.dims else panel["kpi"]
    actual = kpi.values[shown]
    residuals = np.random.default_rng(5).normal(0, 0.1 * actual.std(), len(actual))
    if outlier:
        residuals[30] = 3 * actual.std()
    return pd.DataFrame({"date": panel["date"].values[shown], "actual": actual, "predicted": actual - residuals})


def validation(passed: bool | None, *, r2: float | None = None, mape: float = 12.0) -> OosValidation:
    """Return a verdict on the holdout; None: it wasn't opened."""
    window = {"n_train": 83, "n_test": 21, "test_start": "2022-08-08", "test_end": "2022-12-26", "thresholds": OOS}
    if passed is None:
        return OosValidation(evaluated=False, passed=False, reason="diagnostics failed", **window)
    r2 = r2 if r2 is not None else (0.6 if passed else 0.1)
    checks: tuple[Check, ...] = oos_checks(r2=r2, mape=mape, wmape=mape, overfitting=0.65 - r2, limits=OOS)
    assert gate_passed(checks) == passed
    return OosValidation(
        evaluated=True, passed=passed, oos_r2=r2, oos_mape=mape, train_r2=0.65, overfitting_index=0.65 - r2,
        checks=checks, **window,
    )  # fmt: skip


def rich_situation(figures: TrainingSummary | None = None, on_folds: FoldEvidence | None = None) -> Situation:
    """Return a situation with something to do for every remedy: a sharp season, an outlier, a weak control."""
    controls = [{"column": "avg_price", "kind": "price", "effect": -0.03},
                {"column": "promotion", "kind": "promotion", "effect": 0.0},
                {"column": "holiday", "kind": "event", "effect": 0.2}]  # fmt: skip
    pairs = {"harmonics": 5, "monthly_season": [0.4, -0.2, 0.1, 0.3, -0.3, 0.2, -0.4, 0.1, 0.3, -0.3, 0.2, -0.4]}
    return situation(figures, outlier=True, on_folds=on_folds, n_periods=208, r2=0.9, controls=controls, **pairs)


def with_step(now: Situation, row: int | None = None) -> Situation:
    """Return a situation whose KPI and residuals step down at a training row, halfway if none is given."""
    n = len(now.series)
    lost = 0.5 * now.series["actual"].mean() * (np.arange(now.panel.sizes["date"]) >= (n // 2 if row is None else row))
    series = now.series.assign(actual=now.series["actual"] - lost[:n])
    return now._replace(panel=now.panel.assign(kpi=now.panel["kpi"] - xr.DataArray(lost, dims="date")), series=series)
