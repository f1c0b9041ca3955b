import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import finished_runs as finished
import kf_rules
import pytest
import run_records as runs
import yaml

import reporter
from mmm_builder.candidates import Candidates
from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.files import write_text
from mmm_builder.policy.words import say as policy
from mmm_builder.reporting.diagrams import continuant, occurrent
from mmm_builder.reporting.figures import figure_key, sense_of, shown, shown_limit
from mmm_builder.reporting.history import iteration_record
from mmm_builder.reporting.markdown import clause, code, table, text
from mmm_builder.reporting.phrases import FILES, phrasebook, plural_form
from mmm_builder.reporting.run_record import band, in_language
from mmm_builder.verdicts import FoldEvidence

HERE = Path(__file__).parent
LIBRARY = HERE.parent.parent / "scripts" / "mmm_builder"
DATA = LIBRARY / "data"
WARNED = {code for path in LIBRARY.rglob("*.py") for code in re.findall(r'warn\(\s*"(\w+)"', path.read_text("utf-8"))}
STAMP = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
BOOKS = {language: phrasebook(language) for language in FILES}
SAY = BOOKS["en"]


def write(folder, make, language="en", **profile) -> str:
    iterations, budget = make()
    keywords = finished.write_run(folder, runs.profile(**profile), iterations)
    pictures = {name: folder / f"{name}.png" for name in ("gates", "fit", "fold_scores")}
    reporter.report_files(max_iterations=budget, language=language, **pictures, **keywords)
    return keywords["analysis"].read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=FILES)
def told(request, tmp_path_factory) -> tuple[str, dict[str, Path]]:
    """Return a language and the folders of all runs, told in it."""
    folders = {}
    for name, make in finished.RUNS.items():
        folders[name] = tmp_path_factory.mktemp("run")
        write(folders[name], make, request.param, warnings=name != "one iteration")
    return request.param, folders


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> dict[str, Path]:
    """Return the folders of all runs, told in English."""
    folders = {}
    for name, make in finished.RUNS.items():
        folders[name] = tmp_path_factory.mktemp("run")
        write(folders[name], make, warnings=name != "one iteration")
    return folders


# --- the document ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", finished.RUNS)
def test_the_document_keeps_every_rule_of_its_format(told, name):
    language, folders = told
    assert kf_rules.problems(folders[name], language) == []


def test_mermaid_itself_parses_the_diagrams(told):
    folder = os.environ.get("MERMAID_FOLDER", "")
    if shutil.which("node") is None or not (Path(folder or ".") / "node_modules" / "mermaid").is_dir():
        pytest.skip("needs node, and MERMAID_FOLDER set to a folder where `npm install mermaid jsdom` was run")
    texts = [d for run in told[1].values() for d in kf_rules.diagrams((run / kf_rules.DOCUMENT).read_text("utf-8"))]
    command = ["node", str(HERE / "mermaid_parser.mjs"), str(Path(folder).resolve())]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("flowchart") == len(texts) == 2 * len(told[1])


BREAKS = {
    "a figure that the log does not hold": (r"\| 0\.73 \|", "| 0.74 |", "at iteration 3"),
    "a wrong observation": (r"\) 1\.0203 \(", ") 1.0213 (", "does not hold what is said"),
    "a wrong further figure": (r"`crps` \| 54322", "`crps` | 54323", "crps"),
    "a wrong figure on the folds": (r"\| 51234 \| 81 % \| pass", "| 51334 | 81 % | pass", "fold_crps"),
    "a wrong verdict on the folds": (r"\| 81 % \| pass", "| 81 % | fail", "folds_passed"),
    "a wrong fold": (r"\| 2022-10-31 \| 90 \|", "| 2022-10-31 | 91 |", "n_train"),
    "a wrong figure of a candidate": (r"\| \+1\.2 % \|", "| +1.3 % |", "crps_gain"),
    "a wrong label of a candidate": (r"linear \(0\)", "linear (9)", "label"),
    "a wrong twin": (r"\| 0\.40 \| 10\.3 % \| 56657", "| 0.41 | 10.3 % | 56657", "oos_r2"),
    "a wrong twin on the folds": (r"10\.3 % \| 53438", "10.4 % | 53438", "oos_mape"),
    "a wrong gain": (r"\| \+4\.1 % \| \+1\.0 %", "| +4.1 % | +1.1 %", "lower_80"),
    "a wrong verdict on media": (r"ahead \| no \|", "ahead | yes |", "verdict"),
    "a wrong interval": (r"OOS R² from 0\.29", "OOS R² from 0.39", "does not hold what is said"),
    "a wrong probability": (r"a probability of 5\.2 %", "a probability of 4.2 %", "does not hold what is said"),
    "a wrong outcome": (r"R² was 0\.5497", "R² was 0.56", "does not hold what is said"),
    "a wrong count of looks": (r"was opened 1 time", "was opened 2 times", "does not hold what is said"),
    "a wrong old value": (r"\| `3` \| `4` \|", "| `2` | `4` |", "changes"),
    "a source that does not exist": (r"Source: config_iter_2\.yaml", "Source: config_iter_9.yaml", "does not exist"),
    "a missing section": (r"### §4\.2 Out-of-Sample Validation\n", "\n", "§4.0"),
    "a missing ¶1": (r"\*\*¶1 Order:\*\* In sample", "**¶2 Order:** In sample", "§4.0 has the paragraphs"),
    "a missing iteration": (r"### §3\.2 [^\n]+", "### §3.4 Iteration 4", "out of order"),
    "a reference into nothing": (r"§2\.0 ¶2", "§2.0 ¶9", "§2.0 ¶9 is referred to"),
    "a long label": (r"Data profiled", "Data were all profiled", "1-3 words"),
    "a broken diagram": (r"profiled --> iteration1", "profiled -> iteration1", "neither a node nor an edge"),
    "two sentences of thesis": (r"at most 10 iterations;", "at most 10 iterations. It", "not one sentence"),
    "jargon": (r"In sample, then", "Being MECE, then", "MECE"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_checker_sees_what_is_broken(documents, tmp_path, name):
    pattern, replacement, said = BREAKS[name]
    shutil.copytree(documents["three iterations"], tmp_path / "run")
    document = tmp_path / "run" / kf_rules.DOCUMENT
    broken, n = re.subn(pattern, replacement, document.read_text("utf-8"), count=1)
    assert n == 1
    document.write_text(broken, encoding="utf-8")
    assert said in " ".join(kf_rules.problems(tmp_path / "run"))


def test_the_same_artifacts_give_the_same_document(tmp_path):
    first = write(tmp_path / "a", finished.three_with_success)
    assert write(tmp_path / "b", finished.three_with_success) == first


def test_dates_are_those_of_the_artifacts_in_utc(tmp_path):
    iterations, budget = finished.one_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    for path in tmp_path.rglob("*"):
        os.utime(path, (STAMP, STAMP))
    reporter.report_files(max_iterations=budget, **keywords)
    document = keywords["analysis"].read_text("utf-8")
    assert "artifacts_iter_1/oos_validation.json, 2026-03-04" in document
    assert "read 2026-03-04" in document


def test_names_that_hold_markup_do_not_break_the_document(tmp_path):
    channels = (("TV | `prime`", "video_tv", 0.6), ("a\nb *c* <i>", "search", 0.4))
    write(
        tmp_path,
        finished.three_with_success,
        channels=channels,
        target='Umsatz (€) [netto] | "x"',
        path="C:\\My data\\Q1 | x.csv",
    )
    assert kf_rules.problems(tmp_path) == []


def test_a_run_that_is_not_validated_says_so(documents):
    for name in ("ten, budget exhausted", "twelve, diagnostics only"):
        assert "**Not validated out of sample.**" in (documents[name] / kf_rules.DOCUMENT).read_text("utf-8")
    for name in ("one iteration", "three iterations"):
        assert "Not validated" not in (documents[name] / kf_rules.DOCUMENT).read_text("utf-8")


def test_a_pass_is_not_called_evidence_for_media(documents):
    document = (documents["one iteration"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert "media add to the forecast (+4.1 % of CRPS" in document
    unmeasured = (documents["success, no folds"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert "a pass is no evidence for the attribution" in unmeasured


@pytest.mark.parametrize(("name", "told_as"), [("success, media add nothing", "no"), ("zeros in the KPI", "unclear")])
def test_where_media_add_nothing_the_thesis_says_so_whatever_the_status(tmp_path, name, told_as):
    adds = runs.media_adds(0.011 if told_as == "unclear" else -0.003, verdict=told_as)
    write(tmp_path, lambda: ([finished.iteration(1, adds=adds)], 10))
    document = (tmp_path / kf_rules.DOCUMENT).read_text("utf-8")
    thesis = document.split("\n\n")[1]
    assert "full_success" in thesis
    assert ("**media add nothing to the forecast**" in thesis) == (told_as == "no")
    assert ("**it is unclear whether media add to the forecast**" in thesis) == (told_as == "unclear")
    assert "the pass is no evidence for the attribution" in document
    assert kf_rules.problems(tmp_path) == []


def test_too_few_forecasts_leave_the_verdict_on_media_unclear(tmp_path):
    adds = runs.media_adds(None, verdict="unclear")
    write(tmp_path, lambda: ([finished.iteration(1, adds=adds)], 10))
    document = (tmp_path / kf_rules.DOCUMENT).read_text("utf-8")
    assert "The reason: 9 forecasts are too few to tell" in document
    assert kf_rules.problems(tmp_path) == []


def test_looks_at_the_holdout_are_counted_from_the_ledger(tmp_path):
    iterations, budget = finished.one_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations, looks=4)
    reporter.report_files(max_iterations=budget, **keywords)
    document = keywords["analysis"].read_text("utf-8")
    assert "opened 4 times (Source: skill_report.json → holdout_looks" in document
    assert "opened more than once (§4.2 ¶8)" in document
    assert kf_rules.problems(tmp_path) == []


def test_openings_that_the_probability_does_not_know_of_are_told(tmp_path):
    told = "Later openings are on record"
    for looks in (1, 4):
        iterations, budget = finished.one_success()
        keywords = finished.write_run(tmp_path / str(looks), runs.profile(), iterations, looks=looks)
        reporter.report_files(max_iterations=budget, **keywords)
        assert (told in keywords["analysis"].read_text("utf-8")) == (looks > 1)


def test_the_holdouts_own_gain_stands_beside_that_of_all_rows(documents):
    document = (documents["one iteration"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert "| Holdout alone, with all controls | unclear | +3.1 % |" in document
    closed = (documents["three, never opened"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert "Holdout alone" not in closed


def test_a_fold_that_was_sampled_badly_is_told(tmp_path):
    iterations, budget = finished.one_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    found = FoldEvidence.read(keywords["folds"][0])
    *rest, sampling = found.checks
    bad = sampling.model_copy(update={"status": "review", "value": 1.2, "reason": "its chains disagree"})
    write_text(keywords["folds"][0], found.model_copy(update={"checks": (*rest, bad)}).to_json())
    reporter.report_files(max_iterations=budget, **keywords)
    assert "To review: sampling of the folds (`fold 3`: the chains of the fold's fit" in keywords["analysis"].read_text(
        "utf-8"
    )


def test_a_lucky_pass_is_told_from_a_good_decision(tmp_path):
    missed = {"predicted_figure": "min_ess", "predicted_value": 9000.0}
    write(tmp_path, lambda: ([finished.iteration(1, r2=0.5, decided=missed), finished.iteration(2)], 10))
    document = (tmp_path / kf_rules.DOCUMENT).read_text("utf-8")
    assert "the hypothesis was refuted" in document
    assert "It was taken back, since the folds were better without it." in document
    assert "luck rather than insight" in document
    assert kf_rules.problems(tmp_path) == []


def test_a_pass_that_was_predicted_is_told_from_a_lucky_one(documents):
    document = (documents["three iterations"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert "for the reason that was predicted" in document
    assert "luck" not in document


def test_what_follows_from_an_earlier_iteration_says_so(documents):
    document = (documents["three, never opened"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert "It starts from iteration 1, so that what iteration 2 had changed is taken back." in document


def test_a_way_back_that_no_remedy_screened_is_told(tmp_path):
    iterations, budget = finished.three_with_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    found = Candidates.read(keywords["candidates"][0])
    back = found.next.model_copy(update={"remedy": "return_to_best", "label": "iteration 1"})
    keywords["candidates"][0].write_text(found.model_copy(update={"next": back}).to_json(), encoding="utf-8")
    reporter.report_files(max_iterations=budget, **keywords)
    document = keywords["analysis"].read_text("utf-8")
    assert "None of these follows, but `return_to_best` (`iteration 1`)" in document
    assert kf_rules.problems(tmp_path) == []


def test_the_best_candidate_of_each_remedy_is_shown_and_the_one_that_follows(tmp_path):
    iterations, budget = finished.three_with_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    found = Candidates.read(keywords["candidates"][0])
    follows, *others = found.screened
    variants = [others[0].model_copy(update={"label": f"variant {i}"}) for i in range(12)]
    changed = found.model_copy(update={"screened": (*variants, follows, *others[1:])})
    keywords["candidates"][0].write_text(changed.to_json(), encoding="utf-8")
    reporter.report_files(max_iterations=budget, **keywords)
    first = keywords["analysis"].read_text("utf-8").split("### §3.2")[0]
    assert re.findall(r"`variant \d+`", first) == ["`variant 0`"]
    assert "| followed | `screened[12]` |" in first
    assert kf_rules.problems(tmp_path) == []


def test_a_configuration_edited_by_hand_is_told(tmp_path):
    iterations, budget = finished.three_with_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations)
    edited = read_spec(keywords["configs"][1])
    sampler = edited.sampler.model_copy(update={"draws": 2000})
    write_spec(keywords["configs"][1], edited.model_copy(update={"sampler": sampler}))
    reporter.report_files(max_iterations=budget, **keywords)
    document = keywords["analysis"].read_text("utf-8")
    assert "`config_iter_2.yaml` was then edited by hand" in document
    assert kf_rules.problems(tmp_path) == []


def test_remedies_not_carried_out_are_not_shown_as_carried_out(documents):
    document = (documents["ten, budget exhausted"] / kf_rules.DOCUMENT).read_text("utf-8")
    assert document.count("not carried out, since the budget was spent") == 1
    assert "Untested: no iteration followed." in document


@pytest.fixture(scope="module")
def one_record(tmp_path_factory):
    made = finished.read_run(tmp_path_factory.mktemp("run"), runs.profile(), [finished.iteration(1, r2=0.3)])
    return iteration_record(made[0])


# --- its parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 11, 12, 40, 100])
@pytest.mark.parametrize("language", FILES)
def test_diagrams_keep_their_size_whatever_the_number_of_iterations(one_record, language, n):
    records = [one_record.model_copy(update={"iteration": i}) for i in range(1, n + 1)]
    say = BOOKS[language]
    (diagram,) = kf_rules.diagrams(occurrent(records, "budget_exhausted", say))
    assert kf_rules.diagram_problems(diagram, "LR") == []
    for i in (1, n):
        assert f'"{say("node.iteration", n=i)}"' in diagram


@pytest.mark.parametrize("types", [("search",), ("search", "tv"), tuple("abcdefg")])
@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("language", FILES)
def test_the_diagram_of_parts_keeps_its_size(language, types, order):
    kinds = ("search", "video_tv", "social", "display", "radio", "direct_mail", "other")
    channels = tuple((f"c{i}", kinds[i], 1 / len(types)) for i in range(len(types)))
    (diagram,) = kf_rules.diagrams(
        continuant("my data (1)", runs.profile(channels=channels), runs.spec(1, order=order), BOOKS[language])
    )
    assert kf_rules.diagram_problems(diagram, "TD") == []


@pytest.mark.parametrize(
    ("key", "value", "limits", "printed"),
    [
        ("r2", 0.6213, (), "0.62"),
        ("r2", 0.5497, (0.55,), "0.5497"),
        ("r2", 0.55, (0.55,), "0.55"),
        ("worst_rhat", 1.0203, (1.02,), "1.0203"),
        ("min_ess", 99.7, (100.0,), "99.7"),
        ("min_ess", 1834.2, (100.0,), "1834"),
        ("oos_mape", 9.44, (20.0,), "9.4 %"),
        ("coverage_80", 0.765, (), "76 %"),
        ("overfitting_index", -0.001, (), "0.00"),
        ("oos_rmse", 91234.56, (), "91235"),
        ("crps", 0.0543219, (), "0.05432"),
        ("divergences", 3, (0,), "3"),
    ],
)
def test_figures_are_printed_alike_and_never_hide_their_verdict(key, value, limits, printed):
    assert shown(key, value, *limits) == printed


@pytest.mark.parametrize(("limit", "printed"), [(1.02, "1.020"), (1.0005, "1.0005"), (0.4, "0.40")])
def test_limits_are_printed_as_given(limit, printed):
    assert shown_limit("worst_rhat" if limit > 1 else "oos_r2", limit) == printed


@pytest.mark.parametrize(
    ("value", "limit", "verdict", "sense"),
    [(0.5, 0.55, "fail", "≥"), (0.6, 0.55, "pass", "≥"), (0.8, 0.7, "review", "≤"), (None, 0.55, "unassessed", "≥")],
)
def test_the_sense_of_a_limit_follows_the_verdict(value, limit, verdict, sense):
    assert sense_of("r2", value, limit, verdict) == sense


def test_checks_know_their_figures():
    assert [figure_key(c.code) for c in runs.summary().checks[3:6]] == ["r2", "r2", "residual_outlier"]


def test_markdown_takes_any_name():
    assert code("a|b") == "`a|b`"
    assert table(["h"], [[code("a|b")]]).endswith("| `a\\|b` |")
    assert code("a `b`") == "`` a `b` ``"
    assert code("") == "` `"
    assert text("a\n| <b> *c*") == "a | \\<b> \\*c\\*"
    assert clause("It is so. ") == "It is so"


def test_a_band_needs_actual_values():
    table = runs.series("2024-01-01", 20, 1)
    found = band(table)
    assert found.n == 20
    assert 0 <= found.share <= 1
    assert band(table.iloc[:0]) is None
    miss = (table["actual"] - table["predicted"]).abs().idxmax()
    assert found.worst_date == f"{table['date'][miss]:%Y-%m-%d}"


# --- the words -------------------------------------------------------------------------------------------------------


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
        document = write(tmp_path / str(number), make, "ru")
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
