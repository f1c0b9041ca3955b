"""Priors: presets, SciPy's forms against PyMC's densities, conversion to the cadence of the data."""

import typing

import numpy as np
import pymc as pm
import pytest

from mmm_builder import spec
from mmm_builder.errors import InputError
from mmm_builder.modelling import priors
from mmm_builder.modelling.priors import frozen, mean, preset, presets, to_cadence
from mmm_builder.spec import PERIODS_PER_YEAR, Beta, ChannelType

EXAMPLES = {
    "Beta": {"alpha": 2.0, "beta": 3.0},
    "HalfNormal": {"sigma": 0.4},
    "LogNormal": {"mu": -0.3, "sigma": 0.7},
    "Gamma": {"alpha": 2.0, "beta": 0.1},
    "Normal": {"mu": 1.0, "sigma": 0.5},
}
"""Parameters to try for each entry of the table of priors."""


def test_every_prior_of_the_spec_has_a_scipy_form():
    known = {c.__name__ for c in typing.get_args(typing.get_args(spec.Prior)[0])} | {"Normal"}
    assert known == set(priors.SCIPY) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_scipy_form_is_pymcs_density(name):
    prior = getattr(spec, name)(**EXAMPLES[name])
    values = frozen(prior).ppf([0.05, 0.3, 0.5, 0.9])
    pymc = pm.logp(getattr(pm, name).dist(**EXAMPLES[name]), values).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(frozen(prior).logpdf(values), pymc, rtol=1e-6)


@pytest.mark.parametrize("name", presets())
class TestEveryPreset:
    def test_all_channel_types_have_a_prior_of_retention(self, name):
        assert set(preset(name).adstock_alpha) == set(typing.get_args(ChannelType))

    def test_what_is_positive_by_nature_has_a_positive_prior(self, name):
        chosen = preset(name)
        for prior in (chosen.half_saturation, chosen.sigma, chosen.nu, *chosen.adstock_alpha.values()):
            assert frozen(prior).support()[0] >= 0

    def test_half_saturation_is_near_typical_spend(self, name):
        lower, upper = frozen(preset(name).half_saturation).ppf([0.1, 0.9])
        assert lower < 1 < upper


def test_the_users_table_of_retention():
    table = preset("default").adstock_alpha
    shapes = {kind: (table[kind].alpha, table[kind].beta) for kind in ("search", "social", "display", "video_tv")}
    assert shapes == {"search": (4, 2), "social": (3, 3), "display": (2, 3), "video_tv": (2, 4)}


def test_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match=r"prior_preset: 'defalt' is not known \(did you mean 'default'\?\); known: "):
        preset("defalt")


def test_mean_of_a_beta():
    assert mean(Beta(alpha=4.0, beta=2.0)) == pytest.approx(2 / 3)


class TestCadence:
    def test_weekly_priors_stay_as_they_are(self):
        prior = Beta(alpha=4.0, beta=2.0)
        assert to_cadence(prior, "weekly") is prior

    @pytest.mark.parametrize("kind", ["search", "social", "display", "video_tv"])
    def test_seven_days_decay_like_one_week(self, kind):
        weekly = preset("default").adstock_alpha[kind]
        daily = frozen(to_cadence(weekly, "daily")).ppf([0.1, 0.5, 0.9])
        np.testing.assert_allclose(daily**7, frozen(weekly).ppf([0.1, 0.5, 0.9]), rtol=0.02)

    @pytest.mark.parametrize("kind", ["search", "social", "display", "video_tv"])
    def test_a_month_decays_like_its_weeks(self, kind):
        weekly, weeks = preset("default").adstock_alpha[kind], 52.18 / 12
        monthly = frozen(to_cadence(weekly, "monthly")).ppf([0.5, 0.9])
        np.testing.assert_allclose(monthly, frozen(weekly).ppf([0.5, 0.9]) ** weeks, atol=0.003)

    def test_coarser_periods_retain_less(self):
        weekly = preset("default").adstock_alpha["video_tv"]
        coarser = sorted(PERIODS_PER_YEAR, key=PERIODS_PER_YEAR.__getitem__, reverse=True)
        means = [mean(to_cadence(weekly, f)) for f in coarser]
        assert means[:3] == sorted(means[:3], reverse=True)
        assert max(means[3:]) < 0.01, "no carry-over is left from one quarter or year to the next"

    @pytest.mark.parametrize("frequency", PERIODS_PER_YEAR)
    @pytest.mark.parametrize("kind", typing.get_args(ChannelType))
    def test_every_result_can_be_sampled(self, frequency, kind):
        prior = to_cadence(preset("default").adstock_alpha[kind], frequency)
        assert min(prior.alpha, prior.beta) >= priors.LEAST_SHAPE
