"""Priors: presets, SciPy's forms against PyMC's densities, conversion to the cadence of the data."""

import typing

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from mmm_builder import distributions
from mmm_builder.distributions import Beta
from mmm_builder.errors import InputError
from mmm_builder.modelling import priors
from mmm_builder.modelling.layout import ARGUMENTS, Block
from mmm_builder.modelling.model import TRANSFORMS
from mmm_builder.modelling.priors import (
    frozen,
    mean,
    on_the_log_scale,
    on_the_logit_scale,
    preset,
    presets,
    to_cadence,
    variance,
)
from mmm_builder.spec import PERIODS_PER_YEAR, ChannelType

EXAMPLES = {
    "Beta": {"alpha": 2.0, "beta": 3.0},
    "LogitNormal": {"mu": -0.5, "sigma": 0.8},
    "Uniform": {"lower": 0.2, "upper": 0.7},
    "Kumaraswamy": {"a": 2.0, "b": 3.0},
    "HalfNormal": {"sigma": 0.4},
    "HalfStudentT": {"nu": 3.0, "sigma": 0.4},
    "HalfCauchy": {"beta": 0.4},
    "TruncatedNormal": {"mu": 0.2, "sigma": 0.5, "lower": 0.1},
    "Exponential": {"lam": 2.0},
    "InverseGamma": {"alpha": 3.0, "beta": 2.0},
    "Weibull": {"alpha": 1.5, "beta": 0.7},
    "LogNormal": {"mu": -0.3, "sigma": 0.7},
    "Gamma": {"alpha": 2.0, "beta": 0.1},
    "Normal": {"mu": 1.0, "sigma": 0.5},
}
"""Parameters to try for each entry of the table of priors."""


def example(name: str):
    return getattr(distributions, name)(**EXAMPLES[name])


def families(kind) -> set[str]:
    return {c.__name__ for c in typing.get_args(typing.get_args(kind)[0])}


def test_every_prior_of_the_spec_has_a_scipy_form_and_arguments():
    assert families(distributions.Prior) | {"Normal"} == set(priors.SCIPY) == set(ARGUMENTS) == set(EXAMPLES)
    assert families(distributions.SharePrior) < families(distributions.Prior)


@pytest.mark.parametrize("name", EXAMPLES)
def test_scipy_form_is_pymcs_density(name):
    prior = example(name)
    values = frozen(prior).ppf([0.05, 0.3, 0.5, 0.9])
    pymc = pm.logp(getattr(pm, name).dist(**EXAMPLES[name]), values).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(frozen(prior).logpdf(values), pymc, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sampler_moves_on_pymcs_own_scale(name):
    """Draws are turned back in NumPy, with each family's default transform."""
    prior, u = example(name), np.array([-3.0, -0.4, 0.1, 2.5])
    arguments = {a: np.full(4, getattr(prior, a)) for a in ARGUMENTS[name]}
    block = Block("x", "x", name, np.arange(4), arguments)
    with pm.Model() as model:
        data = {a: pm.Data(a, values) for a, values in arguments.items()}
        x = getattr(pm, name)("x", **data, shape=4, **TRANSFORMS.get(name, {}))
    transform = model.rvs_to_transforms[x]
    natural = u if transform is None else transform.backward(u, *x.owner.inputs).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(block.natural(u), natural, rtol=1e-9)
    np.testing.assert_allclose(block.unconstrained(block.natural(u)), u, atol=1e-9)


@pytest.mark.parametrize("name", EXAMPLES)
def test_draws_mean_and_variance_are_of_one_distribution(name):
    prior = example(name)
    draws = frozen(prior).rvs(40_000, random_state=1)
    assert np.median(draws) == pytest.approx(frozen(prior).median(), abs=0.03 * np.sqrt(variance(prior)))
    if name != "HalfCauchy":
        assert mean(prior) == pytest.approx(draws.mean(), abs=0.05 * draws.std())
        assert variance(prior) == pytest.approx(draws.var(), rel=0.3)
    assert np.isfinite([mean(prior), variance(prior)]).all()


@pytest.mark.parametrize(("nu", "has_mean", "has_variance"), [
    (0.8, False, False), (1.0, False, False), (1.5, True, False), (2.0, True, False), (2.5, True, True),
    (40.0, True, True),
])  # fmt: skip
def test_a_half_student_t_has_the_moments_that_it_has(nu, has_mean, has_variance):
    prior = distributions.HalfStudentT(nu=nu, sigma=0.4)
    assert (np.isfinite(frozen(prior).mean()), np.isfinite(frozen(prior).var())) == (has_mean, has_variance)
    assert variance(prior) > 0
    assert np.isfinite(mean(prior))
    assert on_the_log_scale(prior).sigma > 0
    if has_variance:
        second_moment = frozen(prior).var() + frozen(prior).mean() ** 2
        assert second_moment == pytest.approx(0.4**2 * stats.t(nu).var())
    if has_mean:
        folded = 2 * stats.t(nu).expect(lambda x: x, lb=0)
        assert frozen(prior).mean() == pytest.approx(0.4 * folded, rel=1e-3)


@pytest.mark.parametrize("name", sorted(families(distributions.SharePrior)))
def test_pooled_form_of_a_share_keeps_its_place_and_width(name):
    prior, pooled = frozen(example(name)), frozen(on_the_logit_scale(example(name)))
    assert pooled.median() == pytest.approx(prior.median(), abs=0.06)
    assert np.ptp(pooled.ppf([0.1, 0.9])) == pytest.approx(np.ptp(prior.ppf([0.1, 0.9])), rel=0.15)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"Normal"}))
def test_pooled_form_of_a_size_keeps_its_mean(name):
    prior, pooled = example(name), on_the_log_scale(example(name))
    if name == "HalfCauchy":
        assert frozen(pooled).median() == pytest.approx(frozen(prior).median(), rel=0.01)
    else:
        assert mean(pooled) == pytest.approx(mean(prior), rel=0.01)
        assert variance(pooled) == pytest.approx(variance(prior), rel=0.02)


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
