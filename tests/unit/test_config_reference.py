"""`config/README.md` is what the records that validate the configuration say, and says something of every key."""

import re
from pathlib import Path

import config_reference
from mmm_builder.modelling.priors import presets
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.settings import Settings
from mmm_builder.spec import ModelSpec
from mmm_builder.verdicts import ConvergenceThresholds, OosThresholds

ROOT = Path(__file__).resolve().parents[2]
TEXT = config_reference.config_reference()
ROWS = [re.split(r"(?<!\\)\|", line)[1:-1] for line in TEXT.splitlines() if line.startswith("| `")]


def test_the_document_is_up_to_date():
    written = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert written == TEXT, "config/README.md differs from the records; run `make docs`"


def test_every_cell_says_something():
    assert ROWS
    assert not [row for row in ROWS if not all(cell.strip() for cell in row)]


def test_every_key_of_both_files_has_a_row():
    keys = {row[0].strip(" `") for row in ROWS}
    for record in (Settings, ModelSpec, ConvergenceThresholds, OosThresholds):
        assert set(record.model_fields) <= keys


def test_nested_records_have_sections_of_their_own():
    titles = set(re.findall(r"^### `(.+)`$", TEXT, flags=re.MULTILINE))
    nested = {"runs.{name}.columns", "thresholds.out_of_sample", "channels[].adstock", "pulses[]", "level_shifts[]"}
    assert nested <= titles


def test_limits_and_defaults_are_those_of_the_records():
    assert "| `max_iterations` | integer, ≥ 1, ≤ 100 | `10` |" in TEXT
    assert "| `max_iterations` | integer, ≥ 1, ≤ 100 | none | in place of the workflow's |" in TEXT
    assert "| `oos_mape_max` | number, > 0 | `20` |" in TEXT
    assert "| `r2_above` | `review` or `fail` | `review` |" in TEXT
    assert "| `intercept` | prior (`Normal`) | needed |" in TEXT


def test_every_name_that_a_key_may_hold_is_listed():
    for name in (*RECIPES, *presets(), *(remedy.name for remedy in REMEDIES)):
        assert f"- `{name}`" in TEXT


def test_the_stage_writes_the_document(tmp_path):
    config_reference.write_config_reference(output=tmp_path / "reference.md")
    assert (tmp_path / "reference.md").read_text(encoding="utf-8") == TEXT
