"""What PyTensor is told through PYTENSOR_FLAGS, before it is first imported."""

import atexit
import functools
import shutil
import tempfile

FOLDERS = ("base_compiledir", "compiledir")


def with_defaults(flags: str) -> str:
    """Return PYTENSOR_FLAGS (`key=value`, comma-separated) with our own settings for what they don't name.

    cxx : empty; no C compiler is needed, and none may be picked up
    base_compiledir : a folder of this process. PyTensor's own stands in the home, which all nodes of a cluster share:
        jobs that begin together would wait there for one lock, and fail where a node mounts it read-only.
    """
    given = [flag for flag in flags.split(",") if flag]
    named = {flag.partition("=")[0].strip() for flag in given}
    if "cxx" not in named:
        given.append("cxx=")
    if named.isdisjoint(FOLDERS):
        given.append(f"base_compiledir={_folder_of_process()}")
    return ",".join(given)


def that_change_results(flags: str) -> list[str]:
    """Return the flags that may change what is compiled: neither where it is written, nor that there is no compiler."""
    return [f for f in flags.split(",") if f not in ("", "cxx=") and f.partition("=")[0].strip() not in FOLDERS]


@functools.cache
def _folder_of_process() -> str:
    """Make a temporary folder that goes with the process."""
    folder = tempfile.mkdtemp(prefix="pytensor-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
