"""Sampling: nutpie's NUTS on the CPU, PyMC's numpyro with vectorised chains on the GPU."""

import json
import os
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ..errors import InputError, did_you_mean
from ..files import write_text
from ..provenance import SCRIPTS, code_digest
from ..spec import ModelSpec
from .compiled import Density, Report, load_or_compile
from .design import Design
from .drawing import draw
from .layout import joined_draws, model_data, named_draws, prior_medians, structure

FOLDER_VARIABLE = "MMM_BUILDER_COMPILED"
"""Environment variable: folder of compiled models in place of `.cache/compiled` beside `scripts/`; empty keeps none."""


def progress_file(path: Path | None) -> Report:
    """Return a reporter that keeps `progress.json` up to date: phase, share done, seconds left."""

    def report(phase: str, done: float, seconds_left: float | None) -> None:
        if path is not None:
            write_text(path, json.dumps({"phase": phase, "done": round(done, 3), "seconds_left": seconds_left}) + "\n")

    return report


class Sampled(NamedTuple):
    """Draws by name (chain · draw, …), see `layout.named_draws`; statistics (chain, draw); seconds of sampling."""

    draws: dict[str, np.ndarray]
    stats: xr.Dataset
    seconds: float


def sample(design: Design, spec: ModelSpec, *, device: str, cores: int, report: Report) -> Sampled:
    """Sample the posterior of a model. The same seed gives the same draws.

    Raises InputError if `device` isn't known, or is gpu and JAX sees none.
    """
    if device not in SAMPLERS:
        known = " or ".join(SAMPLERS)
        raise InputError(f"device: {device!r} is not known{did_you_mean(device, SAMPLERS)}; give {known}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        return SAMPLERS[device](design, spec, cores, report)


def compiled_density(design: Design, spec: ModelSpec, report: Report = lambda *_: None) -> Density:
    """Return the model's log-density as machine code, bound to its data; kept for later fits of the same structure."""
    key = structure(design, spec) + code_digest("mmm_builder/modelling/model")

    def build() -> Any:
        from .model import build_model

        return build_model(design, spec)

    folder = os.environ.get(FOLDER_VARIABLE, str(SCRIPTS.parent / ".cache" / "compiled"))
    return load_or_compile(key, build, model_data(design, spec), Path(folder) if folder else None, report)


def _nuts(design: Design, spec: ModelSpec, cores: int, report: Report) -> Sampled:
    sampler, medians = spec.sampler, prior_medians(design, spec)
    drawn = draw(
        compiled_density(design, spec, report),
        lambda rng: medians + rng.uniform(-1.0, 1.0, len(medians)),
        chains=sampler.chains,
        draws=sampler.draws,
        tune=sampler.tune,
        target_accept=sampler.target_accept,
        seed=sampler.seed,
        cores=cores,
        report=report,
    )
    values = drawn.values.reshape(-1, drawn.values.shape[-1])
    stats = xr.Dataset({name: (("chain", "draw"), value) for name, value in drawn.statistics.items()})
    return Sampled(named_draws(design, spec, values), stats, drawn.seconds)


def _numpyro(design: Design, spec: ModelSpec, cores: int, report: Report) -> Sampled:
    try:
        import jax
    except ModuleNotFoundError:
        raise InputError(
            "device: gpu was asked for, but JAX is not installed; train in the environment of envs/train_gpu.yaml, "
            "or set device: cpu"
        ) from None
    if jax.default_backend() != "gpu":
        raise InputError(
            f"device: gpu was asked for, but JAX sees only {jax.default_backend()!r}; install CUDA-enabled JAX "
            "(envs/train_gpu.yaml) on a machine with a GPU, or set device: cpu"
        )
    report("sampling", 0.0, None)
    return sample_numpyro(design, spec)


def sample_numpyro(design: Design, spec: ModelSpec) -> Sampled:
    """Sample with numpyro and all chains in one vectorised program, on whatever device JAX has."""
    import pymc as pm

    from .graphs import register_jax
    from .model import build_model

    sampler = spec.sampler
    register_jax()
    start = time.monotonic()
    trace = pm.sample(
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        target_accept=sampler.target_accept,
        random_seed=sampler.seed,
        model=build_model(design, spec),
        nuts_sampler="numpyro",
        nuts_sampler_kwargs={"chain_method": "vectorized"},
        progressbar=False,
        compute_convergence_checks=False,
    )
    flat = {name: v.values.reshape(-1, *v.shape[2:]) for name, v in trace.posterior.data_vars.items()}
    return Sampled(joined_draws(design, spec, flat), trace.sample_stats, time.monotonic() - start)


SAMPLERS = {"cpu": _nuts, "gpu": _numpyro}
