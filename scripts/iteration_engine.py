"""The loop from outside and from inside.

From outside: `run_iteration_engine(csv, output)`, and `python scripts/iteration_engine.py data.csv output 10 v3`,
run the workflow on one file. From inside: `decide_files` is the script of the checkpoint that decides after every
iteration. The loop itself is the workflow's and exists nowhere else.
"""

import argparse
import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmm_builder.candidates import Candidates
from mmm_builder.config_files import read_spec
from mmm_builder.errors import InputError
from mmm_builder.event_files import with_listed_events
from mmm_builder.files import write_text
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.modelling.overrides import as_given
from mmm_builder.policy.deciding import decide
from mmm_builder.profiling.profile import profile_and_seal
from mmm_builder.running import engine
from mmm_builder.running.command_line import MODEL_TYPES, add_run_options, ended_clearly, run_keywords
from mmm_builder.running.device import chosen_device
from mmm_builder.running.layout import SKILL_REPORT
from mmm_builder.running.preconditions import check_folder, check_tools, environment_folder
from mmm_builder.running.progress import ProgressPrinter, WatchedRun
from mmm_builder.running.run_status import read_run, summary_text
from mmm_builder.settings import Columns, Settings
from mmm_builder.spec import Sampler
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import FoldEvidence, OosValidation, TrainingSummary

SNAKEFILE = Path(__file__).resolve().parent.parent / "Snakefile"
GRACE_SECONDS = 15.0

# --- from inside: the checkpoint's script ----------------------------------------------------------------------------


def decide_files(
    *,
    config: Path,
    summary: Path,
    folds: Path,
    candidates: Path,
    validation: Path,
    decision: Path,
    summaries: tuple[Path, ...] = (),
) -> None:
    """Decide what follows an iteration: stop, or revise the configuration as was chosen before the holdout was opened.

    config : of this iteration, which the decision is about
    summaries : of the iterations before this one
    decision : the reasoning and its conclusion to write (thinking_log.json)
    """
    chosen, number = Candidates.read(candidates), read_spec(config).iteration
    if chosen.iteration != number:
        raise InputError(f"{candidates}: is of iteration {chosen.iteration}, not of {number}; screen it again")
    verdict = decide(
        TrainingSummary.read(summary),
        FoldEvidence.read(folds),
        chosen,
        OosValidation.read(validation),
        diagnostics_passed_before=any(TrainingSummary.read(s).passed for s in summaries),
    )
    write_text(decision, verdict.to_json())
    logging.info("%s: %s", verdict.action, verdict.remedy or verdict.stop_reason)


# --- from outside: the workflow on one file --------------------------------------------------------------------------


def run_iteration_engine(
    csv_path: str | Path,
    output_dir: str | Path,
    max_iterations: int = 10,
    conda_env: str | None = None,
    model_type: str = "v3",
    *,
    seed: int | None = None,
    device: str = "cpu",
    language: str = "en",
    sheet: str | None = None,
    columns: Mapping[str, Any] | Columns | None = None,
    cores: int | None = None,
    config: Mapping[str, Any] | None = None,
    quiet: bool = False,
    unlock: bool = False,
) -> dict[str, Any]:
    """Run the workflow on one CSV file and return its `skill_report.json`.

    csv_path : the client's data (CSV, Excel, Parquet), in any of the shapes that config/README.md tells
    output_dir : folder of the results; made if it doesn't exist; a second call resumes what is there
    max_iterations : budget of models to try, 1 to 100
    conda_env : existing conda environment to train in; the other stages use their env files then
    model_type : recipe of the model (`v3`, `v3_proper`, `simple`, `v1`, `v2`)
    seed : of all randomness; None takes the workflow's default
    device : `cpu`, `gpu`, or `auto`: by the size of the data (docs/gpu.md)
    language : of ITERATION_ANALYSIS.md and the summary in the terminal, `en` or `ru`
    sheet : of an Excel file; None takes the first that holds a table
    columns : roles to take as given in place of detecting them: date, target, channels, controls, panel; and the
        shape of the table: shape, variable, value
    cores : processor cores to use; None takes all that this process may use
    config : further keys of `config/config.yaml`, such as model, thresholds or sampler
    quiet : say nothing on standard error
    unlock : take over a folder that a killed run left locked

    Works from any working directory and within a running event loop (a notebook). Raises InputError if data or
    configuration are at fault, before anything is written wherever that can be seen beforehand; EngineError if
    the workflow breaks.
    """
    csv, folder = Path(csv_path).expanduser().resolve(), Path(output_dir).expanduser().absolute()
    arguments = {
        "max_iterations": max_iterations, "conda_env": conda_env, "model_type": model_type, "seed": seed,
        "device": device, "language": language,
    }  # fmt: skip
    given_path = _path_as_given(folder, csv, csv_path)
    further = engine.with_absolute_paths(config or {}, Path.cwd())
    settings = engine.engine_settings(csv, given_path, sheet, columns, arguments, further)
    check_tools(settings)
    if settings.conda_env is not None:
        environment_folder(settings.conda_env, _conda_info())
    check_folder(folder)
    settings = _checked_data(csv, settings)
    run_in(folder, settings, cores=cores, quiet=quiet, unlock=unlock)
    return json.loads((folder / SKILL_REPORT).read_text(encoding="utf-8"))


def run_in(
    folder: Path, settings: Settings, *, cores: int | None = None, quiet: bool = False, unlock: bool = False
) -> None:
    """Run the workflow on one run in its folder, whose paths are absolute or from that folder. As above otherwise."""
    settings = engine.with_paths_from(settings, folder)
    _claim(folder, settings, unlock)
    command = engine.snakemake_command(
        sys.executable, SNAKEFILE, folder, cores=cores or _usable_cores(), conda=settings.conda_env is not None
    )
    watched = WatchedRun(name=next(iter(settings.runs)), folder=folder, max_iterations=settings.max_iterations)
    _run_snakemake(command, folder / engine.LOG, [] if quiet else [watched])


def touch_in(
    folder: Path, settings: Settings, *, by_engine: bool, conda: bool = False, conda_prefix: Path | None = None
) -> None:
    """Have Snakemake take the files of a run for made here and now, from a working directory.

    by_engine : write the run's configuration there too, as a run would; conda, conda_prefix : as the runs were given
    Whoever calls it has seen that they are what they should be. Raises EngineError if the folder is locked or
    Snakemake fails.
    """
    _check_lock(folder)
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / engine.RUN_CONFIG
        if by_engine:
            settings = engine.with_paths_from(settings, folder)
            _claim(folder, settings, unlock=False)
        write_text(config, engine.plain_text(settings))
        conda = conda or settings.conda_env is not None
        further = ["--touch", "--forceall"]  # a copy that kept its times would get no records
        further += [] if conda_prefix is None else ["--conda-prefix", str(conda_prefix.absolute())]
        make = engine.snakemake_command
        command = make(sys.executable, SNAKEFILE, folder, cores=1, conda=conda, config=config, further=further)
        _run_snakemake(command, folder / engine.LOG, [])


def _conda_info() -> dict[str, Any]:
    done = subprocess.run(["conda", "info", "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise InputError("conda_env was given, but `conda info --json` fails; repair conda, or leave conda_env out")
    return json.loads(done.stdout)


def _path_as_given(folder: Path, csv: Path, csv_path: str | Path) -> str:
    """Return the path to show in reports: that of an earlier run, if it was given the same file."""
    try:
        text = (folder / engine.RUN_CONFIG).read_text("utf-8")
        return engine.earlier_path_as_given(text, csv, folder) or str(csv_path)
    except OSError:
        return str(csv_path)


def _checked_data(csv: Path, settings: Settings) -> Settings:
    """Profile the file and configure its first model: what doesn't fit ends here with one line and nothing written.

    Returns the settings with `device: auto` resolved.
    """
    run = next(iter(settings.runs.values()))
    test_size = settings.thresholds.out_of_sample.test_size
    shown_path = run.path_as_given or run.csv
    n_sealed = settings.sealed_periods if run.sealed_periods is None else run.sealed_periods
    found = profile_and_seal(csv, run.columns, test_size, n_sealed, path_as_given=shown_path, sheet=run.sheet)
    profile = found.profile
    spec = first_spec(
        profile,
        model_type=settings.model_type,
        prior_preset=settings.prior_preset,
        sampler=Sampler(**settings.sampler.model_dump(), seed=settings.seed),
        parts=with_listed_events(settings.model),
    )
    as_given(spec, profile, settings.priors, settings.lift_tests and Path(settings.lift_tests))
    if settings.device != "auto":
        return settings
    n_units = len(found.table) // profile.n_periods if profile.panel_column else 1
    device = chosen_device(spec, n_units, profile.n_periods)
    logging.info("device: auto is %s here", device)
    return settings.model_copy(update={"device": device})


def _claim(folder: Path, settings: Settings, unlock: bool) -> None:
    """Make the folder, see that no other run works in it, and write the run's configuration there.

    Raises InputError if the folder can't be written, EngineError if it is locked.
    """
    config = folder / engine.RUN_CONFIG
    text = engine.settings_text(settings, SNAKEFILE, folder)
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        if unlock:
            shutil.rmtree(folder / engine.LOCKS, ignore_errors=True)
        _check_lock(folder)
        if not config.exists() or config.read_text(encoding="utf-8") != text:
            write_text(config, text)
    except PermissionError as error:
        raise InputError(f"output folder {folder}: {error.strerror}; choose another folder") from None


def _check_lock(folder: Path) -> None:
    if any((folder / engine.LOCKS).glob("*")):
        raise engine.EngineError(
            f"{folder} is locked: a run is at work in it, or one was killed; if none is, repeat with --unlock"
        )


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_snakemake(command: Sequence[str], log: Path, watched: Sequence[WatchedRun]) -> None:
    """Run Snakemake to its end, its own words in the log file. Raises InputError or EngineError if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    start = log.stat().st_size if log.exists() else 0
    with open(log, "ab") as stream, _progress(watched):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        code = _wait(process)
    if code != 0:
        with open(log, "rb") as stream:
            stream.seek(start)
            raise engine.failure(stream.read().decode("utf-8", errors="replace"), log)


@contextlib.contextmanager
def _progress(runs: Sequence[WatchedRun]) -> Iterator[None]:
    """Tell on standard error what happens in the runs while the block runs."""
    printer = ProgressPrinter(runs=runs)
    printer.start()
    try:
        yield
    finally:
        printer.stop()


def _wait(process: subprocess.Popen) -> int:
    """Wait for Snakemake; an interrupt is passed on to it and its jobs, so that it unlocks the folder and ends."""
    try:
        return process.wait()
    except BaseException:
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
                break
        raise


# --- command line ----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine from the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Run the whole loop on one CSV file: profile, model, diagnose, validate out of sample, decide.",
        epilog="exit codes: 0 full success, 3 finished without it, 2 bad input or configuration, 1 anything else",
    )
    parser.add_argument("csv", help="the data")
    parser.add_argument("output", help="folder of the results; the same command again resumes what is there")
    parser.add_argument("max_iterations", nargs="?", type=int, help="budget of models to try (default: 10)")
    parser.add_argument("model_type", nargs="?", help=f"recipe of the model: {MODEL_TYPES} (default: v3)")
    add_run_options(parser)
    given = parser.parse_args(argv)
    report = run_iteration_engine(given.csv, given.output, **run_keywords(given))
    print(summary_text(read_run(Path(given.output))))
    return engine.exit_code(report)


if "snakemake" in globals():
    hand_over(decide_files, globals()["snakemake"])
elif __name__ == "__main__":
    ended_clearly(main)
