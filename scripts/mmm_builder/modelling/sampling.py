"""Sampling: nutpie on the CPU, PyMC's numpyro with vectorised chains on the GPU."""

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arviz as az
import pymc as pm

from ..errors import InputError, did_you_mean
from ..files import write_text
from ..spec import Sampler
from .model import PART

POLL_SECONDS = 0.05
FIRST_LOOK_SECONDS = 3.0
"""Sampling is mostly over by then; a look at a running sampler copies its draws."""

Report = Callable[[str, float, float | None], None]
"""Told about phase, share done and seconds left."""


def progress_file(path: Path | None) -> Report:
    """Return a reporter that keeps `progress.json` up to date: phase, share done, seconds left."""

    def report(phase: str, done: float, seconds_left: float | None) -> None:
        if path is not None:
            write_text(path, json.dumps({"phase": phase, "done": round(done, 3), "seconds_left": seconds_left}) + "\n")

    return report


def sample(model: pm.Model, sampler: Sampler, *, device: str, cores: int, report: Report) -> az.InferenceData:
    """Return posterior and sample_stats of a model. The same seed gives the same draws.

    The posterior's attribute `sampling_time` holds the seconds of sampling, without compilation on the CPU.
    Raises InputError if `device` isn't known, or is gpu and JAX sees none.
    """
    if device not in SAMPLERS:
        known = " or ".join(SAMPLERS)
        raise InputError(f"device: {device!r} is not known{did_you_mean(device, SAMPLERS)}; give {known}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        trace = SAMPLERS[device](model, sampler, cores, report)
    names = [v.name for v in model.free_RVs + model.deterministics if PART not in v.name]
    return az.InferenceData(posterior=trace.posterior[names], sample_stats=trace.sample_stats)


def _nutpie(model: pm.Model, sampler: Sampler, cores: int, report: Report) -> az.InferenceData:
    import nutpie

    report("compiling", 0.0, None)
    compiled = nutpie.compile_pymc_model(model)
    report("sampling", 0.0, None)
    start = time.monotonic()
    running = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=min(cores, sampler.chains),
        seed=sampler.seed,
        target_accept=sampler.target_accept,
        progress_bar=False,
        save_warmup=True,
        blocking=False,
    )
    next_look = FIRST_LOOK_SECONDS
    while not _is_finished(running):
        time.sleep(POLL_SECONDS)
        elapsed = time.monotonic() - start
        if elapsed > next_look:
            done = _share_done(running.inspect(), sampler)
            report("sampling", done, elapsed * (1.0 - done) / done if done > 0 else None)
            next_look = 1.5 * elapsed
    trace = running.wait()
    trace.posterior.attrs["sampling_time"] = time.monotonic() - start
    report("sampling", 1.0, 0.0)
    return trace


def _is_finished(running: Any) -> bool:
    """Tell whether a background sampler is done; nutpie answers with a TimeoutError while it isn't."""
    try:
        return running.is_finished
    except TimeoutError:
        return False


def _share_done(trace: az.InferenceData, sampler: Sampler) -> float:
    """Return the share of all iterations, warm-up included, that the chains have behind them."""
    groups = [trace[g] for g in ("warmup_posterior", "posterior") if g in trace.groups()]
    rows = sum(group.sizes.get("draw", 0) * group.sizes.get("chain", 0) for group in groups)
    return min(1.0, rows / (sampler.chains * (sampler.draws + sampler.tune)))


def _numpyro(model: pm.Model, sampler: Sampler, cores: int, report: Report) -> az.InferenceData:
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
    return sample_numpyro(model, sampler)


def sample_numpyro(model: pm.Model, sampler: Sampler) -> az.InferenceData:
    """Sample with numpyro and all chains in one vectorised program, on whatever device JAX has."""
    return pm.sample(
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        target_accept=sampler.target_accept,
        random_seed=sampler.seed,
        model=model,
        nuts_sampler="numpyro",
        nuts_sampler_kwargs={"chain_method": "vectorized"},
        progressbar=False,
        compute_convergence_checks=False,
    )


SAMPLERS = {"cpu": _nutpie, "gpu": _numpyro}
