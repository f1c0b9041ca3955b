"""What people type: `run` the whole loop on a file, `profile` a file and nothing more, `status` of a run; `adopt` a
finished run that was copied here, `verify` that it comes out again.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmm_builder.errors import InputError
from mmm_builder.files import write_text
from mmm_builder.profiling.summary import profile_summary
from mmm_builder.running import engine
from mmm_builder.running.command_line import (
    MODEL_TYPES,
    add_column_options,
    add_run_options,
    ended_clearly,
    given_columns,
    run_keywords,
)
from mmm_builder.running.run_status import read_run, summary_text
from mmm_builder.settings import Columns
from mmm_builder.verdicts import OosThresholds
from mmm_builder.verifying.recorded import RecordedRun, changed_stages, find_run, first_difference

EXAMPLES = """examples:
  python scripts/orchestrator.py profile sales.csv
  python scripts/orchestrator.py run sales.csv
  python scripts/orchestrator.py run sales.csv --output results/q3 --target revenue --channels tv,search,social
  python scripts/orchestrator.py status results/q3
  python scripts/orchestrator.py adopt results/q3
  python scripts/orchestrator.py verify results/q3

exit codes: 0 full success, 3 finished without it, 2 bad input or configuration, 1 anything else"""


def run(given: argparse.Namespace) -> int:
    """Run the loop on one file and show how it ended."""
    from iteration_engine import run_iteration_engine

    output = given.output or Path("results") / engine.run_name(Path(given.csv))
    report = run_iteration_engine(given.csv, output, **run_keywords(given))
    print(summary_text(read_run(Path(output))))
    return engine.exit_code(report)


def profile(given: argparse.Namespace) -> int:
    """Profile one file, write the profile and the page on it, and show the profile."""
    from mmm_builder.panel import by_date_and_unit
    from mmm_builder.profiling.profile import profile_file
    from mmm_builder.profiling.series import data_series, period_totals
    from mmm_builder.reporting.profile_page import profile_page

    columns = Columns.parse(given_columns(given), "columns")
    found, table = profile_file(
        Path(given.csv), columns, OosThresholds().test_size, path_as_given=given.csv, sheet=given.sheet
    )
    rows, page = by_date_and_unit(table, found), Path(given.output).with_suffix(".html")
    write_text(page, profile_page(found, period_totals(rows, found), data_series(rows, found)))
    write_text(Path(given.output), found.to_json())
    print(profile_summary(found), f"written        {given.output}, {page}", sep="\n")
    return 0


def status(given: argparse.Namespace) -> int:
    """Show how a finished or running run stands."""
    print(summary_text(read_run(Path(given.folder))))
    return 0


def adopt(given: argparse.Namespace) -> int:
    """Take a finished run's files, copied from elsewhere, for made here, if they are those that were recorded."""
    from iteration_engine import touch_in

    run = _found(given)
    if difference := first_difference(run):
        raise InputError(f"{difference}; nothing was adopted")
    touch_in(run.workdir, run.settings, by_engine=run.by_engine, conda=given.use_conda, conda_prefix=given.conda_prefix)
    files = len(run.record.configs) + len(run.record.outputs)
    print(f"adopted: {files} files are as recorded; a run with the same data, settings and code has nothing to do")
    return 0


def verify(given: argparse.Namespace) -> int:
    """Run a finished run again in a folder of its own and show what comes out the same. Returns 0 or 3."""
    from mmm_builder.verifying.repeats import reproduced, rows, table

    run = _found(given)
    if difference := first_difference(run, code=False):
        raise InputError(f"{difference}; there is nothing to compare with")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given.keep or scratch) / run.folder.resolve().name
        if any(folder.glob("*")):
            raise InputError(f"{folder}: is not empty; give another folder")
        try:
            put_in = _repeat(run, folder, given)
        except engine.EngineError as error:
            raise engine.EngineError(f"{error}; kept only with --keep FOLDER") from None
        found = rows(run.folder, folder, run.record, tuple(changed_stages(run.record)), put_in)
    print(table(found))
    return 0 if reproduced(found) else engine.NO_FULL_SUCCESS


def _repeat(run: RecordedRun, folder: Path, given: argparse.Namespace) -> set[int]:
    """Run it again in `folder`; return the iterations whose configuration was put in as recorded.

    The ledgers come along, so that openings of the holdout are told apart as they were.
    """
    from iteration_engine import run_in

    folder.mkdir(parents=True, exist_ok=True)
    for ledger in run.folder.glob("*.jsonl"):
        shutil.copyfile(ledger, folder / ledger.name)
    settings, put_in = run.to_repeat, set()
    run_in(folder, settings, cores=given.cores, quiet=given.quiet)
    for n, name in enumerate(run.record.configs, 1):
        if not (folder / name).is_file():
            break
        if (folder / name).read_bytes() != (run.folder / name).read_bytes():
            shutil.copyfile(run.folder / name, folder / name)
            put_in.add(n)
            run_in(folder, settings, cores=given.cores, quiet=given.quiet)
    return put_in


def _found(given: argparse.Namespace) -> RecordedRun:
    data = None if given.data is None else Path(given.data)
    return find_run(Path(given.folder), Path.cwd(), Path(given.configfile), data)


def _add_recorded_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", help="the run's output folder, such as results/example")
    command.add_argument("--data", metavar="FILE", help="where the data lie now, of a run made by `run`")
    command.add_argument(
        "--configfile",
        metavar="FILE",
        default="config/config.yaml",
        help="the configuration, of a run made by plain snakemake from the folder that this is called in "
        "(default: config/config.yaml)",
    )


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; each subcommand names the function that carries it out."""
    parser = argparse.ArgumentParser(
        description="Marketing Mix Models from a CSV file, validated out of sample.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("run", help="the whole loop on one file; the same command again resumes")
    command.add_argument("csv", help="the data, one row per period (and panel unit)")
    command.add_argument("--output", metavar="FOLDER", help="folder of the results (default: results/NAME-OF-CSV)")
    command.add_argument("--model-type", metavar="TYPE", help=f"recipe of the model: {MODEL_TYPES} (default: v3)")
    command.add_argument("--max-iterations", type=int, metavar="N", help="budget of models to try (default: 10)")
    add_run_options(command)
    command.set_defaults(carry_out=run)

    command = commands.add_parser("profile", help="what a file holds and which role each column would have")
    command.add_argument("csv", help="the data")
    command.add_argument("--output", metavar="FILE", default="data_profile.json", help="default: data_profile.json")
    add_column_options(command)
    command.set_defaults(carry_out=profile)

    command = commands.add_parser("status", help="how a run ended, or how far it is")
    command.add_argument("folder", help="the run's output folder, such as results/example")
    command.set_defaults(carry_out=status)

    command = commands.add_parser("verify", help="run a finished run again elsewhere, and compare")
    _add_recorded_run(command)
    command.add_argument("--keep", metavar="FOLDER", help="keep the repetition here (default: it is removed)")
    command.add_argument("--cores", type=int, metavar="N", help="processor cores to use (default: all)")
    command.add_argument("--quiet", action="store_true", help="no progress on standard error")
    command.set_defaults(carry_out=verify)

    command = commands.add_parser("adopt", help="check a finished run that was copied here, so that nothing runs again")
    _add_recorded_run(command)
    command.add_argument("--use-conda", action="store_true", help="for runs with --use-conda")
    command.add_argument(
        "--conda-prefix", metavar="FOLDER", type=Path, help="for runs with --use-conda and this --conda-prefix"
    )
    command.set_defaults(carry_out=adopt)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one subcommand and return the exit code."""
    given = build_parser().parse_args(argv)
    return given.carry_out(given)


if __name__ == "__main__":
    ended_clearly(main)
