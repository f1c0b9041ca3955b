"""A finished run with its configuration and its provenance, and whether its files are still those."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..config_files import read_yaml
from ..errors import InputError
from ..files import file_digest
from ..provenance import code_digest
from ..run_provenance import Provenance, differing_setting, recorded_settings
from ..running import layout
from ..running.engine import RUN_CONFIG
from ..settings import Settings, settings_of_run


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A results folder with what is said of it.

    workdir : where Snakemake runs for it, from which the paths in its settings are
    config : file that the settings are from
    settings : with this run alone, its own values not yet in the workflow's places
    by_engine : whether the folder has a configuration of its own, written by the engine
    """

    folder: Path
    workdir: Path
    config: Path
    settings: Settings
    by_engine: bool
    record: Provenance

    @property
    def of_run(self) -> Settings:
        """The configuration as it is for this run."""
        return settings_of_run(self.settings, next(iter(self.settings.runs)))

    @property
    def to_repeat(self) -> Settings:
        """The same, for a folder of its own: with absolute paths, and the results in the folder itself."""
        here = self.of_run
        ((name, run),) = here.runs.items()
        run = run.model_copy(update={"csv": str(self.data.absolute()), "path_as_given": self.record.data.path})
        placed = {path: str((self.workdir / path).absolute()) for path in (here.model.events, here.lift_tests)
                  if isinstance(path, str)}  # fmt: skip
        model = here.model
        if isinstance(model.events, str):
            model = model.model_copy(update={"events": placed[model.events]})
        changed = {"runs": {name: run}, "results": "", "model": model, "lift_tests": placed.get(here.lift_tests)}
        return here.model_copy(update=changed)

    @property
    def data(self) -> Path:
        """The file that the configuration names as the data."""
        return self.workdir / next(iter(self.settings.runs.values())).csv

    @property
    def further_inputs(self) -> tuple[Path, ...]:
        """The further files that the configuration names."""
        named = (self.of_run.model.events, self.of_run.lift_tests)
        return tuple(self.workdir / path for path in named if isinstance(path, str))


def find_run(folder: Path, workdir: Path, config: Path, data: Path | None = None) -> RecordedRun:
    """Return the run whose results stand in `folder`.

    workdir, config : where `snakemake` is run and its configuration, for folders that have none of their own
    data : where the data lie now, for folders that have
    Raises InputError if there is no provenance in the folder, or no configuration for it.
    """
    if not (folder / layout.PROVENANCE).is_file():
        raise InputError(f"{folder}: there is no {layout.PROVENANCE} here; a run writes it when it has finished")
    record = Provenance.read(folder / layout.PROVENANCE)
    own = folder / RUN_CONFIG
    if own.is_file():
        settings = _with_data(Settings.parse(read_yaml(own), str(own)), folder, record, data)
        return RecordedRun(
            folder=folder, workdir=folder, config=own, settings=settings, by_engine=True, record=record
        )  # fmt: skip
    if data is not None:
        raise InputError(f"--data: {folder} has no {RUN_CONFIG} of its own; name the data in {config}")
    settings = Settings.parse(read_yaml(config), str(config))
    for name, run in settings.runs.items():
        place = workdir / settings.results / name if settings.results else workdir
        if place.resolve() == folder.resolve():
            alone = settings.model_copy(update={"runs": {name: run}})
            return RecordedRun(
                folder=folder, workdir=workdir, config=config, settings=alone, by_engine=False, record=record
            )  # fmt: skip
    raise InputError(
        f"{folder}: there is no {RUN_CONFIG} here, and no run of {config} has its results in this folder; "
        "give the configuration with --configfile"
    )


def _with_data(settings: Settings, folder: Path, record: Provenance, data: Path | None) -> Settings:
    """Return settings with the place of the data here: as told, or as given at first if they aren't where they were."""
    ((name, run),) = settings.runs.items()
    if data is None and not (folder / run.csv).is_file() and Path(record.data.path).is_file():
        data = Path(record.data.path)
    if data is None:
        return settings
    return settings.model_copy(update={"runs": {name: run.model_copy(update={"csv": str(data.absolute())})}})


def first_difference(run: RecordedRun, *, code: bool = True) -> str | None:
    """Return the first thing that isn't as recorded, as one sentence: data, settings, code, files. None if all is.

    code : whether the code must be what made the results
    """
    return next(_differences(run, code), None)


def _differences(run: RecordedRun, code: bool) -> Iterator[str]:
    record = run.record
    yield from _differing(run.data, record.data.sha256)
    if len(run.further_inputs) != len(record.further_inputs):
        yield f"{run.config}: names other further files than were recorded"
    for path, recorded in zip(run.further_inputs, record.further_inputs, strict=False):
        yield from _differing(path, recorded.sha256)
    if setting := differing_setting(record.settings, recorded_settings(run.of_run)):
        yield f"{run.config}: {setting}"
    if code:
        for stage in changed_stages(record):
            yield f"{stage}, or what it imports, is not the code that made these results"
    for name, sha256 in {**record.configs, **record.outputs}.items():
        yield from _differing(run.folder / name, sha256)


def changed_stages(record: Provenance) -> Iterator[str]:
    """Yield the stages whose code here isn't what made the results."""
    for stage, digest in record.code.items():
        if code_digest(stage) != digest:
            yield f"scripts/{stage}.py"


def _differing(path: Path, sha256: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path}: is missing"
    elif file_digest(path) != sha256:
        yield f"{path}: is not the file that was recorded (its SHA-256 differs)"
