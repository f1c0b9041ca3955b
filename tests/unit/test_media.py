"""What media add: the block bootstrap and the verdict."""

import numpy as np
import pytest
from made_forecasts import made_forecasts, made_panel

from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging import bootstrap
from mmm_builder.judging.media import (
    LEAST_ROWS,
    MIXED_RHAT,
    media_adds,
    media_evidence,
)
from mmm_builder.judging.twins import forecast_table
from mmm_builder.policy.words import key_of

GAIN_MIN = EvidenceSettings().media_gain_min
FOLDS = np.repeat([1, 2, 3], 13)
TOLD = {"gain_min": GAIN_MIN, "rows": "folds"}


def autoregressive(phi: float, n: int, rng: np.random.Generator) -> np.ndarray:
    values = rng.normal(size=n)
    for t in range(1, n):
        values[t] = phi * values[t - 1] + np.sqrt(1 - phi**2) * values[t]
    return values


class TestBlocks:
    @pytest.mark.parametrize("length", [1, 3, 5, 13])
    def test_none_runs_over_the_end_of_a_segment(self, length):
        rows = bootstrap.resampled_rows(FOLDS, length, np.random.default_rng(1), 50)
        assert rows.shape == (50, len(FOLDS))
        for start in range(0, len(FOLDS), length):
            block = FOLDS[rows[:, start : start + length]]
            assert (block == block[:, :1]).all()

    def test_neighbours_stay_neighbours_and_go_round(self):
        rows = bootstrap.resampled_rows(np.zeros(10, dtype=int), 5, np.random.default_rng(1), 200)
        steps = np.diff(rows.reshape(-1, 5), axis=1) % 10
        assert (steps == 1).all()

    def test_every_row_is_as_likely(self):
        rows = bootstrap.resampled_rows(np.repeat([1, 2], [7, 20]), 4, np.random.default_rng(1), 4000)
        share = np.bincount(rows.ravel(), minlength=27) / rows.size
        np.testing.assert_allclose(share, 1 / 27, rtol=0.15)

    def test_autocorrelation_makes_longer_blocks(self):
        rng, one = np.random.default_rng(2), np.zeros(500, dtype=int)
        lengths = [bootstrap.block_length(autoregressive(phi, 500, rng), one) for phi in (0.0, 0.5, 0.8)]
        assert lengths == sorted(lengths)
        assert lengths[0] <= 9
        assert lengths[2] > 1.5 * lengths[0]

    @pytest.mark.parametrize("sizes", [[1, 1, 1], [2, 2, 2], [13, 13, 13, 31], [4]])
    def test_no_block_is_longer_than_leaves_something_to_vary(self, sizes):
        segment = np.repeat(np.arange(len(sizes)), sizes)
        values = autoregressive(0.9, len(segment), np.random.default_rng(3))
        length = bootstrap.block_length(values, segment)
        assert 1 <= length <= (min(sizes) if len(sizes) > 1 else max(1, sizes[0] // 2))

    def test_pairs_across_segments_do_not_count(self):
        segment = np.repeat([1, 2], 10)
        assert bootstrap.autocorrelation(np.where(segment == 1, 1.0, -1.0), segment) == pytest.approx(0.9)
        alternating = np.tile([1.0, -1.0], 10)
        assert bootstrap.autocorrelation(alternating, segment) == pytest.approx(-0.9)
        assert bootstrap.autocorrelation(np.ones(20), segment) == 0.0


class TestScoreIntervals:
    def test_hold_the_figures_and_narrow_with_rows(self):
        rng = np.random.default_rng(4)
        widths = []
        for n in (30, 300):
            actual = 100 + rng.normal(0, 10, n)
            predicted = actual + rng.normal(0, 5, n)
            (low, high), (least, most) = bootstrap.score_intervals(actual, predicted, 0.8)
            r2 = 1 - np.sum((actual - predicted) ** 2) / np.sum((actual - actual.mean()) ** 2)
            assert low < r2 < high < 1
            assert least < 100 * np.mean(np.abs(1 - predicted / actual)) < most
            widths.append(high - low)
        assert widths[1] < widths[0]

    def test_the_same_rows_have_the_same_interval(self):
        actual, predicted = np.random.default_rng(5).normal(10, 1, (2, 25))
        assert bootstrap.score_intervals(actual, predicted, 0.8) == bootstrap.score_intervals(actual, predicted, 0.8)

    def test_undefined_figures_have_none(self):
        assert bootstrap.score_intervals(np.zeros(9), np.ones(9), 0.8) == (None, None)
        assert bootstrap.score_intervals(np.array([5.0]), np.array([4.0]), 0.8) == (None, None)

    def test_cover_the_truth_about_as_often_as_they_say(self):
        rng, hits = np.random.default_rng(6), 0
        for _ in range(100):
            error = autoregressive(0.4, 60, rng)
            actual = 100 + 3 * rng.normal(size=60) + error
            low, high = bootstrap.score_intervals(actual, actual - error, 0.8)[1]
            hits += low < 0.8 < high  # E|N(0, 1)| of 100
        assert 68 <= hits <= 92


class TestVerdict:
    def scores(self, gain: float, spread: float, seed: int = 7):
        rng = np.random.default_rng(seed)
        free = 1.0 + 0.2 * rng.random(39)
        return free * (1 - gain) + spread * rng.normal(size=39), free

    @pytest.mark.parametrize(("gain", "spread", "verdict"), [
        (0.2, 0.05, "yes"), (0.0, 0.01, "no"), (-0.2, 0.05, "no"), (0.01, 0.002, "no"), (0.1, 1.0, "unclear"),
        (0.03, 0.6, "unclear"),
    ])  # fmt: skip
    def test_goes_by_the_interval_and_the_least_gain(self, gain, spread, verdict):
        found = media_adds(*self.scores(gain, spread), FOLDS, **TOLD)
        assert found.verdict == verdict
        assert found.lower_80 <= found.crps_gain <= found.upper_80

    def test_a_sure_gain_below_the_least_is_no_yes(self):
        found = media_adds(*self.scores(0.015, 0.001), FOLDS, **TOLD)
        assert found.lower_80 > 0
        assert found.verdict != "yes"

    def test_unit_and_order_of_segments_do_not_matter_to_the_gain(self):
        model, free = self.scores(0.1, 0.1)
        one, other = media_adds(model, free, FOLDS, **TOLD), media_adds(1e6 * model, 1e6 * free, FOLDS, **TOLD)
        assert one.crps_gain == pytest.approx(other.crps_gain)
        assert (one.lower_80, one.upper_80) == pytest.approx((other.lower_80, other.upper_80))

    def test_a_gain_of_one_fold_alone_is_unclear(self):
        """What a single fold gained may be its origin's luck: folds are drawn as chance has them."""
        free = np.ones(39)
        model = np.where(FOLDS == 3, 0.7, 1.05)
        assert media_adds(model, free, FOLDS, **TOLD).verdict == "unclear"

    def test_few_forecasts_have_a_gain_and_no_verdict(self):
        n = LEAST_ROWS - 1
        found = media_adds(0.5 * np.ones(n), np.ones(n), np.ones(n), **TOLD)
        assert (found.verdict, found.crps_gain, found.lower_80) == ("unclear", 0.5, None)
        assert "too few" in found.reason

    def test_nothing_missed_without_media_leaves_nothing_to_gain(self):
        found = media_adds(np.zeros(39), np.zeros(39), FOLDS, **TOLD)
        assert (found.verdict, found.crps_gain) == ("unclear", None)

    def test_twins_that_are_equal_gain_nothing(self):
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi)
        forecasts["predictive"][1] = forecasts["predictive"][0]
        table = forecast_table(panel, forecasts, kpi[~panel["is_training"].values])
        found = media_evidence(forecasts, table, gain_min=GAIN_MIN, rows="folds and holdout")["media_adds"]
        assert (found.verdict, found.crps_gain, found.n_rows) == ("no", 0.0, 71)

    @pytest.mark.parametrize("origins", [[1], [0, 1]])
    def test_of_one_origin_or_two_there_is_a_gain_and_no_verdict(self, origins):
        segment = np.repeat(origins, 30)
        found = media_adds(0.5 * np.ones(len(segment)), np.ones(len(segment)), segment, **TOLD)
        assert (found.verdict, found.crps_gain, found.lower_80) == ("unclear", 0.5, pytest.approx(0.5))
        assert "share its errors" in found.reason

    @pytest.mark.parametrize("name", ["model", "media_free"])
    @pytest.mark.parametrize(("origin", "rhat", "verdict"), [
        (2, MIXED_RHAT + 0.01, "unclear"), (2, np.nan, "unclear"), (2, MIXED_RHAT, "yes"), (0, 2.0, "yes"),
    ])  # fmt: skip
    def test_a_fit_that_has_not_mixed_leaves_it_open(self, name, origin, rhat, verdict):
        """Of the folds alone the fit at the end of the training rows is none."""
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi, media_free=np.random.default_rng(1).normal(0, 60, 156))
        forecasts["worst_rhat"].loc[{"forecaster": name, "origin": origin}] = rhat
        table = forecast_table(panel, forecasts)
        found = media_evidence(forecasts, table[table["fold"] > 0], gain_min=GAIN_MIN, rows="folds")["media_adds"]
        assert found.verdict == verdict
        assert (found.reason is None) == (verdict == "yes")
        assert found.lower_80 > 0

    def test_every_reason_can_be_said_in_another_language(self):
        n, zero, segment = LEAST_ROWS, np.zeros(39), np.repeat([1, 2, 3], LEAST_ROWS)
        few = (np.ones(n - 1), np.ones(n - 1), FOLDS[: n - 1])
        for scores in (few, (zero, zero, FOLDS), (np.ones(n), np.ones(n), segment[:n])):
            assert key_of(media_adds(*scores, **TOLD).reason)[0].startswith("media.")
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi)
        forecasts["worst_rhat"].loc[{"origin": 1}] = 1.2345
        found = media_evidence(forecasts, forecast_table(panel, forecasts), gain_min=GAIN_MIN, rows="folds")
        assert key_of(found["media_adds"].reason) == ("media.unmixed", {"rhat": "1.23", "limit": "1.1"})

    def without_gain(self, sd: float, shared: float, *, n: int = 150):
        """Yield verdicts on forecasters that are as good as one another.

        Scores differ by autocorrelated noise; `shared` of its variance is common to the rows of an origin.
        """
        rng, segment = np.random.default_rng(8), np.repeat([1, 2, 3, 0], [13, 13, 13, 31])
        for _ in range(n):
            free = np.abs(1 + 0.3 * autoregressive(0.3, 70, rng))
            own, common = autoregressive(0.3, 70, rng), rng.normal(size=4)[segment]
            model = free + sd * (np.sqrt(1 - shared) * own + np.sqrt(shared) * common)
            yield media_adds(model, free, segment, **TOLD).verdict

    @pytest.mark.parametrize(("sd", "shared"), [(0.06, 0.0), (0.06, 0.3), (0.2, 0.0), (0.2, 0.3)])
    def test_without_any_gain_yes_is_the_exception(self, sd, shared):
        assert np.mean([verdict == "yes" for verdict in self.without_gain(sd, shared)]) <= 0.25

    def test_without_any_gain_no_is_the_rule_where_scores_are_near(self):
        no = np.mean([verdict == "no" for verdict in self.without_gain(0.03, 0.1, n=60)])
        assert no > 0.6
