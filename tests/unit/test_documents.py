"""What the documents say exists, does; what they say of limits, priors and remedies is what the code says."""

import argparse
import re
import shlex
from pathlib import Path

import pytest
import yaml

import orchestrator
from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging import attribution, bootstrap, checks, media, residuals
from mmm_builder.modelling import first_spec, transforms
from mmm_builder.modelling.priors import mean, preset
from mmm_builder.policy import ledger
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.verdicts import ConvergenceThresholds, OosThresholds, Status

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("README.md", "SKILL.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md", "data/README.md")
DOCUMENTS = [*(ROOT / name for name in NAMES), *sorted((ROOT / "docs").glob("*.md"))]
TRIGGERS = (
    "построй MMM модель для [клиент/путь]",
    "build MMM model",
    "запусти mmm-model-builder",
    "создай marketing mix model",
    "train MMM on [data]",
    "run MMM with adstock and saturation",
)
OUTPUTS = (
    "data_profile.json",
    "data_profile.html",
    "data_series.json",
    "config_iter_N.yaml",
    "iteration_log.json",
    "thinking_history.json",
    "ITERATION_ANALYSIS.md",
    "skill_report.json",
    "artifacts_iter_N/diagnostics/",
    "predicted_vs_actual_series.csv",
    "diagnostics_summary.txt",
    "artifacts_iter_N/oos_validation.json",
    "artifacts_iter_N/oos_predictions.csv",
    "artifacts_iter_N/metrics/summary.json",
    "artifacts_iter_N/metrics/folds.json",
    "artifacts_iter_N/candidates.json",
    "artifacts_iter_N/thinking_log.json",
    "artifacts_iter_N/trace.nc",
    "contributions.csv",
    "holdout_looks.jsonl",
    "provenance.json",
    "dataset.csv",
    "holdout_kpi.csv",
)
FILE = re.compile(r"(?<![\w/.])(?:[\w-]+/)*[\w-]+\.(?:py|smk|in|txt|yaml)(?![\w/])")
MADE_BY_RUNS = {"run_config.yaml", "diagnostics_summary.txt"}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def commands(path: Path) -> list[list[str]]:
    """Return the commands of a document's shell blocks and of its code in the line, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", text(path), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text(path), flags=re.DOTALL))
    return [shlex.split(line, comments=True) for line in lines if line.count("'") % 2 == 0 and line.count('"') % 2 == 0]


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request) -> Path:
    return request.param


# --- SKILL.md --------------------------------------------------------------------------------------------------------


def test_front_matter_names_the_skill_and_says_when_to_use_it():
    _, head, body = text(ROOT / "SKILL.md").split("---\n", 2)
    front = yaml.safe_load(head)
    assert front["name"] == "mmm-model-builder"
    assert 0 < len(front["description"]) <= 1024
    assert "Use it when" in front["description"]
    for phrase in TRIGGERS:
        assert phrase in front["description"]
        assert phrase in body


def test_skill_says_what_to_do_on_every_exit_code():
    rows = re.findall(r"^\| (\d) \|", text(ROOT / "SKILL.md"), flags=re.MULTILINE)
    assert rows == ["0", "3", "2", "1"]


# --- what is named, exists -------------------------------------------------------------------------------------------


def test_make_targets_that_are_named_exist(document):
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), flags=re.MULTILINE))
    named = {words[1] for words in commands(document) if words[:1] == ["make"] and len(words) > 1}
    assert named <= targets


def test_files_that_are_named_exist(document):
    known = {path.name for folder in ("scripts", "benchmarks") for path in (ROOT / folder).rglob("*.*")}
    for name in set(FILE.findall(re.sub(r"https?://\S+", "", text(document)))):
        if name in MADE_BY_RUNS or re.search(r"config_iter_\w+\.yaml$", name) or name.startswith("my_"):
            continue
        places = (ROOT / name, document.parent / name, ROOT / "scripts" / "mmm_builder" / name)
        assert any(place.exists() for place in places) or name in known, f"{name} is named, but isn't there"


def test_relative_links_resolve(document):
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text(document)):
        assert link.startswith("https://") or (document.parent / link).exists(), f"{link} leads nowhere"


def test_options_of_the_orchestrator_that_are_named_exist(document):
    subcommands = next(
        a for a in orchestrator.build_parser()._actions if isinstance(a, argparse._SubParsersAction)
    ).choices
    for words in commands(document):
        names = [word for word in words if word.endswith("orchestrator.py")]
        if not names or words[-1] == names[0]:
            continue
        subcommand, *rest = words[words.index(names[0]) + 1 :]
        known = set(subcommands[subcommand]._option_string_actions)
        assert {word for word in rest if word.startswith("--")} <= known


# --- what is said, is so ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUTPUTS)
def test_readme_explains_every_output(name):
    assert name in text(ROOT / "README.md")


def test_readme_knows_every_status():
    for status in Status.__args__:
        assert f"| `{status}` |" in text(ROOT / "README.md")


@pytest.mark.parametrize("name", ["README.md", "SKILL.md", "docs/validation.md"])
def test_limits_are_the_defaults(name):
    c, o = ConvergenceThresholds(), OosThresholds()
    limits = (f"≤ {c.rhat_max:g}", f"≥ {c.ess_min:g}", f"≥ {c.r2_min:g}", f"{c.r2_max:.2f}")
    limits += (f"≥ {o.oos_r2_min:.2f}", f"≤ {o.oos_mape_max:g}", f"≤ {o.overfitting_max:g}")
    for limit in limits:
        assert limit in text(ROOT / name)


def test_numbers_of_the_method_are_the_constants():
    method = " ".join(text(ROOT / "docs" / "method.md").split())
    assert f"at {transforms.KNOTS} values of α" in method
    assert f"K = {first_spec.FIRST_SEASON_ORDER} at first" in method


REVIEWED = {
    "residual_outlier": f"{checks.OUTLIER_LIMIT:g}",
    "residual_autocorrelation": f"{checks.AUTOCORRELATION_LIMIT:g}",
    "residual_season_autocorrelation": f"{checks.AUTOCORRELATION_LIMIT:g}",
    "residual_spread": f"{checks.SPREAD_LIMIT:g}",
    "trend_break": f"{residuals.BREAK_LIMIT:g}",
    "prior_contraction": f"below {checks.CONTRACTION_LIMIT:g}",
    "prior_predictive": f"below {checks.SANE_LIMIT:g}",
    "negative_baseline": f"{attribution.BASELINE_LIMIT:g}",
    "collinearity": f"{attribution.VIF_LIMIT:g}",
    "contribution_share": f"{attribution.SHARE_LIMIT:g}, or 1/{attribution.SHARE_LIMIT:g}",
}


@pytest.mark.parametrize("code", REVIEWED)
def test_limits_of_the_checks_for_review_are_the_constants(code):
    row = re.search(rf"^\| `{code}` \| .+ \| (.+) \|$", text(ROOT / "docs" / "validation.md"), flags=re.MULTILINE)
    assert row[1] == REVIEWED[code]


def test_numbers_of_the_validation_are_the_constants():
    said, settings = " ".join(text(ROOT / "docs" / "validation.md").split()), EvidenceSettings()
    assert f"With δ = {settings.media_gain_min:.0%}".replace("%", " %") in said
    assert f"lower end of the {media.LEVEL:.0%} interval".replace("%", " %") in said
    assert f"{bootstrap.RESAMPLES:,} resamples" in said
    assert f"opened is only {settings.doubtful_r2:.2f}" in said
    assert ledger.HALF == 0.5
    assert "at least half of the predicted move" in said


def test_priors_of_the_method_are_the_presets():
    rows = re.findall(
        r"^\| (\w+) \| Beta\((\d), (\d)\) \| ([\d.]+) \|", text(ROOT / "docs" / "method.md"), re.MULTILINE
    )
    assert len(rows) == 4
    for channel_type, alpha, beta, average in rows:
        prior = preset("default").adstock_alpha[channel_type]
        assert (prior.alpha, prior.beta, f"{mean(prior):.2f}") == (float(alpha), float(beta), average)


def test_policy_of_the_validation_is_the_table_of_remedies():
    rows = [
        f"| `{r.name}` | {r.hypothesis} | {r.expects} | {', '.join(f'`{code}`' for code in r.answers)} |"
        for r in REMEDIES
    ]
    document = text(ROOT / "docs" / "validation.md")
    assert "\n".join(rows) in document, "docs/validation.md should hold:\n" + "\n".join(rows)


def test_the_readme_stays_readable():
    assert len(text(ROOT / "README.md").splitlines()) <= 230
    assert len(text(ROOT / "SKILL.md").splitlines()) <= 150


def test_nothing_is_promised_that_this_program_cannot_keep(document):
    promises = (
        r"\b(guarantee[sd]?|always correct|proves that media|never fails|100 % accura\w+|state[- ]of[- ]the[- ]art)\b"
    )
    assert not re.search(promises, text(document), flags=re.IGNORECASE)


def test_citation_and_project_tell_the_same_version():
    project = re.search(r'^version = "(.+)"', text(ROOT / "pyproject.toml"), flags=re.MULTILINE)[1]
    assert yaml.safe_load(text(ROOT / "CITATION.cff"))["version"] == project
    assert f"## [{project}]" in text(ROOT / "CHANGELOG.md")
