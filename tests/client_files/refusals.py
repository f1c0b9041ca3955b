"""Files that must be refused: what spoils them, and what a fair refusal has to mention."""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from .names import Cast
from .series import Column
from .sheets import Cell, Sheet

Told = tuple[str, ...]
"""Regular expressions, one of which the message has to match, case ignored."""


class Refusal(NamedTuple):
    """One way to spoil a file: at the choice of columns, in their values, in the sheet, or in its lines of text."""

    told: Told
    cast: Callable[[Cast], Cast] = lambda cast: cast
    columns: Callable[[Cast, list[Column]], list[Column]] = lambda _, columns: columns
    sheet: Callable[[np.random.Generator, Sheet, Cast], tuple[Sheet, Told]] | None = None
    lines: Callable[[np.random.Generator, list[list[str]]], tuple[list[list[str]], Told]] | None = None


def _without_media(cast: Cast) -> Cast:
    """Return the cast without anything that could pass for media."""
    controls = tuple(c for c in cast.controls if c["kind"] not in ("competitor", "organic"))
    return cast._replace(spends=(), exposures=(), controls=controls, ignored=())


def _without_calendar(cast: Cast) -> Cast:
    """Return the cast without columns that tell time beside the date."""
    return cast._replace(
        ignored=tuple(i for i in cast.ignored if i["what"] not in ("year", "month", "week", "quarter"))
    )


def _with_one_outcome(cast: Cast) -> Cast:
    """Return the cast with the KPI as the only column that tells sales."""
    controls = tuple(c for c in cast.controls if c["content"] != "sales")
    return cast._replace(controls=controls, ignored=())


def _without_target(cast: Cast, columns: list[Column]) -> list[Column]:
    """Return the columns without the KPI."""
    return [c for c in columns if c.name != cast.target["name"]]


def _constant_target(cast: Cast, columns: list[Column]) -> list[Column]:
    """Return the columns with a KPI that never changes."""
    same = [c._replace(values=np.full_like(c.values, c.values[0, 0])) for c in columns]
    return [s if c.name == cast.target["name"] else c for c, s in zip(columns, same, strict=True)]


def _no_date(rng: np.random.Generator, sheet: Sheet, cast: Cast) -> tuple[Sheet, Told]:
    """Leave the date column out."""
    return sheet._replace(header=sheet.header[1:], rows=[row[1:] for row in sheet.rows], date_columns=()), ()


def _conflict(rng: np.random.Generator, sheet: Sheet, cast: Cast) -> tuple[Sheet, Told]:
    """Give one period a second row with another KPI."""
    at, kpi = int(rng.integers(5, len(sheet.rows) - 5)), sheet.header.index(cast.target["name"])
    second = list(sheet.rows[at])
    second[kpi] = second[kpi]._replace(value=second[kpi].value * 1.1 + 1)
    rows = [*sheet.rows[: at + 1], second, *sheet.rows[at + 1 :]]
    return sheet._replace(rows=rows), (rf"\b{at + 2}\b", rf"\b{at + 3}\b")


def _mixed_cadence(rng: np.random.Generator, sheet: Sheet, cast: Cast) -> tuple[Sheet, Told]:
    """Let the second half go on in days in place of weeks or months."""
    half = len(sheet.rows) // 2
    last = sheet.rows[half - 1][0].value
    rows = [
        [Cell(last + pd.Timedelta(days=i - half + 1), "date"), *row[1:]] if i >= half else row
        for i, row in enumerate(sheet.rows)
    ]
    return sheet._replace(rows=rows), ()


def _text_in_numbers(rng: np.random.Generator, sheet: Sheet, cast: Cast) -> tuple[Sheet, Told]:
    """Write words into one number of the KPI or of a channel."""
    names = [cast.target["name"], *(e["name"] for e in cast.spends)]
    name = str(rng.choice(names))
    line, column = int(rng.integers(3, len(sheet.rows) // 2)), sheet.header.index(name)
    rows = [list(row) for row in sheet.rows]
    rows[line][column] = Cell(str(rng.choice(["12x5", "see comment", "approx 500", "1.2.3.4,5"])), "text")
    return sheet._replace(rows=rows), (rf"line {line + 2}\b",)


def _ragged(rng: np.random.Generator, lines: list[list[str]]) -> tuple[list[list[str]], Told]:
    """Give one line two fields too many."""
    at = int(rng.integers(3, len(lines)))
    return [[*line, "17", "x"] if i == at else line for i, line in enumerate(lines)], (rf"line {at + 1}\b",)


REFUSALS: dict[str, Refusal] = {
    "no_date": Refusal(("date",), cast=_without_calendar, sheet=_no_date),
    "no_media": Refusal(("channel|media|spend",), cast=_without_media),
    "no_target": Refusal(
        ("target|kpi",), cast=lambda c: c._replace(controls=(), exposures=(), ignored=()), columns=_without_target
    ),
    "too_short": Refusal(("short", "too few", "at least")),
    "conflict": Refusal((), sheet=_conflict),
    "mixed_cadence": Refusal(("line", "step", "cadence", "irregular"), sheet=_mixed_cadence),
    "text_in_numbers": Refusal((), sheet=_text_in_numbers),
    "constant_target": Refusal(("var(y|ies)|constant|same",), cast=_with_one_outcome, columns=_constant_target),
    "ragged": Refusal((), lines=_ragged),
    "header_only": Refusal(("no data rows|header|empty",), lines=lambda _, lines: (lines[:1], ())),
}


def mentions(told: Told, message: str) -> bool:
    """Return whether a refusal says what it has to say."""
    return not told or any(re.search(pattern, message, re.IGNORECASE) for pattern in told)
