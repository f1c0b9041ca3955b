"""Constants of a model: taken from training rows only, free of units, defined for rank-deficient matrices."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from trainings import small_client, small_panel, spec_of, with_noise

from mmm_builder.errors import InputError
from mmm_builder.modelling.design import Design, make_design, make_projection, observed_kpi
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.transforms import ADSTOCKS
from mmm_builder.simulation.simulator import simulate_client


def perturbed(panel: xr.Dataset, what: str) -> xr.Dataset:
    """Return the panel with other held-out values."""
    held_out = ~panel["is_training"]
    noise = np.random.default_rng(9).gamma(2.0, 3.0, panel[what].shape)
    return panel.assign({what: xr.where(held_out, 10 + noise * (1 + abs(panel[what].fillna(0))), panel[what])})


def training_constants(design: Design) -> dict[str, np.ndarray]:
    """Return everything that the posterior depends on."""
    shown, projection = design.is_training, make_projection(design)
    constants = {f.name: getattr(projection, f.name) for f in dataclasses.fields(projection)}
    constants["q"] = projection.q[..., shown]
    constants |= {f"media {k}": v[..., : shown.sum()] if v.shape[-1:] == shown.shape else v
                  for k, v in design.media.items() if k != "epsilon"}  # fmt: skip
    for name in ("kpi_scale", "kpi_scaled", "weight", "spend_unit", "prior_mean", "prior_sd"):
        constants[name] = getattr(design, name)
    return constants | {"matrix": design.matrix[:, shown], "q_training": projection.q_training[..., shown]}


@pytest.mark.parametrize("model_type", RECIPES)
class TestEveryModel:
    @pytest.mark.parametrize("what", ["kpi", "spend", "controls"])
    def test_held_out_rows_move_nothing_that_is_trained_on(self, model_type, what):
        panel, spec, _ = small_client(model_type)
        before = training_constants(make_design(panel, spec))
        after = training_constants(make_design(perturbed(panel, what), spec))
        for name, value in before.items():
            np.testing.assert_equal(after[name], value, err_msg=name)

    def test_currencies_do_not_matter(self, model_type):
        panel, spec, _ = small_client(model_type)
        dear = panel.assign(spend=100 * panel["spend"], kpi=1000 * panel["kpi"])
        before, after = make_design(panel, spec), make_design(dear, spec)
        assert after.kpi_scale == pytest.approx(1000 * before.kpi_scale)
        np.testing.assert_allclose(after.spend_unit, 100 * before.spend_unit)
        for name in before.media:
            np.testing.assert_allclose(after.media[name], before.media[name], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(after.kpi_scaled, before.kpi_scaled)
        np.testing.assert_allclose(after.matrix, before.matrix)

    def test_held_out_kpi_is_never_needed(self, model_type):
        panel, spec, _ = small_client(model_type)
        design = make_design(panel, spec)
        assert np.isnan(panel["kpi"].values[~design.is_training]).all()
        assert np.isfinite(design.kpi_scaled).all()
        assert np.ptp(design.kpi_scaled[:, ~design.is_training]) == 0

    def test_unknown_channel_is_named(self, model_type):
        panel, spec, _ = small_client(model_type)
        channels = (spec.channels[0].model_copy(update={"column": "serch_1_spend"}), spec.channels[1])
        with pytest.raises(InputError, match=r"no channel column 'serch_1_spend' \(did you mean 'search_1_spend'\?\)"):
            make_design(panel, spec.model_copy(update={"channels": channels}))

    def test_channel_named_twice_is_refused(self, model_type):
        panel, spec, _ = small_client(model_type)
        with pytest.raises(InputError, match="channel column 'search_1_spend' is there 2 times"):
            make_design(panel, spec.model_copy(update={"channels": (spec.channels[0], spec.channels[0])}))


def test_channels_keep_the_order_of_the_configuration():
    panel, spec, _ = small_client()
    turned = make_design(panel, spec.model_copy(update={"channels": spec.channels[::-1]}))
    assert turned.channels == tuple(c.column for c in spec.channels[::-1])
    np.testing.assert_array_equal(turned.spend, make_design(panel, spec).spend[:, ::-1])


def test_unit_of_a_model_without_carry_over_is_plain_spend():
    panel, spec, truth = small_client("v3")
    design = make_design(panel, spec.model_copy(update={"adstock": "none"}))
    spend = panel["spend"].values[: truth.n_train]
    np.testing.assert_allclose(design.spend_unit[0], [np.median(x[x > 0]) for x in spend.T])


def test_unit_of_half_saturation_is_the_simulators():
    table, truth = simulate_client(3, n_periods=156, n_channels=4)
    panel, _, _ = small_client(seed=3, n_periods=156, n_channels=4)
    design = make_design(panel, spec_of(table, truth))
    np.testing.assert_allclose(design.spend_unit[0], [c.unit for c in truth.channels], rtol=1e-4)


@pytest.mark.parametrize("model_type", [m for m, r in RECIPES.items() if ADSTOCKS[r.adstock].parameters])
def test_missing_prior_of_retention_is_named(model_type):
    panel, spec, _ = small_client(model_type)
    bare = tuple(c.model_copy(update={"adstock": None}) for c in spec.channels)
    with pytest.raises(InputError, match=r"channel 'search_1_spend' has no prior of adstock_alpha, which adstock"):
        make_design(panel, spec.model_copy(update={"channels": bare}))


class TestProjection:
    def deficient(self) -> Design:
        """A control twice, one that never moves, one that is the trend, one that is the intercept."""
        panel, spec, _ = small_client()
        n = panel.sizes["date"]
        columns = {"price": np.sin(np.arange(n)), "again": np.sin(np.arange(n)), "still": np.full(n, 0.1),
                   "time": np.arange(n, dtype=float), "one": np.ones(n)}  # fmt: skip
        values = xr.DataArray(
            np.stack(list(columns.values()), axis=1), dims=("date", "control"), coords={"control": list(columns)}
        )
        control = spec.controls[0]
        controls = tuple(control.model_copy(update={"column": c}) for c in columns)
        return make_design(
            panel.drop_dims("control").assign(controls=values), spec.model_copy(update={"controls": controls})
        )

    def test_is_defined_for_a_rank_deficient_matrix(self):
        design = self.deficient()
        assert np.linalg.matrix_rank(design.matrix[0, design.is_training]) < design.matrix.shape[2]
        projection = make_projection(design)
        assert all(np.isfinite(getattr(projection, f.name)).all() for f in dataclasses.fields(projection))
        assert np.linalg.cond(projection.r_inverse[0]) < 1e4

    @pytest.mark.parametrize("make", [small_client, small_panel])
    @pytest.mark.parametrize("kind", ["normal", "student_t"])
    def test_centre_is_the_ridge_estimate(self, make, kind):
        panel, spec, _ = make("v2")
        design = make_design(panel, with_noise(spec, kind))
        projection = make_projection(design)
        shown = design.is_training
        for unit in range(len(design.units)):
            z, y = design.matrix[unit, shown], design.kpi_scaled[unit, shown]
            precision = projection.scale[unit] ** 2 / design.prior_sd**2
            estimate = np.linalg.solve(z.T @ z + np.diag(precision), z.T @ y + precision * design.prior_mean)
            centre = projection.r_inverse[unit] @ projection.offset[unit]
            np.testing.assert_allclose(centre, estimate, rtol=1e-8, atol=1e-10)


class TestPanels:
    def test_units_are_summed_unless_they_are_pooled(self):
        panel, spec, _ = small_panel("v3")
        design = make_design(panel, spec)
        assert design.units == ("national",)
        np.testing.assert_allclose(design.spend[0], panel["spend"].sum("unit").values.T)
        shown = design.is_training
        kpi = (design.kpi_scaled * design.kpi_scale[:, None])[0]
        np.testing.assert_allclose(kpi[shown], panel["kpi"].sum("unit").values[shown])

    def test_units_keep_their_names_and_their_own_scales(self):
        panel, spec, _ = small_panel("v2")
        design = make_design(panel, spec)
        assert design.units == tuple(panel["unit"].values)
        shown = design.is_training
        np.testing.assert_allclose(
            design.kpi_scale,
            panel["kpi"].values[shown].mean(axis=0)
            if panel["kpi"].dims[0] == "date"
            else panel["kpi"].values[:, shown].mean(axis=1),
        )
        np.testing.assert_allclose(observed_kpi(design)[shown], panel["kpi"].sum("unit").values[shown])

    def test_one_unit_is_the_national_model(self):
        national, spec, _ = small_client("v3")
        alone = make_design(national.expand_dims(unit=["north"]).assign(is_training=national["is_training"]), spec)
        for name, value in training_constants(make_design(national, spec)).items():
            np.testing.assert_allclose(training_constants(alone)[name], value, err_msg=name)
