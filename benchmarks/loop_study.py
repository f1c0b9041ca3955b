"""Follows simulated clients through the loop, and writes what came of it: `docs/loop.md`.

    python benchmarks/loop_study.py [--only signal white_noise …] [--clients N] [--processes 2] [--records FILE]

Each client is a run of its own, 700 in all; what it came to is a line of the records, so that a study that was stopped
goes on where it was. Records are kept by the digest of the code that made them.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.calibration import read_records  # noqa: E402
from benchmarks.iteration import machine  # noqa: E402
from benchmarks.loop.clients import GROUPS  # noqa: E402
from benchmarks.loop.document import document, scorecard  # noqa: E402
from benchmarks.loop.studies import run_client  # noqa: E402
from benchmarks.loop.whole_runs import WHOLE, run_whole  # noqa: E402
from mmm_builder.provenance import SCRIPTS, reached_files  # noqa: E402

Record = dict[str, Any]

KINDS = {**{name: group.n for name, group in GROUPS.items()}, WHOLE: 12}
"""Number of clients of each group, and of those that also go through the whole workflow."""

STAGES = ("model_trainer", "diagnostics_checker", "candidate_screener", "oos_validator", "iteration_engine", "reporter")
OWN = ("clients", "origins", "running", "studies", "yardsticks", "whole_runs")


def digest() -> str:
    """Return a digest of all code that a record depends on."""
    of_stages = [SCRIPTS / f"{stage}.py" for stage in STAGES]
    files = {path for stage in of_stages for path in reached_files(stage)}
    files |= {ROOT / "benchmarks" / "loop" / f"{name}.py" for name in OWN}
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(files))).hexdigest()[:16]


def missing(records: Sequence[Record], groups: Sequence[str], n: int | None) -> list[tuple[str, int]]:
    """Return group and number of the clients without a record, the groups by turns."""
    done = {(r["group"], r["number"]) for r in records}
    sizes = {name: min(n or KINDS[name], KINDS[name]) for name in groups}
    asked = [(number / size, name, number) for name, size in sizes.items() for number in range(size)]
    return [(name, number) for _, name, number in sorted(asked) if (name, number) not in done]


def record(group: str, number: int) -> Record:
    """Return the record of one client."""
    return run_whole(number) if group == WHOLE else run_client(group, number)


def outcomes(clients: Sequence[tuple[str, int]], processes: int) -> Iterator[Record]:
    """Yield the records of clients, as they come."""
    if processes == 1:
        yield from (record(*client) for client in clients)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(record, *client) for client in clients]):
            yield done.result()


def run(file: Path, groups: Sequence[str], n: int | None, processes: int) -> list[Record]:
    """Run what has no record yet, and return all records. A line that was cut off goes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    records = read_records(file)
    file.write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    todo, start = missing(records, groups, n), time.monotonic()
    with file.open("a", encoding="utf-8") as out:
        for i, done in enumerate(outcomes(todo, processes), start=1):
            out.write(json.dumps(done) + "\n")
            out.flush()
            records.append(done)
            left = (time.monotonic() - start) / i * (len(todo) - i)
            print(f"\r{i} of {len(todo)} clients, {left / 60:.0f} min left ", end="", flush=True)
    print()
    return records


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=list(KINDS), choices=list(KINDS), metavar="GROUP")
    parser.add_argument("--clients", type=int, metavar="N", help="at most, of each group; default: all")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--records", type=Path, metavar="FILE")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "loop.md", metavar="FILE")
    given = parser.parse_args(argv)
    file = given.records or ROOT / ".cache" / "loop" / f"{digest()}.jsonl"
    records = run(file, given.only, given.clients, given.processes)
    made_on = datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()
    given.output.write_text(document(records, made_on, machine()), encoding="utf-8")
    print(scorecard(records))
    return 0


if __name__ == "__main__":
    sys.exit(main())
