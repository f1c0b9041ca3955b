"""Projects in every state that a test may start from."""

import shutil

import pytest
from workbench import Desk, Project, copy_with_fakes


@pytest.fixture(scope="session")
def workflow(tmp_path_factory):
    """The workflow with fakes, one copy for all tests of a worker."""
    return copy_with_fakes(tmp_path_factory.mktemp("copy") / "work flow")


@pytest.fixture(scope="session")
def exhausted(tmp_path_factory, workflow):
    """A project whose run has spent its budget of 3 iterations."""
    project = Project(tmp_path_factory.mktemp("exhausted") / "project", workflow).prepare()
    done = project.run()
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def project(tmp_path, workflow):
    return Project(tmp_path / "project", workflow)


@pytest.fixture
def finished(tmp_path, exhausted):
    """A copy of the exhausted project, with times and Snakemake's records, to be changed at will."""
    shutil.copytree(exhausted.folder, tmp_path / "project")
    project = Project(tmp_path / "project", exhausted.workflow)
    project.settings = dict(exhausted.settings)
    return project


@pytest.fixture
def desk(tmp_path, workflow):
    return Desk(tmp_path / "desk", workflow)
