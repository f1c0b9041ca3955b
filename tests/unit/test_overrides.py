"""Priors given by hand: what is refused, what takes a preset's place, and that a return on spend is what it says."""

import numpy as np
import pytest
from trainings import small_client, small_panel

from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.distributions import LogitNormal, LogNormal
from mmm_builder.errors import InputError
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.overrides import PLACES, with_priors
from mmm_builder.modelling.parameters import as_its_prior, channel_priors
from mmm_builder.modelling.posterior import dims_of
from mmm_builder.modelling.prediction import channel_contributions
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.modelling.priors import frozen
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.prior_settings import ChannelPriors, GivenPriors, merged

BETA = {"dist": "Beta", "alpha": 3, "beta": 2}
GAMMA = {"dist": "Gamma", "alpha": 2, "beta": 1}
SEARCH, SOCIAL = "search_1_spend", "social_1_spend"


def given(**priors):
    return GivenPriors.parse({"by_channel": priors}, "config.yaml").by_channel


def applied(spec, priors, **measures):
    return with_priors(spec, priors, {c.column: "spend" for c in spec.channels} | measures)


@pytest.mark.parametrize(("prior", "message"), [
    ({"adstock_alfa": BETA}, r"unknown key 'by_channel\.tv\.adstock_alfa' \(did you mean 'adstock_alpha'\?\)"),
    ({"adstock_alpha": {**BETA, "dist": "Betta"}}, r"adstock_alpha\.dist': 'Betta' is not known \(did you mean 'Beta'"),
    ({"adstock_alpha": {"dist": "Beta", "alfa": 3, "beta": 2}}, r"alfa' \(did you mean 'alpha'\?\)"),
    ({"adstock_alpha": {"alpha": 3, "beta": 2}}, r"key 'by_channel\.tv\.adstock_alpha\.dist' is missing"),
    ({"adstock_alpha": GAMMA}, r"adstock_alpha\.dist': 'Gamma' is not known; known: Beta"),
    ({"adstock_alpha": {"dist": "Uniform", "lower": 0.5, "upper": 1.5}}, "reaches out of 0 to 1"),
    ({"roas": {"dist": "Uniform", "lower": -1, "upper": 2}}, "reaches below zero"),
    ({"roas": {"dist": "Normal", "mu": 1, "sigma": 1}}, r"roas\.dist': 'Normal' is not known"),
    ({"roas": {"dist": "TruncatedNormal", "mu": 1, "sigma": 1, "lower": -1}}, "greater than or equal to 0, got -1"),
    ({"roas": GAMMA, "coefficient": GAMMA}, "coefficient and roas say the same twice; give one of the two"),
    ({"roas": {"dist": "HalfNormal", "sigma": -1}}, "greater than 0, got -1"),
    ({"roas": 3}, "got 3"),
])  # fmt: skip
def test_what_is_no_prior_is_told_in_one_line(prior, message):
    with pytest.raises(InputError, match=message) as caught:
        given(tv=prior)
    assert "\n" not in str(caught.value)


class TestWhatDoesNotFit:
    def refused(self, priors, match, model_type="v3", **measures):
        with pytest.raises(InputError, match=match):
            applied(small_client(model_type)[1], priors, **measures)

    def test_unknown_channel(self):
        self.refused(given(serch_1_spend={}), rf"no channel 'serch_1_spend' \(did you mean '{SEARCH}'\?\)")

    def test_parameter_that_the_model_does_not_have(self):
        self.refused(given(search={"adstock_alpha": BETA}), rf"{SEARCH}: adstock_alpha: a model with .*", "simple")
        self.refused(given(search={"hill_slope": GAMMA}), "doesn't have it, only adstock_alpha, half_saturation")

    def test_return_on_what_is_no_money(self):
        self.refused(given(search={"roas": GAMMA}), "measured in clicks, not in money", **{SEARCH: "clicks"})

    def test_return_on_a_channel_that_spent_nothing(self):
        panel, spec, _ = small_client()
        spec, _ = applied(spec, given(**{SEARCH: {"roas": GAMMA}}))
        silent = panel.assign(spend=panel["spend"] * [0.0, 1.0])
        with pytest.raises(InputError, match=rf"'{SEARCH}' has a prior of its roas, but no spend in the training rows"):
            make_design(silent, spec)


class TestPlacing:
    @pytest.mark.parametrize("model_type", RECIPES)
    def test_every_parameter_of_every_recipe_can_be_given(self, model_type):
        spec = small_client(model_type)[1]
        for name in ("adstock_alpha", "half_saturation", "coefficient", "roas"):
            place = PLACES.get(name)
            if place and getattr(spec.channels[0], place[0]) is None:
                continue
            found, notes = applied(spec, given(search={name: BETA}))
            variable = "coefficient" if name == "roas" else name
            first, second = channel_priors(found, variable)
            assert frozen(first).mean() == pytest.approx(0.6, abs=0.02)
            assert second == channel_priors(spec, variable)[1]
            assert len(notes) == 1
            assert notes[0].startswith(f"{SEARCH}: {name} Beta(alpha=3, beta=2)")

    def test_a_channel_goes_before_its_type(self):
        found, _ = applied(small_client()[1], given(search={"coefficient": GAMMA}, **{SEARCH: {"roas": GAMMA}}))
        assert (found.channels[0].coefficient, found.channels[0].roas.dist) == (None, "Gamma")

    def test_what_is_pooled_gets_location_and_scale_and_the_note_says_so(self):
        found, notes = applied(small_client("v2")[1], given(search={"adstock_alpha": BETA, "roas": GAMMA}))
        assert isinstance(found.channels[0].adstock.alpha, LogitNormal)
        assert isinstance(found.channels[0].roas, LogNormal)
        assert all("because" in note and "pooled" in note for note in notes)

    def test_a_run_goes_before_the_workflow(self):
        workflow = given(tv={"adstock_alpha": BETA, "coefficient": GAMMA}, radio={"adstock_alpha": BETA})
        found = merged(workflow, given(tv={"roas": GAMMA}))
        assert found["tv"] == ChannelPriors.parse({"adstock_alpha": BETA, "roas": GAMMA}, "")
        assert found["radio"] == workflow["radio"]


# --- returns on spend ------------------------------------------------------------------------------------------------


def returns(design, spec, draws) -> np.ndarray:
    """Return KPI per unit of spend (sample, channel) over the training rows."""
    shown = design.is_training
    totals = np.concatenate([part[..., shown].sum(axis=-1) for _, part in channel_contributions(design, spec, draws)])
    return totals / design.spend[..., shown].sum(axis=(0, 2))


def by_exposures(panel, spec):
    """Return panel and spec with the first channel modelled by exposures that cost less over time."""
    cheaper = np.linspace(20.0, 60.0, panel.sizes["date"])
    seen = (panel["spend"].sel(channel=[SEARCH]) * cheaper[:, None]).rename(channel="exposure")
    first = spec.channels[0].model_copy(update={"exposure_column": "seen"})
    channels = (first, *spec.channels[1:])
    return panel.assign(exposures=seen.assign_coords(exposure=["seen"])), spec.model_copy(update={"channels": channels})


@pytest.mark.parametrize("model_type", RECIPES)
def test_prior_returns_are_the_prior_that_was_given(model_type):
    panel, spec, _ = small_client(model_type)
    spec, _ = applied(spec, given(search={"roas": {"dist": "LogNormal", "mu": 0.7, "sigma": 0.3}}))
    design = make_design(panel, spec)
    draws = prior_draws(design, spec, 2_000, np.random.default_rng(1))
    found = returns(design, spec, draws)[:, 0]
    assert np.log(found).mean() == pytest.approx(0.7, abs=0.03)
    assert np.log(found).std() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_allclose(as_its_prior(draws, "coefficient")[:, 0], found, err_msg="contraction is of the return")
    assert "effect" in dims_of(design, spec)


def test_returns_of_exposures_are_on_their_spend():
    panel, spec = by_exposures(*small_client()[:2])
    spec, _ = applied(spec, given(search={"roas": {"dist": "LogNormal", "mu": 0.7, "sigma": 0.3}}))
    design = make_design(panel, spec)
    found = returns(design, spec, prior_draws(design, spec, 2_000, np.random.default_rng(1)))[:, 0]
    assert np.log(found).mean() == pytest.approx(0.7, abs=0.03)


def test_returns_of_a_panel_are_those_of_all_its_units():
    """Units of different size: the return is of the units' common coefficient, over the spend of all."""
    panel, spec, _ = small_panel(n_units=3)
    panel = panel.assign(spend=panel["spend"] * [[[1.0, 1.0]], [[3.0, 0.5]], [[0.2, 2.0]]])
    spec, _ = applied(spec, given(search={"roas": {"dist": "LogNormal", "mu": 0.7, "sigma": 0.3}}))
    design = make_design(panel, spec)
    draws = prior_draws(design, spec, 500, np.random.default_rng(1))
    common = np.broadcast_to(draws["coefficient_mean"][:, None], draws["coefficient"].shape)
    found = returns(design, spec, draws | {"coefficient": common})[:, 0]
    assert np.log(found).mean() == pytest.approx(0.7, abs=0.05)
    assert np.log(found).std() == pytest.approx(0.3, abs=0.04)


def test_the_first_configuration_lists_what_was_given_and_can_be_read_back(tmp_path):
    spec, notes = applied(small_client("v2")[1], given(search={"adstock_alpha": BETA, "roas": GAMMA}))
    write_spec(tmp_path / "config.yaml", spec, notes)
    head = (tmp_path / "config.yaml").read_text(encoding="utf-8").split("\nschema_version")[0]
    assert all(line.startswith("#") and len(line) <= 120 for line in head.splitlines())
    assert f"# - {SEARCH}: roas Gamma(alpha=2, beta=1), as LogNormal(" in head
    assert read_spec(tmp_path / "config.yaml") == spec
