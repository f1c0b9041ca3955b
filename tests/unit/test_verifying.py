"""Whether a repetition is of the same posterior, and what the table says of it."""

import numpy as np
import pytest
import xarray as xr

from mmm_builder.verifying.posteriors import distance, equal_draws
from mmm_builder.verifying.repeats import Row, reproduced, table


def draws(seed, shift=0.0, channels=("tv", "search"), correlation=0.0):
    """Return 4 chains of 500 draws: autoregressive noise around 0, `shift` added to the coefficient of tv."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(4, 500, len(channels) + 1))
    for step in range(1, 500):
        noise[:, step] = correlation * noise[:, step - 1] + np.sqrt(1 - correlation**2) * noise[:, step]
    noise[..., 0] += shift
    coefficient = xr.DataArray(
        noise[..., :-1], dims=("chain", "draw", "channel"), coords={"channel": list(channels)}
    )  # fmt: skip
    held = xr.DataArray(np.full((4, 500), 2.0), dims=("chain", "draw"))
    return xr.Dataset({"coefficient": coefficient, "sigma": (("chain", "draw"), noise[..., -1]), "held": held})


def test_the_same_draws_are_equal_and_at_no_distance():
    assert equal_draws(draws(1), draws(1))
    assert not equal_draws(draws(1), draws(2))
    assert distance(draws(1), draws(1)).errors == 0.0


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_samples_of_one_posterior_agree_however_the_chains_hang_together(correlation):
    false = [not distance(draws(i, correlation=correlation), draws(100 + i, correlation=correlation)).within
             for i in range(20)]  # fmt: skip
    assert sum(false) <= 1


def test_another_posterior_is_told_by_the_parameter_that_moved():
    found = distance(draws(1), draws(2, shift=0.3))
    assert not found.within
    assert found.subject == "coefficient[tv]"
    assert not distance(draws(1, correlation=0.9), draws(2, shift=1.0, correlation=0.9)).within


def test_more_parameters_have_a_wider_limit():
    many = tuple(f"c{i}" for i in range(50))
    assert distance(draws(1, channels=many), draws(2, channels=many)).limit > distance(draws(1), draws(2)).limit


def test_a_constant_that_moved_and_draws_that_are_no_numbers_are_no_agreement():
    assert not distance(draws(1), draws(1).assign(held=draws(1)["held"] + 1)).within
    assert not distance(draws(1), draws(1).assign(sigma=draws(1)["sigma"] * np.nan)).within


def test_other_parameters_have_no_distance():
    assert distance(draws(1), draws(1, channels=("tv", "radio"))) is None
    assert distance(draws(1), draws(1).drop_vars("sigma")) is None


def row(verdict, what="a"):
    return Row(what=what, found="x", verdict=verdict)


@pytest.mark.parametrize(
    ("verdicts", "end"),
    [
        (["same", "shown"], "reproduced exactly"),
        (["same", "agrees"], "reproduced within Monte Carlo error"),
        (["same", "agrees", "differs"], "not reproduced: differs"),
    ],
)
def test_the_worst_row_decides(verdicts, end):
    found = [row(verdict, verdict) for verdict in verdicts]
    assert table(found).splitlines()[-1] == end
    assert reproduced(found) == ("differs" not in verdicts)
