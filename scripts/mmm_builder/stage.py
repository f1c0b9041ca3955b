"""The one adapter between a stage's file function and whoever calls it: Snakemake's `script:` or a shell.

A stage ends with `hand_over(function, globals().get("snakemake"))`. Under Snakemake the function's keywords are
filled from the rule's inputs, outputs and params of the same names; in a shell they are command line options.
"""

import argparse
import csv
import errno
import inspect
import json
import logging
import sys
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from .errors import BAD_INPUT_EXIT_CODE, InputError
from .strict import Strict

ERROR_MARK = "mmm-model-builder: error: "
"""Starts the one line that tells a person what is wrong; the engine looks for it in Snakemake's output."""

FAILURE_MARK = "mmm-model-builder: failure: "
"""The same where neither data nor configuration are at fault (a full disk, say)."""


def hand_over(function: Callable[..., Any], snakemake: Any = None, argv: Sequence[str] | None = None) -> None:
    """Call a stage's file function from Snakemake or from the command line; known errors end in one clear line.

    Exits with 2 for bad input, configuration or paths and with 1 if the disk fails.
    """
    log_file = None
    try:
        if snakemake is not None:
            log_file = Path(snakemake.log[0]) if snakemake.log else None
            start_logging(log_file)
            function(**_from_snakemake(function, snakemake))
        else:
            start_logging(None)
            function(**_from_command_line(function, sys.argv[1:] if argv is None else argv))
    except InputError as error:
        fail(str(error), BAD_INPUT_EXIT_CODE)
    except OSError as error:
        fail_on_disk(error)
    except Exception:
        if log_file is not None:
            logging.exception("the stage failed")
        raise


def fail_on_disk(error: OSError) -> typing.NoReturn:
    """End with 2 where a path can't be used (another one can), with 1 where the disk fails (it is full, say)."""
    wrong_path = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENOENT)
    cure = "; choose another path" if wrong_path else ""
    fail(f"{error.filename or 'a file'}: {error.strerror or error}{cure}", BAD_INPUT_EXIT_CODE if wrong_path else 1)


def fail(message: str, exit_code: int) -> typing.NoReturn:
    """Show one clear line and end."""
    logging.error(message)
    mark = ERROR_MARK if exit_code == BAD_INPUT_EXIT_CODE else FAILURE_MARK
    print(mark + " ".join(message.split()), file=sys.stderr, flush=True)
    raise SystemExit(exit_code)


def start_logging(log_file: Path | None) -> None:
    """Log to the rule's log file; without one, nothing but warnings and errors goes anywhere."""
    handlers: list[logging.Handler] = [logging.NullHandler()]
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers = [logging.FileHandler(log_file, mode="w", encoding="utf-8")]
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers, force=True
    )


def _from_snakemake(function: Callable[..., Any], snakemake: Any) -> dict[str, Any]:
    """Return the function's keywords out of the rule's named inputs, outputs, params and threads."""
    given = {"threads": snakemake.threads}
    for named in (snakemake.input, snakemake.output, snakemake.params):
        given.update(dict(named.items()))
    keywords = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in given:
            keywords[name] = _convert(given[name], parameter.annotation, f"params.{name}")
    return keywords


def _from_command_line(function: Callable[..., Any], argv: Sequence[str]) -> dict[str, Any]:
    """Return the function's keywords out of command line options made from its signature."""
    description = inspect.getdoc(function) or ""
    parser = argparse.ArgumentParser(
        prog=Path(sys.argv[0]).name, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    signature = inspect.signature(function)
    for name, parameter in signature.parameters.items():
        kind, text = _kind_and_help(parameter.annotation)
        text = text.replace("%", "%%")  # argparse formats its help
        options: dict[str, Any] = {"help": text}
        if _is_paths(kind):
            options["nargs"] = "*"
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            options["required"] = parameter.default is inspect.Parameter.empty
            options["metavar"] = _metavar(kind)
            if parameter.default not in (inspect.Parameter.empty, None, ()) and not isinstance(
                parameter.default, Strict
            ):
                options["help"] = f"{text} (default: {parameter.default})"
            parser.add_argument("--" + name.replace("_", "-"), dest=name, **options)
        else:
            parser.add_argument(name, metavar=name.upper(), **options)
    given = {k: v for k, v in vars(parser.parse_args(argv)).items() if v is not None}
    return {
        name: _convert(value, signature.parameters[name].annotation, "--" + name.replace("_", "-"))
        for name, value in given.items()
    }


def _convert(value: Any, annotation: Any, where: str) -> Any:
    """Return `value` (text, number, list or dict) as the annotated type."""
    kind, _ = _kind_and_help(annotation)
    if value is None:
        return None
    if _is_paths(kind):
        return tuple(Path(v) for v in ([value] if isinstance(value, str) else value))
    if kind is Path:
        return Path(str(value))
    if inspect.isclass(kind) and issubclass(kind, Strict):
        return kind.parse(_from_json(value, where) if isinstance(value, str) else dict(value), where)
    if typing.get_origin(kind) is tuple:
        return split_names(value) if isinstance(value, str) else tuple(value)
    return _to_number(kind, value, where) if kind in (int, float) else value


def _from_json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: {text!r} is not JSON ({error})") from None


def split_names(text: str) -> tuple[str, ...]:
    """Split `a,b`; a name that holds a comma is quoted, as in `tv,"radio, local"`."""
    return tuple(part.strip() for part in next(csv.reader([text], skipinitialspace=True)))


def _to_number(kind: type, value: Any, where: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise InputError(f"{where}: {value!r} is not a number") from None


def _kind_and_help(annotation: Any) -> tuple[Any, str]:
    """Return the bare type and the help text of `Annotated[type | None, "help"]`."""
    text = ""
    if typing.get_origin(annotation) is Annotated:
        annotation, text = typing.get_args(annotation)[:2]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
    return annotation, text


def _is_paths(kind: Any) -> bool:
    return typing.get_origin(kind) is tuple and typing.get_args(kind)[0] is Path


def _metavar(kind: Any) -> str:
    if kind is Path or _is_paths(kind):
        return "FILE"
    if inspect.isclass(kind) and issubclass(kind, Strict):
        return "JSON"
    if typing.get_origin(kind) is tuple:
        return "A,B"
    return {int: "N", float: "X"}.get(kind, "TEXT")
