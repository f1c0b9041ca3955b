"""The study's other way to resample what media add: origins drawn whole."""

import numpy as np
from test_media import FOLDS, autoregressive

from benchmarks.loop.origins import by_origin, resampled_sums
from mmm_builder.judging import bootstrap
from mmm_builder.judging.media import gains_within_origins


def test_origins_are_drawn_whole_and_as_many_as_there_are():
    sizes = np.array([7, 20, 12])
    values = np.repeat([1.0, 100.0, 10000.0], sizes)[:, None]
    sums = resampled_sums(values, np.repeat([1, 2, 0], sizes), 4, np.random.default_rng(1), 500)[:, 0]
    drawn = np.stack([sums % 100 / 7, sums % 10000 // 100 / 20, sums // 10000 / 12], axis=1)
    np.testing.assert_allclose(drawn, np.round(drawn))
    assert (drawn.sum(axis=1) == 3).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 1.0, atol=0.12)


def test_rows_of_one_that_is_drawn_vary_too():
    values = autoregressive(0.3, 39, np.random.default_rng(2))[:, None]
    sums = resampled_sums(values, FOLDS, 3, np.random.default_rng(1), 500)
    assert len(np.unique(sums)) > 100


def test_what_an_origin_shares_widens_the_interval():
    free = np.ones(39)
    alike, apart = (free - shared for shared in (0.05, np.array([0.0, 0.05, 0.1])[FOLDS - 1]))
    noise = 0.02 * np.random.default_rng(3).normal(size=39)
    width = [np.ptp(bootstrap.percentiles(by_origin(m + noise, free, FOLDS), 0.9)) for m in (alike, apart)]
    plain = np.ptp(bootstrap.percentiles(gains_within_origins(apart + noise, free, FOLDS), 0.9))
    assert width[1] > 2 * width[0]
    assert width[1] > 1.5 * plain


def test_no_gain_is_above_one():
    gains = by_origin(np.repeat([0.01, 0.02, 0.5], 13), np.ones(39), FOLDS)
    assert gains.max() <= 1.0
