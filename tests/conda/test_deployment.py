"""The deployment path of `--use-conda`, tested with a stand-in front end over a local channel of hand-made packages:
environments are solved, made, activated and told apart. Whether the real channels hold such packages it can't show.
"""

import fnmatch
import re
import shutil

import pytest
import yaml
from conda_projects import ENVIRONMENTS, CondaProject
from stand_in_conda import platform
from workbench import trained

CUDA = "12.9"
GPU_NEEDS = {"train_gpu": {"CONDA_OVERRIDE_CUDA": CUDA}}


def edit(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


# --- solving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.stem)
def test_deployment_path_every_environment_is_solved_by_the_stand_in_front_end(file, front_end):
    """By the very command that the file names for its first use."""
    command = re.search(r"^#   (.*conda env create --dry-run .*)$", file.read_text(), flags=re.MULTILINE)[1]
    assert ("CONDA_OVERRIDE_CUDA" in command) == (file.stem in GPU_NEEDS)
    done = front_end.type(command)
    assert done.returncode == 0, done.stderr
    taken = {line.split("=")[0]: line for line in done.stdout.split()}
    for dependency in yaml.safe_load(file.read_text())["dependencies"]:
        name, _, wanted = dependency.partition("=")
        assert fnmatch.fnmatch(taken[name], f"{name}={wanted}*"), f"{dependency}: {taken[name]}"


def test_deployment_path_a_gpu_is_needed_or_claimed_says_the_stand_in_front_end(front_end):
    done = front_end.type("conda env create --dry-run -f envs/train_gpu.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "jaxlib ==0.9.2 cuda129_* cannot be installed" in done.stderr
    assert "__cuda" in done.stderr
    older = front_end.type("conda env create --dry-run -f envs/train_gpu.yaml", CONDA_OVERRIDE_CUDA="not a version")
    assert older.returncode != 0


@pytest.mark.parametrize(("channels", "code"), [(["conda-forge", "nodefaults"], 1), (["conda-forge"], 0)])
def test_deployment_path_nodefaults_is_honoured_by_the_stand_in_front_end(channels, code, front_end, tmp_path):
    file = tmp_path / "some.yaml"
    file.write_text(yaml.safe_dump({"channels": channels, "dependencies": ["only-in-defaults=1.0"]}))
    assert front_end.type(f"conda env create --dry-run -f '{file}'").returncode == code


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_deployment_path_environments_alone_are_made_by_the_stand_in_front_end(device, project):
    project.further = GPU_NEEDS.get(f"train_{device}", {})
    project.configure(device=device)
    done = project.run("--use-conda", "--conda-create-envs-only")
    assert done.returncode == 0, done.stderr
    made = project.made()
    assert sorted(made.values()) == ["analysis", f"train_{device}"]
    assert not project.results.exists()
    (training,) = (prefix for prefix, name in made.items() if name != "analysis")
    assert len(list(training.glob(f"conda-meta/jaxlib-0.9.2-{'cuda129' if device == 'gpu' else 'cpu'}_*.json"))) == 1
    assert f"'{training}'" in (training / "bin" / "python").read_text(), "the prefix was not put into the file"


# --- what can't be made ----------------------------------------------------------------------------------------------


def test_deployment_path_without_a_gpu_the_stand_in_front_end_makes_no_gpu_environment(project):
    project.configure(device="gpu")
    done = project.run("--use-conda")
    assert done.returncode == 1
    assert re.search(r"Could not create conda environment from .*envs/train_gpu\.yaml", done.stderr)
    assert "__cuda" in done.stderr
    assert "train_gpu" not in project.made().values()
    assert not done.jobs


def test_deployment_path_an_unsolvable_file_is_named_by_the_stand_in_front_end(tmp_path, own_workflow, front_end):
    """Its numba is there, but not for its PyTensor. Environments are made first, so that nothing has run by then."""
    edit(own_workflow / "envs" / "train_cpu.yaml", "numba=0.65.1", "numba=0.66.0")
    project = CondaProject(tmp_path / "project", own_workflow, front_end).prepare()
    done = project.run("--use-conda")
    assert done.returncode == 1
    assert done.stderr.count("Could not create conda environment") == 1
    assert re.search(r"Could not create conda environment from .*envs/train_cpu\.yaml", done.stderr)
    assert re.search(r"pytensor 2\.38\.3 would require\s+.*numba <=0\.65\.1", done.stderr)
    assert "train_cpu" not in project.made().values()
    assert not done.jobs
    assert not project.results.exists()


def test_deployment_path_nothing_half_made_is_left_by_the_stand_in_front_end(tmp_path, workflow, own_front_end):
    """A package that is damaged is noticed while others are linked already."""
    (package,) = own_front_end.root.glob("channels/conda-forge/noarch/pyyaml-*.tar.bz2")
    whole = package.read_bytes()
    package.write_bytes(whole[:-100] + bytes(100))
    project = CondaProject(tmp_path / "project", workflow, own_front_end).prepare()
    done = project.run("--use-conda", "--conda-create-envs-only")
    assert done.returncode == 1
    assert re.search(r"Could not create conda environment from .*envs/\w+\.yaml", done.stderr)
    assert "pyyaml" in done.stderr
    assert project.made() == {}
    package.write_bytes(whole)
    assert project.run("--use-conda", "--conda-create-envs-only").returncode == 0
    assert sorted(project.made().values()) == ["analysis", "train_cpu"]


# --- running ---------------------------------------------------------------------------------------------------------


def environments_of_stages(workflow):
    """Return the environment file that the rules name for each stage of a run on the CPU."""
    found = {}
    for file in (workflow / "rules").glob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint) ", file.read_text(), flags=re.MULTILINE)[1:]:
            if not rule.startswith(("train_gpu", "open_seal")):
                found[re.search(r"scripts/(\w+)\.py", rule)[1]] = re.search(r"envs/(\w+)\.yaml", rule)[1]
    return found


def test_deployment_path_each_job_runs_where_its_rule_says_with_the_stand_in_front_end(deployed):
    made = deployed.made()
    ran_in = {(stage, made[own]) for stage, own, _ in deployed.first}
    assert ran_in == set(environments_of_stages(deployed.workflow).items())
    assert {own == active for _, own, active in deployed.first} == {True}
    starts = [stage for stage, _, _ in deployed.first]
    assert starts.count("model_trainer") == sum(line.startswith("train ") for line in deployed.ran) == 2


def test_deployment_path_a_second_run_makes_nothing_with_the_stand_in_front_end(deployed):
    before = {prefix: prefix.stat().st_mtime_ns for prefix in deployed.made()}
    done = deployed.run("--use-conda")
    assert "Nothing to be done" in done.stderr
    assert "Creating conda environment" not in done.stderr
    assert not done.jobs
    assert {prefix: prefix.stat().st_mtime_ns for prefix in deployed.made()} == before


def test_deployment_path_pins_of_the_stand_in_front_end_are_taken_first(tmp_path, own_workflow, front_end, deployed):
    """As docs/workflow.md says how pins are made; then the channel gets another package, which the pins don't want."""
    (prefix,) = (prefix for prefix, name in deployed.made().items() if name == "train_cpu")
    done = front_end.type(f"conda list --explicit --md5 --prefix '{prefix}'")
    (own_workflow / "envs" / f"train_cpu.{platform()}.pin.txt").write_text(done.stdout)
    edit(own_workflow / "envs" / "train_cpu.yaml", "numpy=2.4.6", "numpy=2.9.9")
    project = CondaProject(tmp_path / "project", own_workflow, front_end).prepare()
    done = project.run("--use-conda", "--conda-create-envs-only")
    assert done.returncode == 0, done.stderr
    assert "Using pinnings from" in done.stderr


# --- environments that exist -----------------------------------------------------------------------------------------

NAME = "pymc_gpu_015"


@pytest.fixture
def existing(front_end, tmp_path):
    """Return a function that makes a named environment in conda's own folder or in another one."""

    def make(folder=None):
        further = {"CONDA_ENVS_PATH": str(folder)} if folder else {}
        prefix = (folder or front_end.root / "envs") / NAME
        if not prefix.exists():
            done = front_end.type(f"conda env create --quiet --file envs/train_cpu.yaml --name {NAME}", **further)
            assert done.returncode == 0, done.stderr
        return prefix, further

    return make


def prefixes(starts, *, training):
    return {own for stage, own, _ in starts if (stage == "model_trainer") == training}


@pytest.mark.parametrize("by", ["name", "folder"])
def test_deployment_path_training_alone_takes_an_existing_one_of_the_stand_in_front_end(
    by, project, existing, tmp_path
):
    """Not in conda's own folder: there Snakemake would run the script with its own Python, without a word."""
    prefix, project.further = existing(tmp_path / "home envs")
    project.configure(conda_env=NAME if by == "name" else str(prefix))
    done = project.run("--use-conda", "--until", "train_cpu")
    assert done.returncode == 0, done.stderr
    assert prefixes(project.started(), training=True) == {prefix}
    assert {project.made()[own] for own in prefixes(project.started(), training=False)} == {"analysis"}
    assert list(project.made().values()) == ["analysis"]


def test_deployment_path_the_engine_trains_in_an_existing_one_of_the_stand_in_front_end(desk, existing):
    prefix, _ = existing()
    call = f"run_iteration_engine({str(desk.csv)!r}, {str(desk.output)!r}, max_iterations=1, conda_env={NAME!r})"
    desk.call(f"from scripts.iteration_engine import run_iteration_engine\n{call}", desk.folder)
    assert trained(desk.lines()) == [1]
    assert prefixes(desk.started(), training=True) == {prefix}
    (others,) = prefixes(desk.started(), training=False)
    assert others.parent == desk.output / ".snakemake" / "conda"


def test_deployment_path_an_unknown_name_ends_at_once_with_the_stand_in_front_end(project, desk, existing):
    existing()
    message = f"conda_env: there is no conda environment 'pymc_gpu_0150'; conda knows {NAME} "
    done = desk.type("iteration_engine.py", desk.csv, desk.output, "1", "--conda-env", "pymc_gpu_0150")
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not desk.output.exists()
    done = project.configure(conda_env="pymc_gpu_0150").run("--use-conda")
    assert done.returncode == 1
    assert message in done.stderr
    assert not done.jobs
    assert project.made() == {}


# --- results from elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--conda-prefix", "kept here"]], ids=["beside", "kept"])
def test_deployment_path_adopted_results_run_nothing_with_the_stand_in_front_end(options, deployed, desk, tmp_path):
    """A copy's environments stand elsewhere, and where they stand is part of what Snakemake compares."""
    ignored = shutil.ignore_patterns(".snakemake")
    desk.folder = shutil.copytree(deployed.folder, tmp_path / "else where", copy_function=shutil.copy, ignore=ignored)
    there = CondaProject(desk.folder, deployed.workflow, deployed.front_end)
    done = desk.type("orchestrator.py", "adopt", "results/a", "--configfile", "config.yaml", "--use-conda", *options)
    assert done.returncode == 0, done.stderr
    assert there.made(desk.folder / "kept here" if options else None) == {}, "nothing has to be made for that"
    planned = there.run("--use-conda", *options, "-n")
    assert "Nothing to be done" in planned.stdout + planned.stderr
    assert not re.search(r"^(?:local)?(?:rule|checkpoint) ", planned.stdout, flags=re.MULTILINE)
