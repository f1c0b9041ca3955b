"""Priors as records: PyMC's names and arguments, and bounds that are told where they don't fit."""

import typing

import pytest
from pydantic import TypeAdapter, ValidationError

from mmm_builder import distributions
from mmm_builder.distributions import Normal, Prior, SharePrior, Uniform
from mmm_builder.modelling.layout import ARGUMENTS, REALS, SHARES
from mmm_builder.spec import Adstock, Saturation

FAMILIES = [*typing.get_args(typing.get_args(Prior)[0]), Normal]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
class TestEveryFamily:
    def test_is_told_by_its_name(self, family):
        assert family.model_fields["dist"].default == family.__name__
        assert set(family.model_fields) - {"dist"} == set(ARGUMENTS[family.__name__])

    def test_is_pymcs_distribution_with_pymcs_arguments(self, family):
        import pymc as pm

        said = getattr(pm, family.__name__).dist.__func__.__code__
        assert set(ARGUMENTS[family.__name__]) <= set(said.co_varnames)

    def test_scales_are_positive(self, family):
        numbers = dict.fromkeys(ARGUMENTS[family.__name__], 0.5) | {"upper": 0.9}
        numbers = {name: numbers[name] for name in ARGUMENTS[family.__name__]}
        assert family(**numbers)
        for name in {"sigma", "alpha", "beta", "nu", "lam", "a", "b"} & set(numbers):
            with pytest.raises(ValidationError):
                family(**numbers | {name: 0.0})


def test_families_with_two_bounds_are_those_of_shares():
    assert {c.__name__ for c in typing.get_args(typing.get_args(SharePrior)[0])} == SHARES
    assert {"Normal"} == REALS


@pytest.mark.parametrize(("lower", "upper"), [(0.5, 0.5), (0.6, 0.2)])
def test_ends_out_of_order_are_refused(lower, upper):
    with pytest.raises(ValidationError, match=f"lower {lower:g} is not below upper {upper:g}"):
        Uniform(lower=lower, upper=upper)


@pytest.mark.parametrize(("record", "prior", "message"), [
    (Saturation, {"half_saturation": {"dist": "Uniform", "lower": -0.1, "upper": 1.0}}, "from -0.1 reaches below zero"),
    (Adstock, {"alpha": {"dist": "Uniform", "lower": 0.2, "upper": 1.2}}, "from 0.2 to 1.2 reaches out of 0 to 1"),
    (Adstock, {"alpha": {"dist": "Uniform", "lower": -0.2, "upper": 0.8}}, "reaches out of 0 to 1"),
    (Adstock, {"alpha": {"dist": "Gamma", "alpha": 1.0, "beta": 1.0}}, "dist"),
    (Saturation, {"half_saturation": {"dist": "Normal", "mu": 1.0, "sigma": 1.0}}, "dist"),
])  # fmt: skip
def test_priors_that_reach_out_of_a_parameters_range_are_refused(record, prior, message):
    with pytest.raises(ValidationError, match=message):
        record(**prior)


def test_the_record_is_chosen_by_its_name():
    prior = TypeAdapter(Prior).validate_python({"dist": "HalfNormal", "sigma": 2})
    assert prior == distributions.HalfNormal(sigma=2.0)
