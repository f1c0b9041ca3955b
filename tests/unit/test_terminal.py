from pathlib import Path

import finished_runs as finished
import pytest
import run_records as runs

import reporter
from mmm_builder.reporting.terminal import terminal_summary
from mmm_builder.running.run_status import read_run, summary_text
from mmm_builder.verdicts import ConvergenceThresholds, FoldEvidence, OosValidation, SkillReport, TrainingSummary


def report(folder: Path, make, **more) -> Path:
    iterations, budget = make()
    reporter.report_files(max_iterations=budget, **finished.write_run(folder, runs.profile(), iterations), **more)
    return folder


def ended(folder: Path, make, **more):
    report(folder, make, **more)
    said = SkillReport.read(folder / "skill_report.json")
    files = {name: folder / finished.FILES[name].format(n=said.selected_iteration) for name in finished.FILES}
    summary, folds = TrainingSummary.read(files["summaries"]), FoldEvidence.read(files["folds"])
    return said, summary, folds, OosValidation.read(files["validations"])


def test_the_terminal_tells_status_media_gates_limits_looks_and_where_the_analysis_lies(tmp_path):
    lines = terminal_summary(*ended(tmp_path, finished.three_with_success), tmp_path).split("\n")
    assert lines[0] == (
        "full_success: iteration 3 of 3 (budget 10), both gates passed; "
        "media add to the forecast: yes (+4.1 % CRPS, 80 %: 1.0 to 7.2)"
    )
    assert "✓ R-hat 1.004 (≤ 1.020)" in lines[1]
    assert "✓ R² 0.73 (0.55 to 0.70; above: the overfitting index decides)" in lines[1]
    assert "✓ OOS R² 0.51 (≥ 0.40)" in lines[2]
    assert lines[3].endswith("1 time; by chance a model of true R² 0.20 would pass with probability 5.2 %")
    assert lines[-1].endswith(str(tmp_path / "ITERATION_ANALYSIS.md"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (finished.success_without_media, "media add to the forecast: no (-0.3 % CRPS, 80 %: -3.4 to 2.8)"),
        (finished.success_without_folds, "media add to the forecast: not measured"),
    ],
)
def test_what_media_add_stands_beside_a_success(tmp_path, make, said):
    first = terminal_summary(*ended(tmp_path, make), tmp_path).split("\n")[0]
    assert first.startswith("full_success")
    assert first.endswith(said)


def test_the_terminal_marks_what_failed_and_what_is_missing(tmp_path):
    shown = terminal_summary(*ended(tmp_path / "a", finished.ten_exhausted), tmp_path)
    assert "✗ R² 0.50 (0.55 to 0.70)" in shown
    assert "out-of-sample gate not opened: diagnostics failed" in shown
    assert "not validated out of sample" in shown
    assert "? Divergences not computed (≤ 0)" in terminal_summary(
        *ended(tmp_path / "b", finished.two_unassessed), tmp_path
    )


@pytest.mark.parametrize("chance", [0.0, 0.00004])
def test_a_tiny_probability_is_never_nought(tmp_path, chance):
    said, *rest = ended(tmp_path, finished.one_success)
    tiny = terminal_summary(said.model_copy(update={"chance_pass_probability": chance}), *rest, tmp_path)
    assert "with probability < 0.01 %" in tiny
    assert "later ones" not in tiny
    small = said.model_copy(update={"chance_pass_probability": 0.0003, "holdout_looks": 3})
    assert "probability 0.03 %; that counts 1 time, later ones" in terminal_summary(small, *rest, tmp_path)


def test_the_terminal_marks_a_ceiling_that_fails(tmp_path):
    said, _, folds, validation = ended(tmp_path, finished.ten_exhausted)
    strict = runs.summary(r2=0.8, thresholds=ConvergenceThresholds(r2_above="fail"))
    assert "✗ R² 0.80 (0.55 to 0.70)" in terminal_summary(said, strict, folds, validation, tmp_path)


def test_the_terminal_speaks_the_reports_language(tmp_path):
    shown = summary_text(read_run(report(tmp_path / "a", finished.three_never_opened, language="ru")))
    assert shown.startswith("diagnostics_only: итерация 2 из 3 (бюджет 3), бюджет итераций исчерпан; медиа")
    assert "отложенная выборка не открыта: фолды не укладываются в пороги, и мера `more_season`" in shown
    assert summary_text(read_run(report(tmp_path / "b", finished.one_success))).startswith("full_success: iteration 1")
