"""Out-of-sample gate: opens the held-out periods, once diagnostics pass, and records each look at them."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_builder.candidates import Candidates
from mmm_builder.config_files import fingerprint, read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.evidence import EvidenceSettings
from mmm_builder.files import file_digest, write_text
from mmm_builder.judging import scoring
from mmm_builder.judging.bootstrap import score_intervals
from mmm_builder.judging.chance import Series, chance_pass_probability, tried
from mmm_builder.judging.checks import gate_passed, oos_checks
from mmm_builder.judging.ledgers import opening_id
from mmm_builder.judging.looks import read_looks, record_look
from mmm_builder.judging.media import PAIRS, SHOWN_LEVEL, media_evidence, pair_adds
from mmm_builder.judging.tables import SERIES_COLUMNS, empty_series, read_series, series_table, write_table
from mmm_builder.judging.twins import forecast_table, twin_scores
from mmm_builder.modelling.design import make_design, observed_kpi
from mmm_builder.modelling.folds import HOLDOUT, MODEL
from mmm_builder.modelling.prediction import flat_draws, forecast
from mmm_builder.modelling.traces import read_group
from mmm_builder.panel import read_holdout, read_panel
from mmm_builder.provenance import code_digest
from mmm_builder.reporting.plots import plot_with_holdout
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import (
    ConvergenceThresholds,
    FoldEvidence,
    Look,
    OosThresholds,
    OosValidation,
    TrainingSummary,
)


def validate(
    panel: xr.Dataset,
    holdout: xr.DataArray,
    spec: ModelSpec,
    posterior: xr.Dataset,
    forecasts: xr.Dataset,
    summary: TrainingSummary,
    folds: FoldEvidence,
    *,
    thresholds: OosThresholds,
    convergence: ConvergenceThresholds,
    evidence: EvidenceSettings,
    other_looks: Sequence[Look],
) -> tuple[OosValidation, pd.DataFrame]:
    """Return the verdict on the held-out periods and the predictions of them.

    holdout : KPI (date), summed over units, of the held-out periods; posterior (chain, draw, …); forecasts : group of
    the trace. other_looks : all on record but this one. A period whose KPI is missing is predicted, not scored.
    """
    design = make_design(panel, spec)
    shown, held_out, actual = design.is_training, ~design.is_training, holdout.values
    expected, predictive = forecast(design, spec, flat_draws(posterior), np.random.default_rng(spec.sampler.seed))
    series = series_table(design.dates[held_out], actual, expected[:, held_out], predictive[:, held_out])
    scored = series["actual"].notna().to_numpy()
    figures = _figures(series[scored], _kept(forecasts)[:, scored], summary.r2)
    checks = oos_checks(
        r2=figures["oos_r2"],
        mape=figures["oos_mape"],
        wmape=figures["wmape"],
        overfitting=figures["overfitting_index"],
        limits=thresholds,
    )
    residuals = observed_kpi(design)[shown] - expected[:, shown].mean(axis=0)
    held = window(panel)
    here = (held["test_start"], held["test_end"])
    same_rows = [look.predicted if (look.test_start, look.test_end) == here else () for look in other_looks]
    looks = tried(
        [*(look.train_r2 for look in other_looks), summary.r2],
        [*same_rows, tuple(series["predicted"])],
        convergence.r2_min,
    )
    verdict = OosValidation(
        evaluated=True,
        passed=gate_passed(checks),
        **figures,
        thresholds=thresholds,
        checks=checks,
        chance_pass_probability=chance_pass_probability(
            looks,
            _series_of(observed_kpi(design)[shown], residuals, int(scored.sum())),
            evidence.doubtful_r2,
            thresholds,
            spec.sampler.seed,
        ),
        doubtful_r2=evidence.doubtful_r2,
        holdout_looks=len(other_looks) + 1,
        folds=folds.folds,
        **_beside_twins(panel, forecasts, actual, evidence),
        **held,
    )
    return verdict, series


def _figures(scored: pd.DataFrame, predictive: np.ndarray, train_r2: float | None) -> dict[str, Any]:
    """Return the scores of the held-out rows; predictive : (sample, row) of these, the draws that twins have too."""
    actual, predicted, lower, upper = scored[list(SERIES_COLUMNS[1:])].to_numpy().T
    r2 = scoring.r2(actual, predicted)
    r2_interval, mape_interval = score_intervals(actual, predicted, SHOWN_LEVEL)
    return {
        "oos_r2": r2,
        "oos_mape": scoring.mape(actual, predicted),
        "oos_rmse": scoring.rmse(actual, predicted),
        "wmape": scoring.wmape(actual, predicted),
        "train_r2": train_r2,
        "overfitting_index": None if r2 is None or train_r2 is None else train_r2 - r2,
        "coverage_80": scoring.coverage(actual, lower, upper),
        "crps": scoring.crps(actual, predictive),
        "oos_r2_interval": r2_interval,
        "oos_mape_interval": mape_interval,
    }


def _kept(forecasts: xr.Dataset) -> np.ndarray:
    """Return the model's draws (sample, row) of the held-out rows that are kept beside those of its twins."""
    held_out = forecasts["origin_of_date"].values == HOLDOUT
    return forecasts["predictive"].sel(forecaster=MODEL).values[:, held_out]


def _series_of(kpi: np.ndarray, residuals: np.ndarray, n_test: int) -> Series:
    """Return what chance is simulated with, from the KPI (row,) of training rows and what the model left of it."""
    level, sd, phi = float(kpi.mean()), float(kpi.std()), scoring.lag_correlation(residuals)
    return Series(n_test, level, sd, 0.0 if np.isnan(phi) else phi, has_zeros=not np.all(kpi))


def _beside_twins(
    panel: xr.Dataset, forecasts: xr.Dataset, held_out: np.ndarray, evidence: EvidenceSettings
) -> dict[str, Any]:
    """Return the twins' scores over the held-out rows, and what media add over them, alone and beside the folds'."""
    table, gain_min = forecast_table(panel, forecasts, held_out), evidence.media_gain_min
    alone = table[table["fold"] == HOLDOUT]
    rows = "holdout" if len(alone) == len(table) else "folds and holdout"
    return {
        "twins": twin_scores(forecasts, alone),
        **media_evidence(forecasts, table, gain_min=gain_min, rows=rows),
        "media_adds_holdout": pair_adds(forecasts, alone, PAIRS["media_adds"], gain_min=gain_min, rows="holdout"),
    }


def not_opened(
    panel: xr.Dataset, folds: FoldEvidence, reason: str, thresholds: OosThresholds, looks: Sequence[Look]
) -> OosValidation:
    """Return the verdict where the held-out periods stay closed: what the folds say, and the looks so far."""
    return OosValidation(
        evaluated=False,
        passed=False,
        reason=reason,
        thresholds=thresholds,
        holdout_looks=len(looks),
        folds=folds.folds,
        media_adds=folds.media_adds,
        media_adds_known_ahead=folds.media_adds_known_ahead,
        **window(panel),
    )


def why_closed(summary: TrainingSummary, candidates: Candidates, is_on_record: bool = False) -> str | None:
    """Return why the held-out periods stay closed, None if they may be opened: whatever else, diagnostics come first.

    is_on_record : whether this very look was taken already, so that there is nothing left to keep closed
    """
    if summary.passed and (candidates.opens or is_on_record):
        return None
    failed = ", ".join(c.code for c in summary.checks if c.status in ("fail", "unassessed"))
    contradiction = f"the diagnostics gate failed ({failed}); the held-out periods were not opened"
    return contradiction if candidates.opens else candidates.opening_reason


def window(panel: xr.Dataset) -> dict[str, Any]:
    """Return size and dates of the held-out window."""
    held_out = panel["date"].values[~panel["is_training"].values]
    return {
        "n_train": int(panel["is_training"].sum()),
        "n_test": len(held_out),
        "test_start": str(held_out[0])[:10],
        "test_end": str(held_out[-1])[:10],
    }


def validate_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    holdout: Annotated[Path, "KPI of the held-out periods (holdout_kpi.csv)"],
    config: Annotated[Path, "the configuration that was trained"],
    trace: Annotated[Path, "its trace (trace.nc)"],
    summary: Annotated[Path, "verdict of the diagnostics gate (summary.json)"],
    series: Annotated[Path, "fit of the training rows (predicted_vs_actual_series.csv)"],
    folds: Annotated[Path, "verdict of the rolling folds (folds.json)"],
    candidates: Annotated[Path, "what could follow, and whether the holdout is to be opened (candidates.json)"],
    validation: Annotated[Path, "verdict to write (oos_validation.json)"],
    predictions: Annotated[Path, "predictions of the held-out periods to write (oos_predictions.csv)"],
    plot: Annotated[Path, "picture of training rows and holdout to write"],
    ledger: Annotated[Path, "append-only ledger of looks at the holdout"],
    thresholds: Annotated[OosThresholds, "limits of the gate"] = OosThresholds(),
    convergence: Annotated[ConvergenceThresholds, "limits of the gate before"] = ConvergenceThresholds(),
    evidence: Annotated[EvidenceSettings, "what stands beside the gate"] = EvidenceSettings(),
) -> None:
    """Judge one trained model on the held-out periods; they stay closed unless diagnostics and folds let them open.

    A look that is on record is shown as long as diagnostics pass, whatever the budget or the policy say by now.
    """
    data, spec, judged = DataProfile.read(profile), read_spec(config), TrainingSummary.read(summary)
    panel, of_folds, looks = read_panel(dataset, data), FoldEvidence.read(folds), read_looks(ledger)
    mark = _mark(data, holdout, spec)
    others = [look for look in looks if look.look != mark["look"]]
    closed = why_closed(judged, Candidates.read(candidates), is_on_record=len(others) < len(looks))
    if closed:
        verdict, predicted = not_opened(panel, of_folds, closed, thresholds, looks), empty_series()
    else:
        kpi = read_holdout(holdout, data).sum("unit", skipna=False)
        verdict, predicted = validate(
            panel, kpi, spec, read_group(trace, "posterior"), read_group(trace, "forecasts"), judged, of_folds,
            thresholds=thresholds, convergence=convergence, evidence=evidence, other_looks=others,
        )  # fmt: skip
        found = {"passed": verdict.passed, "train_r2": judged.r2, "predicted": tuple(predicted["predicted"])}
        record_look(ledger, Look(**mark, **found, test_start=verdict.test_start, test_end=verdict.test_end))
    write_table(predictions, predicted)
    plot_with_holdout(read_series(series), predicted, plot, title=_title(spec, verdict), kpi=data.target_column)
    write_text(validation, verdict.to_json())
    logging.info("holdout %s", "not opened" if not verdict.evaluated else "passed" if verdict.passed else "failed")


def _mark(data: DataProfile, holdout: Path, spec: ModelSpec) -> dict[str, Any]:
    """Return what makes a look distinct: these data, this held-out KPI, this model and the code that trains it."""
    code = code_digest("model_trainer")
    return {
        "look": opening_id(data.source.sha256, file_digest(holdout), spec, code),
        "iteration": spec.iteration,
        "data_sha256": data.source.sha256,
        "config_digest": fingerprint(spec),
        "code_digest": code,
        "opened_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _title(spec: ModelSpec, verdict: OosValidation) -> str:
    if not verdict.evaluated:
        return f"Iteration {spec.iteration}: holdout not opened"
    held_out, shown = ("undefined" if r2 is None else f"{r2:.2f}" for r2 in (verdict.oos_r2, verdict.train_r2))
    return f"Iteration {spec.iteration}: held-out R² {held_out}, training R² {shown}"


if __name__ == "__main__":
    hand_over(validate_files, globals().get("snakemake"))
