"""Cells as numbers: decimal marks, digit grouping, signs of money, words that multiply, signs for nothing."""

import functools
import re
import unicodedata
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import yaml

from ..provenance import DATA

Decimal = Literal[".", ","]

LARGEST = 1e100
"""Numbers from here on are mistakes, and their sums would overflow."""

LONGEST = 60
"""Most characters of a cell that may be a number."""

_BLANK_LIKE = " '’‘`´"
_PLAIN = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_NEARLY = re.compile(rf"\D{{0,14}}\d(?:[\d.,eE+{_BLANK_LIKE}-]*\d)?\D{{0,20}}")
"""What a cell must look like for the closer look, which takes longer."""

_GROUPING = re.compile(rf"(?<=\d)[{_BLANK_LIKE}](?=\d{{3}}(?!\d))")
_EXCEL_ERROR = re.compile(r"#[¡¿]?[^\W\d_]{1,12}(?:/0)?[!?]")
_MARKS_ONLY = re.compile(r"[-‐-―−﹣－~_.…·*?/\s]{1,8}")
SHAPES = {
    mark: re.compile(rf"(?:\d+|\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}})(?:{point}\d*)?|{point}\d+")
    for mark, point, group in ((".", r"\.", ","), (",", ",", r"\."))
}
_VECTORISED = {
    mark: [
        (rf"-?\d+(?:{point}\d+)?(?:[eE][+-]?\d{{1,3}})?", None),
        (rf"-?\d{{1,3}}(?:{group}\d{{3}})+(?:{point}\d+)?", group),
        (rf"-?\d{{1,3}}(?:[ \x{{a0}}\x{{202f}}]\d{{3}})+(?:{point}\d+)?", r"[ \x{a0}\x{202f}]"),
    ]
    for mark, point, group in ((".", r"\.", ","), (",", ",", r"\."))
}
"""Per mark, the usual ways to write a number, with what groups its digits: read by columns, the others one by one."""

SURE_FACTORS = frozenset(
    {"tsd", "teur", "keur", "kusd", "mio", "thousand", "тыс", "млн", "lakh", "lakhs", "crore", "crores"}
)
"""Words that multiply in a name, whatever stands beside them."""

_SIGN_AROUND = r"^\p{Sc}[ \x{a0}\x{202f}]?|[ \x{a0}\x{202f}]?(?:\p{Sc}|%)$"


class Anatomy(NamedTuple):
    """A cell taken apart; `digits` holds digits and marks, `grouped` tells that blanks or apostrophes grouped them."""

    sign: float
    digits: str
    exponent: str
    factor: float
    grouped: bool


class _Plainer(dict):
    """What stands for another blank, minus sign, full-width character or digit of another script, as it is met."""

    def __missing__(self, code: int) -> str:
        character, kind = chr(code), unicodedata.category(chr(code))
        if kind == "Nd":
            plain = str(unicodedata.decimal(character))
        else:
            plain = {"Zs": " ", "Sc": "$", "Pd": "-"}.get(kind) or _SINGLE.get(character) or character
            plain = chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else plain
        return self.setdefault(code, plain)


_SINGLE = {"−": "-", "٫": ".", "٬": ",", "\u200b": "", "\u200e": "", "\u200f": ""}
_PLAINER = _Plainer()


@functools.cache
def _words() -> dict[str, Any]:
    """Return `data/number_words.yaml`."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((DATA / "number_words.yaml").read_text(encoding="utf-8"), Loader=loader)


@functools.cache
def _nothing() -> frozenset[str]:
    return frozenset(str(word).casefold() for word in _words()["nothing"])


@functools.cache
def factor_in_name(folded: str) -> float:
    """Return what the figures under a folded name are to be multiplied with: 1000 for `sales k eur`, else 1.

    A word that multiplies counts beside a word of money, or if it says nothing else.
    """
    words = folded.split()
    for position, word in enumerate(words):
        beside = {*words[max(0, position - 1) : position], *words[position + 1 : position + 2]}
        if word in _factors() and (beside & _money() or word in SURE_FACTORS):
            return _factors()[word]
        parted = next((w for w in _factors() if word.startswith(w) and word.removeprefix(w) in _money()), None)
        if parted:
            return _factors()[parted]
    return 1.0


@functools.cache
def _money() -> frozenset[str]:
    return frozenset(str(word).casefold().strip(".") for word in _words()["money"])


@functools.cache
def _factors() -> dict[str, float]:
    factors = _words()["factors"].items()
    return {str(word).casefold().translate(_PLAINER): float(factor) for factor, words in factors for word in words}


@functools.cache
def _cell_pattern() -> re.Pattern[str]:
    """Return the pattern of one number with what may stand around it."""

    def either(words: list[str]) -> str:
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

    around = rf"(?:(?:{either([str(w) for w in (*_words()['money'], *_words()['counted'])])}|\$)\s*){{0,2}}"
    return re.compile(
        rf"(?P<open>\()?\s*(?P<before>[-+])?\s*{around}(?P<open_too>\()?\s*(?P<behind>[-+])?\s*"
        rf"(?P<digits>[.,]?\d(?:[\d.,{_BLANK_LIKE}]{{0,{LONGEST}}}\d)?[.,]?)(?:(?<=[.,])--?)?(?:e(?P<exponent>[+-]?\d{{1,3}}))?"
        rf"\s*{around}(?:(?P<factor>{either(list(_factors()))})\.?\s*)?{around}(?P<after>-)?\s*(?P<close>\))?\s*{around}",
        re.IGNORECASE,
    )


def take_apart(cell: str) -> Anatomy | None:
    """Return sign, digits with their marks, exponent and factor of a cell; None if it is no number."""
    if _PLAIN.fullmatch(cell):
        return Anatomy(-1.0 if cell[0] == "-" else 1.0, cell.lstrip("-"), "", 1.0, False)
    text = (cell if cell.isascii() or len(cell) > LONGEST else cell.translate(_PLAINER)).strip()
    match = _cell_pattern().fullmatch(text) if len(text) <= LONGEST and _NEARLY.fullmatch(text) else None
    if match is None:
        return None
    part = match.groupdict()
    opened = bool(part["open"] or part["open_too"])
    signs = [s for s in (part["before"], part["behind"], part["after"]) if s]
    if opened != bool(part["close"]) or len(signs) + opened > 1:
        return None
    digits = _GROUPING.sub("", part["digits"])
    if any(blank in digits for blank in _BLANK_LIKE):
        return None
    factor = _factors()[part["factor"].casefold()] if part["factor"] else 1.0
    sign = -1.0 if opened or "-" in signs else 1.0
    return Anatomy(sign, digits, part["exponent"] or "", factor, digits != part["digits"])


@functools.lru_cache(maxsize=4096)
def is_nothing(cell: str) -> bool:
    """Whether the cell stands for no value."""
    text = cell.strip().casefold()
    if not text or text in _nothing():
        return True
    if len(text) > LONGEST or any(character.isdigit() for character in text.replace("/0", "")):
        return False
    return bool(_MARKS_ONLY.fullmatch(text) or _EXCEL_ERROR.fullmatch(text) or _empty_money(text))


def _empty_money(text: str) -> bool:
    """Whether a sign of money stands around a dash, as spreadsheets write zero."""
    return "-" in text.translate(_PLAINER) and take_apart(text.translate(_PLAINER).replace("-", "0", 1)) is not None


def nothing_mask(column: pd.Series) -> pd.Series:
    """Return which cells of a column of text stand for no value."""
    codes, cells = pd.factorize(column)
    nothing = np.fromiter((is_nothing(cell) for cell in cells), dtype=bool, count=len(cells))
    return pd.Series(nothing[codes] if len(cells) else False, column.index, dtype=bool)


def to_numbers(column: pd.Series, decimal: Decimal) -> tuple[pd.Series, pd.Series]:
    """Return the values (float, NaN for nothing) and a mask of the cells that are neither a number nor nothing."""
    codes, cells = pd.factorize(column)
    values, wrong = numbers_of(pd.Series(cells, dtype="str"), decimal)
    empty = len(cells) == 0
    return (
        pd.Series(np.nan if empty else values[codes], column.index, dtype=float),
        pd.Series(False if empty else wrong[codes], column.index, dtype=bool),
    )


def numbers_of(cells: pd.Series, decimal: Decimal) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of distinct cells and which of them are neither a number nor nothing."""
    values, read = _by_columns(cells, decimal)
    wrong = np.zeros(len(cells), dtype=bool)
    shape, group = SHAPES[decimal], "," if decimal == "." else "."
    for row in np.flatnonzero(~read):
        cell = cells.iloc[row]
        if is_nothing(cell):
            continue
        parts = take_apart(cell)
        if parts and shape.fullmatch(parts.digits):
            digits = parts.digits.replace(group, "").replace(",", ".")
            values[row] = float(f"{digits}e{parts.exponent or 0}") * parts.sign * parts.factor
        else:
            wrong[row] = True
    with np.errstate(invalid="ignore"):
        wrong |= np.abs(values) >= LARGEST
    values[wrong] = np.nan
    return values, wrong


def _by_columns(cells: pd.Series, decimal: Decimal) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of the cells that are written in a usual way, and which these are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.array(cells, type=pa.large_string(), from_pandas=True)
    values, read = np.full(len(cells), np.nan), np.zeros(len(cells), dtype=bool)
    for around in (None, _SIGN_AROUND):
        rest = np.flatnonzero(~read)
        bare = text.take(pa.array(rest))
        bare = pc.replace_substring_regex(bare, around, "") if around and len(rest) else bare
        for pattern, group in _VECTORISED[decimal]:
            fits = pc.match_substring_regex(bare, f"^(?:{pattern})$").to_numpy(zero_copy_only=False).astype(bool)
            if fits.any():
                chosen = bare.filter(pa.array(fits))
                chosen = pc.replace_substring_regex(chosen, group, "") if group else chosen
                chosen = pc.replace_substring(chosen, ",", ".") if decimal == "," else chosen
                values[rest[fits]] = pc.cast(chosen, pa.float64()).to_numpy(zero_copy_only=False)
                read[rest[fits]] = True
    return values, read
