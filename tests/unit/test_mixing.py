"""R-hat of what a fit expects."""

import arviz as az
import numpy as np
import pytest

from mmm_builder.modelling.mixing import rhat, worst_rhat


@pytest.mark.parametrize("draws", [50, 51])
@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_it_is_that_of_arviz(draws, apart):
    rng = np.random.default_rng(1)
    values = rng.standard_t(3, size=(4, draws, 3)) + apart * np.arange(4)[:, None, None]
    values[0, :, 1] *= 5.0
    known = [float(az.rhat(az.convert_to_dataset({"x": values[..., k]}))["x"]) for k in range(3)]
    np.testing.assert_allclose(rhat(values), known, rtol=1e-9)


def test_the_worst_is_told_and_what_does_not_vary_left_out():
    values = np.random.default_rng(2).normal(size=(4, 100, 3))
    values[..., 1] = 7.0
    assert worst_rhat(values) < 1.05
    values[2, :, 2] += 3.0
    assert worst_rhat(values) == pytest.approx(rhat(values[..., [2]])[0])
    assert worst_rhat(values) > 1.3


@pytest.mark.parametrize("values", [np.ones((4, 100, 2)), np.random.default_rng(3).normal(size=(4, 3, 2))])
def test_nothing_to_compare_is_no_number(values):
    assert np.isnan(worst_rhat(values))
