"""The import directions of the project, held by reading its syntax trees."""

import ast
import re
import subprocess
import sys

import pytest

from mmm_builder.provenance import SCRIPTS, direct_imports, reached_files

REPO = SCRIPTS.parent
LIBRARY = SCRIPTS / "mmm_builder"
STAGES = sorted(p for p in SCRIPTS.glob("*.py") if p.name != "__init__.py")
MODULES = sorted(p for p in LIBRARY.rglob("*.py") if p.name != "__init__.py")
SEVEN = {
    "data_analyzer", "config_generator", "model_trainer", "diagnostics_checker", "oos_validator", "iteration_engine",
    "orchestrator",
}  # fmt: skip

FOUNDATION = {"errors", "strict", "distributions", "spec", "data_profile", "evidence", "verdicts"}
"""Modules that import nothing of ours but one another."""

ALLOWED = {
    "": set(),
    "reading": set(),
    "shaping": {"reading"},
    "profiling": {"reading", "shaping"},
    "modelling": set(),
    "judging": {"modelling"},
    "policy": {"modelling", "judging"},
    "reporting": {"modelling", "judging", "policy"},
    "running": {"reporting"},
    "verifying": {"modelling", "running"},
    "simulation": {"modelling"},
}
"""Which rooms of the library a room may import from, beside itself and the modules that stand in no room."""

WITHOUT_PYMC = ("reading", "shaping", "profiling", "judging", "policy", "reporting", "running", "verifying")
NEVER_TRAINED_AGAIN = {*WITHOUT_PYMC, "simulation"}
"""Rooms that may be edited without training again."""


def imported_names(path):
    """Return the full names that a file imports from outside itself, relative imports left out."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return names


def packages(paths):
    """Return the packages beside ours and Python's own that some files import."""
    roots = {name.split(".")[0] for path in paths if path.suffix == ".py" for name in imported_names(path)}
    ours = {"mmm_builder", "scripts", *(stage.stem for stage in STAGES)}
    return roots - ours - set(sys.stdlib_module_names)


def room(path):
    """Return the room of the library that a module stands in, empty for none."""
    return "" if path.parent == LIBRARY else path.parent.name


def stems(paths):
    return {path.stem for path in paths}


def test_the_seven_components_are_there():
    assert stems(STAGES) >= SEVEN


@pytest.mark.parametrize("stage", STAGES, ids=lambda path: path.stem)
def test_stages_import_the_library_and_never_one_another(stage):
    others = stems(p for p in direct_imports(stage) if p.parent == SCRIPTS) - {"__init__"}
    assert others <= ({"iteration_engine"} if stage.stem == "orchestrator" else set())


@pytest.mark.parametrize("stage", STAGES, ids=lambda path: path.stem)
def test_stages_define_no_classes_and_no_future(stage):
    tree = ast.parse(stage.read_text(encoding="utf-8"))
    assert not [n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef)], "a class here has two identities"
    assert "__future__" not in imported_names(stage), "a SyntaxError under Snakemake's `script:`"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_library_neither_imports_nor_starts_snakemake(module):
    assert not {name for name in imported_names(module) if name.split(".")[0] in ("snakemake", "subprocess")}
    assert not [p for p in direct_imports(module) if p.parent == SCRIPTS]


def test_only_the_engine_starts_a_process():
    assert {s.stem for s in STAGES if "subprocess" in imported_names(s)} == {"iteration_engine"}


@pytest.mark.parametrize("name", sorted(FOUNDATION))
def test_specs_and_verdicts_import_nothing_of_ours(name):
    assert stems(direct_imports(LIBRARY / f"{name}.py")) - {"__init__"} <= FOUNDATION


def test_there_are_no_cycles():
    state = {}

    def visit(path, trail):
        if state.get(path) == "done" or path.suffix != ".py":
            return
        assert path not in trail, " → ".join(p.stem for p in [*trail[trail.index(path) :], path])
        for imported in direct_imports(path):
            visit(imported, [*trail, path])
        state[path] = "done"

    for path in [*STAGES, *MODULES]:
        visit(path, [])


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{room(path)}.{path.stem}")
def test_rooms_import_in_one_direction(module):
    imported = {room(p) for p in direct_imports(module) if p.suffix == ".py" and p.stem != "__init__"}
    assert imported - {"", room(module)} <= ALLOWED[room(module)]


def test_every_room_is_in_the_table():
    assert {room(module) for module in MODULES} == set(ALLOWED)


@pytest.mark.parametrize("name", WITHOUT_PYMC)
def test_only_modelling_reaches_pymc(name):
    reached = {file for module in MODULES if room(module) == name for file in reached_files(module)}
    assert not packages(reached) & {"pymc", "pytensor", "nutpie"}


def test_editing_the_policy_or_a_report_never_trains_again():
    assert not {room(p) for p in reached_files(SCRIPTS / "model_trainer.py")} & NEVER_TRAINED_AGAIN


def test_no_rule_that_configures_or_trains_takes_what_holds_held_out_figures():
    rules = {}
    for file in (REPO / "rules").glob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint) ", file.read_text(), flags=re.M)[1:]:
            rules[rule.split(":")[0]] = rule.partition("output:")[0]
    takers = {name for name, inputs in rules.items() if re.search(r"\b(HOLDOUT|DATA_SERIES|PROFILE_PAGE)\b", inputs)}
    assert "validate" in takers
    assert not takers & {"configure_first", "configure_next", "train_cpu", "train_gpu", "diagnose", "screen", "decide"}


def test_the_trainer_reaches_the_model():
    assert {"terms", "transforms", "model", "sampling"} <= stems(reached_files(SCRIPTS / "model_trainer.py"))


def test_wording_and_vocabulary_never_decide_again():
    rule = (REPO / "rules" / "iterate.smk").read_text().split("checkpoint decide:")[1]
    digested = re.search(r'code_digest\("([\w/]+)"\)', rule)[1]
    reached = reached_files(SCRIPTS / f"{digested}.py")
    assert "remedies" in stems(reached)
    assert not {room(p) for p in reached} & {"reading", "shaping", "profiling", "running", "reporting"}


def test_the_snakefile_imports_the_light_part_only():
    rules = [REPO / "Snakefile", *(REPO / "rules").glob("*.smk")]
    modules = {m for rule in rules for m in re.findall(r"^from (mmm_builder[\w.]*) import", rule.read_text(), re.M)}
    assert modules
    heavy = ("numpy", "pandas", "scipy", "xarray", "pymc", "pytensor", "arviz", "matplotlib")
    code = f"import sys, {', '.join(sorted(modules))}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_stay_small():
    sizes = {p.relative_to(REPO): len(p.read_text("utf-8").splitlines()) for p in [*STAGES, *MODULES]}
    assert {path: size for path, size in sizes.items() if size > 310} == {}
