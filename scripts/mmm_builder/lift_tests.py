"""Lift tests in a CSV file: experiments that measured what a change of spend did to the KPI (see docs/priors.md)."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .data_profile import DataProfile
from .errors import InputError, did_you_mean
from .periods import bounds, dates_between
from .small_tables import read_small_table
from .spec import LiftTest

COLUMNS = ("channel", "start", "end", "spend_change", "lift", "standard_error")
"""Columns of the file, in any order; others are left alone."""

TEXTS = 3
"""How many of the columns, the first ones, hold texts; the others hold numbers."""

CLEAR_SIGN = 2.0
"""Standard errors from zero at which a lift whose sign is not the change's is told."""


def read_lift_tests(path: Path) -> tuple[tuple[int, LiftTest], ...]:
    """Read a file of lift tests, each with its line. Raises InputError that names file and line."""
    table = read_small_table(path, "lift_tests")
    _check_header(path, table.columns)
    tests = [
        (line, _parsed(row, f"lift_tests: {path}, line {line}", table.separator))
        for line, row in table.rows
        if any(row[column] for column in COLUMNS)
    ]
    _check_once(path, tests)
    return tuple(tests)


def usable_tests(
    path: Path, numbered: Sequence[tuple[int, LiftTest]], profile: DataProfile
) -> tuple[tuple[LiftTest, ...], tuple[str, ...]]:
    """Return the tests that training may use, and a line about each of the others.

    A test that reaches into the held-out periods is left out: what it measured is part of their KPI.
    Raises InputError for a channel that the data don't have, and for dates outside the data or within a period.
    """
    columns = [c.column for c in profile.channels]
    starts, first_held_out, ends = _calendar(profile)
    kept, notes = [], []
    for line, test in numbered:
        where = f"lift_tests: {path}, line {line}"
        if test.channel not in columns:
            raise InputError(
                f"{where}: there is no channel {test.channel!r}{did_you_mean(test.channel, columns)}; channels: "
                f"{', '.join(columns)}"
            )
        if not starts <= test.start < ends:
            raise InputError(
                f"{where}: {test.start} to {test.end} is not in the data, which run from {profile.start} to "
                f"{profile.end}; leave the test out, or add the periods that it was held in"
            )
        if test.end >= first_held_out:
            notes.append(
                f"lift test of {test.channel}, {test.start} to {test.end}, left out: it reaches into the held-out "
                f"periods, which start on {first_held_out}"
            )
            logging.warning("%s: %s", where, notes[-1])
            continue
        _check_whole_periods(test, profile, where)
        if test.lift * test.spend_change < 0 and abs(test.lift) > CLEAR_SIGN * test.standard_error:
            logging.warning(
                "%s: spend changed by %g and the KPI by %g; where spend is held back, lift is what the KPI lost: "
                "negative", where, test.spend_change, test.lift,
            )  # fmt: skip
        kept.append(test)
    return tuple(kept), tuple(notes)


def _calendar(profile: DataProfile) -> tuple[str, str, str]:
    """Return the first day of the data, the first that is held out, and the one after the last."""
    first, after = bounds(np.array([profile.start, profile.train_end, profile.end], "datetime64[D]"), profile.frequency)
    _, after_training = bounds(np.array([profile.start, profile.train_end], "datetime64[D]"), profile.frequency)
    return str(first[0]), str(after_training[-1]), str(after[-1])


def _check_whole_periods(test: LiftTest, profile: DataProfile, where: str) -> None:
    """Raise InputError if a test starts or ends within a period: the model has no part of one.

    A period may be named by its first day, its last day (as the end) or the date of its row.
    """
    dates = dates_between(profile.start, profile.train_end, profile.frequency)
    first, after = bounds(dates, profile.frequency)
    dated, start, end = dates.to_numpy().astype("datetime64[D]"), np.datetime64(test.start), np.datetime64(test.end)
    holds_start, holds_end = ((first <= day) & (day < after) for day in (start, end))
    if start in (*first[holds_start], *dated[holds_start]) and end in (*(after[holds_end] - 1), *dated[holds_end]):
        return
    raise InputError(
        f"{where}: {test.start} to {test.end} starts or ends within a period of the {profile.frequency} data; give "
        f"whole periods ({first[holds_start][0]} to {after[holds_end][0] - 1}, or the dates of their rows) with "
        "spend_change, lift and standard_error over all of them, or leave the test out"
    )


def _check_header(path: Path, found: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        near = did_you_mean(missing[0], found).replace("did you mean", "is it")
        raise InputError(
            f"lift_tests: {path}, line 1: there is no column {missing[0]!r}{near}; the first line names the columns "
            f"{', '.join(COLUMNS)}"
        )


def _parsed(row: dict[str, str], where: str, separator: str) -> LiftTest:
    values: dict[str, Any] = {column: row[column] for column in COLUMNS}
    for column in COLUMNS[TEXTS:]:
        # where columns are separated by semicolons, decimals are by commas
        number = values[column].replace(",", ".") if separator == ";" else values[column]
        try:
            values[column] = float(number)
        except ValueError:
            raise InputError(f"{where}: {column} {values[column]!r} is not a number such as 1250.5") from None
    return LiftTest.parse(values, where)


def _check_once(path: Path, tests: Sequence[tuple[int, LiftTest]]) -> None:
    """Raise InputError if a test is there twice: its evidence would count twice."""
    seen: dict[tuple[str, str, str], int] = {}
    for line, test in tests:
        first = seen.setdefault((test.channel, test.start, test.end), line)
        if first != line:
            raise InputError(f"lift_tests: {path}, line {line}: the same test as in line {first}; leave it once")
