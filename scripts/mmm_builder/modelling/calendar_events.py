"""Public holidays and given events as named days: those of the data's calendar that the training rows hold."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from ..data_profile import DataProfile
from ..errors import InputError
from ..periods import bounds
from ..spec import PERIODS_PER_YEAR

LANGUAGE = "en_US"
ROWS_PER_HOLIDAY = 5
"""Training rows for each holiday: with fewer, those nearest in the calendar are one event."""

DOUBLE_DAYS = 7
"""Days within which a day off in place of a holiday stands for that holiday."""

SUBSTITUTED = re.compile(r"\s*\([^()]*\d[^()]*\)$")
"""The end of `Day off (substituted from 01/19/2020)`."""

Days = tuple[dt.date, ...]


def model_events(profile: DataProfile, given: Mapping[str, Iterable[str]], holidays: str | None) -> dict[str, Days]:
    """Return the events of a model by name: those that a training row holds, with all their days in the calendar.

    given : ISO dates by name; a holiday of the same name is left out for them
    holidays : country whose public holidays are events too, None for none
    Raises InputError if the country isn't known.
    """
    events = {name: tuple(sorted({dt.date.fromisoformat(d) for d in dates})) for name, dates in given.items()}
    if holidays is not None:
        years = range(_date(profile.start).year, _date(_last(profile)).year + 2)
        found = {name: days for name, days in public_holidays(holidays, years).items() if name not in events}
        within = {name for name, _ in _within_calendar(profile, found)}
        events |= merged({name: found[name] for name in found if name in within}, profile)
    return dict(_within_calendar(profile, events))


def public_holidays(where: str, years: Iterable[int]) -> dict[str, Days]:
    """Return a country's public holidays by their English name.

    where : `DE`, or with a part of the country `DE-BY`
    A day off in place of a holiday counts where the holiday itself isn't a day off, else it is left out.
    """
    calendar = _calendar(where, years)
    labels = [getattr(calendar, f"{kind}_label", None) for kind in ("observed_estimated", "observed", "estimated")]
    shown = {calendar.tr(label) for label in labels if label} - {"%s"}
    marks = [re.compile(re.escape(label).replace("%s", "(.+)")) for label in sorted(shown, key=len, reverse=True)]
    itself: dict[str, set[dt.date]] = {}
    instead: dict[str, set[dt.date]] = {}
    for day in calendar:
        for told in calendar.get_list(day):
            name = _plain(told, marks)
            (itself if name == told else instead).setdefault(name, set()).add(day)
    return {
        name: tuple(sorted(itself.get(name, set()) | set(_alone(instead.get(name, set()), itself.get(name, set())))))
        for name in (*itself, *(name for name in instead if name not in itself))
    }


def merged(events: Mapping[str, Days], profile: DataProfile) -> dict[str, Days]:
    """Return events in which those are one that always fall together, as rows would hardly tell them apart.

    Together: within a seventh of a period. If there are more events than training rows can carry, the nearest are
    merged too.
    """
    together = 365.25 / PERIODS_PER_YEAR[profile.frequency] / 7 if profile.frequency != "daily" else 0.0
    limit = max(1, profile.n_train // ROWS_PER_HOLIDAY)
    found = dict(events)
    while len(found) > 1:
        one, other = min(combinations(found, 2), key=lambda pair: _apart(found[pair[0]], found[pair[1]]))
        if _apart(found[one], found[other]) > together and len(found) <= limit:
            break
        first, second = sorted((one, other), key=lambda name: found[name])
        days = tuple(sorted({*found.pop(first), *found.pop(second)}))
        found[f"{first}, {second}"] = days
    return found


def _calendar(where: str, years: Iterable[int]) -> Any:
    """Return the holidays of a country. Raises InputError if it isn't known."""
    import holidays  # by first configurations only

    country, _, part = where.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None, years=years, language=LANGUAGE)
    except NotImplementedError as error:
        raise InputError(
            f"model.holidays: {where!r} is not known ({error}); give a country's ISO code, such as DE, or with a part "
            "of it, such as DE-BY"
        ) from None


def _plain(name: str, marks: list[re.Pattern[str]]) -> str:
    """Return a holiday's name without what says that the day is observed in its place or estimated."""
    for mark in marks:
        if match := mark.fullmatch(name):
            return match[1]
    return SUBSTITUTED.sub("", name)


def _alone(days: set[dt.date], others: set[dt.date]) -> Iterator[dt.date]:
    """Yield the days that have none of the others near them."""
    return (day for day in days if all(abs((day - other).days) > DOUBLE_DAYS for other in others))


def _apart(one: Days, other: Days) -> float:
    """Return how many days lie between two events in most years, as the one with fewer years tells it."""
    distances = np.abs(np.subtract.outer(_numbers(one), _numbers(other)))
    return float(min(np.median(distances.min(axis=1)), np.median(distances.min(axis=0))))


def _numbers(days: Days) -> np.ndarray:
    return np.array([day.toordinal() for day in days])


def _within_calendar(profile: DataProfile, events: Mapping[str, Days]) -> Iterator[tuple[str, Days]]:
    """Yield the events that the training periods hold, with their days within the calendar of the data."""
    (start, train_end), (_, end) = (_within(profile, last) for last in (profile.train_end, _last(profile)))
    for name, days in events.items():
        if any(start <= day < train_end for day in days):
            yield name, tuple(day for day in days if start <= day < end)


def _last(profile: DataProfile) -> str:
    """Return the last period, a sealed one where there are any: holidays are known long ahead."""
    return profile.sealed.end if profile.sealed else profile.end


def _within(profile: DataProfile, last: str) -> tuple[dt.date, dt.date]:
    """Return the first day of the data, and the day after the period that is dated `last`."""
    first, after = bounds(np.array([profile.start, last], "datetime64[D]"), profile.frequency)
    return first[0].item(), after[-1].item()


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text[:10])
