"""The cluster, and projects that run on it."""

import shutil
import sys
from pathlib import Path

import cluster
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow"))
from workbench import REPO, Project, copy_with_fakes

# The plugin asks for a job after these seconds, then every ten seconds more.
FIRST_LOOK = 6


class OnSlurm(Project):
    """A project whose jobs SLURM runs, with the profile as shipped but for times to wait."""

    seconds = 1800

    def command(self, *options):
        seconds = str(FIRST_LOOK)
        return super().command(
            "--workflow-profile", str(self.workflow / "profiles" / "slurm"), "--latency-wait", "10",
            "--slurm-init-seconds-before-status-checks", seconds, "--seconds-between-status-checks", seconds, *options,
        )  # fmt: skip

    def environment(self, **steering):
        return {k: v for k, v in super().environment(**steering).items() if k != "CUDA_VISIBLE_DEVICES"}

    def jobs(self, rule=""):
        """Return the jobs that SLURM got from this project, of one rule or all, the oldest first."""
        return [job for job in cluster.jobs(self.folder) if job["rule"].startswith(f"rule_{rule}")]

    def trace(self, n):
        return (self.results / "a" / f"artifacts_iter_{n}" / "trace.nc").read_text()


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """SLURM on this machine, from the first test to the last."""
    reason = cluster.why_not() or cluster.install()
    if reason:
        pytest.skip(reason)
    daemons = []
    try:
        cluster.start(tmp_path_factory.mktemp("slurm"), daemons)
        yield
    finally:
        cluster.stop(daemons)


@pytest.fixture(scope="session")
def workflow(tmp_path_factory):
    """The workflow with fakes; of its jobs only training goes to SLURM, each costs ten seconds and more."""
    folder = copy_with_fakes(tmp_path_factory.mktemp("copy") / "work flow")
    with open(folder / "Snakefile", "a", encoding="utf-8") as snakefile:
        snakefile.write("\n\nlocalrules:\n    diagnose,\n    validate,\n    contributions,\n")
    return folder


@pytest.fixture
def project(slurm, tmp_path, workflow):
    """A project with fakes of the slow stages."""
    return OnSlurm(tmp_path / "project", workflow)


@pytest.fixture
def example(slurm, tmp_path):
    """The shipped example and its configuration, with the real stages."""
    found = OnSlurm(tmp_path / "project", REPO)
    for name in ("data/example.csv", "config/config.yaml"):
        (found.folder / name).parent.mkdir(parents=True)
        shutil.copy(REPO / name, found.folder / name)
    shutil.copy(REPO / "config" / "config.yaml", found.folder / "config.yaml")
    return found
