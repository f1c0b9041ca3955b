"""Gives the reader files that nobody would send; each must end in a profile or in one clear line, within 10 seconds.

    python benchmarks/fuzz.py [--cases 20000] [--seed 1] [--processes 2] [--keep FOLDER]

Three cases in four are damaged files, told by their seed alone; one in four is a table that hypothesis makes up and
makes small again. Ends with 1 if anything was found; `--keep` puts the smallest file of every kind of problem there.
"""

import argparse
import contextlib
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

from tests.client_files.fuzzing import Problem, fuzzed_file, odd_tables, problem_with, reduced  # noqa: E402

CHUNK = 100
MEMORY = 4 * 1024**3
TABLES_SHARE = 4
"""One chunk in this many holds made-up tables."""


class Found(NamedTuple):
    """A problem, which case showed it, and the file."""

    problem: Problem
    case: str
    content: bytes
    suffix: str


class ShownError(Exception):
    """Tells hypothesis that an example shows a problem."""


def run_chunk(number: int) -> tuple[int, list[Found]]:
    """Return how many cases a chunk had, and the problems that they showed."""
    return run_tables(number) if number % TABLES_SHARE == 0 else run_files(number)


def run_files(number: int) -> tuple[int, list[Found]]:
    """Try damaged files."""
    found = []
    for case in range(number * CHUNK, (number + 1) * CHUNK):
        content, suffix = fuzzed_file(case)
        problem = problem_with(content, suffix)
        if problem:
            found.append(Found(problem, f"fuzzed_file({case})", content, suffix))
    return CHUNK, found


def run_tables(number: int) -> tuple[int, list[Found]]:
    """Try made-up tables; of those that show a problem the smallest is kept."""
    smallest: dict[str, Found] = {}

    @seed(number)
    @settings(
        max_examples=CHUNK,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(odd_tables())
    def attempt(content: bytes) -> None:
        problem = problem_with(content, ".csv")
        if problem:
            best = smallest.get(problem.kind)
            if best is None or len(content) < len(best.content):
                smallest[problem.kind] = Found(problem, f"odd_tables(), seed {number}", content, ".csv")
            raise ShownError(problem.kind)

    with contextlib.suppress(ShownError, ExceptionGroup):
        attempt()
    return CHUNK, list(smallest.values())


def limit_memory() -> None:
    """Let this process have 4 GB, so that a file that takes more is found and not the machine brought down."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def chunks(cases: int, first: int) -> Iterator[int]:
    """Yield the numbers of the chunks that hold so many cases."""
    yield from range(first * 10_000, first * 10_000 + -(-cases // CHUNK))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="put the smallest file of each problem here")
    asked = parser.parse_args(argv)
    began, done, kinds = time.monotonic(), 0, Counter()
    with ProcessPoolExecutor(asked.processes, initializer=limit_memory) as pool:
        running = [pool.submit(run_chunk, number) for number in chunks(asked.cases, asked.seed)]
        for future in as_completed(running):
            tried, found = future.result()
            done += tried
            for each in found:
                kinds[each.problem.kind] += 1
                if kinds[each.problem.kind] == 1:
                    tell(each, asked.keep)
            speed = done / (time.monotonic() - began)
            print(f"\r{done} cases, {speed:.0f} a second, {len(kinds)} kinds of problems", end="", flush=True)
    print()
    for kind, times in kinds.most_common():
        print(f"{times:5d} times: {kind}")
    print(f"{done} cases in {time.monotonic() - began:.0f} s: {sum(kinds.values())} problems of {len(kinds)} kinds")
    return 1 if kinds else 0


def tell(found: Found, folder: Path | None) -> None:
    """Print a problem that is seen for the first time, and keep the smallest file that shows it."""
    print(f"\n{found.problem.kind}\n  case: {found.case}\n{found.problem.detail}")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        name = "".join(c if c.isalnum() else "_" for c in found.problem.kind)[:80]
        file = folder / f"{name}{found.suffix}"
        small = reduced(found.content, found.suffix, found.problem.kind) if found.suffix == ".csv" else found.content
        file.write_bytes(small)
        print(f"  {file}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
