"""The image that the environments are put into: kept in step with them, and used where a configuration names it."""

import subprocess
import sys

import pytest
import yaml
from workbench import REPO, with_answering_conda, with_program

APPTAINER = """#!/bin/bash
case "$*" in
  *" exec "*"mmm.sif "*"sh -c "*) sh -c "${@: -1}" ;;
  *--version*) echo "apptainer version 1.3.4" ;;
  *) exit 1 ;;
esac
"""
"""An apptainer that runs what is to run in the image outside of it."""

BOTH = ("--software-deployment-method", "conda", "apptainer")


@pytest.fixture
def path(tmp_path):
    """Return a PATH on which conda and apptainer only answer questions."""
    with_program(tmp_path / "bin", "apptainer", APPTAINER)
    return with_answering_conda(tmp_path / "bin")


def planned(project, path, *options):
    """Return what a dry run tells, on both streams together."""
    command, environment = project.command("-n", *options), project.environment() | {"PATH": path}
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_dockerfile_is_what_snakemake_makes_of_the_environments(path, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", "Snakefile", "--quiet", "all", "--containerize"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"runs": {"a": {"csv": "data/example.csv"}}}))
    options = ["--configfile", str(tmp_path / "config.yaml"), "--nolock"]
    done = subprocess.run(
        [*command, *options], cwd=REPO, env={"PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout == (REPO / "Dockerfile").read_text(), "`make dockerfile` brings it up to date"


def test_environments_are_taken_from_the_image(project, path):
    (project.prepare().folder / "mmm.sif").write_text("an image")
    assert "yaml will be created" in planned(project, path, "--use-conda").stdout
    done = planned(project.configure(container="mmm.sif"), path, *BOTH)
    assert done.returncode == 0, done.stdout
    assert "will be created" not in done.stdout


@pytest.mark.parametrize("options", [(), ("--use-conda",), ("--software-deployment-method", "apptainer")])
def test_an_image_is_never_silently_ignored(project, path, options):
    done = planned(project.prepare().configure(container="mmm.sif"), path, *options)
    assert done.returncode == 1
    assert "container: 'mmm.sif' would be ignored; add --software-deployment-method conda apptainer" in done.stdout


def test_an_image_and_an_environment_of_the_machine_exclude_each_other(project, path):
    done = planned(project.prepare().configure(container="mmm.sif", conda_env="own"), path, *BOTH)
    assert done.returncode == 1
    assert "container and conda_env exclude each other" in done.stdout
