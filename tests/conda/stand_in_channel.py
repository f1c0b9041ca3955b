"""Local conda channels of hand-made packages: names, versions and builds are what the files of envs/ ask for, contents
are not there. The package `python` hands over to the Python that runs the tests, whose packages stand in for them all.
"""

import hashlib
import io
import json
import re
import shlex
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

import yaml

PLACEHOLDER = "/prefix/of/the/environment/put/in/at/installation"
JOURNAL = "MMM_STAND_IN_JOURNAL"
"""Environment variable that names the file in which each start of an environment's Python is noted."""

PYTHON = """#!/bin/sh
if [ -n "${{{journal}:-}}" ]; then
  printf '%s\\t%s\\t%s\\n' '{placeholder}' "${{CONDA_PREFIX:-}}" "${{1##*/}}" >> "${journal}"
fi
exec {python} "$@"
"""

FOR_PYTHON = ["python >=3.11,<3.12.0a0"]
HDF5_BUILDS = {"h2_102": ["hdf5 >=2.0,<3.0a0", *FOR_PYTHON], "h1146_101": ["hdf5 >=1.14.6,<1.14.7.0a0", *FOR_PYTHON]}

BUILDS = {
    "jaxlib": {
        "cpu_py311_0": FOR_PYTHON,
        "cuda129_py311_200": ["__cuda", "cuda-version >=12.9,<13", *FOR_PYTHON],
        "cuda130_py311_200": ["__cuda", "cuda-version >=13.0,<14", *FOR_PYTHON],
    },
    "pyarrow-core": {"py311_2_cpu": FOR_PYTHON, "py311_2_cuda": ["__cuda", *FOR_PYTHON]},
    "h5py": HDF5_BUILDS,
    "netcdf4": HDF5_BUILDS,
    "pymc": {"py_0": ["pytensor >=2.38.2,<2.39", "arviz <1.0", *FOR_PYTHON]},
    "jax": {"py_0": ["jaxlib >=0.9.2", *FOR_PYTHON]},
    "numpyro": {"py_0": ["jax >=0.7", *FOR_PYTHON]},
    "pytensor": {"py311_0": ["numba <=0.65.1", *FOR_PYTHON]},
    "numba": {"py311_0": ["llvmlite >=0.47.0,<0.48", "numpy <2.5", *FOR_PYTHON]},
    "pyarrow": {"py311_2": ["pyarrow-core 23.0.1", *FOR_PYTHON]},
    "hdf5": {"h0_0": []},
    "cuda-version": {"h0_3": []},
    "rsync": {"h0_0": []},
    "python": {"h0_cpython": []},
}
"""Builds of a package with what they depend on; those that are not named have one, and depend on Python."""

FURTHER = {
    "python": "3.14.0", "numpy": "2.5.0", "hdf5": "2.0.0", "numba": "0.66.0", "jaxlib": "0.10.2",
    "cuda-version": "13.0", "pytensor": "2.39.0", "arviz": "1.0.0",
}  # fmt: skip
"""Newer versions that are there too, and that the files of envs/ do not want."""

CHANNELS = {"bioconda": "snakemake", "defaults": "only-in-defaults"}
"""Channels beside conda-forge, by how the names of their packages start."""


class Package(NamedTuple):
    """One package of a channel: who it is, on what it depends, and its files by path."""

    name: str
    version: str
    build: str
    depends: list[str]
    subdir: str
    files: dict[str, str] = {}

    @property
    def index(self):
        number = int(re.search(r"\d+$", self.build)[0]) if re.search(r"\d+$", self.build) else 0
        noarch = {"noarch": "generic"} if self.subdir == "noarch" else {}
        return {
            "name": self.name, "version": self.version, "build": self.build, "build_number": number,
            "depends": self.depends, "subdir": self.subdir, **noarch,
        }  # fmt: skip


def make_channels(folder: Path, environments: list[Path], platform: str) -> None:
    """Write a channel per folder, with packages for all that some files of environments ask for.

    platform : such as linux-64; packages of several builds are for it alone, the others are noarch
    """
    wanted = {"only-in-defaults": {"1.0"}}
    for file in environments:
        for dependency in yaml.safe_load(file.read_text())["dependencies"]:
            name, _, version = dependency.partition("=")
            wanted.setdefault(name, set()).add(version.partition("=")[0].replace("*", "9") or "1.0")
    for name, version in FURTHER.items():
        wanted[name].add(version)
    channels = {name: [] for name in ("conda-forge", *CHANNELS)}
    for name, versions in sorted(wanted.items()):
        channel = next((c for c, start in CHANNELS.items() if name.startswith(start)), "conda-forge")
        channels[channel] += [package for version in sorted(versions) for package in packages(name, version, platform)]
    for channel, members in channels.items():
        write_channel(folder / channel, members, platform)


def packages(name: str, version: str, platform: str) -> list[Package]:
    """Return all builds of one version of a package."""
    builds = BUILDS.get(name, {"py_0": FOR_PYTHON})
    subdir = platform if name in BUILDS else "noarch"
    marker = {f"share/stand-in/{name}": f"{name} {version}\n"}
    text = PYTHON.format(journal=JOURNAL, placeholder=PLACEHOLDER, python=shlex.quote(sys.executable))
    files = {"bin/python": text} if name == "python" else marker
    return [Package(name, version, build, depends, subdir, files) for build, depends in builds.items()]


def write_channel(channel: Path, members: list[Package], platform: str) -> None:
    """Write packages and the index of each platform's folder."""
    for subdir in (platform, "noarch"):
        folder = channel / subdir
        folder.mkdir(parents=True)
        index = {}
        for package in (p for p in members if p.subdir == subdir):
            file = folder / f"{package.name}-{package.version}-{package.build}.tar.bz2"
            file.write_bytes(content := archive(package))
            index[file.name] = package.index | {
                "sha256": hashlib.sha256(content).hexdigest(),
                "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
                "size": len(content),
            }
        plain = {"info": {"subdir": subdir}, "packages": index, "packages.conda": {}, "repodata_version": 1}
        (folder / "repodata.json").write_text(json.dumps(plain))


def archive(package: Package) -> bytes:
    """Return a package in the form `.tar.bz2`: its files, who it is, and where its prefix stands in them."""
    paths = []
    for path, text in package.files.items():
        entry = {"_path": path, "path_type": "hardlink", "size_in_bytes": len(text.encode())}
        entry["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        if PLACEHOLDER in text:
            entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
        paths.append(entry)
    info = {
        "info/index.json": json.dumps(package.index),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:bz2") as tar:
        for path, text in (info | package.files).items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(text.encode()), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
