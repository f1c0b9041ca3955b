"""The linear terms: what each column is, taken from training rows only, and clear errors for what isn't there."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from trainings import small_client

from mmm_builder.errors import InputError
from mmm_builder.modelling.terms import TERMS, fourier, linear_terms, training_scale
from mmm_builder.spec import Control, ModelSpec, Normal, Pulse

WIDE = Normal(mu=0.0, sigma=1.0)


@pytest.fixture(scope="module")
def client() -> tuple[xr.Dataset, ModelSpec]:
    panel, spec, _ = small_client()
    return panel, spec


def changed(spec: ModelSpec, **changes) -> ModelSpec:
    return spec.model_copy(update=changes)


def with_control(panel: xr.Dataset, values: np.ndarray) -> xr.Dataset:
    """Return the panel with `values` as its only control, `extra`."""
    return panel.drop_dims("control").assign(
        controls=xr.DataArray(values[:, None], dims=("date", "control"), coords={"control": ["extra"]})
    )


def control_column(panel: xr.Dataset, spec: ModelSpec, values: np.ndarray) -> np.ndarray:
    chosen = changed(spec, controls=(Control(column="extra", coefficient=WIDE),))
    terms = {t.variable: t for t in linear_terms(with_control(panel, values), chosen)}
    return terms["control_coefficient"].values[:, 0]


def pulses(*dates: str) -> tuple[Pulse, ...]:
    return tuple(Pulse(date=d, coefficient=WIDE) for d in dates)


class TestEveryTerm:
    def test_columns_labels_and_priors_are_of_one_length(self, client):
        panel, spec = client
        first = str(panel["date"].values[3])[:10]
        terms = linear_terms(panel, changed(spec, pulses=pulses(first)))
        assert len(terms) == len(TERMS), "this spec asks for all of them"
        for term in terms:
            assert term.values.shape == (panel.sizes["date"], len(term.labels))
            assert len(term.priors) == len(term.labels)
            assert np.isfinite(term.values).all()
            assert term.dim is not None or len(term.labels) == 1

    def test_held_out_rows_move_no_training_row(self, client):
        panel, spec = client
        held_out = ~panel["is_training"]
        moved = panel.assign(controls=xr.where(held_out, 50 * panel["controls"] + 7, panel["controls"]))
        shown = panel["is_training"].values
        for before, after in zip(linear_terms(panel, spec), linear_terms(moved, spec), strict=True):
            np.testing.assert_array_equal(before.values[shown], after.values[shown])


class TestScale:
    @pytest.mark.parametrize("level", [1000.0, -1000.0])
    def test_is_the_mean_of_the_training_rows(self, client, level):
        panel, _ = client
        kpi = xr.full_like(panel["kpi"], level).where(panel["is_training"])
        assert training_scale(panel.assign(kpi=kpi + np.arange(len(kpi)) % 2)) == pytest.approx(abs(level), rel=0.01)

    def test_is_the_spread_where_the_mean_is_near_zero(self, client):
        panel, _ = client
        swinging = np.where(np.arange(panel.sizes["date"]) % 2, 5.0, -5.0)
        assert training_scale(panel.assign(kpi=("date", swinging))) == pytest.approx(5.0, rel=0.01)


class TestTrendAndSeason:
    def test_slope_is_the_change_over_the_training_window(self, client):
        panel, spec = client
        trend = {t.variable: t for t in linear_terms(panel, spec)}["trend_slope"].values[:, 0]
        shown = trend[panel["is_training"].values]
        assert shown.mean() == pytest.approx(0, abs=1e-12)
        assert shown[-1] - shown[0] == pytest.approx(1, abs=1 / len(shown) + 1e-9)
        np.testing.assert_allclose(np.diff(trend), np.diff(trend)[0])

    @given(order=st.integers(1, 26), period=st.floats(4, 366))
    def test_season_comes_back_after_a_period(self, order, period):
        position = np.arange(20.0)
        np.testing.assert_allclose(
            fourier(position, period, order), fourier(position + period, period, order), atol=1e-9 * order
        )

    def test_order_zero_has_no_column(self, client):
        panel, spec = client
        flat = changed(spec, seasonality=spec.seasonality.model_copy(update={"order": 0}))
        assert "season_coefficient" not in {t.variable for t in linear_terms(panel, flat)}


class TestControls:
    def test_are_standardised_by_their_training_rows(self, client):
        panel, spec = client
        values = np.linspace(10, 30, panel.sizes["date"])
        shown = control_column(panel, spec, values)[panel["is_training"].values]
        assert (shown.mean(), shown.std()) == pytest.approx((0, 1))

    def test_marks_stay_as_they_are(self, client):
        panel, spec = client
        marks = (np.arange(panel.sizes["date"]) % 7 == 0).astype(float)
        np.testing.assert_array_equal(control_column(panel, spec, marks), marks)

    @pytest.mark.parametrize("level", [0.0, 0.1, 1.0, 1e9 / 3])
    def test_one_that_never_moved_in_training_acts_nowhere(self, client, level):
        panel, spec = client
        values = np.where(panel["is_training"], level, 7 * level + 3)
        assert np.all(control_column(panel, spec, values) == 0)

    def test_scale_and_offset_of_the_column_do_not_matter(self, client):
        panel, spec = client
        values = np.random.default_rng(0).normal(size=panel.sizes["date"])
        np.testing.assert_allclose(
            control_column(panel, spec, values), control_column(panel, spec, 1000 * values + 5), atol=1e-9
        )

    def test_unknown_one_is_named(self, client):
        panel, spec = client
        spec = changed(spec, controls=(Control(column="avg_prise", coefficient=WIDE),))
        with pytest.raises(InputError, match=r"iteration 1: the data have no control column 'avg_prise' \(did"):
            linear_terms(panel, spec)

    def test_one_named_twice_is_refused(self, client):
        panel, spec = client
        spec = changed(spec, controls=(spec.controls[0], spec.controls[0]))
        with pytest.raises(InputError, match=r"control column 'avg_price' is there 2 times; leave it once"):
            linear_terms(panel, spec)


class TestPulses:
    def test_is_one_on_its_date_only(self, client):
        panel, spec = client
        date = str(panel["date"].values[10])[:10]
        term = linear_terms(panel, changed(spec, pulses=pulses(date)))[-1]
        np.testing.assert_array_equal(term.values[:, 0], np.arange(panel.sizes["date"]) == 10)

    @pytest.mark.parametrize("which", ["held out", "off the calendar", "no date", "twice"])
    def test_only_training_periods_may_have_one(self, client, which):
        panel, spec = client
        dates = [str(d)[:10] for d in panel["date"].values]
        between = str(pd.Timestamp(dates[0]) + pd.Timedelta(days=1))[:10]
        given = {"held out": [dates[-1]], "off the calendar": [between], "no date": ["soon"], "twice": [dates[4]] * 2}
        with pytest.raises(InputError, match=rf"pulses: '{given[which][0]}' is not .* from {dates[0]} to "):
            linear_terms(panel, changed(spec, pulses=pulses(*given[which])))
