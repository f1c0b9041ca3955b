"""Options that the command lines share, and how every command line ends: a code, and one clear line if it failed."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, get_args

from ..config_files import read_yaml
from ..data_profile import Shape
from ..errors import BAD_INPUT_EXIT_CODE, InputError
from ..settings import Columns, Language, Settings
from ..spec import ModelType
from ..stage import fail, fail_on_disk, split_names, start_logging
from .engine import ARGUMENTS, EngineError

INTERRUPTED_EXIT_CODE = 130
MODEL_TYPES = ", ".join(get_args(ModelType))


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that give columns their roles."""
    group = parser.add_argument_group("columns", "roles to take as given; what isn't given is detected")
    group.add_argument("--sheet", metavar="NAME", help="sheet of an Excel file (default: the first with a table)")
    group.add_argument("--date", metavar="COLUMN", help="column with the dates, or several: year,week")
    group.add_argument("--target", metavar="COLUMN", help="column with the KPI to explain")
    group.add_argument("--channels", metavar="A,B", help="media columns, all of them")
    group.add_argument("--controls", metavar="C,D", help="control columns, all of them; '' for none")
    group.add_argument(
        "--unknown-ahead",
        metavar="C,D",
        help="controls that nobody knows before their period is over (default: competitors); '' for none",
    )
    group.add_argument("--panel", metavar="COLUMN", help="column with the panel unit (geo, brand)")
    group.add_argument("--shape", metavar="SHAPE", help=f"how the table is laid out: {', '.join(get_args(Shape))}")
    group.add_argument("--variable", metavar="COLUMN", help="column that names the series, in long data")
    group.add_argument(
        "--value", metavar="COLUMN", help="column with the numbers, in long data where everything stands in rows"
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run, columns included."""
    group = parser.add_argument_group("run")
    group.add_argument("--seed", type=int, metavar="N", help="seed of all randomness")
    group.add_argument("--device", help="cpu, gpu, or auto: by the size of the data (default: cpu)")
    group.add_argument("--conda-env", metavar="NAME", help="existing conda environment to train in")
    group.add_argument("--language", help=f"of the analysis: {' or '.join(get_args(Language))} (default: en)")
    group.add_argument("--cores", type=int, metavar="N", help="processor cores to use (default: all)")
    group.add_argument("--config", metavar="FILE", help="YAML file with further settings (config/README.md)")
    group.add_argument("--unlock", action="store_true", help="take over a folder that a killed run left locked")
    group.add_argument("--quiet", action="store_true", help="no progress on standard error")
    add_column_options(parser)


def given_columns(given: argparse.Namespace) -> dict[str, Any]:
    """Return the roles that were given, as `Columns` names them."""
    roles = {role: getattr(given, role) for role in Columns.model_fields}
    for role in ("channels", "controls", "unknown_ahead"):
        if roles[role] is not None:
            roles[role] = [name for name in split_names(roles[role]) if name]
    return {role: value for role, value in roles.items() if value is not None}


def run_keywords(given: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords of `run_iteration_engine`; an option on the command line wins over the settings file."""
    further = read_settings(Path(given.config)) if given.config else {}
    arguments = {key: further.pop(key) for key in ARGUMENTS if key in further}
    arguments |= {key: getattr(given, key) for key in ARGUMENTS if getattr(given, key) is not None}
    if given.cores is not None and given.cores < 1:
        raise InputError(f"--cores: at least 1, got {given.cores}")
    return arguments | {
        "config": further,
        "sheet": given.sheet,
        "columns": given_columns(given),
        "cores": given.cores,
        "quiet": given.quiet,
        "unlock": given.unlock,
    }


def read_settings(path: Path) -> dict[str, Any]:
    """Read further settings from YAML. Raises InputError that names the file and the key."""
    found = read_yaml(path) or {}
    if not isinstance(found, Mapping):
        raise InputError(f"{path}: expected keys with values, got {type(found).__name__}")
    for key in ("runs", "results"):
        if key in found:
            raise InputError(f"{path}: {key!r} follows from the data file and the output folder here; remove it")
    Settings.parse({**found, "runs": {"checked": {"csv": "-"}}}, str(path))
    return dict(found)


def ended_clearly(main: Callable[[], int]) -> NoReturn:
    """Call a command line's main function and end the process with its code; known errors are one clear line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start_logging(None)
    try:
        raise SystemExit(main())
    except InputError as error:
        fail(str(error), BAD_INPUT_EXIT_CODE)
    except EngineError as error:
        fail(str(error), 1)
    except OSError as error:
        fail_on_disk(error)
    except KeyboardInterrupt:
        print("interrupted; the same command resumes", file=sys.stderr)
        raise SystemExit(INTERRUPTED_EXIT_CODE) from None
