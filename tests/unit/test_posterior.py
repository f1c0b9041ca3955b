"""Draws under the names that people read: dims, labels, chains, for every model."""

import numpy as np
import pytest
import xarray as xr
from model_cases import KINDS, Model, unconstrained

from mmm_builder.modelling.design import make_projection
from mmm_builder.modelling.layout import ROTATED, named_draws, variables_of
from mmm_builder.modelling.parameters import channel_parameters
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.prediction import expected_kpi, flat_draws, model_draws
from mmm_builder.modelling.prior_predictive import prior_draws

CHAINS, DRAWS = 2, 5


def posterior(model: Model) -> tuple:
    design, spec = model.design()
    sampled = named_draws(design, spec, unconstrained(design, spec, CHAINS * DRAWS))
    return design, spec, sampled, named_posterior(design, spec, sampled, CHAINS)


@pytest.mark.parametrize("model", KINDS, ids=str)
class TestEveryModel:
    def test_every_parameter_has_its_dims_and_labels(self, model):
        design, spec, _, found = posterior(model)
        assert found.sizes["chain"] == CHAINS
        assert found.sizes["draw"] == DRAWS
        for name in channel_parameters(spec):
            assert found[name].dims[-1] == "channel"
            assert tuple(found["channel"].values) == design.channels
        for term in design.terms:
            assert found[term.variable].dims[2:] == (("unit",) if len(design.units) > 1 else ()) + (
                (term.dim,) if term.dim else ()
            )
            if term.dim:
                assert tuple(found[term.dim].values) == term.labels
        assert all(np.isfinite(v).all() for v in found.data_vars.values())

    def test_what_is_of_no_interest_is_left_out(self, model):
        design, spec, _, found = posterior(model)
        assert ROTATED not in found
        assert not {v.name for v in variables_of(design, spec) if v.raw} & set(found)

    def test_chains_come_one_after_another(self, model):
        design, spec, sampled, found = posterior(model)
        name = next(v.name for v in variables_of(design, spec) if v.name in found)
        np.testing.assert_array_equal(found[name].values.reshape(sampled[name].shape), sampled[name])

    def test_predictions_need_nothing_else(self, model):
        design, spec, sampled, found = posterior(model)
        whole = model_draws(design, spec, make_projection(design), sampled)
        read_back = flat_draws(xr.Dataset.from_dict(found.to_dict()))
        np.testing.assert_allclose(expected_kpi(design, spec, read_back), expected_kpi(design, spec, whole))

    def test_prior_draws_have_the_same_names_and_shapes(self, model):
        design, spec, _, found = posterior(model)
        draws = prior_draws(design, spec, CHAINS * DRAWS, np.random.default_rng(0))
        for name in found:
            assert draws[name].shape == (CHAINS * DRAWS, *found[name].shape[2:]), name
            assert np.isfinite(draws[name]).all(), name


def test_units_have_their_own_coefficients_beside_the_channels():
    design, _, _, found = posterior(Model("v2", units=3))
    assert found["coefficient"].dims == ("chain", "draw", "unit", "channel")
    assert found["coefficient_mean"].dims == ("chain", "draw", "channel")
    assert found["sigma"].dims == ("chain", "draw", "unit")
    assert tuple(found["unit"].values) == design.units
