"""The table of events: what may run again, and what must not, after each thing that can happen to a finished run."""

import os
import signal
import subprocess
import time

from workbench import ran

STAGES = ("configure", "train", "diagnose", "screen", "validate", "decide")


def nothing_ran(done):
    return done.returncode == 0 and not done.jobs and "Nothing to be done" in done.stderr


def test_first_run_goes_through_the_chain_once(exhausted):
    lines = exhausted.lines()
    assert len(lines) == len(set(lines)), "a job ran twice"
    assert ran(lines, "train") == ran(lines, "decide") == [1, 2, 3]
    assert exhausted.report()["stop_reason"] == "budget of 3 iterations spent"


def test_second_run_does_nothing(finished):
    assert nothing_ran(finished.run())


def test_touched_config_of_same_content_does_nothing(finished):
    (finished.results / "a" / "config_iter_2.yaml").touch()
    (finished.folder / "a.csv").touch()
    assert nothing_ran(finished.run())


def test_config_edited_by_hand_retrains_from_there_and_keeps_the_edit(finished):
    config = finished.results / "a" / "config_iter_2.yaml"
    config.write_text(config.read_text() + "by hand\n")
    done = finished.run()
    assert done.returncode == 0
    assert ran(done.jobs, "train") == ran(done.jobs, "decide") == [2, 3]
    assert ran(done.jobs, "configure") == [3]
    assert "by hand" in config.read_text()
    assert "by hand" in (finished.results / "a" / "config_iter_3.yaml").read_text()
    assert nothing_ran(finished.run())


def test_changed_csv_retrains_everything(finished):
    csv = finished.folder / "a.csv"
    csv.write_text(csv.read_text() + "2024-01-22,99,3\n")
    done = finished.run()
    assert ran(done.jobs, "train") == ran(done.jobs, "decide") == [1, 2, 3]
    assert done.jobs["profile results/a"] == done.jobs["report results/a"] == 1


def test_changed_policy_screens_again_without_training(finished):
    finished.configure(policy={"disabled_remedies": ["drop_weak_controls"]})
    done = finished.run()
    assert ran(done.jobs, "screen") == [1, 2, 3]
    assert not ran(done.jobs, "train") + ran(done.jobs, "diagnose")
    assert nothing_ran(finished.run())


def test_chain_that_now_goes_on_trains_only_what_is_new(project):
    project.prepare().stop_at(2)
    assert project.run().returncode == 0
    assert project.report()["iterations_run"] == 2
    project.configure(policy={"disabled_remedies": []})
    done = project.run()
    assert done.returncode == 0
    assert ran(done.jobs, "train") == [3]
    assert ran(done.jobs, "screen") == [1, 2, 3]
    assert project.report()["iterations_run"] == 3


def test_raised_budget_trains_only_the_new_iterations(finished):
    finished.configure(max_iterations=5)
    done = finished.run()
    assert ran(done.jobs, "train") == [4, 5]
    assert ran(done.jobs, "screen") == ran(done.jobs, "decide") == [3, 4, 5], "the last one may now be followed"
    assert finished.report()["iterations_run"] == 5
    assert done.jobs["report results/a"] == 1


def test_chain_five_deep_that_now_stops_earlier_reports_the_first_two_and_keeps_old_artifacts(finished):
    finished.configure(max_iterations=5)
    assert finished.run().returncode == 0
    done = finished.stop_at(2).run()
    assert done.returncode == 0
    assert not ran(done.jobs, "train")
    assert finished.report()["iterations_run"] == 2
    assert finished.report()["status"] == "full_success"
    assert (finished.results / "a" / "artifacts_iter_5" / "trace.nc").exists()
    assert nothing_ran(finished.run())


def test_deleted_trace_retrains_that_iteration_and_its_descendants(finished):
    (finished.results / "a" / "artifacts_iter_2" / "trace.nc").unlink()
    done = finished.run()
    assert 2 in ran(done.jobs, "train")
    assert 1 not in ran(done.jobs, "train")
    assert (finished.results / "a" / "artifacts_iter_2" / "trace.nc").exists()
    assert nothing_ran(finished.run())


def test_changed_sampler_setting_retrains_everything_but_profiles_nothing(finished):
    done = finished.configure(sampler={"draws": 500}).run()
    assert ran(done.jobs, "train") == [1, 2, 3]
    assert not done.jobs["profile results/a"]


def test_changed_thresholds_judge_again_without_training(finished):
    done = finished.configure(thresholds={"convergence": {"r2_min": 0.5}}).run()
    assert ran(done.jobs, "diagnose") == [1, 2, 3]
    assert not ran(done.jobs, "train")
    assert done.jobs["report results/a"] == 1


def wait_for_line(project, line, seconds=60):
    began = time.time()
    while line not in project.lines():
        assert time.time() - began < seconds, f"no {line!r} in {project.lines()}"
        time.sleep(0.1)


def test_kill_in_mid_training_then_unlock_resumes_and_repeats_nothing(project):
    project.prepare()
    slow = project.environment(train_seconds={"artifacts_iter_2": 300})
    process = subprocess.Popen(
        project.command(), env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    wait_for_line(project, "train results/a/artifacts_iter_2")
    process.kill()  # Snakemake alone: its children live on
    process.wait()
    artifacts = project.results / "a" / "artifacts_iter_2"
    assert not (artifacts / "trace.nc").exists()

    locked = project.run()
    assert (locked.returncode, len(locked.jobs)) == (1, 0)
    assert "LockException" in locked.stderr

    os.killpg(process.pid, signal.SIGKILL)
    assert project.run("--unlock").returncode == 0
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert ran(done.jobs, "train") == [2, 3]
    assert "half a trace" not in (artifacts / "trace.nc").read_text()
    assert project.report()["iterations_run"] == 3
    assert max(done.jobs.values()) == 1


def test_one_of_several_runs_fails_and_the_others_complete(project):
    project.prepare(runs=("a", "b", "c"), max_iterations=2)
    done = project.run("--keep-going", fail=["results/b/"])
    assert done.returncode == 1
    assert "mmm-model-builder: error: results/b/config_iter_1.yaml: the fake trainer was told to fail" in done.stderr
    assert project.report("a")["iterations_run"] == project.report("c")["iterations_run"] == 2
    assert not (project.results / "b" / "skill_report.json").exists()
    again = project.run()
    assert again.returncode == 0
    assert {line.split()[1].split("/")[1] for line in again.jobs} == {"b"}


def test_several_runs_work_at_the_same_time(project):
    project.prepare(runs=("a", "b"), max_iterations=1)
    done = project.run("--cores", "8", train_seconds={"artifacts_iter_1": 4})
    assert done.returncode == 0
    lines = project.lines()
    starts = [lines.index(f"train results/{run}/artifacts_iter_1") for run in "ab"]
    ends = [lines.index(f"trained results/{run}/artifacts_iter_1") for run in "ab"]
    assert max(starts) < min(ends)


def test_runs_may_differ_in_budget_and_seed(project):
    project.prepare(runs=("a", "b"))
    project.settings["runs"]["b"] |= {"max_iterations": 1, "seed": 7}
    assert project.configure().run().returncode == 0
    assert (project.report("a")["iterations_run"], project.report("b")["iterations_run"]) == (3, 1)
    assert "seed 7" in (project.results / "b" / "config_iter_1.yaml").read_text()


def test_a_half_written_trace_is_never_under_its_final_name(project):
    project.prepare()
    done = project.run(**{"break": ["artifacts_iter_2"]})
    assert done.returncode == 1
    assert not list((project.results / "a").rglob("*.part"))
    assert not (project.results / "a" / "artifacts_iter_2" / "trace.nc").exists()
