"""One fit with one tool, in processes of its own, and what it took; the same for every tool.

This project is called by its command lines only, and its trace is read by the names it documents, so that a
comparison outlives changes behind them. The others are called by the scripts beside this file.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
OURS = "mmm-model-builder"
CORES = 4
LIMIT = 3600.0
"""Seconds after which a process is given up."""

PEERS: dict[str, tuple[str, str]] = {
    "PyMC-Marketing": ("pymc_marketing", "fit_pymc_marketing.py"),
    "Meridian": ("meridian", "fit_meridian.py"),
}
"""Folder of its environment under .venv/peers, and script beside this file."""

TIME_DIMS = {"date", "time", "media_time"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One data set to fit, and how. `panel` and `held_out_from` (ISO date) are None where there are none."""

    csv: str
    date: str
    target: str
    channels: tuple[str, ...]
    controls: tuple[str, ...]
    panel: str | None = None
    held_out_from: str | None = None
    kpi_is_money: bool = True
    chains: int = 4
    draws: int = 1000
    tune: int = 1000
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What one fit took and gave; None where a tool doesn't say.

    seconds : of its processes, one after another, from start to end; importing : the part spent on imports
    cpu : seconds on all cores together
    training, training_importing : the same of the process that samples
    ess_contributions : least bulk ESS of a channel's total contribution; ess_parameters : of all else but series
    gradients : evaluations of all chains, warm-up included; terms : linear coefficients of the model
    """

    seconds: float
    cpu: float
    importing: float
    training: float
    training_importing: float
    sampling: float
    megabytes: float
    divergences: int
    version: str
    ess_contributions: float = float("nan")
    ess_parameters: float = float("nan")
    gradients: float | None = None
    terms: int | None = None
    rows: int | None = None


class FailedError(Exception):
    """A process ended badly; holds its last line."""


@dataclass(frozen=True)
class Use:
    """What one process, with all it started, took; `said` is its standard output."""

    seconds: float
    cpu: float
    importing: float
    megabytes: float
    said: str


# --- processes -------------------------------------------------------------------------------------------------------


def timed(
    python: Path, *arguments: str | Path, flags: dict[str, str] | None = None, accepted: Sequence[int] = (0,)
) -> Use:
    """Run a program under Python's own clock of imports. Raises FailedError with the last line said if it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTENSOR_FLAGS"} | {"OMP_NUM_THREADS": "1"}
    command = [str(python), "-X", "importtime", *map(str, arguments)]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, env=environment | (flags or {}), stdout=said, stderr=errors)
        clock = threading.Timer(LIMIT, process.kill)
        clock.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        clock.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        errors.seek(0)
        output, log = said.read().decode(errors="replace"), errors.read().decode(errors="replace")
    if process.returncode not in accepted:
        raise FailedError(last_line(log) or last_line(output) or f"ended with {process.returncode}")
    megabytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    return Use(seconds, usage.ru_utime + usage.ru_stime, import_seconds(log), megabytes, output)


def import_seconds(log: str) -> float:
    """Return the seconds that `-X importtime` counted, over all modules, whenever they were imported."""
    return sum(int(own) for own in re.findall(r"^import time:\s+(\d+) \|", log, re.MULTILINE)) / 1e6


def last_line(log: str) -> str:
    """Return the last line that isn't about imports."""
    lines = [line for line in log.splitlines() if line.strip() and not line.startswith("import time:")]
    return lines[-1].strip() if lines else ""


def python_of(tool: str) -> Path:
    """Return the Python that a tool runs in."""
    return Path(sys.executable) if tool == OURS else ROOT / ".venv" / "peers" / PEERS[tool][0] / "bin" / "python"


def is_installed(tool: str) -> bool:
    """Tell whether a tool's environment is complete: make leaves a stamp beside it."""
    return tool == OURS or python_of(tool).parent.parent.with_suffix(".stamp").is_file()


# --- fits ------------------------------------------------------------------------------------------------------------


def fit(tool: str, job: Job, folder: Path) -> Fit:
    """Fit a job in fresh processes and judge its draws in another. Raises FailedError with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    if tool == OURS:
        return _fit_ours(job, folder)
    script = HERE / PEERS[tool][1]
    given = asdict(job) | {"posterior": str(folder / "posterior.nc"), "contributions": str(folder / "totals.npy")}
    file = folder / "job.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    use = timed(python_of(tool), script, "fit", file)
    timed(python_of(tool), script, "contributions", file)
    said = json.loads(use.said.strip().splitlines()[-1])
    found = Fit(
        seconds=use.seconds,
        cpu=use.cpu,
        importing=use.importing,
        training=use.seconds,
        training_importing=use.importing,
        sampling=said["sampling_seconds"],
        megabytes=use.megabytes,
        divergences=said["divergences"],
        version=said["version"],
    )
    return judged(found, folder, tool)


def _fit_ours(job: Job, folder: Path) -> Fit:
    scripts, flags = ROOT / "scripts", {"PYTENSOR_FLAGS": "cxx="}
    profile, dataset = folder / "data_profile.json", folder / "dataset.csv"
    config, trace = folder / "config_iter_1.yaml", folder / "posterior.nc"
    panel = ["--panel", job.panel] if job.panel else []
    uses = [
        timed(
            Path(sys.executable), scripts / "data_analyzer.py", job.csv, "--output", profile, "--dataset", dataset,
            "--holdout", folder / "holdout_kpi.csv", "--date", job.date, "--target", job.target,
            "--channels", ",".join(job.channels), "--controls", ",".join(job.controls), *panel, flags=flags,
        ),
        timed(
            Path(sys.executable), scripts / "config_generator.py", "--profile", profile, "--config", config,
            "--chains", str(job.chains), "--draws", str(job.draws), "--tune", str(job.tune), "--seed", str(job.seed),
            *(["--model-type", "v2"] if job.panel else []), flags=flags,
        ),
        timed(
            Path(sys.executable), scripts / "model_trainer.py", "--profile", profile, "--dataset", dataset,
            "--config", config, "--trace", trace, "--threads", str(CORES), flags=flags,
        ),
    ]  # fmt: skip
    found = Fit(
        seconds=sum(u.seconds for u in uses),
        cpu=sum(u.cpu for u in uses),
        importing=sum(u.importing for u in uses),
        training=uses[-1].seconds,
        training_importing=uses[-1].importing,
        sampling=float("nan"),
        megabytes=max(u.megabytes for u in uses),
        divergences=0,
        version=tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
    )
    return judged(found, folder, OURS)


# --- draws -----------------------------------------------------------------------------------------------------------


def judged(found: Fit, folder: Path, tool: str) -> Fit:
    """Return the fit with what its draws say; in a process of its own, which leaves this one small."""
    output = folder / "judged.json"
    command = [sys.executable, __file__, tool, str(folder), str(output)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise FailedError(f"its draws can't be judged ({last_line(ended.stderr)})")
    return replace(found, **json.loads(output.read_text(encoding="utf-8")))


def _judge(tool: str, folder: Path) -> dict:
    """Return the fields of Fit that follow from the files of one fit."""
    import xarray as xr

    file, totals = folder / "posterior.nc", folder / "totals.npy"
    posterior = xr.load_dataset(file, group="posterior", engine="h5netcdf")
    found = {}
    if tool == OURS:
        attributes = xr.load_dataset(file, engine="h5netcdf").attrs
        stats = xr.load_dataset(file, group="sample_stats", engine="h5netcdf")
        constant = xr.load_dataset(file, group="constant_data", engine="h5netcdf")
        np.save(totals, total_contributions(posterior, constant))
        found = {
            "sampling": float(attributes["sampling_seconds"]),
            "divergences": int(stats["diverging"].sum()),
            "gradients": _gradients(file, stats),
            "terms": sum(int(np.prod(posterior[v].shape[2:])) for v in posterior if is_linear(str(v))),
            "rows": constant.sizes["date"],
        }
    found["ess_contributions"] = least_ess([np.load(totals)])
    found["ess_parameters"] = least_ess(
        v.transpose("chain", "draw", ...).values for v in posterior.values() if not TIME_DIMS & set(v.dims)
    )
    return found


def is_linear(variable: str) -> bool:
    """Tell whether a variable of the trace is a linear coefficient; the media's is called `coefficient`."""
    return variable in ("intercept", "trend_slope") or variable.endswith("_coefficient")


def total_contributions(posterior, constant) -> np.ndarray:
    """Return each channel's Σ_t β A/(λ + A) over the training rows (chain, draw, channel), in units of the KPI.

    A is the geometric adstock of spend in its unit; a panel's units are summed.
    """
    carried, total = 0.0, 0.0
    spend = constant["spend"] / constant["spend_unit"]
    for row in range(constant.sizes["date"]):
        carried = spend.isel(date=row, drop=True) + posterior["adstock_alpha"] * carried
        total = total + carried / (posterior["half_saturation"] + carried)
    total = posterior["coefficient"] * total * constant["kpi_scale"]
    return total.sum([d for d in total.dims if d not in ("chain", "draw", "channel")]).transpose(
        "chain", "draw", "channel"
    ).values  # fmt: skip


def _gradients(file: Path, stats) -> float:
    """Return the leapfrog steps of all chains; where warm-up isn't kept, it is taken to need as many a draw."""
    import xarray as xr

    kept = float(stats["n_steps"].sum())
    try:
        warm = xr.load_dataset(file, group="warmup_sample_stats", engine="h5netcdf")
    except (OSError, ValueError, KeyError):
        return 2.0 * kept
    return kept + float(warm["n_steps"].sum())


def least_ess(variables: Sequence[np.ndarray] | Iterator[np.ndarray]) -> float:
    """Return the least bulk ESS over the elements of variables (chain, draw, …) that vary."""
    import arviz as az

    least = float("inf")
    for values in variables:
        columns = np.asarray(values, dtype=float).reshape(*values.shape[:2], -1)
        varying = columns.std(axis=(0, 1)) > 1e-12 * (1.0 + np.abs(columns).max(axis=(0, 1)))
        for k in np.flatnonzero(varying):
            least = min(least, float(az.ess(columns[..., k], method="bulk")))
    return least


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(_judge(sys.argv[1], Path(sys.argv[2]))), encoding="utf-8")
