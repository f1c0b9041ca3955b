from pathlib import Path

import finished_runs as finished
import run_records as runs

import reporter
from mmm_builder.reporting.terminal import terminal_summary
from mmm_builder.verdicts import ConvergenceThresholds, OosValidation, SkillReport, TrainingSummary


def ended(folder: Path, make):
    iterations, budget = make()
    reporter.report_files(max_iterations=budget, **finished.write_run(folder, runs.profile(), iterations))
    report = SkillReport.read(folder / "skill_report.json")
    n = report.selected_iteration
    summary = TrainingSummary.read(folder / f"artifacts_iter_{n}" / "metrics" / "summary.json")
    validation = OosValidation.read(folder / f"artifacts_iter_{n}" / "oos_validation.json")
    return report, summary, validation


def test_the_terminal_tells_status_gates_limits_and_where_the_analysis_lies(tmp_path):
    lines = terminal_summary(*ended(tmp_path, finished.three_with_success), tmp_path).split("\n")
    assert lines[0] == "full_success: iteration 3 of 3 (budget 10), both gates passed"
    assert "✓ R-hat 1.004 (≤ 1.020)" in lines[1]
    assert "✓ R² 0.73 (0.55 to 0.70; above: the overfitting index decides)" in lines[1]
    assert "✓ OOS R² 0.51 (≥ 0.40)" in lines[2]
    assert lines[-1].endswith(str(tmp_path / "ITERATION_ANALYSIS.md"))


def test_the_terminal_marks_what_failed_and_what_is_missing(tmp_path):
    shown = terminal_summary(*ended(tmp_path / "a", finished.ten_exhausted), tmp_path)
    assert "✗ R² 0.50 (0.55 to 0.70)" in shown
    assert "out-of-sample gate not opened: the diagnostics gate failed (r2_low)" in shown
    assert "not validated out of sample" in shown
    assert "? Divergences not computed (≤ 0)" in terminal_summary(
        *ended(tmp_path / "b", finished.two_unassessed), tmp_path
    )


def test_the_terminal_marks_a_ceiling_that_fails(tmp_path):
    report, _, validation = ended(tmp_path, finished.ten_exhausted)
    strict = runs.summary(r2=0.8, thresholds=ConvergenceThresholds(r2_above="fail"))
    assert "✗ R² 0.80 (0.55 to 0.70)" in terminal_summary(report, strict, validation, tmp_path)
