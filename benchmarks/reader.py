"""Measures how a large file is read: seconds and peak memory of fresh processes, from bytes to numbers.

    python benchmarks/reader.py [--megabytes 100] [--limit-seconds 60] [--limit-megabytes 2000]

Makes a wide panel and a long table of that size in a temporary folder. Exit code 1 if a limit is exceeded.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SEED, PIECE_ROWS, REGIONS, CHANNELS = 1, 20_000, 400, 28


class Use(NamedTuple):
    """What reading one file took, and what was found in it."""

    rows: int
    columns: int
    wrong_cells: int
    read_seconds: float
    number_seconds: float
    megabytes: float


# --- files -----------------------------------------------------------------------------------------------------------


def wide_panel(rng: np.random.Generator) -> Iterator[str]:
    """Yield a header, then pieces of rows: date, region, spend of many channels, sales."""
    yield ",".join(["date", "region", *(f"channel_{i}_spend" for i in range(CHANNELS)), "sales"]) + "\n"
    for piece in count():
        spend = rng.gamma(2.0, 500.0, (PIECE_ROWS, CHANNELS + 1)).round(2)
        spend[:, :-1] *= rng.random((PIECE_ROWS, CHANNELS)) < 0.6
        rows = range(piece * PIECE_ROWS, (piece + 1) * PIECE_ROWS)
        yield "".join(
            f"{day(row // REGIONS)},Region {row % REGIONS},{','.join(map(repr, values))}\n"
            for row, values in zip(rows, spend.tolist(), strict=True)
        )


def long_table(rng: np.random.Generator) -> Iterator[str]:
    """Yield a header, then pieces of rows: date, region, channel, variable, value with decimal comma and currency."""
    yield "Datum;Region;Kanal;Variable;Wert\n"
    for piece in count():
        values = rng.gamma(2.0, 5000.0, PIECE_ROWS)
        rows = range(piece * PIECE_ROWS, (piece + 1) * PIECE_ROWS)
        yield "".join(
            f"{day(row // (REGIONS * 10))};Region {row // 10 % REGIONS};Kanal {row % 10};Ausgaben;{european(value)}\n"
            for row, value in zip(rows, values.tolist(), strict=True)
        )


FILES: dict[str, Callable[[np.random.Generator], Iterator[str]]] = {"wide panel": wide_panel, "long table": long_table}


def day(number: int) -> str:
    return str(np.datetime64("2000-01-03") + number)


def european(value: float) -> str:
    return f"{value:,.2f} €".translate(str.maketrans(",.", ".,"))


def write(file: Path, pieces: Iterator[str], megabytes: float) -> None:
    """Write pieces until the file is as large as asked for."""
    with file.open("w", encoding="utf-8") as out:
        while out.tell() < megabytes * 1e6:
            out.write(next(pieces))


# --- processes -------------------------------------------------------------------------------------------------------


def read(file: Path) -> Use:
    """Read a file to numbers in this process; its peak memory is that of the process."""
    sys.path.append(str(ROOT / "scripts"))
    from mmm_builder.reading.numerals import read_numbers
    from mmm_builder.reading.source import read_text_table

    start = time.monotonic()
    table = read_text_table(file)
    middle = time.monotonic()
    training = np.arange(len(table.cells)) < 0.8 * len(table.cells)
    numbers = read_numbers(table.cells, training, table.separator, table.decimal)
    end = time.monotonic()
    text = numbers.wrong.mean() > 0.5
    peak = peak_megabytes()
    wrong = int(numbers.wrong.loc[:, ~text].sum().sum())
    return Use(*table.cells.shape, wrong, middle - start, end - middle, peak)


def peak_megabytes() -> float:
    """Return this process's peak memory; on Linux without what it had in memory before it became this program."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def apart(file: Path) -> Use:
    """Read a file in a fresh process. Raises CalledProcessError if that fails."""
    command = [sys.executable, __file__, "--read", str(file)]
    return Use(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=100, metavar="N")
    parser.add_argument("--limit-seconds", type=float, default=60, metavar="N")
    parser.add_argument("--limit-megabytes", type=float, default=2000, metavar="N")
    parser.add_argument("--read", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.read:
        print(json.dumps(read(given.read)._asdict()))
        return 0
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}, files of {given.megabytes:g} MB")
    met = True
    with tempfile.TemporaryDirectory() as scratch:
        for name, pieces in FILES.items():
            file = Path(scratch) / "data.csv"
            write(file, pieces(np.random.default_rng(SEED)), given.megabytes)
            use = apart(file)
            kept = (
                use.read_seconds + use.number_seconds <= given.limit_seconds and use.megabytes <= given.limit_megabytes
            )
            met &= kept and not use.wrong_cells
            print(
                f"{name}: {use.rows} rows of {use.columns} columns, {use.read_seconds:.1f} s to text and "
                f"{use.number_seconds:.1f} s to numbers, peak memory {use.megabytes:.0f} MB, {use.wrong_cells} cells "
                f"not read: {'met' if kept else 'missed'}"
            )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
