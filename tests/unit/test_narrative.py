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
from mmm_builder.candidates import Candidates
from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.files import write_text
from mmm_builder.reporting.phrases import FILES
from mmm_builder.verdicts import FoldEvidence

HERE = Path(__file__).parent
STAMP = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module", params=FILES)
def told(request, tmp_path_factory) -> tuple[str, dict[str, Path]]:
    """Return a language and the folders of all runs, told in it."""
    folders = {}
    for name, make in finished.RUNS.items():
        folders[name] = tmp_path_factory.mktemp("run")
        finished.write(folders[name], make, request.param, warnings=name != "one iteration")
    return request.param, folders


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> dict[str, Path]:
    """Return the folders of all runs, told in English."""
    folders = {}
    for name, make in finished.RUNS.items():
        folders[name] = tmp_path_factory.mktemp("run")
        finished.write(folders[name], make, warnings=name != "one iteration")
    return folders


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
    first = finished.write(tmp_path / "a", finished.three_with_success)
    assert finished.write(tmp_path / "b", finished.three_with_success) == first


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
    finished.write(
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
    finished.write(tmp_path, lambda: ([finished.iteration(1, adds=adds)], 10))
    document = (tmp_path / kf_rules.DOCUMENT).read_text("utf-8")
    thesis = document.split("\n\n")[1]
    assert "full_success" in thesis
    assert ("**media add nothing to the forecast**" in thesis) == (told_as == "no")
    assert ("**it is unclear whether media add to the forecast**" in thesis) == (told_as == "unclear")
    assert "the pass is no evidence for the attribution" in document
    assert kf_rules.problems(tmp_path) == []


def test_too_few_forecasts_leave_the_verdict_on_media_unclear(tmp_path):
    adds = runs.media_adds(None, verdict="unclear")
    finished.write(tmp_path, lambda: ([finished.iteration(1, adds=adds)], 10))
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
    finished.write(tmp_path, lambda: ([finished.iteration(1, r2=0.5, decided=missed), finished.iteration(2)], 10))
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
