"""The Ops in PyTensor: gradients, shapes, and one value whatever the graph is linked with."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import verify_grad
from test_kernels import ROWS, TERMS, UNITS, media, parameters, projected
from trainings import NOT_COMPILED

from mmm_builder.modelling.graphs import KERNEL_CURVES, Project, Saturate, register_jax
from mmm_builder.modelling.transforms import SATURATIONS

LINKS = [pytest.param(mode, id=mode) for mode in ("NUMBA", "JAX", "FAST_COMPILE")]

needs_no_jax = {"NUMBA", "FAST_COMPILE"}


def linked(mode: str) -> str:
    """Return a mode to compile with; skips JAX where it isn't installed."""
    if mode not in needs_no_jax:
        pytest.importorskip("jax")
        register_jax()
    return mode


def evaluated(inputs, outputs, values, mode) -> list[np.ndarray]:
    return [np.asarray(x) for x in pytensor.function(inputs, outputs, mode=mode)(*values)]


def saturation(name: str):
    """Return inputs, outputs and values: saturated media and the gradients of a weighted sum."""
    inputs, constants = pt.vectors("position", "half", "slope"), media()
    saturated = Saturate(KERNEL_CURVES[name])(pt.as_tensor(constants["pieces"]), *inputs)
    total = pt.sum(np.random.default_rng(1).normal(size=(3, ROWS)) * saturated)
    outputs = [saturated, *pt.grad(total, inputs)]
    return inputs, outputs, parameters()


def projection():
    """Return inputs, outputs and values: mean, coefficients and the gradients of a weighted sum of both."""
    values = projected()
    inputs = [pt.matrix(name) for name in ("saturated", "coefficient", "extra", "rotated")]
    mean, linear = Project()(*inputs, *map(pt.as_tensor, values[4:]))
    rng = np.random.default_rng(2)
    total = pt.sum(rng.normal(size=(UNITS, ROWS)) * mean) + pt.sum(rng.normal(size=(UNITS, TERMS)) * linear)
    return inputs, [mean, linear, *pt.grad(total, inputs)], values[:4]


@pytest.mark.parametrize("mode", LINKS)
class TestEveryLink:
    @pytest.mark.parametrize("name", SATURATIONS)
    def test_saturation_and_its_gradient_are_those_of_perform(self, name, mode):
        case = saturation(name)
        for found, expected in zip(evaluated(*case, linked(mode)), evaluated(*case, NOT_COMPILED), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)

    def test_projection_and_its_gradient_are_those_of_perform(self, mode):
        case = projection()
        for found, expected in zip(evaluated(*case, linked(mode)), evaluated(*case, NOT_COMPILED), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", SATURATIONS)
def test_gradient_of_saturation(name):
    pieces = pt.as_tensor(media()["pieces"])
    curve, rng = Saturate(KERNEL_CURVES[name]), np.random.default_rng(0)
    verify_grad(lambda *at: curve(pieces, *at), parameters(), rng=rng, eps=1e-6, mode=NOT_COMPILED)


@pytest.mark.parametrize("output", [0, 1])
def test_gradient_of_projection(output):
    """Of each output alone: the other one's gradient is disconnected then."""
    values = projected()
    verify_grad(lambda *at: Project()(*at, *map(pt.as_tensor, values[4:]))[output], values[:4],
                rng=np.random.default_rng(0), mode=NOT_COMPILED)  # fmt: skip


def test_shape_is_known_without_evaluating():
    pieces, constant = pt.tensor4("pieces"), pt.as_tensor(np.ones(3))
    shape = pytensor.function([pieces], Saturate(0)(pieces, constant, constant, constant).shape)
    np.testing.assert_array_equal(shape(media()["pieces"]), (3, ROWS))
    assert not [n for n in shape.maker.fgraph.apply_nodes if isinstance(n.op, Saturate)]


def test_constants_have_no_gradient():
    inputs = pt.vectors("position", "half", "slope")
    pieces = pt.tensor4("pieces")
    total = pt.sum(Saturate(KERNEL_CURVES["hill"])(pieces, *inputs))
    gradient = pt.grad(total, pieces, disconnected_inputs="ignore", return_disconnected="none")
    assert gradient is None
