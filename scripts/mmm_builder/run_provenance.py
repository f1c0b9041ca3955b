"""`provenance.json`: what a run was made from, by what code, and the digest of every file that it made."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from .files import file_digest
from .settings import Settings
from .strict import Document, Strict

STAGES = (
    "data_analyzer", "profile_reporter", "config_generator", "model_trainer", "diagnostics_checker",
    "candidate_screener", "oos_validator", "mmm_builder/policy/deciding", "sealed_validator", "reporter",
    "contribution_reporter", "provenance_recorder",
)  # fmt: skip
"""Where the digests of code start: what the rules give as `params.code`."""

PATHS = ("csv", "events", "lift_tests")
"""Settings that are paths, which tell nothing of what is modelled: the files' digests do."""

WITHOUT_EFFECT = ("training_threads", "conda_env", "container")
"""Settings that no output depends on."""


class InputFile(Strict):
    """A file that a run reads: its path as given (of all but the data: its name alone if that was absolute)."""

    path: str
    sha256: str


class Origin(Strict):
    """What a run follows from beside its files.

    data : path of the data as given
    settings : the configuration as it is for this run, `sheet` and `columns` included
    code : digest of the code of every stage, by where its imports start
    """

    data: str
    settings: dict[str, Any]
    code: dict[str, str]


class Provenance(Document):
    """`provenance.json` of a results folder.

    data : the file that was modelled
    further_inputs : further files that the configuration names (events, lift tests)
    settings, code : as in `Origin`
    configs : SHA-256 of each `config_iter_N.yaml`, by its path in the folder
    outputs : the same of every other file that the workflow made and that the run's result follows from
    versions : of packages, where the selected model was trained
    started, ended : when the first and the last of the files were written (UTC)
    """

    data: InputFile
    further_inputs: tuple[InputFile, ...]
    settings: dict[str, Any]
    configs: dict[str, str]
    code: dict[str, str]
    outputs: dict[str, str]
    versions: dict[str, str]
    seed: int
    device: str
    started: str
    ended: str


def recorded_settings(settings: Settings) -> dict[str, Any]:
    """Return the configuration of one run (`settings_of_run`) as it is recorded, without the places of its files."""
    plain = settings.model_dump(mode="json", exclude={"runs", "results"})
    (run,) = settings.runs.values()
    plain |= {"sheet": run.sheet, "columns": run.columns.model_dump(mode="json")}
    plain["lift_tests"] = _portable(plain["lift_tests"])
    plain["model"]["events"] = _portable(plain["model"]["events"])
    return plain


def _portable(path: Any) -> Any:
    return PurePath(path).name if isinstance(path, str) and PurePath(path).is_absolute() else path


def digests(paths: Iterable[Path], folder: Path) -> dict[str, str]:
    """Return the SHA-256 of files by their path in the folder, with forward slashes."""
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}


def input_file(path: Path) -> InputFile:
    """Return a further input as it is recorded."""
    return InputFile(path=str(_portable(str(path))), sha256=file_digest(path))


def span(paths: Iterable[Path]) -> tuple[str, str]:
    """Return when the first and the last of some files were written, in UTC to the second."""
    times = [path.stat().st_mtime for path in paths]
    first, last = (datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds") for time in (min(times), max(times)))
    return first, last


def differing_setting(recorded: Mapping[str, Any], here: Mapping[str, Any], where: str = "") -> str | None:
    """Return the first setting that says another thing here than was recorded, as one sentence; None if none does."""
    for key in [*recorded, *(k for k in here if k not in recorded)]:
        name = f"{where}{key}"
        if key in PATHS or name in WITHOUT_EFFECT:
            continue
        old, new = recorded.get(key), here.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            if found := differing_setting(old, new, f"{name}."):
                return found
        elif old != new:
            return f"the setting {name} is {new!r} here and was {old!r}"
    return None
