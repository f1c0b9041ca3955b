"""Drawing from a compiled log-density with nuts-rs, nutpie's sampler, without nutpie's Python layer.

That layer brings arviz and its plotting, four times as long to import as the sampling takes.
"""

import sys
import time
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pyarrow
from llvmlite import binding as llvm

from .compiled import Density, Report

POLL_SECONDS = 0.02
FIRST_LOOK_SECONDS = 3.0
"""Sampling is mostly over by then; a look at a running sampler copies its draws."""

Start = Callable[[np.random.Generator], np.ndarray]

NOT_STATISTICS = ("chain", "draw", "tuning")


class Draws(NamedTuple):
    """What a sampler drew after warm-up.

    values : (chain, draw, parameter), unconstrained, in the order of `Density.layout`
    statistics : (chain, draw) each: diverging, energy, depth, n_steps, step_size, logp, ...
    seconds : of sampling, warm-up included
    """

    values: np.ndarray
    statistics: dict[str, np.ndarray]
    seconds: float


def draw(
    density: Density,
    start: Start | np.ndarray,
    *,
    chains: int,
    draws: int,
    tune: int,
    target_accept: float,
    seed: int,
    cores: int,
    report: Report = lambda *_: None,
) -> Draws:
    """Return draws. The same seed gives the same draws.

    start : a function of a random generator that gives a starting point (parameter,), or points
        (point, parameter), of which each chain takes one at random
    """
    library = nuts_library()
    settings = library.PyNutsSettings.Diag(seed)
    settings.num_tune, settings.num_draws, settings.num_chains = tune, draws, chains
    settings.target_accept = target_accept
    report("sampling", 0.0, None)
    began = time.monotonic()
    model, kept = _nuts_model(library, density, start)
    sampler = library.PySampler.from_pymc(
        settings, min(cores, chains), model, library.ProgressType.none(), library.PyStorage.arrow()
    )
    try:
        next_look = FIRST_LOOK_SECONDS
        while not _is_finished(sampler):
            time.sleep(POLL_SECONDS)
            elapsed = time.monotonic() - began
            if elapsed > next_look:
                rows = sum(batch.num_rows for batch in sampler.inspect().get_arrow_trace()[0])
                done = min(1.0, rows / (chains * (draws + tune)))
                report("sampling", done, elapsed * (1.0 - done) / done if done > 0 else None)
                next_look = 1.5 * elapsed
        sampler.wait(None)
    except BaseException:
        sampler.abort()
        raise
    drawn, told = sampler.take_results().get_arrow_trace()
    del kept
    report("sampling", 1.0, 0.0)
    values = np.stack([_values(pyarrow.record_batch(batch))[tune:] for batch in drawn])
    each = [_statistics(pyarrow.record_batch(batch)) for batch in told]
    statistics = {name: np.stack([chain[name][tune:] for chain in each]) for name in each[0]}
    return Draws(values, statistics, time.monotonic() - began)


def nuts_library() -> ModuleType:
    """Return nutpie's compiled part, loaded without its package."""
    name = "nutpie._lib"
    if name not in sys.modules:
        package = find_spec("nutpie")
        finder = FileFinder(package.submodule_search_locations[0], (ExtensionFileLoader, EXTENSION_SUFFIXES))
        found = finder.find_spec(name)
        library = module_from_spec(found)
        found.loader.exec_module(library)
        sys.modules[name] = library  # a later `import nutpie` takes this one; it can't be loaded twice
    return sys.modules[name]


def _nuts_model(library: ModuleType, density: Density, start: Start | np.ndarray) -> tuple[Any, Any]:
    """Return the sampler's model, and what must outlive it."""
    points = None if callable(start) else np.atleast_2d(start)
    draw_start = start if points is None else lambda rng: points[rng.integers(len(points))]
    n, data = density.n_dim, density.pointers.ctypes.data
    engine, copy = _copy_function()
    kept = (density, engine)
    model = library.PyMcModel(
        library.LogpFunc(density.address, data, kept),
        library.ExpandFunc(n, n, copy, data, kept),
        library.PyVariable.new_variables(["x"], ["float64"], [[n]], {"parameter": n}, {"x": ["parameter"]}),
        n,
        {"parameter": n},
        {},
        lambda seed: np.ascontiguousarray(draw_start(np.random.default_rng(seed)), dtype=float),
        None,
    )
    return model, kept


COPY = """
define i64 @copy(i64 %n, i64 %m, ptr %from, ptr %to, ptr %data) {
  %bytes = mul i64 %n, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  ret i64 0
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""
"""What nutpie calls to get from parameters to what is stored: the same."""


def _copy_function() -> tuple[llvm.ExecutionEngine, int]:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(COPY), machine)
    engine.finalize_object()
    return engine, engine.get_function_address("copy")


def _is_finished(sampler: Any) -> bool:
    """Tell whether a background sampler is done; nutpie answers with a TimeoutError while it isn't."""
    try:
        return sampler.is_finished()
    except TimeoutError:
        return False


def _values(batch: pyarrow.RecordBatch) -> np.ndarray:
    """Return the draws (draw, parameter) of one chain, warm-up included."""
    return batch.column("x").flatten().to_numpy(zero_copy_only=False).reshape(batch.num_rows, -1)


def _statistics(batch: pyarrow.RecordBatch) -> dict[str, np.ndarray]:
    """Return the statistics of one chain that are one number a draw, warm-up included."""
    names = [f.name for f in batch.schema if pyarrow.types.is_primitive(f.type) and f.name not in NOT_STATISTICS]
    return {name: batch.column(name).to_numpy(zero_copy_only=False) for name in names}
