"""Rolling folds: what they may see, how they are scored, and the twins beside the model."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_forecasts import made_forecasts, made_panel
from trainings import small_client

from mmm_builder.distributions import HalfNormal, LogNormal, Normal
from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging import scoring, twins
from mmm_builder.judging.folds import FOLD_COLUMNS, fold_evidence
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.folds import FOLDS, LEAST_SHIFTED, LEAST_TRAINING, fold_panel, fold_spec, rolling_origins
from mmm_builder.modelling.forecasting import FORECASTERS, forecasters, origins, twin_panel, twin_spec
from mmm_builder.spec import Control, LevelShift, LiftTest, Pulse
from mmm_builder.verdicts import FoldEvidence, OosThresholds

LIMITS, SETTINGS = OosThresholds(), EvidenceSettings()


def test_without_media_a_pooled_model_of_returns_on_spend_can_be_made():
    panel, spec, _ = small_client(model_type="v2")
    returns = tuple(
        c.model_copy(update={"coefficient": None, "roas": LogNormal(mu=0.5, sigma=0.5)}) for c in spec.channels
    )
    spec = spec.model_copy(update={"channels": returns})
    twin = FORECASTERS["media_free"]
    assert spec.pooling.within_channel_type is not None
    assert make_design(twin_panel(panel, twin), twin_spec(spec, twin, ())).kpi_scale > 0


class TestOrigins:
    @pytest.mark.parametrize("n", range(0, 300, 7))
    def test_windows_expand_and_their_tests_join_up_to_the_last_training_row(self, n):
        folds = rolling_origins(n)
        assert len(folds) in (0, FOLDS)
        for one, other in pairwise(folds):
            assert one.n_train + one.n_test == other.n_train
        if folds:
            assert folds[-1].n_train + folds[-1].n_test == n
            assert folds[0].n_train >= LEAST_TRAINING
            assert [f.number for f in folds] == [1, 2, 3]

    def test_three_years_of_weeks_have_folds_and_eight_rows_none(self):
        assert [f.n_test for f in rolling_origins(124)] == [13, 13, 13]
        assert rolling_origins(LEAST_TRAINING) == ()


class TestWhatAFoldSees:
    def test_no_kpi_after_its_origin_reaches_it(self):
        panel, _, _ = small_client()
        fold = rolling_origins(int(panel["is_training"].sum()))[1]
        later = np.arange(panel.sizes["date"]) >= fold.n_train
        other = panel.assign(kpi=panel["kpi"].where(~later, 2.0 * panel["kpi"] + 7.0))
        xr.testing.assert_identical(fold_panel(panel, fold), fold_panel(other, fold))
        assert np.isnan(fold_panel(panel, fold)["kpi"].values[fold.n_train :]).all()
        assert fold_panel(panel, fold).sizes["date"] == fold.n_train + fold.n_test

    def test_pulses_and_lift_tests_after_its_origin_are_left_out(self):
        panel, spec, _ = small_client()
        fold = rolling_origins(int(panel["is_training"].sum()))[0]
        days = panel["date"].values.astype("datetime64[D]").astype(str)
        early, late = days[3], days[fold.n_train]
        tests = [{"channel": spec.channels[0].column, "start": days[1], "end": end} for end in (early, late)]
        told = spec.model_copy(
            update={
                "pulses": tuple(Pulse(date=d, coefficient=Normal(mu=0.0, sigma=1.0)) for d in (early, late)),
                "lift_tests": tuple(LiftTest(**t, spend_change=1.0, lift=1.0, standard_error=1.0) for t in tests),
            }
        )
        seen = fold_spec(told, fold_panel(panel, fold))
        assert [p.date for p in seen.pulses] == [early]
        assert [t.end for t in seen.lift_tests] == [early]

    @pytest.mark.parametrize("shown", [-1, 0, LEAST_SHIFTED - 1, LEAST_SHIFTED])
    def test_level_shifts_that_it_has_hardly_seen_are_left_out(self, shown):
        panel, spec, _ = small_client()
        fold = rolling_origins(int(panel["is_training"].sum()))[0]
        date = str(panel["date"].values[fold.n_train - shown])[:10]
        shift = LevelShift(date=date, coefficient=Normal(mu=0.0, sigma=0.3))
        seen = fold_spec(spec.model_copy(update={"level_shifts": (shift,)}), fold_panel(panel, fold))
        assert seen.level_shifts == ((shift,) if shown == LEAST_SHIFTED else ())

    def test_origins_are_the_end_of_training_and_the_folds(self):
        panel, _, _ = small_client()
        asked = origins(panel)
        assert [o.number for o in asked] == [0, 1, 2, 3]
        n_train = int(panel["is_training"].sum())
        assert (asked[0].predicted.start, asked[0].predicted.stop) == (n_train, panel.sizes["date"])


class TestTwins:
    def test_controls_that_nobody_knows_ahead_make_the_second_pair(self):
        _, spec, _ = small_client()
        names = [c.column for c in spec.controls]
        assert list(forecasters(spec, ())) == list(forecasters(spec, ("absent",))) == ["model", "media_free"]
        assert list(forecasters(spec, names[:1])) == list(FORECASTERS)
        assert list(forecasters(spec, names[:1], twins=False)) == ["model"]

    @pytest.mark.parametrize("name", list(FORECASTERS))
    def test_a_twin_lacks_what_its_name_says(self, name):
        panel, spec, _ = small_client()
        unknown = spec.controls[0].column
        paid = spec.channels[0].model_copy(update={"coefficient": None, "roas": HalfNormal(sigma=2.0)})
        spec = spec.model_copy(update={"channels": (paid, *spec.channels[1:])})
        twin = FORECASTERS[name]
        made = twin_spec(spec, twin, (unknown,))
        assert (unknown in [c.column for c in made.controls]) == twin.has_unknown_controls
        assert (made.channels[0].roas is not None) == twin.has_media
        assert bool(twin_panel(panel, twin)["spend"].values.any()) == twin.has_media

    def test_of_the_controls_only_the_unknown_ones_go(self):
        _, spec, _ = small_client()
        extra = Control(column="rival", coefficient=Normal(mu=0.0, sigma=1.0))
        spec = spec.model_copy(update={"controls": (*spec.controls, extra)})
        made = twin_spec(spec, FORECASTERS["known_ahead"], ("rival",))
        assert made.controls == spec.controls[:-1]


class TestSeasonalNaive:
    def test_repeats_the_last_season(self):
        shown = np.arange(10.0)
        assert twins.seasonal_naive(shown, 6, 4).expected.tolist() == [6, 7, 8, 9, 6, 7]

    def test_with_less_than_a_season_it_is_the_last_value(self):
        naive = twins.seasonal_naive(np.array([1.0, 3.0, 2.0]), 3, 52)
        assert naive.expected.tolist() == [2, 2, 2]
        assert naive.sd == pytest.approx(np.sqrt(2.5))

    def test_a_pure_season_has_no_error(self):
        shown = np.tile(np.arange(4.0), 5)
        naive = twins.seasonal_naive(shown, 4, 4)
        assert naive.expected.tolist() == [0, 1, 2, 3]
        assert naive.sd == 0.0

    @pytest.mark.parametrize(("freq", "season"), [
        ("D", 364), ("B", 260), ("W-SUN", 52), ("MS", 12), ("ME", 12), ("QS", 4), ("YS", 1),
    ])  # fmt: skip
    def test_season_is_the_rows_of_a_year_and_of_days_whole_weeks(self, freq, season):
        assert twins.season_length(pd.date_range("2020-01-01", periods=60, freq=freq).to_numpy()) == season

    def test_no_value_after_an_origin_is_used(self):
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi)
        table = twins.forecast_table(panel, forecasts, kpi[~panel["is_training"].values])
        naive = table.groupby("fold")["seasonal_naive"]
        for (fold, values), first in zip(naive, table.groupby("fold")["row"].min(), strict=True):
            assert set(values) <= set(kpi[:first]), fold


class TestEvidence:
    def evidence(self, **errors):
        panel, kpi = made_panel()
        return *fold_evidence(panel, made_forecasts(panel, kpi, **errors), LIMITS, SETTINGS), panel, kpi

    def test_perfect_forecasts_pass(self):
        found, table, _, _ = self.evidence(sd=1e-6)
        assert found.passed
        assert found.pooled.r2 == pytest.approx(1.0)
        assert [c.code for c in found.checks] == ["fold_r2", "fold_mape", "fold_overfitting", "fold_sampling"]
        assert tuple(table.columns) == FOLD_COLUMNS
        assert len(table) == sum(f.n_test for f in found.folds) == 39

    def test_without_twins_the_folds_are_judged_alike_and_nothing_is_told_of_media(self):
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi, model=20.0)
        beside, _ = fold_evidence(panel, forecasts, LIMITS, SETTINGS)
        alone, table = fold_evidence(panel, forecasts.sel(forecaster=["model"]), LIMITS, SETTINGS)
        assert (alone.pooled, alone.checks) == (beside.pooled, beside.checks)
        assert alone.twins is None
        assert alone.media_adds is None
        assert table["media_free"].isna().all()

    def test_pooled_scores_are_those_of_the_table(self):
        noise = np.random.default_rng(5).normal(0, 40, 156)
        found, table, _, _ = self.evidence(model=noise)
        assert found.pooled.r2 == pytest.approx(scoring.r2(table["actual"], table["predicted"]))
        assert found.overfitting_index == pytest.approx(np.mean([f.train_r2 for f in found.folds]) - found.pooled.r2)
        shares = (found.pooled.bias_share, found.pooled.variance_share, found.pooled.shape_share)
        assert sum(shares) == pytest.approx(1.0)

    def test_a_wrong_level_is_bias_and_fails(self):
        found, _, _, _ = self.evidence(model=500.0)
        assert found.pooled.bias_share == pytest.approx(1.0)
        assert not found.passed
        assert {c.code for c in found.checks if c.status == "fail"} == {"fold_r2", "fold_mape", "fold_overfitting"}

    def test_folds_are_scored_each_by_itself(self):
        panel, kpi = made_panel()
        error = np.where(np.arange(156) < rolling_origins(124)[1].n_train, 80.0, 0.0)
        found, _ = fold_evidence(panel, made_forecasts(panel, kpi, model=error), LIMITS, SETTINGS)
        assert found.folds[0].crps > 2 * found.folds[1].crps
        assert found.folds[0].coverage_80 < found.folds[1].coverage_80
        assert [f.train_end for f in found.folds[1:]] == [f.test_end for f in found.folds[:-1]]

    def test_a_held_out_kpi_changes_nothing(self):
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi)
        opened = panel.assign(kpi=(("date",), kpi))
        one, other = (fold_evidence(p, forecasts, LIMITS, SETTINGS)[0] for p in (panel, opened))
        assert one == other

    def test_units_of_a_panel_are_summed(self):
        panel, kpi = made_panel()
        shared = panel["kpi"] * xr.DataArray([0.25, 0.75], dims="unit", coords={"unit": ["a", "b"]})
        one, other = (
            fold_evidence(p, made_forecasts(panel, kpi, model=20.0), LIMITS, SETTINGS)[0]
            for p in (panel, panel.assign(kpi=shared))
        )
        assert one.pooled.r2 == pytest.approx(other.pooled.r2)
        assert one.folds[0].train_r2 == pytest.approx(other.folds[0].train_r2)

    def test_a_missing_kpi_is_predicted_and_not_scored(self):
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi, model=np.random.default_rng(0).normal(0, 20, 156))
        gappy = panel.assign(kpi=panel["kpi"].where(np.arange(156) != 120))
        found, table = fold_evidence(gappy, forecasts, LIMITS, SETTINGS)
        assert table["actual"].isna().sum() == 1
        assert table["predicted"].notna().all()
        assert np.isfinite(found.pooled.crps)
        assert found.media_adds.n_rows == 38

    def test_too_few_rows_leave_all_open_with_the_reason(self):
        panel, kpi = made_panel(10, n_train=8)
        found, table = fold_evidence(panel, made_forecasts(panel, kpi), LIMITS, SETTINGS)
        assert not found.passed
        assert table.empty
        assert (found.pooled, found.twins, found.media_adds) == (None, None, None)
        assert {c.status for c in found.checks} == {"unassessed"}
        assert "8 training rows are too few" in found.reason

    @pytest.mark.parametrize("n", [24, 40])
    def test_short_series_and_zeros_have_a_record_all_the_same(self, n):
        panel, kpi = made_panel(n, freq="MS")
        kpi[-n // 3 :] = 0.0
        panel = panel.assign(kpi=(("date",), np.where(panel["is_training"], kpi, np.nan)))
        found, _ = fold_evidence(panel, made_forecasts(panel, kpi, model=1.0), LIMITS, SETTINGS)
        assert FoldEvidence.parse(found.model_dump(mode="json"), "folds.json") == found
        assert found.pooled.mape is None

    @pytest.mark.parametrize(("rhat", "divergences", "status", "told"), [
        (1.049, 4, "pass", None), (1.051, 0, "review", "disagree"), (np.nan, 0, "review", "too short"),
        (1.0, 5, "review", "5 of 400 draws diverged"),
    ])  # fmt: skip
    def test_a_folds_fit_that_was_sampled_badly_is_to_be_looked_at(self, rhat, divergences, status, told):
        panel, kpi = made_panel()
        forecasts = made_forecasts(panel, kpi)
        forecasts["worst_rhat"].loc[{"forecaster": "model", "origin": 2}] = rhat
        forecasts["divergences"].loc[{"forecaster": "model", "origin": 2}] = divergences
        found, _ = fold_evidence(panel, forecasts, LIMITS, SETTINGS)
        check = next(c for c in found.checks if c.code == "fold_sampling")
        assert (check.status, found.passed) == (status, True)
        assert (told or "") in (check.reason or "")
        assert status == "pass" or check.subject == "fold 2"
        assert found.folds[1].worst_rhat == (None if np.isnan(rhat) else rhat)

    def test_known_ahead_stands_side_by_side_where_its_forecasters_are_there(self):
        noise = np.random.default_rng(1).normal(0, 60, 156)
        without, *_ = self.evidence(media_free=noise)
        both, *_ = self.evidence(media_free=noise, known_ahead=noise, known_ahead_media_free=noise)
        assert without.media_adds.verdict == both.media_adds.verdict == "yes"
        assert without.media_adds_known_ahead is None
        assert both.media_adds_known_ahead.verdict != "yes"
