"""The words of reports: every phrase is used, and every language has it."""

import re
from pathlib import Path
from string import Formatter

import finished_runs as finished
import pytest
import yaml

from mmm_builder.policy.words import say as policy
from mmm_builder.reporting.phrases import FILES, phrasebook, plural_form
from mmm_builder.reporting.run_record import in_language

LIBRARY = Path(__file__).parent.parent.parent / "scripts" / "mmm_builder"
DATA = LIBRARY / "data"
WARNED = {code for path in LIBRARY.rglob("*.py") for code in re.findall(r'warn\(\s*"(\w+)"', path.read_text("utf-8"))}
BOOKS = {language: phrasebook(language) for language in FILES}
SAY = BOOKS["en"]

COMPOSED = (
    "figure.", "type.", "unit.", "check.", "conf.", "s1.", "s3.end.", "s3.verdict.", "s5.", "measure.", "control.",
    "warning.", "remark.", "media.clause.", "media.word.", "limit.media.", "s4.media.", "rows.", "forecaster.", "lead.",
    "selection.", "stop.", "s3.now_", "s3.screened.", "plot.gate.", "plot.score.",
)  # fmt: skip
WORDS = {
    "daily", "weekly", "monthly", "quarterly", "annual", "pass", "fail", "review", "unassessed", "closed", "survived",
    "refuted", "untested", "full_success", "diagnostics_only", "budget_exhausted",
}  # fmt: skip
"""Phrases that are called by a key put together, or by the word itself."""

FIELDS = {language: yaml.safe_load((DATA / files[0]).read_text("utf-8")) for language, files in FILES.items()}
POLICY = {language: yaml.safe_load((DATA / files[1]).read_text("utf-8")) for language, files in FILES.items()}

LATIN = {
    "R", "hat", "MAPE", "wMAPE", "RMSE", "CRPS", "GRP", "SHA", "z", "Continuant", "TD", "Occurrent", "LR",
    "v3", "example", "revenue",
}  # fmt: skip
"""What may stand in Latin letters in a Russian document outside of code: figures' names, the format's marks, and names
of the run's own."""


def test_every_phrase_is_used_and_every_phrase_used_is_there():
    sources = "".join(path.read_text("utf-8") for path in [*LIBRARY.rglob("*.py"), LIBRARY.parent / "reporter.py"])
    own = FIELDS["en"]["phrases"]
    unused = {
        key for key in own if not re.search(rf"[\"']{re.escape(key)}[\"']", sources) and not key.startswith(COMPOSED)
    }
    assert unused <= WORDS
    assert set(re.findall(r'\bsay\(\s*"([\w.]+\w)"', sources)) <= set(SAY.phrases)
    assert not set(own) & set(POLICY["en"])


@pytest.mark.parametrize("language", sorted(set(FILES) - {"en"}))
def test_every_language_has_the_same_phrases_with_the_same_fields(language):
    for theirs, ours in ((FIELDS[language]["phrases"], FIELDS["en"]["phrases"]), (POLICY[language], POLICY["en"])):
        assert set(theirs) == set(ours)
        assert {key: fields(text) for key, text in theirs.items()} == {key: fields(text) for key, text in ours.items()}
    assert set(FIELDS[language]["nouns"]) == set(FIELDS["en"]["nouns"])


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", FILES)
def test_every_noun_has_the_forms_that_whole_numbers_take(language):
    forms = {plural_form(language, n) for n in range(201)}
    assert all(set(given) == forms for given in FIELDS[language]["nouns"].values())


@pytest.mark.parametrize("code", sorted(WARNED))
def test_every_warning_of_a_profile_can_be_named(code):
    assert all(f"warning.{code}" in book for book in BOOKS.values())


def test_no_english_is_left_in_a_russian_document(tmp_path):
    for number, make in enumerate(finished.RUNS.values()):
        document = finished.write(tmp_path / str(number), make, "ru")
        assert set(re.findall(r"[A-Za-z][A-Za-z0-9]*", prose(document))) <= LATIN


def prose(document: str) -> str:
    """Return what a document says in words: no code, sources or paths; of diagrams only the labels."""
    document = re.sub(r"```mermaid(.*?)```", lambda block: " ".join(re.findall(r'"([^"]*)"', block[1])), document,
                      flags=re.S)  # fmt: skip
    for pattern in (r"\(Источник: [^()]*\)", r"`+[^`]*`+", r"\]\([^)]*\)"):
        document = re.sub(pattern, " ", document)
    return document


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1 итерация"), (2, "2 итерации"), (5, "5 итераций"), (11, "11 итераций"), (21, "21 итерация")]
)
def test_counting_words_in_russian(n, said):
    assert BOOKS["ru"].count(n, "iteration") == said


def test_counting_words():
    assert SAY.count(1, "iteration") == "1 iteration"
    assert SAY.count(0, "iteration") == "0 iterations"
    assert SAY.enumerate(["a", "b", "c"]) == "a, b and c"


def test_sentences_of_the_policy_are_told_in_the_documents_language():
    expects = policy("remedy.add_trend.expects")
    effect = policy("decision.predicted", figure="r2", now="1", predicted="2", expects=expects)
    assert in_language(BOOKS["ru"], effect) == "`r2` 1 → 2: линейный тренд объяснит дрейф"
    assert in_language(BOOKS["ru"], policy("for.answers", code="r2_low", status="fail")) == (
        "отвечает на проверку `r2_low` (не пройдено)"
    )
    assert in_language(BOOKS["ru"], "words of nobody") is None
    assert in_language(SAY, "words of nobody") == "words of nobody"
