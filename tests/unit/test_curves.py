"""What adds to the mean and is not linear: the same in NumPy and PyTensor, and shaped as it is described."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from model_cases import Model, with_trend
from trainings import NOT_COMPILED, small_client

from mmm_builder.errors import InputError
from mmm_builder.modelling.curves import CURVES, curves_of
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.prior_predictive import prior_draws

MODEL_OF = {"damped_trend": Model(trend="damped"), "local_trend": Model(trend="local_linear"),
            "unit_season": Model("v2", units=3)}  # fmt: skip
"""A model with each curve and no other."""


def drawn(name: str, n: int = 6):
    """Return design, spec, curve and draws from its prior."""
    design, spec = MODEL_OF[name].design()
    (curve,) = curves_of(spec)
    assert curve is CURVES[name]
    return design, spec, curve, prior_draws(design, spec, n, np.random.default_rng(0))


@pytest.mark.parametrize("name", CURVES)
class TestEveryCurve:
    def test_has_a_value_per_unit_and_row(self, name):
        design, _, curve, draws = drawn(name)
        values = np.broadcast_to(curve.apply(np, design.curves, draws), (6, len(design.units), len(design.dates)))
        assert np.isfinite(values).all()
        assert np.ptp(values, axis=-1).min() > 0

    def test_is_the_same_in_pytensor(self, name):
        design, spec, curve, draws = drawn(name)
        variables = curve.variables(spec, design.curves, len(design.units))
        inputs = [pt.tensor(v.name, shape=(None,) * len(v.shape), dtype="float64") for v in variables]
        constants = {k: pt.as_tensor(v) for k, v in design.curves.items()}
        graph = curve.apply(pt, constants, {v.name: x for v, x in zip(variables, inputs, strict=True)})
        function = pytensor.function(inputs, graph, mode=NOT_COMPILED)
        for k, expected in enumerate(curve.apply(np, design.curves, draws)):
            np.testing.assert_allclose(function(*(draws[v.name][k] for v in variables)), expected, atol=1e-12)

    def test_later_rows_have_no_part_in_its_constants(self, name):
        panel, spec = MODEL_OF[name].case()
        shown = panel["is_training"]
        moved = panel.assign(
            {v: panel[v].where(shown, 5.0) for v in ("kpi", "spend", "controls")} | {"is_training": shown}
        )
        before, after = (make_design(p, spec).curves for p in (panel, moved))
        for key, value in before.items():
            np.testing.assert_array_equal(value, after[key], err_msg=key)


class TestDampedTrend:
    def curve(self, slope: float, damping: float) -> tuple[np.ndarray, np.ndarray]:
        design, _, curve, _ = drawn("damped_trend")
        sampled = {"trend_slope": np.array([slope]), "trend_damping": np.array([damping])}
        return curve.apply(np, design.curves, sampled)[0, 0], design.is_training

    def test_rises_by_its_slope_over_the_training_window(self):
        values, shown = self.curve(0.4, 3.0)
        n = shown.sum()
        per_row = values[shown][-1] - values[shown][0]
        assert per_row == pytest.approx(0.4, rel=3.5 / n * 3)

    def test_slows_down_by_its_damping(self):
        values, shown = self.curve(0.4, 3.0)
        steps = np.diff(values)
        assert steps[shown.sum() - 1] / steps[0] == pytest.approx(np.exp(-3.0), rel=0.08)
        assert np.all(np.diff(steps) < 0)

    def test_without_damping_it_is_a_line(self):
        values, shown = self.curve(0.4, 1e-6)
        np.testing.assert_allclose(np.diff(values), 0.4 / shown.sum(), rtol=1e-4)


class TestLocalTrend:
    def walks(self, design, curve, drift, n=20_000):
        """Draws (sample, row) from the prior."""
        centring = design.curves["trend_step_centring"]
        steps = drift**centring * np.random.default_rng(1).standard_normal((n, len(centring)))
        return curve.apply(np, design.curves, {"trend_step": steps, "trend_drift": np.full(n, drift)})[:, 0]

    def test_drift_is_its_deviation_over_the_training_window(self):
        design, _, curve, _ = drawn("local_trend")
        values = self.walks(design, curve, 0.3)
        assert values[:, 0].std() == pytest.approx(0.0, abs=1e-12)
        assert values[:, design.is_training.sum()].std() == pytest.approx(0.3, rel=0.05)

    @pytest.mark.parametrize("n_periods", [30, 104, 400])
    def test_it_goes_on_over_held_out_rows(self, n_periods):
        panel, spec, _ = small_client(n_periods=n_periods)
        shapes = make_design(panel, with_trend(spec, "local_linear")).curves["trend_shapes"]
        assert len(shapes) <= min(40, n_periods)
        assert (np.sum(np.diff(shapes, axis=1) ** 2, axis=0) > 0).all()

    def test_rows_tell_its_shapes_one_by_one(self):
        panel, spec, _ = small_client(n_periods=104)
        design = make_design(panel, with_trend(spec, "local_linear"))
        shown, shapes = design.is_training, design.curves["trend_shapes"]
        beside = design.matrix[0][shown]
        residual_maker = np.eye(shown.sum()) - beside @ np.linalg.pinv(beside)
        told = shapes[:, shown] @ residual_maker @ shapes[:, shown].T
        strongest = np.argsort(np.diag(told))[-5:]
        told = told[np.ix_(strongest, strongest)]
        angles = told / np.sqrt(np.outer(np.diag(told), np.diag(told)))
        assert np.abs(angles - np.eye(5)).max() < 0.2

    def test_a_walk_that_rows_tell_is_centred_and_one_they_do_not_is_not(self):
        panel, spec, _ = small_client(n_periods=104)
        rng = np.random.default_rng(3)
        for steps, sees in ((0.05, lambda k: k.max() > 0.5), (0.0, lambda k: k.max() < 0.2)):
            kpi = 1000.0 * (1.0 + np.cumsum(steps * rng.standard_normal(104)) + 0.02 * rng.standard_normal(104))
            other = panel.assign(kpi=panel["kpi"].copy(data=np.where(panel["kpi"].isnull(), np.nan, kpi)))
            assert sees(make_design(other, with_trend(spec, "local_linear")).curves["trend_step_centring"])


class TestUnitSeason:
    def test_scales_are_around_one(self):
        design, _, curve, draws = drawn("unit_season")
        values = curve.apply(np, design.curves, draws)
        size = np.log(values.std(axis=-1))
        common = np.einsum("sw,wt->st", draws["season_coefficient"], design.curves["season_waves"])
        np.testing.assert_allclose(size.mean(axis=1), np.log(common.std(axis=-1)))

    def test_units_share_its_shape(self):
        design, _, curve, draws = drawn("unit_season")
        values = curve.apply(np, design.curves, draws)
        ratio = values / values[:, :1]
        np.testing.assert_allclose(ratio, ratio[..., :1] * np.ones_like(ratio), rtol=1e-6)


@pytest.mark.parametrize(("kind", "prior"), [("damped", "damping"), ("local_linear", "drift")])
def test_missing_prior_of_a_trend_is_named(kind, prior):
    panel, spec, _ = small_client()
    spec = with_trend(spec, kind)
    spec = spec.model_copy(update={"trend": spec.trend.model_copy(update={prior: None})})
    with pytest.raises(InputError, match=f"trend has no prior of {prior}, which kind '{kind}' needs"):
        make_design(panel, spec) and curves_of(spec)[0].variables(spec, make_design(panel, spec).curves, 1)
