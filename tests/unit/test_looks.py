"""The ledger of looks at the holdout: append-only, one line for each distinct opening."""

import pandas as pd
import pytest
from trainings import STAGE_FILES

import oos_validator
from mmm_builder.errors import InputError
from mmm_builder.judging.looks import look_id, read_looks, record_look
from mmm_builder.verdicts import Look


def look(config: str = "c", code: str = "k", opened_at: str = "2026-01-01T00:00:00+00:00") -> Look:
    return Look(
        look=look_id("d", "h", config, code), iteration=1, data_sha256="d", config_digest=config, code_digest=code,
        opened_at=opened_at, passed=False,
    )  # fmt: skip


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


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_data_holdout_configuration_and_code_make_a_look(part):
    one, other = ["d", "h", "c", "k"], ["d", "h", "c", "k"]
    other[part] = "else"
    assert look_id(*one) != look_id(*other)


def test_parts_of_a_look_do_not_run_together():
    assert look_id("ab", "c", "d", "e") != look_id("a", "bc", "d", "e")


def test_a_spoilt_line_is_named_with_its_cure(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    record_look(ledger, look())
    ledger.write_text(ledger.read_text() + '{"look": "half a li\n')
    with pytest.raises(InputError, match=r"line 2 is not a look at the holdout: .*; remove that line only"):
        read_looks(ledger)


def test_a_line_of_another_form_is_named(tmp_path):
    ledger = tmp_path / "looks.jsonl"
    ledger.write_text('{"look": "x"}\n')
    with pytest.raises(InputError, match=r"line 1: key 'iteration' is missing"):
        read_looks(ledger)


def validate(stage_run, ledger, holdout, folder):
    at = {name: stage_run / file for name, file in STAGE_FILES.items()}
    oos_validator.validate_files(
        profile=stage_run / "data_profile.json", dataset=stage_run / "dataset.csv", holdout=holdout,
        config=at["config"], trace=at["trace"], summary=at["summary"], series=at["series"], ledger=ledger,
        validation=folder / "v.json", predictions=folder / "p.csv", plot=folder / "p.png",
    )  # fmt: skip


def test_verifying_a_run_is_no_look_and_another_holdout_is_one(stage_run, tmp_path):
    ledger, holdout = tmp_path / "looks.jsonl", tmp_path / "other_holdout.csv"
    for _ in range(2):
        validate(stage_run, ledger, stage_run / STAGE_FILES["holdout"], tmp_path)
    assert len(read_looks(ledger)) == 1
    other = pd.read_csv(stage_run / STAGE_FILES["holdout"])
    other.iloc[:, 1] *= 1.01
    other.to_csv(holdout, index=False)
    validate(stage_run, ledger, holdout, tmp_path)
    assert len(read_looks(ledger)) == 2
