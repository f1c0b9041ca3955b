"""A model's log-density as machine code, kept between processes: a later fit of the same structure compiles nothing.

The kept code takes all data, with their sizes, from outside; see `compiling` for what it is made of and `drawing`
for drawing with it. Nothing here imports PyMC or PyTensor unless there is nothing kept.
"""

import ctypes
import dataclasses
import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from llvmlite import binding as llvm
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from ..files import file_digest, text_digest, whole
from .pytensor_flags import that_change_results

if TYPE_CHECKING:
    import pymc as pm

FORMAT = 1
"""Of the kept file; raise it with any change to what stands in one."""

MOST_KEPT = 200
"""Files, each a quarter of a megabyte; the oldest go first."""

MAGIC = b"compiled log-density\n"
DIGEST = hashlib.sha256

Report = Callable[[str, float, float | None], None]
"""Told about phase, share done and seconds left."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Code:
    """Machine code in memory; `description` is what `compiling.compile_model` tells of it."""

    address: int
    description: dict[str, Any]
    engine: llvm.ExecutionEngine


@dataclasses.dataclass(frozen=True, kw_only=True)
class Density:
    """A log-density and its gradient over unconstrained parameters, with the data it is bound to.

    layout : shape of each unconstrained variable, in the order of the parameter vector
    data : arrays by name, read-only
    """

    code: Code
    data: dict[str, np.ndarray]
    layout: dict[str, tuple[int, ...]]
    pointers: np.ndarray

    @property
    def n_dim(self) -> int:
        """Number of unconstrained parameters."""
        return sum(int(np.prod(shape)) for shape in self.layout.values())

    @property
    def address(self) -> int:
        """Of the C function; see `compiling.compile_model`."""
        return self.code.address

    def with_data(self, **arrays: np.ndarray) -> "Density":
        """Return the same log-density on other data; sizes may change, the number of axes may not."""
        return _bound(self.code, self.data | arrays)

    def logp_and_gradient(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log-density and its gradient at x (parameter,); for tests, the sampler calls the address.

        Raises ValueError for an x of another shape, or if the graph raised an exception.
        """
        x = np.ascontiguousarray(x, dtype=float)
        if x.shape != (self.n_dim,):
            raise ValueError(f"x must have {self.n_dim} values, not the shape {x.shape}")
        value, gradient = np.empty(1), np.empty(self.n_dim)
        doubles, integers = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int64)
        function = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_int64, doubles, doubles, doubles, integers)(self.address)
        status = function(len(x), *(a.ctypes.data_as(doubles) for a in (x, gradient, value)),
                          self.pointers.ctypes.data_as(integers))  # fmt: skip
        if status in (1, 2):
            raise ValueError(
                "the log-density raised an exception" if status == 1 else f"x must have {self.n_dim} values"
            )
        return float(value[0]), gradient

    def split(self, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Return unconstrained draws (…, parameter) by variable, each (…, *shape)."""
        sizes = [int(np.prod(shape)) for shape in self.layout.values()]
        parts = np.split(draws, np.cumsum(sizes)[:-1], axis=-1)
        return {name: part.reshape(draws.shape[:-1] + shape)
                for part, (name, shape) in zip(parts, self.layout.items(), strict=True)}  # fmt: skip


def load_or_compile(
    key: str,
    build: Callable[[], "pm.Model"],
    data: Mapping[str, np.ndarray],
    folder: Path | None,
    report: Report = lambda *_: None,
) -> Density:
    """Return the log-density of a model on `data`, from the kept code or by building and compiling the model.

    key : determines all that is constant in the code: the graph, the numbers written into it, and the sizes that
        don't follow the data (see `compiling.compile_model`)
    data : all `pm.Data` of the model by name
    folder : where code is kept; None keeps none
    """
    identity = _identity(key)
    path = None if folder is None else Path(folder) / f"{text_digest(identity)}.density"
    code = _read(path, identity) if path is not None else None
    if code is None:
        report("compiling", 0.0, None)
        from .compiling import compile_model

        description, machine_code = compile_model(build())
        description["pointers"] = _special_functions(description.pop("addresses"))
        _keep(path, identity, description, machine_code)
        # what goes out to a file and what is used here are the same
        code = _loaded(json.loads(json.dumps(description)), machine_code)
    return _bound(code, dict(data))


def processor() -> list[str]:
    """Return what machine code here depends on: the kind of machine, the processor's name and its features."""
    return [llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]


def _identity(key: str) -> str:
    """Return all that the machine code depends on, as text."""
    parts = {
        "key": key,
        "format": FORMAT,
        "compiler": file_digest(Path(__file__).with_name("compiling.py")),
        "versions": {n: version(n) for n in ("pymc", "pytensor", "numba", "llvmlite", "nutpie", "numpy", "scipy")},
        "python": sys.version,
        "machine": processor(),
        "flags": that_change_results(os.environ.get("PYTENSOR_FLAGS", "")),
        "settings": {
            n: str(getattr(numba.config, n)) for n in ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "USING_SVML")
        },
    }
    return json.dumps(parts, sort_keys=True)


def _keep(path: Path | None, identity: str, description: dict[str, Any], machine_code: bytes) -> None:
    unknown = [name for name, target in description["pointers"].items() if target is None]
    if path is None or unknown:
        if unknown:
            logging.warning("compiled code isn't kept: it holds addresses of this process (%d)", len(unknown))
        return
    header = json.dumps({"identity": identity} | description).encode() + b"\n"
    content = MAGIC + header + machine_code
    try:
        with whole(path) as part:
            part.write_bytes(content + DIGEST(content).digest())
        for old in sorted(path.parent.glob("*.density"), key=os.path.getmtime)[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        logging.warning("compiled code isn't kept: %s", error)


def _read(path: Path, identity: str) -> Code | None:
    """Return kept code, None if there is none or it can't be what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    size = DIGEST().digest_size
    content, digest = content[:-size], content[-size:]
    if not content.startswith(MAGIC) or DIGEST(content).digest() != digest:
        return None
    header, _, machine_code = content[len(MAGIC) :].partition(b"\n")
    description = json.loads(header)
    return _loaded(description, machine_code) if description.pop("identity") == identity else None


def _loaded(description: dict[str, Any], machine_code: bytes) -> Code | None:
    """Return machine code ready to be called, None if it calls what this process doesn't have."""
    rtsys.initialize(cpu_target.target_context)  # names numba's own functions to LLVM
    if not all(llvm.address_of_symbol(name) for name in description["externals"]):
        return None
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), reloc="static",
        codemodel="jitdefault", jit=True,
    )  # fmt: skip
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(machine_code))
    engine.finalize_object()
    for name, function in description["pointers"].items():
        if function:
            _set_pointer(engine.get_global_value_address(name), function)
    return Code(address=engine.get_function_address(description["symbol"]), description=description, engine=engine)


def _special_functions(addresses: dict[str, int]) -> dict[str, str | None]:
    """Return which of SciPy's special functions stands at each address: None if none does, empty for address 0."""
    if not addresses:
        return {}
    from scipy.special import cython_special

    names = {0: ""} | {_address(capsule): name for name, capsule in cython_special.__pyx_capi__.items()}
    return {variable: names.get(address) for variable, address in addresses.items()}


def _set_pointer(at: int, name: str) -> None:
    """Write the address of one of SciPy's special functions."""
    from scipy.special import cython_special

    ctypes.c_void_p.from_address(at).value = _address(cython_special.__pyx_capi__[name])


def _address(capsule: Any) -> int:
    """Return the address in a PyCapsule."""
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    return api.PyCapsule_GetPointer(capsule, api.PyCapsule_GetName(capsule))


def _bound(code: Code, data: dict[str, np.ndarray]) -> Density:
    """Return the density on data. Raises ValueError for unknown, missing or misshapen arrays."""
    used, unused = code.description["arrays"], code.description["unused"]
    known = used | unused
    if data.keys() != known.keys():
        extra, missing = sorted(data.keys() - known.keys()), sorted(known.keys() - data.keys())
        raise ValueError(f"data of the model: unknown {extra}, missing {missing}")
    arrays = {}
    for name, (dtype, rank) in known.items():
        array = np.array(data[name], dtype=dtype, order="C", copy=True)
        if array.ndim != rank:
            raise ValueError(f"data of the model: {name!r} has {array.ndim} axes, not {rank}")
        array.flags.writeable = False
        arrays[name] = array
    _check_dims(code.description["dims"], arrays)
    layout = {
        name: tuple(size if isinstance(size, int) else arrays[size[0]].shape[size[1]] for size in sizes)
        for name, sizes in code.description["variables"].items()
    }
    pointers = np.array([n for name in used for n in (arrays[name].ctypes.data, *arrays[name].shape)] or [0], np.int64)
    return Density(code=code, data=arrays, layout=layout, pointers=pointers)


def _check_dims(dims: dict[str, list[str | None]], arrays: dict[str, np.ndarray]) -> None:
    """Check that arrays agree on the sizes of the dims they share; numba wouldn't, outside elementwise operations."""
    sizes: dict[str, tuple[int, str]] = {}
    for name, names in dims.items():
        for dim, size in zip(names, arrays[name].shape, strict=True):
            expected, first = sizes.setdefault(dim, (size, name)) if dim else (size, name)
            if size != expected:
                raise ValueError(f"data of the model: {name!r} has {size} along {dim!r}, {first!r} has {expected}")
