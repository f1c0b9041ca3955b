"""What driving the workflow from Python needs, as pure functions: the run's configuration, Snakemake's command
line, and the one line in its output that says what went wrong. The subprocess itself is `iteration_engine.py`'s.
"""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError
from ..settings import Columns, Settings
from ..stage import ERROR_MARK, FAILURE_MARK
from ..verdicts import SkillReport

RERUN_TRIGGERS = ("mtime", "params", "input", "software-env")
"""As in `profiles/`: code is watched by the rules' digests, which see imported modules too."""

NO_FULL_SUCCESS = 3
"""Exit code of what finished, but not as one would wish."""

MAX_CHECKSUM_FILE_SIZE = "100MB"

RUN_CONFIG = "run_config.yaml"
LOG = "logs/snakemake.log"
LOCKS = ".snakemake/locks"

TELLS_PEOPLE = r"^(?:WorkflowError|CreateCondaEnvironmentException)\b.*:\n(\S.*)"
"""Snakemake's errors whose next line is meant for people."""

ARGUMENTS = ("model_type", "max_iterations", "seed", "device", "conda_env", "language")
"""Keys of the configuration that are arguments of their own; `runs` and `results` follow from the others."""


class EngineError(Exception):
    """The workflow ended without a report, for a reason that lies not in data or configuration."""


def run_name(csv: Path) -> str:
    """Return the file's name without ending, as far as it may name a run; `data` if nothing is left."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in csv.stem).strip(".")
    return name or "data"


def engine_settings(
    csv: Path,
    path_as_given: str,
    sheet: str | None,
    columns: Mapping[str, Any] | Columns | None,
    arguments: Mapping[str, Any],
    further: Mapping[str, Any],
) -> Settings:
    """Return the configuration of one run whose results stand in the working directory itself.

    csv : absolute path
    sheet : of an Excel file; None takes the first that holds a table
    arguments : of ARGUMENTS; None stands for the configuration's default
    further : other keys of `config/config.yaml` (thresholds, sampler, …)
    Raises InputError for unknown keys, keys given twice and values out of range.
    """
    for key in further:
        if key in ARGUMENTS:
            raise InputError(f"config: {key!r} is an argument of its own; give it there")
        if key in ("runs", "results"):
            raise InputError(f"config: {key!r} follows from the data file and the output folder; remove it")
    if isinstance(columns, Columns):
        columns = columns.model_dump(mode="json", exclude_none=True)
    run = {"csv": str(csv), "sheet": sheet, "path_as_given": path_as_given, "columns": dict(columns or {})}
    given = {key: value for key, value in arguments.items() if value is not None}
    return Settings.parse({**further, **given, "runs": {run_name(csv): run}, "results": ""}, "configuration")


def with_absolute_paths(further: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return further keys with the paths among them taken from `folder`: the workflow runs in another one."""
    found, model = dict(further), further.get("model")
    events = model.get("events") if isinstance(model, Mapping) else None
    if isinstance(events, str) and events:
        found["model"] = {**model, "events": str(folder / Path(events).expanduser())}
    if isinstance(tests := further.get("lift_tests"), str) and tests:
        found["lift_tests"] = str(folder / Path(tests).expanduser())
    return found


def path_from(path: Path, folder: Path) -> str:
    """Return a path from `folder` on, so that both can be moved together; as it is if they share nothing but the root.

    folder : need not exist; links in it are followed, since `..` leaves the folder that a link leads to
    """
    path, folder = path.absolute(), folder.resolve()
    return os.path.relpath(path, folder) if os.path.commonpath([path, folder]) != path.anchor else str(path)


def with_paths_from(settings: Settings, folder: Path) -> Settings:
    """Return the settings of one run with the absolute paths among them as paths from `folder`."""

    def moved(path: Any) -> Any:
        return path_from(Path(path), folder) if isinstance(path, str) and Path(path).is_absolute() else path

    ((name, run),) = settings.runs.items()
    changed: dict[str, Any] = {"runs": {name: run.model_copy(update={"csv": moved(run.csv)})}}
    changed["model"] = settings.model.model_copy(update={"events": moved(settings.model.events)})
    return settings.model_copy(update={**changed, "lift_tests": moved(settings.lift_tests)})


def settings_text(settings: Settings, snakefile: Path, folder: Path) -> str:
    """Return `run_config.yaml`: what differs from the defaults, and how to run it again by hand."""
    again = snakemake_command(
        "python", Path(path_from(snakefile, folder)), Path(), cores=4, conda=settings.conda_env is not None
    )
    header = "# Written by the engine, which makes it anew at every call. The same run by hand, in this folder:\n"
    return f"{header}#   {shlex.join(again)}\n{plain_text(settings)}"


def plain_text(settings: Settings) -> str:
    """Return a configuration as YAML: what differs from the defaults."""
    plain = settings.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def earlier_path_as_given(text: str, csv: Path, folder: Path) -> str | None:
    """Return the path under which an earlier run (its `run_config.yaml`, in `folder`) was given the same file.

    The path is part of the profile: another spelling of it must not train everything again.
    """
    try:
        runs = yaml.safe_load(text)["runs"].values()
        return next((run["path_as_given"] for run in runs if (folder / run["csv"]).resolve() == csv), None)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None


def snakemake_command(
    python: str,
    snakefile: Path,
    folder: Path,
    *,
    cores: int,
    conda: bool,
    config: Path | None = None,
    further: Sequence[str] = (),
) -> list[str]:
    """Return the command that runs the workflow in `folder` with a configuration, that which lies there by default."""
    config = folder / RUN_CONFIG if config is None else config
    command = [python, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder)]
    command += ["--configfile", str(config), "--replace-workflow-config", "--workflow-profile", "none"]
    command += ["--rerun-triggers", *RERUN_TRIGGERS, "--max-checksum-file-size", MAX_CHECKSUM_FILE_SIZE]
    command += ["--rerun-incomplete", "--cores", str(cores), "--resources", "gpu=1", "--nocolor"]
    if conda:
        command.append("--use-conda")  # unlike its longer name, it doesn't take the target for a value of its own
    return [*command, *further, "all"]


def failure(output: str, log: Path) -> Exception:
    """Return what Snakemake's output says went wrong: InputError for a stage's own clear line, else EngineError."""
    for line in output.splitlines():  # a library's last words may stand before the mark on its line
        if ERROR_MARK in line:
            return InputError(line.partition(ERROR_MARK)[2])
        if FAILURE_MARK in line:
            return EngineError(line.partition(FAILURE_MARK)[2])
    rules = dict.fromkeys(re.findall(r"^Error in (?:rule|checkpoint) (\w+)", output, flags=re.MULTILINE))
    told = re.search(TELLS_PEOPLE, output, flags=re.MULTILINE)
    said = re.search(r"^\w+(?:Error|Exception)\b.*", output, flags=re.MULTILINE)
    if rules:
        what = f"the rule {', '.join(rules)} failed"
    else:
        what = (told[1] if told else said[0] if said else "Snakemake failed").rstrip(":")
    return EngineError(f"{what}; the whole story is in {log}")


def exit_code(report: SkillReport | Mapping[str, Any]) -> int:
    """Return the exit code of a finished run: 0 for full success, else 3."""
    status = report.status if isinstance(report, SkillReport) else report["status"]
    return 0 if status == "full_success" else NO_FULL_SUCCESS
