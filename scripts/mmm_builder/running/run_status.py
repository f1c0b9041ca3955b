"""How a run stands, read from its folder: for `orchestrator.py status`, also in the middle of a run."""

import time
from dataclasses import dataclass
from pathlib import Path

from ..data_profile import DataProfile
from ..errors import InputError
from ..reporting.terminal import terminal_summary
from ..sealed import SealedValidation
from ..verdicts import Decision, FoldEvidence, OosValidation, SkillReport, TrainingSummary
from . import layout
from .progress import STALE_AFTER, Job, WatchedRun, decision_line, jobs_under_way, progress_line

MAX_ITERATIONS = 100


@dataclass(frozen=True, kw_only=True)
class RunState:
    """What a run's folder holds; report and the selected iteration's verdicts are None until the run is reported."""

    folder: Path
    report: SkillReport | None
    decisions: tuple[Decision, ...]
    summary: TrainingSummary | None
    folds: FoldEvidence | None
    validation: OosValidation | None
    sealed: SealedValidation | None
    jobs: tuple[Job, ...]


def read_run(folder: Path) -> RunState:
    """Read a run's folder. Raises InputError if there is no run in it."""
    if not (folder / layout.PROFILE).is_file():
        raise InputError(f"{folder}: there is no run here (no {layout.PROFILE}); give a run's output folder")
    decisions = _decisions(folder)
    report_file = folder / layout.SKILL_REPORT
    reported = report_file.is_file() and (folder / layout.ANALYSIS).is_file()
    report = SkillReport.read(report_file) if reported else None
    if report is not None and report.iterations_run != len(decisions):
        report = None  # of an earlier, shorter run: this one goes on
    shown = report.selected_iteration if report else 0
    now = time.time()
    watched = WatchedRun(name=folder.resolve().name, folder=folder, max_iterations=MAX_ITERATIONS)
    return RunState(
        folder=folder,
        report=report,
        decisions=decisions,
        summary=TrainingSummary.read(layout.of_iteration(folder, layout.SUMMARY, shown)) if shown else None,
        folds=FoldEvidence.read(layout.of_iteration(folder, layout.FOLDS, shown)) if shown else None,
        validation=OosValidation.read(layout.of_iteration(folder, layout.VALIDATION, shown)) if shown else None,
        sealed=_sealed(folder) if shown else None,
        jobs=tuple(jobs_under_way([watched], now - STALE_AFTER, now)),
    )


def _sealed(folder: Path) -> SealedValidation | None:
    """Return what a run's sealed period says; None if it has none now, whatever an earlier configuration left."""
    path = folder / layout.SEALED
    has_seal = path.is_file() and DataProfile.read(folder / layout.PROFILE).sealed is not None
    return SealedValidation.read(path) if has_seal else None


def _decisions(folder: Path) -> tuple[Decision, ...]:
    """Return the decisions up to the first stop: files beyond it are of an earlier, longer run."""
    found: list[Decision] = []
    for n in range(1, MAX_ITERATIONS + 1):
        path = layout.of_iteration(folder, layout.DECISION, n)
        if not path.is_file() or (found and found[-1].action == "stop"):
            break
        found.append(Decision.read(path))
    return tuple(found)


def summary_text(state: RunState) -> str:
    """Return a few lines: status, chosen iteration, both gates with their limits, where the analysis lies."""
    if state.report and state.summary and state.folds and state.validation:
        return terminal_summary(state.report, state.summary, state.folds, state.validation, state.folder, state.sealed)
    name = state.folder.resolve().name
    under_way = progress_line(state.jobs) or "no training under way"
    return "\n".join([f"not finished: {under_way}", *(decision_line(name, d) for d in state.decisions)])
