"""From bytes to the encoding they are text in: by marks and zero bytes, as UTF-8, else by what language it gives."""

import codecs
import functools
import re
import unicodedata
from itertools import islice
from typing import Any, NamedTuple

import yaml

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from ..provenance import DATA
from .lexicon import vocabulary
from .text import quote

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SAMPLE_BYTES = 100_000
TELLING_BYTES = 4000
"""How much of the distinct cells outside ASCII is looked at."""

LONGEST_CELL = 1000
MOST_MATCHES = 100_000

_CUTS = (b"\n", b"\r", b"\t", b",", b";", b'"')
_NUMBER = re.compile(rb"(?<![\x80-\xff])[0-9](?:[0-9.,' ]|\xa0(?=[0-9]))*")
_FROM_HIGH_BYTE = re.compile(rb"[\x80-\xff][^\r\n\t,;\"]*")

CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1f\x7f]")
UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
FEW_SEQUENCES = 2
MOSTLY = 0.75

RARE = 0.35
"""How much better an encoding of old systems must fit."""

NARROW = 0.03
"""A second reading that scores this little less is told."""


class Reading(NamedTuple):
    """What cells are in one encoding, and how much like the best of its languages they look (at most about 2)."""

    score: float
    encoding: str
    cells: list[str]


def find_encoding(data: bytes, name: str) -> tuple[str, list[ProfileWarning]]:
    """Return the encoding of a text file, and a warning if another one fits as well.

    Raises InputError if the bytes are no text, or if a line is not readable in the encoding of the others.
    """
    encoding = next((e for mark, e in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None) or _wide(data)
    head = data[:SAMPLE_BYTES]
    bad = (
        "zero bytes"
        if b"\0" in data
        else "control characters"
        if len(CONTROLS.findall(head)) > 0.01 * len(head)
        else ""
    )
    if bad and encoding is None:
        raise InputError(f"{name}: not readable as text (it holds {bad}); save it as CSV (UTF-8)")
    if encoding or data.isascii():
        return _checked(data, encoding or "utf-8", name), []
    if _bad_line(data, "utf-8") is None:
        return "utf-8", []
    readings = _readings(data)
    if _is_damaged_utf8(data, readings):
        return _checked(data, "utf-8", name), []
    if not readings or readings[0].score < 0:
        return _checked(data, _library_guess(data) or (readings[0].encoding if readings else "utf-8"), name), []
    best = readings[0]
    return _checked(data, best.encoding, name), _doubts(readings)


def _wide(data: bytes) -> str | None:
    """Return UTF-16 without a mark if every other byte of many is zero."""
    head = data[:SAMPLE_BYTES]
    zeros = [head[parity::2].count(0) / max(1, len(head[parity::2])) for parity in (0, 1)]
    for parity, encoding in ((0, "utf-16-be"), (1, "utf-16-le")):
        if zeros[parity] > 0.3 and zeros[1 - parity] < 0.05:
            return encoding
    return None


def _checked(data: bytes, encoding: str, name: str) -> str:
    """Return the encoding. Raises InputError with the first line that is not readable in it."""
    bad = _bad_line(data, encoding)
    if bad is not None:
        raise InputError(f"{name}: line {bad} is not readable as {encoding}; save the file as CSV (UTF-8)")
    return encoding


def _bad_line(data: bytes, encoding: str, step: int = 1 << 20) -> int | None:
    """Return the number of the first line that is not readable in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), step):
        try:
            decoder.decode(data[start : start + step], final=start + step >= len(data))
        except UnicodeDecodeError:
            readable = data[: start + step].decode(encoding, "replace")
            return readable.count("\n", 0, readable.find("\ufffd")) + 1
    return None


def _is_damaged_utf8(data: bytes, readings: list[Reading]) -> bool:
    """Whether most bytes outside ASCII are UTF-8 and give likelier words than any other encoding."""
    telling = _telling(data)
    found = UTF8_SEQUENCE.findall(b"\n".join(telling))
    if len(found) < FEW_SEQUENCES or sum(map(len, found)) < MOSTLY * sum(
        byte > 0x7F for cell in telling for byte in cell
    ):
        return False
    score = _score(
        [cell.decode("utf-8", "ignore") for cell in telling], [*_table()["languages"], *_table()["characters"]]
    )
    return not readings or score >= readings[0].score


def _telling(data: bytes, limit: int = TELLING_BYTES) -> list[bytes]:
    """Return the first distinct cells outside ASCII, all numbers in them alike; they would outweigh the words.

    Cells are cut at bytes that are no part of a longer character anywhere.
    """
    cells: dict[bytes, None] = {}
    size = 0
    for match in islice(_FROM_HIGH_BYTE.finditer(data), MOST_MATCHES):
        before = data[max(0, match.start() - LONGEST_CELL) : match.start()]
        cell = _NUMBER.sub(b"0", before[max(map(before.rfind, _CUTS)) + 1 :] + match.group())
        if cell not in cells and len(cell) <= LONGEST_CELL and not cell.isascii():
            cells[cell] = None
            size += len(cell)
        if size >= limit:
            break
    return list(cells)


def _readings(data: bytes) -> list[Reading]:
    """Return the telling cells in every encoding that they are readable in, the likeliest first."""
    telling, readings = _telling(data), []
    for rank, page in enumerate(_table()["pages"]):
        try:
            cells = [cell.decode(page["encoding"]) for cell in telling]
        except UnicodeDecodeError:
            continue
        score = _score(cells, page["languages"]) - 0.005 * rank - RARE * page.get("rare", False)
        readings.append(Reading(score, page["encoding"], cells))
    readings = [r for r in readings if _bad_line(data, r.encoding) is None] or readings
    return sorted(readings, key=lambda reading: -reading.score)


def _score(cells: list[str], languages: list[str]) -> float:
    """Return how much like the best of some languages cells look, more if the vocabulary has their words."""
    score = max(_likeness(cells, language) for language in languages)
    if score < -0.5:
        return score
    return score + sum(map(_known, cells)) / max(1, sum(not c.isascii() for cell in cells for c in cell))


def _doubts(readings: list[Reading]) -> list[ProfileWarning]:
    """Return a warning if a second encoding gives other words that are about as likely."""
    best = readings[0]
    for other in readings[1:]:
        if other.cells != best.cells and other.score > best.score - NARROW:
            mine, theirs = next((a, b) for a, b in zip(best.cells, other.cells, strict=True) if a != b)
            told = f"read as {best.encoding}, but {other.encoding} fits as well ({quote(mine)} or {quote(theirs)})"
            return [warn("encoding_uncertain", told, "if the names look wrong, save the file as CSV (UTF-8)")]
    return []


def _library_guess(data: bytes) -> str | None:
    """Return what charset-normalizer takes text for whose language is not in our table."""
    import charset_normalizer

    match = charset_normalizer.from_bytes(b"\n".join(_telling(data))).best()
    return match.encoding if match and _bad_line(data, match.encoding) is None else None


@functools.cache
def _table() -> dict[str, Any]:
    """Return `data/encodings.yaml`, pairs and letters as sets."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table = yaml.load((DATA / "encodings.yaml").read_text(encoding="utf-8"), Loader=loader)
    for language in table["languages"].values():
        language["pairs"] = set(language["pairs"].split())
    table["signs"] = set(table["signs"])
    table["vocabulary"] = {c for word, _ in _foreign_words() for c in word}
    return table


def _words(node: Any) -> list[str]:
    """Return all words below a node of the vocabulary."""
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
    return [str(node)] if below is None else [word for child in below for word in _words(child)]


@functools.cache
def _foreign_words() -> tuple[tuple[str, int], ...]:
    """Return the words of the vocabulary that are not all ASCII, with how many characters of them are not."""
    words = {word.strip("*^$ ").casefold() for word in _words(vocabulary())}
    return tuple((word, sum(not c.isascii() for c in word)) for word in words if not word.isascii())


def _known(cell: str) -> int:
    """Return how many characters outside ASCII of a cell belong to one word of the vocabulary."""
    text = cell.casefold()
    return max((count for word, count in _foreign_words() if word in text), default=0)


def _likeness(cells: list[str], language: str) -> float:
    """Return the mean over all characters outside ASCII of how well they suit a language where they stand, ≤ 1.1."""
    scores = []
    for cell in cells:
        padded = f" {cell} "
        for at, character in enumerate(padded):
            if not character.isascii():
                scores.append(_suits(character, padded[max(0, at - 2) : at], padded[at + 1], language))
    return sum(scores) / len(scores) if scores else 0.0


def _suits(character: str, before: str, after: str, language: str) -> float:
    """Return how well a character suits a language after two others and before another, about −3 to 1."""
    kind = unicodedata.category(character)
    last = before[-1]
    if kind[0] == "C" or (kind == "So" and character not in _table()["signs"]):
        return -3.0
    if character in _table()["signs"]:
        bad = (last.isalpha() and after.isalpha() and character not in "’·") or (
            last.isalpha() and character in "¿¡«„“"
        )
        good = kind == "Sc" or character == "°" or not (last.isalpha() or after.isalpha())
        return -1.5 if bad else 0.9 if good else 0.5
    if kind[0] not in "LM":
        return -1.5
    score = _letter(character, last, after, language)
    if last.isdigit() or (after.isdigit() and character.isupper()):
        score -= 0.5
    if character.isupper() and last.islower():
        score -= 1.5
    foreign = not last.isascii() and last.isalpha() and not before[0].isascii() and before[0].isalpha()
    if foreign and _script(character) == "LATIN":
        score -= 1.5
    return score


def _letter(character: str, before: str, after: str, language: str) -> float:
    """Return how well a letter suits a language between its neighbours."""
    if language in _table()["characters"]:
        score = _east_asian(character, language)
        latin = [c for c in (before, after) if c.isascii() and c.isalpha()]
        return score - 0.7 * sum(c.islower() for c in latin) - 1.0 * (len(latin) == 2)
    lower = "ı" if character == "İ" else character.lower()
    alphabet, pairs = _table()["languages"][language].values()
    if lower not in alphabet:
        return -1.0
    pair_before = (before.lower() if before.isalpha() else "^") + lower
    pair_after = lower + (after.lower() if after.isalpha() else "$")
    score = 1.1 - 0.1 * alphabet.index(lower) / len(alphabet)
    score -= 0.4 * (pair_before not in pairs) + 0.4 * (pair_after not in pairs)
    mixed = any(c.isalpha() and _script(c) != _script(character) for c in (before, after))
    of_latin = _script(character) == "LATIN"
    alone = not before.isalpha() and not after.isalpha() and (character.isupper() or not of_latin)
    return score - 1.5 * mixed - 0.5 * alone


def _east_asian(character: str, language: str) -> float:
    """Return how usual a character is in a language: by the plane of its national standard and our vocabulary."""
    script, standard = _script(character), _table()["characters"][language]
    if script in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"):
        return 1.0 if language == "ja" else -0.5
    if script not in (("HANGUL",) if language == "ko" else ("CJK",)):
        return -1.0
    try:
        code = character.encode(standard["standard"])
    except UnicodeEncodeError:
        return -1.0
    if not standard["lead"][0] <= code[0] <= standard["lead"][1]:
        return 0.0
    return _plain_syllable(character) if language == "ko" else 0.8 + 0.2 * (character in _table()["vocabulary"])


def _plain_syllable(hangul: str) -> float:
    """Return 1 for a Korean syllable of plain sounds, less for tense initials, rare vowels and double finals."""
    number = ord(hangul) - 0xAC00
    initial, vowel, final = number // 588, number % 588 // 28, number % 28
    rare_final = final in (2, 3, 5, 6, 18, *range(9, 16), *range(22, 28))
    return 1.0 - 0.4 * (initial in (1, 4, 8, 10, 13)) - 0.4 * (vowel in (3, 7, 10, 15)) - 0.5 * rare_final


@functools.cache
def _script(character: str) -> str:
    """Return the script of a letter: the first word of its name."""
    return unicodedata.name(character, "OTHER").split()[0]
