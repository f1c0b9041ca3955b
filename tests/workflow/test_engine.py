"""The engine: the workflow on one file, from a call and from the command line."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
from workbench import trained

ENGINE = "iteration_engine.py"
STOP_AT_2 = "policy: {disabled_remedies: [lengthen_chains]}\n"
CONTRACTED = [
    "data_profile.json",
    "data_profile.html",
    "data_series.json",
    "config_iter_1.yaml",
    "config_iter_2.yaml",
    "iteration_log.json",
    "thinking_history.json",
    "ITERATION_ANALYSIS.md",
    "skill_report.json",
    "artifacts_iter_2/trace.nc",
    "artifacts_iter_2/oos_validation.json",
    "artifacts_iter_2/oos_predictions.csv",
    "artifacts_iter_2/thinking_log.json",
    "artifacts_iter_2/metrics/summary.json",
    "artifacts_iter_2/diagnostics/diagnostics_summary.txt",
    "artifacts_iter_2/diagnostics/predicted_vs_actual_series.csv",
]


def report(folder):
    return json.loads((folder / "skill_report.json").read_text())


def test_command_line_by_path_writes_the_contracted_files(desk):
    done = desk.type(ENGINE, desk.csv, desk.output, "2", "v3")
    assert done.returncode == 3, done.stderr
    assert trained(done.jobs) == [1, 2]
    for name in CONTRACTED:
        assert (desk.output / name).is_file(), name
    assert "sales iter 1: diagnostics fail (R² 0.48 < 0.55) → remedy_1" in done.stderr
    assert "budget of 2 iterations spent" in done.stdout
    assert not (desk.output / "results").exists()


def test_full_success_ends_with_zero_and_options_reach_the_run(desk):
    further = desk.folder / "further.yaml"
    further.write_text(STOP_AT_2 + "max_iterations: 5\nseed: 1\nsampler: {draws: 300}\n")
    done = desk.type(ENGINE, desk.csv, desk.output, "--config", further, "--seed", "7", "--target", "revenue")
    assert done.returncode == 0, done.stderr
    assert report(desk.output)["max_iterations"] == 5
    assert "v3 draws 300 seed 7" in (desk.output / "config_iter_1.yaml").read_text()
    assert "revenue, None, None" in (desk.output / "data_profile.json").read_text()


CALL = """
import asyncio, json
from scripts.iteration_engine import run_iteration_engine

async def notebook():
    return run_iteration_engine({csv!r}, {output!r}, max_iterations=1, columns={{"target": "revenue"}}, quiet={quiet})

print(json.dumps(asyncio.run(notebook())))
"""


def test_call_within_a_running_event_loop_and_from_another_directory(desk, tmp_path):
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    csv = os.path.relpath(desk.csv, elsewhere)
    done = desk.call(CALL.format(csv=csv, output="Вывод", quiet=True), cwd=elsewhere)
    assert json.loads(done.stdout) == report(elsewhere / "Вывод")
    assert done.stderr == ""


def test_the_same_call_again_does_nothing_however_the_path_is_spelled(desk):
    desk.type(ENGINE, desk.csv, desk.output, "1", "--quiet")
    before = (desk.output / "skill_report.json").stat().st_mtime_ns
    for cwd, csv in ((desk.folder, "client data/sales.csv"), (desk.csv.parent, "../client data/sales.csv")):
        done = desk.type(ENGINE, csv, desk.output, "1", cwd=cwd)
        assert (done.returncode, done.jobs, done.stderr) == (3, [], "")
    assert (desk.output / "skill_report.json").stat().st_mtime_ns == before


def test_raised_budget_goes_on_where_the_last_call_ended(desk):
    desk.type(ENGINE, desk.csv, desk.output, "1")
    done = desk.type(ENGINE, desk.csv, desk.output, "2")
    assert trained(done.jobs) == [2]
    assert report(desk.output)["iterations_run"] == 2


def test_run_config_runs_the_same_by_hand(desk):
    desk.type(ENGINE, desk.csv, desk.output, "1")
    comment = (desk.output / "run_config.yaml").read_text().splitlines()[1].removeprefix("#").strip()
    by_hand = comment.replace("python", shlex.quote(sys.executable), 1)
    done = subprocess.run(by_hand, shell=True, cwd=desk.output, env=desk.environment(), capture_output=True, text=True)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


WRONG_ARGUMENTS = {
    "missing file": (["nowhere.csv", "{output}"], "nowhere.csv"),
    "a folder as data": (["{folder}", "{output}"], "client data"),
    "model type": (
        ["{csv}", "{output}", "3", "v33"],
        "'model_type': 'v33' is not known (did you mean 'v3'?); known: v3",
    ),
    "no iterations": (
        ["{csv}", "{output}", "0"],
        "'max_iterations': input should be greater than or equal to 1, got 0",
    ),
    "device": (["{csv}", "{output}", "--device", "tpu"], "'device': 'tpu' is not known"),
    "seed": (["{csv}", "{output}", "--seed", "-1"], "'seed': input should be greater than or equal to 0, got -1"),
    "cores": (["{csv}", "{output}", "--cores", "0"], "--cores: at least 1, got 0"),
    "column": (["{csv}", "{output}", "--target", "revenu"], "revenu"),
    "no settings file": (["{csv}", "{output}", "--config", "nowhere.yaml"], "nowhere.yaml: the file does not exist"),
    "no conda": (["{csv}", "{output}", "--conda-env", "pymc_gpu_015"], "there is no conda on the PATH"),
    "output in a file": (["{csv}", "{csv}/out"], "is a file; choose another folder"),
    "output not makeable": (["{csv}", "/proc/out"], "/proc/out: "),
}


@pytest.mark.parametrize("case", WRONG_ARGUMENTS)
def test_wrong_arguments_end_with_one_line_exit_code_2_and_nothing_written(case, desk):
    template, message = WRONG_ARGUMENTS[case]
    places = {"csv": desk.csv, "output": desk.output, "folder": desk.csv.parent}
    before = sorted(desk.folder.rglob("*"))
    arguments = [argument.format(**places) for argument in template]
    done = desk.type(ENGINE, *arguments, environment={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("mmm-model-builder: error: ")
    assert done.stderr.count("\n") == 1
    assert sorted(desk.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "thresholds: {convergence: {r2_minimum: 0.5}}",
            "unknown key 'thresholds.convergence.r2_minimum' (did you mean",
        ),
        ("thresholds: {out_of_sample: {test_size: 0.9}}", "'thresholds.out_of_sample.test_size': input should be less"),
        ("runs: {a: {csv: a.csv}}", "'runs' follows from the data file and the output folder here; remove it"),
        ("- a\n- b", "expected keys with values, got list"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_wrong_settings_file_is_named(settings, message, desk):
    further = desk.folder / "further.yaml"
    further.write_text(settings)
    done = desk.type(ENGINE, desk.csv, desk.output, "--config", further)
    assert done.returncode == 2
    assert f"error: {further}: " in done.stderr
    assert message in done.stderr
    assert not desk.output.exists()


def test_a_stage_s_own_line_comes_through_with_exit_code_2(desk):
    done = desk.type(ENGINE, desk.csv, desk.output, "2", fail=["artifacts_iter_2"])
    assert done.returncode == 2
    assert done.stderr.endswith("mmm-model-builder: error: config_iter_2.yaml: the fake trainer was told to fail\n")


def test_a_broken_stage_ends_with_1_and_names_the_log(desk):
    done = desk.type(ENGINE, desk.csv, desk.output, "2", **{"break": ["artifacts_iter_1"]})
    assert done.returncode == 1
    log = desk.output / "logs" / "snakemake.log"
    assert f"the rule train_cpu failed; the whole story is in {log}" in done.stderr
    assert "the fake trainer was told to break" in log.read_text()
    assert "Traceback" not in done.stderr


def test_an_error_of_an_earlier_call_is_not_told_again(desk):
    desk.type(ENGINE, desk.csv, desk.output, "1", fail=["artifacts_iter_1"])
    done = desk.type(ENGINE, desk.csv, desk.output, "1", **{"break": ["artifacts_iter_1"]})
    assert done.returncode == 1
    assert "told to fail" not in done.stderr


def children_with(text):
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if text in line and " -m pytest" not in line]


def test_interrupt_ends_the_jobs_unlocks_and_the_same_command_resumes(desk):
    arguments = (ENGINE, desk.csv, desk.output, "2")
    process = desk.start(*arguments, train_seconds={"artifacts_iter_2": 300})
    desk.wait_for("train artifacts_iter_2")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; the same command resumes" in told
    assert not children_with(str(desk.output))
    done = desk.type(*arguments)
    assert done.returncode == 3, done.stderr
    assert trained(done.jobs) == [2]


def test_a_killed_run_leaves_a_lock_that_unlock_takes_over(desk):
    arguments = (ENGINE, desk.csv, desk.output, "2")
    process = desk.start(*arguments, train_seconds={"artifacts_iter_2": 300})
    desk.wait_for("train artifacts_iter_2")
    for pid in {process.pid, *children_with(str(desk.output))}:
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    locked = desk.type(*arguments)
    assert locked.returncode == 1
    assert f"{desk.output} is locked" in locked.stderr
    assert "repeat with --unlock" in locked.stderr
    assert locked.jobs == []
    done = desk.type(*arguments, "--unlock")
    assert done.returncode == 3, done.stderr
    assert trained(done.jobs) == [2]


def test_progress_is_told_while_a_model_trains(desk):
    process = desk.start(ENGINE, desk.csv, desk.output, "1", train_seconds={"artifacts_iter_1": 4})
    desk.wait_for("train artifacts_iter_1")
    time.sleep(1)
    standing = desk.type("orchestrator.py", "status", desk.output)
    _, told = process.communicate(timeout=60)
    assert "sales iter 1: sampling" in told
    assert " % · ETA " in told
    assert standing.returncode == 0
    assert "not finished: out put iter 1: sampling" in standing.stdout
