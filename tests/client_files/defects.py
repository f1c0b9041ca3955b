"""What goes wrong between a table and its export: gaps, repeated rows, any order, titles, totals, blanks, dashes."""

from typing import Any, NamedTuple

import numpy as np

from .locales import Locale
from .names import Cast
from .series import Column
from .sheets import EMPTY, Cell, Sheet

SUMMED = ("money", "count")
NEVER_MISSING = ("flag", "id", "text")


class Defects(NamedTuple):
    """What one file suffers from; nothing by default."""

    gaps: tuple[int, ...] = ()
    missing: float = 0.0
    target_cells: int = 0
    order: str = "ascending"
    duplicates: int = 0
    total: bool = False
    title: int = 0
    blank_rows: int = 0
    blank_column: bool = False
    two_headers: bool = False
    padded_header: bool = False
    broken_header: bool = False

    @property
    def traits(self) -> tuple[str, ...]:
        """The names of those that are there."""
        given = {name: value for name, value in self._asdict().items() if value != getattr(NOTHING_WRONG, name)}
        return tuple(f"{name}: {value}" if isinstance(value, str) else name for name, value in given.items())


NOTHING_WRONG = Defects()


def choose_defects(rng: np.random.Generator, n_periods: int, shape: str, suffix: str) -> Defects:
    """Return defects that fit the shape and the format; most files have one or two."""
    inner = np.arange(3, n_periods - 3)
    gaps = tuple(
        int(t) for t in np.sort(rng.choice(inner, int(rng.integers(1, max(2, n_periods // 40))), replace=False))
    )
    gaps = gaps if n_periods >= 60 and shape != "transposed" and _hit(rng, 0.12) else ()
    rows = shape != "transposed"
    text = suffix == ".csv"
    sheet = suffix in (".csv", ".xlsx")
    order = str(rng.choice(["ascending", "descending", "shuffled"], p=[0.72, 0.12, 0.16]))
    return Defects(
        gaps=gaps,
        missing=float(rng.uniform(0.003, 0.03)) if _hit(rng, 0.3) else 0.0,
        target_cells=int(rng.integers(1, 3)) if shape == "wide" and _hit(rng, 0.08) else 0,
        order=order if rows else "ascending",
        duplicates=int(rng.integers(1, 4)) if rows and not shape.startswith("long") and _hit(rng, 0.08) else 0,
        total=shape in ("wide", "panel", "unit_columns") and sheet and _hit(rng, 0.12),
        title=int(rng.integers(1, 4)) if sheet and _hit(rng, 0.12) else 0,
        blank_rows=int(rng.integers(1, 4)) if sheet and _hit(rng, 0.08) else 0,
        blank_column=sheet and _hit(rng, 0.06),
        two_headers=shape == "wide" and sheet and _hit(rng, 0.02),
        padded_header=text and rows and _hit(rng, 0.08),
        broken_header=text and rows and _hit(rng, 0.03),
    )


def _hit(rng: np.random.Generator, share: float) -> bool:
    return bool(rng.random() < share)


def with_missing(rng: np.random.Generator, columns: list[Column], defects: Defects, cast: Cast) -> list[Column]:
    """Return the columns with some numbers gone (NaN); the KPI loses `target_cells`, marks and text lose nothing."""
    kept = []
    for column in columns:
        values = column.values
        if column.name == cast.target["name"]:
            gone = np.zeros(values.shape, bool)
            gone[rng.integers(3, len(values) - 3, defects.target_cells), 0] = True
        else:
            gone = rng.random(values.shape) < (0.0 if column.form in NEVER_MISSING else defects.missing)
        kept.append(column._replace(values=np.where(gone, np.nan, values)) if gone.any() else column)
    return kept


def disordered(rng: np.random.Generator, sheet: Sheet, keys: list[tuple[int, int]], defects: Defects) -> Sheet:
    """Return the sheet without the gaps' rows, some rows twice, all in another order."""
    rows = [row for row, (t, _) in zip(sheet.rows, keys, strict=True) if t not in defects.gaps]
    again = [rows[i] for i in rng.integers(0, len(rows), defects.duplicates)]
    if defects.order == "descending":
        rows = rows[::-1]
    for row in again:
        rows.insert(int(rng.integers(0, len(rows))), row)
    if defects.order == "shuffled":
        rows = [rows[i] for i in rng.permutation(len(rows))]
    return sheet._replace(rows=rows)


def with_total(sheet: Sheet, word: str) -> Sheet:
    """Return the sheet with a last row that sums what can be summed."""
    columns = list(zip(*sheet.rows, strict=True))
    sums = [
        Cell(float(np.nansum([c.value for c in column])), column[0].form) if column[0].form in SUMMED else EMPTY
        for column in columns
    ]
    return sheet._replace(rows=[*sheet.rows, [Cell(word, "text"), *sums[1:]]])


def decorated(
    rng: np.random.Generator, header: list[str], body: list[list[Any]], defects: Defects, locale: Locale, cast: Cast
) -> list[list[Any]]:
    """Return the lines of the file: titles above, blank rows and columns between, a header that was tampered with."""
    width, empty = len(header), "" if body and isinstance(body[0][-1], str) else None
    head = [list(header)]
    if defects.padded_header:
        head[0] = [f" {name} " if rng.random() < 0.5 else name for name in header]
    if defects.broken_header:
        head[0] = [_broken(name) for name in head[0]]
    if defects.two_headers:
        media = {e["name"] for e in (*cast.spends, *cast.exposures)}
        groups = ["Media" if name in media else "KPI" if name == cast.target["name"] else empty for name in header]
        head.insert(0, groups)
    lines = [*head, *body]
    for _ in range(defects.blank_rows):
        lines.insert(int(rng.integers(len(head), len(lines) + 1)), [empty] * width)
    if defects.blank_column:
        at = int(rng.integers(1, width + 1))
        lines = [[*line[:at], empty, *line[at:]] for line in lines]
        width += 1
    titles = [locale.title, "2021", ""][: defects.title]
    return [*([text or empty, *[empty] * (width - 1)] for text in titles), *lines]


def _broken(name: str) -> str:
    """Return a name of several words with a line break in place of its last blank."""
    head, blank, tail = name.strip().rpartition(" ")
    return f"{head}\n{tail}" if blank else name
