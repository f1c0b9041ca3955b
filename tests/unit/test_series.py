"""Figures of the series: what stands out, what shifts, what moves together; and what must not set these off."""

import numpy as np
import pandas as pd
import pytest

import profiles
from mmm_builder.data_profile import NATIONAL, DataSeries
from mmm_builder.profiling.season import season_r2
from mmm_builder.profiling.series import (
    column_gaps,
    correlation,
    data_series,
    period_totals,
    series_statistics,
    variance_inflation,
)
from mmm_builder.profiling.unusual import level_shifts, outliers, peaks

CADENCES = {"D": (365.25, 900), "7D": (365.25 / 7, 156), "MS": (12.0, 60)}
SEEDS = range(5)


def kpi(freq: str = "7D", seed: int = 0, *, trend: float = 0.3, rho: float = 0.4, christmas: float = 0.0) -> pd.Series:
    """Return a KPI with trend, season, autocorrelated noise of 5 % and, if asked for, a peak each Christmas."""
    periods_per_year, n = CADENCES[freq]
    rng = np.random.default_rng(seed)
    dates, time = pd.date_range("2020-01-06", periods=n, freq=freq), np.arange(n)
    noise = pd.Series(rng.normal(0, 0.05, n)).ewm(alpha=1 - rho, adjust=False).mean().to_numpy()
    year = 2 * np.pi * time / periods_per_year
    season = 0.15 * np.sin(year + 1) + 0.08 * np.cos(2 * year) + christmas * (np.asarray(dates.day_of_year) > 350)
    return pd.Series(np.exp(7 + trend * time / n + season + noise), dates)


def panel(columns: dict[str, object], units: int = 1) -> pd.DataFrame:
    """Return a table (date, unit) of 120 weeks; the columns are cycled over its rows."""
    names = [f"unit {n}" for n in range(units)] if units > 1 else [NATIONAL]
    index = pd.MultiIndex.from_product([pd.date_range("2022-01-03", periods=120, freq="7D"), names])
    rows = pd.DataFrame({name: np.resize(values, len(index)) for name, values in columns.items()}, dtype=float)
    return rows.set_axis(index.set_names(["date", "unit"]))


def statistics(table: pd.DataFrame, **roles: object) -> dict:
    said = {"target": "sales", "channels": ["tv"], "exposures": [], "controls": [], "periods_per_year": 365.25 / 7}
    return {figures.column: figures for figures in series_statistics(table, **said | roles)}


class TestOutliers:
    @pytest.mark.parametrize("freq", CADENCES)
    @pytest.mark.parametrize("factor", [2.5, 0.3])
    def test_a_planted_one_is_found_alone(self, freq, factor):
        series = kpi(freq)
        date = series.index[len(series) // 2]
        series[date] *= factor
        assert list(outliers(series, CADENCES[freq][0])) == [date]

    @pytest.mark.parametrize("freq", CADENCES)
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("christmas", [0.0, 0.7])
    def test_noise_trend_season_and_feasts_are_none(self, freq, seed, christmas):
        assert outliers(kpi(freq, seed, christmas=christmas), CADENCES[freq][0]).empty

    def test_weekdays_are_none(self):
        series = kpi("D")
        assert outliers(series * np.where(series.index.day_of_week == 6, 0.1, 1.0), 365.25).empty

    def test_a_series_of_few_values_has_none(self):
        marks = pd.Series(np.resize([0.0] * 30 + [1.0], 156), kpi().index)
        assert outliers(marks, 52.0).empty

    def test_media_may_pause_and_burst_but_not_jump_out(self):
        rng = np.random.default_rng(1)
        spend = pd.Series(rng.gamma(2, 1000, 156) * (rng.random(156) < 0.4), kpi().index)
        assert peaks(spend).empty
        spend.iloc[77] = 60_000.0
        assert list(peaks(spend)) == [spend.index[77]]


class TestLevelShifts:
    @pytest.mark.parametrize("freq", CADENCES)
    @pytest.mark.parametrize("factor", [1.5, 0.6])
    def test_a_planted_one_is_found_where_it_is(self, freq, factor):
        series, at = kpi(freq, 3), CADENCES[freq][1] * 2 // 5
        series.iloc[at:] *= factor
        found = [series.index.get_loc(date) for date in level_shifts(series, CADENCES[freq][0])]
        assert len(found) == 1
        assert abs(found[0] - at) <= 2

    def test_two_are_told_in_order(self):
        series = kpi()
        series.iloc[50:100] *= 1.6
        found = [series.index.get_loc(date) for date in level_shifts(series, 365.25 / 7)]
        assert found == pytest.approx([50, 100], abs=2)

    @pytest.mark.parametrize("freq", CADENCES)
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("how", [{"trend": 1.5}, {"rho": 0.9}, {"christmas": 0.7}], ids=str)
    def test_trend_season_and_noise_are_none(self, freq, seed, how):
        assert level_shifts(kpi(freq, seed, **how), CADENCES[freq][0]).empty

    def test_one_outlier_is_none(self):
        series = kpi()
        series.iloc[60] *= 10
        assert level_shifts(series, 365.25 / 7).empty

    def test_less_than_two_years_tell_none(self):
        series = kpi()[:90]
        series.iloc[45:] *= 2
        assert level_shifts(series, 365.25 / 7).empty


@pytest.mark.parametrize("freq", CADENCES)
def test_season_is_told_from_noise(freq):
    periods_per_year, n = CADENCES[freq]
    noise = pd.Series(np.random.default_rng(1).normal(size=n), kpi(freq).index)
    wave = pd.Series(np.sin(2 * np.pi * np.arange(n) / periods_per_year), noise.index)
    assert season_r2(wave, periods_per_year) > 0.99
    assert season_r2(noise, periods_per_year) < 0.1
    assert season_r2(wave[: int(1.9 * periods_per_year)], periods_per_year) is None


@pytest.mark.parametrize("values", [np.full(120, 3.0), np.zeros(120)])
def test_what_does_not_vary_has_no_correlation_and_no_inflation(values):
    found = statistics(panel({"sales": np.arange(120), "tv": values}))["tv"]
    assert (found.correlation_with_target, found.vif, found.season_r2) == (None, None, None)
    assert found.standard_deviation == 0.0


def test_a_sum_of_others_has_infinite_inflation_which_the_record_leaves_out():
    rng = np.random.default_rng(2)
    columns = pd.DataFrame(rng.gamma(2, 1, (120, 3)), columns=["a", "b", "c"])
    assert all(1 <= vif < 1.2 for vif in variance_inflation(columns).values())
    columns["sum"] = columns["a"] + columns["b"]
    found = variance_inflation(columns)
    assert [name for name, vif in found.items() if np.isinf(vif)] == ["a", "b", "sum"]
    table = panel({"sales": rng.normal(size=120), **columns})
    assert statistics(table, channels=list(columns))["sum"].vif is None
    assert variance_inflation(columns.head(4)) == {}, "too few periods"


def test_figures_survive_huge_values():
    table = panel({"sales": np.resize([1e308, 2e307], 120), "tv": np.resize([1e-300, 0.0, 1e300], 120)}, units=3)
    assert all(np.isfinite(found.mean) for found in statistics(table).values())
    assert correlation(table["sales"], table["sales"]) == pytest.approx(1.0)


def test_panels_are_summed_and_their_controls_averaged():
    table = panel({"sales": [1, 2, 3], "tv": [10, 0, 20], "price": [5, 6, 7]}, units=3)
    found = statistics(table, controls=["price"])
    assert [found[name].mean for name in ("sales", "tv", "price")] == [6.0, 30.0, 6.0]


def test_a_period_without_a_kpi_in_one_unit_is_left_out():
    table = panel({"sales": [1, 2, 3], "tv": [1]}, units=3)
    table.iloc[0, 0] = np.nan
    totals = period_totals(table, profiles.data_profile(target_column="sales"))["sales"]
    assert totals.isna().sum() == 1
    assert statistics(table)["sales"].minimum == 6.0


def test_held_out_rows_reach_only_the_figures_of_all_rows():
    rng = np.random.default_rng(5)
    table = panel({"sales": rng.gamma(9, 100, 120), "tv": rng.gamma(2, 10, 120)})
    dates = table.index.unique("date")
    profile = profiles.data_profile(target_column="sales", n_periods=120, n_train=96, train_end=f"{dates[95]:%Y-%m-%d}")
    before = data_series(table, profile)
    table.iloc[96:] *= 50
    after = data_series(table, profile)
    assert after.training_rows == before.training_rows
    assert after.all_rows != before.all_rows
    assert DataSeries.parse(after.model_dump(mode="json"), "x") == after


def test_gaps_are_counted_with_their_periods():
    table = panel({"sales": [1.0], "tv": [2.0]}, units=2)
    table.iloc[[4, 5, 9], 1] = np.nan
    (gap,) = column_gaps(table)
    assert (gap.column, gap.empty_cells, gap.periods) == ("tv", 3, ("2022-01-17", "2022-01-31"))
