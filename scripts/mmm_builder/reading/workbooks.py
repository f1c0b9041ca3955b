"""Workbooks (.xlsx, .xls, .xlsb, .ods) to a table of text: the named sheet, or the first one that holds a table."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..data_profile import SourceFormat, warn
from ..errors import InputError, did_you_mean
from .archives import check_old_workbook, workbook_format
from .cells import Row
from .delimited import resplit
from .framing import Framed, frame
from .text import TextTable, quote, some
from .typed import cell_text, text_marks

OLD = b"\xd0\xcf\x11\xe0"
"""First bytes of workbooks of the time before .xlsx."""

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

SERIOUS_ROWS = 8
"""A table of fewer rows is read only if no other sheet holds a longer one."""


def read_workbook(data: bytes, name: str, sheet: str | None = None) -> TextTable:
    """Return the table of a sheet; line numbers are the sheet's row numbers.

    Raises InputError if the file is no workbook, encrypted or damaged, or if there is no such sheet or no table in it.
    """
    kind: SourceFormat = "xls"
    if data.startswith(OLD):
        check_old_workbook(data, name)
    else:
        kind = workbook_format(data, name)
    with _opened(data, name) as book:
        visible = _visible_sheets(book)
        if sheet is not None and sheet not in book.sheet_names:
            shown = some([quote(known) for known in book.sheet_names], 20)
            told = f"there is no sheet {sheet!r}{did_you_mean(sheet, book.sheet_names)}; sheets: {shown}"
            raise InputError(f"{name}: {told}")
        used, framed, decimal = _first_table(book, [sheet] if sheet is not None else visible, name)
    others = [quote(other) for other in visible if other != used]
    warnings = list(framed.warnings)
    if others and sheet is None:
        told = f"sheet {used!r} read, not {some(others)}"
        warnings.append(warn("other_sheets", told, "name another one with --sheet if the data are there"))
    return TextTable(framed.cells, name, kind, sheet=used, decimal=decimal, warnings=tuple(warnings))


def _opened(data: bytes, name: str) -> Any:
    """Return the workbook. Raises InputError if it is encrypted or damaged."""
    from python_calamine import CalamineWorkbook

    if ENCRYPTED in data:
        raise InputError(f"{name}: the workbook is protected by a password; save it without one")
    return _guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)), name)


def _visible_sheets(book: Any) -> list[str]:
    """Return the names of the sheets of cells that are not hidden."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    return [m.name for m in sheets if m.visible == SheetVisibleEnum.Visible]


def _guarded(read: Any, name: str) -> Any:
    """Return what a call of the reader gives. Raises InputError for whatever it raises, its panics too."""
    from python_calamine import PasswordError

    try:
        with _silence():
            return read()
    except (KeyboardInterrupt, SystemExit):
        raise
    except PasswordError:
        raise InputError(f"{name}: the workbook is protected by a password; save it without one") from None
    except BaseException as error:  # a panic of the reader is no Exception
        told = " ".join(str(error).split())[:100]
        raise InputError(f"{name}: the workbook can't be read ({told}); save it again as .xlsx or CSV") from None


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what the reader itself writes about its panics from standard error."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _first_table(book: Any, sheets: list[str], name: str) -> tuple[str, Framed, str | None]:
    """Return the first sheet with a table of some length, else of any, with its table and decimal mark."""
    tables, refused = [], []
    for sheet in sheets:
        try:
            framed, decimal = _read_sheet(book, sheet, f"{name} (sheet {sheet!r})")
        except InputError as error:
            refused.append(error)
            continue
        tables.append((sheet, framed, decimal))
        if framed.has_numbers and len(framed.cells) >= SERIOUS_ROWS:
            break
    if not tables and len(refused) == 1:
        raise refused[0]
    if not tables:
        raise InputError(f"{name}: no sheet holds a table; put the column names above the data in one sheet")
    return max(tables, key=lambda table: (table[1].has_numbers, len(table[1].cells) >= SERIOUS_ROWS))


def _read_sheet(book: Any, sheet: str, name: str) -> tuple[Framed, str | None]:
    """Return the table of a sheet, and its decimal mark if it has typed numbers."""
    found = _guarded(lambda: book.get_sheet_by_name(sheet), name)
    values = _guarded(lambda: found.to_python(skip_empty_area=True), name) if found.start else []
    columns = [list(column) for column in zip(*values, strict=True)]
    texts = [[cell for cell in column if isinstance(cell, str)] for column in columns]
    marks, table = text_marks(texts)
    written = [[cell_text(cell, mark) for cell in column] for column, mark in zip(columns, marks, strict=True)]
    typed = any(isinstance(cell, float) for column in columns for cell in column)
    first = found.start[0] + 1 if found.start else 1
    rows: Iterator[Row] = ((first + i, list(fields)) for i, fields in enumerate(zip(*written, strict=True)))
    return frame(resplit(rows), name), table if typed else None
