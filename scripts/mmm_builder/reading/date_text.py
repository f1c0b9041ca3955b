"""One cell of dates in a plain common form: digits, separators and one sign for each word, whatever the language."""

import re
import unicodedata
from typing import NamedTuple

from .calendar_words import EITHER, MONTH_MARKS, RANGE, WEEKDAY, mark, unaccented

LONGEST = 80
"""Characters of the longest date; longer cells are none."""

_ZONE = r"(?:z|utc|gmt|wes?t|ces?t|ees?t|bst|msk|[ecmp][sd]t|[jki]st|[+-]\d{2}:?\d{2})"
_TIME = re.compile(
    r"(?:(?<=\d)t|[\s,]|^)\s*(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?(?!\d)\s*(?:(?P<half>[ap])\.?m\b\.?)?"
    rf"(?:\s*{_ZONE}(?![^\W\d]))*(?:\[[^\]]*\])?"
)
_BASIC_TIME = re.compile(r"(?<=\d{8})t(?P<h>\d{2})(?P<min>\d{2})(?P<s>\d{2})?z?$")
_PLAIN = re.compile(r"[0-9]+(?:[-/.][0-9]+)*")
_ASIDE = re.compile(r"\([^()\d]*\)")
_HAN_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_HAN_NUMBER = re.compile("(十?[一二三四五六七八九]|十)(?=个?[月季四])")
_EAST_ASIAN_WEEKDAY = re.compile(
    "(?:星期|礼拜|禮拜|[周週])[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일"
)
_EAST_ASIAN = (
    (re.compile("(?<!\\d)(\\d\\d)\\s*[年년]"), r"20\1年"),
    (re.compile("四半期|분기|季度|季"), " Q "),
    (re.compile("第|제|度(?=\\s*第?\\d)"), " "),
    (re.compile("주차|[周週주]"), " W "),
    (re.compile("(?<!\\d)(1[0-2]|0?[1-9])\\s*[月월]份?"), lambda found: f" {MONTH_MARKS[int(found[1]) - 1]} "),
    (re.compile("[年년](?:[度份])?\\s*(?=\\d)"), "-"),
    (re.compile("(?<=\\d)\\s*[日号號일]"), " "),
    (re.compile("[年년](?:[度份])?"), " "),
)
_FILLING = re.compile(r"[,'’`´‘\"°;#():]|(?<=\w)\.(?=[^\W\d])")
_WORD = re.compile(r"[^\W\d_]+")
_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "_": "-", "〜": "~", "→": "~", "\\": "/"})
_KEPT = frozenset("wqstvkmQW" + MONTH_MARKS)
"""Signs set already, and letters that mean week or quarter in one language or another: their place tells which."""
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}


class CleanDate(NamedTuple):
    """A cell's text in the common form, and its time of day in seconds, None where it has none."""

    text: str
    seconds: int | None


def clean_date(cell: str) -> CleanDate | None:
    """Return the common form of a cell; None if it holds a word that no date has, or no two digits.

    Months become the letters A to L, words for week, quarter and month W, Q and M, weekdays X, `bis` and its like ~;
    single letters stay. Fillers go, as do blanks around separators.
    """
    if _PLAIN.fullmatch(cell):
        return CleanDate(cell, None)
    if not 3 <= len(cell) <= LONGEST or sum(c.isdecimal() for c in cell) < 2:
        return None
    return clean_part(cell)


def clean_part(cell: str) -> CleanDate | None:
    """Return the common form of a cell that may hold a part of a date only: `KW 48`, `March`, `1`."""
    text = unaccented(cell[:LONGEST])
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text).translate(_DASHES)
    text, seconds = _without_time(_ASIDE.sub(" ", text))
    if not text.isascii():
        text = _plain_east_asian(text)
    text = _FILLING.sub(" ", text.replace("t/m", "~").replace("w/c", " ").replace("w/e", " ")).replace("_", "-")
    if _WORD.search(text):
        text = _mark_words(text)
    return CleanDate(_close_up(text), seconds) if text else None


def _without_time(text: str) -> tuple[str, int | None]:
    """Return the text without its time of day, and that time in seconds; 24:00 and the like are left in."""
    found = _TIME.search(text) or _BASIC_TIME.search(text)
    if not found:
        return text, None
    part = found.groupdict()
    hour, minute, second = int(part["h"]), int(part["min"]), int(part["s"] or 0)
    if part.get("half"):
        hour = hour % 12 + 12 * (part["half"] == "p")
    if hour > 23 or minute > 59 or second > 59:
        return text, None
    return text[: found.start()] + " " + text[found.end() :], hour * 3600 + minute * 60 + second


def _plain_east_asian(text: str) -> str:
    """Return the text with the signs for year, month, day, week and quarter as separators, Q and W."""
    text = _HAN_NUMBER.sub(_han_number, _EAST_ASIAN_WEEKDAY.sub(" ", text))
    for pattern, plain in _EAST_ASIAN:
        text = pattern.sub(plain, text)
    return text


def _han_number(found: re.Match[str]) -> str:
    tens, ones = found[1].startswith("十"), found[1].removeprefix("十")
    return str(10 * tens + _HAN_DIGITS.get(ones, 0))


def _mark_words(text: str) -> str:
    """Return the text with a sign for each word, "" if one is unknown. Roman numbers count beside a quarter's word."""
    words = _WORD.findall(text)
    signs = {word: word if word in _KEPT else mark(word) for word in words}
    if not _ROMAN.keys().isdisjoint(words) and not {"Q", "W", "q", "k"}.isdisjoint(signs.values()):
        signs = {word: _ROMAN.get(word, "Q" if sign == "W" else sign) for word, sign in signs.items()}
    first = words[0]
    if first in EITHER and _is_weekday(text, signs):
        signs[first] = WEEKDAY
    elif signs[first] == RANGE and text.lstrip().startswith(first):
        signs[first] = " "
    if None in signs.values():
        return ""
    return _WORD.sub(lambda found: f" {signs[found[0]]} ", text)


def _is_weekday(text: str, signs: dict[str, str | None]) -> bool:
    """Whether a first word that is both must be the weekday: a whole date follows it, `5 janv. 2021` or `5/1/2021`."""
    months = sum(bool(sign) and sign in MONTH_MARKS for sign in signs.values())
    return (months > 1 and len(re.findall(r"\d+", text)) == 2) or bool(re.search(r"\d+[-/.]\d+[-/.]\d+", text))


def _close_up(text: str) -> str:
    """Return the text without blanks around separators and without separators beside signs and at its end."""
    text = re.sub(r"\s*([-/~])\s*", r"\1", " ".join(text.split()))
    text = re.sub(r"[\s./-]*([^\W\d_])[\s./-]*", r"\1", text)
    return re.sub(r"\.\s+", ".", text).rstrip(" .-/~")
