"""What the benchmark programs write follows from what they measured, failures included."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from benchmarks import iteration, results, side_by_side, truth
from benchmarks.peers import clients, hand_written, tools

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
FOLDS = {"pooled": {"r2": 0.61, "mape": 8.1, "coverage_80": 0.78}}
VALIDATION = {
    "evaluated": True, "n_test": 42, "oos_r2": 0.67, "oos_mape": 9.2, "coverage_80": 0.81,
    "chance_pass_probability": 0.12, "media_adds": {"verdict": "yes", "crps_gain": 0.15},
    "media_adds_known_ahead": None,
}  # fmt: skip
LOW = {"code": "oos_r2", "status": "fail", "value": 0.2, "limit": 0.4}


def outcome(name="data", report=REPORT, checks=(), **more):
    found = {
        "options": (), "seconds": 61.2, "code": 0, "said": "", "profile": PROFILE,
        "summary": {"checks": [HIGH], "thresholds": {"r2_max": 0.7}},
        "validation": VALIDATION | {"checks": list(checks)}, "folds": FOLDS,
    }  # fmt: skip
    return results.Outcome(name=name, report=report, **(found | more))


def refused():
    more = dict.fromkeys(("profile", "summary", "validation", "folds"))
    return outcome("broken", None, code=2, said="error: no date column; name it with --date", **more)


def test_every_run_has_a_row_with_a_cell_for_every_column():
    text = results.table([outcome(), refused()])
    assert "| data | full_success | 2 | 2 | 0.73 | 1.004 | 1598 | 0 | 0.67 | 9.2 % | 0.06 |" in text
    assert "| 0.06 | 0.61 | yes (+15%) | 1 | 12% | 61 |" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_what_was_not_computed_is_a_dash():
    closed = REPORT | {"metrics": dict.fromkeys(REPORT["metrics"])}
    assert "| – | – | – | – | – | – | – |" in results.table([outcome(report=closed)])


def test_published_figures_stand_beside_the_runs():
    text = results.document([outcome("lydia_pinkham_annual"), outcome()])
    row = next(line for line in text.splitlines() if line.startswith("| lydia_pinkham_annual | 42 periods"))
    assert "MAPE 9.2 %" in row
    assert "MAPE 8.1 %" in row
    assert "14.9 %" in row
    assert text.count("| data | 42 periods") == 0


def test_media_that_add_nothing_are_told_whatever_the_status():
    adds = VALIDATION | {"checks": [], "media_adds": {"verdict": "no", "crps_gain": -0.01}}
    assert "Media add nothing to the forecast of data" in results.document([outcome(validation=adds)])
    assert "Media add nothing" not in results.document([outcome()])


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


# --- beside other tools ----------------------------------------------------------------------------------------------


def fitted(seconds, **more):
    found = {
        "cpu": 15.0, "importing": 5.0, "training": seconds, "training_importing": 4.0, "sampling": 1.0,
        "megabytes": 500.0, "divergences": 0, "version": "1.0", "ess_contributions": 1000.0, "ess_parameters": 900.0,
        "gradients": 50_000.0, "terms": 9, "rows": 125,
    }  # fmt: skip
    return tools.Fit(seconds=seconds, **(found | more))


def test_targets_are_judged_and_what_was_not_run_is_told():
    fits = {
        tools.OURS: [fitted(10.0), fitted(30.0), fitted(11.0, megabytes=700.0)],
        "PyMC-Marketing": [fitted(55.0, ess_contributions=100.0)],
        "Meridian": "not installed",
    }
    text = side_by_side.document({"156x6": fits}, {"156x6": 10.0}, 2.0, 3)
    assert "| mmm-model-builder | 11.0 | 15.0 | 5.0 | 6.0 |" in text
    assert "| Meridian: not installed | – |" in text
    assert "| end to end, ≤ 1/4 of PyMC-Marketing's | 1/5.0: met |" in text
    assert "| beyond import, ≤ 1/15 of PyMC-Marketing's | 1/8.3: **missed** |" in text
    assert "| ESS/s end to end, ≥ 10 × of PyMC-Marketing's | 50.0 ×: met |" in text
    assert "| end to end, ≤ 1/6 of Meridian's | – |" in text
    assert "| peak memory ≤ 600 MB | 500: met |" in text
    for rows in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in rows.splitlines()}) == 1


def test_import_seconds_are_the_sum_of_all_modules():
    log = (
        "import time: self [us] | cumulative | package\nimport time:  500000 | 500000 | a\nimport time: 250000 | 1 | b"
    )
    assert tools.import_seconds(log) == 0.75
    assert tools.last_line(log + "\nValueError: no\n") == "ValueError: no"
    assert tools.last_line(log) == ""


def test_contributions_follow_the_trace():
    rng = np.random.default_rng(1)
    dims, size = ("chain", "draw", "channel"), (2, 3, 2)
    names = ("adstock_alpha", "half_saturation", "coefficient")
    posterior = xr.Dataset({name: (dims, rng.uniform(0.1, 0.9, size)) for name in names})
    spend, unit = rng.uniform(0.0, 9.0, (5, 2)), np.array([2.0, 3.0])
    constant = xr.Dataset(
        {"spend": (("date", "channel"), spend), "spend_unit": (("channel",), unit), "kpi_scale": ((), 7.0)}
    )
    alpha, half, coefficient = (posterior[name].values[1, 2, 1] for name in names)
    carried = np.array([sum(alpha ** (t - s) * spend[s, 1] / 3.0 for s in range(t + 1)) for t in range(5)])
    expected = 7.0 * coefficient * np.sum(carried / (half + carried))
    assert tools.total_contributions(posterior, constant)[1, 2, 1] == pytest.approx(expected)


def test_what_does_not_vary_has_no_effective_sample_size():
    draws = np.random.default_rng(1).normal(size=(4, 500, 2))
    assert 1000 < tools.least_ess([draws, np.ones((4, 500))]) < 3000


def test_the_hand_written_gradient_is_the_density_s():
    arguments = hand_written.problem(rows=8, channels=2, terms=3)
    density, (at, gradient, *others) = hand_written.log_density.py_func, arguments
    density(at, gradient, *others)
    steps = 1e-6 * np.eye(len(at))
    scratch = np.empty_like(at)
    differences = [(density(at + e, scratch, *others) - density(at - e, scratch, *others)) / 2e-6 for e in steps]
    np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-5)


def test_a_panel_s_units_share_channels_and_differ_in_size():
    table = clients.simulated_panel(clients.Size(weeks=30, channels=2, units=3), seed=1)
    assert table.groupby(clients.PANEL).size().tolist() == [30, 30, 30]
    assert [c for c in table if c.endswith("_spend")] == ["search_spend", "social_spend"]
    assert table["population"].nunique() == 3


def test_estimates_are_held_against_the_truth():
    estimate = truth.Estimate(
        mean={"tv": 2.0, "web": 3.0}, lower={"tv": 1.0, "web": 2.5}, upper={"tv": 3.0, "web": 3.5}
    )
    true = {"tv": 2.5, "web": 2.0}
    assert truth.covered(estimate, true) == 1
    assert truth.mean_error(estimate, true) == pytest.approx((0.2 + 0.5) / 2)
    case = truth.Case("made_up", pd.DataFrame({"day": range(10)}), "day", "y", true, (), True, "Nothing left out.")
    found = {tools.OURS: truth.Result(estimate, 60.0, "whole run"), "Meridian": "not run: no memory"}
    text = truth.document([truth.section(case, found, "2024-01-01")], 0.1)
    assert "| tv | 2.5 | 2 [1, 3] |" in text
    assert "| web | 2 | 3 [2.5, 3.5] (missed) |" in text
    assert "| mmm-model-builder | 1 of 2 | 35 % | 60 | whole run |" in text
    assert "| Meridian: not run: no memory | – |" in text
