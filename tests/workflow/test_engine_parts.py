"""The engine's pure parts."""

from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_args
from workbench import REPO

from mmm_builder.errors import InputError
from mmm_builder.running import engine, layout
from mmm_builder.settings import Columns, Settings

CSV = Path("/data/Кл иент 1.csv")


def settings(arguments=None, further=None, columns=None):
    return engine.engine_settings(CSV, "given.csv", None, columns, arguments or {}, further or {})


def test_defaults_are_the_configuration_s():
    found = settings({"seed": None, "model_type": "simple"})
    assert (found.seed, found.model_type, found.results) == (Settings.model_fields["seed"].default, "simple", "")
    assert list(found.runs) == ["Кл_иент_1"]


def test_paths_in_the_settings_are_from_where_the_engine_was_called():
    given = {"model": {"events": "events.csv", "trend": "none"}, "max_iterations": 3}
    found = engine.with_absolute_paths(given, Path("/data"))
    assert found == {"model": {"events": "/data/events.csv", "trend": "none"}, "max_iterations": 3}
    listed = {"model": {"events": [{"name": "Sale", "dates": ["2024-01-08"]}]}}
    assert engine.with_absolute_paths(listed, Path("/data")) == listed


@pytest.mark.parametrize(("name", "run"), [("a.b.csv", "a.b"), ("...csv", "data"), ("x y/z.csv", "z")])
def test_run_names_may_be_folders(name, run):
    assert engine.run_name(Path(name)) == run


@pytest.mark.parametrize("columns", [{"channels": ["tv"]}, Columns(channels=("tv",))])
def test_columns_may_be_given_either_way(columns):
    assert settings(columns=columns).runs["Кл_иент_1"].columns == Columns(channels=("tv",))


@pytest.mark.parametrize(
    ("arguments", "further", "columns", "message"),
    [
        ({"model_type": "simpel"}, {}, None, r"'model_type': 'simpel' is not known \(did you mean 'simple'\?\)"),
        ({}, {"seed": 3}, None, "'seed' is an argument of its own"),
        ({}, {"results": "x"}, None, "'results' follows from"),
        ({}, {"tresholds": {}}, None, r"unknown key 'tresholds' \(did you mean 'thresholds'\?\)"),
        ({}, {}, {"traget": "y"}, r"unknown key 'runs.Кл_иент_1.columns.traget' \(did you mean 'target'\?\)"),
        ({"max_iterations": 101}, {}, None, "less than or equal to 100, got 101"),
    ],
)
def test_wrong_arguments_are_named(arguments, further, columns, message):
    with pytest.raises(InputError, match=message):
        settings(arguments, further, columns)


def test_run_config_reads_back_as_the_same_settings():
    found = settings({"max_iterations": 4}, {"thresholds": {"convergence": {"r2_min": 0.5}}}, {"controls": []})
    text = engine.settings_text(found, Path("/p/Snakefile"), Path("/out put"))
    assert Settings.parse(yaml.safe_load(text), "run_config.yaml") == found
    assert "--snakefile /p/Snakefile --directory . --configfile run_config.yaml" in text


def test_run_config_names_by_relative_paths_what_can_be_moved_with_it():
    given = settings(further={"lift_tests": "/data/lifts.csv", "model": {"events": "/elsewhere/events.csv"}})
    moved = engine.with_paths_from(given, Path("/data/results/a b"))
    assert moved.runs["Кл_иент_1"].csv == "../../Кл иент 1.csv"
    assert (moved.lift_tests, moved.model.events) == ("../../lifts.csv", "/elsewhere/events.csv")
    assert engine.with_paths_from(moved, Path("/data/results/a b")) == moved
    assert "../../code/Snakefile" in engine.settings_text(moved, Path("/data/code/Snakefile"), Path("/data/results/a"))


def test_a_path_from_a_link_is_from_where_the_link_leads(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er")
    assert engine.path_from(tmp_path / "a.csv", tmp_path / "link") == "../../a.csv"


@pytest.mark.parametrize("folder", [Path("/data/out"), Path("/out")])
def test_the_path_of_an_earlier_run_is_kept_for_the_same_file_only(folder):
    text = engine.settings_text(engine.with_paths_from(settings(), folder), Path("/p/Snakefile"), folder)
    assert engine.earlier_path_as_given(text, CSV, folder) == "given.csv"
    assert engine.earlier_path_as_given(text, Path("/data/other.csv"), folder) is None
    assert engine.earlier_path_as_given("no: [yaml", CSV, folder) is None


def test_conda_is_used_only_if_asked_for():
    def understood(conda):
        command = engine.snakemake_command("python", Path("/p/Snakefile"), Path("/out"), cores=2, conda=conda)
        _, given = parse_args(command[3:])
        return given.use_conda, given.targets

    assert understood(False) == (False, ["all"])
    assert understood(True) == (True, ["all"])


@pytest.mark.parametrize(
    ("output", "kind", "message"),
    [
        ("noise\nmmm-model-builder: error: no date column\nmore", InputError, "no date column"),
        ("mmm-model-builder: failure: /out: No space left\nError in rule train_cpu:", engine.EngineError, "No space"),
        (
            "h5py/_mmm-model-builder: failure: /out: No space left\nError in rule x:",
            engine.EngineError,
            "/out: No space",
        ),
        ("Error in rule train_cpu:\n  jobid: 3\nError in rule train_cpu:", engine.EngineError, "rule train_cpu failed"),
        ("MissingOutputException in rule report:\nx", engine.EngineError, "MissingOutputException in rule report; the"),
        (
            'Building DAG\nWorkflowError in file "/p/rules/common.smk", line 80:\nconda_env: there is none\n',
            engine.EngineError,
            "conda_env: there is none; the whole story is in log",
        ),
        (
            "CreateCondaEnvironmentException:\nCould not create conda environment from /p/envs/a.yaml:\nCommand:\nx",
            engine.EngineError,
            "Could not create conda environment from /p/envs/a.yaml; the whole story is in log",
        ),
        ("killed", engine.EngineError, "Snakemake failed; the whole story is in log"),
    ],
)
def test_failures_are_told_apart(output, kind, message):
    error = engine.failure(output, Path("log"))
    assert type(error) is kind
    assert message in str(error)


def test_layout_is_that_of_the_rules():
    spelled = (REPO / "rules" / "common.smk").read_text()
    paths = {name: path for name, path in vars(layout).items() if name.isupper() and name != "ARTIFACTS"}
    assert len(paths) > 5
    for name, path in paths.items():
        assert f'"{{run_dir}}{path}"' in spelled, name
