"""The conda environments hold what is imported in them, in the versions that the lock holds."""

import ast
import fnmatch
import re
from pathlib import Path

import pytest
import yaml
from test_architecture import REPO, packages

from mmm_builder.provenance import SCRIPTS, reached_files

ENVIRONMENTS = sorted((REPO / "envs").glob("*.yaml"))

CONDA_NAMES = {"yaml": "pyyaml", "matplotlib": "matplotlib-base", "python_calamine": "python-calamine"}
"""Names in the conda channels of what is imported, where they differ in more than `_` and `-`."""

PYPI_NAMES = {"matplotlib-base": "matplotlib", "pyarrow-core": "pyarrow", "snakemake-minimal": "snakemake"}
"""Names in the lock of what the environments list, where they differ."""

LOADED_BY_NAME = {"h5netcdf", "numpyro", "nutpie"}
"""Packages that others load where their name is given as an argument, so that nothing here imports them."""

NOT_IN_THE_RECIPES = {
    "pandas": "3.0.3", "xarray": "2026.4.0", "pyarrow": "23.0.1", "h5netcdf": "1.8.1", "matplotlib-base": "3.10.9",
    "pydantic": "2.12.*", "charset-normalizer": "3.4.*",
}  # fmt: skip
"""What the environments list in another version than the lock, whose version was in no recipe of conda-forge."""

LAUNCHED = ("orchestrator", "iteration_engine")


def listed(environment):
    """Return the versions that an environment lists, by conda name; `_` in a version starts its build."""
    found = {}
    for dependency in yaml.safe_load((REPO / "envs" / f"{environment}.yaml").read_text())["dependencies"]:
        name, _, version = dependency.partition("=")
        found[name.removesuffix("-core") if name == "pyarrow-core" else name] = version.partition("=")[0]
    return found


def locked():
    """Return the versions that the lock holds for Python 3.11, by name."""
    lines = (REPO / "requirements" / "run.txt").read_text().splitlines()
    pins = [re.match(r"([\w.-]+)==([^ ;]+)(?: ; (.*?))? \\$", line) for line in lines]
    return {pin[1]: pin[2] for pin in pins if pin and ">= '3.12'" not in (pin[3] or "")}


def needed(paths):
    """Return the packages that some files import or load by name, as conda calls them."""
    named = {
        node.value
        for path in paths
        if path.suffix == ".py" and path.name != "provenance.py"  # which only asks for versions
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in LOADED_BY_NAME
    }
    return {CONDA_NAMES.get(name, name.replace("_", "-")) for name in packages(paths) | named} - {"snakemake"}


def rules_with_environments():
    """Yield each rule's stage and the name of its environment file."""
    for file in (REPO / "rules").glob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint) ", file.read_text(), flags=re.M)[1:]:
            env = re.search(r"envs/(\w+)\.yaml", rule)
            stage = re.search(r"scripts/(\w+)\.py", rule)
            yield pytest.param(stage[1], env[1], id=rule.split(":")[0])


@pytest.mark.parametrize(("stage", "environment"), list(rules_with_environments()))
def test_the_environment_of_a_rule_holds_what_its_stage_imports(stage, environment):
    """Python under `script:` finds the launcher's packages too, so that a missing one would go unseen there."""
    assert needed(reached_files(SCRIPTS / f"{stage}.py")) - listed(environment).keys() == set()


def test_the_launcher_holds_what_the_workflow_and_the_command_lines_import():
    rules = [REPO / "Snakefile", *(REPO / "rules").glob("*.smk")]
    modules = {m for rule in rules for m in re.findall(r"^from (mmm_builder[\w.]*) import", rule.read_text(), re.M)}
    starts = [*LAUNCHED, *(module.replace(".", "/") for module in modules)]
    reached = {path for start in starts for path in reached_files(SCRIPTS / f"{start}.py")}
    assert needed(reached) - listed("launcher").keys() == set()
    assert {"snakemake-minimal", "snakemake-executor-plugin-slurm"} <= listed("launcher").keys()


@pytest.mark.parametrize("environment", [file.stem for file in ENVIRONMENTS])
def test_versions_are_those_of_the_lock_unless_conda_forge_did_not_have_them(environment):
    lock = locked()
    for name, version in listed(environment).items():
        there = lock.get(PYPI_NAMES.get(name, name))
        if there is None or name in NOT_IN_THE_RECIPES:
            continue
        assert fnmatch.fnmatch(there, version), f"{name} {version}, in the lock {there}"


def test_what_differs_from_the_lock_still_differs():
    lock, found = locked(), {name: version for file in ENVIRONMENTS for name, version in listed(file.stem).items()}
    for name, version in NOT_IN_THE_RECIPES.items():
        assert found[name] == version
        assert not fnmatch.fnmatch(lock[PYPI_NAMES.get(name, name)], version), f"{name} is that of the lock by now"


def test_environments_agree_on_versions():
    pinned: dict[str, set[str]] = {}
    for file in ENVIRONMENTS:
        for dependency in yaml.safe_load(Path(file).read_text())["dependencies"]:
            name, _, version = dependency.partition("=")
            pinned.setdefault(name, set()).add(version)
    assert {name: found for name, found in pinned.items() if len(found) > 1 and name != "jaxlib"} == {}
