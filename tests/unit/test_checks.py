"""Checks of the gates: limits, missing evidence, the band of R², zeros in the KPI."""

import math

import numpy as np
import pytest
import xarray as xr

from mmm_builder.judging.checks import (
    OUTLIER_LIMIT,
    band_checks,
    convergence_checks,
    gate_passed,
    limit_check,
    oos_checks,
    residual_checks,
    robust_scores,
    spread_check,
)
from mmm_builder.verdicts import ConvergenceThresholds, OosThresholds

LIMITS, OOS = ConvergenceThresholds(), OosThresholds()


def posterior(n_draws: int = 500, **variables) -> xr.Dataset:
    """Return independent draws of `a` and of `b` by channel; keywords replace variables."""
    rng = np.random.default_rng(0)
    shown = {
        "a": (("chain", "draw"), rng.normal(size=(4, n_draws))),
        "b": (("chain", "draw", "channel"), rng.normal(size=(4, n_draws, 2))),
    }
    return xr.Dataset(shown | variables, coords={"channel": ["tv", "search"]})


def stats_with(divergences: int) -> xr.Dataset:
    diverging = np.zeros((4, 500), dtype=np.int8)
    diverging.flat[:divergences] = 1
    return xr.Dataset({"diverging": (("chain", "draw"), diverging)})


def by_code(checks) -> dict:
    return {c.code: c for c in checks}


class TestConvergence:
    def test_independent_draws_pass(self):
        checks = convergence_checks(posterior(), stats_with(0), LIMITS)
        assert [c.status for c in checks] == ["pass"] * 3
        assert gate_passed(tuple(checks))

    def test_the_worst_parameter_is_named(self):
        b = np.random.default_rng(1).normal(size=(4, 500, 2))
        b[0, :, 1] += 5
        checks = by_code(convergence_checks(posterior(b=(("chain", "draw", "channel"), b)), stats_with(0), LIMITS))
        assert checks["worst_rhat"].status == checks["min_ess"].status == "fail"
        assert checks["worst_rhat"].subject == checks["min_ess"].subject == "b[search]"

    def test_tail_counts_as_well_as_bulk(self):
        """Chains of one centre and different widths mix in the bulk; the tail tells them apart."""
        a = np.random.default_rng(2).normal(size=(4, 500)) * np.array([[1.0], [1.0], [1.0], [6.0]])
        checks = by_code(convergence_checks(posterior(a=(("chain", "draw"), a)), stats_with(0), LIMITS))
        assert checks["min_ess"].subject == "a"
        assert checks["min_ess"].value < 200

    def test_one_divergence_fails(self):
        assert by_code(convergence_checks(posterior(), stats_with(1), LIMITS))["divergences"].status == "fail"

    def test_undefined_rhat_is_no_pass(self):
        b = np.random.default_rng(1).normal(size=(4, 500, 2))
        b[..., 0] = np.nan
        checks = convergence_checks(posterior(b=(("chain", "draw", "channel"), b)), stats_with(0), LIMITS)
        found = by_code(checks)
        assert found["worst_rhat"].status == found["min_ess"].status == "unassessed"
        assert found["worst_rhat"].value is None
        assert found["worst_rhat"].subject == "b[tv]"
        assert not gate_passed(tuple(checks))

    def test_absent_sampler_statistics_are_no_pass(self):
        checks = convergence_checks(posterior(), xr.Dataset(), LIMITS)
        assert by_code(checks)["divergences"].status == "unassessed"
        assert not gate_passed(tuple(checks))


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_figure_that_is_none_is_unassessed_with_a_reason(value):
    check = limit_check("r2_low", value, 0.5, lambda v, m: v >= m)
    assert (check.status, check.value, check.reason) == ("unassessed", None, "could not be computed")


class TestBand:
    @pytest.mark.parametrize(("r2", "low", "high"), [
        (0.549, "fail", "pass"), (0.55, "pass", "pass"), (0.70, "pass", "pass"), (0.701, "pass", "review"),
        (-3.0, "fail", "pass"),
    ])  # fmt: skip
    def test_below_fails_and_above_is_for_review(self, r2, low, high):
        checks = band_checks(r2, LIMITS)
        assert [c.status for c in checks] == [low, high]
        assert gate_passed(tuple(checks)) == (low == "pass")

    def test_above_fails_by_the_letter_if_configured(self):
        checks = band_checks(0.71, ConvergenceThresholds(r2_above="fail"))
        assert checks[1].status == "fail"
        assert not gate_passed(tuple(checks))

    def test_a_review_says_what_decides(self):
        assert "overfitting index decides" in band_checks(0.9, LIMITS)[1].reason

    def test_undefined_r2_passes_nothing(self):
        checks = band_checks(None, LIMITS)
        assert [c.status for c in checks] == ["unassessed"] * 2


class TestResiduals:
    DATES = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")

    def noise(self) -> np.ndarray:
        return np.random.default_rng(3).normal(size=len(self.DATES))

    def test_noise_passes(self):
        assert [c.status for c in residual_checks(self.DATES, self.noise())] == ["pass", "pass"]

    def test_an_outlier_is_dated(self):
        residuals = self.noise()
        residuals[5] = -9.0
        outlier = residual_checks(self.DATES, residuals)[0]
        assert (outlier.status, outlier.subject) == ("review", "2024-01-06")
        assert outlier.value > OUTLIER_LIMIT

    def test_autocorrelation_is_for_review(self):
        smooth = np.convolve(self.noise(), np.ones(8), mode="same")
        assert residual_checks(self.DATES, smooth)[1].status == "review"

    def test_neither_is_ever_a_failure(self):
        for residuals in (np.cumsum(self.noise()), np.zeros(len(self.DATES)), 1e9 * self.noise() ** 5):
            with np.errstate(invalid="ignore"):
                assert gate_passed(tuple(residual_checks(self.DATES, residuals)))

    def test_scores_do_not_depend_on_the_unit(self):
        residuals = self.noise()
        np.testing.assert_allclose(robust_scores(residuals), robust_scores(1000 * residuals + 3), atol=1e-9)


class TestSpread:
    LEVEL = np.linspace(1.0, 3.0, 200)

    def check(self, spread, width):
        actual = self.LEVEL + spread * np.random.default_rng(3).normal(size=200)
        return spread_check(actual, self.LEVEL, width * np.ones(200))

    def test_even_residuals_pass_and_growing_ones_are_for_review(self):
        assert self.check(0.1, 1.0).status == "pass"
        assert self.check(0.1 * self.LEVEL**2, 1.0).status == "review"

    def test_residuals_that_grow_as_the_model_has_it_pass(self):
        assert self.check(0.1 * self.LEVEL**2, self.LEVEL**2).status == "pass"

    def test_without_variation_there_is_nothing_to_see(self):
        assert spread_check(np.ones(9), np.ones(9), np.ones(9)).value is None


class TestOutOfSample:
    def statuses(self, **figures):
        figures = {"r2": 0.5, "mape": 10.0, "wmape": 9.0, "overfitting": 0.1} | figures
        return by_code(oos_checks(**figures, limits=OOS))

    def test_good_figures_pass(self):
        assert gate_passed(tuple(self.statuses().values()))

    @pytest.mark.parametrize(("figure", "code", "at_limit", "beyond"), [
        ("r2", "oos_r2", 0.40, 0.399), ("mape", "oos_mape", 20.0, 20.01),
        ("overfitting", "overfitting_index", 0.25, 0.251),
    ])  # fmt: skip
    def test_each_limit_holds_by_itself(self, figure, code, at_limit, beyond):
        assert self.statuses(**{figure: at_limit})[code].status == "pass"
        failed = self.statuses(**{figure: beyond})
        assert [c.code for c in failed.values() if c.status != "pass"] == [code]
        assert not gate_passed(tuple(failed.values()))

    def test_zeros_in_the_kpi_fall_back_to_wmape_and_say_so(self):
        check = self.statuses(mape=None, wmape=21.0)["oos_mape"]
        assert (check.status, check.value) == ("fail", 21.0)
        assert "the KPI has zeros" in check.reason

    @pytest.mark.parametrize("figure", ["r2", "overfitting"])
    def test_undefined_figures_are_no_pass(self, figure):
        assert not gate_passed(tuple(self.statuses(**{figure: None}).values()))

    def test_neither_mape_nor_wmape_is_no_pass(self):
        assert self.statuses(mape=None, wmape=None)["oos_mape"].status == "unassessed"
