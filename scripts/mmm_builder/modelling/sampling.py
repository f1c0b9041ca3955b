"""Sampling: nutpie's NUTS on the CPU, numpyro's with all chains in one program on the GPU."""

import json
import os
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
from .drawing import Draws, draw
from .layout import model_data, named_draws, prior_medians, structure

FOLDER_VARIABLE = "MMM_BUILDER_COMPILED"
"""Environment variable: folder of compiled models in place of `.cache/compiled` beside `scripts/`; empty keeps none."""


JAX_ENVIRONMENT = {
    # the same seed gives the same draws; XLA knows this flag, an unknown one would end the process
    "XLA_FLAGS": "--xla_gpu_deterministic_ops=true",
    # JAX takes three quarters of a GPU's memory at once otherwise, also of one that others use
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}
"""Set before JAX starts, where nobody has set them."""

FLOAT_TYPES = ("float64", "float32")


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


def sample(
    design: Design,
    spec: ModelSpec,
    *,
    device: str,
    cores: int,
    report: Report,
    n_rows: int | None = None,
    float_type: str = "float64",
) -> Sampled:
    """Sample the posterior of a model. The same seed gives the same draws.

    n_rows : rows of the longest of several fits, so that they share one program on the GPU; the CPU needs no such thing
    float_type : `float64`, or on the GPU `float32`
    Raises InputError if `device` or `float_type` isn't known, or the device is gpu and JAX sees none.
    """
    for name, given, known in (("device", device, SAMPLERS), ("float_type", float_type, FLOAT_TYPES)):
        if given not in known:
            raise InputError(f"{name}: {given!r} is not known{did_you_mean(given, known)}; give {' or '.join(known)}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        return SAMPLERS[device](design, spec, cores=cores, report=report, n_rows=n_rows, float_type=float_type)


def compiled_density(design: Design, spec: ModelSpec, report: Report = lambda *_: None) -> Density:
    """Return the model's log-density as machine code, bound to its data; kept for later fits of the same structure."""
    key = structure(design, spec) + code_digest("mmm_builder/modelling/model")

    def build() -> Any:
        from .model import build_model

        return build_model(design, spec)

    folder = os.environ.get(FOLDER_VARIABLE, str(SCRIPTS.parent / ".cache" / "compiled"))
    return load_or_compile(key, build, model_data(design, spec), Path(folder) if folder else None, report)


def _nuts(
    design: Design, spec: ModelSpec, *, cores: int, report: Report, n_rows: int | None, float_type: str
) -> Sampled:
    """Sample with nuts-rs; sizes of compiled code follow the data, so that `n_rows` changes nothing."""
    if float_type != "float64":
        raise InputError(f"float_type: {float_type} goes with device: gpu only; the CPU path computes in float64")
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
    return _named(design, spec, drawn)


def _named(design: Design, spec: ModelSpec, drawn: Draws) -> Sampled:
    values = drawn.values.reshape(-1, drawn.values.shape[-1])
    stats = xr.Dataset({name: (("chain", "draw"), value) for name, value in drawn.statistics.items()})
    return Sampled(named_draws(design, spec, values), stats, drawn.seconds)


def _on_gpu(design: Design, spec: ModelSpec, **how: Any) -> Sampled:
    for name, value in JAX_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
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
    return sample_jax(design, spec, **how)


def sample_jax(
    design: Design, spec: ModelSpec, *, cores: int, report: Report, n_rows: int | None, float_type: str
) -> Sampled:
    """Sample with all chains in one program on whatever device JAX has, which takes the cores that it finds."""
    from .jax_sampling import draw_vectorized

    return _named(design, spec, draw_vectorized(design, spec, n_rows=n_rows, float_type=float_type, report=report))


SAMPLERS = {"cpu": _nuts, "gpu": _on_gpu}
