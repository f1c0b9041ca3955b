"""A validated fit with this project in one process: what its stages do from the file to the written trace.

    python validate_ours.py job.json     says one line of JSON

`twins` of the job: with the media-free twin of every fit, as a training of the workflow has it, or without.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "scripts"))

from config_generator import generate_config  # noqa: E402
from data_analyzer import analyze_file  # noqa: E402
from mmm_builder.modelling import forecasting  # noqa: E402
from mmm_builder.modelling.traces import read_group  # noqa: E402
from model_trainer import train_files  # noqa: E402


def validated_fit(job: dict) -> dict:
    """Profile, configure, and train with the folds. Returns what was fitted."""
    if not job["twins"]:
        forecasting.FORECASTERS = {forecasting.MODEL: forecasting.FORECASTERS[forecasting.MODEL]}
    folder = Path(job["folder"])
    profile, dataset, config = folder / "data_profile.json", folder / "dataset.csv", folder / "config_iter_1.yaml"
    trace = folder / "trace.nc"
    start = time.monotonic()
    analyze_file(
        Path(job["csv"]), output=profile, dataset=dataset, holdout=folder / "holdout_kpi.csv", date=job["date"],
        target=job["target"], channels=tuple(job["channels"]), controls=tuple(job["controls"]),
    )  # fmt: skip
    generate_config(
        config=config, profile=profile, chains=job["chains"], draws=job["draws"], tune=job["tune"], seed=job["seed"]
    )
    train_files(profile=profile, dataset=dataset, config=config, trace=trace, threads=job["cores"])
    seconds = time.monotonic() - start
    posterior, forecasts = read_group(trace, "posterior"), read_group(trace, "forecasts")
    return {
        "all": seconds,
        "n_folds": forecasts.sizes["origin"] - 1,
        "n_draws": posterior.sizes["chain"] * posterior.sizes["draw"],
        "n_train": forecasts.sizes["training_date"],
    }


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps(validated_fit(json.load(file))))
