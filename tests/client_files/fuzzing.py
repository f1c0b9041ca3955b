"""Files that nobody would send, to see that the reader ends each in a profile or in one clear line."""

import contextlib
import io
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from mmm_builder.errors import InputError
from mmm_builder.profiling.profile import profile_file
from mmm_builder.settings import Columns

from .catalog import DATA
from .generator import client_file
from .mutations import ODD_CELLS, damaged, spliced

EXAMPLE = Path(__file__).resolve().parents[2] / "data" / "example.csv"
LIMIT_SECONDS = 10
LONGEST_MESSAGE = 1000
HIDDEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""Warnings that Python doesn't show by itself."""


class Problem(NamedTuple):
    """What must not happen: its class, the same for all files that show it, and the end of its traceback."""

    kind: str
    detail: str


class TooLong(BaseException):
    """The reader took more than the limit; no `except Exception` swallows it."""


# --- running the reader ----------------------------------------------------------------------------------------------


TIMERS = ((signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, 8))
"""Signals and their timers: of the process's own work, and of the clock, with more patience since machines are busy."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooLong after some seconds of work, or eight times as many by the clock (main thread of a process only)."""

    def stop(*_: object) -> None:
        raise TooLong

    before = [signal.signal(number, stop) for number, _, _ in TIMERS]
    for _, timer, patience in TIMERS:
        signal.setitimer(timer, seconds * patience)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(TIMERS, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def problem_with(content: bytes, suffix: str) -> Problem | None:
    """Return what goes wrong when the reader is given a file; None if it ends as it should."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"fuzz{suffix}"
        path.write_bytes(content)
        said = io.StringIO()
        try:
            with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stderr(said):
                warnings.simplefilter("always")
                with time_limit(LIMIT_SECONDS):
                    profile, _ = profile_file(path, Columns(), 0.2, path_as_given="fuzz")
                    profile.model_dump_json().encode()
        except InputError as error:
            return _unclear(str(error))
        except TooLong as error:
            return Problem(f"more than {LIMIT_SECONDS} s in {_place(error)}", _trace(error))
        except Exception as error:
            return Problem(f"{type(error).__name__} in {_place(error)}", _trace(error))
    shown = [w for w in caught if not issubclass(w.category, HIDDEN)]
    if shown:
        where = f"{Path(shown[0].filename).name}:{shown[0].lineno}"
        return Problem(f"warning {shown[0].category.__name__} at {where}", str(shown[0].message))
    return Problem("words on standard error", said.getvalue()[:500]) if said.getvalue() else None


def _unclear(message: str) -> Problem | None:
    """Return what is wrong with a refusal's text, None if it is one line that can be shown."""
    if len(message.splitlines()) != 1 or not message.strip():
        return Problem("a refusal that is not one line", repr(message[:300]))
    if len(message) >= LONGEST_MESSAGE:
        return Problem("a refusal that is too long", f"{len(message)} characters: {message[:200]} … {message[-200:]}")
    try:
        message.encode("utf-8")
    except UnicodeEncodeError:
        return Problem("a refusal that can't be written", repr(message[:300]))
    return None


def _place(error: BaseException) -> str:
    """Return the innermost function of ours that an exception went through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "mmm_builder" in f.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).strip()[-1500:]


# --- damaged files ---------------------------------------------------------------------------------------------------


@cache
def samples() -> tuple[bytes, ...]:
    """Return the example and the public files at hand, long ones cut."""
    files = [EXAMPLE, *sorted((DATA / "public").glob("*.csv")), *sorted((DATA / "variants").glob("*.csv"))]
    return tuple(file.read_bytes()[:60_000] for file in files if file.is_file())


def fuzzed_file(seed: int) -> tuple[bytes, str]:
    """Return a damaged file and its ending: a sample, a client file from the practice names, or two of them in one."""
    rng = np.random.default_rng(seed)
    known = samples()
    if rng.random() < 0.4:
        content, suffix = known[int(rng.integers(0, len(known)))], ".csv"
        lines = content.splitlines(keepends=True)
        content = b"".join(lines[: int(rng.integers(2, len(lines) + 1))]) if rng.random() < 0.3 else content
    else:
        file = client_file(int(rng.integers(0, 2**31)), "practice")
        content, suffix = file.content, file.suffix
    if rng.random() < 0.08:
        content = spliced(rng, content, known[int(rng.integers(0, len(known)))])
    suffix = str(rng.choice([".csv", ".xlsx", ".parquet", ".txt"])) if rng.random() < 0.03 else suffix
    return damaged(rng, content), suffix


def reduced(content: bytes, suffix: str, kind: str, seconds: float = 60) -> bytes:
    """Return fewer lines that still show the problem, as few as are found in some seconds."""
    lines, size, end = content.split(b"\n"), 2, time.monotonic() + seconds
    while time.monotonic() < end and len(lines) > 1:
        step = max(1, len(lines) // size)
        for start in range(0, len(lines), step):
            fewer = [*lines[:start], *lines[start + step :]]
            found = problem_with(b"\n".join(fewer), suffix) if fewer and time.monotonic() < end else None
            if found and found.kind == kind:
                lines = fewer
                break
        else:
            if step == 1:
                break
            size *= 2
    return b"\n".join(lines)


# --- odd tables ------------------------------------------------------------------------------------------------------

HEADERS = (
    "date", "Date", "week", "Month", "year", "sales", "revenue", "orders", "tv_spend", "Facebook", "search clicks",
    "price", "promo", "geo", "channel", "spend", "variable", "value", "", "unit", "x", "Дата", "销售额", "total",
)  # fmt: skip
FIRST_DATES = ("2021-01-04", "04/01/2021", "Jan 2021", "2021-W01", "20210104", "2021", "1", "")


@st.composite
def odd_tables(draw: st.DrawFn) -> bytes:
    """Draw a table as CSV: dates or what looks like them, numbers, and cells that are neither."""
    separator = draw(st.sampled_from([",", ";", "\t", "|", "  "]))
    names = draw(st.lists(st.one_of(st.sampled_from(HEADERS), st.text(max_size=6)), min_size=1, max_size=7))
    n = draw(st.one_of(st.integers(0, 6), st.sampled_from([60, 130])))
    kinds = [draw(st.sampled_from(["date", "number", "number", "flag", "text", "odd", "empty"])) for _ in names]
    start, step = draw(st.sampled_from(FIRST_DATES)), draw(st.sampled_from([0, 1, 7, 30, 31, 365]))
    seed = draw(st.integers(0, 2**16))
    odd = draw(st.lists(st.one_of(st.sampled_from(ODD_CELLS), st.text(max_size=8)), min_size=1, max_size=4))
    rows = _rows(np.random.default_rng(seed), kinds, n, start, step, odd)
    for _ in range(draw(st.integers(0, 3))):
        if rows and names:
            row = draw(st.integers(0, len(rows) - 1))
            rows[row][draw(st.integers(0, len(names) - 1))] = draw(st.sampled_from(odd))
    lines = [separator.join(names), *(separator.join(row) for row in rows)]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return end.join(lines).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])), "replace")


def _rows(rng: np.random.Generator, kinds: list[str], n: int, start: str, step: int, odd: list[str]) -> list[list[str]]:
    """Return n rows whose cells are of the columns' kinds."""
    base = np.datetime64("2021-01-04")
    makers = {
        "date": lambda i: str(base + step * i) if start[:4] == "2021" else start if step == 0 else str(int(i) + 1),
        "number": lambda i: f"{rng.gamma(2.0, 300.0):.{int(rng.integers(0, 3))}f}",
        "flag": lambda i: str(int(rng.random() < 0.2)),
        "text": lambda i: ("North", "South", "TV", "Radio")[int(rng.integers(0, 4))],
        "odd": lambda i: odd[i % len(odd)],
        "empty": lambda i: "",
    }
    return [[makers[kind](i) for kind in kinds] for i in range(n)]
