"""A finished run that is run again in another folder and compared."""

import shutil

import pytest

SCRIPT = "orchestrator.py"


@pytest.fixture
def made(desk):
    """A desk with a run of two iterations in `out put`."""
    done = desk.type("iteration_engine.py", desk.csv, desk.output, "2", "--quiet")
    assert done.returncode == 3, done.stderr
    return desk


def verdicts(done):
    """Return the verdict of every row of the table, by what it is of."""
    rows = [line.split("  ") for line in done.stdout.splitlines()[:-1]]
    return {cells[2].strip() if not cells[1] else cells[1].strip(): cells[0].strip() for cells in rows}


def test_a_run_comes_out_again_exactly_and_leaves_the_first_alone(made):
    before = {path: path.stat().st_mtime_ns for path in made.output.rglob("*")}
    done = made.type(SCRIPT, "verify", made.output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "reproduced exactly"
    for what in ("iteration 1 posterior", "iteration 2 decision", "outcome", "other files"):
        assert verdicts(done)[what] == "same", done.stdout
    assert {path: path.stat().st_mtime_ns for path in made.output.rglob("*")} == before


def test_a_configuration_edited_by_hand_is_repeated_as_it_was(made):
    config = made.output / "config_iter_2.yaml"
    config.write_text(config.read_text() + "by hand\n")
    made.type("iteration_engine.py", made.csv, made.output, "2", "--quiet")
    done = made.type(SCRIPT, "verify", made.output, "--keep", "again")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(done)["iteration 1 configuration"] == "same"
    assert verdicts(done)["iteration 2 configuration"] == "shown"
    assert verdicts(done)["iteration 2 posterior"] == "same"
    assert "by hand" in (made.folder / "again" / "out put" / "config_iter_2.yaml").read_text()


def test_a_trainer_that_gives_other_draws_is_found_out(made, tmp_path):
    made.workflow = shutil.copytree(made.workflow, tmp_path / "other code")
    trainer = made.workflow / "scripts" / "model_trainer.py"
    trainer.write_text(trainer.read_text().replace("trace of", "another trace of"))
    done = made.type(SCRIPT, "verify", made.output)
    assert done.returncode == 3, done.stderr
    assert "other code (scripts/model_trainer.py)" in done.stdout
    assert done.stdout.splitlines()[-1] == "not reproduced: iteration 1 posterior"


def test_files_that_are_no_longer_those_recorded_are_nothing_to_compare_with(made):
    (made.output / "contributions.csv").write_text("by hand")
    done = made.type(SCRIPT, "verify", made.output)
    assert done.returncode == 2
    assert "contributions.csv: is not the file that was recorded" in done.stderr
    assert done.stderr.count("\n") == 1
