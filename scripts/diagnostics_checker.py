"""Diagnostics gate: has the sampler converged, and does the model fit the training rows within the band."""

import json
import logging
from pathlib import Path
from typing import Annotated, Any

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import write_text
from mmm_builder.judging import scoring
from mmm_builder.judging.checks import (
    band_checks,
    contraction_checks,
    convergence_checks,
    gate_passed,
    prior_check,
    residual_checks,
    spread_check,
)
from mmm_builder.judging.tables import series_table, write_table
from mmm_builder.modelling.design import make_design, observed_kpi
from mmm_builder.modelling.prediction import flat_draws, forecast
from mmm_builder.modelling.prior_predictive import LEVELS, PriorPredictive, summarise_prior
from mmm_builder.modelling.traces import read_attributes, read_group
from mmm_builder.panel import read_panel
from mmm_builder.reporting.plots import plot_predicted_vs_actual
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import ConvergenceThresholds, TrainingSummary


def diagnose(
    panel: xr.Dataset,
    spec: ModelSpec,
    posterior: xr.Dataset,
    sample_stats: xr.Dataset,
    thresholds: ConvergenceThresholds,
    prior: PriorPredictive | None = None,
) -> tuple[TrainingSummary, pd.DataFrame]:
    """Return the verdict on one trained model and its fit of the training rows.

    posterior (chain, draw, …); prior : what the spec's priors say of the KPI, if it is at hand. The table has date,
    actual, predicted, lower_80, upper_80 in the KPI's own units. Only training rows are looked at.
    """
    design = make_design(panel, spec)
    shown = design.is_training
    actual = observed_kpi(design)[shown]
    expected, predictive = forecast(design, spec, flat_draws(posterior), np.random.default_rng(spec.sampler.seed))
    series = series_table(design.dates[shown], actual, expected[:, shown], predictive[:, shown])
    predicted = series["predicted"].to_numpy()
    r2 = scoring.r2(actual, predicted)
    checks = (
        *convergence_checks(posterior, sample_stats, thresholds),
        *band_checks(r2, thresholds),
        *residual_checks(design.dates[shown], actual - predicted),
        spread_check(actual, predicted, (series["upper_80"] - series["lower_80"]).to_numpy()),
        *contraction_checks(posterior, spec),
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


def prior_of(panel: xr.Dataset, spec: ModelSpec) -> PriorPredictive:
    """Return what the spec's priors say of the training rows' KPI."""
    return summarise_prior(make_design(panel, spec), spec, np.random.default_rng(spec.sampler.seed))


def diagnostics_text(summary: TrainingSummary, posterior: xr.Dataset, prior: PriorPredictive) -> str:
    """Return the verdict, what the prior said of the KPI, and a table of all parameters, for people."""
    lines = [f"Diagnostics gate: {'passed' if summary.passed else 'failed'} ({summary.n_train} training rows)", ""]
    for check in summary.checks:
        value = "not computed" if check.value is None else f"{check.value:.4g}"
        subject = f"  {check.subject}" if check.subject else ""
        reason = f"  ({check.reason})" if check.reason else ""
        lines.append(f"{check.status:<11}{check.code:<26}{value:>12}  limit {check.limit:g}{subject}{reason}")
    table = az.summary(posterior, hdi_prob=0.8, round_to=3)
    lines += ["", f"Prior predictive ({prior.negative:.0%} of the KPI below zero)", "", prior_table(prior).to_string()]
    return "\n".join([*lines, "", "Posterior (units: see the configuration's head)", "", table.to_string(), ""])


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
    thresholds: Annotated[ConvergenceThresholds, "limits of the gate"] = ConvergenceThresholds(),
) -> None:
    """Judge one trained model on its training rows: R-hat, effective sample size, divergences, R² band, residuals."""
    spec, posterior, attributes = read_spec(config), read_group(trace, "posterior"), read_attributes(trace)
    data = DataProfile.read(profile)
    panel = read_panel(dataset, data)
    prior = prior_of(panel, spec)
    verdict, fit = diagnose(panel, spec, posterior, read_group(trace, "sample_stats"), thresholds, prior)
    verdict = verdict.model_copy(update=_of_training(attributes))
    write_table(series, fit)
    r2 = "undefined" if verdict.r2 is None else f"{verdict.r2:.2f}"
    plot_predicted_vs_actual(fit, plot, title=f"Training rows, iteration {spec.iteration}: R² {r2}")
    write_text(report, diagnostics_text(verdict, posterior, prior))
    write_text(summary, verdict.to_json())
    logging.info("diagnostics %s", "passed" if verdict.passed else "failed")


if __name__ == "__main__":
    hand_over(diagnose_files, globals().get("snakemake"))
