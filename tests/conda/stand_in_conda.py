"""A stand-in front end: answers as `conda` what Snakemake 9.27 and the docs ask of it, by the solver, installer and
activation of py-rattler. Channels are folders below ROOT/channels, by name, and no other place is ever asked.
"""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path

import yaml

VERSION = "24.7.1"
"""The oldest that Snakemake 9.27 takes."""

COMMAND = """#!/bin/sh
exec {python} {front_end} {root} "$@"
"""

ACTIVATE = """\
__stand_in_script="$({root}/bin/conda shell.posix activate "$@")" || return $?
eval "$__stand_in_script"
unset __stand_in_script
"""


class RefusalError(Exception):
    """What conda would end with: a message and exit code 1."""


def channel_addresses(root, names):
    """Return the channels of an environment's file; `defaults` comes last unless `nodefaults` is among them."""
    listed = [name for name in names if name != "nodefaults"] + (["defaults"] if "nodefaults" not in names else [])
    for name in listed:
        if not (root / "channels" / name).is_dir():
            raise RefusalError(f"UnavailableInvalidChannel: the channel {name} is not accessible")
    return [(root / "channels" / name).as_uri() for name in listed]


async def solved(root, channels, specs):
    """Return the records of packages that fulfil all specs on this machine, one channel per package."""
    from rattler import Gateway, MatchSpec, VirtualPackage, VirtualPackageOverrides, solve
    from rattler.exceptions import SolverError

    try:
        return await solve(
            sources=channel_addresses(root, channels),
            specs=[MatchSpec(spec) for spec in specs],
            gateway=Gateway(cache_dir=root / "index"),
            virtual_packages=VirtualPackage.detect(VirtualPackageOverrides.from_env()),
        )
    except SolverError as error:
        raise RefusalError(f"LibMambaUnsatisfiableError: Encountered problems while solving:\n{error}") from None


async def installed(root, records, prefix):
    """Link packages into a prefix; what can't be finished is taken away again by whoever asked, as with conda."""
    from rattler import install
    from rattler.exceptions import InstallerError

    try:
        await install(records, target_prefix=prefix, cache_dir=root / "pkgs", show_progress=False)
    except InstallerError as error:
        raise RefusalError(f"CondaError: {error}") from None


def create_from_file(root, given):
    """Solve and install what an environment's file lists; `--dry-run` solves alone."""
    told = yaml.safe_load(given.file.read_text())
    prefix = given.prefix or envs_dirs(root)[0] / (given.name or told.get("name") or given.file.stem)
    records = asyncio.run(solved(root, told.get("channels", []), told["dependencies"]))
    if given.dry_run:
        print("\n".join(sorted(f"{r.name.normalized}={r.version}={r.build}" for r in records)))
    else:
        asyncio.run(installed(root, records, prefix))


def create_from_pins(root, given):
    """Install the packages whose addresses a file lists after `@EXPLICIT`, without solving."""
    from rattler import RepoData

    lines = given.file.read_text().splitlines()
    if "@EXPLICIT" not in lines:
        raise RefusalError(f"CondaError: {given.file} is no explicit list of packages")
    pins = {line.partition("#")[0] for line in lines if line.startswith("file:")}
    indexes = sorted((root / "channels").glob("*/*/repodata.json"))
    loaded = [r for p in indexes for r in RepoData.from_path(p).into_repo_data(channel(p))]
    records = [record for record in loaded if record.url in pins]
    if len(records) != len(pins):
        raise RefusalError(f"PackagesNotFoundError: {', '.join(sorted(pins - {r.url for r in records}))}")
    asyncio.run(installed(root, records, given.prefix))


def channel(index):
    from rattler import Channel

    return Channel(index.parents[1].as_uri())


def records_in(prefix):
    from rattler import PrefixRecord

    return sorted(
        (PrefixRecord.from_path(p) for p in (prefix / "conda-meta").glob("*.json")), key=lambda r: r.file_name
    )


def export(root, given):
    """Print an environment as a file that makes it."""
    prefix = found_prefix(root, given)
    lines = [f"{record.name.normalized}={record.version}={record.build}" for record in records_in(prefix)]
    print(yaml.safe_dump({"name": prefix.name, "dependencies": lines, "prefix": str(prefix)}), end="")


def explicit_list(root, given):
    """Print the addresses of an environment's packages, as a pin file holds them."""
    print(f"# This file may be used to create an environment.\n# platform: {platform()}\n@EXPLICIT")
    for record in records_in(found_prefix(root, given)):
        print(f"{record.url}#{record.md5.hex()}" if given.md5 else record.url)


def envs_dirs(root):
    """Return the folders of named environments, as CONDA_ENVS_PATH and conda's own folder say."""
    return [*map(Path, filter(None, os.environ.get("CONDA_ENVS_PATH", "").split(os.pathsep))), root / "envs"]


def found_prefix(root, given):
    if given.prefix:
        return given.prefix
    if given.name in ("base", "root"):
        return root
    for folder in envs_dirs(root):
        if (folder / given.name / "conda-meta").is_dir():
            return folder / given.name
    raise RefusalError(f"EnvironmentNameNotFound: Could not find conda environment: {given.name}")


def activate(root, given):
    """Print what a shell has to do to enter an environment, named or given by its folder."""
    from rattler.shell import ActivationVariables, Shell
    from rattler.shell import activate as activation

    by_folder = os.sep in given.environment
    place = argparse.Namespace(prefix=None, name=given.environment)
    prefix = Path(given.environment) if by_folder else found_prefix(root, place)
    if not (prefix / "conda-meta").is_dir():
        raise RefusalError(f"EnvironmentLocationNotFound: Not a conda environment: {prefix}")
    print(activation(prefix, ActivationVariables(os.environ.get("CONDA_PREFIX")), Shell.bash).script)


def platform():
    from rattler.platform import Subdir

    return str(Subdir.current())


def info(root, given):
    known = [env for folder in envs_dirs(root) for env in sorted(folder.glob("*")) if (env / "conda-meta").is_dir()]
    told = {"conda_version": VERSION, "platform": platform(), "conda_prefix": root, "root_prefix": root}
    print(json.dumps(told | {"envs": [root, *known], "envs_dirs": envs_dirs(root)}, default=str))


def config(root, given):
    print(json.dumps({"get": {given.get: "strict"}}))


def clean(root, given):
    """Do nothing: py-rattler keeps no archives of packages beside what it took out of them."""


def parser():
    """Return the command line: what Snakemake 9.27 calls, `--dry-run` and `list`, and nothing else."""
    found = argparse.ArgumentParser(prog="conda", allow_abbrev=False)
    found.add_argument("root", type=Path)
    found.add_argument("--version", action="version", version=f"conda {VERSION} (stand-in front end over py-rattler)")
    commands = found.add_subparsers(required=True)

    def command(place, name, carry_out, *flags):
        one = place.add_parser(name, allow_abbrev=False)
        one.set_defaults(carry_out=carry_out)
        for flag in flags:
            one.add_argument(flag, action="store_true")
        return one

    def with_place(one):
        group = one.add_mutually_exclusive_group()
        group.add_argument("--prefix", "-p", type=Path)
        group.add_argument("--name", "-n")
        return one

    command(commands, "info", info, "--json")
    command(commands, "config", config, "--json").add_argument("--get", choices=["channel_priority"])
    command(commands, "clean", clean, "-y", "--tarballs")
    create = with_place(command(commands, "create", create_from_pins, "--quiet", "--no-default-packages", "--yes"))
    create.add_argument("--file", type=Path, required=True)
    with_place(command(commands, "list", explicit_list, "--explicit", "--md5"))
    command(commands, "shell.posix", activate).add_argument("what", choices=["activate"])
    commands.choices["shell.posix"].add_argument("environment")
    of_env = commands.add_parser("env").add_subparsers(required=True)
    with_place(command(of_env, "export", export))
    create = with_place(command(of_env, "create", create_from_file, "--quiet", "--no-default-packages", "--dry-run"))
    create.add_argument("--file", "-f", type=Path, required=True)
    return found


def install_front_end(root: Path) -> Path:
    """Write `conda` and `activate` below ROOT/bin, the one to put on the PATH, which is returned."""
    commands = root / "bin"
    commands.mkdir(parents=True)
    (commands / "conda").write_text(
        COMMAND.format(python=sys.executable, front_end=Path(__file__).resolve(), root=root)
    )
    (commands / "conda").chmod(0o755)
    (commands / "activate").write_text(ACTIVATE.format(root=root))
    return commands


def main():
    """Carry out one command and return its exit code."""
    given = parser().parse_args()
    try:
        given.carry_out(given.root, given)
    except RefusalError as refusal:
        print(f"\n{refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of py-rattler 0.28 outlive a solve that failed: an ordinary end may crash on them.
    os._exit(code)
