"""The command line that people type."""

import json
import re

import pytest

SCRIPT = "orchestrator.py"


def test_run_then_status_show_the_same(desk):
    done = desk.type(SCRIPT, "run", desk.csv, "--max-iterations", "1")
    assert done.returncode == 3, done.stderr
    standing = desk.type(SCRIPT, "status", "results/sales")
    assert standing.returncode == 0
    assert standing.stdout == done.stdout
    for said in ("diagnostics_only: iteration 1 of 1 (budget 1)", "R-hat 1.003 (≤ 1.020)", "MAPE 9.5 % (≤ 20.0 %)"):
        assert said in standing.stdout
    assert standing.stdout.endswith("results/sales/ITERATION_ANALYSIS.md\n")


def test_profile_writes_and_shows_and_does_nothing_more(desk):
    done = desk.type(SCRIPT, "profile", desk.csv, "--channels", "tv_spend", "--controls", "")
    assert done.returncode == 0, done.stderr
    assert re.search(r"target +revenue", done.stdout)
    assert [c["column"] for c in json.loads((desk.folder / "data_profile.json").read_text())["channels"]] == [
        "tv_spend"
    ]
    assert "<title>Data profile: sales.csv</title>" in (desk.folder / "data_profile.html").read_text(encoding="utf-8")
    assert not (desk.folder / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["profile", "nowhere.csv"], "nowhere.csv"),
        (["status", "nowhere"], "nowhere: there is no run here"),
        (["run", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_does_not_exist_is_named(arguments, message, desk):
    done = desk.type(SCRIPT, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_shows_examples_and_exit_codes(desk):
    told = desk.type(SCRIPT, "--help").stdout
    assert "orchestrator.py run sales.csv" in told
    assert "exit codes: 0 full success" in told
    for command in ("run", "profile", "status"):
        assert desk.type(SCRIPT, command, "--help").returncode == 0


def test_status_ignores_what_an_earlier_longer_run_left(desk):
    desk.type(SCRIPT, "run", desk.csv, "--output", "out", "--max-iterations", "2")
    further = desk.folder / "further.yaml"
    further.write_text("policy: {disabled_remedies: [raise_target_accept]}")
    done = desk.type(SCRIPT, "run", desk.csv, "--output", "out", "--max-iterations", "2", "--config", further)
    assert done.returncode == 0, done.stderr
    assert "iteration 1 of 1 (budget 2)" in desk.type(SCRIPT, "status", "out").stdout
