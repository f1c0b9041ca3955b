"""The rolling folds' verdict: what the model and its twins forecast from inside the training rows, and what came."""

import math

import numpy as np
import pandas as pd
import xarray as xr

from ..evidence import EvidenceSettings, FoldScore
from ..modelling.folds import MODEL
from ..verdicts import Check, FoldEvidence, OosThresholds
from . import scoring
from .checks import gate_passed, oos_checks
from .media import media_evidence
from .twins import forecast_table, kpi_of_rows, of_folds, scores, twin_scores

FOLD_COLUMNS = ("date", "fold", "actual", "predicted", "lower_80", "upper_80", "media_free", "seasonal_naive")

CODES = {"oos_r2": "fold_r2", "oos_mape": "fold_mape", "overfitting_index": "fold_overfitting"}
"""Codes of the folds' checks by those of the holdout's, whose limits they have."""


RHAT_LIMIT = 1.05
"""R-hat of what a fold's model expects above which its scores are to be looked at."""

DIVERGENT_SHARE = 0.01
"""Share of a fold's draws that may diverge before its scores are to be looked at."""


def fold_evidence(
    panel: xr.Dataset,
    forecasts: xr.Dataset,
    limits: OosThresholds,
    settings: EvidenceSettings,
    unknown_ahead: tuple[str, ...] = (),
) -> tuple[FoldEvidence, pd.DataFrame]:
    """Return the verdict of the rolling folds and a table of their forecasts (FOLD_COLUMNS), the KPI's own units.

    panel : kpi (date) or (date, unit), NaN on held-out dates; forecasts : see `forecasting.forecast_all`
    """
    table = of_folds(forecast_table(panel, forecasts))
    shown = table[list(FOLD_COLUMNS)].reset_index(drop=True)
    if table["actual"].notna().sum() == 0:
        return _no_folds(int(panel["is_training"].sum()), limits, unknown_ahead), shown
    folds = tuple(_fold(panel, forecasts, rows) for _, rows in table.groupby("fold"))
    pooled = scores(forecasts, table)
    fits = [fold.train_r2 for fold in folds if fold.train_r2 is not None]
    train_r2 = float(np.mean(fits)) if fits else None
    overfitting = None if train_r2 is None or pooled.r2 is None else train_r2 - pooled.r2
    checks = (*fold_checks(pooled.r2, pooled.mape, pooled.wmape, overfitting, limits), sampling_check(folds))
    evidence = FoldEvidence(
        folds=folds,
        pooled=pooled,
        train_r2=train_r2,
        overfitting_index=overfitting,
        twins=twin_scores(forecasts, table),
        **media_evidence(forecasts, table, gain_min=settings.media_gain_min, rows="folds"),
        unknown_ahead=unknown_ahead,
        thresholds=limits,
        checks=checks,
        passed=gate_passed(checks),
    )
    return evidence, shown


def fold_checks(
    r2: float | None, mape: float | None, wmape: float | None, overfitting: float | None, limits: OosThresholds
) -> tuple[Check, ...]:
    """Check pooled figures of the folds against the limits of the holdout."""
    checks = oos_checks(r2=r2, mape=mape, wmape=wmape, overfitting=overfitting, limits=limits)
    return tuple(check.model_copy(update={"code": CODES[check.code]}) for check in checks)


def sampling_check(folds: tuple[FoldScore, ...]) -> Check:
    """Check how the folds' fits of the model were sampled: `review` beyond a limit on R-hat or divergences.

    The value is R-hat: of the fold with the largest; where divergences alone are too many, of the one with most.
    """
    worst = max(folds, key=lambda f: math.inf if f.worst_rhat is None else f.worst_rhat)
    diverged = max(folds, key=lambda f: f.divergences / f.draws)
    reason = None
    if worst.worst_rhat is None or worst.worst_rhat > RHAT_LIMIT:
        reason = "its chains disagree about the forecast, or are too short to tell"
    elif diverged.divergences > DIVERGENT_SHARE * diverged.draws:
        worst, reason = diverged, f"{diverged.divergences} of {diverged.draws} draws diverged"
    told = {"value": worst.worst_rhat, "limit": RHAT_LIMIT, "subject": f"fold {worst.number}", "reason": reason}
    return Check(code="fold_sampling", status="review" if reason else "pass", **told)


def _fold(panel: xr.Dataset, forecasts: xr.Dataset, rows: pd.DataFrame) -> FoldScore:
    """Return the scores of one fold; rows : of the table of forecasts."""
    number, n_train = int(rows["fold"].iloc[0]), int(rows["row"].iloc[0])
    fitted = forecasts["fitted"].sel(origin=number).values[:n_train]
    fit = forecasts[["divergences", "draws", "worst_rhat"]].sel(forecaster=MODEL, origin=number)
    rhat = float(fit["worst_rhat"])
    return FoldScore(
        **scores(forecasts, rows).model_dump(),
        number=number,
        train_end=str(panel["date"].values[n_train - 1])[:10],
        test_end=str(rows["date"].iloc[-1])[:10],
        n_train=n_train,
        n_test=len(rows),
        train_r2=scoring.r2(kpi_of_rows(panel)[:n_train], fitted),
        divergences=int(fit["divergences"]),
        draws=int(fit["draws"]),
        worst_rhat=rhat if math.isfinite(rhat) else None,
    )


def _no_folds(n_train: int, limits: OosThresholds, unknown_ahead: tuple[str, ...]) -> FoldEvidence:
    reason = f"{n_train} training rows are too few for rolling folds"
    checks = fold_checks(None, None, None, None, limits)
    return FoldEvidence(
        folds=(), pooled=None, train_r2=None, overfitting_index=None, twins=None, media_adds=None,
        media_adds_known_ahead=None, unknown_ahead=unknown_ahead, thresholds=limits,
        checks=tuple(c.model_copy(update={"reason": reason}) for c in checks), passed=False, reason=reason,
    )  # fmt: skip
