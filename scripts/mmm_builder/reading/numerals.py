"""Numbers as people and spreadsheets write them: decimal marks, digit grouping, currency signs, signs for nothing."""

import re
from typing import Literal

import numpy as np
import pandas as pd

Decimal = Literal[".", ","]

NOTHING = frozenset(
    {"", "-", "--", "–", "—", "―", ".", "..", "?", "na", "n/a", "#n/a", "#na", "nan", "null", "none", "nil", "nd"}
    | {"#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "н/д", "нет", "k.a.", "无"}
)
"""Cells, in lower case, that stand for no value."""

LARGEST = 1e100
"""Numbers from here on are mistakes, and their sums would overflow."""

_CURRENCY = (
    r"(?:usd|eur|gbp|chf|rub|руб\.?|р\.|inr|rs\.?|cny|rmb|jpy|krw|brl|r\$|pln|zł|kr\.?|元|円|원|тг|[$€£¥₽₹₩₺₴฿]|%)"
)
_AROUND = re.compile(rf"^{_CURRENCY}\s*|\s*{_CURRENCY}$", re.IGNORECASE)
_BLANKS_AND_APOSTROPHES = re.compile(r"(?<=\d)[\s'’`](?=\d{3})")
_EXPONENT = r"(?:e[+-]?\d+)?"
_SHAPES: dict[str, re.Pattern[str]] = {
    mark: re.compile(
        rf"-?\+?(?:(?:\d+|\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}})(?:{point}\d*)?|{point}\d+){_EXPONENT}",
        re.IGNORECASE,
    )
    for mark, point, group in ((".", r"\.", ","), (",", ",", r"\."))
}
_PLAIN = {".": re.compile(r"-?\d+(?:\.\d+)?"), ",": re.compile(r"-?\d+(?:,\d+)?")}


def bare(cell: str) -> str:
    """Return the cell's digits and marks: without currency, per cent and grouping by blank or apostrophe."""
    text = cell.replace("−", "-").strip()
    sign = ""
    if text.startswith("(") and text.endswith(")"):
        text, sign = text[1:-1].strip(), "-"
    if text.startswith("-"):
        text, sign = text[1:].strip(), "-"
    text = _AROUND.sub("", _AROUND.sub("", text))
    return sign + _BLANKS_AND_APOSTROPHES.sub("", text)


def is_nothing(cell: str) -> bool:
    """Whether the cell stands for no value."""
    return cell.casefold() in NOTHING


def decimal_mark(cells: pd.DataFrame, separator: str) -> tuple[Decimal, str | None]:
    """Return the decimal mark of a table, and the first cell that could be read either way if nothing settles it.

    A mark that comes twice, or before the other, groups digits; one followed by any number of digits but three,
    or after a lone zero, is the decimal mark. Without evidence: the point in comma-separated files, else the comma.
    """
    votes = {".": 0, ",": 0}
    open_cell = None
    marked = {cell for column in cells for cell in cells[column] if "." in cell or "," in cell}
    for cell in sorted(marked):
        text = bare(cell).lstrip("+-")
        marks = re.sub(r"[^.,]", "", text)
        if not marks or not re.fullmatch(r"[\d.,]+(?:[eE][+-]?\d+)?", text):
            continue
        if len(set(marks)) == 2:
            votes[marks[-1]] += 1
        elif len(marks) > 1:
            votes["," if marks[0] == "." else "."] += 1
        elif re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", text):
            open_cell = open_cell or cell
        else:
            votes[marks] += 1
    if votes["."] != votes[","]:
        return (".", None) if votes["."] > votes[","] else (",", None)
    return ("." if separator == "," else ","), open_cell


def to_numbers(column: pd.Series, decimal: Decimal) -> tuple[pd.Series, pd.Series]:
    """Return the values (float, NaN for nothing) and a mask of the cells that are neither a number nor nothing."""
    shape, group = _SHAPES[decimal], "," if decimal == "." else "."
    values, wrong = np.full(len(column), np.nan), np.zeros(len(column), dtype=bool)
    for row, cell in enumerate(column):
        if is_nothing(cell):
            continue
        text = cell if _PLAIN[decimal].fullmatch(cell) else bare(cell)
        if shape.fullmatch(text):
            value = float(text.replace(group, "").replace(",", "."))
            values[row] = value if abs(value) < LARGEST else np.nan
        wrong[row] = np.isnan(values[row])
    return pd.Series(values, column.index), pd.Series(wrong, column.index)
