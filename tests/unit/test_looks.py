"""The ledger of looks at the holdout: append-only, one line for each distinct opening."""

import json

import pandas as pd
import pytest
from trainings import STAGE_FILES, small_client

import oos_validator
from mmm_builder.candidates import Candidates
from mmm_builder.errors import InputError
from mmm_builder.judging.ledgers import opening_id
from mmm_builder.judging.looks import read_looks, record_look, shares_periods
from mmm_builder.sealed import SealedValidation
from mmm_builder.verdicts import Look, OosValidation, TrainingSummary


def look(config: str = "c", code: str = "k", opened_at: str = "2026-01-01T00:00:00+00:00") -> Look:
    return Look(
        look=f"{config} {code}", iteration=1, data_sha256="d", config_digest=config, code_digest=code,
        opened_at=opened_at, passed=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def spec():
    return small_client("v3", controls=[{"column": "avg_price", "kind": "price"}])[1]


def test_no_ledger_no_looks(tmp_path):
    assert read_looks(tmp_path / "none.jsonl") == []


def test_looks_are_appended_and_the_lines_before_stay(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    record_look(ledger, look("one"))
    before = ledger.read_bytes()
    record_look(ledger, look("two"))
    assert ledger.read_bytes().startswith(before)
    assert [k.config_digest for k in read_looks(ledger)] == ["one", "two"]


def test_an_identical_look_adds_nothing(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    record_look(ledger, look())
    before = ledger.read_bytes()
    record_look(ledger, look(opened_at="2027-01-01T00:00:00+00:00"))
    assert ledger.read_bytes() == before


@pytest.mark.parametrize(("start", "end", "shared"), [
    ("2024-01-01", "2024-06-30", True), ("2024-07-01", "2024-09-30", False), ("", "", False),
])  # fmt: skip
def test_a_look_may_have_seen_what_is_sealed_by_now(start, end, shared):
    sealed = SealedValidation(evaluated=False, n_periods=13, start="2024-04-01", end="2024-06-24")
    taken = look().model_copy(update={"test_start": start, "test_end": end})
    assert shares_periods(taken, sealed) == shared
    assert not shares_periods(taken, SealedValidation(evaluated=False, n_periods=0, start=None, end=None))


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_data_holdout_configuration_and_code_make_a_look(part, spec):
    one = ["d", "h", spec, "k"]
    other = [*one[:part], spec.model_copy(update={"controls": ()}) if part == 2 else "else", *one[part + 1 :]]
    assert opening_id(*one) != opening_id(*other)


def test_parts_of_a_look_do_not_run_together(spec):
    assert opening_id("ab", "c", spec, "e") != opening_id("a", "bc", spec, "e")


def test_the_same_model_at_another_iteration_is_the_same_look(spec):
    again = spec.model_copy(update={"iteration": 7})
    assert opening_id("d", "h", spec, "k") == opening_id("d", "h", again, "k")


def test_a_spoilt_line_is_named_with_its_cure(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    record_look(ledger, look())
    ledger.write_text(ledger.read_text() + '{"look": "half a li\n')
    with pytest.raises(InputError, match=r"line 2 is not a look at the holdout: .*; remove that line only"):
        read_looks(ledger)


def test_a_look_of_an_older_form_counts(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    line = look().model_dump(mode="json", exclude={"train_r2", "predicted", "test_start", "test_end"})
    ledger.write_text(json.dumps(line) + "\n")
    (known,) = read_looks(ledger)
    assert (known.train_r2, known.predicted) == (None, ())


def test_a_line_of_another_form_is_named(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    ledger.write_text('{"look": "x"}\n')
    with pytest.raises(InputError, match=r"line 1: key 'iteration' is missing"):
        read_looks(ledger)


def validate(stage_run, ledger, holdout, folder, candidates=None) -> OosValidation:
    at = {name: stage_run / file for name, file in STAGE_FILES.items()}
    oos_validator.validate_files(
        profile=stage_run / "data_profile.json", dataset=stage_run / "dataset.csv", holdout=holdout,
        config=at["config"], trace=at["trace"], summary=at["summary"], series=at["series"], ledger=ledger,
        folds=at["folds"], candidates=candidates or at["candidates"],
        validation=folder / "v.json", predictions=folder / "p.csv", plot=folder / "p.png",
    )  # fmt: skip
    return OosValidation.read(folder / "v.json")


def test_verifying_a_run_is_no_look_and_another_holdout_is_one(stage_run, tmp_path):
    ledger, holdout = tmp_path / "looks.jsonl", tmp_path / "other_holdout.csv"
    own = stage_run / STAGE_FILES["holdout"]
    first, again = (validate(stage_run, ledger, own, tmp_path) for _ in range(2))
    assert first == again
    assert len(read_looks(ledger)) == first.holdout_looks == 1
    other = pd.read_csv(own)
    other.iloc[:, 1] *= 1.01
    other.to_csv(holdout, index=False)
    second = validate(stage_run, ledger, holdout, tmp_path)
    assert len(read_looks(ledger)) == second.holdout_looks == 2
    third = validate(stage_run, ledger, own, tmp_path)
    assert (len(read_looks(ledger)), third.holdout_looks) == (2, 2)
    assert third.oos_r2 == first.oos_r2


def test_a_look_records_what_the_model_expected(stage_run, tmp_path):
    ledger = tmp_path / "looks.jsonl"
    verdict = validate(stage_run, ledger, stage_run / STAGE_FILES["holdout"], tmp_path)
    (taken,) = read_looks(ledger)
    assert (taken.train_r2, taken.test_start, taken.test_end) == (
        verdict.train_r2,
        verdict.test_start,
        verdict.test_end,
    )
    assert taken.predicted == pytest.approx(pd.read_csv(tmp_path / "p.csv")["predicted"])


def test_a_holdout_that_is_not_to_be_opened_stays_closed(stage_run, tmp_path):
    ledger, shut = tmp_path / "looks.jsonl", tmp_path / "candidates.json"
    found = Candidates.read(stage_run / STAGE_FILES["candidates"])
    shut.write_text(found.model_copy(update={"opens": False, "opening_reason": "a remedy promises more"}).to_json())
    record_look(ledger, look("earlier"))
    verdict = validate(stage_run, ledger, stage_run / STAGE_FILES["holdout"], tmp_path, shut)
    assert (verdict.evaluated, verdict.passed, verdict.reason) == (False, False, "a remedy promises more")
    figures = ("oos_r2", "oos_mape", "oos_r2_interval", "chance_pass_probability", "twins", "crps")
    assert [getattr(verdict, figure) for figure in figures] == [None] * len(figures)
    assert (len(verdict.folds), verdict.media_adds.rows, verdict.holdout_looks) == (3, "folds", 1)
    assert len(read_looks(ledger)) == 1
    assert pd.read_csv(tmp_path / "p.csv").empty


def test_diagnostics_come_first_whatever_the_candidates_say(stage_run, tmp_path):
    ledger, bad = tmp_path / "looks.jsonl", tmp_path / "bad"
    bad.mkdir()
    for file in [*STAGE_FILES.values(), "data_profile.json", "dataset.csv"]:
        (bad / file).symlink_to(stage_run / file)
    summary = TrainingSummary.read(stage_run / "summary.json")
    (bad / "summary.json").unlink()
    failed = tuple(c.model_copy(update={"status": "fail"}) if c.code == "min_ess" else c for c in summary.checks)
    (bad / "summary.json").write_text(summary.model_copy(update={"passed": False, "checks": failed}).to_json())
    verdict = validate(bad, ledger, bad / STAGE_FILES["holdout"], tmp_path)
    assert not verdict.evaluated
    assert "min_ess" in verdict.reason
    assert read_looks(ledger) == []


def test_a_look_on_record_stays_in_sight_whatever_the_policy_says_later(stage_run, tmp_path):
    ledger, shut, own = tmp_path / "looks.jsonl", tmp_path / "candidates.json", stage_run / STAGE_FILES["holdout"]
    opened = validate(stage_run, ledger, own, tmp_path)
    found = Candidates.read(stage_run / STAGE_FILES["candidates"])
    shut.write_text(found.model_copy(update={"opens": False, "opening_reason": "a remedy promises more"}).to_json())
    assert validate(stage_run, ledger, own, tmp_path, shut) == opened
    assert len(read_looks(ledger)) == 1
