"""The adapter between stages and their callers: conversion, the one error line, exit codes, no half-written file."""

import errno
import importlib
import inspect
import types
from pathlib import Path
from typing import Annotated

import pytest

from mmm_builder.errors import InputError
from mmm_builder.files import write_text
from mmm_builder.stage import ERROR_MARK, FAILURE_MARK, hand_over
from mmm_builder.verdicts import OosThresholds

STAGES = {
    "data_analyzer": "analyze_file", "config_generator": "generate_config", "model_trainer": "train_files",
    "diagnostics_checker": "diagnose_files", "oos_validator": "validate_files", "reporter": "report_files",
    "contribution_reporter": "contribution_files", "profile_reporter": "page_files",
}  # fmt: skip


class Calls(list):
    """Records what a stage was called with."""

    def stage(
        self,
        data: Annotated[Path, "the data"],
        *,
        output: Annotated[Path, "file to write"],
        share: Annotated[float, "100 % of it"] = 0.2,
        seed: Annotated[int | None, "of all randomness"] = None,
        name: Annotated[str | None, "what to call it"] = None,
        names: Annotated[tuple[str, ...] | None, "columns"] = None,
        parts: Annotated[tuple[Path, ...], "files"] = (),
        limits: Annotated[OosThresholds, "limits"] = OosThresholds(),
    ) -> None:
        """Do something."""
        given = {"data": data, "output": output, "share": share, "seed": seed, "name": name, "names": names}
        self.append(given | {"parts": parts, "limits": limits})


def on_command_line(*argv: str) -> dict:
    calls = Calls()
    hand_over(calls.stage, argv=argv)
    return calls[0]


class Named(dict):
    """A named list as Snakemake gives it to scripts, as far as stages see it."""


def snakemake(log: list[str] = (), threads: int = 1, input: dict = {}, output: dict = {}, params: dict = {}):  # noqa: B006
    return types.SimpleNamespace(
        input=Named(input), output=Named(output), params=Named(params), threads=threads, log=list(log)
    )


class TestCommandLine:
    def test_values_have_the_annotated_types(self):
        given = on_command_line(
            "a.csv", "--output", "o.json", "--share", "0.3", "--seed", "7", "--names", 'tv, "radio, local"',
            "--parts", "x", "y", "--limits", '{"oos_r2_min": 0.1}',
        )  # fmt: skip
        assert given["data"] == Path("a.csv")
        assert (given["share"], given["seed"], given["name"]) == (0.3, 7, None)
        assert given["names"] == ("tv", "radio, local")
        assert given["parts"] == (Path("x"), Path("y"))
        assert given["limits"] == OosThresholds(oos_r2_min=0.1)

    def test_what_is_not_given_keeps_its_default(self):
        given = on_command_line("a.csv", "--output", "o.json")
        assert (given["share"], given["parts"], given["limits"]) == (0.2, (), OosThresholds())

    @pytest.mark.parametrize(("option", "value", "message"), [
        ("--share", "much", "--share: 'much' is not a number"),
        ("--seed", "1.5", "--seed: '1.5' is not a number"),
        ("--limits", "{", "--limits: '{' is not JSON"),
        ("--limits", '{"oos_r2_mn": 1}', "--limits: unknown key 'oos_r2_mn' (did you mean 'oos_r2_min'?)"),
        ("--limits", '{"test_size": 0.9}', "--limits: 'test_size': input should be less than or equal to 0.5, got 0.9"),
    ])  # fmt: skip
    def test_wrong_values_end_in_one_line(self, option, value, message, capsys):
        with pytest.raises(SystemExit) as ended:
            on_command_line("a.csv", "--output", "o.json", option, value)
        error = capsys.readouterr().err
        assert ended.value.code == 2
        assert error.startswith(ERROR_MARK + message)
        assert error.count("\n") == 1

    def test_missing_option_is_named(self, capsys):
        with pytest.raises(SystemExit) as ended:
            on_command_line("a.csv")
        assert ended.value.code == 2
        assert "--output" in capsys.readouterr().err

    @pytest.mark.parametrize("stage", STAGES)
    def test_help_of_every_stage(self, stage, capsys):
        function = getattr(importlib.import_module(stage), STAGES[stage])
        with pytest.raises(SystemExit) as ended:
            hand_over(function, argv=["--help"])
        text = capsys.readouterr().out
        assert ended.value.code == 0
        assert function.__doc__.splitlines()[0] in " ".join(text.split())

    def test_help_may_hold_a_per_cent_sign(self, capsys):
        with pytest.raises(SystemExit):
            on_command_line("--help")
        assert "100 % of it (default: 0.2)" in " ".join(capsys.readouterr().out.split())


class TestSnakemake:
    def test_keywords_are_the_rules_names(self):
        calls = Calls()
        rule = snakemake(
            input={"data": "a.csv", "parts": ["x", "y"]}, output={"output": "o.json"},
            params={"share": 0.4, "seed": 3, "names": ["tv"], "limits": {"oos_r2_min": 0.0}, "code": "ignored"},
        )  # fmt: skip
        hand_over(calls.stage, rule)
        given = calls[0]
        assert (given["data"], given["parts"], given["output"]) == (
            Path("a.csv"),
            (Path("x"), Path("y")),
            Path("o.json"),
        )
        assert (given["share"], given["seed"], given["names"]) == (0.4, 3, ("tv",))
        assert given["limits"] == OosThresholds(oos_r2_min=0.0)

    def test_none_stays_none_and_one_file_is_a_list_of_one(self):
        calls = Calls()
        hand_over(
            calls.stage, snakemake(input={"data": "a", "parts": "x"}, output={"output": "o"}, params={"seed": None})
        )
        assert (calls[0]["seed"], calls[0]["parts"]) == (None, (Path("x"),))

    def test_threads_are_handed_over_where_asked_for(self):
        seen = []

        def stage(*, threads: Annotated[int, "cores"] = 1) -> None:
            seen.append(threads)

        hand_over(stage, snakemake(threads=3))
        assert seen == [3]

    def test_log_file_holds_what_happened(self, tmp_path):
        def stage() -> None:
            raise ValueError("a bug")

        log = tmp_path / "logs" / "stage.log"
        with pytest.raises(ValueError, match="a bug"):
            hand_over(stage, snakemake(log=[str(log)]))
        assert "Traceback" in log.read_text()
        assert "a bug" in log.read_text()


class TestErrors:
    def ended(self, error: Exception, capsys, **rule) -> tuple[int, str]:
        def stage() -> None:
            raise error

        with pytest.raises(SystemExit) as ended:
            hand_over(stage, snakemake(**rule))
        return ended.value.code, capsys.readouterr().err

    def test_bad_input_is_one_line_and_exit_2(self, capsys, tmp_path):
        log = tmp_path / "stage.log"
        code, text = self.ended(InputError("a.csv: line 3:\n  no number"), capsys, log=[str(log)])
        assert (code, text) == (2, f"{ERROR_MARK}a.csv: line 3: no number\n")
        assert "no number" in log.read_text()

    def test_a_full_disk_is_one_line_and_exit_1(self, capsys):
        code, text = self.ended(OSError(errno.ENOSPC, "No space left on device", "out/trace.nc"), capsys)
        assert (code, text) == (1, f"{FAILURE_MARK}out/trace.nc: No space left on device\n")

    def test_an_error_without_a_file_still_says_something(self, capsys):
        code, text = self.ended(OSError("HDF error"), capsys)
        assert (code, text) == (1, f"{FAILURE_MARK}a file: HDF error\n")

    def test_bugs_are_not_hidden(self):
        def stage() -> None:
            raise KeyError("x")

        with pytest.raises(KeyError):
            hand_over(stage, snakemake())


def test_a_failing_stage_leaves_no_half_written_file(tmp_path, capsys):
    def stage(*, output: Annotated[Path, "file"]) -> None:
        write_text(output, "half \ud800")  # no UTF-8

    with pytest.raises(UnicodeEncodeError):
        hand_over(stage, argv=["--output", str(tmp_path / "a.json")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", STAGES)
def test_missing_input_files_are_one_line(stage, tmp_path, capsys):
    """Every path of a stage leads nowhere: the first one that is read is named."""
    function = getattr(importlib.import_module(stage), STAGES[stage])
    argv = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind = parameter.annotation.__args__[0] if hasattr(parameter.annotation, "__args__") else parameter.annotation
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            argv.append(str(tmp_path / name))
        elif parameter.default is parameter.empty:
            argv += [f"--{name.replace('_', '-')}", "1" if kind is int else str(tmp_path / name)]
    if stage == "config_generator":
        argv += ["--profile", str(tmp_path / "profile")]
    with pytest.raises(SystemExit) as ended:
        hand_over(function, argv=argv)
    error = capsys.readouterr().err
    assert ended.value.code == 2, error
    assert error.startswith(ERROR_MARK)
    assert "does not exist" in error or "no such file" in error.lower()
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
