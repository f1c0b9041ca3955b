"""Names made comparable: case, accents, scripts, camelCase and signs folded into words parted by one blank."""

import functools
import re
import unicodedata
from collections.abc import Mapping

_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ё": "е", "ð": "d", "þ": "th",
                          "أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه"})  # fmt: skip
_SIGNS = {
    "us$": " usd ", "r$": " brl ", "€": " eur ", "$": " usd ", "£": " gbp ", "¥": " jpy ", "₽": " rub ", "₩": " krw ",
    "₹": " inr ", "₺": " tl ", "₴": " uah ", "฿": " thb ", "₫": " vnd ", "₱": " php ", "%": " pct ",
}  # fmt: skip
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_APOSTROPHE = "['’`´ʼ]"
_ELIDED = re.compile(rf"\b(?:[dlnsjmtc]|qu|dell|all|nell|sull|dall|un){_APOSTROPHE}(?=\w)")
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
_THAI = "\u0e01-\u0e3a\u0e40-\u0e4e"
_SCRIPTS = (_HAN, _HANGUL, _THAI, "a-z\u00df-\u024f", "\u0400-\u04ff")
_BOUNDARY = re.compile(
    "|".join(rf"(?<=[{script}])(?=[^\W\d_])(?![{script}])" for script in _SCRIPTS)
    + r"|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
    + rf"|(?:(?![{_THAI}])[\W_])+"
)
_PLAIN = re.compile("[a-z]+(?: [a-z]+)*")
_UNSPACED = re.compile(f"[{_HAN}{_HANGUL}{_THAI}]")
_ARABIC_ARTICLE = re.compile("\\b[وبك]?ال(?=[\u0621-\u064a]{3})")


def is_east_asian(text: str) -> bool:
    """Whether a text holds Chinese, Japanese, Korean or Thai letters, which write words without blanks."""
    return _UNSPACED.search(text) is not None


def fold(name: str, simplified: Mapping[int, str] | None = None) -> str:
    """Return the name's words in lower case, parted by one blank.

    Accents of Latin letters, apostrophes and the Arabic article go; currency signs become their codes; letters and
    digits part, so do scripts. simplified : characters that are read as others (`str.translate`).
    """
    if _PLAIN.fullmatch(name):
        return name
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _SIGN.sub(lambda sign: _SIGNS[sign.group()], text)
    text = re.sub(_APOSTROPHE, "", _ELIDED.sub("", text))
    if not text.isascii():
        text = _without_accents(text)
        text = text.translate(simplified) if simplified else text
        text = _ARABIC_ARTICLE.sub("", text)
    return " ".join(_BOUNDARY.sub(" ", text).split())


def _without_accents(text: str) -> str:
    """Return the text without the accents of Latin letters; those of other scripts make other letters."""
    kept = []
    for letter in unicodedata.normalize("NFD", text.translate(_LETTERS)):
        if not (unicodedata.combining(letter) and kept and "a" <= kept[-1] <= "z"):
            kept.append(letter)
    return unicodedata.normalize("NFC", "".join(kept))


def part_camel_case(name: str) -> str:
    """Return the name with a blank where camelCase begins a word (`TVSpend` -> `TV Spend`)."""
    parted = []
    for i, letter in enumerate(name):
        lower_next = i + 1 < len(name) and name[i + 1].islower()
        if i and letter.isupper() and (name[i - 1].islower() or (name[i - 1].isupper() and lower_next)):
            parted.append(" ")
        parted.append(letter)
    return "".join(parted)


@functools.lru_cache(maxsize=50_000)
def spellings(word: str) -> tuple[str, ...]:
    """Return how a word may be spelt in Latin letters: as it stands, and with ae, oe, ue, aa for accented letters."""
    lower = unicodedata.normalize("NFC", word.casefold())
    spelt = lower.translate(_DIGRAPHS)
    return (word,) if spelt == lower else (word, spelt)


_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
