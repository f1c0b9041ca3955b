"""What the benchmark programs write follows from what they measured, failures included."""

import re

import pytest

from benchmarks import iteration, results

REPORT = {
    "status": "full_success", "iterations_run": 2, "selected_iteration": 2, "holdout_looks": 1,
    "stop_reason": "both gates passed",
    "metrics": {
        "worst_rhat": 1.004, "min_ess": 1598.0, "divergences": 0, "r2": 0.73, "oos_r2": 0.67, "oos_mape": 9.2,
        "overfitting_index": 0.06,
    },
}  # fmt: skip
PROFILE = {
    "n_periods": 208, "frequency": "weekly", "start": "2021-01-04", "end": "2024-12-23", "target_column": "revenue",
    "channels": [{"column": "tv", "channel_type": "video_tv", "measure": "spend"}], "controls": [], "ignored": [],
    "warnings": [],
}  # fmt: skip
HIGH = {"code": "r2_high", "status": "review", "value": 0.73, "limit": 0.7}
LOW = {"code": "oos_r2", "status": "fail", "value": 0.2, "limit": 0.4}


def outcome(name="data", report=REPORT, checks=(), **more):
    found = {
        "options": (), "seconds": 61.2, "code": 0, "said": "", "profile": PROFILE,
        "summary": {"checks": [HIGH], "thresholds": {"r2_max": 0.7}},
        "validation": {"evaluated": True, "checks": list(checks)},
    }  # fmt: skip
    return results.Outcome(name=name, report=report, **(found | more))


def refused():
    more = dict.fromkeys(("profile", "summary", "validation"))
    return outcome("broken", None, code=2, said="error: no date column; name it with --date", **more)


def test_every_run_has_a_row_with_a_cell_for_every_column():
    text = results.table([outcome(), refused()])
    assert "| data | full_success | 2 | 2 | 0.73 | 1.004 | 1598 | 0 | 0.67 | 9.2 % | 0.06 | 1 | 61 |" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_what_was_not_computed_is_a_dash():
    closed = REPORT | {"metrics": dict.fromkeys(REPORT["metrics"])}
    assert "| – | – | – | – | – | – | – |" in results.table([outcome(report=closed)])


def test_a_refused_run_is_told_with_its_reason():
    text = results.document([outcome(), refused()])
    assert "none (exit code 2)" in text
    assert "no date column; name it with --date" in text
    assert "1 of 2 runs reached full_success" in text


def test_failed_checks_and_repeated_looks_are_told():
    text = results.document([outcome(report=REPORT | {"status": "diagnostics_only", "holdout_looks": 3}, checks=[LOW])])
    assert "not passed in iteration 2: oos_r2 0.2 (limit 0.4)" in text
    assert "opened more than once for data (3)" in text
    assert "0 of 1 runs reached full_success" in text


def test_overrides_are_told():
    assert "overrides `--target 'net sales'`" in results.detected(outcome(options=("--target", "net sales")))


def test_what_is_counted_is_in_words_and_competitors_are_told():
    rival = PROFILE | {"controls": [{"column": "rival_sales", "kind": "competitor"}], "warnings": [1, 2]}
    text = results.document([outcome(profile=rival)])
    assert "1 channel: `tv` (video_tv, spend); 1 control (1 competitor); no columns left out; 2 warnings." in text
    assert "among the controls of data, are not known ahead" in text
    assert "not known ahead" not in results.document([outcome()])


def test_without_the_data_nothing_is_written(tmp_path, capsys):
    output = tmp_path / "results.md"
    assert results.main(["--data", str(tmp_path), "--output", str(output)]) == 0
    assert not output.exists()
    assert "no data set is at hand" in capsys.readouterr().out


def test_a_run_that_exists_is_not_timed_again(tmp_path, capsys):
    name = next(iter(results.DATASETS))
    (tmp_path / f"{name}.csv").touch()
    (tmp_path / name).mkdir()
    with pytest.raises(SystemExit):
        results.main(["--data", str(tmp_path), "--keep", str(tmp_path)])
    assert "remove it" in capsys.readouterr().err


def test_a_missed_limit_is_told_and_medians_are_shown():
    figures = [iteration.Figure("fast", [1.0, 3.0, 2.0], 2, "s"), iteration.Figure("slow", [50.0], 40, "s")]
    uses = {"train": [iteration.Use(10.0, 500.0), iteration.Use(20.0, 700.0), iteration.Use(12.0, 600.0)]}
    text = iteration.document(figures, uses, 0.1, 3, True, REPORT)
    assert "| fast | 2 s | 1 to 3 | ≤ 2 s | met |" in text
    assert "| slow | 50 s | 50 to 50 | ≤ 40 s | **missed** |" in text
    assert "| train | 12.0 | 600 |" in text
    assert "upper bounds" not in text
    assert "upper bounds" in iteration.document(figures, uses, 2.8, 3, True, REPORT)


def test_the_machine_is_described_without_its_name():
    assert re.fullmatch(r"\d+ cores \(.+\), \w+, CPython 3\.\d+\.\d+", iteration.machine())


def test_a_failed_command_is_told_with_what_it_said():
    with pytest.raises(RuntimeError, match="no such thing"):
        iteration.measured([iteration.sys.executable, "-c", "raise SystemExit('no such thing')"])
