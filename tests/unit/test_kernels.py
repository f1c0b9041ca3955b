"""The two loops as machine code: the formulas of the tables, with gradients that finite differences confirm."""

import numpy as np
import pytest

from mmm_builder.modelling import kernels
from mmm_builder.modelling.graphs import KERNEL_CURVES
from mmm_builder.modelling.transforms import ADSTOCKS, KNOTS, SATURATIONS, grid_position, saturated_media

UNITS, CHANNELS, TESTS, TERMS, ROWS = 2, 3, 2, 4, 30


def media(seed: int = 0) -> dict[str, np.ndarray]:
    """Return the grid's constants of three series, one of them without any spend."""
    rng = np.random.default_rng(seed)
    spend = rng.gamma(1.5, 1.0, (3, ROWS)) * (rng.random((3, ROWS)) < 0.6)
    spend[2] = 0.0
    return ADSTOCKS["geometric_grid"].prepare(spend)


def parameters(alpha: float = 0.5) -> list[np.ndarray]:
    """Return positions on the grid, half saturations and slopes."""
    position = grid_position(np, np.array([alpha, 0.93, 0.4]), media()["epsilon"])
    return [position, np.array([0.7, 2.0, 1.0]), np.array([1.0, 2.4, 0.6])]


@pytest.mark.parametrize("name", SATURATIONS)
class TestSaturate:
    @pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.5, 0.999, 1.0])
    def test_is_the_formula_of_the_tables(self, name, alpha):
        constants, (position, half, slope) = media(), parameters(alpha)
        values = {"adstock_alpha": np.array([alpha, 0.93, 0.4]), "half_saturation": half, "hill_slope": slope}
        at_typical = name == "hill_at_typical_spend"
        found = kernels.saturate(
            KERNEL_CURVES[name], constants["pieces"], position, np.ones(3) if at_typical else half, slope
        )
        expected = saturated_media(ADSTOCKS["geometric_grid"], SATURATIONS[name], constants, values)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert np.all(found[2] == 0)

    def test_gradient_is_that_of_finite_differences(self, name):
        pieces, point = media()["pieces"], parameters()
        weights = np.random.default_rng(1).normal(size=(3, ROWS))

        def total(*at):
            return (weights * kernels.saturate(KERNEL_CURVES[name], pieces, *at)).sum(axis=1)

        found = kernels.saturate_backward(KERNEL_CURVES[name], pieces, *point, weights)
        for k, gradient in enumerate(found):
            h = 1e-6
            up, down = ([p + s * h * (i == k) for i, p in enumerate(point)] for s in (1, -1))
            np.testing.assert_allclose(gradient, (total(*up) - total(*down)) / (2 * h), rtol=1e-6, atol=1e-7)

    @pytest.mark.parametrize("position", [-1.0, KNOTS - 1.0, KNOTS + 3.0, np.nan])
    def test_no_position_reads_beyond_the_grid(self, name, position):
        found = kernels.saturate(KERNEL_CURVES[name], media()["pieces"], np.full(3, position), np.ones(3), np.ones(3))
        assert found.shape == (3, ROWS)

    def test_extreme_values_stay_finite(self, name):
        pieces, (position, *_) = media()["pieces"], parameters()
        for half, slope in ((1e-8, 60.0), (1e8, 60.0), (1e-8, 1e-3)):
            given = [position, np.full(3, half), np.full(3, slope)]
            values = kernels.saturate(KERNEL_CURVES[name], pieces, *given)
            slopes = kernels.saturate_backward(KERNEL_CURVES[name], pieces, *given, np.ones((3, ROWS)))
            assert all(np.isfinite(x).all() for x in (values, *slopes))


def projected() -> list[np.ndarray]:
    """Return inputs of `project`: series of units and channels, then those of lift tests."""
    rng = np.random.default_rng(2)
    shapes = [(UNITS * CHANNELS + TESTS * UNITS, ROWS), (UNITS, CHANNELS), (UNITS, ROWS), (UNITS, TERMS),
              (UNITS, TERMS, ROWS), (UNITS, TERMS, ROWS), (UNITS, TERMS, TERMS), (UNITS, TERMS), (UNITS,)]  # fmt: skip
    return [rng.normal(size=shape) for shape in shapes]


class TestProject:
    def test_is_the_map_of_its_docstring(self):
        saturated, coefficient, extra, rotated, q, q_training, r_inverse, offset, scale = given = projected()
        mean, linear = kernels.project(*given)
        for g in range(UNITS):
            curved = extra[g] + coefficient[g] @ saturated[g * CHANNELS : (g + 1) * CHANNELS]
            e = offset[g] + scale[g] * rotated[g] - q_training[g] @ curved
            np.testing.assert_allclose(linear[g], r_inverse[g] @ e)
            np.testing.assert_allclose(mean[g], curved + e @ q[g])

    def test_gradient_is_that_of_finite_differences(self):
        given, rng, h = projected(), np.random.default_rng(3), 1e-6
        of_mean, of_linear = rng.normal(size=(UNITS, ROWS)), rng.normal(size=(UNITS, TERMS))
        saturated, coefficient, _, _, q, q_training, r_inverse, _, scale = given
        found = kernels.project_backward(saturated, coefficient, q, q_training, r_inverse, scale, of_mean, of_linear)

        def total(*at):
            mean, linear = kernels.project(*at)
            return (of_mean * mean).sum() + (of_linear * linear).sum()

        for k, gradient in enumerate(found):
            direction = rng.normal(size=given[k].shape)
            up, down = ([x + s * h * direction if i == k else x for i, x in enumerate(given)] for s in (1, -1))
            assert (gradient * direction).sum() == pytest.approx((total(*up) - total(*down)) / (2 * h), rel=1e-6)

    def test_series_of_lift_tests_have_no_part_in_the_mean(self):
        given = projected()
        other = [given[0].copy(), *given[1:]]
        other[0][UNITS * CHANNELS :] += 5.0
        for one, two in zip(kernels.project(*given), kernels.project(*other), strict=True):
            np.testing.assert_array_equal(one, two)
