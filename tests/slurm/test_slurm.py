"""The workflow on a real SLURM of one node: the whole loop, a GPU asked for, jobs cancelled, Snakemake killed."""

import json
import subprocess

import cluster
import pytest
import yaml
from workbench import ran

FAST = ("--retries", "0")


@pytest.mark.parametrize(
    ("lacking", "instead", "said"),
    [("os.geteuid", lambda: 1000, "needs root"), ("shutil.which", lambda program: None, "no Debian with apt-get")],
)
def test_where_slurm_cannot_be_installed_the_reason_is_told(monkeypatch, lacking, instead, said):
    monkeypatch.setenv(cluster.CONSENT, "1")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(lacking, instead)
    assert said in cluster.why_not()


def test_only_this_machine_hears_of_it(slurm):
    assert cluster.listeners() == cluster.LOOPBACK


def test_shipped_example_goes_through_the_loop_and_its_jobs_write_nothing_at_home(example, tmp_path):
    home, results = tmp_path / "home", example.results / "example"
    home.mkdir()
    environment = example.environment() | {"HOME": str(home), "MMM_BUILDER_COMPILED": str(tmp_path / "compiled")}
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "PYTENSOR_FLAGS"):
        environment.pop(name, None)

    def run(*options):
        done = subprocess.run(
            example.command(*options), env=environment, capture_output=True, text=True, timeout=example.seconds
        )
        assert done.returncode == 0, done.stderr

    run("results/example/artifacts_iter_1/diagnostics/fold_predictions.png")
    assert rules(example.jobs()) == ["train_cpu", "diagnose"]
    assert {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()} <= {(".cache", "snakemake")}

    run()
    report = json.loads((results / "skill_report.json").read_text())
    assert report["status"] == "full_success"
    trainings = example.jobs("train_cpu")
    assert len(trainings) == report["iterations_run"] > 1
    assert {(job["state"], job["partition"], job["memory"], job["limit"], job["cpus"]) for job in trainings} == {
        ("COMPLETED", "compute", "2000M", "1:00:00", "2")
    }
    assert set(rules(example.jobs())) == {"train_cpu", "diagnose", "validate", "contributions"}, "all others are light"
    assert {job["state"] for job in example.jobs()} == {"COMPLETED"}
    told = [path for path in results.rglob("*") if path.is_file() and "logs" not in path.parts]
    assert not [path for path in told if str(tmp_path).encode() in path.read_bytes()], "absolute paths in results"


def test_gpu_rule_gets_a_gpu_and_sees_it(project):
    project.prepare(device="gpu", max_iterations=1)
    done = project.run()
    assert done.returncode == 0, done.stderr
    (training,) = project.jobs("train_gpu")
    assert (training["state"], training["partition"], training["memory"]) == ("COMPLETED", "gpu", "8000M")
    assert "gpu:1" in training["gpus"]
    assert project.trace(1).endswith("on gpu, sees GPU 0\n")
    assert not any("gpu" in job["gpus"] for job in project.jobs() if job != training)


def test_gpu_rule_by_gres_ends_in_one_clear_line_where_jax_sees_none(example):
    settings = yaml.safe_load((example.folder / "config.yaml").read_text()) | {"device": "gpu"}
    (example.folder / "config.yaml").write_text(yaml.safe_dump(settings))
    done = example.run(*FAST, "--set-resources", "train_gpu:gpu=0", "train_gpu:gres='gpu:1'")
    (training,) = example.jobs()
    assert (training["state"], training["gres"]) == ("FAILED", "gres:gpu:1")
    assert done.returncode == 1
    assert "device: gpu was asked for, but JAX" in done.stderr


def test_cancelled_job_is_sent_again_with_more_of_everything(project, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    driver = begin(project.prepare(max_iterations=1), hold, iteration=1)
    cancel(project.jobs("train_cpu"))
    hold.unlink()
    assert driver.wait(project.seconds) == 0
    trainings = project.jobs("train_cpu")
    assert [(job["state"], job["memory"], job["limit"]) for job in trainings] == [
        ("CANCELLED", "2000M", "1:00:00"), ("COMPLETED", "4000M", "2:00:00"),
    ]  # fmt: skip
    assert project.report()["iterations_run"] == 1


def test_job_cancelled_for_good_fails_the_run_and_a_plain_one_recovers(project, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    driver = begin(project.prepare(max_iterations=1), hold, *FAST, iteration=1)
    cancel(project.jobs("train_cpu"))
    assert driver.wait(project.seconds) == 1
    artifacts = project.results / "a" / "artifacts_iter_1"
    assert not (artifacts / "trace.nc").exists()
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert ran(done.jobs, "train") == [1]
    assert not done.jobs["profile results/a"]
    assert "half a trace" not in project.trace(1)


def test_killed_snakemake_resumes_after_unlock_and_repeats_nothing_finished(project, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    driver = begin(project.prepare(max_iterations=2), hold, iteration=2)
    driver.kill()
    driver.wait()
    orphan = project.jobs("train_cpu")[-1]
    assert orphan["state"] == "RUNNING", "a job outlives the Snakemake that sent it"
    locked = project.run()
    assert (locked.returncode, len(locked.jobs)) == (1, 0)
    assert "LockException" in locked.stderr
    cancel([orphan])
    assert project.run("--unlock").returncode == 0
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert ran(done.jobs, "train") == ran(done.jobs, "diagnose") == [2]
    assert max(done.jobs.values()) == 1
    assert project.report()["iterations_run"] == 2


def begin(project, hold, *options, iteration):
    """Start Snakemake and return it once a training is under way that waits until `hold` is gone."""
    environment = project.environment(train_while={f"artifacts_iter_{iteration}": str(hold)})
    driver = subprocess.Popen(
        project.command(*options), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    line = f"train results/a/artifacts_iter_{iteration}"
    cluster.wait_until(lambda: line in project.lines(), 600, lambda: f"no {line!r} in {project.lines()}")
    return driver


def rules(jobs):
    """Return the names of the jobs' rules."""
    return [job["rule"].removeprefix("rule_").partition("_wildcards")[0] for job in jobs]


def cancel(jobs):
    """Cancel jobs and wait until SLURM has ended them."""
    ids = [job["id"] for job in jobs]
    subprocess.run(["scancel", *ids], check=True)
    cluster.wait_until(lambda: not cluster.output("squeue", "--noheader", "--jobs", ",".join(ids)).strip(), 120)
