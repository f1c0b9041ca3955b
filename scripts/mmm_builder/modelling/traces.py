"""`trace.nc`: reading and writing, without importing PyMC or ArviZ. Loads with plain `arviz.from_netcdf`."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from ..errors import InputError
from ..files import whole

ENGINE = "h5netcdf"


def write_trace(path: Path, groups: dict[str, xr.Dataset], attributes: dict[str, Any]) -> None:
    """Write groups of named dims, compressed, wholly or not at all.

    attributes : of the file; NetCDF takes text and numbers only, the rest is stored as JSON text
    """
    plain = {k: v if isinstance(v, str | int | float) else json.dumps(v) for k, v in attributes.items()}
    if "constant_data" in groups:  # ArviZ keeps the attributes of groups, not those of the file
        groups = {**groups, "constant_data": groups["constant_data"].assign_attrs(plain)}
    with whole(path) as part, _plain_disk_errors(path):
        xr.Dataset(attrs=plain).to_netcdf(part, mode="w", engine=ENGINE)
        for name, group in groups.items():
            encoding = {
                v: {"zlib": True, "shuffle": True, "complevel": 4} for v in group.data_vars if group[v].size > 1
            }
            group.to_netcdf(part, mode="a", group=name, engine=ENGINE, encoding=encoding)


@contextmanager
def _plain_disk_errors(path: Path) -> Iterator[None]:
    """Raise what the disk said (that it is full, say) as a plain OSError: HDF5 hides it in a text of its own."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        hidden = re.search(r"errno = (\d+)", str(error))
        if hidden is None:
            raise
        raise OSError(int(hidden[1]), os.strerror(int(hidden[1])), str(path)) from None


def read_group(path: Path, name: str) -> xr.Dataset:
    """Read one group wholly into memory. Raises InputError if the file or the group can't be read."""
    return _read(path, name)


def read_attributes(path: Path) -> dict[str, Any]:
    """Read the attributes of the file. Raises InputError if it can't be read."""
    return dict(_read(path, None).attrs)


def _read(path: Path, group: str | None) -> xr.Dataset:
    try:
        with xr.open_dataset(path, group=group, engine=ENGINE) as opened:
            return opened.load()
    except FileNotFoundError:
        raise InputError(f"{path}: the file does not exist") from None
    except (OSError, ValueError, KeyError) as error:
        part = f"group {group!r}" if group else "the trace"
        raise InputError(f"{path}: {part} can't be read ({error}); delete the file and run again") from None
