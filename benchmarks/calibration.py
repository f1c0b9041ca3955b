"""Measures whether known truth comes back, and writes `docs/calibration.md` with its pictures.

    python benchmarks/calibration.py [--only v3 simulator …] [--worlds N] [--processes 2] [--records FILE]

Each world is a fit of its own, some 1,200 in all; what each came to is a line of the records, so that a run that was
stopped goes on where it was. Records are kept by the digest of the code that made them.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.iteration import machine  # noqa: E402
from benchmarks.recovery.document import document, picture_of, title_of  # noqa: E402
from benchmarks.recovery.pictures import plot_ranks  # noqa: E402
from benchmarks.recovery.scores import figures_table  # noqa: E402
from benchmarks.recovery.studies import RANKS, STUDIES, run_world  # noqa: E402

CORES = 2
LIBRARY = ROOT / "scripts" / "mmm_builder"
MEASURED = (
    LIBRARY / "modelling",
    LIBRARY / "simulation",
    LIBRARY / "data" / "priors.yaml",
    ROOT / "benchmarks/recovery",
)

Record = dict[str, Any]


def code_digest() -> str:
    """Return a digest of all code that a record depends on."""
    files = sorted(f for place in MEASURED for f in ([place] if place.is_file() else place.glob("*.py")))
    return hashlib.sha256(b"\0".join(f.read_bytes() for f in files)).hexdigest()[:16]


def read_records(file: Path) -> list[Record]:
    """Return the records of a file; a last line that was cut off is left out."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def missing(records: Sequence[Record], names: Sequence[str], n: int | None) -> list[tuple[str, int]]:
    """Return study and number of the worlds without a record, `n` or the study's own number of them."""
    done = {(r["study"], r["world"]) for r in records}
    asked = ((name, number) for name in names for number in range(n or STUDIES[name].n))
    return [world for world in asked if world not in done]


def outcomes(worlds: Sequence[tuple[str, int]], processes: int) -> Iterator[Record]:
    """Yield the records of worlds, as they come."""
    cores = max(1, CORES // processes)
    if processes == 1:
        yield from (run_world(*world, cores) for world in worlds)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(run_world, *zip(*worlds, strict=True), [cores] * len(worlds))


def run(file: Path, names: Sequence[str], n: int | None, processes: int) -> list[Record]:
    """Run what has no record yet, and return all records. A line that was cut off goes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    records = read_records(file)
    file.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    todo, start = missing(records, names, n), time.monotonic()
    if todo:
        with file.open("a", encoding="utf-8") as out:
            for i, record in enumerate(outcomes(todo, processes), start=1):
                out.write(json.dumps(record) + "\n")
                out.flush()
                records.append(record)
                left = (time.monotonic() - start) / i * (len(todo) - i)
                print(f"\r{record['study']}: {i} of {len(todo)} worlds, {left / 60:.0f} min left ", end="", flush=True)
        print()
    return records


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=list(STUDIES), choices=list(STUDIES), metavar="STUDY")
    parser.add_argument("--worlds", type=int, metavar="N", help="of each study; default: its own number")
    parser.add_argument("--processes", type=int, default=2, choices=(1, 2))
    parser.add_argument("--records", type=Path, metavar="FILE")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "calibration.md", metavar="FILE")
    given = parser.parse_args(argv)
    file = given.records or ROOT / ".cache" / "calibration" / f"{code_digest()}.jsonl"
    records = run(file, given.only, given.worlds, given.processes)
    made_on = datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()
    given.output.write_text(document(records, made_on, machine()), encoding="utf-8")
    table = figures_table(records)
    for name in (n for n in RANKS if n in set(table["study"])):
        own = table[table["study"] == name]
        title = f"Ranks of {title_of(name)}: {own['world'].nunique()} worlds, truth from the priors"
        plot_ranks(own, given.output.parent / "images" / picture_of(name), title=title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
