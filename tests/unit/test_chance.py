"""The chance of passing by luck: what must raise it, what must lower it, and a closed case."""

from itertools import pairwise

import numpy as np
import pytest

from mmm_builder.judging.chance import Series, Tried, chance_pass_probability, tried
from mmm_builder.verdicts import OosThresholds

LIMITS = OosThresholds()
ONLY_R2 = OosThresholds(oos_mape_max=1e9, overfitting_max=100.0)
SERIES = Series(n_test=21, level=100.0, sd=15.0, autocorrelation=0.6, has_zeros=False)


def looks(n: int, like: float = 0.0, train_r2: float = 0.6) -> Tried:
    return Tried(np.full(n, train_r2), np.full((n, n), like) + (1 - like) * np.eye(n))


def chance(given: Tried, limits: OosThresholds = ONLY_R2, *, true: float = 0.2, seed: int = 1, **series) -> float:
    return chance_pass_probability(given, SERIES._replace(**series), true, limits, seed)


def test_is_the_probability_of_one_look_by_direct_simulation():
    """y = ŷ + e, both AR(1), simulated as it is written."""
    rng, passed, phi = np.random.default_rng(3), 0, 0.6
    walk = rng.normal(size=(2, 20_000, 21))
    for t in range(1, 21):
        walk[..., t] = phi * walk[..., t - 1] + np.sqrt(1 - phi**2) * walk[..., t]
    predicted, error = np.sqrt(0.2) * walk[0], np.sqrt(0.8) * walk[1]
    y = predicted + error
    r2 = 1 - (error**2).sum(1) / ((y - y.mean(1, keepdims=True)) ** 2).sum(1)
    passed = (r2 >= ONLY_R2.oos_r2_min).mean()
    assert chance(looks(1)) == pytest.approx(passed, abs=0.01)


def test_is_near_the_figures_of_practice():
    """21 weeks, true R² 0.20, errors' autocorrelation 0.6: 5 % for one; more with more tries that differ more."""
    assert 0.03 < chance(looks(1)) < 0.09
    assert 0.15 < chance(looks(10, 0.8)) < 0.35
    assert chance(looks(10, 0.8)) < chance(looks(10, 0.5)) < chance(looks(10)) < 0.5


def test_the_same_look_again_adds_nothing_and_another_does():
    one = chance(looks(1))
    assert chance(looks(10, 1.0)) == pytest.approx(one, abs=0.01)
    chances = [chance(looks(n)) for n in (1, 2, 5, 10)]
    assert all(b > a + 0.02 for a, b in pairwise(chances))


def test_longer_holdouts_and_less_autocorrelation_leave_less_to_chance():
    assert chance(looks(5), n_test=100) < chance(looks(5), n_test=50) < chance(looks(5))
    assert chance(looks(5), autocorrelation=0.0) < chance(looks(5))


def test_each_gate_counts():
    free = chance(looks(3))
    assert chance(looks(3, train_r2=0.6), OosThresholds(oos_mape_max=1e9)) == free, "this asks for an R² of 0.35"
    assert chance(looks(3, train_r2=0.9), OosThresholds(oos_mape_max=1e9)) < 0.5 * free
    assert chance(looks(3), LIMITS, sd=60.0) < chance(looks(3), LIMITS)
    assert chance(looks(3), LIMITS, sd=60.0, has_zeros=True) > chance(looks(3), LIMITS, sd=60.0)


def test_a_good_model_passes_mostly_and_one_worse_than_the_mean_hardly():
    assert chance(looks(1), true=0.55) > 0.5
    assert chance(looks(1), true=0.0) < chance(looks(1)) / 4
    assert chance(looks(1), true=-0.3) < 0.01


def test_the_same_seed_gives_the_same_figure():
    assert chance(looks(4, 0.3), LIMITS) == chance(looks(4, 0.3), LIMITS)


class TestTried:
    STEP = tuple(np.arange(8.0))

    def test_likeness_is_the_correlation_of_predictions(self):
        found = tried([0.6, None], [self.STEP, tuple(3 * v - 1 for v in self.STEP)], 0.55)
        np.testing.assert_allclose(found.correlation, np.ones((2, 2)))
        assert found.train_r2.tolist() == [0.6, 0.55]

    def test_what_is_not_on_record_or_of_other_rows_is_like_nothing(self):
        found = tried([0.6] * 3, [(), self.STEP, self.STEP[:4]], 0.55)
        np.testing.assert_allclose(found.correlation, np.eye(3))

    def test_predictions_that_contradict_one_another_are_a_possible_set(self):
        opposed = tried([0.6] * 3, [self.STEP, tuple(-v for v in self.STEP), (1.0, -1.0) * 4], 0.55)
        assert 0 < chance(opposed) < 1

    def test_constant_predictions_are_alike(self):
        found = tried([0.6] * 3, [(2.0,) * 8, (5.0,) * 8, self.STEP], 0.55)
        assert found.correlation.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
