"""The workflow as a module of another one, and with a storage plugin in place of a shared file system."""

import shutil
import subprocess
import sys

import pytest
import yaml
from workbench import REPO, ran

from mmm_builder.run_provenance import Provenance

OUTER = """
configfile: "outer.yaml"

module mmm:
    snakefile: {snakefile!r}
    config: config["mmm"]

use rule * from mmm{renamed}

rule everything:
    default_target: True
    input: "told.txt", rules.{prefix}all.input

rule tell:
    input: "results/a/skill_report.json"
    output: "told.txt"
    shell: "cp {{input}} {{output}}"
"""


@pytest.fixture
def outer(project):
    """Return a function that runs a workflow which uses ours, from its own folder, in the project's directory."""
    project.prepare(max_iterations=2)

    def run(*options, renamed="", prefix=""):
        own = project.folder / "outer"
        own.mkdir(exist_ok=True)
        text = OUTER.format(snakefile=str(project.workflow / "Snakefile"), renamed=renamed, prefix=prefix)
        (own / "Snakefile").write_text(text)
        (project.folder / "outer.yaml").write_text(yaml.safe_dump({"mmm": project.settings, "other": 1}))
        before = len(project.lines())
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(own / "Snakefile"), "--directory",
                   str(project.folder), "--cores", "2", *options]  # fmt: skip
        done = subprocess.run(command, env=project.environment(), capture_output=True, text=True)
        done.jobs = project.lines()[before:]
        return done

    return run


@pytest.mark.parametrize(("renamed", "prefix"), [("", ""), (" as mmm_*", "mmm_")])
def test_another_workflow_uses_ours_as_a_module(outer, project, renamed, prefix):
    done = outer(renamed=renamed, prefix=prefix)
    assert done.returncode == 0, done.stderr
    assert ran(done.jobs, "train") == [1, 2]
    assert (project.folder / "told.txt").is_file()
    assert not outer(renamed=renamed, prefix=prefix).jobs


def test_wrong_configuration_of_the_module_is_one_line(outer, project):
    project.settings["max_iterations"] = 0
    done = outer("-n")
    assert done.returncode == 1
    assert "'max_iterations': input should be greater than or equal to 1, got 0" in done.stdout + done.stderr


@pytest.fixture
def stored(project, tmp_path):
    """Return a function that runs the project with all files in a storage, and the folder of that storage."""
    pytest.importorskip("snakemake_storage_plugin_fs", reason="the fs storage plugin is not installed (make test)")
    if shutil.which("rsync") is None:
        pytest.skip("the fs storage plugin copies with rsync, which is not installed")
    store = tmp_path / "store"
    store.mkdir()
    shutil.move(project.prepare(max_iterations=2).folder / "a.csv", store / "a.csv")
    options = ["--default-storage-provider", "fs", "--default-storage-prefix", str(store), "--shared-fs-usage",
               "sources", "source-cache", "software-deployment", "--local-storage-prefix", str(tmp_path / "local"),
               "all"]  # fmt: skip

    def run():
        before = len(project.lines())
        done = subprocess.run(project.command(*options), env=project.environment(), capture_output=True, text=True)
        done.jobs = [line.split("/")[-1] for line in project.lines()[before:] if line.startswith("train ")]
        return done

    return run, store / "results" / "a"


def test_files_may_be_in_a_storage_in_place_of_a_shared_file_system(stored, project):
    run, results = stored
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.jobs == ["artifacts_iter_1", "artifacts_iter_2"]
    assert (results / "skill_report.json").is_file()
    record = Provenance.read(results / "provenance.json")
    assert record.data.path == "a.csv"
    assert "config_iter_2.yaml" in record.configs
    assert not list(project.results.rglob("*.nc")), "everything is in the storage"
    assert "Nothing to be done" in run().stderr

    config = results / "config_iter_2.yaml"
    config.write_text(config.read_text() + "by hand\n")
    assert run().jobs == ["artifacts_iter_2"]
    assert "by hand" in config.read_text()


def test_only_the_machine_that_runs_snakemake_opens_the_holdout_of_a_storage():
    """The ledger of looks is no rule's output: on a node without a shared file system it would be lost."""
    rules = (REPO / "rules" / "iterate.smk").read_text()
    assert rules.split("if STORED:")[1].split("\n\n\n")[0].split() == ["localrules:", "validate,"]
