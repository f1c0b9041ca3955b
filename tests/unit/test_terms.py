"""The linear terms: what each column is, taken from training rows only, and clear errors for what isn't there."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from trainings import small_client, small_panel

from mmm_builder.distributions import Normal
from mmm_builder.errors import InputError
from mmm_builder.modelling.terms import TERMS, fourier, linear_terms, training_scale
from mmm_builder.spec import Control, Event, LevelShift, ModelSpec, Pulse, Seasonality

WIDE = Normal(mu=0.0, sigma=1.0)


@pytest.fixture(scope="module")
def client() -> tuple[xr.Dataset, ModelSpec]:
    """Return a panel of one unit, as `make_design` hands it on, and its spec."""
    panel, spec, _ = small_client()
    return by_unit(panel), spec


def by_unit(panel: xr.Dataset) -> xr.Dataset:
    one = panel.expand_dims(unit=["national"]).assign(is_training=panel["is_training"])
    return one.transpose("unit", "date", ...)


def changed(spec: ModelSpec, **changes) -> ModelSpec:
    return spec.model_copy(update=changes)


def with_control(panel: xr.Dataset, values: np.ndarray) -> xr.Dataset:
    """Return the panel with `values` (row,) as its only control, `extra`."""
    return panel.drop_dims("control").assign(
        controls=xr.DataArray(values[None, :, None], dims=("unit", "date", "control"), coords={"control": ["extra"]})
    )


def control_column(panel: xr.Dataset, spec: ModelSpec, values: np.ndarray) -> np.ndarray:
    chosen = changed(spec, controls=(Control(column="extra", coefficient=WIDE),))
    terms = {t.variable: t for t in linear_terms(with_control(panel, values), chosen)}
    return terms["control_coefficient"].values[0, :, 0]


def pulses(*dates: str) -> tuple[Pulse, ...]:
    return tuple(Pulse(date=d, coefficient=WIDE) for d in dates)


def level_shifts(*dates: str) -> tuple[LevelShift, ...]:
    return tuple(LevelShift(date=d, coefficient=WIDE) for d in dates)


class TestEveryTerm:
    def everything(self, panel, spec) -> ModelSpec:
        """Return a spec that asks for every term."""
        dates = panel["date"].values.astype("datetime64[D]").astype(str)
        weekly = Seasonality(order=2, period=7.0, coefficient=WIDE)
        sale = Event(name="sale", dates=(dates[5], dates[-2]), coefficient=WIDE)
        entries = {"pulses": pulses(dates[3]), "level_shifts": level_shifts(dates[8], dates[4]), "events": (sale,)}
        return changed(spec, weekly_seasonality=weekly, **entries)

    def test_columns_labels_and_priors_are_of_one_length(self, client):
        panel, spec = client
        terms = linear_terms(panel, self.everything(panel, spec))
        assert len(terms) == len(TERMS), "this spec asks for all of them"
        for term in terms:
            assert term.values.shape == (1, panel.sizes["date"], len(term.labels))
            assert len(term.priors) == len(term.labels)
            assert np.isfinite(term.values).all()
            assert term.dim is not None or len(term.labels) == 1

    def test_held_out_rows_move_no_training_row(self, client):
        panel, spec = client
        held_out = ~panel["is_training"]
        moved = panel.assign(controls=xr.where(held_out, 50 * panel["controls"] + 7, panel["controls"]))
        moved = moved.transpose("unit", "date", ...)
        shown, spec = panel["is_training"].values, self.everything(panel, spec)
        for before, after in zip(linear_terms(panel, spec), linear_terms(moved, spec), strict=True):
            np.testing.assert_array_equal(before.values[:, shown], after.values[:, shown])

    def test_units_have_columns_of_their_own(self):
        panel, spec, _ = small_panel("v2")
        panel = panel.transpose("unit", "date", ...)
        for unit in range(panel.sizes["unit"]):
            alone = linear_terms(panel.isel(unit=[unit]), spec)
            for one, all_units in zip(alone, linear_terms(panel, spec), strict=True):
                np.testing.assert_allclose(one.values[0], all_units.values[unit])


class TestScale:
    @pytest.mark.parametrize("level", [1000.0, -1000.0])
    def test_is_the_mean_of_the_training_rows(self, client, level):
        panel, _ = client
        kpi = xr.full_like(panel["kpi"], level).where(panel["is_training"])
        kpi = kpi + np.arange(panel.sizes["date"]) % 2
        assert training_scale(panel.assign(kpi=kpi)) == pytest.approx(abs(level), rel=0.01)

    def test_is_the_spread_where_the_mean_is_near_zero(self, client):
        panel, _ = client
        swinging = np.where(np.arange(panel.sizes["date"]) % 2, 5.0, -5.0)
        assert training_scale(panel.assign(kpi=(("unit", "date"), swinging[None]))) == pytest.approx(5.0, rel=0.01)


class TestTrendAndSeason:
    def test_slope_is_the_change_over_the_training_window(self, client):
        panel, spec = client
        trend = {t.variable: t for t in linear_terms(panel, spec)}["trend_slope"].values[0, :, 0]
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
        none = spec.seasonality.model_copy(update={"order": 0})
        flat = changed(spec, seasonality=none, weekly_seasonality=none)
        variables = {t.variable for t in linear_terms(panel, flat)}
        assert not variables & {"season_coefficient", "weekly_season_coefficient"}

    @pytest.mark.parametrize("kind", ["none", "linear", "damped", "local_linear"])
    def test_a_line_is_part_of_linear_trends_only(self, client, kind):
        panel, spec = client
        trend = changed(spec, trend=spec.trend.model_copy(update={"kind": kind}))
        has_line = "trend_slope" in {t.variable for t in linear_terms(panel, trend)}
        assert has_line == (kind in ("linear", "local_linear"))


class TestEvents:
    def column(self, client, *days: str) -> np.ndarray:
        panel, spec = client
        event = Event(name="sale", dates=days, coefficient=WIDE)
        term = {t.variable: t for t in linear_terms(panel, changed(spec, events=(event,)))}["event_coefficient"]
        assert term.labels == ("sale",)
        return term.values[0, :, 0]

    def starts(self, client) -> np.ndarray:
        return client[0]["date"].values.astype("datetime64[D]")

    def test_counts_the_days_that_fall_into_a_period(self, client):
        start = self.starts(client)[7]
        days = [str(start + k) for k in (0, 3, 6, 7)]
        found = self.column(client, *days)
        assert found[7] == 3
        assert found[8] == 1
        assert found.sum() == 4

    def test_held_out_days_count_where_training_rows_have_some(self, client):
        starts = self.starts(client)
        found = self.column(client, str(starts[4]), str(starts[-1] + 6), str(starts[-1] + 7))
        assert (found[4], found[-1]) == (1, 1)

    def test_one_that_no_training_row_holds_acts_nowhere(self, client):
        assert np.all(self.column(client, str(self.starts(client)[-2])) == 0)

    @pytest.mark.parametrize(("dates", "rows"), [
        (("2022-12-01", "2023-01-01", "2023-02-01", "2023-03-01"), [0, 1, 0, 2]),
        (("2022-12-31", "2023-01-31", "2023-02-28", "2023-03-31"), [0, 1, 0, 2]),
    ])  # fmt: skip
    def test_months_hold_all_their_days(self, client, dates, rows):
        """The last one too, which is longer than the one before it."""
        panel, spec = client
        few = panel.isel(date=slice(4)).assign_coords(date=np.array(dates, dtype="datetime64[ns]"))
        monthly = changed(spec, frequency="monthly")
        np.testing.assert_array_equal(self.column((few, monthly), "2023-01-31", "2023-03-01", "2023-03-30"), rows)

    def test_days_off_the_calendar_do_not_matter(self, client):
        found = self.column(client, "1999-12-24", "2099-12-24", str(self.starts(client)[0]))
        assert found.sum() == found[0] == 1


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
        np.testing.assert_array_equal(term.values[0, :, 0], np.arange(panel.sizes["date"]) == 10)

    def test_is_of_a_date(self):
        with pytest.raises(ValidationError, match="a date is written 2024-12-24"):
            pulses("soon")

    @pytest.mark.parametrize("which", ["held out", "off the calendar", "twice"])
    def test_only_training_periods_may_have_one(self, client, which):
        panel, spec = client
        dates = [str(d)[:10] for d in panel["date"].values]
        between = str(pd.Timestamp(dates[0]) + pd.Timedelta(days=1))[:10]
        given = {"held out": [dates[-1]], "off the calendar": [between], "twice": [dates[4]] * 2}
        with pytest.raises(InputError, match=rf"pulses: '{given[which][0]}' is not .* from {dates[0]} to "):
            linear_terms(panel, changed(spec, pulses=pulses(*given[which])))


class TestLevelShifts:
    def test_is_one_from_its_date_on_held_out_rows_included(self, client):
        panel, spec = client
        dates = panel["date"].values.astype("datetime64[D]").astype(str)
        term = linear_terms(panel, changed(spec, level_shifts=level_shifts(dates[10], dates[4])))[-1]
        assert (term.variable, term.dim) == ("level_shift_coefficient", "level_shift")
        assert term.labels == (dates[10], dates[4])
        for column, first in enumerate((10, 4)):
            np.testing.assert_array_equal(term.values[0, :, column], np.arange(panel.sizes["date"]) >= first)

    @pytest.mark.parametrize("which", ["held out", "the first", "twice"])
    def test_begins_in_a_training_period_after_the_first(self, client, which):
        panel, spec = client
        dates = [str(d)[:10] for d in panel["date"].values]
        given = {"held out": [dates[-1]], "the first": [dates[0]], "twice": [dates[4]] * 2}[which]
        with pytest.raises(InputError, match=rf"level_shifts: '{given[0]}' is not .* from {dates[1]} to "):
            linear_terms(panel, changed(spec, level_shifts=level_shifts(*given)))
