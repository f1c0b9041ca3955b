"""What is sampled and how it becomes what the parts take: pooling keeps the priors, units deviate around a channel."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from model_cases import Model, changed, unconstrained, with_parts
from scipy import stats
from trainings import NOT_COMPILED, small_client, small_panel

from mmm_builder.errors import InputError
from mmm_builder.modelling.design import make_design, make_projection
from mmm_builder.modelling.layout import named_draws, variables_of
from mmm_builder.modelling.parameters import channel_parameters, channel_priors, channel_types, media_values
from mmm_builder.modelling.prediction import channel_contributions, expected_kpi, model_draws, saturated_series
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.modelling.priors import frozen

N = 4000


class TestWithinType:
    def draws(self, **parts):
        panel, spec, _ = small_client("v2", n_channels=5)
        spec = with_parts(spec, **parts)
        design = make_design(panel, spec)
        return spec, prior_draws(design, spec, N, np.random.default_rng(0))

    @pytest.mark.parametrize("parts", [{}, {"adstock": "delayed", "saturation": "hill_slope"}], ids=["v2", "delayed"])
    def test_each_channel_keeps_its_prior(self, parts):
        spec, draws = self.draws(**parts)
        for name in channel_parameters(spec):
            for c, prior in enumerate(channel_priors(spec, name)):
                assert stats.kstest(draws[name][:, c], frozen(prior).cdf).pvalue > 1e-4, (name, c)

    def test_channels_of_a_type_are_correlated_and_others_are_not(self):
        spec, draws = self.draws()
        types = [c.channel_type for c in spec.channels]
        assert len(set(types)) == len(channel_types(spec)) < len(types)
        same = types[0] == np.array(types)
        correlation = np.corrcoef(np.log(draws["half_saturation"]).T)[0]
        share = float(frozen(spec.pooling.within_channel_type.share).mean())
        np.testing.assert_allclose(correlation[same][1:], share, atol=0.06)
        np.testing.assert_allclose(correlation[~same], 0.0, atol=0.06)

    def test_is_the_same_in_pytensor(self):
        design, spec = Model("v2").design()
        sampled = named_draws(design, spec, unconstrained(design, spec, 3))
        expected = media_values(np, spec, design.pooling, sampled)
        variables = [v for v in variables_of(design, spec) if "channel" in v.dims or v.dims == ("channel_type",)
                     or v.name.endswith("_share")]  # fmt: skip
        inputs = [pt.tensor(v.name, shape=(None,) * len(v.shape), dtype="float64") for v in variables]
        found = media_values(pt, spec, design.pooling, {v.name: x for v, x in zip(variables, inputs, strict=True)})
        function = pytensor.function(inputs, list(found.values()), mode=NOT_COMPILED)
        for k in range(3):
            for name, value in zip(found, function(*(sampled[v.name][k] for v in variables)), strict=True):
                np.testing.assert_allclose(value, expected[name][k], err_msg=name)

    def test_a_prior_without_location_and_scale_is_named(self):
        panel, spec, _ = small_client("v2")
        own = small_client("v3")[1].channels[1].coefficient
        channels = (spec.channels[0], spec.channels[1].model_copy(update={"coefficient": own}))
        spec = changed(spec, channels=channels)
        message = "channel 'social_1_spend': a pooled coefficient needs a LogNormal prior, got HalfNormal; give one, or"
        with pytest.raises(InputError, match=message):
            make_design(panel, spec)


class TestReturns:
    @pytest.mark.parametrize("model", [
        Model(entries=("all_returns",)), Model("v2", units=3, entries=("all_returns",)),
        Model("v1", entries=("all_returns", "exposures")),
    ], ids=str)  # fmt: skip
    def test_the_return_that_draws_imply_is_the_one_that_was_sampled(self, model):
        design, spec = model.design()
        draws = prior_draws(design, spec, 20, np.random.default_rng(1))
        if spec.pooling.across_units:
            # the prior is of the channels' common coefficient
            draws["coefficient"] = np.repeat(draws["coefficient_mean"][:, None], len(design.units), axis=1)
        shown = design.is_training
        parts = [part[..., shown].sum(axis=-1) for _, part in channel_contributions(design, spec, draws)]
        returned = np.concatenate(parts) / design.spend[..., shown].sum(axis=(0, 2))
        np.testing.assert_allclose(returned, draws["effect"])

    def test_held_out_spend_has_no_say(self):
        model = Model(entries=("all_returns",))
        panel, spec = model.case()
        moved = panel.assign(spend=panel["spend"].where(panel["is_training"], 1e6))
        points = [unconstrained(make_design(p, spec), spec, 3) for p in (panel, moved)]
        np.testing.assert_array_equal(*points)
        both = []
        for p in (panel, moved):
            design = make_design(p, spec)
            both.append(model_draws(design, spec, make_projection(design), named_draws(design, spec, points[0])))
        np.testing.assert_array_equal(both[0]["coefficient"], both[1]["coefficient"])


class TestUnits:
    def test_units_that_are_alike_have_constants_that_are_alike(self):
        panel, spec, _ = small_panel()
        alike = xr.concat([panel.isel(unit=[0]).assign_coords(unit=[name]).drop_vars("is_training")
                           for name in ("a", "b", "c")], "unit").assign(is_training=panel["is_training"])  # fmt: skip
        design = make_design(alike, spec)
        for name in ("kpi_scaled", "spend_unit", "matrix", "kpi_scale"):
            value = getattr(design, name)
            np.testing.assert_allclose(value, np.broadcast_to(value[:1], value.shape), rtol=1e-12, err_msg=name)

    def test_without_deviations_units_have_the_channels_coefficients(self):
        design, spec = Model("v2", units=3).design()
        sampled = named_draws(design, spec, unconstrained(design, spec, 4))
        sampled["coefficient_deviation"] = np.zeros_like(sampled["coefficient_deviation"])
        draws = model_draws(design, spec, make_projection(design), sampled)
        for unit in range(3):
            np.testing.assert_allclose(draws["coefficient"][:, unit], draws["coefficient_mean"])

    def test_another_order_of_units_is_another_order_of_draws(self):
        panel, spec, _ = small_panel()
        order = [2, 0, 1]
        design, turned = make_design(panel, spec), make_design(panel.isel(unit=order), spec)
        sampled = named_draws(design, spec, unconstrained(design, spec, 4))
        moved = {}
        for variable in variables_of(design, spec):
            by_unit = "unit" in variable.dims
            moved[variable.name] = sampled[variable.name][:, order] if by_unit else sampled[variable.name]
        moved["linear_rotated"] = sampled["linear_rotated"][:, order]
        one = model_draws(design, spec, make_projection(design), sampled)
        other = model_draws(turned, spec, make_projection(turned), moved)
        np.testing.assert_allclose(one["coefficient"][:, order], other["coefficient"])
        np.testing.assert_allclose(expected_kpi(design, spec, one), expected_kpi(turned, spec, other))

    def test_series_are_units_then_channels(self):
        panel, spec, _ = small_panel()
        silent = panel["spend"].copy()
        silent.loc[{"unit": panel["unit"].values[1], "channel": "social_1_spend"}] = 0.0
        design = make_design(panel.assign(spend=silent), spec)
        draws = prior_draws(design, spec, 3, np.random.default_rng(0))
        saturated = np.concatenate([part for _, part in saturated_series(design, spec, draws)])
        assert [bool((saturated[:, s] == 0).all()) for s in range(6)] == [False, False, False, True, False, False]
