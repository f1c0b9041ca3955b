"""What tests of the models share: simulated clients in memory, small specs, and one run of the stages on files.

Compilation is most of a fit, so that what can be judged without sampling is (`density`), and fits of data of one
structure share one compiled model (`Compiled`).
"""

import fcntl
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import xarray as xr
from pytensor.compile.mode import Mode

import candidate_screener
import config_generator
import data_analyzer
import diagnostics_checker
import iteration_engine
import model_trainer
import oos_validator
from mmm_builder.data_profile import DataProfile
from mmm_builder.model_parts import ModelParts
from mmm_builder.modelling.design import Design, make_design
from mmm_builder.modelling.drawing import draw
from mmm_builder.modelling.layout import (
    blocks_of,
    follows_data,
    model_data,
    named_draws,
    prior_medians,
    structure,
    variables_of,
)
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.model import build_model
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.prediction import Draws, flat_draws
from mmm_builder.modelling.priors import preset
from mmm_builder.modelling.sampling import Sampled, compiled_density
from mmm_builder.simulation.client_truth import Truth
from mmm_builder.simulation.panel_simulator import simulate_panel
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import Likelihood, ModelSpec, Sampler
from mmm_builder.verdicts import Decision
from profiles import channel, control, data_profile, source

CLIENT = {"n_periods": 104, "n_channels": 2, "r2": 0.75}
"""A small client: two years of weeks, search and social."""

PANEL_COLUMN = "geo"

GATE_RUN = {"chains": 4, "draws": 250, "tune": 300, "seed": 7}
"""Sampling short enough for tests and long enough to pass the diagnostics gate."""


def sampler(**changes: Any) -> Sampler:
    return Sampler(**{"chains": 2, "draws": 50, "tune": 100, "target_accept": 0.9, "seed": 1} | changes)


def profile_of(table: pd.DataFrame, truth: Truth, panel_column: str | None = None) -> DataProfile:
    """Return the profile of a simulated client, with equal shares of spend so that priors are one for all clients."""
    dates = table[truth.date_column].drop_duplicates().dt.strftime("%Y-%m-%d")
    return data_profile(
        source=source(n_rows=len(table)), date_column=truth.date_column, frequency=truth.frequency,
        start=dates.iloc[0], end=dates.iloc[-1], n_periods=len(dates), n_train=truth.n_train,
        train_end=dates.iloc[truth.n_train - 1], target_column=truth.target_column, target_candidates=(),
        channels=tuple(channel(c.column, channel_type=c.channel_type) for c in truth.channels),
        controls=tuple(control(c.column) for c in truth.controls), panel_column=panel_column,
    )  # fmt: skip


def panel_of(table: pd.DataFrame, truth: Truth, panel_column: str | None = None) -> xr.Dataset:
    """Return a simulated client as the panel that the models take, KPI NaN on held-out dates.

    National, that is without the dim unit, if no panel column is given.
    """
    if panel_column is not None:
        names, parts = zip(*table.groupby(panel_column), strict=True)
        units = [panel_of(part, truth) for part in parts]
        stacked = xr.concat([unit.drop_vars("is_training") for unit in units], pd.Index(names, name="unit"))
        return stacked.assign(is_training=units[0]["is_training"])
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


def spec_of(
    table: pd.DataFrame, truth: Truth, model_type: str = "v3", panel_column: str | None = None, **nuts: Any
) -> ModelSpec:
    return config_generator.first_spec(
        profile_of(table, truth, panel_column), model_type=model_type, prior_preset="default", sampler=sampler(**nuts)
    )


def with_noise(spec: ModelSpec, kind: str) -> ModelSpec:
    """Return the spec with another kind of noise, the preset's prior of nu written out where it has one."""
    nu = preset("default").nu if "nu_above_two" in LIKELIHOODS[kind].parameters else None
    return spec.model_copy(update={"likelihood": Likelihood(kind=kind, sigma=spec.likelihood.sigma, nu=nu)})


def small_client(model_type: str = "v3", seed: int = 1, **options: Any) -> tuple[xr.Dataset, ModelSpec, Truth]:
    """Return a national panel, a spec of a model type for it, and what it was made with."""
    table, truth = simulate_client(seed, **(CLIENT | options))
    return panel_of(table, truth), spec_of(table, truth, model_type), truth


def small_panel(
    model_type: str = "v2", seed: int = 1, n_units: int = 3, **options: Any
) -> tuple[xr.Dataset, ModelSpec, dict[str, Truth]]:
    """Return a panel of units, a spec of a model type for it, and what each unit was made with."""
    table, truths = simulate_panel(seed, n_units, unit_column=PANEL_COLUMN, **(CLIENT | options))
    truth = next(iter(truths.values()))
    return panel_of(table, truth, PANEL_COLUMN), spec_of(table, truth, model_type, PANEL_COLUMN), truths


NOT_COMPILED = Mode(linker="py", optimizer=None)
"""PyTensor evaluates a graph as it is written, by the `perform` of each node."""


def density(
    design: Design, spec: ModelSpec, *, slope: bool = False, mode: Mode | str = NOT_COMPILED,
    data: dict[str, np.ndarray] | None = None,
) -> Callable[[np.ndarray], Any]:  # fmt: skip
    """Return the model's log-density of points (size,) on the sampler's scale, Jacobians included.

    slope : return the gradient (size,) in its place; data : what the model is given in place of its own
    """
    model = build_model(design, spec)
    for name, value in (data or {}).items():
        model[name].set_value(value.astype(model[name].dtype))
    # not one sum of all: NumPy adds no more than 32 at once
    found = pt.sum(pt.stack([pt.sum(part) for part in model.logp(sum=False)]))
    if slope:
        found = pt.concatenate([pt.flatten(g) for g in pytensor.grad(found, model.value_vars)])
    function = pytensor.function(model.value_vars, found, mode=mode)
    return lambda point: function(*parts_of(design, spec, point))


def parts_of(design: Design, spec: ModelSpec, point: np.ndarray) -> list[np.ndarray]:
    """Return a point (size,) as the values of the PyMC model's variables."""
    shapes = [v.shape if follows_data(v) else b.entries.shape for v in variables_of(design, spec) for b in blocks_of(v)]
    shapes.append((len(design.units), design.matrix.shape[-1]))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(np.asarray(point, dtype=float), ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


class Compiled:
    """One compiled model, fitted to any data and priors of the same structure."""

    def __init__(self, design: Design, spec: ModelSpec):
        self.structure = structure(design, spec)
        self.density = compiled_density(design, spec)

    def sample(
        self, design: Design, spec: ModelSpec, *, seed: int, chains: int = 4, draws: int = 300, tune: int = 300,
        cores: int = 2,
    ) -> Sampled:  # fmt: skip
        """Return draws by name and the sampler's statistics, as `sampling.sample` does."""
        assert structure(design, spec) == self.structure, "another model than the one that was compiled"
        medians = prior_medians(design, spec)
        drawn = draw(
            self.density.with_data(**model_data(design, spec)),
            lambda rng: medians + rng.uniform(-1.0, 1.0, len(medians)),
            chains=chains, draws=draws, tune=tune, target_accept=0.9, seed=seed, cores=cores,
        )  # fmt: skip
        flat = drawn.values.reshape(-1, drawn.values.shape[-1])
        stats = xr.Dataset({name: (("chain", "draw"), value) for name, value in drawn.statistics.items()})
        return Sampled(named_draws(design, spec, flat), stats, drawn.seconds)

    def posterior(self, design: Design, spec: ModelSpec, *, chains: int = 4, **how: Any) -> xr.Dataset:
        """Return the posterior (chain, draw, …) under the names of the trace."""
        sampled = self.sample(design, spec, chains=chains, **how)
        return named_posterior(design, spec, sampled.draws, chains)

    def draws(self, design: Design, spec: ModelSpec, **how: Any) -> Draws:
        """Return the posterior (sample, …) under the names of the trace."""
        return flat_draws(self.posterior(design, spec, **how))


def run_stages(
    folder: Path, table: pd.DataFrame, model_type: str = "v3", *, iterations: int = 1,
    parts: ModelParts | None = None, **nuts: Any,
) -> Path:  # fmt: skip
    """Run all stages on a client's CSV file, for as many iterations as follow; return the folder with their files.

    The first iteration's files stand in the folder itself, those of iteration N in `iteration_N`.
    """
    table.to_csv(folder / "client.csv", index=False)
    data_analyzer.analyze_file(
        folder / "client.csv", output=folder / "data_profile.json", dataset=folder / "dataset.csv",
        holdout=folder / STAGE_FILES["holdout"],
    )  # fmt: skip
    config_generator.generate_config(
        config=folder / STAGE_FILES["config"], profile=folder / "data_profile.json", model_type=model_type,
        model=parts or ModelParts(), **(GATE_RUN | nuts),
    )  # fmt: skip
    for n in range(1, iterations + 1):
        run_iteration(folder, n, is_last=n == iterations)
        decision = iteration_folder(folder, n) / STAGE_FILES["decision"]
        if n == iterations or Decision.read(decision).action == "stop":
            break
        config_generator.generate_config(
            config=iteration_folder(folder, n + 1) / STAGE_FILES["config"], decision=decision,
            previous=iteration_folder(folder, n) / STAGE_FILES["config"],
        )  # fmt: skip
    return folder


def run_iteration(folder: Path, n: int, is_last: bool) -> None:
    """Train, diagnose, screen, validate and decide one iteration whose configuration is there."""
    data = {"profile": folder / "data_profile.json", "dataset": folder / "dataset.csv"}
    within = iteration_folder(folder, n)
    at = {name: within / file for name, file in STAGE_FILES.items()} | {"holdout": folder / STAGE_FILES["holdout"]}
    of = {name: at[name] for name in ("config", "summary", "folds", "candidates")}
    before = [iteration_folder(folder, k) for k in range(1, n)]
    earlier = {name: tuple(there / STAGE_FILES[name] for there in before) for name in of}
    trained = data | {"config": at["config"], "trace": at["trace"]}
    model_trainer.train_files(**trained, threads=2, progress=within / "progress.json")
    diagnostics_checker.diagnose_files(
        **trained, summary=at["summary"], series=at["series"], folds=at["folds"], report=within / "report.txt",
        plot=within / "fit.png", fold_predictions=within / "fold_predictions.csv", fold_plot=within / "folds.png",
    )  # fmt: skip
    candidate_screener.screen_files(
        **data, **of, series=at["series"], configs=earlier["config"], summaries=earlier["summary"],
        earlier_folds=earlier["folds"], earlier_candidates=earlier["candidates"], is_last=int(is_last),
    )  # fmt: skip
    oos_validator.validate_files(
        **trained, **{name: at[name] for name in ("summary", "folds", "candidates", "series", "holdout")},
        validation=at["validation"], predictions=at["predictions"], plot=within / "oos.png",
        ledger=folder / "holdout_looks.jsonl",
    )  # fmt: skip
    iteration_engine.decide_files(
        **of, validation=at["validation"], decision=at["decision"], summaries=earlier["summary"]
    )


def iteration_folder(folder: Path, n: int) -> Path:
    """Return where the files of an iteration stand."""
    return folder if n == 1 else folder / f"iteration_{n}"


STAGE_FILES = {
    "holdout": "holdout_kpi.csv", "config": "config_iter_1.yaml", "trace": "trace.nc", "summary": "summary.json",
    "series": "predicted_vs_actual_series.csv", "folds": "folds.json", "candidates": "candidates.json",
    "validation": "oos_validation.json", "predictions": "oos_predictions.csv", "decision": "thinking_log.json",
}  # fmt: skip


def shared_stage_run(base: Path, name: str, table: pd.DataFrame, **options: Any) -> Path:
    """Run all stages once below `base`, whatever the number of test processes, and return the folder."""
    folder = base / name
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "finished").exists():
            folder.mkdir(exist_ok=True)
            run_stages(folder, table, **options)
            (folder / "finished").touch()
    return folder


@cache
def compiled(model_type: str) -> Compiled:
    """Return the compiled model of small clients, once per test process."""
    panel, spec, _ = small_client(model_type)
    return Compiled(make_design(panel, spec), spec)
