import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import finished_runs as finished
import kf_rules
import pytest
import run_records as runs

import reporter
from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.reporting.diagrams import continuant, occurrent
from mmm_builder.reporting.figures import figure_key, sense_of, shown, shown_limit
from mmm_builder.reporting.history import iteration_records
from mmm_builder.reporting.markdown import clause, code, table, text
from mmm_builder.reporting.phrases import phrasebook
from mmm_builder.reporting.run_record import band

HERE = Path(__file__).parent
LIBRARY = HERE.parent.parent / "scripts" / "mmm_builder"
STAMP = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
SAY = phrasebook("en")


def write(folder, make, **profile) -> str:
    iterations, budget = make()
    keywords = finished.write_run(folder, runs.profile(**profile), iterations)
    reporter.report_files(max_iterations=budget, **keywords)
    return keywords["analysis"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> dict[str, Path]:
    folders = {}
    for name, make in finished.RUNS.items():
        folders[name] = tmp_path_factory.mktemp("run")
        write(folders[name], make, warnings=name != "one iteration")
    return folders


# --- the document ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", finished.RUNS)
def test_the_document_keeps_every_rule_of_its_format(documents, name):
    assert kf_rules.problems(documents[name]) == []


def test_mermaid_itself_parses_the_diagrams(documents):
    folder = os.environ.get("MERMAID_FOLDER", "")
    if shutil.which("node") is None or not (Path(folder or ".") / "node_modules" / "mermaid").is_dir():
        pytest.skip("needs node, and MERMAID_FOLDER set to a folder where `npm install mermaid jsdom` was run")
    texts = [d for run in documents.values() for d in kf_rules.diagrams((run / kf_rules.DOCUMENT).read_text("utf-8"))]
    command = ["node", str(HERE / "mermaid_parser.mjs"), str(Path(folder).resolve())]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("flowchart") == len(texts) == 2 * len(documents)


BREAKS = {
    "a figure that the log does not hold": (r"\| 0\.73 \|", "| 0.74 |", "at iteration 3"),
    "a wrong observation": (r"R-hat 1\.0203 \(", "R-hat 1.0213 (", "does not hold what is said"),
    "a wrong further figure": (r"`crps` \| 54\.32", "`crps` | 54.33", "crps"),
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
    assert "a pass is no evidence for the attribution" in document


def test_looks_at_the_holdout_are_counted_from_the_ledger(tmp_path):
    iterations, budget = finished.one_success()
    keywords = finished.write_run(tmp_path, runs.profile(), iterations, looks=4)
    reporter.report_files(max_iterations=budget, **keywords)
    document = keywords["analysis"].read_text("utf-8")
    assert "opened 4 times (Source: skill_report.json → holdout_looks" in document
    assert "opened more than once (§4.2 ¶4)" in document
    assert kf_rules.problems(tmp_path) == []


def test_a_lucky_pass_is_told_from_a_good_decision(tmp_path):
    missed = {"predicted_figure": "min_ess", "predicted_value": 9000.0}
    write(tmp_path, lambda: ([finished.iteration(1, r2=0.5, decided=missed), finished.iteration(2)], 10))
    document = (tmp_path / kf_rules.DOCUMENT).read_text("utf-8")
    assert "the hypothesis was refuted" in document
    assert "luck rather than insight" in document
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


# --- its parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 11, 12, 40, 100])
def test_diagrams_keep_their_size_whatever_the_number_of_iterations(n):
    iterations = [finished.iteration(i, r2=0.3) for i in range(1, n + 1)]
    summaries, validations, decisions = zip(*iterations, strict=True)
    specs = [runs.spec(i) for i in range(1, n + 1)]
    records = iteration_records(specs, summaries, validations, decisions)
    (diagram,) = kf_rules.diagrams(occurrent(records, "budget_exhausted", SAY))
    assert kf_rules.diagram_problems(diagram, "LR") == []
    assert f'"Iteration {n}"' in diagram
    assert '"Iteration 1"' in diagram


@pytest.mark.parametrize("types", [("search",), ("search", "tv"), tuple("abcdefg")])
@pytest.mark.parametrize("order", [0, 2])
def test_the_diagram_of_parts_keeps_its_size(types, order):
    kinds = ("search", "video_tv", "social", "display", "radio", "direct_mail", "other")
    channels = tuple((f"c{i}", kinds[i], 1 / len(types)) for i in range(len(types)))
    (diagram,) = kf_rules.diagrams(
        continuant("my data (1)", runs.profile(channels=channels), runs.spec(1, order=order), SAY)
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


COMPOSED = ("figure.", "type.", "unit.", "check.", "conf.", "s1.", "s3.end.", "s3.verdict.", "s4.why.", "s5.")
WORDS = {
    "daily", "weekly", "monthly", "quarterly", "annual", "pass", "fail", "review", "unassessed", "closed", "survived",
    "refuted", "untested", "full_success", "diagnostics_only", "budget_exhausted",
}  # fmt: skip
"""Phrases that are called by a key put together, or by the word itself."""


def test_every_phrase_is_used_and_every_phrase_used_is_there():
    sources = "".join(path.read_text("utf-8") for path in LIBRARY.rglob("*.py"))
    unused = {key for key in SAY.phrases if f'"{key}"' not in sources and not key.startswith(COMPOSED)}
    assert unused <= WORDS
    assert set(re.findall(r'\bsay\(\s*"([\w.]+\w)"', sources)) <= set(SAY.phrases)


def test_counting_words():
    assert SAY.count(1, "iteration") == "1 iteration"
    assert SAY.count(0, "iteration") == "0 iterations"
    assert SAY.enumerate(["a", "b", "c"]) == "a, b and c"
