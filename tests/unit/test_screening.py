"""The screen of a configuration: what it may see, what it prefers, and that it says what sampling then shows."""

import numpy as np
import pytest
import xarray as xr
from model_cases import KINDS, Model, with_returns, with_trend
from trainings import small_client, with_noise

from mmm_builder.errors import InputError
from mmm_builder.judging import scoring
from mmm_builder.modelling.design import make_design, make_projection
from mmm_builder.modelling.folds import fold_panel, fold_spec, rolling_origins
from mmm_builder.modelling.prediction import forecast, model_draws
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.sampling import sample
from mmm_builder.policy.changes import apply_changes
from mmm_builder.policy.screening import Screen, screen
from mmm_builder.spec import Change, ModelSpec


def changed(spec: ModelSpec, key: str, new) -> ModelSpec:
    return apply_changes(spec, [Change(key=key, old=None, new=new, reason="", predicted_effect="")], spec.iteration)


def figures(panel: xr.Dataset, spec: ModelSpec) -> tuple:
    """Return everything but the seconds."""
    return tuple(screen(panel, spec)._replace(seconds=0.0))


def gain(panel: xr.Dataset, spec: ModelSpec, other: ModelSpec, figure: str = "log_evidence") -> float:
    """Return by how much more of a figure there is with the other spec."""
    return getattr(screen(panel, other), figure) - getattr(screen(panel, spec), figure)


@pytest.mark.parametrize("model_type", RECIPES)
class TestEveryModel:
    def test_held_out_rows_have_no_say(self, model_type):
        panel, spec, _ = small_client(model_type)
        held_out = ~panel["is_training"]
        moved = panel.assign(
            kpi=xr.where(held_out, 1e6, panel["kpi"]),
            spend=xr.where(held_out, 3 * panel["spend"] + 100, panel["spend"]),
            controls=xr.where(held_out, panel["controls"] + 9, panel["controls"]),
        )
        assert figures(panel, spec) == figures(moved, spec)

    def test_currencies_do_not_matter(self, model_type):
        panel, spec, _ = small_client(model_type)
        found = screen(panel, spec)
        dear = screen(panel.assign(spend=100 * panel["spend"], kpi=1000 * panel["kpi"]), spec)
        expected = found._replace(crps=1000 * found.crps)
        assert dear[:5] == pytest.approx(expected[:5], rel=1e-3)

    def test_the_same_again(self, model_type):
        panel, spec, _ = small_client(model_type)
        assert figures(panel, spec) == figures(panel, spec)


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_every_kind_of_model_can_be_screened(model):
    found = screen(*model.case())
    assert found.crps > 0
    assert 0 < found.train_r2 < 1
    assert np.isfinite(found.log_evidence)


@pytest.mark.parametrize("noise", ["normal", "student_t"])
def test_what_is_screened_is_what_sampling_shows(noise):
    """CRPS and mean of the folds, of 4 × 300 draws."""
    panel, spec, _ = small_client("v3")
    spec = with_noise(spec, noise).model_copy(
        update={"sampler": spec.sampler.model_copy(update={"chains": 4, "draws": 300, "tune": 300})}
    )
    crps = []
    for fold in rolling_origins(int(panel["is_training"].sum())):
        part = fold_panel(panel, fold)
        own = fold_spec(spec, part)
        design = make_design(part, own)
        sampled = sample(design, own, device="cpu", cores=2, report=lambda *_: None)
        draws = model_draws(design, own, make_projection(design), sampled.draws)
        predictive = forecast(design, own, draws, np.random.default_rng(0))[1][:, ~design.is_training]
        crps.append(scoring.crps(panel["kpi"].values[fold.n_train : fold.n_train + fold.n_test], predictive))
    assert screen(panel, spec).crps == pytest.approx(np.mean(crps), rel=0.03)


class TestWhatItPrefers:
    def test_a_season_that_is_there_and_none_that_is_not(self):
        for seed, harmonics in ((1, 3), (2, 0)):
            panel, spec, _ = small_client(seed=seed, harmonics=harmonics, n_periods=156)
            evidence = [screen(panel, changed(spec, "seasonality.order", order)).log_evidence for order in range(7)]
            assert (int(np.argmax(evidence)) > 0) == (harmonics > 0)

    def test_a_season_that_is_there_forecasts_better(self):
        panel, spec, _ = small_client(seed=1, harmonics=3, n_periods=156)
        assert gain(panel, spec, changed(spec, "seasonality.order", 0), "crps") > 0

    def test_the_trend_that_is_there(self):
        panel, spec, _ = small_client(trend=0.6, n_periods=156)
        assert gain(panel, with_trend(spec, "none"), with_trend(spec, "linear")) > 0

    def test_heavy_tails_where_there_are_outliers_and_only_there(self):
        for outliers, gains in ((((20, 0.9), (40, -0.6), (55, 0.8)), True), ((), False)):
            panel, spec, _ = small_client(outliers=[{"row": row, "share": share} for row, share in outliers])
            assert (gain(panel, spec, with_noise(spec, "student_t")) > 0) == gains

    def test_a_prior_that_media_do_not_contradict(self):
        """A prior that holds media to a hundredth of what they do costs evidence."""
        panel, spec, _ = small_client(n_periods=156, r2=0.9)
        tight = spec
        for channel in spec.channels:
            tight = changed(tight, f"channels[{channel.column}].coefficient.sigma", channel.coefficient.sigma / 100)
        assert gain(panel, spec, tight) < -3


class TestWhatCannotBeScreened:
    def test_too_few_rows_for_folds_leave_their_figures_out(self):
        panel, spec, _ = small_client()
        short = panel.isel(date=slice(0, 12)).assign(is_training=("date", np.arange(12) < 10))
        short = short.assign(kpi=short["kpi"].where(short["is_training"]))
        found = screen(short, changed(spec, "seasonality.order", 0))
        assert (found.crps, found.r2, found.mape, found.forecast) == (None, None, None, None)
        assert found.train_r2 is not None

    def test_a_fold_before_a_channel_with_a_return_is_left_out(self):
        panel, spec = with_returns(*small_client()[:2])
        started = panel.assign(spend=panel["spend"].copy())
        started["spend"][:60, 0] = 0.0
        rows = int(panel["is_training"].sum())
        assert [f.n_train >= 60 for f in rolling_origins(rows)] != [True] * 3
        assert screen(started, spec).crps > 0

    def test_what_no_training_row_holds_is_refused(self):
        panel, spec = with_returns(*small_client()[:2])
        silent = panel.assign(spend=panel["spend"] * np.array([0.0, 1.0]))
        with pytest.raises(InputError, match="prior of its roas"):
            screen(silent, spec)

    @pytest.mark.parametrize("kpi", ["constant", "one_jump", "tiny", "exact"])
    def test_odd_series_give_figures_or_none(self, kpi):
        panel, spec, _ = small_client()
        rows = np.arange(panel.sizes["date"])
        odd = {
            "constant": 5.0 + 0.0 * rows, "one_jump": 1.0 + 1e6 * (rows == 30), "tiny": 1e-100 * (1.0 + rows % 3),
            "exact": 2.0 + np.sin(2.0 * np.pi * rows / spec.seasonality.period),
        }[kpi]  # fmt: skip
        values = np.where(panel["is_training"], odd, np.nan)
        found = screen(panel.assign(kpi=("date", values)), spec)
        assert isinstance(found, Screen)
        assert all(figure is None or np.isfinite(figure) for figure in found[:5])


def test_units_of_a_panel_are_summed():
    panel, spec = Model("v2", units=3).case()
    total = xr.Dataset(
        {name: panel[name].sum("unit", skipna=False) for name in ("kpi", "spend")}
        | {"controls": panel["controls"].mean("unit"), "is_training": panel["is_training"]}
    )
    assert screen(panel, spec)[:5] == pytest.approx(screen(total, spec)[:5])
