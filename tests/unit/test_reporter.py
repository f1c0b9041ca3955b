import json

import finished_runs as finished
import pytest
import run_records as runs

import reporter
from mmm_builder.errors import InputError
from mmm_builder.verdicts import SkillReport, ThinkingHistory

CONTRACT = (
    "status", "oos_validation_passed", "selected_iteration", "iterations_run", "max_iterations", "model_type",
    "stop_reason", "stop_code", "selection_reason", "selection_code", "language", "metrics", "holdout_looks",
    "chance_pass_probability", "chance_looks", "doubtful_r2", "kf_documentation", "data_sha256", "versions", "seed",
    "schema_version",
)  # fmt: skip
METRICS = (
    "worst_rhat", "min_ess", "divergences", "r2", "oos_r2", "oos_mape", "overfitting_index", "media_adds",
)  # fmt: skip


def run(folder, make, **more):
    iterations, budget = make()
    keywords = {**finished.write_run(folder, runs.profile(), iterations), "max_iterations": budget, **more}
    reporter.report_files(**keywords)
    return SkillReport.read(folder / "skill_report.json")


@pytest.mark.parametrize("make", finished.RUNS.values(), ids=finished.RUNS.keys())
def test_the_report_has_the_keys_that_other_programs_read(tmp_path, make):
    report = run(tmp_path, make)
    data = json.loads((tmp_path / "skill_report.json").read_text("utf-8"))
    assert set(data) == set(CONTRACT)
    assert set(data["metrics"]) == set(METRICS)
    assert data["kf_documentation"] == "ITERATION_ANALYSIS.md"
    assert data["iterations_run"] == len(json.loads((tmp_path / "iteration_log.json").read_text("utf-8")))
    assert report.oos_validation_passed == (report.status == "full_success")
    assert len(ThinkingHistory.read(tmp_path / "thinking_history.json").decisions) == report.iterations_run


def test_figures_and_model_are_the_selected_iterations(tmp_path):
    report = run(tmp_path, finished.twelve_diagnostics_only)
    assert (report.status, report.selected_iteration, report.metrics.r2) == ("diagnostics_only", 12, 0.62)
    assert report.metrics.oos_r2 == -0.1


@pytest.mark.parametrize(
    ("make", "adds"),
    [
        (finished.one_success, "yes"),
        (finished.success_without_media, "no"),
        (finished.three_never_opened, "yes"),
        (finished.success_without_folds, None),
    ],
)
def test_what_media_add_is_of_the_holdout_where_it_was_opened_else_of_the_folds(tmp_path, make, adds):
    assert run(tmp_path, make).metrics.media_adds == adds


def test_the_probability_of_a_pass_by_chance_is_the_last_openings(tmp_path):
    report = run(tmp_path, finished.twelve_diagnostics_only)
    assert (report.chance_pass_probability, report.doubtful_r2) == (pytest.approx(0.1042), 0.2)
    assert run(tmp_path / "never", finished.three_never_opened).chance_pass_probability is None


def test_a_selection_that_is_not_validated_says_so(tmp_path):
    report = run(tmp_path, finished.three_never_opened)
    assert (report.selected_iteration, report.oos_validation_passed, report.stop_code) == (2, False, "budget")
    assert report.selection_reason.startswith("the best CRPS on the folds among those that passed diagnostics")
    assert report.selection_reason.endswith("not validated")


def test_without_a_ledger_the_holdout_was_never_opened(tmp_path):
    assert run(tmp_path, finished.ten_exhausted).holdout_looks == 0
    assert not (tmp_path / "holdout_looks.jsonl").exists()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pictures_are_made_if_asked_for_and_embedded(tmp_path, language):
    pictures = {name: tmp_path / f"{name}.png" for name in ("gates", "fit", "fold_scores")}
    run(tmp_path, finished.three_with_success, language=language, **pictures)
    for path in pictures.values():
        assert path.stat().st_size > 10_000
        assert f"({path.name})" in (tmp_path / "ITERATION_ANALYSIS.md").read_text("utf-8")


def test_lists_of_different_length_are_refused(tmp_path):
    iterations, budget = finished.three_with_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    keywords["decisions"] = keywords["decisions"][:2]
    with pytest.raises(InputError, match="one file per iteration, got 3, 3, 3, 3, 3, 2, 3, 3, 3"):
        reporter.report_files(max_iterations=budget, **keywords)


def test_iterations_out_of_order_are_refused(tmp_path):
    iterations, budget = finished.three_with_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    keywords["decisions"] = keywords["decisions"][::-1]
    with pytest.raises(InputError, match=r"is of iteration 3, expected iteration 1; give the files in the order"):
        reporter.report_files(max_iterations=budget, **keywords)


def test_an_empty_run_is_refused(tmp_path):
    keywords = finished.write_run(tmp_path, runs.profile(), [])
    with pytest.raises(InputError, match="one file per iteration, got 0"):
        reporter.report_files(max_iterations=10, **keywords)


def test_refusals_leave_nothing_behind(tmp_path):
    keywords = finished.write_run(tmp_path, runs.profile(), [finished.iteration(1, r2=0.3)])
    with pytest.raises(InputError, match="1 of 10 iterations were given"):
        reporter.report_files(max_iterations=10, **keywords)
    assert not any(keywords[name].exists() for name in ("iteration_log", "skill_report", "analysis"))


def test_a_damaged_ledger_is_named(tmp_path):
    iterations, budget = finished.one_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    keywords["ledger"].write_text('{"look": "1', encoding="utf-8")
    with pytest.raises(InputError, match=r"holdout_looks\.jsonl: line 1"):
        reporter.report_files(max_iterations=budget, **keywords)


def test_a_language_that_is_not_known_is_refused(tmp_path):
    iterations, budget = finished.one_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    with pytest.raises(InputError, match="language 'de' is not known; known: en, ru"):
        reporter.report_files(max_iterations=budget, language="de", **keywords)
