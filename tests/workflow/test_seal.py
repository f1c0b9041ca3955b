"""The sealed final period in the workflow: opened last, for the runs that ask for it, and invisible to all others."""

from workbench import REPO

SEALED_FILES = ("sealed_rows.csv", "sealed_validation.json")


def test_only_runs_that_ask_for_a_seal_have_one(project):
    runs = {"a": {"csv": "a.csv", "sealed_periods": 2}, "b": {"csv": "b.csv"}}
    done = project.prepare(runs=("a", "b")).configure(runs=runs, max_iterations=1).run()
    assert done.returncode == 0, done.stderr
    assert {job for job in done.jobs if job.startswith("seal")} == {"seal results/a"}
    assert (project.results / "a" / "sealed_rows.csv").read_text().startswith("last 2 rows")
    assert (project.results / "b" / "sealed_rows.csv").read_text().startswith("last 0 rows")
    assert not (project.results / "b" / "sealed_validation.json").exists()
    assert not project.run().jobs


def test_without_a_seal_no_rule_and_no_file_speaks_of_one(finished):
    assert not [name for name in SEALED_FILES if (finished.results / "a" / name).exists()]
    listed = finished.run("--list-rules")
    assert "report" in listed.stdout
    assert "seal" not in listed.stdout


def test_a_seal_of_the_whole_workflow_repeats_everything_and_opens_once(finished):
    done = finished.configure(sealed_periods=3).run()
    assert done.returncode == 0, done.stderr
    assert done.jobs["profile results/a"] == done.jobs["seal results/a"] == 1
    assert not finished.run().jobs


def test_sealed_rows_are_an_input_of_their_own_rule_and_of_the_record_of_digests_alone():
    rules = {file.name: file.read_text() for file in (REPO / "rules").glob("*.smk")}
    assert {name for name, text in rules.items() if "SEALED_ROWS" in text} == {"common.smk", "profile.smk", "seal.smk"}
    assert rules["seal.smk"].count("SEALED_ROWS") == 1
    users = {name for name, text in rules.items() if "SEALED_FILES" in text or "recorded_files" in text}
    assert users == {"common.smk", "record.smk"}
    mentions = [
        line.strip() for line in rules["common.smk"].splitlines() if "SEALED_ROWS" in line or "SEALED_FILES" in line
    ]
    assert [line.split(" =")[0] for line in mentions] == ["SEALED_ROWS", "SEALED_FILES", "of_run"]
    assert "sealed=SEALED_ROWS" not in rules["profile.smk"].split("output:")[0]
