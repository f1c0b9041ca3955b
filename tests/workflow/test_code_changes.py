"""What runs again after the code itself was changed: only what the changed file reaches."""

import shutil

import pytest
from workbench import Project, copy_with_fakes, ran


@pytest.fixture
def own_copy(tmp_path, exhausted):
    """A finished project with a workflow of its own, whose files may be changed."""
    shutil.copytree(exhausted.folder, tmp_path / "project")
    project = Project(tmp_path / "project", copy_with_fakes(tmp_path / "work flow"))
    project.settings = dict(exhausted.settings)
    return project


def edit(file):
    file.write_text(file.read_text() + "\n# edited\n")


def test_a_checkout_elsewhere_repeats_nothing(own_copy):
    done = own_copy.run()
    assert (done.returncode, list(done.jobs)) == (0, [])


@pytest.mark.parametrize(
    ("file", "again", "kept"),
    [
        ("iteration_engine.py", [], ["configure", "train", "diagnose", "screen", "validate", "decide"]),
        ("mmm_builder/policy/remedies.py", ["screen"], ["configure", "train", "diagnose"]),
        ("mmm_builder/policy/deciding.py", ["decide"], ["configure", "train", "diagnose", "screen", "validate"]),
        ("mmm_builder/reporting/narrative.py", [], ["configure", "train", "diagnose", "screen", "validate", "decide"]),
        ("oos_validator.py", ["validate"], ["configure", "train", "diagnose", "screen"]),
        ("diagnostics_checker.py", ["diagnose"], ["configure", "train"]),
        ("model_trainer.py", ["train"], ["configure"]),
        ("mmm_builder/errors.py", ["configure", "train", "diagnose", "screen", "validate", "decide"], []),
    ],
)
def test_edited_code_repeats_what_reaches_it(file, again, kept, own_copy):
    edit(own_copy.workflow / "scripts" / file)
    done = own_copy.run()
    assert done.returncode == 0, done.stderr
    for stage in again:
        assert ran(done.jobs, stage) == [1, 2, 3], stage
    for stage in kept:
        assert ran(done.jobs, stage) == [], stage
    assert not own_copy.run().jobs


def test_a_touched_file_repeats_nothing(own_copy):
    for file in (own_copy.workflow / "scripts").rglob("*.py"):
        file.touch()
    assert not own_copy.run().jobs


def test_an_edited_page_is_written_anew_and_nothing_else(own_copy):
    edit(own_copy.workflow / "scripts" / "profile_reporter.py")
    assert list(own_copy.run().jobs) == ["page results/a"]
