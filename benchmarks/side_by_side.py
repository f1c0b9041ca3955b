"""Measures this project, PyMC-Marketing and Meridian on the same simulated clients, and writes `docs/peers.md`.

    python benchmarks/side_by_side.py [--only 156x6] [--tools Meridian] [--repeats 3] [--output docs/peers.md]

Each repeat is a client of its own (seeds 1, 2, …), which every tool fits once, in fresh processes, one after the
other; figures are medians over them. Where a tool keeps compiled code between processes, an uncounted fit of the
first client goes before. What isn't installed or fails is told; each tool's settings stand at the head of its script
in peers/.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from benchmarks.iteration import BUSY, IDLE, apart, machine  # noqa: E402
from benchmarks.peers.clients import CONTROLS, DATE, PANEL, SIZES, TARGET, simulate  # noqa: E402
from benchmarks.peers.tools import CORES, OURS, PEERS, FailedError, Fit, Job, fit, is_installed  # noqa: E402

KEEPS_COMPILED = (OURS, "PyMC-Marketing")

Results = dict[str, dict[str, list[Fit] | str]]
"""By size, then by tool: its fits, or why there are none."""


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(name: str, tools: Sequence[str], repeats: int, folder: Path) -> dict[str, list[Fit] | str]:
    """Return the fits of each tool on clients of one size, or why a tool has none."""
    size = SIZES[name]
    results: dict[str, list[Fit] | str] = {}
    clients = []
    for seed in range(1, repeats + 1):
        csv = folder / f"{name}_{seed}.csv"
        channels = apart(simulate, csv, size, seed)
        panel = PANEL if size.units > 1 else None
        clients.append(
            Job(csv=str(csv), date=DATE, target=TARGET, channels=channels, controls=CONTROLS, panel=panel, seed=seed)
        )
    for tool in tools:
        results[tool] = [] if is_installed(tool) else "not installed"
    for number, job in enumerate([clients[0], *clients]):
        for tool in tools:
            fits = results[tool]
            if isinstance(fits, str) or (number == 0 and tool not in KEEPS_COMPILED):
                continue
            try:
                found = fit(tool, job, folder / f"{tool}_{number}")
                print(f"{name}, {tool}, round {number}: {found.seconds:.1f} s", flush=True)
                fits += [found] * (number > 0)
            except FailedError as error:
                results[tool] = f"not run: {error}"
                print(f"{name}, {tool}: {results[tool]}", flush=True)
    return results


def kernel_microseconds(found: Fit, channels: int) -> float:
    """Return the time of one gradient of the hand-written log-density of the same size."""
    script = ROOT / "benchmarks" / "peers" / "hand_written.py"
    size = [str(found.rows), str(channels), str(found.terms)]
    said = subprocess.run([sys.executable, str(script), *size], capture_output=True, text=True, check=True).stdout
    return json.loads(said)["microseconds"]


# --- words -----------------------------------------------------------------------------------------------------------


def middle(fits: Sequence[Fit], figure: Callable[[Fit], float]) -> float:
    return statistics.median(figure(f) for f in fits)


def beyond_import(f: Fit) -> float:
    return f.seconds - f.importing


COLUMNS: dict[str, tuple[Callable[[Fit], float], str]] = {
    "end to end, s": (lambda f: f.seconds, ".1f"),
    "CPU, s": (lambda f: f.cpu, ".1f"),
    "import, s": (lambda f: f.importing, ".1f"),
    "beyond import, s": (beyond_import, ".1f"),
    "sampling, s": (lambda f: f.sampling, ".2f"),
    "min ESS, contributions": (lambda f: f.ess_contributions, ".0f"),
    "min ESS, parameters": (lambda f: f.ess_parameters, ".0f"),
    "ESS/s end to end": (lambda f: f.ess_contributions / f.seconds, ".1f"),
    "ESS/s beyond import": (lambda f: f.ess_contributions / beyond_import(f), ".1f"),
    "divergences": (lambda f: f.divergences, ".0f"),
    "peak MB": (lambda f: f.megabytes, ".0f"),
}


class Target(NamedTuple):
    """What the ratio of ours to a peer's figure is to keep: at most (or at least) `limit` of it."""

    name: str
    figure: Callable[[Fit], float]
    limits: dict[str, float]
    at_most: bool


TARGETS = (
    Target("end to end", COLUMNS["end to end, s"][0], {"PyMC-Marketing": 1 / 4, "Meridian": 1 / 6}, True),
    Target("beyond import", beyond_import, dict.fromkeys(PEERS, 1 / 15), True),
    Target("ESS/s end to end", COLUMNS["ESS/s end to end"][0], dict.fromkeys(PEERS, 10.0), False),
    Target("ESS/s beyond import", COLUMNS["ESS/s beyond import"][0], dict.fromkeys(PEERS, 40.0), False),
)
MEGABYTES, KERNEL_RATIO = 600.0, 2.5


def table(fits: dict[str, list[Fit] | str]) -> list[str]:
    """Return one size's table, a row per tool; the row after ours is the process that samples alone."""
    rows = [["tool", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    for tool, found in fits.items():
        if isinstance(found, str):
            rows.append([f"{tool}: {found}", *["–"] * len(COLUMNS)])
            continue
        rows.append([tool, *(format(middle(found, figure), form) for figure, form in COLUMNS.values())])
        if tool == OURS:
            seconds, importing = middle(found, lambda f: f.training), middle(found, lambda f: f.training_importing)
            times = [f"{seconds:.1f}", "–", f"{importing:.1f}", f"{seconds - importing:.1f}"]
            rows.append(["… its training process alone", *times, *["–"] * (len(COLUMNS) - len(times))])
    return [f"| {' | '.join(row)} |" for row in rows]


def verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def targets(results: Results, kernels: dict[str, float]) -> list[str]:
    """Return the table of targets, a column per size."""
    rows = [["target", *results], ["---"] * (len(results) + 1)]
    for target in TARGETS:
        for peer, limit in target.limits.items():
            told = f"≤ 1/{1 / limit:.0f}" if target.at_most else f"≥ {limit:.0f} ×"
            cells = [_ratio(fits.get(OURS), fits.get(peer), target, limit) for fits in results.values()]
            rows.append([f"{target.name}, {told} of {peer}'s", *cells])
    memory, sampling = [], []
    for name, fits in results.items():
        ours = fits.get(OURS)
        there = isinstance(ours, list)
        megabytes = middle(ours, lambda f: f.megabytes) if there else math.nan
        memory.append(f"{megabytes:.0f}: {verdict(megabytes <= MEGABYTES)}" if there else "–")
        if there and name in kernels:
            ratio = kernel_ratio(ours, kernels[name])
            sampling.append(f"{ratio:.1f}: {verdict(ratio <= KERNEL_RATIO)}")
        else:
            sampling.append("–")
    rows.append([f"peak memory ≤ {MEGABYTES:.0f} MB", *memory])
    rows.append([f"sampling ≤ {KERNEL_RATIO} × the hand-written kernel's time", *sampling])
    return [f"| {' | '.join(row)} |" for row in rows]


def _ratio(ours: list[Fit] | str | None, peers: list[Fit] | str | None, target: Target, limit: float) -> str:
    if not isinstance(ours, list) or not isinstance(peers, list):
        return "–"
    ratio = middle(ours, target.figure) / middle(peers, target.figure)
    met = ratio <= limit if target.at_most else ratio >= limit
    return f"{f'1/{1 / ratio:.1f}' if target.at_most else f'{ratio:.1f} ×'}: {verdict(met)}"


def kernel_ratio(fits: Sequence[Fit], microseconds: float) -> float:
    """Return sampling seconds over what the kernel needs for as many gradients on the same number of cores."""
    cores = min(CORES, os.cpu_count() or 1)
    return middle(fits, lambda f: f.sampling / (f.gradients * microseconds * 1e-6 / cores))


def kernel_lines(results: Results, kernels: dict[str, float]) -> list[str]:
    """Return what the last target rests on."""
    lines = ["| size | gradients | µs each, sampling | µs each, hand-written | ratio |", "|---|---|---|---|---|"]
    cores = min(CORES, os.cpu_count() or 1)
    for name, microseconds in kernels.items():
        fits = results[name][OURS]
        each = middle(fits, lambda f: f.sampling * cores / f.gradients * 1e6)
        count = middle(fits, lambda f: f.gradients)
        lines.append(f"| {name} | {count:.0f} | {each:.1f} | {microseconds:.1f} | {each / microseconds:.1f} |")
    return lines


def document(results: Results, kernels: dict[str, float], load: float, repeats: int) -> str:
    """Return the whole document; every figure follows from what was measured."""
    versions = {
        tool: found[0].version
        for fits in results.values()
        for tool, found in fits.items()
        if isinstance(found, list)
    }  # fmt: skip
    told = ", ".join(f"{tool} {version}" for tool, version in versions.items())
    sections = [line for name, fits in results.items() for line in (f"## {name}", "", *table(fits), "")]
    return "\n".join(
        [
            "# Beside PyMC-Marketing and Meridian",
            "",
            f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}; load average at the start "
            f"{load:.1f}.{BUSY if load > IDLE else ''} {told}; each in an environment of its own "
            "(`requirements/peer_*.txt`). "
            f"{'One simulated client' if repeats == 1 else f'Medians over {repeats} simulated clients'} of each size "
            "(weeks × channels; the last one is regions × weeks × channels), each fitted once by every tool in fresh "
            "processes, caches warm: CSV in, fit, posterior file written.",
            "",
            *sections,
            "## Against the targets",
            "",
            *targets(results, kernels),
            "",
            "ESS per second is that of the contributions. Ratios are of medians, ours to the other's.",
            "",
            *(["## Time per gradient", "", *kernel_lines(results, kernels), ""] if kernels else []),
            "## How to read this",
            "",
            *NOTES,
            "",
        ]
    )


NOTES = (
    "- End to end is from the start of a tool's first process to the end of its last. For us these are three "
    "(`data_analyzer`, `config_generator`, `model_trainer`, the last also as a row of its own), for the others one "
    "script, `benchmarks/peers/fit_*.py`. Import is what `python -X importtime` counts over all modules, whenever "
    "they are imported; beyond import is the rest: build, compile, sample, write. CPU seconds are of all cores, "
    "and suffer least from what else a machine does.",
    "- Every tool draws 4 chains of 1000 + 1000. For us and for PyMC-Marketing (nutpie, its fastest sampler) these are "
    "the defaults but for the number of chains, which PyMC takes from the cores (2 to 4); Meridian's guide takes 7 "
    "chains of 1500 + 1000. All else is each tool's documented default, listed with its source at the head of its "
    "script.",
    "- The models differ: PyMC-Marketing has 8 lags, a logistic saturation, 2 Fourier pairs and a linear trend; "
    "Meridian 8 lags, Hill with a slope, and for national data neither trend nor season; we have no limit on lags, "
    "Hill, Fourier pairs and a trend. All get the same CSV; we hold out the last fifth of the KPI, "
    "the others fit all rows.",
    "- Min ESS is the least bulk ESS (ArviZ, one function for all) of a channel's total contribution, and of any "
    "other quantity in the posterior that has no time axis and varies. Contributions are each tool's own for its "
    "rows, computed after the clock has stopped.",
    "- Meridian compiles inside its sampling call, so its sampling seconds include that; it keeps nothing compiled "
    "between processes, so it gets no fit before the first to warm it.",
    "- Environment: `OMP_NUM_THREADS=1` for all, with which PyMC-Marketing was the faster in a trial; PyTensor's flags "
    "are its own defaults there (with a C compiler it compiles faster than without).",
    "- The hand-written kernel (`benchmarks/peers/hand_written.py`) is one log-density with its gradient of the same "
    "numbers of training rows, channels and linear terms, timed alone on one core. Gradients are the leapfrog steps of "
    "all chains; where the trace leaves out the warm-up's, it is taken to need as many as the kept draws. Sampling on "
    "several cores shares them perfectly in this reckoning.",
    "- What is missed, and why. A gradient in our sampler is three parts: the compiled density (6.6 µs at 104x3, "
    "9.3 at 156x6 and 16 at 208x15, measured alone, once; most of it the two loops of `kernels.py`, which "
    "evaluate cubic pieces of a grid where the hand-written kernel has one multiplication), nuts-rs's own work on"
    " each step, and starting and polling the chains, which weighs most where sampling takes a third of a second."
    " ESS per second against Meridian: its samples of contributions are about as many and as good as ours, so "
    "that the ratio is that of the seconds, and ours beyond import are spent in three processes, two of which "
    "read and configure; the training process alone stands as a row of its own.",
)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SIZES, default=list(SIZES), metavar="SIZE")
    parser.add_argument("--tools", nargs="+", choices=[OURS, *PEERS], default=[OURS, *PEERS], metavar="TOOL")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "peers.md", metavar="FILE")
    given = parser.parse_args(argv)
    load = os.getloadavg()[0]
    results: Results = {}
    kernels: dict[str, float] = {}
    for name in given.only:
        with tempfile.TemporaryDirectory() as scratch:
            results[name] = measure(name, given.tools, given.repeats, Path(scratch))
        ours = results[name].get(OURS)
        if isinstance(ours, list) and SIZES[name].units == 1:
            kernels[name] = kernel_microseconds(ours[0], SIZES[name].channels)
        given.output.write_text(document(results, kernels, load, given.repeats), encoding="utf-8")
    print(f"written: {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
