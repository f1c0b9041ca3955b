"""Carry-over and saturation: properties of every entry of the tables, and the grid against the recursion."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainings import NOT_COMPILED

from mmm_builder.modelling import graphs
from mmm_builder.modelling.transforms import (
    ADSTOCKS,
    KNOTS,
    LAGS,
    SATURATIONS,
    geometric_adstock,
    typical_adstocked_spend,
)
from mmm_builder.simulation.client_truth import saturated_media

ALPHAS = np.unique(
    np.concatenate([np.linspace(0.0, 1.0, 401), 1.0 - np.logspace(-6, -1, 120), np.logspace(-6, -1, 60)])
)
LENGTHS = (52, 208, 1096)


def flighted(rows: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Return spend (channel, row) in units of its mean, with pauses and a first row of its own."""
    rng = np.random.default_rng(seed)
    spend = rng.gamma(1.5, 1.0, (channels, rows)) * (rng.random((channels, rows)) < 0.6)
    return spend / spend.mean(axis=1, keepdims=True)


def loop_adstock(spend: np.ndarray, alpha: float) -> np.ndarray:
    """The definition: A_t = x_t + α A_{t−1}."""
    carried = np.zeros_like(spend)
    for t in range(len(spend)):
        carried[t] = spend[t] + (alpha * carried[t - 1] if t else 0.0)
    return carried


def carried_at(name: str, spend: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
    adstock = ADSTOCKS[name]
    return adstock.apply(np, adstock.prepare(spend), *parameters)


def carried_symbolically(name: str, spend: np.ndarray, *parameters):
    """Return adstocked spend as the model does: by the Op, by `scan`, or as the table has it."""
    adstock = ADSTOCKS[name]
    constants = {k: pt.as_tensor(v) for k, v in adstock.prepare(spend).items()}
    values = dict(zip(adstock.parameters, parameters, strict=True))
    return graphs.saturated_media(name, "linear", constants, values)


def parameters_of(part, channels: int, rng: np.random.Generator, *batch: int) -> list[np.ndarray]:
    """Return values inside (0, 1), which every parameter of an adstock may take."""
    return [rng.uniform(0.02, 0.98, (*batch, channels)) for _ in part.parameters]


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.97, 1.0])
def test_recursion_is_the_definition(alpha):
    spend = flighted(60)[0]
    np.testing.assert_allclose(geometric_adstock(spend, alpha), loop_adstock(spend, alpha), rtol=1e-12)


@pytest.mark.parametrize("rows", LENGTHS)
def test_grid_follows_the_recursion_over_all_of_alpha(rows):
    spend = flighted(rows, 1)
    alphas = ALPHAS[:, None]
    grid = carried_at("geometric_grid", spend, alphas)[:, 0]
    exact = np.stack([geometric_adstock(spend[0], a) for a in ALPHAS])
    error = np.abs(grid - exact).max(axis=1) / exact.max(axis=1)
    assert error.max() < 1e-4
    assert error[[0, -1]].max() < 1e-12, "the ends are knots"
    hill_error = np.abs(grid / (1 + grid) - exact / (1 + exact)).max()
    assert hill_error < 1e-3, "of the whole effect of a channel"


@pytest.mark.parametrize("rows", LENGTHS)
def test_grid_is_smooth_at_its_knots(rows):
    spend = flighted(rows, 1)
    epsilon = 0.5 / rows
    width = np.log((1 + epsilon) / epsilon)
    inner = 1 + epsilon - np.exp(np.log(1 + epsilon) - np.linspace(0, 1, KNOTS)[1:-1] * width)
    h = 1e-7 * (1 - inner)[:, None]
    at = [carried_at("geometric_grid", spend, inner[:, None] + k * h)[:, 0] for k in (-1, 0, 1)]
    left, right = (at[1] - at[0]) / h, (at[2] - at[1]) / h
    np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-3 * np.abs(right).max())


@pytest.mark.parametrize("name", ADSTOCKS)
def test_pytensor_and_numpy_agree(name):
    spend, rng = flighted(52), np.random.default_rng(1)
    adstock, values = ADSTOCKS[name], parameters_of(ADSTOCKS[name], 3, rng)
    symbolic = [pt.vector(p) for p in adstock.parameters]
    compiled = pytensor.function(symbolic, carried_symbolically(name, spend, *symbolic), mode=NOT_COMPILED)
    np.testing.assert_allclose(compiled(*values), carried_at(name, spend, *values), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, a in ADSTOCKS.items() if a.parameters])
def test_gradient_agrees_with_finite_differences(name):
    spend, weights = flighted(104, 2), np.random.default_rng(2).normal(size=(2, 104))
    adstock = ADSTOCKS[name]
    symbolic = [pt.vector(p) for p in adstock.parameters]
    total = (weights * carried_symbolically(name, spend, *symbolic)).sum()
    value = pytensor.function(symbolic, total, mode=NOT_COMPILED)
    slopes = pytensor.function(symbolic, pt.grad(total, symbolic), mode=NOT_COMPILED)
    for centre in (1e-4, 0.2, 0.5, 0.8, 0.95, 0.999):
        at = [np.full(2, centre) for _ in symbolic]
        for k, slope in enumerate(slopes(*at)):
            for channel in range(2):
                h = np.zeros(2)
                h[channel] = 1e-6 * (1 - centre)
                up, down = (value(*[a + s * h * (i == k) for i, a in enumerate(at)]) for s in (1, -1))
                assert slope[channel] == pytest.approx((up - down) / (2 * h[channel]), rel=2e-4, abs=1e-4)


@pytest.mark.parametrize("name", ADSTOCKS)
class TestEveryAdstock:
    def test_nothing_spent_nothing_carried(self, name):
        rng = np.random.default_rng(3)
        carried = carried_at(name, np.zeros((2, 30)), *parameters_of(ADSTOCKS[name], 2, rng))
        assert np.all(carried == 0)

    def test_spend_acts_from_its_own_row_on(self, name):
        spend = np.zeros((1, 30))
        spend[0, 12] = 5.0
        values = parameters_of(ADSTOCKS[name], 1, np.random.default_rng(4))
        carried = carried_at(name, spend, *values)
        assert np.all(carried[0, :12] == 0)
        # of a delayed effect the first row has only its share
        share = 1.0 if len(values) < 2 else values[0][0] ** values[1][0] ** 2
        assert carried[0, 12] == pytest.approx(5.0 * share)

    def test_is_linear_in_spend(self, name):
        rng = np.random.default_rng(5)
        spend, values = flighted(40, 2), parameters_of(ADSTOCKS[name], 2, rng)
        np.testing.assert_allclose(carried_at(name, 100 * spend, *values), 100 * carried_at(name, spend, *values))

    def test_later_rows_never_change_earlier_ones(self, name):
        rng = np.random.default_rng(6)
        spend, values = flighted(40, 2), parameters_of(ADSTOCKS[name], 2, rng)
        changed = spend.copy()
        changed[:, 30:] *= 7
        np.testing.assert_array_equal(
            carried_at(name, spend, *values)[:, :30], carried_at(name, changed, *values)[:, :30]
        )

    def test_takes_many_draws_at_once(self, name):
        spend, values = flighted(25, 2), parameters_of(ADSTOCKS[name], 2, np.random.default_rng(7), 6)
        together = np.broadcast_to(carried_at(name, spend, *values), (6, 2, 25))
        for k in range(6):
            np.testing.assert_allclose(together[k], carried_at(name, spend, *(v[k] for v in values)), rtol=1e-12)


@pytest.mark.parametrize("name", SATURATIONS)
class TestEverySaturation:
    def values(self, name, adstocked, scale=1.0):
        curve = SATURATIONS[name]
        return curve.apply(np, adstocked[None, :], *(np.full(1, scale) for _ in curve.parameters))[0]

    @given(scale=st.floats(0.01, 100), largest=st.floats(1e-3, 1e6))
    def test_starts_at_zero_and_never_falls(self, name, scale, largest):
        effect = self.values(name, np.linspace(0, largest, 200), scale)
        assert effect[0] == 0
        assert np.all(np.diff(effect) >= 0)
        assert np.all(np.isfinite(effect))

    def test_is_concave_at_a_slope_of_one(self, name):
        assert np.all(np.diff(self.values(name, np.linspace(0, 10, 200)), 2) <= 1e-12)

    def test_stands_where_it_says_at_typical_spend(self, name):
        assert self.values(name, np.ones(1))[0] == pytest.approx(SATURATIONS[name].at_typical_spend)


def test_hill_is_half_at_half_saturation():
    adstocked = np.array([0.0, 2.0, 1e12])
    np.testing.assert_allclose(SATURATIONS["hill"].apply(np, adstocked[None], np.array([2.0]))[0], [0, 0.5, 1.0])


def test_zero_spend_has_no_effect_through_both():
    assert np.all(saturated_media(np.zeros(20), 0.9, 3.0) == 0)


@pytest.mark.parametrize("slope", [0.3, 1.0, 2.5, 40.0])
def test_hill_with_a_slope_is_the_definition(slope):
    adstocked, half = np.array([[0.0, 1e-9, 0.4, 2.0, 1e7]]), np.array([2.0])
    found = SATURATIONS["hill_slope"].apply(np, adstocked, half, np.array([slope]))
    odds = (adstocked / half) ** slope
    np.testing.assert_allclose(found, np.where(odds < 1e300, odds / (1.0 + odds), 1.0), rtol=1e-9, atol=1e-15)


def test_a_delayed_effect_peaks_at_its_lag():
    pulse = np.zeros((1, 13))
    pulse[0, 0] = 1.0
    for lag in (0.0, 3.0, 7.0):
        assert np.argmax(carried_at("delayed", pulse, np.array([0.6]), np.array([lag]))) == lag


@pytest.mark.parametrize("alpha", [0.0, 0.4, 0.8])
def test_convolution_is_the_recursion_cut_off(alpha):
    spend = flighted(60, 1)
    cut = spend[0].copy()
    for t in range(60):
        cut[t] = sum(alpha**lag * spend[0, t - lag] for lag in range(min(LAGS, t + 1)))
    np.testing.assert_allclose(carried_at("geometric_convolution", spend, np.array([alpha]))[0], cut)


class TestTypicalSpend:
    """The median of adstocked spend where there was spend."""

    def typical(self, spend: np.ndarray, alpha: float) -> float:
        return typical_adstocked_spend(geometric_adstock(spend, alpha), spend)

    def test_pauses_do_not_count(self):
        assert self.typical(np.array([0, 4.0, 0, 0, 2.0, 0, 6.0]), 0.0) == 4.0

    def test_one_outlier_moves_it_little(self):
        spend = flighted(104, 1)[0]
        struck = spend.copy()
        struck[50] = 1000 * spend.max()
        assert self.typical(struck, 0.3) < 1.3 * self.typical(spend, 0.3)

    @given(factor=st.floats(1e-3, 1e6))
    def test_follows_the_currency(self, factor):
        spend = flighted(52, 1)[0]
        assert self.typical(factor * spend, 0.5) == pytest.approx(factor * self.typical(spend, 0.5))

    def test_is_one_where_nothing_was_spent(self):
        assert self.typical(np.zeros(9), 0.5) == 1.0
