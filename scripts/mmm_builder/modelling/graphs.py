"""PyTensor forms of the model's loops: two Ops with analytic gradients, and adstock by `pytensor.scan`.

An Op runs as machine code (`kernels`) under numba, as the same NumPy function elsewhere on the CPU, and as array
operations without recursion in time under JAX (`register_jax`).
"""

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from ..spec import AdstockKind, SaturationKind
from . import kernels
from .transforms import ADSTOCKS, ARTANH_HALF, KNOTS, SATURATIONS, grid_position

KERNEL_CURVES: dict[SaturationKind, int] = {
    "linear": kernels.LINEAR, "hill": kernels.HILL, "hill_at_typical_spend": kernels.HILL,
    "hill_slope": kernels.HILL_SLOPE, "logistic": kernels.LOGISTIC,
}  # fmt: skip
"""The kernels' number of each saturation."""


class Saturate(Op):
    """Saturated media (series, row) from the grid's pieces, positions on it, half saturations and slopes (series,)."""

    __props__ = ("curve",)

    def __init__(self, curve: int):
        self.curve = curve

    def make_node(self, pieces, position, half_saturation, slope):
        """Return the node; the output has as many rows as the pieces."""
        inputs = [pt.as_tensor(x, dtype="float64") for x in (pieces, position, half_saturation, slope)]
        return Apply(self, inputs, [pt.matrix(dtype="float64")])

    def perform(self, node, inputs, outputs):
        """Evaluate on the CPU without compiled graphs."""
        outputs[0][0] = kernels.saturate(self.curve, *map(np.ascontiguousarray, inputs))

    def infer_shape(self, fgraph, node, shapes):
        """Return the output's shape from the pieces'."""
        return [(shapes[0][0], shapes[0][3])]

    def connection_pattern(self, node):
        """Pieces are constants."""
        return [[False], [True], [True], [True]]

    def L_op(self, inputs, outputs, output_grads):  # noqa: N802
        """Return gradients of positions, half saturations and slopes."""
        return [DisconnectedType()(), *SaturateBackward(self.curve)(*inputs, output_grads[0])]


class SaturateBackward(Op):
    """Gradients of `Saturate`'s positions, half saturations and slopes (series,)."""

    __props__ = ("curve",)

    def __init__(self, curve: int):
        self.curve = curve

    def make_node(self, *inputs):
        """Return the node."""
        return Apply(self, [pt.as_tensor(x, dtype="float64") for x in inputs], [pt.vector() for _ in range(3)])

    def perform(self, node, inputs, outputs):
        """Evaluate on the CPU without compiled graphs."""
        for storage, value in zip(outputs, kernels.saturate_backward(self.curve, *map(np.ascontiguousarray, inputs)),
                                  strict=True):  # fmt: skip
            storage[0] = value


class Project(Op):
    """The KPI's mean (unit, row) and the linear coefficients (unit, term); see `kernels.project`."""

    __props__ = ()

    def make_node(self, *inputs):
        """Return the node."""
        return Apply(self, [pt.as_tensor(x, dtype="float64") for x in inputs], [pt.matrix(), pt.matrix()])

    def perform(self, node, inputs, outputs):
        """Evaluate on the CPU without compiled graphs."""
        outputs[0][0], outputs[1][0] = kernels.project(*map(np.ascontiguousarray, inputs))

    def connection_pattern(self, node):
        """All but the first four inputs are constants."""
        return [[True, True]] * 4 + [[False, False]] * 5

    def L_op(self, inputs, outputs, output_grads):  # noqa: N802
        """Return gradients of saturated media, coefficients, what else adds to the mean, and rotated coordinates."""
        saturated, coefficient, _, _, q, q_training, r_inverse, _, scale = inputs
        given = [
            pt.zeros_like(out) if isinstance(g.type, DisconnectedType) else g
            for out, g in zip(outputs, output_grads, strict=True)
        ]
        gradients = ProjectBackward()(saturated, coefficient, q, q_training, r_inverse, scale, *given)
        return [*gradients, *(DisconnectedType()() for _ in range(5))]


class ProjectBackward(Op):
    """Gradients of `Project`'s first four inputs."""

    __props__ = ()

    def make_node(self, *inputs):
        """Return the node."""
        return Apply(self, [pt.as_tensor(x, dtype="float64") for x in inputs], [pt.matrix() for _ in range(4)])

    def perform(self, node, inputs, outputs):
        """Evaluate on the CPU without compiled graphs."""
        for storage, value in zip(outputs, kernels.project_backward(*map(np.ascontiguousarray, inputs)), strict=True):
            storage[0] = value


def saturated_media(
    adstock: AdstockKind, saturation: SaturationKind, media: dict[str, Any], values: dict[str, Any]
) -> pt.TensorVariable:
    """Return saturated media (series, row), given the parameters (series,) by name; by the Op where there is one."""
    if adstock == "geometric_grid":
        position = grid_position(pt, values["adstock_alpha"], media["epsilon"])
        ones = pt.ones_like(position)
        half, slope = values.get("half_saturation", ones), values.get("hill_slope", ones)
        return Saturate(KERNEL_CURVES[saturation])(media["pieces"], position, half, slope)
    carry, curve = ADSTOCKS[adstock], SATURATIONS[saturation]
    apply = _scan if adstock == "geometric_scan" else carry.apply
    carried = apply(pt, media, *(values[name] for name in carry.parameters))
    return curve.apply(pt, carried, *(values[name] for name in curve.parameters))


def _scan(xp: Any, constants: dict[str, Any], alpha: Any) -> pt.TensorVariable:
    """Return A_t = x_t + α A_{t−1} row by row, (series, row)."""
    carried = pytensor.scan(
        lambda spend, stock, retention: spend + retention * stock,
        sequences=constants["spend"].T, outputs_info=pt.zeros_like(alpha), non_sequences=alpha, return_updates=False,
    )  # fmt: skip
    return carried.T


# --- machine code ----------------------------------------------------------------------------------------------------


@register_funcify_default_op_cache_key(Saturate)
def _numba_saturate(op, node, **kwargs):
    curve, kernel = op.curve, kernels.saturate

    @numba_njit
    def saturate(pieces, position, half_saturation, slope):
        return kernel(curve, pieces, position, half_saturation, slope)

    return saturate


@register_funcify_default_op_cache_key(SaturateBackward)
def _numba_saturate_backward(op, node, **kwargs):
    curve, kernel = op.curve, kernels.saturate_backward

    @numba_njit
    def saturate_backward(pieces, position, half_saturation, slope, given):
        return kernel(curve, pieces, position, half_saturation, slope, given)

    return saturate_backward


@register_funcify_default_op_cache_key(Project)
def _numba_project(op, node, **kwargs):
    return kernels.project


@register_funcify_default_op_cache_key(ProjectBackward)
def _numba_project_backward(op, node, **kwargs):
    return kernels.project_backward


# --- arrays without loops, for GPUs -----------------------------------------------------------------------------------


def register_jax() -> None:
    """Tell PyTensor's JAX linker of the Ops. Needs JAX."""
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch import jax_funcify

    def saturate(curve, pieces, position, half_saturation, slope):
        interval = jnp.clip(jnp.floor(position), 0, KNOTS - 2)
        s = (position - interval)[:, None]
        piece = pieces[jnp.arange(pieces.shape[0]), interval.astype("int32")]
        a = piece[:, 0] + s * (piece[:, 1] + s * (piece[:, 2] + s * piece[:, 3]))
        half = half_saturation[:, None]
        if curve == kernels.LINEAR:
            return a
        if curve == kernels.HILL:
            return a / (half + a)
        if curve == kernels.LOGISTIC:
            return jnp.tanh(ARTANH_HALF * a / half)
        safe = jnp.where(a > 0, a, 1.0)
        return jnp.where(a > 0, 0.5 + 0.5 * jnp.tanh(0.5 * slope[:, None] * jnp.log(safe / half)), 0.0)

    def project(saturated, coefficient, extra, rotated, q, q_training, r_inverse, offset, scale):
        units, channels = coefficient.shape
        series = saturated[: units * channels].reshape(units, channels, -1)
        curved = extra + jnp.einsum("gc,gct->gt", coefficient, series)
        projected = offset + scale[:, None] * rotated - jnp.einsum("gpt,gt->gp", q_training, curved)
        return curved + jnp.einsum("gpt,gp->gt", q, projected), jnp.einsum("gpm,gm->gp", r_inverse, projected)

    def project_backward(saturated, coefficient, q, q_training, r_inverse, scale, of_mean, of_linear):
        rows = q.shape[-1]
        extra, rotated, no_offset = jnp.zeros((q.shape[0], rows)), jnp.zeros(q.shape[:2]), jnp.zeros(q.shape[:2])

        def forward(saturated, coefficient, extra, rotated):
            return project(saturated, coefficient, extra, rotated, q, q_training, r_inverse, no_offset, scale)

        _, back = jax.vjp(forward, saturated, coefficient, extra, rotated)
        return back((of_mean, of_linear))

    def saturate_backward(curve, pieces, *inputs):
        _, back = jax.vjp(lambda *point: saturate(curve, pieces, *point), *inputs[:-1])
        return back(inputs[-1])

    jax_funcify.register(Saturate)(lambda op, **_: lambda *inputs: saturate(op.curve, *inputs))
    jax_funcify.register(SaturateBackward)(lambda op, **_: lambda *inputs: saturate_backward(op.curve, *inputs))
    jax_funcify.register(Project)(lambda op, **_: project)
    jax_funcify.register(ProjectBackward)(lambda op, **_: project_backward)
