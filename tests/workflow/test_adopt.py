"""Results that were copied to another machine or checkout: adopted if they are what was recorded, else refused."""

import json
import shutil

import pytest
from workbench import Project, trained

SCRIPT = "orchestrator.py"


def copied(project, target):
    """Copy a project as to another machine: new times, none of Snakemake's records, the code in another place."""
    shutil.copytree(project.folder, target, copy_function=shutil.copy, ignore=shutil.ignore_patterns(".snakemake"))
    return target


@pytest.fixture
def elsewhere(tmp_path, exhausted, desk):
    """A copy of the exhausted project, and somebody who types commands in it."""
    desk.folder = copied(exhausted, tmp_path / "else where")
    project = Project(desk.folder, exhausted.workflow)
    project.settings = dict(exhausted.settings)
    return project


def adopt(desk, *arguments):
    return desk.type(SCRIPT, "adopt", "results/a", "--configfile", "config.yaml", *arguments)


def test_every_file_that_a_run_leaves_is_recorded_but_logs_and_ledgers(exhausted):
    run = exhausted.results / "a"
    record = json.loads((run / "provenance.json").read_text())
    left = {p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file() and "logs" not in p.parts}
    assert left - {"provenance.json"} == set(record["configs"]) | set(record["outputs"])
    assert len(record["configs"]) == 3
    assert str(exhausted.folder) not in (run / "provenance.json").read_text()


def test_a_copy_would_run_again_and_once_adopted_does_nothing(elsewhere, desk):
    assert "Nothing to be done" not in elsewhere.run("-n").stderr
    done = adopt(desk)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("adopted: ")
    assert done.stdout.count("\n") == 1
    again = elsewhere.run()
    assert "Nothing to be done" in again.stderr
    assert not again.jobs


def test_a_copy_that_kept_its_times_gets_records_too(tmp_path, exhausted, desk):
    """Without them Snakemake would have nothing to do, and nothing to compare a later setting with."""
    ignored = shutil.ignore_patterns(".snakemake")
    desk.folder = shutil.copytree(exhausted.folder, tmp_path / "else where", ignore=ignored)
    project = Project(desk.folder, exhausted.workflow)
    project.settings = dict(exhausted.settings)
    assert adopt(desk).returncode == 0
    assert "Nothing to be done" in project.run("-n").stdout
    told = project.configure(policy={"disabled_remedies": ["model_outliers"]}).run("-n")
    assert "rule screen:" in told.stdout + told.stderr


def test_what_was_adopted_goes_on_where_it_ended(elsewhere, desk):
    adopt(desk)
    elsewhere.configure(max_iterations=4)
    done = elsewhere.run()
    assert done.returncode == 0, done.stderr
    assert [line for line in done.jobs if line.startswith("train ")] == ["train results/a/artifacts_iter_4"]


DIFFERENCES = {
    "a file": (lambda p: append(p.results / "a/artifacts_iter_2/trace.nc"), "results/a/artifacts_iter_2/trace.nc: is"),
    "a configuration": (lambda p: append(p.results / "a/config_iter_3.yaml"), "results/a/config_iter_3.yaml: is not"),
    "no file": (lambda p: (p.results / "a/gates.png").unlink(), "results/a/gates.png: is missing"),
    "data": (lambda p: append(p.folder / "a.csv"), "a.csv: is not the file that was recorded"),
    "no data": (lambda p: (p.folder / "a.csv").unlink(), "a.csv: is missing"),
    "a setting": (
        lambda p: p.configure(thresholds={"convergence": {"r2_min": 0.5}}),
        "config.yaml: the setting thresholds.convergence.r2_min is 0.5 here and was 0.55",
    ),
    "no such run": (lambda p: p.configure(runs={"b": {"csv": "a.csv"}}), "no run of config.yaml has its results in"),
    "no record": (lambda p: (p.results / "a/provenance.json").unlink(), "there is no provenance.json here"),
}


def append(path):
    path.write_text(path.read_text() + "# by hand\n")


@pytest.mark.parametrize("case", DIFFERENCES)
def test_what_differs_is_named_in_one_line_and_nothing_is_adopted(case, elsewhere, desk):
    change, message = DIFFERENCES[case]
    change(elsewhere)
    done = adopt(desk)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (elsewhere.folder / ".snakemake").exists()


def test_other_code_is_refused(elsewhere, desk, tmp_path):
    shutil.copytree(elsewhere.workflow, tmp_path / "other code")
    desk.workflow = tmp_path / "other code"
    append(desk.workflow / "scripts" / "mmm_builder" / "policy" / "remedies.py")
    assert "scripts/candidate_screener.py, or what it imports, is not the code" in adopt(desk).stderr


def test_a_folder_of_the_engine_is_adopted_with_its_data_in_another_place(desk, tmp_path):
    desk.type("iteration_engine.py", desk.csv, desk.output, "2")
    there = tmp_path / "there" / "copied"
    shutil.copytree(desk.output, there, copy_function=shutil.copy, ignore=shutil.ignore_patterns(".snakemake"))
    data = shutil.move(desk.csv, tmp_path / "there" / "data.csv")
    assert "sales.csv: is missing" in desk.type(SCRIPT, "adopt", there, cwd=tmp_path / "there").stderr
    done = desk.type(SCRIPT, "adopt", there, "--data", data)
    assert done.returncode == 0, done.stderr
    assert "csv: ../data.csv" in (there / "run_config.yaml").read_text()
    again = desk.type("iteration_engine.py", data, there, "3")
    assert trained(again.jobs) == [3], again.stderr


def test_a_folder_moved_together_with_its_data_needs_no_word(desk, tmp_path):
    desk.type("iteration_engine.py", "client data/sales.csv", desk.output, "1")
    assert str(tmp_path) not in (desk.output / "run_config.yaml").read_text()
    there = tmp_path / "moved"
    shutil.copytree(desk.folder, there, copy_function=shutil.copy, ignore=shutil.ignore_patterns(".snakemake"))
    done = desk.type(SCRIPT, "adopt", there / "out put")
    assert done.returncode == 0, done.stderr
    assert desk.type("iteration_engine.py", there / "client data" / "sales.csv", there / "out put", "1").jobs == []
