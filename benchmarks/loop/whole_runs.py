"""Clients of the studies through the whole workflow, beside the same in one process: both must tell the same."""

import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

from iteration_engine import run_iteration_engine
from mmm_builder.running.layout import FOLDS, SKILL_REPORT, SUMMARY, VALIDATION, of_iteration
from mmm_builder.verdicts import FoldEvidence, OosValidation, SkillReport, TrainingSummary

from .clients import GROUPS, LoopClient, prepared
from .running import MAX_ITERATIONS, SAMPLER, Run, follow

WHOLE = "whole_runs"
CLIENTS = (
    *(("signal", number) for number in range(6)),
    *(("without_media", number) for number in range(3)),
    ("white_noise", 0), ("random_walk", 0), ("random_walk", 1),
)  # fmt: skip


def run_whole(number: int) -> dict[str, Any]:
    """Return how a client ended in the workflow and in one process, with the figures of every iteration."""
    group, of_group = CLIENTS[number]
    client, start = GROUPS[group].client(of_group), monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = workflow_run(client, Path(folder))
        workflow_seconds = monotonic() - start
        own = in_process(follow(prepared(client, Path(folder))))
    return {
        "group": WHOLE, "number": number, "client": [group, of_group], "workflow": found, "in_process": own,
        "difference": difference(found, own), "workflow_seconds": round(workflow_seconds, 1),
        "seconds": round(monotonic() - start, 1),
    }  # fmt: skip


def workflow_run(client: LoopClient, folder: Path) -> dict[str, Any]:
    """Return how the workflow ended on a client's CSV file, with the draws of the studies."""
    csv, output = folder / "client_data.csv", folder / "run"
    client.table.to_csv(csv, index=False)
    run_iteration_engine(
        csv, output, max_iterations=MAX_ITERATIONS, seed=SAMPLER.seed, columns=client.columns, cores=1, quiet=True,
        config={"sampler": SAMPLER.model_dump(exclude={"seed"}), "training_threads": 1},
    )  # fmt: skip
    report = SkillReport.read(output / SKILL_REPORT)
    iterations = [
        _figures(
            TrainingSummary.read(of_iteration(output, SUMMARY, n)),
            FoldEvidence.read(of_iteration(output, FOLDS, n)),
            OosValidation.read(of_iteration(output, VALIDATION, n)),
        )
        for n in range(1, report.iterations_run + 1)
    ]
    return _ended(report.status, report.selected_iteration, report.holdout_looks, iterations)


def in_process(run: Run) -> dict[str, Any]:
    """Return the same of a run in one process."""
    iterations = [_figures(i.summary, i.folds, i.validation) for i in run.iterations]
    looks = run.iterations[-1].validation.holdout_looks
    return _ended(run.selection.status, run.selection.iteration, looks, iterations)


def _ended(status: str, selected: int, looks: int, iterations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"status": status, "selected": selected, "looks": looks, "iterations": iterations}


def _figures(summary: TrainingSummary, folds: FoldEvidence, validation: OosValidation) -> dict[str, float | None]:
    adds = validation.media_adds
    return {
        "r2": summary.r2, "worst_rhat": summary.worst_rhat, "fold_crps": folds.pooled and folds.pooled.crps,
        "oos_r2": validation.oos_r2, "oos_mape": validation.oos_mape, "crps": validation.crps,
        "media_gain": adds and adds.crps_gain, "chance_pass_probability": validation.chance_pass_probability,
    }  # fmt: skip


def difference(one: dict[str, Any], other: dict[str, Any]) -> float | None:
    """Return the largest relative difference of two runs' figures; None if they ended otherwise."""
    if any(one[key] != other[key] for key in ("status", "selected", "looks")):
        return None
    if len(one["iterations"]) != len(other["iterations"]):
        return None
    both = zip(one["iterations"], other["iterations"], strict=True)
    pairs = [(a[name], b[name]) for a, b in both for name in a]
    if any((a is None) != (b is None) for a, b in pairs):
        return None
    return max((abs(a - b) / max(abs(a), abs(b), 1e-12) for a, b in pairs if a is not None), default=0.0)
