"""The lines that tell of work under way and of iterations that ended."""

import io
import json
import time

import pytest

from mmm_builder.running.layout import DECISION, PROGRESS, TRACE, of_iteration
from mmm_builder.running.progress import (
    Job,
    ProgressPrinter,
    WatchedRun,
    decision_line,
    duration,
    jobs_under_way,
    progress_line,
)
from mmm_builder.verdicts import Decision, Diagnosis, Observation


def decision(**changes):
    return Decision(
        **{
            "iteration": 1,
            "observed": (),
            "diagnosis": Diagnosis(hypothesis="h", evidence_for=(), evidence_against=()),
            "action": "revise",
            "status": None,
            "stop_reason": None,
            "remedy": "season_order",
            "predicted_figure": None,
            "predicted_value": None,
            "changes": (),
            **changes,
        }
    )


def observed(figure, value, limit, verdict="fail", source="metrics/summary.json"):
    return Observation(figure=figure, value=value, limit=limit, verdict=verdict, source=source)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def told(done, phase="sampling", left=3.0):
    return json.dumps({"done": done, "seconds_left": left, "phase": phase})


@pytest.fixture
def run(tmp_path):
    return WatchedRun(name="example", folder=tmp_path, max_iterations=3)


def test_line_names_run_iteration_phase_share_and_time_left():
    jobs = [
        Job(run="example", iteration=2, phase="sampling", done=0.64, seconds_left=3.2),
        Job(run="b", iteration=1, phase="compiling", done=0.0, seconds_left=None),
    ]
    assert progress_line(jobs) == "example iter 2: sampling 64 % · ETA 3 s | b iter 1: compiling …"
    forecasting = Job(run="c", iteration=1, phase="forecasting (origin 2 of 4)", done=0.375, seconds_left=12.0)
    assert progress_line([forecasting]) == "c iter 1: forecasting (origin 2 of 4) 38 % · ETA 12 s"
    assert progress_line([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (0.4, "0 s"), (89, "89 s"), (91, "2 min"), (3600, "60 min"), (5401, "1.5 h")]
)
def test_durations_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_decision_line_names_every_failed_check_by_gate_and_the_remedy():
    seen = (
        observed("r2_low", 0.48, 0.55),
        observed("worst_rhat", 1.1, 1.02),
        observed("min_ess", 400.0, 100.0, verdict="pass"),
        observed("oos_mape", 33.3, 20.0, source="oos_validation.json"),
    )
    assert decision_line("example", decision(observed=seen)) == (
        "example iter 1: diagnostics fail (R² 0.48 < 0.55, R-hat 1.100 > 1.020); "
        "out-of-sample fail (OOS MAPE 33.3 % > 20.0 %) → season_order"
    )


def test_decision_line_of_a_stop_and_of_figures_that_are_missing():
    stop = decision(action="stop", status="full_success", stop_reason="both gates passed", remedy=None)
    assert decision_line("a", stop) == "a iter 1: no check failed → stop, full_success: both gates passed"
    seen = (observed("r2", None, 0.55), observed("oos_r2", 2.0, None))
    assert "R² not computed, OOS R² 2.00)" in decision_line("a", decision(observed=seen))


def test_jobs_are_those_that_told_lately_and_have_no_trace(run):
    write(of_iteration(run.folder, PROGRESS, 1), told(0.5))
    write(of_iteration(run.folder, PROGRESS, 2), told(0.7, left=None))
    write(of_iteration(run.folder, TRACE, 1), "done")
    now = time.time()
    assert [(j.iteration, j.done, j.seconds_left) for j in jobs_under_way([run], now - 60, now)] == [(2, 0.7, None)]
    assert jobs_under_way([run], now + 1, now + 1) == []
    assert jobs_under_way([run], now - 60, now + 3600) == []


@pytest.mark.parametrize("text", ["", '{"done": 0.', "[]", "{}", '{"done": "x", "seconds_left": 1, "phase": "p"}'])
def test_a_half_written_or_foreign_file_is_passed_over(text, run):
    write(of_iteration(run.folder, PROGRESS, 1), text)
    assert jobs_under_way([run], 0, time.time()) == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watch(run, stream, act):
    printer = ProgressPrinter(runs=[run], stream=stream, poll_seconds=0.02)
    printer.start()
    time.sleep(0.05)
    act()
    time.sleep(0.2)
    printer.stop()
    return stream.getvalue()


def test_printer_tells_progress_and_each_decision_once(run):
    def act():
        write(of_iteration(run.folder, PROGRESS, 1), told(0.25))
        time.sleep(0.1)
        for _ in range(2):
            write(of_iteration(run.folder, DECISION, 1), decision().to_json())
            time.sleep(0.1)

    said = watch(run, io.StringIO(), act).splitlines()
    assert said == ["example iter 1: sampling 25 % · ETA 3 s", "example iter 1: no check failed → season_order"]


def test_printer_is_silent_on_what_happened_before(run):
    write(of_iteration(run.folder, DECISION, 1), decision().to_json())
    time.sleep(0.05)
    assert watch(run, io.StringIO(), lambda: None) == ""


def test_on_a_terminal_the_line_is_rewritten_and_wiped(run):
    said = watch(run, Terminal(), lambda: write(of_iteration(run.folder, PROGRESS, 1), told(0.25)))
    assert said.startswith("\rexample iter 1: sampling 25 %")
    assert said.endswith(" \r")
    assert "\n" not in said


def test_stopping_without_having_started_is_harmless(run):
    ProgressPrinter(runs=[run]).stop()
