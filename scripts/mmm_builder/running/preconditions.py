"""What must be there before anything is started or written."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

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


def check_folder(folder: Path) -> None:
    """Raise InputError if the output folder neither is writable nor can be made. Makes nothing."""
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if not nearest.is_dir():
        raise InputError(f"output folder {folder}: {nearest} is a file; choose another folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"output folder {folder}: {nearest} is not writable; choose another folder")
