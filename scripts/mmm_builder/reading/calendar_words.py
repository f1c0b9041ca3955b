"""Words in dates: what a word of a cell means, and which part of a date a column's name says.

Names of months and weekdays are CLDR's, in the languages of `data/calendar_words.yaml`; the file has the other words.
"""

import functools
import re
import unicodedata
from typing import Any, Literal

import yaml

from ..provenance import DATA

Part = Literal["year", "quarter", "month", "week", "day"]

WORDS = DATA / "calendar_words.yaml"
MONTH_MARKS = "ABCDEFGHIJKL"
"""The sign of each month in a cell that has been cleaned."""
WEEKDAY, RANGE = "X", "~"
PART_MARKS: dict[str, str] = {
    "weekday": WEEKDAY, "week": "W", "quarter": "Q", "month": "M", "range": RANGE, "filler": "", "year": "",
}  # fmt: skip
"""The signs of the words of the file; a word of two groups has that of the first."""
EITHER = ("mar", "paz", "sub")
"""Names of a month in one language and of a weekday in another: March, October, February."""
SHORTEST_PREFIX = 3

_LETTERS = str.maketrans("ıøłđ", "iold")


def unaccented(text: str) -> str:
    """Return the text in lower case, without accents, full-width and other variant signs as plain ones."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    parted = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parted if not unicodedata.combining(c)))


@functools.cache
def calendar_words() -> dict[str, Any]:
    """Return the words of the file as they stand there."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(WORDS.read_text(encoding="utf-8"), Loader=loader)


@functools.cache
def mark(word: str) -> str | None:
    """Return the sign of a folded word: a month's letter, W, Q, M, weekday, range, "" for a filler; None if unknown."""
    known = _known()
    if word in known:
        return known[word]
    months, weekdays, prefixes = _cldr()
    if word in months:
        return months[word]
    return WEEKDAY if word in weekdays else prefixes.get(word)


def part_of(name: str) -> tuple[set[Part], bool]:
    """Return the parts of a date that a column's name says, and whether it says nothing else."""
    parted = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", name)
    words = re.findall(r"[^\W\d_]+", unaccented(parted))
    found: set[Part] = set()
    told = []
    for part in ("year", "quarter", "month", "week", "day"):
        of_part = _folded(part)
        said = [w for w in words if w in of_part or any(e in w for e in of_part if e > "\u2e80")]
        found |= {part} if said else set()
        told += said
    return found, all(word in told or word in _folded("part_name") for word in words)


@functools.cache
def _folded(group: str) -> frozenset[str]:
    """Return the words of one group of the file."""
    return frozenset(unaccented(str(word)) for word in calendar_words()[group])


@functools.cache
def _known() -> dict[str, str]:
    """Return the signs of the words of the file."""
    signs = {word: sign for group, sign in reversed(PART_MARKS.items()) for word in _folded(group)}
    for number, words in calendar_words()["months"].items():
        signs |= {unaccented(word): MONTH_MARKS[number - 1] for word in words}
    return signs


@functools.cache
def _cldr() -> tuple[dict[str, str], frozenset[str], dict[str, str]]:
    """Return the names of months and of weekdays in all languages, and the beginnings that only one month has."""
    from babel import Locale  # takes longer than a small file, and few files need it

    months: dict[str, str] = {}
    weekdays: set[str] = set()
    for language in calendar_words()["languages"]:
        locale = Locale.parse(language)
        for context in ("format", "stand-alone"):
            for width in ("abbreviated", "wide"):
                for number, name in locale.months[context][width].items():
                    months[_last_word(name)] = MONTH_MARKS[number - 1]
                weekdays |= {w for name in locale.days[context][width].values() for w in unaccented(name).split("-")}
    prefixes: dict[str, str | None] = {}
    for name, sign in months.items():
        for end in range(SHORTEST_PREFIX, len(name)):
            known = prefixes.setdefault(name[:end], sign)
            prefixes[name[:end]] = sign if known == sign else None
    short = {w.rstrip(".") for w in weekdays if len(w.rstrip(".")) > 1}
    return months, frozenset(short), {word: sign for word, sign in prefixes.items() if sign}


def _last_word(name: str) -> str:
    """Return a month's name without the article that some languages put before it."""
    return re.split(r"[\s'’]", unaccented(name).rstrip("."))[-1]
