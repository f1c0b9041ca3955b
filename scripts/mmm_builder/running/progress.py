"""One line for the work under way, and one for every iteration that ends.

Job output passes straight through Snakemake, so that bars of parallel jobs garble. The trainer writes how far it
is to `progress.json` beside its output instead, and one thread reads these files and prints.
"""

import json
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from ..errors import InputError
from ..percentages import percent
from ..reporting.figures import figure_key, shown, shown_limit
from ..reporting.phrases import phrasebook
from ..verdicts import Decision, Observation, TrainingSummary
from .layout import DECISION, PROGRESS, SUMMARY, TRACE, of_iteration

STALE_AFTER = 120.0
"""Seconds without news after which a job is taken for dead: a killed trainer leaves its file behind."""

LINE_EVERY = {True: 1.0, False: 10.0}
"""Seconds between lines, by whether they go to a terminal, where each takes the place of the one before."""

GATES = {"summary.json": "diagnostics", "oos_validation.json": "out-of-sample"}
"""Name of the gate by the file that a figure comes from."""


@dataclass(frozen=True, kw_only=True)
class WatchedRun:
    """A run to tell about: its name, its folder and its budget of iterations."""

    name: str
    folder: Path
    max_iterations: int


@dataclass(frozen=True, kw_only=True)
class Job:
    """A training under way; `done` is a share in [0, 1], `seconds_left` None while unknown.

    elapsed : seconds since the phase began, as far as it tells nothing of its share
    """

    run: str
    iteration: int
    phase: str
    done: float
    seconds_left: float | None
    elapsed: float | None = None


def progress_line(jobs: Sequence[Job]) -> str:
    """Return `example iter 2: sampling 64 % · ETA 3 s | …`, empty if there are no jobs."""
    return " | ".join(_job_text(job) for job in jobs)


def _job_text(job: Job) -> str:
    left = "" if job.seconds_left is None else f" · ETA {duration(job.seconds_left)}"
    since = "" if job.elapsed is None else f" {duration(job.elapsed)}"
    share = f" {percent(job.done)}" if job.done > 0 else f"{since} …"
    return f"{job.run} iter {job.iteration}: {job.phase}{share}{left}"


def duration(seconds: float) -> str:
    """Return a time as people say it: `3 s`, `4 min`, `1.5 h`."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def decision_line(run: str, decision: Decision) -> str:
    """Return `example iter 1: diagnostics fail (R² 0.48 < 0.55) → season_order`."""
    failed = [o for o in decision.observed if o.verdict == "fail"]
    by_gate: dict[str, list[str]] = {}
    for observation in failed:
        by_gate.setdefault(_gate(observation), []).append(_against_limit(observation))
    found = "; ".join(f"{gate} fail ({', '.join(figures)})" for gate, figures in by_gate.items())
    if decision.action == "stop":
        outcome = f"stop, {decision.status or 'undecided'}: {decision.stop_reason or 'no reason given'}"
    else:
        outcome = decision.remedy or "revise"
    return f"{run} iter {decision.iteration}: {found or 'no check failed'} → {outcome}"


def _gate(observation: Observation) -> str:
    return next((gate for file, gate in GATES.items() if file in observation.source), "checks")


def _against_limit(observation: Observation) -> str:
    key, value, limit = figure_key(observation.figure), observation.value, observation.limit
    label = phrasebook("en").label("figure", key)
    if value is None:
        return f"{label} not computed"
    if limit is None:
        return f"{label} {shown(key, value)}"
    return f"{label} {shown(key, value, limit)} {'<' if value < limit else '>'} {shown_limit(key, limit)}"


def jobs_under_way(runs: Sequence[WatchedRun], since: float, now: float) -> list[Job]:
    """Return the trainings that told of themselves after `since` and are neither finished nor silent for long."""
    jobs = []
    for run in runs:
        for n in range(1, run.max_iterations + 1):
            path = of_iteration(run.folder, PROGRESS, n)
            told = _modified(path)
            if told >= max(since, now - STALE_AFTER) and not of_iteration(run.folder, TRACE, n).exists():
                jobs += [_in_time(job, run.folder, now - told) for job in _read_job(run.name, n, path)]
    return jobs


def _in_time(job: Job, folder: Path, elapsed: float) -> Job:
    """Return a job whose phase tells no share with the time it has taken, and what the iteration before suggests.

    Compiling tells nothing of itself, but takes about as long for every iteration.
    """
    if job.done > 0:
        return job
    before = of_iteration(folder, SUMMARY, job.iteration - 1)
    try:
        expected = (
            TrainingSummary.read(before).training_seconds if job.iteration > 1 and job.phase == "compiling" else None
        )
    except InputError:
        expected = None
    left = None if expected is None else max(0.0, expected - elapsed)
    return replace(job, elapsed=elapsed, seconds_left=job.seconds_left if expected is None else left)


def _read_job(run: str, iteration: int, path: Path) -> list[Job]:
    """Return the job that a progress file tells of; nothing if it was caught half written or is not of this form."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        left = said["seconds_left"]
        return [
            Job(
                run=run,
                iteration=iteration,
                phase=str(said["phase"]),
                done=float(said["done"]),
                seconds_left=None if left is None else float(left),
            )
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _modified(path: Path) -> float:
    """Return the time of a file's last change in seconds, 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@dataclass(kw_only=True)
class ProgressPrinter:
    """Prints what happens in the runs from `start()` to `stop()`, from a daemon thread."""

    runs: Sequence[WatchedRun]
    stream: TextIO | None = None
    poll_seconds: float = 0.5
    _told: dict[Path, str] = field(default_factory=dict)
    _line: str = ""
    _line_at: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to watch; what happened earlier is not told."""
        self._since = time.time()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell what is left to tell and end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None

    def _watch(self) -> None:
        while not self._ended.wait(self.poll_seconds):
            self._tell_decisions()
            self._tell_progress()
        self._tell_decisions()
        self._clear()

    def _tell_decisions(self) -> None:
        for run in self.runs:
            for n in range(1, run.max_iterations + 1):
                path = of_iteration(run.folder, DECISION, n)
                if _modified(path) < self._since:
                    continue
                try:
                    line = decision_line(run.name, Decision.read(path))
                except InputError as error:
                    line = f"{run.name} iter {n}: {error}"
                if self._told.get(path) != line:  # Snakemake touches what a job wrote, so that times tell nothing
                    self._told[path] = line
                    self._print(line)

    def _tell_progress(self) -> None:
        now = time.time()
        line = progress_line(jobs_under_way(self.runs, self._since, now))
        if line and line != self._line and now - self._line_at >= LINE_EVERY[self._is_terminal]:
            self._line_at = now
            if self._is_terminal:
                width = shutil.get_terminal_size().columns - 1
                self._write("\r" + line[:width].ljust(min(len(self._line), width)))
            else:
                self._write(line + "\n")
            self._line = line

    def _print(self, text: str) -> None:
        self._clear()
        self._write(text + "\n")

    def _clear(self) -> None:
        """Wipe the terminal's line, so that what follows starts on a clean one."""
        if self._is_terminal and self._line:
            self._write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
        self._line = ""

    @property
    def _is_terminal(self) -> bool:
        return (self.stream or sys.stderr).isatty()

    def _write(self, text: str) -> None:
        stream = self.stream or sys.stderr
        stream.write(text)
        stream.flush()
