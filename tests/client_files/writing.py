"""From a sheet to a file: numbers and dates as a locale writes them, encodings, quoting, Excel and Parquet."""

import csv
import io
from typing import Any, NamedTuple

import numpy as np
import openpyxl
import pandas as pd

from .locales import Dates, Locale, group_thousands
from .sheets import Cell, Sheet

SIGN_FIRST = ("$", "£", "₹", "¥", "₩", "R$", "CHF")


class Style(NamedTuple):
    """How one file writes its cells. nothing : what stands for a missing number."""

    decimal: str
    group: str
    currency: str
    percent: bool
    nothing: str
    separator: str
    quote_all: bool
    line_end: str
    encoding: str


def choose_style(rng: np.random.Generator, locale: Locale) -> Style:
    """Return a way of writing that fits the locale; now and then the plain one of platform exports."""
    plain = rng.random() < 0.25
    decimal = "." if plain else str(rng.choice(locale.decimals))
    group = "" if plain or rng.random() < 0.5 else str(rng.choice(locale.groups))
    separators = (";", "\t", ",") if decimal == "," else (",", ";", "\t", "|")
    shares = (0.72, 0.2, 0.08) if decimal == "," else (0.68, 0.12, 0.15, 0.05)
    return Style(
        decimal=decimal,
        group=group,
        currency=str(rng.choice(locale.currencies)) if rng.random() < 0.25 and not plain else "",
        percent=rng.random() < 0.3,
        nothing=str(rng.choice(["", "", "-", "–", "N/A", "#N/A", "n/a", "NULL", "#DIV/0!", "nan"])),
        separator=str(rng.choice(separators, p=shares)),
        quote_all=rng.random() < 0.2,
        line_end="\r\n" if rng.random() < 0.4 else "\n",
        encoding=str(rng.choice(locale.encodings)),
    )


def digits_of(value: float, form: str, cents: int) -> str:
    """Return a number with the decimals its form has, a point before them."""
    places = {"money": cents, "price": 2, "count": 0, "flag": 0, "id": 0}.get(form)
    if places is None:
        return repr(float(value)) if value != int(value) else str(int(value))
    return f"{value:.{places}f}"


def number_text(value: float, form: str, style: Style, cents: int) -> str:
    """Return a number as the file writes it."""
    whole, _, part = digits_of(abs(value), form, cents).partition(".")
    if form not in ("id", "flag") and style.group and len(whole) > 3:
        whole = group_thousands(whole, style.group)
    text = whole + (style.decimal + part if part else "")
    text = ("-" if value < 0 else "") + text
    if form in ("money", "price") and style.currency:
        first = style.currency in SIGN_FIRST
        space = " " if style.currency in ("CHF", "R$") or not first else ""
        text = f"{style.currency}{space}{text}" if first else f"{text}{space}{style.currency}"
    return f"{text}%" if form == "percent" and style.percent else text


def cell_text(cell: Cell, style: Style, cents: int, dates: Dates) -> str:
    """Return a cell as text."""
    if cell.value is None:
        return ""
    if cell.form == "date":
        return dates(cell.value) if isinstance(cell.value, pd.Timestamp) else str(cell.value)
    if isinstance(cell.value, str):
        return cell.value
    return style.nothing if np.isnan(cell.value) else number_text(float(cell.value), cell.form, style, cents)


def csv_bytes(lines: list[list[str]], style: Style, encodings: tuple[str, ...]) -> tuple[bytes, str]:
    """Return the lines as CSV in the style's encoding, or in the next of the locale's that has all the letters."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if style.quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=style.separator, quoting=quoting, lineterminator=style.line_end).writerows(lines)
    for encoding in (style.encoding, *encodings, "utf-8"):
        try:
            return out.getvalue().encode(encoding), encoding
        except UnicodeEncodeError:
            continue
    raise ValueError("no encoding holds this text")


def xlsx_bytes(lines: list[list[Any]], sheet_name: str) -> bytes:
    """Return the lines as the first sheet of a workbook; numbers and dates are Excel's own."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = sheet_name
    for line in lines:
        sheet.append(line)
    book.create_sheet("Notes")["A1"] = "see the first sheet"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def excel_cell(cell: Cell, dates: Dates | None) -> Any:
    """Return what Excel holds: a number, a date (as text if `dates` is given), text or nothing."""
    value = cell.value
    if isinstance(value, pd.Timestamp):
        return dates(value) if dates else value.to_pydatetime()
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else int(value) if value == int(value) else float(value)
    return int(value) if isinstance(value, np.integer) else value


def parquet_bytes(sheet: Sheet) -> bytes:
    """Return the sheet as Parquet with typed columns."""
    cells = [[c.value for c in row] for row in sheet.rows]
    frame = pd.DataFrame(cells, columns=sheet.header).infer_objects()
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()
