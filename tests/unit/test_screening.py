"""The screen: fit and evidence of a spec on training rows, against the closed form, in milliseconds."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from trainings import small_client, with_noise

from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.policy.changes import apply_changes
from mmm_builder.policy.screening import _best_noise, _log_evidence, screen
from mmm_builder.spec import Change, ModelSpec


def changed(spec: ModelSpec, key: str, new) -> ModelSpec:
    return apply_changes(spec, [Change(key=key, old=None, new=new, reason="", predicted_effect="")], spec.iteration)


def linear_case(n: int = 60):
    """Return columns, one of them twice, and values; prior means and standard deviations."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))[:, [0, 1, 2, 2]]
    mean, sd = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.5, 0.3, 0.3, 0.2])
    return x, x @ np.array([1.2, 0.4, 0.0, 0.0]) + rng.normal(0, 0.2, n), mean, sd


def decomposed(x, y, mean, sd):
    directions, spread, _ = np.linalg.svd(x * sd, full_matrices=False)
    along = directions.T @ (y - x @ mean)
    return spread, along, y - x @ mean - directions @ along


@pytest.mark.parametrize("noise", [0.05, 0.2, 2.0])
def test_evidence_is_the_marginal_likelihood(noise):
    x, y, mean, sd = linear_case()
    closed = stats.multivariate_normal(x @ mean, x @ np.diag(sd**2) @ x.T + noise**2 * np.eye(60)).logpdf(y)
    assert _log_evidence(np.log(noise), *decomposed(x, y, mean, sd)) == pytest.approx(closed)


def test_noise_is_found():
    x, y, mean, sd = linear_case(400)
    assert np.exp(_best_noise(y, *decomposed(x, y, mean, sd))) == pytest.approx(0.2, rel=0.1)


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
        assert screen(panel, spec) == screen(moved, spec)

    def test_currencies_do_not_matter(self, model_type):
        panel, spec, _ = small_client(model_type)
        dear = panel.assign(spend=100 * panel["spend"], kpi=1000 * panel["kpi"])
        assert screen(dear, spec) == pytest.approx(screen(panel, spec), rel=1e-6)

    def test_fit_is_between_none_and_all(self, model_type):
        panel, spec, _ = small_client(model_type)
        found = screen(panel, spec)
        assert 0 < found.r2 < 1
        assert np.isfinite(found.log_evidence)


def test_evidence_asks_for_a_season_that_is_there_and_for_none_that_is_not():
    for seed, harmonics in ((1, 3), (2, 0)):
        panel, spec, _ = small_client(seed=seed, harmonics=harmonics, n_periods=156)
        evidence = [screen(panel, changed(spec, "seasonality.order", order)).log_evidence for order in range(7)]
        best = int(np.argmax(evidence))
        assert best == 0 if harmonics == 0 else best > 0


def test_evidence_asks_for_the_trend_that_is_there():
    panel, spec, _ = small_client(trend=0.6, n_periods=156)
    assert screen(panel, spec).log_evidence > screen(panel, changed(spec, "trend.kind", "none")).log_evidence


def test_heavy_tails_gain_where_there_are_outliers_and_only_there():
    for outliers, gains in ((((20, 0.9), (40, -0.6), (55, 0.8)), True), ((), False)):
        plan = [{"row": row, "share": share} for row, share in outliers]
        panel, spec, _ = small_client(outliers=plan)
        gain = screen(panel, with_noise(spec, "student_t")).log_evidence - screen(panel, spec).log_evidence
        assert (gain > 0) == gains
