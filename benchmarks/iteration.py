"""Measures whole processes, time and peak memory, and writes `docs/benchmarks.md`.

    python benchmarks/iteration.py [--repeats 3] [--output docs/benchmarks.md]

Every figure is a median over the repeats, which follow one uncounted round that warms the caches.
"""

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
SEED, WEEKS, CHANNELS = 1, 156, 6
ITERATION = ("train", "diagnose", "screen", "validate", "decide")
CORES = 4
LOOP_ITERATIONS, LOOP_CORES = 3, 2
OUT_OF_REACH = {"out_of_sample": {"oos_r2_min": 0.99}}
"""Limits that no model meets, so that the loop uses up its budget."""
IDLE = 0.5
BUSY = " The machine did other work at the time, so these are upper bounds."

# The checkpoint's function has no command line of its own: `iteration_engine.py` as a command is the whole loop.
DECIDE = (
    f"import sys; sys.path.append({str(SCRIPTS)!r}); import iteration_engine; from mmm_builder.stage import hand_over; "
    "hand_over(iteration_engine.decide_files)"
)


class Use(NamedTuple):
    """What one process, with all it started, took."""

    seconds: float
    megabytes: float


class Figure(NamedTuple):
    """One measured quantity beside the limit it is to keep."""

    name: str
    values: list[float]
    limit: float
    unit: str


# --- processes -------------------------------------------------------------------------------------------------------


def measured(command: Sequence[str | Path]) -> Use:
    """Run a command to its end. Raises RuntimeError with its output if it fails."""
    environment = os.environ | {"PYTENSOR_FLAGS": "cxx="}
    with tempfile.TemporaryFile() as said:
        start = time.monotonic()
        process = subprocess.Popen(list(map(str, command)), env=environment, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise RuntimeError(f"{command[:3]} failed:\n{said.read().decode(errors='replace')[-2000:]}")
    return Use(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6)


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process: a large parent would count as its children's memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def simulate(csv: Path) -> None:
    """Write the client that is measured on."""
    sys.path.append(str(SCRIPTS))
    from mmm_builder.simulation.simulator import simulate_client

    table, _ = simulate_client(SEED, n_periods=WEEKS, n_channels=CHANNELS)
    table.to_csv(csv, index=False)


def sampling_seconds(folder: Path, repeats: int) -> list[float]:
    """Return how long 4 × (1000 + 1000) draws of the compiled model take, compilation left out."""
    sys.path.append(str(SCRIPTS))
    from mmm_builder.config_files import read_spec
    from mmm_builder.data_profile import DataProfile
    from mmm_builder.modelling.design import make_design
    from mmm_builder.modelling.sampling import sample
    from mmm_builder.panel import read_panel

    spec = read_spec(folder / "config_iter_1.yaml")
    design = make_design(read_panel(folder / "dataset.csv", DataProfile.read(folder / "data_profile.json")), spec)
    cores, seconds = min(CORES, os.cpu_count() or 1), []
    for seed in range(repeats + 1):
        other = spec.model_copy(update={"sampler": spec.sampler.model_copy(update={"seed": seed})})
        seconds.append(sample(design, other, device="cpu", cores=cores, report=lambda *_: None).seconds)
    return seconds[1:]


# --- what is measured ------------------------------------------------------------------------------------------------


def stages(csv: Path, out: Path) -> dict[str, list[str | Path]]:
    """Return the command of every stage of a run with one iteration."""
    a = out / "artifacts_iter_1"
    profile = ["--profile", out / "data_profile.json"]
    data = [*profile, "--dataset", out / "dataset.csv"]
    config, trace = ["--config", out / "config_iter_1.yaml"], ["--trace", a / "trace.nc"]
    summary = ["--summary", a / "metrics" / "summary.json"]
    series = ["--series", a / "diagnostics" / "predicted_vs_actual_series.csv"]
    folds, candidates = ["--folds", a / "metrics" / "folds.json"], ["--candidates", a / "candidates.json"]
    fold_predictions = ["--fold-predictions", a / "diagnostics" / "fold_predictions.csv"]
    holdout, validation = ["--holdout", out / "holdout_kpi.csv"], ["--validation", a / "oos_validation.json"]
    predictions = ["--predictions", a / "oos_predictions.csv"]
    ledger = ["--ledger", out / "holdout_looks.jsonl"]
    report = ["--skill-report", out / "skill_report.json"]

    def stage(name: str, *options: str | Path) -> list[str | Path]:
        return [sys.executable, SCRIPTS / f"{name}.py", *options]

    return {
        "profile": stage(
            "data_analyzer", csv, "--output", out / "data_profile.json", "--dataset", out / "dataset.csv", *holdout
        ),
        "configure": stage("config_generator", *profile, *config),
        "train": stage("model_trainer", *data, *config, *trace, "--threads", str(CORES)),
        "diagnose": stage(
            "diagnostics_checker", *data, *config, *trace, *summary, *series,
            "--report", a / "diagnostics" / "diagnostics_summary.txt", "--plot", a / "fit.png", *folds,
            *fold_predictions, "--fold-plot", a / "folds.png",
        ),
        "screen": stage("candidate_screener", *data, *config, *summary, *folds, *series, *candidates),
        "validate": stage(
            "oos_validator", *data, *holdout, *config, *trace, *summary, *series, *folds, *candidates, *validation,
            *predictions, *ledger, "--plot", a / "holdout.png",
        ),
        "decide": [
            sys.executable, "-c", DECIDE, *config, *summary, *folds, *candidates, *validation,
            "--decision", a / "thinking_log.json",
        ],
        "report": stage(
            "reporter", *profile, *report, *ledger, "--configs", out / "config_iter_1.yaml", "--summaries", summary[1],
            *folds, *candidates, "--validations", validation[1], "--decisions", a / "thinking_log.json", *series,
            *predictions, *fold_predictions,
            "--iteration-log", out / "iteration_log.json", "--thinking-history", out / "thinking_history.json",
            "--analysis", out / "ITERATION_ANALYSIS.md", "--max-iterations", "1",
        ),
        "contributions": stage(
            "contribution_reporter", *data, *report, "--configs", out / "config_iter_1.yaml", "--traces", trace[1],
            "--table", out / "contributions.csv", "--series", out / "series.csv", "--plot", out / "contributions.png",
            "--units", out / "units.csv",
        ),
    }  # fmt: skip


def measure_stages(folder: Path, repeats: int) -> tuple[dict[str, list[Use]], Path]:
    """Return what each stage took, by name, one value a round; and the folder of the last round."""
    apart(simulate, folder / "client.csv")
    uses: dict[str, list[Use]] = {}
    for number in range(repeats + 1):
        out = folder / f"round_{number}"
        for name, command in stages(folder / "client.csv", out).items():
            uses.setdefault(name, []).append(measured(command))
            print(f"round {number}: {name} {uses[name][-1].seconds:.1f} s", flush=True)
    return {name: values[1:] for name, values in uses.items()}, out


def example_run(place: Path, cores: int, **settings: Any) -> tuple[list[str | Path], list[str | Path]]:
    """Make a folder to model the shipped example in; return the commands that run it and show how it ended."""
    place.mkdir()
    csv = ROOT / "data" / "example.csv"
    configuration = {"runs": {"example": {"csv": str(csv)}}, **settings}
    (place / "config.yaml").write_text(json.dumps(configuration), encoding="utf-8")
    snakemake = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--snakefile", ROOT / "Snakefile"]
    snakemake += ["--directory", place, "--configfile", place / "config.yaml"]
    return snakemake, [sys.executable, SCRIPTS / "orchestrator.py", "status", place / "results" / "example"]


def measure_loop(folder: Path, repeats: int) -> list[float]:
    """Return the seconds of a run of three iterations on the shipped example, profile and report included.

    Raises RuntimeError if the loop did not go on for as many.
    """
    seconds = []
    for number in range(repeats):
        place = folder / f"loop_{number}"
        snakemake, _ = example_run(place, LOOP_CORES, max_iterations=LOOP_ITERATIONS, thresholds=OUT_OF_REACH)
        seconds.append(measured(snakemake).seconds)
        report = json.loads((place / "results" / "example" / "skill_report.json").read_text(encoding="utf-8"))
        if report["iterations_run"] != LOOP_ITERATIONS:
            raise RuntimeError(f"the loop ended after {report['iterations_run']} iterations: {report['stop_reason']}")
        print(f"loop {number}: {seconds[-1]:.1f} s", flush=True)
        shutil.rmtree(place)
    return seconds


def measure_example(folder: Path, repeats: int) -> tuple[list[float], list[float], dict[str, Any]]:
    """Return the seconds of what `make run` does on the shipped example, of its repetition, and how it ended."""
    fresh, again = [], []
    for number in range(repeats):
        place = folder / f"example_{number}"
        snakemake, status = example_run(place, CORES)
        for values in (fresh, again):
            values.append(measured(snakemake).seconds + measured(status).seconds)
        print(f"example {number}: {fresh[-1]:.1f} s, again {again[-1]:.1f} s", flush=True)
        report = json.loads((place / "results" / "example" / "skill_report.json").read_text(encoding="utf-8"))
        shutil.rmtree(place)
    return fresh, again, report


# --- words -----------------------------------------------------------------------------------------------------------


def document(
    figures: Sequence[Figure], uses: dict[str, list[Use]], load: float, repeats: int, opened: bool, report: dict
) -> str:
    """Return the whole document from what was measured."""
    targets = ["| what | median | range | limit | |", "|---|---|---|---|---|"]
    for f in figures:
        middle = statistics.median(f.values)
        span = f"{min(f.values):.3g} to {max(f.values):.3g}"
        met = "met" if middle <= f.limit else "**missed**"
        targets.append(f"| {f.name} | {middle:.3g} {f.unit} | {span} | ≤ {f.limit:g} {f.unit} | {met} |")
    jobs = ["| stage | seconds | peak memory, MB |", "|---|---|---|"]
    for name, values in uses.items():
        seconds, memory = (statistics.median(column) for column in zip(*values, strict=True))
        jobs.append(f"| {name} | {seconds:.1f} | {memory:.0f} |")
    return "\n".join(
        [
            "# Speed and memory",
            "",
            f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}; load average at the start "
            f"{load:.1f}. Whole processes, medians of {repeats} rounds after one that warms the caches."
            + (BUSY if load > IDLE else ""),
            "",
            *targets,
            "",
            f"An iteration is {', '.join(ITERATION)}: {len(ITERATION)} processes, one after another, on a simulated "
            f"client of {WEEKS} weeks and {CHANNELS} channels (seed {SEED}, model v3, 4 chains of 1000 + 1000 draws); "
            f"the holdout was {'opened' if opened else 'not opened'}. Sampling alone leaves out imports and "
            f"compilation. The example took {report['iterations_run']} iterations ({report['status']}), Snakemake "
            f"included. The run of {LOOP_ITERATIONS} iterations is forced by limits that no model meets; it has "
            f"{LOOP_CORES} cores.",
            "",
            "## Each stage as a process of its own",
            "",
            *jobs,
            "",
        ]
    )


def machine() -> str:
    """Return processor, cores and versions, without anything that names the machine."""
    kind = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [x for x in info.read_text(encoding="utf-8").splitlines() if x.startswith("model name")]
        kind = lines[0].split(":", 1)[1].strip() if lines else kind
    return f"{os.cpu_count()} cores ({kind}), {platform.system()}, CPython {platform.python_version()}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md", metavar="FILE")
    given = parser.parse_args(argv)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        uses, out = measure_stages(Path(scratch), given.repeats)
        opened = json.loads((out / "artifacts_iter_1" / "oos_validation.json").read_text(encoding="utf-8"))["evaluated"]
        sampling = apart(sampling_seconds, out, given.repeats)
        fresh, again, report = measure_example(Path(scratch), given.repeats)
        loop = measure_loop(Path(scratch), given.repeats)
    iteration = [sum(uses[name][i].seconds for name in ITERATION) for i in range(given.repeats)]
    largest = max(uses.values(), key=lambda values: statistics.median(u.megabytes for u in values))
    figures = [
        Figure("one iteration, all its processes", iteration, 40, "s"),
        Figure("sampling alone, 4 × (1000 + 1000)", sampling, 2, "s"),
        Figure("peak memory of the largest job", [u.megabytes / 1000 for u in largest], 1.2, "GB"),
        Figure("the example as in `make run`, environment there", fresh, 180, "s"),
        Figure("the same again, nothing changed", again, 5, "s"),
        Figure(f"the example in {LOOP_ITERATIONS} iterations on {LOOP_CORES} cores, warm", loop, 120, "s"),
    ]
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(document(figures, uses, load, given.repeats, opened, report), encoding="utf-8")
    print(f"written: {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
