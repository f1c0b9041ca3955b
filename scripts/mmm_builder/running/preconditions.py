"""What must be there before anything is started or written."""

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..settings import Settings


def check_tools(settings: Settings) -> None:
    """Raise InputError if Snakemake, or the conda that was asked for, isn't there."""
    if find_spec("snakemake") is None:
        raise InputError(f"Snakemake is not installed for {sys.executable}; use the project's environment (make run)")
    if settings.conda_env is not None and shutil.which("conda") is None:
        raise InputError(
            f"conda_env {settings.conda_env!r} was given, but there is no conda on the PATH; "
            "install or activate conda, or leave conda_env out"
        )


def environment_folder(name: str, info: Mapping[str, Any]) -> Path:
    """Return the folder of an existing conda environment, given by its name or as an absolute path.

    info : what `conda info --json` says
    Snakemake 9.27 looks for the Python of a named environment below conda's own folder alone; where it finds none
    (the environment is in the home folder, say, or is `base`) it runs the script with its own Python, and doesn't say
    so (its issue 3462). A folder it takes as it is. Raises InputError if there is no such environment.
    """
    if name == "base":
        return Path(info["root_prefix"])
    for folder in ("", *info["envs_dirs"]):
        found = Path(folder, name)
        if found.is_absolute() and (found / "conda-meta").is_dir():
            return found
    known = ", ".join(sorted({Path(env).name for env in info["envs"] if env != info["root_prefix"]}))
    raise InputError(
        f"conda_env: there is no conda environment {name!r}; conda knows {known or 'none but its own'} (conda env list)"
    )


def check_folder(folder: Path) -> None:
    """Raise InputError if the output folder neither is writable nor can be made. Makes nothing."""
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if not nearest.is_dir():
        raise InputError(f"output folder {folder}: {nearest} is a file; choose another folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"output folder {folder}: {nearest} is not writable; choose another folder")
