"""The stand-in front end, and projects in the states that a test may start from."""

import platform

import pytest
from conda_projects import CondaDesk, CondaProject, FrontEnd
from workbench import copy_with_fakes


@pytest.fixture(scope="session", autouse=True)
def _py_rattler():
    pytest.importorskip("rattler", reason=f"py-rattler has no wheel for {platform.system()} on {platform.machine()}")


@pytest.fixture(scope="session")
def front_end(tmp_path_factory):
    """A front end without spaces in its path: Snakemake doesn't quote that."""
    return FrontEnd(tmp_path_factory.mktemp("front_end") / "root")


@pytest.fixture
def own_front_end(tmp_path):
    """A front end for one test, whose channels may be changed."""
    return FrontEnd(tmp_path / "root")


@pytest.fixture(scope="session")
def workflow(tmp_path_factory):
    return copy_with_fakes(tmp_path_factory.mktemp("copy") / "work flow")


@pytest.fixture
def own_workflow(tmp_path):
    """A copy of the workflow for one test, whose envs may be changed."""
    return copy_with_fakes(tmp_path / "work flow")


@pytest.fixture(scope="session")
def deployed(tmp_path_factory, workflow, front_end):
    """A project that ran two iterations with `--use-conda`; its folder is part of what Snakemake records."""
    project = CondaProject(tmp_path_factory.mktemp("deployed") / "project", workflow, front_end).prepare().stop_at(2)
    done = project.run("--use-conda")
    assert done.returncode == 0, done.stderr
    project.ran, project.first = done.jobs, project.started()
    return project


@pytest.fixture
def project(tmp_path, workflow, front_end):
    return CondaProject(tmp_path / "project", workflow, front_end).prepare(max_iterations=1)


@pytest.fixture
def desk(tmp_path, workflow, front_end):
    return CondaDesk(tmp_path / "desk", workflow, front_end)
