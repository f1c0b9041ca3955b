"""Fake of the report stage."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision, OosValidation, ReportMetrics, SkillReport, TrainingSummary


def report_files(
    *,
    profile: Path,
    summaries: tuple[Path, ...],
    validations: tuple[Path, ...],
    decisions: tuple[Path, ...],
    iteration_log: Path,
    thinking_history: Path,
    skill_report: Path,
    analysis: Path,
    gates: Path,
    fit: Path,
    fold_scores: Path,
    max_iterations: int,
):
    note("report", skill_report)
    last, found = Decision.read(decisions[-1]), TrainingSummary.read(summaries[-1])
    held_out = OosValidation.read(validations[-1])
    said = SkillReport(
        status=last.status or "diagnostics_only",
        oos_validation_passed=last.action == "stop",
        selected_iteration=len(decisions),
        iterations_run=len(decisions),
        max_iterations=max_iterations,
        model_type="v3",
        stop_reason=last.stop_reason or f"budget of {max_iterations} iterations spent",
        metrics=ReportMetrics(
            worst_rhat=found.worst_rhat, min_ess=found.min_ess, divergences=found.divergences, r2=found.r2,
            oos_r2=held_out.oos_r2, oos_mape=held_out.oos_mape, overfitting_index=held_out.overfitting_index,
        ),
        holdout_looks=1,
        kf_documentation=analysis.name,
        data_sha256=digest_of(profile),
        versions={},
        seed=7,
    )  # fmt: skip
    write_text(skill_report, said.to_json())
    for path in (iteration_log, thinking_history, analysis, gates, fit, fold_scores):
        write_text(path, f"of {digest_of(*decisions)}\n")


hand_over(report_files, globals().get("snakemake"))
