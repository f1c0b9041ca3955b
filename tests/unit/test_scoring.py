"""Scores against closed forms and their properties."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from mmm_builder.judging import scoring

ROWS = arrays(float, 12, elements=st.floats(-1e6, 1e6))


def varied(values: np.ndarray) -> bool:
    return np.ptp(values) > 1e-3 * max(1.0, np.abs(values).max())


class TestR2:
    def test_is_one_where_all_is_met_and_zero_at_the_mean(self):
        actual = np.array([1.0, 2.0, 4.0])
        assert scoring.r2(actual, actual) == 1.0
        assert scoring.r2(actual, np.full(3, actual.mean())) == pytest.approx(0.0)

    def test_is_negative_where_the_mean_is_nearer(self):
        assert scoring.r2(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == pytest.approx(-3.0)

    def test_sees_a_wrong_level(self):
        actual = np.sin(np.arange(20.0))
        assert scoring.r2(actual, actual + 5) < -10

    def test_is_undefined_where_the_kpi_does_not_vary(self):
        assert scoring.r2(np.full(3, 0.1), np.zeros(3)) is None

    @given(actual=ROWS, predicted=ROWS, factor=st.sampled_from([1e-3, 7.0, 1000.0]), level=st.floats(-100, 100))
    def test_unit_and_origin_do_not_matter(self, actual, predicted, factor, level):
        assume(varied(actual))
        moved = scoring.r2(factor * (actual + level), factor * (predicted + level))
        assert moved == pytest.approx(scoring.r2(actual, predicted), rel=1e-6, abs=1e-6)


class TestPercentageErrors:
    def test_mape_by_hand(self):
        assert scoring.mape(np.array([100.0, -50.0]), np.array([90.0, -60.0])) == pytest.approx(15.0)

    def test_mape_is_undefined_with_zeros_and_wmape_is_not(self):
        actual = np.array([0.0, 10.0])
        assert scoring.mape(actual, np.array([1.0, 9.0])) is None
        assert scoring.wmape(actual, np.array([1.0, 9.0])) == pytest.approx(20.0)

    def test_wmape_is_undefined_where_all_is_zero(self):
        assert scoring.wmape(np.zeros(3), np.ones(3)) is None

    @given(actual=arrays(float, 9, elements=st.floats(1, 1e6)), share=st.floats(-0.9, 5))
    def test_both_are_the_share_where_all_rows_are_off_alike(self, actual, share):
        predicted = actual * (1 + share)
        assert scoring.mape(actual, predicted) == pytest.approx(100 * abs(share), abs=1e-6)
        assert scoring.wmape(actual, predicted) == pytest.approx(100 * abs(share), abs=1e-6)


def test_rmse_of_a_constant_error():
    assert scoring.rmse(np.arange(5.0), np.arange(5.0) - 3) == 3.0


class TestCrps:
    @pytest.mark.parametrize("actual", [0.0, 1.5, -4.0])
    def test_of_a_normal_ensemble_is_the_closed_form(self, actual):
        """Gneiting and Raftery 2007, eq. 5 of the normal: σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π)."""
        mean, sd = 1.0, 2.0
        draws = stats.norm(mean, sd).ppf((np.arange(20_000) + 0.5) / 20_000)[:, None]
        z = (actual - mean) / sd
        closed = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
        assert scoring.crps(np.array([actual]), draws) == pytest.approx(closed, abs=2e-3)

    @given(draws=arrays(float, (15, 1), elements=st.floats(-1e3, 1e3)), actual=st.floats(-1e3, 1e3))
    def test_is_the_definition(self, draws, actual):
        pairs = np.abs(draws[:, 0][:, None] - draws[:, 0][None, :]).mean()
        expected = np.abs(draws - actual).mean() - pairs / 2
        assert scoring.crps(np.array([actual]), draws) == pytest.approx(expected, abs=1e-8)

    @given(actual=ROWS, predicted=ROWS)
    def test_of_a_point_is_the_absolute_error(self, actual, predicted):
        draws = np.repeat(predicted[None], 7, axis=0)
        assert scoring.crps(actual, draws) == pytest.approx(np.abs(actual - predicted).mean(), abs=1e-6)


class TestInterval:
    def test_holds_eighty_per_cent_of_the_draws(self):
        draws = np.random.default_rng(0).normal(size=(5000, 3))
        lower, upper = scoring.interval(draws)
        np.testing.assert_allclose(((draws > lower) & (draws < upper)).mean(axis=0), 0.8, atol=1e-3)

    def test_coverage_counts_the_ends(self):
        inside = scoring.coverage(np.array([1.0, 2.0, 3.1]), np.array([1.0, 0, 0]), np.array([2.0, 2.0, 3.0]))
        assert inside == pytest.approx(2 / 3)


class TestByRow:
    def test_the_mean_of_rows_is_the_score(self):
        rng = np.random.default_rng(1)
        actual, draws = rng.normal(size=7), rng.normal(size=(50, 7))
        rows = scoring.crps_by_row(actual, draws)
        assert rows.shape == (7,)
        assert rows.mean() == pytest.approx(scoring.crps(actual, draws))

    def test_a_normal_forecast_scores_as_many_draws_of_it(self):
        actual, mean, sd = np.array([0.3, -2.0]), np.array([0.0, 1.0]), np.array([1.0, 3.0])
        draws = stats.norm(mean, sd).ppf(((np.arange(20_000) + 0.5) / 20_000)[:, None])
        np.testing.assert_allclose(
            scoring.crps_normal_by_row(actual, mean, sd), scoring.crps_by_row(actual, draws), atol=2e-3
        )

    def test_without_spread_it_is_the_error(self):
        assert scoring.crps_normal_by_row(np.array([3.0]), np.array([5.0]), np.array([0.0])).tolist() == [2.0]


class TestErrorShares:
    ACTUAL = np.sin(np.arange(40.0))

    @pytest.mark.parametrize(("predicted", "share"), [
        (ACTUAL + 3, 0), (ACTUAL.mean() + 2 * (ACTUAL - ACTUAL.mean()), 1), (2 * ACTUAL.mean() - ACTUAL, 2),
    ])  # fmt: skip
    def test_each_kind_of_error_is_told(self, predicted, share):
        shares = scoring.error_shares(self.ACTUAL, predicted)
        assert shares[share] == pytest.approx(1.0)

    @given(actual=ROWS, predicted=ROWS)
    def test_they_add_up(self, actual, predicted):
        assume(varied(actual - predicted))
        shares = scoring.error_shares(actual, predicted)
        assert sum(shares) == pytest.approx(1.0, abs=1e-6)
        assert min(shares) >= 0

    def test_without_error_there_are_none(self):
        assert scoring.error_shares(self.ACTUAL, self.ACTUAL) is None


def test_correlation_at_a_lag():
    season = np.tile([1.0, 5.0, 2.0, 0.0], 10)
    assert scoring.lag_correlation(season, 4) == pytest.approx(1.0)
    assert scoring.lag_correlation(season, 1) < 0.5
    assert np.isnan(scoring.lag_correlation(np.ones(9)))
    assert np.isnan(scoring.lag_correlation(season[:4], 4))
