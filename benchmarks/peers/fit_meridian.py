"""Google Meridian on one data set. Run by the Python of its own environment; needs nothing of this project.

    python fit_meridian.py fit job.json             CSV in, posterior file written; says one line of JSON
    python fit_meridian.py contributions job.json   posterior file in, total contributions per draw written

Settings, and where each comes from (version 2.1.0):

    ModelSpec()                            all defaults of the class: 8 lags, Hill, one knot for national data (so
                                           neither trend nor season), one knot a period for a panel, ROI priors
    kpi_type "revenue"                     where KPI and spend are in the same money; else "non_revenue", for which
                                           the default is a prior on what all media add together
    media = spend                          where no impressions are at hand
    controls that are the same in all units of a panel left out
                                           as its error message asks for with one knot a period
    sample_posterior(n_chains, n_adapt, n_burnin, n_keep)
                                           has no defaults; the guide "Run the model" takes 7 chains of 1000 + 500 +
                                           1000 and says that n_burnin=0 usually suffices. Here the job's chains and
                                           draws, all of its warm-up as n_adapt
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import arviz as az
import meridian
import numpy as np
import pandas as pd
from meridian.analysis.analyzer import Analyzer
from meridian.data.data_frame_input_data_builder import DataFrameInputDataBuilder
from meridian.model.model import Meridian
from meridian.model.spec import DateRange, HoldoutSpec, ModelSpec


def make_model(job: dict, trace: az.InferenceData | None = None) -> Meridian:
    """Return the model of the job's data, the KPI from `held_out_from` on left out of the likelihood."""
    table = pd.read_csv(job["csv"])
    table[job["date"]] = pd.to_datetime(table[job["date"]]).dt.strftime("%Y-%m-%d")
    builder = DataFrameInputDataBuilder(
        kpi_type="revenue" if job["kpi_is_money"] else "non_revenue",
        default_kpi_column=job["target"],
        default_time_column=job["date"],
        default_media_time_column=job["date"],
        **({"default_geo_column": job["panel"]} if job["panel"] else {}),
    )
    builder = builder.with_kpi(table).with_media(table, job["channels"], job["channels"], job["channels"])
    controls = job["controls"]
    if job["panel"]:
        by_date = table.groupby(job["date"])[controls]
        controls = [c for c in controls if (by_date.max() > by_date.min())[c].any()]
    if controls:
        builder = builder.with_controls(table, controls)
    if job["panel"]:
        builder = builder.with_population(table)
    spec = ModelSpec()
    if job["held_out_from"]:
        spec = ModelSpec(holdout=HoldoutSpec(spec=[DateRange(job["held_out_from"], table[job["date"]].max())]))
    return Meridian(builder.build(), spec, trace)


def fit(job: dict) -> dict:
    """Fit and write the posterior. Sampling includes compilation, which happens inside of it."""
    model = make_model(job)
    start = time.monotonic()
    model.sample_posterior(
        n_chains=job["chains"],
        n_adapt=job["tune"],
        n_burnin=0,
        n_keep=job["draws"],
        seed=job["seed"],
    )
    seconds = time.monotonic() - start
    trace = model.inference_data
    trace.to_netcdf(job["posterior"])
    return {
        "sampling_seconds": seconds,
        "divergences": int(trace.sample_stats["diverging"].sum()),
        "version": meridian.__version__,
    }


def contributions(job: dict) -> dict:
    """Write each channel's contribution summed over all rows (chain, draw, channel), in units of the KPI."""
    model = make_model(job, az.from_netcdf(job["posterior"]))
    totals = Analyzer(model).incremental_outcome(use_kpi=not job["kpi_is_money"])
    order = [list(model.input_data.media_channel.values).index(c) for c in job["channels"]]
    np.save(job["contributions"], np.asarray(totals)[..., order])
    return {}


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as file:
        given = json.load(file)
    print(json.dumps({"fit": fit, "contributions": contributions}[sys.argv[1]](given)))
