"""Checks of the gates: limits, missing evidence, the band of R², zeros in the KPI."""

import math

import numpy as np
import pytest
import xarray as xr
from trainings import small_client, small_panel

from mmm_builder.judging.attribution import (
    VIF_LIMIT,
    attribution_of,
    baseline_check,
    collinearity_checks,
    share_checks,
)
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
from mmm_builder.judging.residuals import break_check, season_check
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.prediction import channel_contributions
from mmm_builder.modelling.prior_predictive import prior_draws
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


class TestSeasonAndBreak:
    DATES = np.arange("2020-01-06", "2023-01-02", 7, dtype="datetime64[D]")

    def noise(self, seed: int = 3) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=len(self.DATES))

    def test_noise_passes_as_often_as_the_limit_says(self):
        checks = [break_check(self.DATES, self.noise(seed)) for seed in range(300)]
        assert sum(c.status == "review" for c in checks) <= 24
        assert season_check(self.noise(), 52).status == "pass"

    def test_a_pattern_of_the_year_is_for_review(self):
        year = 2.0 * np.random.default_rng(1).normal(size=52)
        check = season_check(np.tile(year, 4)[: len(self.DATES)] + self.noise(), 52)
        assert (check.status, check.subject) == ("review", "lag 52")

    def test_less_than_a_season_tells_nothing(self):
        check = season_check(self.noise()[:60], 52)
        assert (check.status, check.value) == ("review", None)
        assert "pairs of rows" in check.reason

    def test_a_break_is_dated(self):
        stepped = self.noise() + 1.5 * (np.arange(len(self.DATES)) >= 100)
        check = break_check(self.DATES, stepped)
        assert check.status == "review"
        assert abs((np.datetime64(check.subject) - self.DATES[99]).astype(int)) <= 35

    def test_autocorrelated_residuals_are_no_break_by_themselves(self):
        found = 0
        for seed in range(200):
            walk = self.noise(seed)
            for t in range(1, len(walk)):
                walk[t] += 0.6 * walk[t - 1]
            found += break_check(self.DATES, walk).status == "review"
        assert found <= 20

    def test_unit_and_level_do_not_matter_and_nothing_fails(self):
        residuals = self.noise()
        values = [break_check(self.DATES, r).value for r in (residuals, 1e6 * residuals + 5)]
        assert values[0] == pytest.approx(values[1])
        assert gate_passed((break_check(self.DATES, 0 * residuals), season_check(0 * residuals, 52)))


@pytest.fixture(scope="module", params=["v3", "simple", "v2", "panel"])
def case(request):
    """Return panel, spec, design and draws from the prior, per model type; v2 of one unit and of three."""
    panel, spec, _ = small_panel() if request.param == "panel" else small_client(request.param)
    design = make_design(panel, spec)
    return panel, spec, design, prior_draws(design, spec, 60, np.random.default_rng(0))


class TestAttribution:
    def test_media_and_baseline_make_the_expectation(self, case):
        _, spec, design, draws = case
        media = attribution_of(design, spec, draws)
        per_channel = sum(c[..., design.is_training].sum(axis=(0, 2)) for _, c in
                          channel_contributions(design, spec, draws)) / 60  # fmt: skip
        np.testing.assert_allclose(media.by_channel, per_channel)
        assert media.by_draw.shape == (60, design.is_training.sum())
        assert media.by_draw.sum() / 60 == pytest.approx(media.by_channel.sum())

    def test_vif_is_one_beside_nothing_alike_and_large_for_a_copy(self, case):
        panel, spec, design, draws = case
        clear = {c.subject: c.value for c in collinearity_checks(design, spec, draws)}
        assert set(clear) == set(design.channels)
        assert all(1.0 <= value < VIF_LIMIT for value in clear.values())
        spend = panel["spend"].copy()
        spend[{"channel": 1}] = 3.0 * spend.isel(channel=0)
        twice = make_design(panel.assign(spend=spend), spec)
        same = {name: np.repeat(v[:, :1], 2, axis=1) if name in ("adstock_alpha", "half_saturation") else v
                for name, v in draws.items()}  # fmt: skip
        found = collinearity_checks(twice, spec, same)
        assert [c.status for c in found] == ["review"] * 2
        assert min(c.value for c in found) > 1e3

    def test_a_silent_channel_is_told(self, case):
        panel, spec, _, draws = case
        silent = panel["spend"].where(panel["channel"] != panel["channel"][0], 0.0)
        found = collinearity_checks(make_design(panel.assign(spend=silent), spec), spec, draws)
        assert found[0].value is None
        assert found[1].value >= 1.0

    def test_a_channel_that_follows_the_season_is_inflated_by_it(self):
        panel, spec, _ = small_client("simple")
        wave = 1.0 + np.sin(2 * np.pi * np.arange(panel.sizes["date"]) / spec.seasonality.period)
        rng = np.random.default_rng(1)
        spend = panel["spend"].copy(data=np.stack([wave, rng.random(len(wave))], axis=1))
        design = make_design(panel.assign(spend=spend), spec)
        draws = prior_draws(design, spec, 20, rng)
        seasonal, own = collinearity_checks(design, spec, draws)
        assert seasonal.status == "review"
        assert own.status == "pass"


class TestBaseline:
    DATES = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")

    def check(self, below: float, actual: float = 100.0):
        """Return the check where that share of draws has a baseline below zero in the fourth row."""
        expected, media = np.full((200, 10), 100.0), np.full((200, 10), 30.0)
        media[: int(200 * below), 3] = 130.0
        return baseline_check(self.DATES, np.full(10, actual), expected, media)

    def test_is_the_share_of_draws_and_rows(self):
        assert self.check(0.0).value == 0.0
        found = self.check(1.0)
        assert (found.value, found.status, found.subject) == (pytest.approx(0.1), "review", "2024-01-04")

    def test_a_kpi_below_zero_may_have_one(self):
        assert self.check(1.0, actual=-5.0).status == "pass"


class TestShares:
    def test_effect_against_spend(self):
        checks = share_checks(("a", "b", "c"), np.array([60.0, 39.0, 1.0]), {"a": 0.1, "b": 0.4, "c": 0.5})
        assert [c.status for c in checks] == ["review", "pass", "review"]
        assert checks[0].value == pytest.approx(6.0)
        assert "60 % of media's contribution with 10 % of spend" in checks[0].reason
        assert gate_passed(tuple(checks))

    def test_of_what_is_money_alone(self):
        checks = share_checks(("a", "b", "c"), np.array([10.0, 10.0, 80.0]), {"a": 0.5, "b": 0.5})
        assert [(c.subject, c.value) for c in checks] == [("a", 1.0), ("b", 1.0)]

    @pytest.mark.parametrize("shares", [{}, {"a": 1.0}, {"a": 1.0, "b": 0.0}])
    def test_without_shares_to_compare_there_is_no_check(self, shares):
        assert share_checks(("a", "b"), np.array([1.0, 2.0]), shares) == []


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
