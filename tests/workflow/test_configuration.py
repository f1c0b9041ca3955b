"""Configurations that are wrong, each with its message, and what the right ones mean."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from workbench import REPO, ran, with_answering_conda

WRONG = sorted((Path(__file__).parent / "wrong_config").glob("*.yaml"))


@pytest.mark.parametrize("file", WRONG, ids=lambda file: file.stem)
def test_wrong_configuration_ends_with_its_message(file, project):
    project.prepare()
    text = file.read_text()
    (project.folder / "config.yaml").write_text(text)
    expected = text.splitlines()[0].removeprefix("# expect: ")
    done = project.run("-n")
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert [expected in line for line in told.splitlines()].count(True) == 1
    assert "Traceback" not in told
    assert not project.results.exists()


def test_shipped_configuration_is_used_with_another_working_directory(project):
    project.prepare()
    (project.folder / "data").mkdir()
    (project.folder / "data" / "example.csv").write_text("date,revenue,tv\n2024-01-01,1,2\n")
    command = [c for c in project.command("-n") if c not in ("--configfile", str(project.folder / "config.yaml"))]
    done = subprocess.run(command, env=project.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "results/example/data_profile.json" in done.stdout + done.stderr


def test_given_configuration_leaves_the_shipped_runs_out(project):
    done = project.prepare().run("-n")
    assert done.returncode == 0
    assert "results/example" not in done.stdout + done.stderr


def test_columns_by_hand_reach_the_profile_and_no_controls_differs_from_detecting_them(project):
    project.prepare()
    columns = {"target": "re{venue} $1", "channels": ["tv"], "controls": []}
    project.settings["runs"]["a"]["columns"] = columns
    done = project.configure(max_iterations=1).run()
    assert done.returncode == 0, done.stderr
    profile = (project.results / "a" / "data_profile.json").read_text()
    assert "re{venue} $1, ('tv',), ()" in profile


def test_parts_of_the_model_reach_the_first_configuration_a_runs_own_first(project):
    project.prepare(runs=("a", "b"), model={"trend": "damped", "holidays": "DE"})
    project.settings["runs"]["b"]["model"] = {"trend": "none"}
    done = project.configure(max_iterations=1).run()
    assert done.returncode == 0, done.stderr
    first, second = ((project.results / run / "config_iter_1.yaml").read_text() for run in "ab")
    assert "{'holidays': 'DE', 'trend': 'damped'}" in first
    assert "{'holidays': 'DE', 'trend': 'none'}" in second


def test_a_changed_file_of_events_configures_anew(project):
    project.prepare(max_iterations=1, model={"events": "events.csv"})
    events = project.folder / "events.csv"
    events.write_text("name,date\nSale,2024-01-08\n")
    assert project.run().returncode == 0
    assert ran(project.lines(), "configure") == [1]
    events.write_text("name,date\nSale,2024-01-15\n")
    assert project.run().returncode == 0
    assert ran(project.lines(), "configure") == [1, 1]


def test_run_in_the_working_directory_itself(project):
    project.prepare().configure(results="", max_iterations=1)
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert (project.folder / "skill_report.json").exists()
    assert (project.folder / "artifacts_iter_1" / "trace.nc").exists()


def test_gpu_is_a_rule_of_its_own(project):
    done = project.prepare().run("-n", "--config", "device=gpu")
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    assert "rule train_gpu:" in told
    assert "gpu=1" in told
    assert "train_cpu" not in told


@pytest.mark.parametrize(("device", "partition"), [("cpu", "compute"), ("gpu", "gpu")])
def test_slurm_profile_dry_runs(project, device, partition):
    profile = str(project.workflow / "profiles" / "slurm")
    done = project.prepare().run("-n", "--workflow-profile", profile, "--config", f"device={device}")
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    training = told.split(f"\nrule train_{device}:")[1].split("\n[")[0]
    assert f"slurm_partition={partition}" in training
    assert ("gpu=1" in training) == (device == "gpu")


def test_triggers_leave_out_code_wherever_they_are_set():
    from mmm_builder.running.engine import MAX_CHECKSUM_FILE_SIZE, RERUN_TRIGGERS

    for name in ("default", "slurm"):
        profile = yaml.safe_load((REPO / "profiles" / name / "config.yaml").read_text())
        assert tuple(profile["rerun-triggers"]) == RERUN_TRIGGERS
        assert profile["max-checksum-file-size"] == MAX_CHECKSUM_FILE_SIZE
        assert profile["rerun-incomplete"] is True


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("name", [None, "pymc_gpu_015"])
def test_conda_env_takes_the_place_of_the_training_environment_alone(project, tmp_path, device, name):
    """With a conda that only answers questions: a dry run tells which env files would be made into environments."""
    (tmp_path / "envs" / "pymc_gpu_015" / "conda-meta").mkdir(parents=True)
    project.prepare().configure(device=device, **({"conda_env": name} if name else {}))
    environment = project.environment() | {"PATH": with_answering_conda(tmp_path / "bin")}
    done = subprocess.run(project.command("-n", "--use-conda"), env=environment, capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    made = set(re.findall(r"envs/(\w+)\.yaml will be created", told))
    assert made == ({"analysis"} if name else {"analysis", f"train_{device}"})


def test_path_with_a_space_of_the_python_itself(project, tmp_path):
    """Snakemake puts its Python unquoted into the shell; without the cure in the Snakefile no job would start."""
    home = tmp_path / "with a space" / "bin"
    home.parent.mkdir()
    home.symlink_to(Path(sys.executable).parent)
    (home.parent / "pyvenv.cfg").write_text((Path(sys.prefix) / "pyvenv.cfg").read_text())
    (home.parent / "lib").symlink_to(Path(sys.prefix) / "lib")
    command = [str(home / "python"), *project.prepare().configure(max_iterations=1).command()[1:]]
    done = subprocess.run(command, env=project.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ran(project.lines(), "train") == [1]
