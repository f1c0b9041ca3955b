"""What a workbook is made of, checked before it is read: the reader in Rust aborts or never ends on some damage."""

import io
import re
import zipfile
from collections.abc import Callable
from xml.parsers import expat

import numpy as np

from ..data_profile import SourceFormat
from ..errors import InputError
from .text import quote, some

MEMBERS: dict[str, SourceFormat] = {"xl/workbook.xml": "xlsx", "xl/workbook.bin": "xlsb", "content.xml": "ods"}
"""What a zip archive holds that is a workbook."""

OTHER_MEMBERS = {
    "word/": "a text document; export the table as CSV",
    "ppt/": "a presentation; export the table as CSV",
    "Index/": "a Numbers document; export it as CSV or .xlsx",
    "Index.zip": "a Numbers document; export it as CSV or .xlsx",
}

MOST_BYTES = 2_000_000_000
"""Most bytes of an unpacked workbook."""

MOST_AREA = 50_000_000
"""Most cells between the corners of what a sheet holds: the reader takes memory for all of them."""

READ_PARTS = (
    "xl/workbook",
    "xl/worksheets/",
    "xl/sharedStrings",
    "xl/styles",
    "xl/tables/",
    "xl/_rels/",
    "content",
    "META-INF/",
)
"""What the reader looks into."""

STEP = 1 << 22

LAST_SECTOR = 0xFFFFFFF0
"""Numbers from here on are no sectors of a compound file but marks: the end of a chain, free, of the table itself."""

_FILLED_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"(?:[^>]*[^/])?>')


def workbook_format(data: bytes, name: str) -> SourceFormat:
    """Return the format of a zipped workbook.

    Raises InputError for any other archive, for damaged ones and for those that would take far too much memory.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise InputError(
                    f"{name}: the workbook unpacks to more than {MOST_BYTES / 1e9:g} GB; give a smaller one"
                )
            for member in members:
                if member.filename.startswith(READ_PARTS) and member.filename.endswith((".xml", ".rels")):
                    _check_part(archive, member, name)
    except InputError:
        raise
    except Exception as error:  # zipfile and expat raise many kinds
        told = "this is a damaged workbook or zip archive"
        raise InputError(f"{name}: {told} ({error}); save the table again as .xlsx or CSV") from None
    names = [member.filename for member in members]
    found = next((kind for member, kind in MEMBERS.items() if member in names), None)
    if found:
        return found
    what = next((told for start, told in OTHER_MEMBERS.items() if any(n.startswith(start) for n in names)), None)
    shown = f"a zip archive ({some([quote(n) for n in names], 3)}); unpack it and give the file inside"
    raise InputError(f"{name}: this is {what or shown}")


def check_old_workbook(data: bytes, name: str) -> None:
    """Raise InputError if the sectors of a compound file (.xls) don't form chains that end within the file."""
    try:
        sector = 1 << int.from_bytes(data[30:32], "little")
        if sector not in (512, 4096):
            raise ValueError(f"sectors of {sector} bytes")
        table = _sector_table(data, sector)
        small_first = int.from_bytes(data[60:64], "little")
        small = b"".join(_sector(data, number, sector) for number in _chain(table, small_first))
        _check_ends(table, -(-len(data) // sector))
        _check_ends(np.frombuffer(small, "<u4"), 1 << 31)
    except (ValueError, IndexError) as error:
        told = f"this is a damaged workbook ({error})"
        raise InputError(f"{name}: {told}; save the table again as .xlsx or CSV") from None


def _sector(data: bytes, number: int, size: int) -> bytes:
    """Return a sector; the first one stands after the header. Raises ValueError if it is not there."""
    found = data[(number + 1) * size : (number + 2) * size]
    if len(found) < 4:
        raise ValueError(f"no sector {number}")
    return found[: len(found) // 4 * 4]


def _sector_table(data: bytes, size: int) -> np.ndarray:
    """Return for every sector the one that follows it; the table's own sectors are listed in the header and beyond."""
    listed, beyond = list(np.frombuffer(data[76:512], "<u4")), int.from_bytes(data[68:72], "little")
    seen: set[int] = set()
    while beyond < LAST_SECTOR:
        if beyond in seen:
            raise ValueError("a circle of sectors")
        seen.add(beyond)
        *more, beyond = np.frombuffer(_sector(data, beyond, size), "<u4").tolist()
        listed += more
    parts = [_sector(data, int(number), size) for number in listed if number < LAST_SECTOR]
    return np.frombuffer(b"".join(parts), "<u4")


def _chain(table: np.ndarray, first: int) -> list[int]:
    """Return the sectors of a chain. Raises ValueError if it goes round."""
    chain: list[int] = []
    while first < LAST_SECTOR:
        chain.append(first)
        if len(chain) > len(table):
            raise ValueError("a circle of sectors")
        first = int(table[first])
    return chain


def _check_ends(table: np.ndarray, sectors: int) -> None:
    """Raise ValueError if some sector is followed by one that is not there, or its chain goes round."""
    inside = table[table < LAST_SECTOR]
    if inside.size and inside.max() >= min(len(table), sectors):
        raise ValueError(f"no sector {inside.max()}")
    end = len(table)
    follows = np.append(np.where(table < LAST_SECTOR, table, end), end).astype(np.int64)
    for _ in range(max(1, end).bit_length() + 1):
        follows = follows[follows]
    if (follows != end).any():
        raise ValueError("a circle of sectors")


def _check_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    """Raise ExpatError if a part is no well-formed XML, InputError if its cells reach too far."""
    parser = expat.ParserCreate()
    if member.filename == "content.xml":
        parser.StartElementHandler = _repetitions(name)
    is_sheet = member.filename.startswith("xl/worksheets/")
    columns, last_row, rest = {b"A"}, 1, b""
    with archive.open(member) as file:
        while piece := file.read(STEP):
            parser.Parse(piece)
            if is_sheet:
                found = _FILLED_CELL.findall(rest + piece)
                columns |= {column for column, _ in found}
                last_row = max([last_row, *(int(row) for _, row in found)])
                rest = piece[-200:]
    parser.Parse(b"", True)
    width = max(sum((c - 64) * 26**i for i, c in enumerate(reversed(column))) for column in columns)
    if width * last_row > MOST_AREA:
        told = f"filled cells of a sheet reach to row {last_row} and column {width}"
        raise InputError(f"{name}: {told}; delete what stands far from the table")


def _repetitions(name: str) -> Callable[[str, dict[str, str]], None]:
    """Return a handler of elements that raises InputError if repeated cells of an open document are far too many."""
    rows, cells = 1, 0

    def handle(element: str, attributes: dict[str, str]) -> None:
        nonlocal rows, cells
        if element == "table:table-row":
            rows = int(attributes.get("table:number-rows-repeated", 1))
        elif element == "table:table-cell":
            across = int(attributes.get("table:number-columns-repeated", 1))
            cells += rows * across if "office:value-type" in attributes else 0
            if cells > MOST_AREA or across > MOST_AREA or rows > MOST_AREA:
                raise InputError(f"{name}: a sheet repeats cells far too often; save it again as .xlsx or CSV")

    return handle
