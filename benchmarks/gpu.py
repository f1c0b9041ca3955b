"""Compares training on a GPU with training on the processor's cores.

    python benchmarks/gpu.py                     # national 208 × 15 and a panel of 200 × 156 × 8, on both
    python benchmarks/gpu.py --agreement         # every model type under JAX beside nutpie; needs no GPU
    python benchmarks/gpu.py --agreement --float-type float32

In the first form every fit is a process of its own, so that imports and compilation count; where JAX sees no GPU it
says so and ends. The figures of docs/gpu.md are what this prints.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # this process looks at the GPU that others fit on
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

UNIT = "geo"


class Problem(NamedTuple):
    """A simulated client or panel, the type of its model, and whether a whole training is timed too."""

    model_type: str
    weeks: int
    channels: int
    units: int = 1
    whole: bool = False

    def __str__(self) -> str:
        """Return model type, units, weeks and channels."""
        return f"{self.model_type}, {f'{self.units} × ' if self.units > 1 else ''}{self.weeks} × {self.channels}"


LARGE = (Problem("v3", 208, 15, whole=True), Problem("v2", 156, 8, units=200))
"""What a GPU is measured on."""

TYPES = (
    *(Problem(name, 104, 3) for name in ("v3", "v3_proper", "simple", "v1", "v2")),
    Problem("v2", 104, 2, units=3),
)
"""Every model type, small: for the agreement of the two paths."""

PATHS = {"cpu": "nutpie, cores", "gpu": "numpyro, GPU"}


class Fit(NamedTuple):
    """What one fit took and found.

    found : of `found_of`
    seconds : of the process, imports and compilation included; sampling : warm-up included; training : with folds and
    twins, None where it wasn't timed; megabytes : peak of the process; on_gpu : peak on the GPU, None without one
    """

    found: dict[str, Any]
    divergences: int
    seconds: float
    sampling: float
    training: float | None
    megabytes: float
    on_gpu: float | None


# --- one fit ---------------------------------------------------------------------------------------------------------


def simulated(problem: Problem, draws: int) -> tuple[xr.Dataset, Any]:
    """Return panel and spec of a problem, read from a file as a client's data are."""
    from data_analyzer import analyze_file
    from mmm_builder.data_profile import DataProfile
    from mmm_builder.modelling.first_spec import first_spec
    from mmm_builder.panel import read_panel
    from mmm_builder.simulation.panel_simulator import simulate_panel
    from mmm_builder.simulation.simulator import simulate_client
    from mmm_builder.spec import Sampler

    size = {"n_periods": problem.weeks, "n_channels": problem.channels}
    if problem.units > 1:
        table, _ = simulate_panel(1, problem.units, unit_column=UNIT, **size)
    else:
        table, _ = simulate_client(1, **size)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table.to_csv(folder / "client.csv", index=False)
        analyze_file(folder / "client.csv", output=folder / "profile.json", dataset=folder / "dataset.csv",
                     holdout=folder / "holdout.csv")  # fmt: skip
        profile = DataProfile.read(folder / "profile.json")
        panel = read_panel(folder / "dataset.csv", profile)
    sampler = Sampler(chains=4, draws=draws, tune=draws, target_accept=0.9, seed=1)
    return panel, first_spec(profile, model_type=problem.model_type, prior_preset="default", sampler=sampler)


def fit(problem: Problem, path: str, draws: int, float_type: str, began: float) -> Fit:
    """Fit a problem on one of PATHS in this process; began : time.time() when the process was asked for."""
    panel, spec = simulated(problem, draws)
    from mmm_builder.modelling.design import make_design
    from mmm_builder.modelling.posterior import named_posterior
    from mmm_builder.modelling.sampling import sample

    design = make_design(panel, spec)
    how = {"device": path, "cores": os.cpu_count() or 1, "float_type": float_type, "report": lambda *_: None}
    sampled = sample(design, spec, **how)
    seconds = time.time() - began
    return Fit(
        found=found_of(named_posterior(design, spec, sampled.draws, spec.sampler.chains)),
        divergences=int(sampled.stats["diverging"].sum()), seconds=seconds, sampling=sampled.seconds,
        training=whole_training(panel, spec, how) if problem.whole else None,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6,
        on_gpu=gpu_megabytes() if path == "gpu" else None,
    )  # fmt: skip


def whole_training(panel: xr.Dataset, spec: Any, how: dict[str, Any]) -> float:
    """Return the seconds of a training with its folds and twins, the program of the first fit being there."""
    from model_trainer import train

    began = time.monotonic()
    train(panel, spec, **how)
    return time.monotonic() - began


def found_of(posterior: xr.Dataset) -> dict[str, Any]:
    """Return means, standard deviations, their Monte Carlo errors, worst R-hat and least ESS of a posterior."""
    import arviz as az

    table = az.summary(posterior, kind="all", round_to="none")
    table = table[table["sd"] > 0]
    columns = {"means": "mean", "mean_errors": "mcse_mean", "sds": "sd", "sd_errors": "mcse_sd"}
    return {name: table[column].to_dict() for name, column in columns.items()} | {
        "worst_rhat": float(table["r_hat"].max()), "min_ess": float(table["ess_bulk"].min())
    }  # fmt: skip


def gpu_megabytes() -> float:
    import jax

    return jax.local_devices()[0].memory_stats()["peak_bytes_in_use"] / 1e6


# --- comparing -------------------------------------------------------------------------------------------------------


def z_scores(one: dict[str, Any], other: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return by how many Monte Carlo errors the posterior means, and standard deviations, of two fits differ.

    one, other : of `found_of`
    """
    pairs = []
    for values, errors in (("means", "mean_errors"), ("sds", "sd_errors")):
        a, b, e, f = (x[n] for n in (values, errors) for x in (one, other))
        pairs.append(np.array([(a[n] - b[n]) / np.hypot(e[n], f[n]) for n in a]))
    return pairs[0], pairs[1]


def z_cells(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Return four cells: how many figures, the largest |z| of a mean and of a standard deviation, means beyond 2."""
    of_means, of_sds = (np.abs(z) for z in z_scores(one, other))
    return f"{len(of_means)} | {of_means.max():.1f} | {of_sds.max():.1f} | {np.mean(of_means > 2):.0%}"


def apart(problem: Problem, path: str, draws: int, float_type: str) -> Fit:
    """Fit in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(fit, problem, path, draws, float_type, time.time()).result()


Z_TITLES = "figures | largest z of a mean | of an sd | means beyond 2"


def compared(problems: Iterable[Problem], draws: int, float_type: str) -> Iterable[str]:
    """Yield the rows of a table: each problem fitted on the cores and on the GPU."""
    yield (
        "| model | path | s, whole process | s, sampling | s, training with folds and twins | min ESS | ESS per s | "
        f"worst R-hat | divergent | MB | MB on the GPU | {Z_TITLES} |"
    )
    yield "|---" * 15 + "|"
    for problem in problems:
        cpu, gpu = apart(problem, "cpu", draws, "float64"), apart(problem, "gpu", draws, float_type)
        yield row(problem, "cpu", cpu, "| | |")
        yield row(problem, "gpu", gpu, z_cells(cpu.found, gpu.found))


def agreements(problems: Iterable[Problem], draws: int, float_type: str) -> Iterable[str]:
    """Yield the rows of a table: each problem fitted by nutpie and under JAX, in this process."""
    from mmm_builder.modelling.design import make_design
    from mmm_builder.modelling.posterior import named_posterior
    from mmm_builder.modelling.sampling import sample, sample_jax

    yield (
        f"| model | {Z_TITLES} | worst R-hat, nutpie and JAX | min ESS | divergent | CPU s of the JAX program's "
        "making | s of its sampling | s of nutpie's |"
    )
    yield "|---" * 11 + "|"
    for problem in problems:
        panel, spec = simulated(problem, draws)
        design, how = make_design(panel, spec), {"cores": os.cpu_count() or 1, "report": lambda *_: None}
        nutpie = sample(design, spec, device="cpu", **how)
        began = time.process_time()
        under_jax = sample_jax(design, spec, n_rows=None, float_type=float_type, **how)
        both, whole = (nutpie, under_jax), time.process_time() - began
        one, other = (found_of(named_posterior(design, spec, x.draws, spec.sampler.chains)) for x in both)
        yield (
            f"| {problem} | {z_cells(one, other)} | {one['worst_rhat']:.3f}, {other['worst_rhat']:.3f} | "
            f"{one['min_ess']:.0f}, {other['min_ess']:.0f} | "
            f"{', '.join(str(int(x.stats['diverging'].sum())) for x in both)} | {whole:.1f} | {under_jax.seconds:.1f} "
            f"| {nutpie.seconds:.1f} |"
        )


def row(problem: Problem, path: str, fit: Fit, agreement: str) -> str:
    training = "" if fit.training is None else f"{fit.training:.0f}"
    on_gpu = "" if fit.on_gpu is None else f"{fit.on_gpu:.0f}"
    ess, rhat = fit.found["min_ess"], fit.found["worst_rhat"]
    return (
        f"| {problem} | {PATHS[path]} | {fit.seconds:.1f} | {fit.sampling:.1f} | {training} | {ess:.0f} | "
        f"{ess / fit.sampling:.0f} | {rhat:.3f} | {fit.divergences} | {fit.megabytes:.0f} | {on_gpu} | {agreement} |"
    )


def gpu_line() -> str | None:
    """Return why no GPU can be measured, None if one can."""
    try:
        import jax
    except ModuleNotFoundError:
        return "JAX is not installed: nothing is measured; install CUDA-enabled JAX (envs/train_gpu.yaml)"
    if jax.default_backend() != "gpu":
        return f"JAX sees no GPU, only {jax.default_backend()!r}: nothing is measured"
    return None


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agreement", action="store_true", help="every model type under JAX, on whatever it has")
    parser.add_argument("--draws", type=int, default=1000, metavar="N", help="per chain, after as many of warm-up")
    parser.add_argument("--float-type", choices=("float64", "float32"), default="float64", help="of the JAX path")
    given = parser.parse_args(argv)
    if not given.agreement and (missing := gpu_line()):
        print(missing)
        return 0
    print(json.dumps({"cores": os.cpu_count(), "draws": given.draws, "float_type": given.float_type}))
    table, problems = (agreements, TYPES) if given.agreement else (compared, LARGE)
    for line in table(problems, given.draws, given.float_type):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
