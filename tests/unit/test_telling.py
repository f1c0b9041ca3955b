"""The share done and the time left are of a whole training, whichever of its fits tells them."""

import pytest

from mmm_builder.modelling import telling


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: now[0])
    return now


def told_by_fits(clock, n_fits, began=None, seconds=10.0):
    """Return what is told when every fit compiles, samples in quarters and takes as long as the others."""
    said = []
    tell = telling.over_all_fits(lambda *told: said.append((*told, clock[0])), n_fits, began)
    for number in range(n_fits):
        fit = tell(number, f"fit {number}")
        fit("compiling", 0.0, None)
        for quarter in range(5):
            clock[0] += seconds / 4 * (quarter > 0)
            fit("sampling", quarter / 4, 99.0)
    return said


def test_shares_rise_from_0_to_1_over_all_fits(clock):
    shares = [done for _, done, _, _ in told_by_fits(clock, 4)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_time_left_is_that_of_all_fits(clock):
    said = told_by_fits(clock, 4)
    ends = said[-1][3]
    estimates = [(left, ends - now) for phase, done, left, now in said if left is not None]
    assert estimates
    assert all(left == pytest.approx(true) for left, true in estimates)


def test_nothing_is_known_of_the_time_left_before_anything_is_done(clock):
    assert [left for _, done, left, _ in told_by_fits(clock, 3) if done == 0] == [None, None]


def test_fits_before_count_by_when_they_began(clock):
    said = []
    tell = telling.over_all_fits(lambda *told: said.append(told), 4, began=clock[0] - 10.0)
    tell(1, "forecasting")("sampling", 0.0, None)
    assert said == [("forecasting", 0.25, pytest.approx(30.0))]


def test_phases_are_named_by_fit_and_compiling_by_itself(clock):
    assert {phase for phase, *_ in told_by_fits(clock, 2)} == {"compiling", "fit 0", "fit 1"}
