"""The record of what a run was made from."""

import re
from pathlib import Path

import pytest

from mmm_builder.provenance import SCRIPTS
from mmm_builder.run_provenance import (
    STAGES,
    InputFile,
    Provenance,
    differing_setting,
    recorded_settings,
)
from mmm_builder.settings import Settings, settings_of_run
from mmm_builder.verifying.recorded import RecordedRun

GIVEN = {
    "runs": {
        "a": {"csv": "/data/a.csv", "columns": {"target": "revenue"}, "max_iterations": 4, "model": {"trend": "none"}},
        "b": {"csv": "b.csv"},
    },
    "lift_tests": "/data/lifts.csv",
    "model": {"trend": "damped", "events": "events.csv"},
    "training_threads": 1,
}


def settings(**changes):
    return settings_of_run(Settings.parse({**GIVEN, **changes}, "config.yaml"), "a")


def test_a_record_reads_back_as_it_was_written(tmp_path):
    record = Provenance(
        data=InputFile(path="/data/a.csv", sha256="0"), further_inputs=(InputFile(path="lifts.csv", sha256="1"),),
        settings=recorded_settings(settings()), configs={"config_iter_1.yaml": "2"}, code={"reporter": "3"},
        outputs={"artifacts_iter_1/trace.nc": "4"}, versions={"pymc": "5.28.5"}, seed=7, device="cpu",
        started="2026-01-01T00:00:00+00:00", ended="2026-01-01T00:01:00+00:00",
    )  # fmt: skip
    (tmp_path / "provenance.json").write_text(record.to_json())
    assert Provenance.read(tmp_path / "provenance.json") == record
    assert '"schema_version"' in record.to_json()


def test_settings_are_the_run_s_own_and_without_the_places_of_files():
    found = recorded_settings(settings())
    assert (found["max_iterations"], found["columns"]["target"]) == (4, "revenue")
    assert found["model"]["trend"] == "none"
    assert "/data" not in str(found)
    assert "runs" not in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 3}, "the setting seed is 3 here and was 20260101"),
        ({"sampler": {"draws": 500}}, "the setting sampler.draws is 500 here and was 1000"),
        ({"training_threads": 2, "lift_tests": "elsewhere.csv"}, None),
    ],
)
def test_the_first_setting_that_differs_is_named(change, said):
    assert differing_setting(recorded_settings(settings()), recorded_settings(settings(**change))) == said


def test_a_repetition_finds_its_files_from_any_folder(tmp_path):
    record = Provenance(
        data=InputFile(path="b.csv", sha256="0"), further_inputs=(), settings={}, configs={}, code={}, outputs={},
        versions={}, seed=7, device="cpu", started="", ended="",
    )  # fmt: skip
    alone = Settings.parse({**GIVEN, "runs": {"b": GIVEN["runs"]["b"]}}, "config.yaml")
    run = RecordedRun(
        folder=tmp_path / "results" / "b", workdir=tmp_path, config=tmp_path / "config.yaml", settings=alone,
        by_engine=False, record=record,
    )  # fmt: skip
    again = run.to_repeat
    assert again.results == ""
    assert (again.runs["b"].csv, again.runs["b"].path_as_given) == (str(tmp_path / "b.csv"), "b.csv")
    assert (again.model.events, again.lift_tests) == (str(tmp_path / "events.csv"), "/data/lifts.csv")
    assert differing_setting(recorded_settings(again), recorded_settings(run.of_run)) is None


def test_the_digests_are_of_the_code_that_the_rules_watch():
    rules = "".join(file.read_text() for file in (SCRIPTS.parent / "rules").glob("*.smk"))
    assert set(STAGES) == set(re.findall(r'code_digest\("([\w/]+)"\)', rules))
    assert all(Path(SCRIPTS / f"{stage}.py").is_file() for stage in STAGES)
