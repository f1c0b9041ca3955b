"""Measures the same validated fit with this project and with PyMC-Marketing, and writes `docs/validated_fit.md`.

    python benchmarks/validated_fit.py [--repeats 3] [--output docs/validated_fit.md]

A validated fit: the model on the training rows, and on three rolling-origin folds inside them, every one of 4 chains
of 1000 + 1000, all in one process: CSV in, posterior written, folds and held-out rows predicted. Each repeat is a
client of its own (seeds 1, 2, …); the tools take turns, and one round that isn't counted goes before, to warm the
caches of both.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from benchmarks.iteration import BUSY, IDLE, apart, machine  # noqa: E402
from benchmarks.peers.clients import CONTROLS, DATE, SIZES, TARGET, simulate  # noqa: E402
from benchmarks.peers.tools import CORES, OURS, FailedError, Job, Use, is_installed, python_of, timed  # noqa: E402

SIZE = "156x6"
PEER = "PyMC-Marketing"
WITHOUT, WITH = f"{OURS}, without twins", f"{OURS}, with twins"
TEST_SIZE = 0.2
TARGET_RATIO = 8.0


class Measured(NamedTuple):
    """One validated fit: what its process took, what it says of itself, and the machine's load just before."""

    use: Use
    said: dict
    load: float

    @property
    def beyond_import(self) -> float:
        return self.use.seconds - self.use.importing


Results = dict[str, list[Measured] | str]
"""By tool: its validated fits, or why there are none."""


# --- measuring -------------------------------------------------------------------------------------------------------


def windows(dates: Sequence[str]) -> tuple[str, int, int]:
    """Return the first held-out date, the training rows of the first fold and the rows that each fold predicts."""
    sys.path.append(str(ROOT / "scripts"))
    from mmm_builder.data_profile import n_test_periods
    from mmm_builder.modelling.folds import rolling_origins

    n_train = len(dates) - n_test_periods(len(dates), TEST_SIZE)
    folds = rolling_origins(n_train)
    return dates[n_train], folds[0].n_train, folds[0].n_test


def make_job(csv: Path, seed: int) -> dict:
    """Write a client and return what every tool is asked to do with it."""
    channels = apart(simulate, csv, SIZES[SIZE], seed)
    rows = csv.read_text(encoding="utf-8").splitlines()
    column = rows[0].split(",").index(DATE)
    held_out_from, n_init, horizon = apart(windows, [row.split(",")[column] for row in rows[1:]])
    job = Job(
        csv=str(csv), date=DATE, target=TARGET, channels=channels, controls=CONTROLS, held_out_from=held_out_from,
        seed=seed,
    )  # fmt: skip
    return asdict(job) | {"n_init": n_init, "horizon": horizon, "cores": CORES}


def validated_fit(tool: str, job: dict, folder: Path) -> Measured:
    """Return what one validated fit in a fresh process took. Raises FailedError with the reason if it fails."""
    folder.mkdir()
    name = "validate_pymc_marketing.py" if tool == PEER else "validate_ours.py"
    file = folder / "job.json"
    more = {"posterior": str(folder / "posterior.nc"), "folder": str(folder), "twins": tool == WITH}
    file.write_text(json.dumps(job | more), encoding="utf-8")
    python, flags = (python_of(PEER), None) if tool == PEER else (Path(sys.executable), {"PYTENSOR_FLAGS": "cxx="})
    load = os.getloadavg()[0]
    use = timed(python, ROOT / "benchmarks" / "peers" / name, file, flags=flags)
    said = json.loads(use.said.strip().splitlines()[-1])
    if said["n_folds"] != 3 or said["n_draws"] != job["chains"] * job["draws"]:
        raise FailedError(f"fitted {said['n_folds']} folds with {said['n_draws']} draws")
    return Measured(use, said, load)


def measure(repeats: int, folder: Path) -> Results:
    """Return the validated fits of every tool, the uncounted round left out."""
    results: Results = {WITHOUT: [], WITH: [], PEER: [] if is_installed(PEER) else "not installed"}
    jobs = [make_job(folder / f"client_{seed}.csv", seed) for seed in range(1, repeats + 1)]
    for number, job in enumerate([jobs[0], *jobs]):
        for place, (tool, found) in enumerate(results.items()):
            if isinstance(found, str):
                continue
            try:
                measured = validated_fit(tool, job, folder / f"{place}_{number}")
            except FailedError as error:
                results[tool] = f"not run: {error}"
                print(f"{tool}: {results[tool]}", flush=True)
                continue
            print(f"{tool}, round {number}: {measured.use.seconds:.1f} s", flush=True)
            found += [measured] * (number > 0)
    return results


# --- words -----------------------------------------------------------------------------------------------------------


FIGURES = {
    "end to end, s": lambda m: m.use.seconds,
    "range, s": None,
    "CPU, s": lambda m: m.use.cpu,
    "beyond import, s": lambda m: m.beyond_import,
    "peak MB": lambda m: m.use.megabytes,
}


def middle(found: Sequence[Measured], figure: str) -> float:
    return statistics.median(FIGURES[figure](m) for m in found)


def row(tool: str, found: list[Measured] | str) -> list[str]:
    """Return a tool's row of the table of figures."""
    if isinstance(found, str):
        return [f"{tool}: {found}", *["–"] * len(FIGURES)]
    seconds = [m.use.seconds for m in found]
    span = f"{min(seconds):.1f} to {max(seconds):.1f}"
    cells = [span if f is None else f"{middle(found, k):.{0 if k == 'peak MB' else 1}f}" for k, f in FIGURES.items()]
    return [tool, *cells]


def ratio(results: Results, ours: str, figure: str) -> float | None:
    """Return how many times as long the other tool takes, None where one has no figure."""
    mine, other = results[ours], results[PEER]
    if isinstance(mine, str) or isinstance(other, str):
        return None
    return middle(other, figure) / middle(mine, figure)


def document(results: Results, load: float, repeats: int) -> str:
    """Return the whole document; every figure follows from what was measured."""
    peers = results[PEER]
    version = "" if isinstance(peers, str) else f" {peers[0].said['version']}"
    found = ratio(results, WITHOUT, "end to end, s")
    met = "not measured" if found is None else "met" if found >= TARGET_RATIO else "**missed**"
    ratios = [[tool, *(_times(ratio(results, tool, f)) for f in RATIOS)] for tool in (WITHOUT, WITH)]
    loads = [m.load for fits in results.values() if not isinstance(fits, str) for m in fits]
    clients = f"{repeats} simulated clients" if repeats > 1 else "one simulated client"
    return "\n".join(
        [
            "# The same validated fit beside PyMC-Marketing",
            "",
            f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}; load average at the start "
            f"{load:.1f}, before the single fits {min(loads):.1f} to {max(loads):.1f}."
            f"{BUSY if load > IDLE else ''} {PEER}{version} with its `TimeSliceCrossValidator`, in an "
            f"environment of its own. Medians over {clients} of {SIZES[SIZE].weeks} weeks and "
            f"{SIZES[SIZE].channels} channels.",
            "",
            "A validated fit is the model on the first 80 % of the rows and on three rolling-origin folds inside them, "
            "4 chains of 1000 + 1000 each, in one process: CSV in, posterior written, the tests of the folds and the "
            "held-out rows predicted. The folds are the same rows for both.",
            "",
            *table([["", *FIGURES], *(row(tool, fits) for tool, fits in results.items())]),
            "",
            f"PyMC-Marketing's figures over ours; the target is {TARGET_RATIO:.0f} × end to end without twins, as it "
            f"has none: {met}.",
            "",
            *table([["", *RATIOS], *ratios]),
            "",
            *NOTES,
            "",
        ]
    )


RATIOS = ("end to end, s", "CPU, s", "beyond import, s")


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as a table, the first its head."""
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def _times(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ×"


NOTES = (
    "- Without twins ours is four fits, as theirs. With twins, as every training of the workflow has it, each of the "
    "four has a media-free one beside it: eight fits.",
    "- Ours profiles the file and configures the model in the same process, and all its fits share one compiled "
    "density, kept from the uncounted round. PyMC-Marketing builds and compiles each fold's model; PyTensor's own "
    "cache is warm, and its fastest sampler (nutpie) is used. Its settings stand at the head of "
    "`benchmarks/peers/fit_pymc_marketing.py`.",
    "- The models differ as they do in `peers.md`.",
)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "validated_fit.md", metavar="FILE")
    given = parser.parse_args(argv)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        results = measure(given.repeats, Path(scratch))
    given.output.write_text(document(results, load, given.repeats), encoding="utf-8")
    print(f"written: {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
