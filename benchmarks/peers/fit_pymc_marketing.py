"""PyMC-Marketing on one data set. Run by the Python of its own environment; needs nothing of this project.

    python fit_pymc_marketing.py fit job.json             CSV in, posterior file written; says one line of JSON
    python fit_pymc_marketing.py contributions job.json   posterior file in, total contributions per draw written

Settings, and where each comes from (version 0.19.2):

    GeometricAdstock(l_max=8), LogisticSaturation(), yearly_seasonality=2, a column `t` that counts the rows
    among the controls                     "MMM Quickstart" in the package's README; priors are the class's own
    nuts_sampler="nutpie"                  its fastest; the default is PyMC's own sampler, which is slower
    target_accept 0.8                      `pymc.sample`'s default, which `fit` leaves alone
    chains, draws, tune                    of the job, so that all tools draw alike; `pymc.sample`'s defaults are
                                           1000 + 1000 and as many chains as cores, between 2 and 4
    dims=("geo",)                          for a panel, as in the docstring of `MMM`
"""

import json
import sys

import numpy as np
import pandas as pd
import pymc_marketing
from pymc_marketing.mmm import GeometricAdstock, LogisticSaturation
from pymc_marketing.mmm.multidimensional import MMM


def read_table(job: dict) -> pd.DataFrame:
    """Return the job's columns with the counter `t`, rows in order of time."""
    panel = [job["panel"]] if job["panel"] else []
    table = pd.read_csv(job["csv"], parse_dates=[job["date"]])
    table = table[[job["date"], *panel, job["target"], *job["channels"], *job["controls"]]]
    table = table.sort_values([*panel, job["date"]]).reset_index(drop=True)
    return table.assign(t=table[job["date"]].rank(method="dense") - 1.0)


def make_model(job: dict) -> MMM:
    """Return the model as it is set at the head of this file, not built yet."""
    return MMM(
        date_column=job["date"],
        target_column=job["target"],
        channel_columns=job["channels"],
        control_columns=[*job["controls"], "t"],
        adstock=GeometricAdstock(l_max=8),
        saturation=LogisticSaturation(),
        yearly_seasonality=2,
        dims=(job["panel"],) if job["panel"] else None,
    )


def fit(job: dict) -> dict:
    """Fit on the rows before `held_out_from` and write the model file. Returns what the file doesn't say."""
    table = read_table(job)
    if job["held_out_from"]:
        table = table[table[job["date"]] < job["held_out_from"]]
    mmm = make_model(job)
    trace = mmm.fit(
        table.drop(columns=job["target"]),
        table[job["target"]],
        nuts_sampler="nutpie",
        chains=job["chains"],
        draws=job["draws"],
        tune=job["tune"],
        random_seed=job["seed"],
        progressbar=False,
    )
    mmm.save(job["posterior"])
    return {
        "sampling_seconds": float(trace.posterior.attrs["sampling_time"]),
        "divergences": int(trace.sample_stats["diverging"].sum()),
        "version": pymc_marketing.__version__,
    }


def contributions(job: dict) -> dict:
    """Write each channel's contribution summed over all rows (chain, draw, channel), in units of the KPI."""
    mmm = MMM.load(job["posterior"])
    mmm.add_original_scale_contribution_variable(var=["channel_contribution"])
    name = "channel_contribution_original_scale"
    rows = mmm.sample_posterior_predictive(
        read_table(job).drop(columns=job["target"]),
        extend_idata=False,
        combined=False,
        var_names=[name],
        progressbar=False,
    )[name]
    totals = rows.sum([d for d in rows.dims if d not in ("chain", "draw", "channel")])
    totals = totals.transpose("chain", "draw", "channel").sel(channel=job["channels"])
    np.save(job["contributions"], totals.values)
    return {}


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as file:
        given = json.load(file)
    print(json.dumps({"fit": fit, "contributions": contributions}[sys.argv[1]](given)))
