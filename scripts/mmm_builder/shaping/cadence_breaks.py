"""Where a series of dates breaks its cadence: it changes, it jumps, or it has dates that lie far away."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError

RUN = 4
LONG_STEP_RUN = 3
IRREGULAR_RUN = 6
"""Equal steps in a row that make a cadence: days or weeks, months and longer, other lengths."""
FEW_DATES = 8
"""Fewest distinct dates of which some may be said to lie far away."""
GAP_MIN, GAP_SHARE = 10, 0.1
"""A gap is too long from so many steps on, and from this share of the number of dates on."""
STRAYS = 3
STRAY_SHARE = 0.02
"""Dates beyond a long gap are mistakes if they are so few, or fewer than this share."""

STEP_NAMES = (
    (1, 1, "daily"), (7, 7, "weekly"), (28, 31, "monthly"), (89, 92, "quarterly"), (365, 366, "annual"),
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Run(NamedTuple):
    """Equal steps in a row: their name and the positions of the first and the last date."""

    name: str
    first: int
    last: int


def weekday(days: np.ndarray) -> np.ndarray:
    """Return the weekday of days since 1970, 0 for Monday."""
    return (days + 3) % 7


def refuse_breaks(dates: pd.Series, days: np.ndarray, where: str) -> None:
    """Raise InputError, with a line, if the cadence changes on the way, or dates lie far from the others.

    dates : by line, midnight. days : the distinct ones, sorted, as days since 1970.
    """
    runs = _runs(days)
    changed = next((k for k in range(1, len(runs)) if runs[k].name != runs[0].name), None)
    if changed is not None:
        before, after = runs[changed - 1], runs[changed]
        at = after.first if after.first > before.last else after.first + 1
        raise InputError(
            f"{where} (line {line_of(dates, days[at])}): the rows are {before.name} up to {_shown(days[at - 1])} and "
            f"{after.name} from {_shown(days[at])}; one cadence only: bring all rows to one, or give one part"
        )
    _refuse_far_dates(dates, days, where)


def line_of(dates: pd.Series, day: int) -> int:
    """Return the line of the first row of a day since 1970."""
    at = (dates.to_numpy().astype("datetime64[D]").astype(int) == day).argmax()
    return dates.index[at]


def _runs(days: np.ndarray) -> list[Run]:
    """Return the long runs of equal steps, one after the other."""
    names = _step_names(days)
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]) if len(names) else np.array([], dtype=int)
    ends = np.r_[starts[1:], len(names)] if len(names) else starts
    runs = []
    for first, end in zip(starts, ends, strict=True):
        name = str(names[first])
        if end - first >= _long_enough(name):
            runs.append(Run(name, int(first), int(end)))
    return runs


def _long_enough(name: str) -> int:
    if name.startswith("every"):
        return IRREGULAR_RUN
    return RUN if name == "daily" or name.startswith("weekly") else LONG_STEP_RUN


def _step_names(days: np.ndarray) -> np.ndarray:
    """Return what each step from a date to the next would be as a cadence; weeks tell their weekday."""
    steps = np.diff(days)
    names = np.char.add(np.char.add("every ", steps.astype(str)), " days").astype(object)
    for low, high, name in STEP_NAMES:
        names[(steps >= low) & (steps <= high)] = name
    weekly = steps == 7
    told = np.array([f"weekly ({name}s)" for name in WEEKDAYS], dtype=object)
    names[weekly] = told[weekday(days[:-1])][weekly]
    return names


def _refuse_far_dates(dates: pd.Series, days: np.ndarray, where: str) -> None:
    """Raise InputError for the longest gap, if it is out of proportion."""
    if len(days) < FEW_DATES:
        return
    steps = np.diff(days)
    typical = float(np.median(steps))
    longest = int(steps.argmax())
    if steps[longest] <= max(GAP_MIN, GAP_SHARE * len(days)) * typical:
        return
    before, after = days[longest], days[longest + 1]
    n_before, n_after = longest + 1, len(days) - longest - 1
    few = min(n_before, n_after)
    if few <= max(STRAYS, STRAY_SHARE * len(days)):
        far, near, side = (before, after, "before") if n_before == few else (after, before, "after")
        raise InputError(
            f"{where} (line {line_of(dates, far)}): {_shown(far)} lies {steps[longest]} days {side} the nearest other "
            f"date, {_shown(near)}; correct the date, or drop the row"
        )
    raise InputError(
        f"{where}: no rows between {_shown(before)} (line {line_of(dates, before)}) and {_shown(after)} (line "
        f"{line_of(dates, after)}); add them, or give only the rows before or after"
    )


def _shown(day: int) -> str:
    return str(np.datetime64(int(day), "D"))
