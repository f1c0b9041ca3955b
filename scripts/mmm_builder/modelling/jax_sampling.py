"""NUTS as one JAX program, all chains side by side: what trains on a GPU, and on whatever else JAX has.

PyMC's own bridge to numpyro (`pymc.sampling.jax`) writes the data into the program as constants, so that each of the
dozen fits of a training would be compiled anew. Here data are arguments: fits whose arrays have the same shapes share a
program, and `padded` gives the folds the shapes of the whole calendar. The log-density is PyTensor's JAX form of the
graph that the CPU path compiles too; the sampler is numpyro's (Phan, Pradhan and Jankowiak 2019).
"""

import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytensor.tensor as pt
from numpyro.infer.hmc import hmc
from pymc import Model
from pytensor import clone_replace
from pytensor.compile.mode import JAX
from pytensor.graph.fg import FunctionGraph
from pytensor.link.jax.dispatch import jax_funcify

from ..spec import ModelSpec
from .compiled import Report
from .design import Design
from .drawing import Draws
from .graphs import register_jax
from .layout import dims_of_data, model_data, prior_medians, structure
from .model import build_model

Arrays = dict[str, Any]

NOTHING_THERE = {"weight", "q_training", "test_window"}
"""Arrays that are zero on the rows that padding adds, so that those tell nothing; all others repeat their last row."""

PROGRAMS: dict[str, Callable[..., dict[str, Any]]] = {}
"""Compiled programs of this process by `_key`; a training has a handful."""


def log_density(design: Design, spec: ModelSpec, arrays: Arrays) -> Callable[[Any, Arrays], Any]:
    """Return a JAX function of the sampler's vector (size,) and the data: the log-density, Jacobians included.

    arrays : the data whose shapes the function takes
    """
    register_jax()
    model = build_model(design, spec)
    given = {name: pt.tensor(name, dtype=model[name].dtype, shape=value.shape) for name, value in arrays.items()}
    shapes = _shapes(model)
    values = [pt.tensor(v.name, dtype=v.dtype, shape=shape) for v, shape in zip(model.value_vars, shapes, strict=True)]
    replaced = dict(zip(model.value_vars, values, strict=True)) | {model[name]: array for name, array in given.items()}
    replaced |= {size: pt.constant(size.get_value()) for size in model.dim_lengths.values()}
    density = clone_replace([model.logp()], replaced, rebuild_strict=False)
    graph = FunctionGraph(inputs=[*values, *given.values()], outputs=density, clone=True)
    JAX.optimizer.rewrite(graph)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Skipping Check")
        function = jax_funcify(graph)
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])

    def evaluate(x: Any, data: Arrays) -> Any:
        parts = [part.reshape(shape) for part, shape in zip(jnp.split(x, ends[:-1]), shapes, strict=True)]
        return function(*parts, *(data[name] for name in given))[0]

    return evaluate


def _shapes(model: Model) -> list[tuple[int, ...]]:
    point = model.initial_point()
    return [np.shape(point[v.name]) for v in model.value_vars]


def padded(design: Design, spec: ModelSpec, n_rows: int) -> Arrays:
    """Return the model's data with as many rows as asked for, those added with weight zero."""
    dims, data = dims_of_data(design, spec), model_data(design, spec)
    for name, value in data.items():
        if "date" in dims.get(name, ()):
            axis = dims[name].index("date")
            added = [(0, n_rows - value.shape[axis] if i == axis else 0) for i in range(value.ndim)]
            data[name] = np.pad(value, added, **({} if name in NOTHING_THERE else {"mode": "edge"}))
    return data


def draw_vectorized(design: Design, spec: ModelSpec, *, n_rows: int | None, float_type: str, report: Report) -> Draws:
    """Return draws on the sampler's scale, as `drawing.draw` does. The same seed gives the same draws on one device.

    n_rows : rows to pad the data to, so that fits of fewer rows share a program; None for the design's own
    float_type : `float64` or `float32`; in the latter everything is computed in single precision
    """
    sampler = spec.sampler
    data = padded(design, spec, n_rows or len(design.weight))
    medians, rng = prior_medians(design, spec), np.random.default_rng(sampler.seed)
    start = medians + rng.uniform(-1.0, 1.0, (sampler.chains, len(medians)))
    with jax.enable_x64(float_type == "float64"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Explicitly requested dtype")
        arguments = (
            jax.random.split(jax.random.PRNGKey(sampler.seed), sampler.chains),
            jnp.asarray(start, float_type),
            {name: jnp.asarray(v, float_type if v.dtype.kind == "f" else None) for name, v in data.items()},
        )
        key = _key(design, spec, data, float_type)
        if key not in PROGRAMS:
            report("compiling", 0.0, None)
            program = _program(log_density(design, spec, data), spec)
            PROGRAMS[key] = jax.jit(program).lower(*arguments).compile()
        report("sampling", 0.0, None)
        began = time.monotonic()
        drawn = {name: np.asarray(value) for name, value in PROGRAMS[key](*arguments).items()}
    report("sampling", 1.0, 0.0)
    return Draws(drawn.pop("x").astype(float), drawn, time.monotonic() - began)


def _key(design: Design, spec: ModelSpec, data: Arrays, float_type: str) -> str:
    """Return all that a program depends on beside what it is given, as text."""
    shapes = {name: value.shape for name, value in data.items()}
    nuts = spec.sampler.model_dump(exclude={"seed"})
    return structure(design, spec) + json.dumps([shapes, nuts, float_type])


def _program(density: Callable[[Any, Arrays], Any], spec: ModelSpec) -> Callable[..., dict[str, Any]]:
    """Return the function of keys (chain, …), starting points (chain, parameter) and data that samples."""
    sampler = spec.sampler
    first, following = hmc(potential_fn_gen=lambda data: lambda x: -density(x, data), algo="NUTS")

    def chain(key: Any, start: Any, data: Arrays) -> dict[str, Any]:
        state = first(
            start, sampler.tune, target_accept_prob=sampler.target_accept, rng_key=key, model_args=(data,)
        )  # fmt: skip

        def step(i: Any, carried: tuple[Any, dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
            state = following(carried[0], model_args=(data,))
            kept = jax.tree.map(lambda all_, now: all_.at[jnp.maximum(i - sampler.tune, 0)].set(now), carried[1],
                                _told(state))  # fmt: skip
            return state, kept

        # one loop and not one for the warm-up and one for the draws, which would be compiled twice
        room = jax.tree.map(lambda now: jnp.zeros((sampler.draws, *now.shape), now.dtype), _told(state))
        return jax.lax.fori_loop(0, sampler.tune + sampler.draws, step, (state, room))[1]

    return jax.vmap(chain, in_axes=(0, 0, None))


def _told(state: Any) -> dict[str, Any]:
    """Return what is kept of a draw, under the names of the CPU's sampler."""
    return {
        "x": state.z, "diverging": state.diverging, "n_steps": state.num_steps, "energy": state.energy,
        "logp": -state.potential_energy, "step_size": state.adapt_state.step_size,
    }  # fmt: skip
