"""From a file to a table of text: its format by content, then its cells, and what stands around the table."""

from pathlib import Path

from ..errors import InputError
from .delimited import read_rows
from .encodings import find_encoding
from .framing import frame
from .text import TextTable

LARGEST_FILE = 2_000_000_000

UNREADABLE = {
    b"\x1f\x8b": "a gzip archive; unpack it and give the file inside",
    b"BZh": "a bzip2 archive; unpack it and give the file inside",
    b"\xfd7zXZ": "an xz archive; unpack it and give the file inside",
    b"7z\xbc\xaf": "a 7z archive; unpack it and give the file inside",
    b"Rar!": "a rar archive; unpack it and give the file inside",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it and give the file inside",
    b"%PDF": "a PDF document; export the table as CSV",
    b"{\\rtf": "a text document; export the table as CSV",
    b"SQLite format 3": "a database; export the table as CSV",
    b"ARROW1": "a Feather file; save the table as Parquet or CSV",
    b"\x89HDF": "an HDF5 file; save the table as Parquet or CSV",
    b"\x89PNG": "a picture; export the table as CSV",
    b"\xff\xd8\xff": "a picture; export the table as CSV",
    b"GIF8": "a picture; export the table as CSV",
}
"""First bytes of what is no table that we read, with what it is and the cure."""

UNREADABLE_TEXT = {
    "<!doctype html": "a web page; open it and save the table as CSV or .xlsx",
    "<html": "a web page; open it in a spreadsheet program and save the table as CSV or .xlsx",
    "<table": "a web page; open it in a spreadsheet program and save the table as CSV or .xlsx",
    "<?xml": "an XML file; open it in a spreadsheet program and save the table as CSV or .xlsx",
    '[{"': "a JSON file; save the table as CSV",
    '{"': "a JSON file; save the table as CSV",
}


def read_text_table(file: Path, name: str | None = None, sheet: str | None = None) -> TextTable:
    """Read a CSV file, a workbook or a Parquet file as text.

    name : how messages call the file. sheet : of a workbook; without it, the first that holds a table.
    Raises InputError, one line with file, line or column, what was found and the cure.
    """
    name = name or str(file)
    data = _read_bytes(Path(file), name)
    if data.startswith(b"PAR1"):
        from .parquet import read_parquet

        _refuse_sheet(sheet, "a Parquet file", name)
        return read_parquet(data, name)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        from .workbooks import read_workbook

        return read_workbook(data, name, sheet)
    _refuse_unreadable(data, name)
    _refuse_sheet(sheet, "a CSV file", name)
    return _read_csv(data, name)


def _read_csv(data: bytes, name: str) -> TextTable:
    """Return the table of delimited text."""
    encoding, doubts = find_encoding(data, name)
    rows, separator = read_rows(data, encoding, name)
    framed = frame(rows, name)
    return TextTable(framed.cells, name, "csv", encoding, separator, warnings=(*doubts, *framed.warnings))


def _read_bytes(file: Path, name: str) -> bytes:
    """Return the file's bytes. Raises InputError if it is missing, a folder, not permitted, empty or far too large."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise InputError(f"{name}: the file is larger than {LARGEST_FILE / 1e9:g} GB; sum it up by week and unit")
        data = file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{name}: the file does not exist; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{name}: this is a folder; give the CSV file itself") from None
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise InputError(f"{name}: the file can't be read ({told}); check its permissions") from None
    if not data.strip():
        raise InputError(f"{name}: the file is empty; export the data again")
    return data


def _refuse_unreadable(data: bytes, name: str) -> None:
    """Raise InputError for a file whose first bytes tell that it is no table of text."""
    told = next((what for start, what in UNREADABLE.items() if data.startswith(start)), None)
    text = data[:300].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n").lower()
    told = told or next((what for start, what in UNREADABLE_TEXT.items() if text.startswith(start)), None)
    if told:
        raise InputError(f"{name}: this is {told}")


def _refuse_sheet(sheet: str | None, what: str, name: str) -> None:
    if sheet is not None:
        raise InputError(f"{name}: this is {what}, which has no sheets; leave --sheet out")
