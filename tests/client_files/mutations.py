"""Bytes gone wrong: small damages to a file, each drawn from a generator of random numbers."""

import io
import zipfile
import zlib
from collections.abc import Callable

import numpy as np

Damage = Callable[[np.random.Generator, bytes], bytes]

ODD_CELLS = (
    "1e400", "-1e400", "9" * 400, "inf", "-inf", "NaN", "=SUM(A1:A9)", "0x1F", "1_000", "1,2,3", "1.2.3", "--5",
    "+7", "(12)", "5-", "٣٤", "½", "²", "−5", "Ⅷ", "%", "$", "1%%", "'", '"', '""', "\\", "\t", "\u202e", "\u0000",
    "\ud7ff", "🎉", "e\u0301", "\ufeff", "\u200b", "None", "2021-02-30", "31/02/2021", "00/00/0000", "9999-12-31",
    "0001-01-01", "10000-01-01", "1e3-01-01", "2021-W54", "2021-W00", "2021-13", "24:00:00", "2021-01-01T00:00:00Z",
    "12/31/1969", "99.99.9999", "20211301", "1" * 20, "-0", "1e-400", ".", ",", ";", "|", "-", "–", "#REF!", "#N/A N/A",
)  # fmt: skip


def _flip(rng: np.random.Generator, data: bytes) -> bytes:
    """Change some bytes."""
    out = bytearray(data)
    for at in rng.integers(0, len(out), int(rng.integers(1, 20))):
        out[at] = int(rng.integers(0, 256))
    return bytes(out)


def _delete(rng: np.random.Generator, data: bytes) -> bytes:
    start = int(rng.integers(0, len(data)))
    return data[:start] + data[start + int(rng.integers(1, 60)) :]


def _insert(rng: np.random.Generator, data: bytes) -> bytes:
    at = int(rng.integers(0, len(data)))
    return data[:at] + rng.bytes(int(rng.integers(1, 40))) + data[at:]


def _truncate(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(0, len(data)))]


def _swap_lines(rng: np.random.Generator, data: bytes) -> bytes:
    lines = data.split(b"\n")
    a, b = rng.integers(0, len(lines), 2)
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def _repeat_lines(rng: np.random.Generator, data: bytes) -> bytes:
    lines = data.split(b"\n")
    at = int(rng.integers(0, len(lines)))
    return b"\n".join([*lines[:at], *lines[at : at + 5] * int(rng.integers(1, 4)), *lines[at:]])


def _drop_lines(rng: np.random.Generator, data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(line for line in lines if rng.random() > rng.uniform(0, 0.3))


def _zeros(rng: np.random.Generator, data: bytes) -> bytes:
    at = int(rng.integers(0, len(data)))
    return data[:at] + b"\x00" * int(rng.integers(1, 9)) + data[at:]


def _mark(rng: np.random.Generator, data: bytes) -> bytes:
    """Put a byte order mark in front, the right one or not."""
    marks = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00", b"+/v8", b"\xef\xbb")
    return marks[int(rng.integers(0, len(marks)))] + data


def _long_line(rng: np.random.Generator, data: bytes) -> bytes:
    at = int(rng.integers(0, len(data)))
    return data[:at] + (b"x", b"1", b",", b";", b'"', b" ")[int(rng.integers(0, 6))] * 70_000 + data[at:]


def _odd_cells(rng: np.random.Generator, data: bytes) -> bytes:
    """Put odd things into some cells."""
    separator = max((b",", b";", b"\t", b"|"), key=data.count)
    lines = data.split(b"\n")
    for at in rng.integers(0, len(lines), int(rng.integers(1, 6))):
        cells = lines[at].split(separator)
        odd = ODD_CELLS[int(rng.integers(0, len(ODD_CELLS)))]
        cells[int(rng.integers(0, len(cells)))] = odd.encode("utf-8", "replace")
        lines[at] = separator.join(cells)
    return b"\n".join(lines)


def _odd_column(rng: np.random.Generator, data: bytes) -> bytes:
    """Put one odd thing into all cells of a column, below the header."""
    separator = max((b",", b";", b"\t", b"|"), key=data.count)
    head, *lines = data.split(b"\n")
    at = int(rng.integers(0, head.count(separator) + 1))
    odd = ODD_CELLS[int(rng.integers(0, len(ODD_CELLS)))].encode("utf-8", "replace")
    cells = [line.split(separator) for line in lines]
    for row in cells:
        if len(row) > at:
            row[at] = odd
    return b"\n".join([head, *(separator.join(row) for row in cells)])


def _odd_header(rng: np.random.Generator, data: bytes) -> bytes:
    """Tamper with the first line: empty, repeated, odd or very long names."""
    separator = max((b",", b";", b"\t", b"|"), key=data.count)
    head, _, rest = data.partition(b"\n")
    cells = head.split(separator)
    odd = (b"", cells[0], b"date", b"unit", b"spend", b"x" * 5000, b"\xff", b"%s{}", b"index", b"a\rb", b'"a""b"')
    cells[int(rng.integers(0, len(cells)))] = odd[int(rng.integers(0, len(odd)))]
    return separator.join(cells) + b"\n" + rest


def _replace_byte(rng: np.random.Generator, data: bytes) -> bytes:
    """Change one kind of byte everywhere: separators, marks, line ends."""
    kinds = (b",", b";", b"\t", b".", b"\n", b"\r\n", b"-", b"/", b"0", b'"', b" ")
    old, new = (kinds[int(i)] for i in rng.integers(0, len(kinds), 2))
    return data.replace(old, new)


def _recode(rng: np.random.Generator, data: bytes) -> bytes:
    """Take the text for another encoding's and write it in a third."""
    codes = ("utf-16", "utf-16-le", "utf-32", "cp1251", "cp932", "gb18030", "utf-7", "cp037", "utf-8")
    return data.decode("utf-8", "replace").encode(codes[int(rng.integers(0, len(codes)))], "replace")


def _inside_zip(rng: np.random.Generator, data: bytes) -> bytes:
    """Damage one member of a workbook; other files are damaged as they are."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return _flip(rng, data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError):
        return _flip(rng, data)
    hit = list(members)[int(rng.integers(0, len(members)))]
    way = (_flip, _delete, _insert, _truncate)[int(rng.integers(0, 4))]
    members[hit] = way(rng, members[hit] or b" ")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


DAMAGES: tuple[Damage, ...] = (
    _flip, _delete, _insert, _truncate, _swap_lines, _repeat_lines, _drop_lines, _zeros, _mark, _long_line, _odd_cells,
    _odd_cells, _odd_column, _odd_header, _replace_byte, _recode, _inside_zip,
)  # fmt: skip


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """Return the bytes after one to four damages."""
    for _ in range(int(rng.choice([1, 1, 2, 3, 4]))):
        if not data:
            return data
        data = DAMAGES[int(rng.integers(0, len(DAMAGES)))](rng, data)
    return data


def spliced(rng: np.random.Generator, first: bytes, second: bytes) -> bytes:
    """Return the beginning of one file and the end of another."""
    return first[: int(rng.integers(0, len(first) + 1))] + second[int(rng.integers(0, len(second) + 1)) :]
