"""What the record and the terminal say of the sealed period; nothing where there is none."""

import finished_runs as finished
import kf_rules
import pytest
import run_records as runs

import reporter
from mmm_builder.files import write_text
from mmm_builder.reporting.phrases import FILES, phrasebook
from mmm_builder.reporting.sealed_words import sealed_line
from mmm_builder.sealed import SealedValidation

WINDOW = {"n_periods": 13, "start": "2024-09-30", "end": "2024-12-23"}
SCORES = {"r2": 0.5774, "mape": None, "wmape": 8.989, "crps": 93094.7, "coverage_80": 0.692}
OPENED = SealedValidation(evaluated=True, iteration=1, sealed_openings=1, **WINDOW, **SCORES)
CLOSED = SealedValidation(evaluated=False, reason="no full_success", **WINDOW)


def document(folder, sealed=None, make=finished.one_success):
    """Return the analysis of a finished run, and what breaks the rules of its format."""
    iterations, budget = make()
    keywords = finished.write_run(folder, runs.profile(), iterations)
    if sealed is not None:
        write_text(folder / "sealed_validation.json", sealed.to_json())
        keywords["sealed"] = (folder / "sealed_validation.json",)
    reporter.report_files(max_iterations=budget, **keywords)
    return keywords["analysis"].read_text(encoding="utf-8"), kf_rules.problems(folder)


def test_an_opened_period_is_told_with_its_figures_and_source(tmp_path):
    text, problems = document(tmp_path, OPENED)
    assert "R² 0.58, wMAPE 9.0 %, CRPS 93095, coverage of the 80 % intervals 69 %" in text
    assert "Source: sealed_validation.json" in text
    assert "opened 1 time," in text
    assert problems == []


def test_a_second_opening_is_told_as_such(tmp_path):
    once, _ = document(tmp_path / "once", OPENED)
    twice, _ = document(tmp_path / "twice", OPENED.model_copy(update={"sealed_openings": 2}))
    told = phrasebook("en")("s4.sealed.again")
    assert told not in once
    assert "opened 2 times" in twice
    assert told in twice


def test_rows_that_a_look_saw_before_are_told_as_such(tmp_path, monkeypatch):
    told = phrasebook("en")("s4.sealed.seen")
    unseen, _ = document(tmp_path / "unseen", OPENED)
    monkeypatch.setattr(reporter, "shares_periods", lambda *_: True)
    seen, problems = document(tmp_path / "seen", OPENED)
    assert told in seen
    assert told not in unseen
    assert problems == []


def test_a_closed_period_is_told_to_be_closed(tmp_path):
    text, problems = document(tmp_path, CLOSED, finished.ten_exhausted)
    assert "stay sealed" in text
    assert problems == []


def test_without_a_seal_nothing_is_said_of_one(tmp_path):
    text, _ = document(tmp_path)
    assert "seal" not in text.lower()


@pytest.mark.parametrize("language", [name for name, files in FILES.items() if files])
@pytest.mark.parametrize("sealed", [OPENED, CLOSED])
def test_the_terminal_line_names_the_periods_in_every_language(language, sealed):
    line = sealed_line(phrasebook(language), sealed)
    assert WINDOW["start"] in line
    assert ("0.58" in line) == sealed.evaluated
    assert "\n" not in line
