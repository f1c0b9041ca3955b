"""Out-of-sample gate: opens the held-out periods, once diagnostics pass, and records each look at them."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import file_digest, text_digest, write_text
from mmm_builder.judging import scoring
from mmm_builder.judging.checks import gate_passed, oos_checks
from mmm_builder.judging.looks import look_id, record_look
from mmm_builder.judging.tables import SERIES_COLUMNS, empty_series, read_series, series_table, write_table
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.prediction import flat_draws, forecast
from mmm_builder.modelling.traces import read_group
from mmm_builder.panel import read_holdout, read_panel
from mmm_builder.provenance import code_digest
from mmm_builder.reporting.plots import plot_with_holdout
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Look, OosThresholds, OosValidation, TrainingSummary


def validate(
    panel: xr.Dataset,
    holdout: xr.DataArray,
    spec: ModelSpec,
    posterior: xr.Dataset,
    train_r2: float | None,
    thresholds: OosThresholds,
) -> tuple[OosValidation, pd.DataFrame]:
    """Return the verdict on the held-out periods and the predictions of them.

    holdout : KPI (date), summed over units, of the held-out periods; posterior (chain, draw, …). A period whose KPI
    is missing is predicted, not scored.
    """
    design = make_design(panel, spec)
    held_out, actual = ~design.is_training, holdout.values
    expected, predictive = forecast(design, spec, flat_draws(posterior), np.random.default_rng(spec.sampler.seed))
    series = series_table(design.dates[held_out], actual, expected[:, held_out], predictive[:, held_out])
    scored = series["actual"].notna().to_numpy()
    actual, predicted, lower, upper = series.loc[scored, list(SERIES_COLUMNS[1:])].to_numpy().T
    r2, mape, wmape = (f(actual, predicted) for f in (scoring.r2, scoring.mape, scoring.wmape))
    overfitting = None if r2 is None or train_r2 is None else train_r2 - r2
    checks = oos_checks(r2=r2, mape=mape, wmape=wmape, overfitting=overfitting, limits=thresholds)
    verdict = OosValidation(
        evaluated=True,
        passed=gate_passed(checks),
        oos_r2=r2,
        oos_mape=mape,
        oos_rmse=scoring.rmse(actual, predicted),
        train_r2=train_r2,
        overfitting_index=overfitting,
        coverage_80=scoring.coverage(actual, lower, upper),
        crps=scoring.crps(actual, predictive[:, held_out][:, scored]),
        wmape=wmape,
        thresholds=thresholds,
        checks=checks,
        **window(panel),
    )
    return verdict, series


def not_opened(panel: xr.Dataset, summary: TrainingSummary, thresholds: OosThresholds) -> OosValidation:
    """Return the verdict where diagnostics failed: the held-out periods stay closed."""
    failed = ", ".join(c.code for c in summary.checks if c.status in ("fail", "unassessed"))
    reason = f"the diagnostics gate failed ({failed}); the held-out periods were not opened"
    return OosValidation(evaluated=False, passed=False, reason=reason, thresholds=thresholds, **window(panel))


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
    validation: Annotated[Path, "verdict to write (oos_validation.json)"],
    predictions: Annotated[Path, "predictions of the held-out periods to write (oos_predictions.csv)"],
    plot: Annotated[Path, "picture of training rows and holdout to write"],
    ledger: Annotated[Path, "append-only ledger of looks at the holdout"],
    thresholds: Annotated[OosThresholds, "limits of the gate"] = OosThresholds(),
) -> None:
    """Judge one trained model on the held-out periods; they stay closed unless the diagnostics gate passed."""
    data, spec, judged = DataProfile.read(profile), read_spec(config), TrainingSummary.read(summary)
    panel = read_panel(dataset, data)
    verdict, predicted = not_opened(panel, judged, thresholds), empty_series()
    if judged.passed:
        kpi = read_holdout(holdout, data).sum("unit", skipna=False)
        verdict, predicted = validate(panel, kpi, spec, read_group(trace, "posterior"), judged.r2, thresholds)
        record_look(ledger, _look(data, holdout, spec, verdict))
    write_table(predictions, predicted)
    plot_with_holdout(read_series(series), predicted, plot, title=_title(spec, verdict), kpi=data.target_column)
    write_text(validation, verdict.to_json())
    logging.info("holdout %s", "not opened" if not verdict.evaluated else "passed" if verdict.passed else "failed")


def _look(data: DataProfile, holdout: Path, spec: ModelSpec, verdict: OosValidation) -> Look:
    """Return the look that a verdict is: of these data, this held-out KPI, this model and the code that trains it."""
    code = code_digest("model_trainer")
    config_digest = text_digest(spec.model_dump_json(exclude={"changes"}))
    return Look(
        look=look_id(data.source.sha256, file_digest(holdout), config_digest, code),
        iteration=spec.iteration,
        data_sha256=data.source.sha256,
        config_digest=config_digest,
        code_digest=code,
        opened_at=datetime.now(UTC).isoformat(timespec="seconds"),
        passed=verdict.passed,
    )


def _title(spec: ModelSpec, verdict: OosValidation) -> str:
    if not verdict.evaluated:
        return f"Iteration {spec.iteration}: holdout not opened"
    held_out, shown = ("undefined" if r2 is None else f"{r2:.2f}" for r2 in (verdict.oos_r2, verdict.train_r2))
    return f"Iteration {spec.iteration}: held-out R² {held_out}, training R² {shown}"


if __name__ == "__main__":
    hand_over(validate_files, globals().get("snakemake"))
