"""Diagnostics gate: has the sampler converged, does the model fit the training rows; and what the rolling folds say."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.evidence import EvidenceSettings, TwinScores
from mmm_builder.files import write_text
from mmm_builder.judging import scoring
from mmm_builder.judging.attribution import attribution_of, baseline_check, collinearity_checks, share_checks
from mmm_builder.judging.checks import (
    band_checks,
    contraction_checks,
    convergence_checks,
    gate_passed,
    prior_check,
    residual_checks,
    spread_check,
)
from mmm_builder.judging.folds import fold_evidence
from mmm_builder.judging.residuals import break_check, season_check
from mmm_builder.judging.tables import series_table, write_table
from mmm_builder.judging.twins import season_length
from mmm_builder.modelling.design import Design, make_design, observed_kpi
from mmm_builder.modelling.prediction import Draws, flat_draws, forecast
from mmm_builder.modelling.prior_predictive import LEVELS, PriorPredictive, summarise_prior
from mmm_builder.modelling.traces import read_attributes, read_group
from mmm_builder.panel import read_panel
from mmm_builder.percentages import percent
from mmm_builder.reporting.fold_plots import plot_folds
from mmm_builder.reporting.plots import plot_predicted_vs_actual
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Check, ConvergenceThresholds, FoldEvidence, OosThresholds, TrainingSummary


def diagnose(
    panel: xr.Dataset,
    spec: ModelSpec,
    posterior: xr.Dataset,
    sample_stats: xr.Dataset,
    thresholds: ConvergenceThresholds,
    prior: PriorPredictive | None = None,
    spend_shares: Mapping[str, float] | None = None,
) -> tuple[TrainingSummary, pd.DataFrame]:
    """Return the verdict on one trained model and its fit of the training rows.

    posterior (chain, draw, …); prior : what the spec's priors say of the KPI, if it is at hand; spend_shares : by
    channel, of those measured in money. The table has date, actual, predicted, lower_80, upper_80 in the KPI's own
    units. Only training rows are looked at.
    """
    design = make_design(panel, spec)
    shown, draws = design.is_training, flat_draws(posterior)
    expected, predictive = forecast(design, spec, draws, np.random.default_rng(spec.sampler.seed))
    actual = observed_kpi(design)[shown]
    series = series_table(design.dates[shown], actual, expected[:, shown], predictive[:, shown])
    predicted = series["predicted"].to_numpy()
    r2 = scoring.r2(actual, predicted)
    checks = (
        *convergence_checks(posterior, sample_stats, thresholds),
        *band_checks(r2, thresholds),
        *_residual_checks(series, season_length(design.dates)),
        *contraction_checks(posterior, spec),
        *_media_checks(design, spec, draws, expected[:, shown], spend_shares or {}),
        prior_check(prior or prior_of(panel, spec)),
    )
    value = {c.code: c.value for c in checks}
    summary = TrainingSummary(
        worst_rhat=value["worst_rhat"],
        min_ess=value["min_ess"],
        divergences=None if value["divergences"] is None else int(value["divergences"]),
        r2=r2,
        mape=scoring.mape(actual, predicted),
        wmape=scoring.wmape(actual, predicted),
        n_train=int(shown.sum()),
        thresholds=thresholds,
        checks=checks,
        passed=gate_passed(checks),
        training_seconds=None,
        sampling_seconds=None,
    )
    return summary, series


def _residual_checks(series: pd.DataFrame, season: int) -> list[Check]:
    """Return all checks of the training residuals; season : rows of a year, 1 where it can't have a pattern."""
    dates, actual, predicted = (series[name].to_numpy() for name in ("date", "actual", "predicted"))
    return [
        *residual_checks(dates, actual - predicted),
        *([season_check(actual - predicted, season)] if season > 1 else []),
        break_check(dates, actual - predicted),
        spread_check(actual, predicted, (series["upper_80"] - series["lower_80"]).to_numpy()),
    ]


def _media_checks(
    design: Design, spec: ModelSpec, draws: Draws, expected: np.ndarray, spend_shares: Mapping[str, float]
) -> list[Check]:
    """Return all checks of what the model says of media; expected : (sample, row) of the training rows."""
    shown, media = design.is_training, attribution_of(design, spec, draws)
    return [
        baseline_check(design.dates[shown], observed_kpi(design)[shown], expected, media.by_draw),
        *collinearity_checks(design, spec, draws),
        *share_checks(design.channels, media.by_channel, spend_shares),
    ]


def prior_of(panel: xr.Dataset, spec: ModelSpec) -> PriorPredictive:
    """Return what the spec's priors say of the training rows' KPI."""
    return summarise_prior(make_design(panel, spec), spec, np.random.default_rng(spec.sampler.seed))


def diagnostics_text(
    summary: TrainingSummary, posterior: xr.Dataset, prior: PriorPredictive, folds: FoldEvidence
) -> str:
    """Return the verdict, the folds beside the twins, what the prior says of the KPI and all parameters, for people."""
    lines = [f"Diagnostics gate: {'passed' if summary.passed else 'failed'} ({summary.n_train} training rows)", ""]
    lines += [_check_line(check) for check in summary.checks]
    lines += ["", f"Rolling folds inside the training rows: {'passed' if folds.passed else 'failed'}", ""]
    lines += [_check_line(check) for check in folds.checks]
    lines += ["", *_fold_lines(folds)] if folds.folds else []
    table = az.summary(posterior, hdi_prob=0.8, round_to=3)
    lines += [
        "",
        f"Prior predictive ({percent(prior.negative)} of the KPI below zero)",
        "",
        prior_table(prior).to_string(),
    ]
    return "\n".join([*lines, "", "Posterior (units: see the configuration's head)", "", table.to_string(), ""])


def _check_line(check: Check) -> str:
    value = "not computed" if check.value is None else f"{check.value:.4g}"
    subject = f"  {check.subject}" if check.subject else ""
    reason = f"  ({check.reason})" if check.reason else ""
    return f"{check.status:<11}{check.code:<32}{value:>12}  limit {check.limit:g}{subject}{reason}"


def _fold_lines(folds: FoldEvidence) -> list[str]:
    """Return the scores of every fold and of all together, those of the twins beside them, and what media add."""
    scores = {f"fold {f.number}, {f.n_test} rows to {f.test_end}": f for f in folds.folds} | {"all folds": folds.pooled}
    columns = ["r2", "mape", "wmape", "crps", "coverage_80", "bias_share", "variance_share", "shape_share"]
    rows = {name: {c: getattr(found, c) for c in columns} for name, found in scores.items()}
    for name in ("media_free", "seasonal_naive"):
        twin: TwinScores = getattr(folds.twins, name)
        rows[name] = {"r2": twin.oos_r2, "mape": twin.oos_mape, "crps": twin.crps}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float)
    lines = [table.to_string(float_format="{:.4g}".format, na_rep=""), ""]
    for text, found in (("", folds.media_adds), (" (controls known ahead only)", folds.media_adds_known_ahead)):
        if found and found.crps_gain is not None:
            ends = (
                f", 80 % interval {percent(found.lower_80, 1)} to {percent(found.upper_80, 1)}"
                if found.lower_80 is not None
                else ""
            )
            gain = percent(found.crps_gain, 1)
            lines.append(f"media adds{text}: {found.verdict}; gain in CRPS over media_free {gain}{ends}")
    return lines


def prior_table(prior: PriorPredictive) -> pd.DataFrame:
    """Return quantiles of what the prior says: the KPI's mean over the training rows, and media's part of it."""
    rows = {"mean of the KPI": prior.mean, "share_of_media": prior.media_share}
    columns = [f"{level:.0%}" for level in LEVELS]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).map(lambda value: f"{value:.4g}")


def _of_training(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return what the trace says of its own making: seconds and the versions of packages."""
    times = {k: float(attributes[k]) for k in ("training_seconds", "sampling_seconds") if k in attributes}
    return {**times, "versions": json.loads(attributes.get("versions", "{}"))}


def diagnose_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    config: Annotated[Path, "the configuration that was trained"],
    trace: Annotated[Path, "its trace (trace.nc)"],
    summary: Annotated[Path, "verdict to write (summary.json)"],
    report: Annotated[Path, "the same for people (diagnostics_summary.txt)"],
    series: Annotated[Path, "fit of the training rows to write (predicted_vs_actual_series.csv)"],
    plot: Annotated[Path, "picture of the fit (predicted_vs_actual.png)"],
    folds: Annotated[Path, "verdict of the rolling folds to write (folds.json)"],
    fold_predictions: Annotated[Path, "forecasts of the folds to write (fold_predictions.csv)"],
    fold_plot: Annotated[Path, "picture of them (fold_predictions.png)"],
    thresholds: Annotated[ConvergenceThresholds, "limits of the gate"] = ConvergenceThresholds(),
    fold_thresholds: Annotated[OosThresholds, "limits of the holdout, which the folds have too"] = OosThresholds(),
    evidence: Annotated[EvidenceSettings, "what counts as media adding to the forecast"] = EvidenceSettings(),
) -> None:
    """Judge one trained model on its training rows: convergence, R² band, residuals, attribution, and rolling folds."""
    spec, posterior, attributes = read_spec(config), read_group(trace, "posterior"), read_attributes(trace)
    data = DataProfile.read(profile)
    panel = read_panel(dataset, data)
    prior = prior_of(panel, spec)
    shares = {c.column: c.share_of_spend for c in data.channels if c.share_of_spend is not None}
    verdict, fit = diagnose(panel, spec, posterior, read_group(trace, "sample_stats"), thresholds, prior, shares)
    verdict = verdict.model_copy(update=_of_training(attributes))
    write_table(series, fit)
    r2 = "undefined" if verdict.r2 is None else f"{verdict.r2:.2f}"
    plot_predicted_vs_actual(fit, plot, title=f"Training rows, iteration {spec.iteration}: R² {r2}")
    forecasts = read_group(trace, "forecasts")
    found, table = fold_evidence(panel, forecasts, fold_thresholds, evidence, data.unknown_ahead)
    write_table(fold_predictions, table)
    plot_folds(fit, table, fold_plot, title=_fold_title(spec, found), kpi=data.target_column)
    write_text(report, diagnostics_text(verdict, posterior, prior, found))
    write_text(folds, found.to_json())
    write_text(summary, verdict.to_json())
    passed = ["passed" if one else "failed" for one in (verdict.passed, found.passed)]
    logging.info("diagnostics %s, folds %s", *passed)


def _fold_title(spec: ModelSpec, folds: FoldEvidence) -> str:
    if folds.pooled is None:
        return f"Iteration {spec.iteration}: {folds.reason}"
    r2 = "undefined" if folds.pooled.r2 is None else f"{folds.pooled.r2:.2f}"
    return f"Iteration {spec.iteration}: rolling folds inside the training rows, R² {r2}"


if __name__ == "__main__":
    hand_over(diagnose_files, globals().get("snakemake"))
