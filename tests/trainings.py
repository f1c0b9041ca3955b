"""What tests of the models share: simulated clients in memory, small specs, and one run of the stages on files.

Compilation is most of a fit, so that what can be judged without sampling is (`fast_logp`), and fits of data of one
shape share one compiled model (`Compiled`).
"""

import dataclasses
import fcntl
from functools import cache
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import nutpie
import pandas as pd
import pymc as pm
import xarray as xr

import config_generator
import data_analyzer
import diagnostics_checker
import iteration_engine
import model_trainer
import oos_validator
from mmm_builder.data_profile import DataProfile
from mmm_builder.modelling.design import Design, make_design, make_projection
from mmm_builder.modelling.model import ROTATED, build_model
from mmm_builder.modelling.parameters import channel_parameters, channel_priors, likelihood_priors
from mmm_builder.modelling.prediction import Draws, flat_draws, linear_coefficients, media_effect
from mmm_builder.modelling.priors import frozen, preset
from mmm_builder.simulation.client_truth import Truth
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import Likelihood, ModelSpec, Sampler
from profiles import channel, control, data_profile, source

CLIENT = {"n_periods": 104, "n_channels": 2, "r2": 0.75}
"""A small client: two years of weeks, search and social."""

GATE_RUN = {"chains": 4, "draws": 250, "tune": 300, "seed": 7}
"""Sampling short enough for tests and long enough to pass the diagnostics gate."""


def sampler(**changes: Any) -> Sampler:
    return Sampler(**{"chains": 2, "draws": 50, "tune": 100, "target_accept": 0.9, "seed": 1} | changes)


def profile_of(table: pd.DataFrame, truth: Truth) -> DataProfile:
    """Return the profile of a simulated client, with equal shares of spend so that priors are one for all clients."""
    dates = table[truth.date_column].dt.strftime("%Y-%m-%d")
    return data_profile(
        source=source(n_rows=len(table)), date_column=truth.date_column, frequency=truth.frequency,
        start=dates.iloc[0], end=dates.iloc[-1], n_periods=len(table), n_train=truth.n_train,
        train_end=dates.iloc[truth.n_train - 1], target_column=truth.target_column, target_candidates=(),
        channels=tuple(channel(c.column, channel_type=c.channel_type) for c in truth.channels),
        controls=tuple(control(c.column) for c in truth.controls),
    )  # fmt: skip


def panel_of(table: pd.DataFrame, truth: Truth) -> xr.Dataset:
    """Return a simulated client as the national panel that the models take, KPI NaN on held-out dates."""
    is_training = np.arange(len(table)) < truth.n_train
    channels, controls = [c.column for c in truth.channels], [c.column for c in truth.controls]
    return xr.Dataset(
        {
            "kpi": (("date",), np.where(is_training, table[truth.target_column].to_numpy(float), np.nan)),
            "spend": (("date", "channel"), table[channels].to_numpy(float)),
            "controls": (("date", "control"), table[controls].to_numpy(float).reshape(len(table), len(controls))),
            "is_training": (("date",), is_training),
        },
        coords={"date": table[truth.date_column].to_numpy(), "channel": channels, "control": controls},
    )


def spec_of(table: pd.DataFrame, truth: Truth, model_type: str = "v3", **nuts: Any) -> ModelSpec:
    return config_generator.first_spec(
        profile_of(table, truth), model_type=model_type, prior_preset="default", sampler=sampler(**nuts)
    )


def with_noise(spec: ModelSpec, kind: str) -> ModelSpec:
    """Return the spec with another kind of noise, the preset's prior of nu written out."""
    nu = preset("default").nu
    return spec.model_copy(update={"likelihood": Likelihood(kind=kind, sigma=spec.likelihood.sigma, nu=nu)})


def small_client(model_type: str = "v3", seed: int = 1, **options: Any) -> tuple[xr.Dataset, ModelSpec, Truth]:
    table, truth = simulate_client(seed, **(CLIENT | options))
    return panel_of(table, truth), spec_of(table, truth, model_type), truth


def fast_logp(model: pm.Model, **how: Any):
    """Return a log-density of values on the sampler's scale that takes no time to compile."""
    return model.compile_logp(mode="FAST_COMPILE", **how)


def prior_draws(design: Design, spec: ModelSpec, n: int, rng: np.random.Generator) -> Draws:
    """Return draws (sample, …) of every parameter from its prior, in units of the KPI's scale."""
    draws = {
        name: np.stack([frozen(p).rvs(n, random_state=rng) for p in channel_priors(spec, name)], axis=1)
        for name in channel_parameters(spec)
    }
    draws |= {name: frozen(p).rvs(n, random_state=rng) for name, p in likelihood_priors(spec).items()}
    for term in design.terms:
        values = np.stack([frozen(p).rvs(n, random_state=rng) for p in term.priors], axis=1)
        draws[term.variable] = values[:, 0] if term.dim is None else values
    return draws


class Compiled:
    """One compiled model, fitted to any data of the same shape and priors."""

    def __init__(self, design: Design, spec: ModelSpec):
        self.spec, self.scale = spec, make_projection(design).scale
        model = build_model(design, spec)
        self.names = [v.name for v in model.free_RVs]
        self.compiled = nutpie.compile_pymc_model(model)

    def fit(self, design: Design, *, seed: int, chains: int = 4, draws: int = 300, cores: int = 2) -> az.InferenceData:
        projection = make_projection(design)
        data = design.media | {
            "q": projection.q, "q_training": projection.q_training, "r_inverse": projection.r_inverse,
            "offset": projection.offset, "weight": design.weight, "kpi_scaled": design.kpi_scaled,
        }  # fmt: skip
        return nutpie.sample(
            self.compiled.with_data(**data), draws=draws, tune=300, chains=chains, cores=cores, seed=seed,
            target_accept=0.9, progress_bar=False, save_warmup=False,
        )  # fmt: skip

    def draws(self, design: Design, **how: Any) -> Draws:
        """Return the posterior (sample, …) with the coefficients of the linear terms by name."""
        draws = flat_draws(self.fit(design, **how).posterior[self.names])
        # the scale of the coordinates is a constant of the compiled model; any value is exact
        projection = dataclasses.replace(make_projection(design), scale=self.scale)
        return draws | linear_coefficients(design, projection, draws.pop(ROTATED), media_effect(design, draws))


def run_stages(folder: Path, table: pd.DataFrame, model_type: str = "v3", **nuts: Any) -> Path:
    """Run all stages of one iteration on a client's CSV file; return the folder with their files."""
    table.to_csv(folder / "client.csv", index=False)
    data = {"profile": folder / "data_profile.json", "dataset": folder / "dataset.csv"}
    at = {name: folder / file for name, file in STAGE_FILES.items()}
    data_analyzer.analyze_file(
        folder / "client.csv", output=data["profile"], dataset=data["dataset"], holdout=at["holdout"]
    )
    config_generator.generate_config(
        config=at["config"], profile=data["profile"], model_type=model_type, **(GATE_RUN | nuts)
    )
    trained = data | {"config": at["config"], "trace": at["trace"]}
    model_trainer.train_files(**trained, threads=2, progress=folder / "progress.json")
    fit = {"summary": at["summary"], "series": at["series"]}
    diagnostics_checker.diagnose_files(**trained, **fit, report=folder / "report.txt", plot=folder / "fit.png")
    oos_validator.validate_files(
        **trained, **fit, holdout=at["holdout"], validation=at["validation"], predictions=at["predictions"],
        plot=folder / "oos.png", ledger=folder / "holdout_looks.jsonl",
    )  # fmt: skip
    iteration_engine.decide_files(
        **data, **fit, config=at["config"], validation=at["validation"], decision=at["decision"]
    )
    return folder


STAGE_FILES = {
    "holdout": "holdout_kpi.csv", "config": "config_iter_1.yaml", "trace": "trace.nc", "summary": "summary.json",
    "series": "predicted_vs_actual_series.csv", "validation": "oos_validation.json",
    "predictions": "oos_predictions.csv", "decision": "thinking_log.json",
}  # fmt: skip


def shared_stage_run(base: Path, name: str, table: pd.DataFrame) -> Path:
    """Run all stages once below `base`, whatever the number of test processes, and return the folder."""
    folder = base / name
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / STAGE_FILES["decision"]).exists():
            folder.mkdir(exist_ok=True)
            run_stages(folder, table)
    return folder


@cache
def compiled(model_type: str) -> Compiled:
    """Return the compiled model of small clients, once per test process."""
    panel, spec, _ = small_client(model_type)
    return Compiled(make_design(panel, spec), spec)
