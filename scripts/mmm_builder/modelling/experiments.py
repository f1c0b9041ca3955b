"""Lift tests: what experiments measured, as evidence on the channels' effects.

For each test the model holds a second series of each unit's channel, with the spend as it would have been; the
difference between both, over the test's periods, is the lift that the model implies.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..errors import InputError, did_you_mean
from ..spec import LiftTest, ModelSpec


@dataclass(frozen=True, kw_only=True)
class Experiments:
    """Constants of all tests.

    changed : (test, unit, row) input of the test's channel without the change; channel : (test,) its position
    window : (test, row) 1 in the test's periods; lift, standard_error : (test,) in the KPI's own units
    """

    changed: np.ndarray
    channel: np.ndarray
    window: np.ndarray
    lift: np.ndarray
    standard_error: np.ndarray

    @property
    def series_channel(self) -> np.ndarray:
        """(test · unit,) position of the channel of each series."""
        return np.repeat(self.channel, self.changed.shape[1])

    def series(self, unit: np.ndarray) -> np.ndarray:
        """Return the series (test · unit, row) in units of typical input (unit, channel)."""
        scaled = self.changed / unit.T[self.channel][..., None]
        return scaled.reshape(-1, self.changed.shape[-1])


def make_experiments(panel: xr.Dataset, spec: ModelSpec, spend: np.ndarray, inputs: np.ndarray) -> Experiments:
    """Return the constants of the spec's lift tests.

    spend, inputs : (unit, channel, row). Raises InputError for a test that the training rows can't hold.
    """
    dates, training = panel["date"].values, panel["is_training"].values
    units, _, rows = inputs.shape
    names = [c.column for c in spec.channels]
    changed, channel, window = [], [], []
    for number, test in enumerate(spec.lift_tests, start=1):
        where = f"configuration of iteration {spec.iteration}: lift test {number}"
        if test.channel not in names:
            raise InputError(f"{where}: there is no channel {test.channel!r}{did_you_mean(test.channel, names)}")
        position = names.index(test.channel)
        inside = _window(test, dates, training, where)
        of_channel = spend[:, position], inputs[:, position]
        changed.append(_without_the_change(test, *of_channel, inside, training & ~inside, where))
        channel.append(position)
        window.append(inside.astype(float))
    return Experiments(
        changed=np.array(changed).reshape(-1, units, rows),
        channel=np.array(channel, dtype=np.int64),
        window=np.array(window).reshape(-1, rows),
        lift=np.array([t.lift for t in spec.lift_tests], dtype=float),
        standard_error=np.array([t.standard_error for t in spec.lift_tests], dtype=float),
    )


def _window(test: LiftTest, dates: np.ndarray, training: np.ndarray, where: str) -> np.ndarray:
    """Return which rows (row,) the test's periods are. Raises InputError if there is none, or one is held out."""
    start, end = np.datetime64(test.start), np.datetime64(test.end)
    inside = (dates >= start) & (dates <= end)
    first, last = (str(d)[:10] for d in (dates[0], dates[training][-1]))
    if not inside.any() or not training[inside].all():
        raise InputError(
            f"{where}: {test.start} to {test.end} holds no period, or a held-out one; the training periods start on "
            f"{first} to {last}; leave the test out"
        )
    return inside


def _without_the_change(
    test: LiftTest, spend: np.ndarray, inputs: np.ndarray, inside: np.ndarray, others: np.ndarray, where: str
) -> np.ndarray:
    """Return the channel's input (unit, row) had the test not been.

    Each of the test's periods is scaled by what was spent anyway. Where nothing was left to scale, what was held back
    is spread evenly over the periods, and over units as they spend and turn spend into inputs in the `others`.
    """
    spent, seen = float(spend[:, inside].sum()), float(inputs[:, inside].sum())
    if test.spend_change > spent * (1 + 1e-9):
        raise InputError(
            f"{where}: spend_change {test.spend_change:g} is more than the {spent:g} spent on {test.channel!r} from "
            f"{test.start} to {test.end}; a negative change is spend that was held back"
        )
    if spent > 0 and seen > 0:
        return np.where(inside, inputs * (1.0 - test.spend_change / spent), inputs)
    usual = float(spend[:, others].sum())
    if test.spend_change > 0 or usual <= 0:
        raise InputError(
            f"{where}: {test.channel!r} has no exposures to go with its spend from {test.start} to {test.end}, or no "
            "spend in any other training period to tell what was held back; leave the test out"
        )
    held_back = -test.spend_change * inputs[:, others].sum(axis=1) / usual
    return np.where(inside, inputs + held_back[:, None] / inside.sum(), inputs)
