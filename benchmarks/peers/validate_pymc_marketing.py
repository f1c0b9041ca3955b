"""A validated fit with PyMC-Marketing: one fit of the training rows, and its cross-validation over time slices of them.

    python validate_pymc_marketing.py job.json     run by the Python of its own environment; says one line of JSON

The model and the sampler are those of `fit_pymc_marketing.py`. The slices (`n_init`, `horizon`) are the job's;
`TimeSliceCrossValidator` fits and predicts each of them, and the held-out rows are predicted by the first fit.
"""

import json
import sys
import time

import pymc_marketing
from fit_pymc_marketing import make_model, read_table
from pymc_marketing.mmm.time_slice_cross_validation import TimeSliceCrossValidator


def validated_fit(job: dict) -> dict:
    """Fit, cross-validate, predict what is held out, write the model file. Returns the seconds of the parts."""
    table = read_table(job)
    training = table[job["date"]] < job["held_out_from"]
    rows, kpi = table.drop(columns=job["target"]), table[job["target"]]
    sampler = {
        "nuts_sampler": "nutpie", "chains": job["chains"], "draws": job["draws"], "tune": job["tune"],
        "random_seed": job["seed"], "progressbar": False,
    }  # fmt: skip
    start = time.monotonic()
    mmm = make_model(job)
    mmm.fit(rows[training], kpi[training], **sampler)
    mmm.sample_posterior_predictive(
        rows[~training], include_last_observations=True, extend_idata=False, progressbar=False
    )
    mmm.save(job["posterior"])
    fitted = time.monotonic()
    slices = TimeSliceCrossValidator(
        n_init=job["n_init"],
        forecast_horizon=job["horizon"],
        date_column=job["date"],
        step_size=job["horizon"],
        sampler_config=sampler,
    )
    folds = slices.run(rows[training], kpi[training], mmm=make_model(job))
    return {
        "main": fitted - start,
        "folds": time.monotonic() - fitted,
        "n_folds": folds["posterior"].sizes["cv"],
        "n_draws": folds["posterior"].sizes["chain"] * folds["posterior"].sizes["draw"],
        "version": pymc_marketing.__version__,
    }


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps(validated_fit(json.load(file))))
