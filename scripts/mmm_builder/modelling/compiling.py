"""From a PyMC model to the machine code of its log-density and gradient: what `compiled` does when none is kept.

What isn't a documented interface of PyTensor and numba stands in `_traced`, `_Linked` and `_one_emission`;
`tests/unit/test_compiled.py` fails when it changes.
"""

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .pytensor_flags import with_defaults

os.environ["PYTENSOR_FLAGS"] = with_defaults(os.environ.get("PYTENSOR_FLAGS", ""))

import numba
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numba.core import cgutils
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload
from numba.np import arrayobj
from pymc.pytensorf import compile as pymc_compile
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.link.numba.dispatch.basic import numba_njit

Size = int | tuple[str, int]
"""A size: a number, or that of (name of an array of the data, axis)."""

ADDRESS = "numba.dynamic.globals."
"""Begins the names of numba's variables for addresses of this process; the address follows."""

SIGNATURE = numba.int64(
    numba.int64,
    numba.types.CPointer(numba.float64),
    numba.types.CPointer(numba.float64),
    numba.types.CPointer(numba.float64),
    numba.types.CPointer(numba.int64),
)


class _Traced(NamedTuple):
    """A model's log-density and gradient as a function (x, *arrays) that numba can compile."""

    variables: dict[str, tuple[Size, ...]]
    arrays: list[SharedVariable]
    function: Any


def compile_model(model: pm.Model) -> tuple[dict[str, Any], bytes]:
    """Return what is to know of a model's compiled log-density, and its object code.

    The code is `int64 f(int64 n, double *x, double *gradient, double *value, int64 *data)`: 0 for success, 1 for an
    exception, 2 for a wrong n, 3 for a value or gradient that isn't finite; `data` holds each array's address and
    shape. The size of a variable's dim follows the data if a `pm.Data` names the same dim; all others are fixed.
    Of the description, `addresses` tells which variables of the code hold addresses of this process, 0 for those that
    are never looked at: the Python objects beside function pointers.
    """
    collecting = gc.isenabled()
    gc.disable()  # millions of small objects, all of them in use
    try:
        with pytensor.config.change_flags(numba__cache=False), _one_emission(), warnings.catch_warnings():
            warnings.simplefilter("ignore", numba.NumbaWarning)
            traced = _traced(model)
            compiled = numba.cfunc(SIGNATURE)(_callback(traced))
            library = compiled._library
    finally:
        if collecting:
            gc.enable()
    code, module = library._get_compiled_object(), library._final_module
    addresses = {g.name: int(g.name[len(ADDRESS) :], 16) for g in module.global_variables if g.name.startswith(ADDRESS)}
    wrappers = {id(o) for o in gc.get_objects() if issubclass(type(o), numba.types.WrapperAddressProtocol)}
    used = {a.name for a in traced.arrays}
    data = {v.name: v for v in _data(model)}
    described = {
        "symbol": compiled.native_name,
        "variables": traced.variables,
        "arrays": {a.name: (str(a.dtype), a.ndim) for a in traced.arrays},
        "unused": {name: (str(v.dtype), v.ndim) for name, v in data.items() if name not in used},
        "dims": {name: model.named_vars_to_dims[name] for name in data if name in model.named_vars_to_dims},
        "externals": [f.name for f in module.functions if f.is_declaration and f.name[:5] != "llvm."],
        "addresses": {name: 0 if a in wrappers else a for name, a in addresses.items()},
    }
    return described, code


def _traced(model: pm.Model) -> _Traced:
    values = [model.rvs_to_values[v] for v in model.free_RVs]
    logp = model.logp()
    rewrites = ["canonicalize", "stabilize"] + ["local_remove_check_parameter"] * (not model.check_bounds)
    logp = pytensor.graph.rewrite_graph(logp, include=rewrites)
    gradient = pt.concatenate([pt.as_tensor(g).ravel() for g in pytensor.gradient.grad(logp, values)])
    variables, replaced = _sizes(model), {}
    is_fixed = all(isinstance(size, int) for shape in variables.values() for size in shape)
    n = sum(int(np.prod(shape)) for shape in variables.values()) if is_fixed else None
    x = pt.tensor("x", dtype="float64", shape=(n,))
    start = 0
    for value in values:
        shape = [size if isinstance(size, int) else model[size[0]].shape[size[1]] for size in variables[value.name]]
        count = 1
        for size in shape:
            count = count * size
        part = x[start : start + count]
        replaced[value] = (x[start] if not shape else part if len(shape) == 1 else part.reshape(shape)).astype(
            value.dtype
        )
        start = start + count
    logp, gradient = pytensor.clone_replace([logp, gradient], replaced)
    with model:
        function = pymc_compile((x,), (logp, gradient), mode="NUMBA")
    return _Traced(variables, function.get_shared(), numba_njit(function.vm.jit_fn.py_func))


def _data(model: pm.Model) -> list[SharedVariable]:
    return [v for v in model.named_vars.values() if isinstance(v, SharedVariable)]


def _sizes(model: pm.Model) -> dict[str, tuple[Size, ...]]:
    """Return the sizes of the unconstrained variables, in the model's order."""
    of_dim: dict[str, tuple[str, int]] = {}
    for array in _data(model):
        for axis, dim in enumerate(model.named_vars_to_dims.get(array.name, ())):
            if dim is not None:
                of_dim.setdefault(dim, (array.name, axis))
    point, sizes = model.initial_point(), {}
    for variable in model.free_RVs:
        name = model.rvs_to_values[variable].name
        shape = tuple(int(size) for size in np.shape(point[name]))
        dims = model.named_vars_to_dims.get(variable.name, ())
        if tuple(model.dim_lengths[d].eval() if d else -1 for d in dims) == shape:
            shape = tuple(of_dim.get(dim, size) for dim, size in zip(dims, shape, strict=True))
        sizes[name] = shape
    return sizes


def _callback(traced: _Traced) -> Any:
    """Return the Python function that numba compiles to the C function."""
    arguments, at = [], 0
    for position, array in enumerate(traced.arrays):
        shape = "".join(f"data[{at + 1 + axis}], " for axis in range(array.ndim))
        arguments.append(f"carray(as_pointer(data[{at}]), ({shape}), dtype{position})")
        at += 1 + array.ndim
    scope = {f"dtype{position}": np.dtype(array.dtype) for position, array in enumerate(traced.arrays)}
    scope |= {"carray": numba.carray, "as_pointer": _as_pointer, "function": traced.function}
    exec(f"def bound(x, data): return function({', '.join(['x', *arguments])})", scope)
    bound = numba_njit(scope["bound"])

    def log_density(n, x, gradient, value, data):
        try:  # one line of it only: numba takes long over each
            logp, slopes = bound(numba.carray(x, (n,)), data)
        except Exception:
            return 1
        if slopes.size != n:
            return 2
        value[0] = logp.item()
        finite = np.isfinite(value[0])
        for i in range(n):
            gradient[i] = slopes[i]
            finite = finite and np.isfinite(slopes[i])
        return 0 if finite else 3

    return log_density


@intrinsic
def _as_pointer(typing_context, address):
    """Make a `void *` of an address."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return numba.types.voidptr(address), generate


def _shape_error(source, index):
    """Stand in for what numba raises where shapes differ: naming them takes a fifth of all time to compile."""


@overload(_shape_error)
def _raise_shape_error(source, index):
    def raise_it(source, index):
        raise ValueError("arrays of different shapes")

    return raise_it


class _Linked(JITCodeLibrary):
    """Code that is optimised and made into machine code only where its address is asked for.

    numba does both for every function of a graph, each time with all that it calls, although the one function that
    is called from outside holds them all.
    """

    _is_emitted = False

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        if self._object_caching_enabled and self._compiled_object:  # read from numba's own cache
            self._is_emitted = True
            super()._finalize_final_module()
            return
        self._finalize_dynamic_globals()
        self._finalized = True

    def _emit(self) -> None:
        self._ensure_finalized()
        if not self._is_emitted:
            self._is_emitted = True
            super()._optimize_final_module()
            super()._finalize_final_module()

    def _defines(self, name: str) -> bool:
        self._ensure_finalized()
        return any(f.name == name and not f.is_declaration for f in self._final_module.functions)

    def get_pointer_to_function(self, name: str) -> int:
        if self._is_emitted or self._defines(name):
            self._emit()
            return super().get_pointer_to_function(name)
        return 0

    def _get_compiled_object(self) -> bytes:
        self._emit()
        return super()._get_compiled_object()


@contextmanager
def _one_emission() -> Iterator[None]:
    """Let numba compile with `_Linked`."""
    context = cpu_target.target_context
    context.refresh()  # its own helpers are compiled as ever
    generator = context.codegen()
    engine, default = generator._engine, generator._library_class
    emitted = engine._defined_symbols

    def set_env(name: str, environment: Any) -> None:
        if name in emitted and engine.get_global_value_address(name):
            type(generator).set_env(generator, name, environment)

    generator._library_class, generator.set_env = _Linked, set_env
    shape_error, arrayobj.raise_with_shape_context = arrayobj.raise_with_shape_context, _shape_error
    try:
        yield
    finally:
        arrayobj.raise_with_shape_context = shape_error
        generator._library_class = default
        del generator.set_env
