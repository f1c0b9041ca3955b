"""Which code a result depends on: digests over a stage's transitive imports, and the versions it ran with.

Snakemake watches a `script:` file by its time only and the modules that it imports not at all; with the digest
as a rule parameter, editing a remedy decides again without retraining, and editing the model retrains.
"""

import ast
import functools
import hashlib
import importlib.metadata
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data"
PACKAGE = "mmm_builder"
REPORTED_PACKAGES = (
    "pymc", "pytensor", "nutpie", "numba", "llvmlite", "jax", "jaxlib", "numpyro", "arviz", "numpy", "scipy", "pandas",
    "xarray", "snakemake",
)  # fmt: skip


def code_digest(stage: str) -> str:
    """Return a digest of everything under `scripts/` that the stage (`model_trainer`, say) reaches."""
    digest = hashlib.sha256()
    for path in reached_files(SCRIPTS / f"{stage}.py"):
        digest.update(path.relative_to(SCRIPTS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def reached_files(start: Path) -> list[Path]:
    """Return the file, the modules of ours that it imports directly or not, and the data files they name."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += direct_imports(path) if path.suffix == ".py" else []
    return sorted(seen)


@functools.cache
def direct_imports(path: Path) -> list[Path]:
    """Return the modules of ours that a file imports, and the files of `mmm_builder/data` that it names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [_module_file(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node.level, node.module or "")
            found.append(_module_file(base))
            found += [_module_file(f"{base}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Constant) and _is_data_file(node.value):
            found.append(DATA / node.value)
    return [f for f in dict.fromkeys(found) if f is not None and f != path]


def _absolute(path: Path, level: int, module: str) -> str:
    """Return the full name of a module imported in `path`, relative (level 1: its own folder) or not."""
    if level == 0:
        return module
    package = path.relative_to(SCRIPTS).parts[:-level]
    return ".".join((*package, *([module] if module else [])))


def _is_data_file(value: object) -> bool:
    """Tell whether a constant is the name of a file in `mmm_builder/data`."""
    return isinstance(value, str) and 0 < len(value) < 60 and "/" not in value and (DATA / value).is_file()


def _module_file(name: str) -> Path | None:
    """Return the file of one of our modules; None for anything else."""
    path = SCRIPTS / (name.removeprefix("scripts.").replace(".", "/") + ".py")
    if name.split(".")[0] in (PACKAGE, "scripts") or path.parent == SCRIPTS:
        return path if path.is_file() else None
    return None


def versions() -> dict[str, str]:
    """Return the versions of the packages that results depend on, as far as they are installed here."""
    found = {}
    for package in REPORTED_PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
