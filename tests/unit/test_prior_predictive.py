"""What the prior says of the KPI: for every recipe and noise, and the check that it is sane."""

import numpy as np
import pytest
from trainings import panel_of, profile_of, sampler, small_client, with_noise

from diagnostics_checker import prior_table
from mmm_builder.distributions import HalfNormal, Normal
from mmm_builder.judging.checks import SANE_LIMIT, gate_passed, prior_check
from mmm_builder.modelling.design import make_design, observed_kpi
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.modelling.likelihoods import LIKELIHOODS
from mmm_builder.modelling.prior_predictive import LEVELS, prior_predictive, summarise_prior
from mmm_builder.modelling.priors import presets
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.simulation.simulator import simulate_client


def summary(panel, spec, seed: int = 1):
    return summarise_prior(make_design(panel, spec), spec, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", LIKELIHOODS)
@pytest.mark.parametrize("model_type", RECIPES)
def test_every_model_has_prior_draws_in_the_kpis_units(model_type, kind):
    panel, spec, _ = small_client(model_type)
    spec = with_noise(spec, kind)
    design = make_design(panel, spec)
    draws = prior_predictive(design, spec, 300, np.random.default_rng(1))
    assert draws.shape == (300, panel.sizes["date"])
    assert np.isfinite(draws).all()
    typical = np.median(draws[:, design.is_training].mean(axis=1)) / observed_kpi(design)[design.is_training].mean()
    assert 0.6 < typical < 1.8


@pytest.mark.parametrize("model_type", RECIPES)
def test_default_priors_are_sane(model_type):
    panel, spec, _ = small_client(model_type)
    prior = summary(panel, spec)
    assert prior_check(prior).status == "pass"
    assert prior.negative < 0.15
    assert 0.05 < prior.media_share[LEVELS.index(0.5)] < 0.5


@pytest.mark.parametrize("changes", [
    {"intercept": Normal(mu=9.0, sigma=0.5)}, {"intercept": Normal(mu=1.0, sigma=9.0)},
], ids=["too high", "too wide"])  # fmt: skip
def test_what_is_not_sane_is_for_review_and_never_a_failure(changes):
    panel, spec, _ = small_client()
    check = prior_check(summary(panel, spec.model_copy(update=changes)))
    assert (check.code, check.status) == ("prior_predictive", "review")
    assert check.value < SANE_LIMIT
    assert gate_passed((check,))


def test_media_that_explain_everything_show_in_their_share():
    panel, spec, _ = small_client()
    wide = tuple(c.model_copy(update={"coefficient": HalfNormal(sigma=20.0)}) for c in spec.channels)
    prior = summary(panel, spec.model_copy(update={"channels": wide}))
    assert prior.media_share[LEVELS.index(0.5)] > 0.8
    assert prior_check(prior).status == "review"


def test_does_not_depend_on_the_kpis_unit_nor_on_held_out_rows():
    panel, spec, _ = small_client()
    plain, thousands = summary(panel, spec), summary(panel.assign(kpi=panel["kpi"] / 1000), spec)
    assert thousands.sane == plain.sane
    np.testing.assert_allclose(1000 * thousands.mean, plain.mean)
    np.testing.assert_allclose(thousands.media_share, plain.media_share)


def test_a_kpi_around_zero_is_judged_to_both_sides():
    panel, spec, _ = small_client()
    centred = panel.assign(kpi=panel["kpi"] - panel["kpi"].mean())
    spec = spec.model_copy(update={"intercept": Normal(mu=0.0, sigma=0.5)})
    prior = summary(centred, spec)
    assert prior.sane_from < 0 < prior.sane_to
    assert prior_check(prior).status == "pass"


def test_people_are_shown_quantiles():
    panel, spec, _ = small_client()
    table = prior_table(summary(panel, spec))
    assert list(table.columns) == ["5%", "25%", "50%", "75%", "95%"]
    assert list(table.index) == ["mean of the KPI", "share_of_media"]


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_sane(name):
    table, truth = simulate_client(2, n_periods=130, n_channels=4)
    spec = first_spec(profile_of(table, truth), model_type="v3", prior_preset=name, sampler=sampler())
    assert prior_check(summary(panel_of(table, truth), spec)).status == "pass"
