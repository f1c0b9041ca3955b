"""Kept machine code of a log-density: the same values and draws as the model, in any process, on data of any size."""

import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from scipy.special import cython_special
from small_model import build, make_data

from mmm_builder.modelling import compiled, compiling, drawing
from mmm_builder.modelling.compiled import load_or_compile

FOLDER = Path(__file__).parent
KEY = "small model"
SAMPLING = {"chains": 2, "draws": 60, "tune": 80, "target_accept": 0.9, "seed": 4}


def start(rng):
    return rng.uniform(-0.5, 0.5, 14)


def digest(draws):
    return hashlib.sha256(draws.values.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def density(folder):
    return load_or_compile(KEY, lambda: build(make_data()), make_data(), folder)


@pytest.fixture
def kept(density, folder):
    """The kept file, put back afterwards."""
    (path,) = folder.glob("*.density")
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


@pytest.mark.parametrize("sizes", [{}, {"channels": 4, "rows": 9}, {"channels": 1, "rows": 50, "terms": 2}], ids=str)
def test_values_and_gradients_are_the_models_at_any_size(density, sizes):
    data = make_data(**sizes)
    model, bound = build(data), density.with_data(**data)
    x = np.random.default_rng(0).normal(0, 0.3, bound.n_dim)
    logp, gradient = bound.logp_and_gradient(x)
    point = bound.split(x)
    assert logp == pytest.approx(float(model.compile_logp(mode="FAST_COMPILE")(point)), rel=1e-12)
    np.testing.assert_allclose(gradient, model.compile_dlogp(mode="FAST_COMPILE")(point), rtol=1e-9, atol=1e-9)
    assert list(bound.layout) == [model.rvs_to_values[v].name for v in model.free_RVs]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kpi": np.zeros((2, 2))}, "'kpi' has 2 axes"),
        ({"kpi": np.zeros(7)}, "along 'row'"),
        ({"mistake": np.zeros(7)}, "unknown .*mistake"),
    ],
)
def test_data_that_do_not_fit_are_errors(density, change, said):
    with pytest.raises(ValueError, match=said):
        density.with_data(**change)


def test_bound_data_are_copies(density):
    data = make_data()
    bound = density.with_data(**data)
    before = bound.logp_and_gradient(np.zeros(bound.n_dim))[0]
    data["kpi"] += 1.0
    assert bound.logp_and_gradient(np.zeros(bound.n_dim))[0] == before


def test_a_parameter_vector_of_another_length_is_an_error(density):
    with pytest.raises(ValueError, match="14 values"):
        density.logp_and_gradient(np.zeros(13))


def test_a_fresh_process_draws_the_same_without_pymc(density, folder, kept):
    before = kept.stat().st_mtime_ns
    code = (
        "import sys, hashlib, pathlib\n"
        f"sys.path[:0] = {[str(FOLDER.parents[1] / 'scripts'), str(FOLDER)]!r}\n"
        "from mmm_builder.modelling.compiled import load_or_compile\n"
        "from mmm_builder.modelling.drawing import draw\n"
        "from small_model import make_data\n"
        f"density = load_or_compile({KEY!r}, None, make_data(), pathlib.Path({str(folder)!r}))\n"
        "start = lambda rng: rng.uniform(-0.5, 0.5, 14)\n"
        f"draws = draw(density, start, cores=2, **{SAMPLING!r})\n"
        "print(hashlib.sha256(draws.values.tobytes()).hexdigest())\n"
        "print([m for m in ('pymc', 'pytensor', 'arviz', 'matplotlib') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    here = digest(drawing.draw(density, start, cores=1, **SAMPLING))
    assert done.stdout.split("\n")[:2] == [here, "[]"]
    assert kept.stat().st_mtime_ns == before


def test_compiling_anew_draws_the_same(density):
    again = load_or_compile(KEY, lambda: build(make_data()), make_data(), None)
    assert digest(drawing.draw(again, start, cores=2, **SAMPLING)) == digest(
        drawing.draw(density, start, cores=2, **SAMPLING)
    )


@pytest.mark.parametrize(
    "damage",
    {
        "truncated": lambda content: content[: len(content) // 2],
        "empty": lambda content: b"",
        "one byte": lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
        "foreign": lambda content: b"something else entirely\n" * 100,
    }.items(),
    ids=lambda damage: damage[0],
)
def test_a_damaged_file_is_compiled_anew_and_overwritten(kept, folder, damage, monkeypatch, density):
    whole = kept.read_bytes()
    kept.write_bytes(damage[1](whole))
    monkeypatch.setattr(compiling, "compile_model", lambda model: parts(whole))
    again = load_or_compile(KEY, lambda: None, make_data(), folder)
    assert kept.read_bytes() == whole
    x = np.zeros(14)
    assert again.logp_and_gradient(x)[0] == density.logp_and_gradient(x)[0]


def parts(content, **changes):
    """Return what a kept file was written from."""
    header, _, rest = content[len(compiled.MAGIC) :].partition(b"\n")
    description = json.loads(header)
    del description["identity"]
    functions = cython_special.__pyx_capi__
    description["addresses"] = {
        name: compiled._address(functions[function]) if function else 0
        for name, function in description.pop("pointers").items()
    }
    return description | changes, rest[: -compiled.DIGEST().digest_size]


@pytest.mark.parametrize(
    "changed",
    [(compiled.llvm, "get_host_cpu_name", lambda: "another"), (compiled, "version", lambda name: "0")],
    ids=["machine", "version"],
)
def test_code_for_another_machine_or_version_is_not_taken(density, folder, monkeypatch, changed):
    def build_anew():
        raise NotImplementedError("building")

    load_or_compile(KEY, build_anew, make_data(), folder)
    monkeypatch.setattr(*changed)
    with pytest.raises(NotImplementedError, match="building"):
        load_or_compile(KEY, build_anew, make_data(), folder)


def test_code_that_calls_what_is_not_there_is_not_taken(kept):
    description, code = parts(kept.read_bytes())
    assert compiled._loaded(description | {"pointers": {}, "externals": ["no_such_function"]}, code) is None


def test_code_with_addresses_of_this_process_is_not_kept(kept, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(compiling, "compile_model", lambda model: parts(kept.read_bytes(), addresses={"a": 12345}))
    with caplog.at_level(logging.WARNING):
        load_or_compile(KEY, lambda: None, make_data(), tmp_path)
    assert "isn't kept" in caplog.text
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told_and_no_error(kept, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(compiling, "compile_model", lambda model: parts(kept.read_bytes()))
    with caplog.at_level(logging.WARNING):
        load_or_compile(KEY, lambda: None, make_data(), tmp_path / "file")
    assert "isn't kept" in caplog.text


def test_draws_follow_the_seed_and_not_the_cores(density):
    first = drawing.draw(density, start, cores=2, **SAMPLING)
    assert first.values.shape == (2, 60, 14)
    assert {name for name, values in first.statistics.items() if values.shape != (2, 60)} == set()
    assert {"diverging", "energy", "n_steps", "step_size", "depth"} <= first.statistics.keys()
    assert digest(drawing.draw(density, start, cores=1, **SAMPLING)) == digest(first)
    assert digest(drawing.draw(density, start, cores=2, **SAMPLING | {"seed": 5})) != digest(first)


def test_draws_have_the_models_posterior():
    """Ten observations of a normal mean with a normal prior: the posterior is known."""
    y = np.random.default_rng(3).normal(1.0, 1.0, 10)

    def model():
        with pm.Model() as normal:
            pm.Normal("y", pm.Normal("mean", 0.0, 2.0), 1.0, observed=pm.Data("data", y))
        return normal

    bound = load_or_compile("normal", model, {"data": y}, None)
    drawn = drawing.draw(bound, np.zeros(1), chains=4, draws=1000, tune=500, target_accept=0.8, seed=1, cores=2)
    precision = 0.25 + len(y)
    assert drawn.values.mean() == pytest.approx(y.sum() / precision, abs=0.03)
    assert drawn.values.std() == pytest.approx(precision**-0.5, rel=0.05)


def test_a_kernel_compiled_on_the_way_can_be_called_from_python(density):
    from small_kernel import forward

    np.testing.assert_allclose(forward(np.ones((2, 3)), np.array([1.0, 3.0])), [[0.5] * 3, [0.25] * 3])


def test_old_files_make_room(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "compile_model", lambda model: parts(kept.read_bytes()))
    monkeypatch.setattr(compiled, "MOST_KEPT", 2)
    for key in "abc":
        load_or_compile(key, lambda: None, make_data(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupt_ends_the_sampler(density, monkeypatch):
    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(drawing.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        drawing.draw(density, start, cores=1, **SAMPLING | {"draws": 10_000_000})


def test_the_parts_of_numba_and_nutpie_that_are_not_documented_are_there():
    library = compiling.JITCodeLibrary
    ours = {n for n, v in vars(compiling._Linked).items() if callable(v)} - {"_emit", "_defines"}
    assert {name for name in ours if not hasattr(library, name)} == set()
    assert callable(compiling.arrayobj.raise_with_shape_context)
    nuts = drawing.nuts_library()
    needed = ("PyNutsSettings", "PySampler", "PyMcModel", "LogpFunc", "ExpandFunc", "PyVariable", "PyStorage")
    assert {name for name in needed if not hasattr(nuts, name)} == set()
    import nutpie

    assert nutpie._lib is nuts
