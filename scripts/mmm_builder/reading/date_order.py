"""From the parts of dates to dates, and the order of day, month and year, settled by evidence over the whole column."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError

FIRST_YEAR, LAST_YEAR = 1800, 2199
PIVOT = 69
"""Years of two digits from here on are of the 1900s."""
SERIAL_ZERO = np.datetime64("1899-12-30")
"""Day 0 of Excel's count."""
SERIALS = (10_000, 80_000)
"""Excel's numbers of days in 1927 and 2119."""
EVENNESS_MARGIN = 0.1
"""By how much one order must make more even dates than another to be believed."""

ORDERS = {"day first": "abc", "month first": "bac", "year first": "cba"}
"""Which of the parts a, b, c is the day, the month and the year."""


class Ordered(NamedTuple):
    """Dates, and what told their order, empty if there is only one."""

    dates: np.ndarray
    told: str = ""


def assemble(fields: pd.DataFrame) -> np.ndarray:
    """Return dates (datetime64[D]) from the parts of a form (text); NaT where there is no such date.

    A period's date is its first day, a range's its first; years that only the range's end has are taken from there.
    """
    if "serial" in fields:
        serial = _number(fields["serial"])
        dates = SERIAL_ZERO + serial.astype("timedelta64[D]")
        return np.where((serial >= SERIALS[0]) & (serial <= SERIALS[1]), dates, np.datetime64("NaT"))
    year = _year(fields["y"])
    if "w" in fields:
        return _week_date(year, _number(fields["w"]), _number(fields["u"]) if "u" in fields else 1)
    month, day = _month(fields, ""), _number(fields["d"]) if "d" in fields else np.ones(len(fields), dtype=int)
    if "y2" in fields:
        month2, day2 = _month(fields, "2"), _number(fields["d2"])
        month, month2 = np.where(month == 0, month2, month), np.where(month2 == 0, month, month2)
        year_before = 100 * month + day > 100 * month2 + day2
        year = np.where(fields["y"].isna(), _year(fields["y2"]) - year_before, year)
    return _day_date(year, month, day)


def settle_order(fields: pd.DataFrame, lines: pd.Series, where: str) -> Ordered:
    """Return the dates of cells with day, month and year in one of several orders.

    fields : text parts a, b, c (and s, the separator) of distinct cells; lines : the first line of each. A part above
    12 is no month, one above 31 is a year; else the order with the more even dates is taken. Raises InputError,
    starting with `where`, if both orders occur or nothing settles it.
    """
    every = {name: assemble(_in_order(fields, order)) for name, order in ORDERS.items()}
    for name, year in (("day first", "c"), ("month first", "c"), ("year first", "a")):
        every[name][(fields[year].str.len() == 1).to_numpy(bool)] = np.datetime64("NaT")
    valid = {name: int((~np.isnat(dates)).sum()) for name, dates in every.items()}
    most = max(valid.values())
    found = {name: dates for name, dates in every.items() if valid[name] == most}
    if set(found) != {"year first"}:
        _refuse_both_orders(lines, every["day first"], every["month first"], where)
    if len(found) == 1:
        (name,) = found
        return Ordered(found[name], f"{name}, as parts above 12 tell")
    best = next(iter(found))
    if all(np.array_equal(dates, found[best], equal_nan=True) for dates in found.values()):
        return Ordered(found[best])
    return _by_evenness(found, fields, f"{where} (line {lines.iloc[0]})")


def evenness(dates: np.ndarray) -> float:
    """Return in [0, 1] how well dates fit one cadence: one a period, and no period without."""
    return max(cadence_scores(dates).values(), default=0.0)


def cadence_scores(dates: np.ndarray) -> dict[str, float]:
    """Return for each cadence the share of dates of periods of their own, times the share of periods with a date.

    dates : datetime64, any order, repeated ones count once. Weeks count by their commonest weekday; days by the
    weekdays that occur, if these are five at least. Empty for fewer than two dates.
    """
    days = np.unique(dates[~np.isnat(dates)].astype("datetime64[D]"))
    count = len(days)
    if count < 2:
        return {}
    number = days.astype(int)
    weekdays, of_weekday = np.unique((number + 3) % 7, return_counts=True)
    scores = {"daily": 0.0}
    if len(weekdays) >= 5:
        every = np.arange(number[0], number[-1] + 1)
        scores["daily"] = count / np.isin((every + 3) % 7, weekdays).sum()
    weeks = number[(number + 3) % 7 == weekdays[of_weekday.argmax()]]
    scores["weekly"] = len(weeks) / count * len(weeks) / ((weeks[-1] - weeks[0]) / 7 + 1)
    months = days.astype("datetime64[M]").astype(int)
    for name, size in (("monthly", 1), ("quarterly", 3), ("annual", 12)):
        periods = np.unique(months // size)
        scores[name] = len(periods) / count * len(periods) / (periods[-1] - periods[0] + 1)
    return scores


def _by_evenness(found: dict[str, np.ndarray], fields: pd.DataFrame, where: str) -> Ordered:
    """Return the dates in the order whose dates are the most even. Raises InputError if none stands out."""
    scores = {name: evenness(dates) for name, dates in found.items()}
    best, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    if scores[best] >= scores[second] + EVENNESS_MARGIN:
        return Ordered(found[best], f"{best}, which makes the more even dates")
    if "year first" in found and _has_fewer_years(found):
        return Ordered(found["year first"], "year first, which makes fewer years")
    found = {name: dates for name, dates in found.items() if name != "year first"}
    if len(found) == 1:
        (name,) = found
        return Ordered(found[name], f"{name}, as parts above 12 tell")
    if (fields["s"] == ".").all():
        return Ordered(found["day first"], "day first, as is usual with points")
    day_first, month_first = found.values()
    years = [np.unique(dates.astype("datetime64[Y]")) for dates in (day_first, month_first)]
    if np.array_equal(day_first, month_first) or (len(years[0]) == len(fields) and np.array_equal(*years)):
        return Ordered(day_first)
    first = fields["s"].iloc[0].join(fields.loc[fields.index[0], ["a", "b", "c"]].fillna(""))
    raise InputError(f"{where}: day and month of {first!r} and others can't be told apart; write YYYY-MM-DD")


def _has_fewer_years(found: dict[str, np.ndarray]) -> bool:
    """Whether more than a month of days, read with the year first, are of fewer years than in any other order."""
    years = {name: len(np.unique(dates.astype("datetime64[Y]"))) for name, dates in found.items()}
    return len(found["year first"]) > 31 and years.pop("year first") < min(years.values())


def _refuse_both_orders(lines: pd.Series, day_first: np.ndarray, month_first: np.ndarray, where: str) -> None:
    """Raise InputError if some cells are dates only day first and others only month first."""
    only_day_first = lines[~np.isnat(day_first) & np.isnat(month_first)]
    only_month_first = lines[np.isnat(day_first) & ~np.isnat(month_first)]
    if only_day_first.empty or only_month_first.empty:
        return
    first, second = sorted([only_day_first.min(), only_month_first.min()])
    rarer = only_day_first if len(only_day_first) <= len(only_month_first) else only_month_first
    raise InputError(
        f"{where}: lines {first} and {second} hold dates in different orders of day and month (line {rarer.min()} is "
        "of the rarer one); write all dates as YYYY-MM-DD"
    )


def _in_order(fields: pd.DataFrame, order: str) -> pd.DataFrame:
    """Return the parts with their names, for an order such as `abc` of day, month and year."""
    day, month, year = order
    named = {"d": fields[day], "m": fields[month], "y": fields[year]}
    if "c2" in fields:
        named |= {"d2": fields[f"{day}2"], "m2": fields[f"{month}2"], "y2": fields[f"{year}2"]}
    return pd.DataFrame(named)


def _number(texts: pd.Series) -> np.ndarray:
    """Return whole numbers, 0 for nothing."""
    return pd.to_numeric(texts).fillna(0).to_numpy().astype(int)


def _year(texts: pd.Series) -> np.ndarray:
    number = _number(texts)
    short = (texts.str.len() <= 2).to_numpy(dtype=bool, na_value=False)
    return np.where(short, np.where(number < PIVOT, 2000 + number, 1900 + number), number)


def _month(fields: pd.DataFrame, end: str) -> np.ndarray:
    """Return months, 0 where a cell has none; a quarter's is its first."""
    if f"L{end}" in fields:
        return fields[f"L{end}"].map(lambda letter: ord(letter) - ord("A") + 1, na_action="ignore").pipe(_number)
    if not end and "q" in fields:
        return 3 * _number(fields["q"]) - 2
    name = f"m{end}"
    return _number(fields[name]) if name in fields else np.ones(len(fields), dtype=int)


def _day_date(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return the dates, NaT where a month or day does not exist or the year is out of range."""
    good = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    first = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    dates = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    return np.where(good & (dates.astype("datetime64[M]") == first), dates, np.datetime64("NaT"))


def _week_date(year: np.ndarray, week: np.ndarray, weekday: np.ndarray | int) -> np.ndarray:
    """Return the day of ISO weeks, NaT where a year has no such week."""
    start = _day_date(year, np.ones_like(year), np.full_like(year, 4))
    following = _day_date(year + 1, np.ones_like(year), np.full_like(year, 4))
    good = ~np.isnat(start) & (week >= 1)
    first, end = (d.astype(int) - (d.astype(int) + 3) % 7 for d in (start, following))
    number = first + 7 * (week - 1) + weekday - 1
    return np.where(good & (number < end), number.astype("datetime64[D]"), np.datetime64("NaT"))
