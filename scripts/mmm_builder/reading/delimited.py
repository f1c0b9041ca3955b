"""Delimited text to rows of fields: the separator, the style of quotes, and the line number of every row."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from ..errors import InputError
from .cells import Row, clean
from .header import periods_across

SEPARATORS = "\t;|,"
"""In the order in which they are believed: a comma may be a decimal mark inside a consistent `;` file."""

SAMPLE_ROWS = 200
SAMPLE_BYTES = 200_000
MARGIN = 0.02

LONGEST_LINE = 2_000_000
FIELD_LIMIT = 200_000
"""Most characters of a line, and of a field."""

FIELD_LINES = 20
"""Most line breaks inside one quoted field."""

_NUMBER = re.compile(r"[-+(]?[$€£]?\s?\d[\d.,\s'%/:-]*\)?")
_TOLD_SEPARATOR = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)


class Dialect(NamedTuple):
    """How fields are parted and quoted; skipped : lines before the first row (`sep=;`)."""

    separator: str
    quote: str = '"'
    skipped: int = 0


def read_rows(data: bytes, encoding: str, name: str) -> tuple[Iterator[Row], str]:
    """Return the rows of a file as they are asked for, blank ones too, and the separator.

    Raises InputError, when it comes to them, for a quote that is not closed and for lines beyond all measure.
    """
    dialect = find_dialect(_first_lines(data, encoding))
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    return resplit(_parsed(lines, dialect, name)), dialect.separator


def _first_lines(data: bytes, encoding: str) -> str:
    """Return the first whole lines as text."""
    text = codecs.getincrementaldecoder(encoding)("ignore").decode(data[:SAMPLE_BYTES])
    return text if len(data) <= SAMPLE_BYTES else text[: text.rfind("\n") + 1] or text


def find_dialect(text: str) -> Dialect:
    """Return the dialect of some first lines: told by the file, else the separator that suits them best."""
    told = _TOLD_SEPARATOR.match(text)
    if told:
        return Dialect(told[1], _quote(text, told[1]), 1)
    suits = {separator: _suits(text, Dialect(separator, _quote(text, separator))) for separator in SEPARATORS}
    best = ","
    for separator in SEPARATORS:
        if suits[separator] > suits[best] + MARGIN or (separator != "," and suits[separator] == suits[best] > 0):
            best = separator
    return Dialect(best, _quote(text, best))


def _quote(text: str, separator: str) -> str:
    """Return the sign that stands around fields: the apostrophe if more fields have it than begin with a quote."""
    part = re.escape(separator)
    apostrophes = re.findall(rf"(?:^|{part}) *'[^'\r\n]*' *(?=$|{part})", text, re.MULTILINE)
    quotes = re.findall(rf'(?:^|{part}) *"', text, re.MULTILINE)
    return "'" if len(apostrophes) > len(quotes) else '"'


def _suits(text: str, dialect: Dialect) -> float:
    """Return how well a separator suits: the share of rows with the usual number of fields (at least 2), and more
    if the first of them holds names and stands high.
    """
    try:
        rows = [row for row in islice(_reader(io.StringIO(text, newline=""), dialect), SAMPLE_ROWS) if any(row)]
    except csv.Error:
        return 0.0
    counts = [len(row) for row in rows]
    usual = max(set(counts), key=lambda n: (counts.count(n), n), default=0)
    if usual < 2:
        return 0.0
    first = next(i for i, count in enumerate(counts) if count >= usual - 1 and count > 1)
    fields = [field for field in map(clean, rows[first]) if field]
    unparted = set("\t;|") - {dialect.separator}
    names = [field for field in fields if not _NUMBER.fullmatch(field) and not unparted & set(field)]
    has_names = len(names) > len(fields) / 2 or periods_across(fields)
    return counts.count(usual) / len(counts) + 0.5 * has_names - 0.05 * min(first, 6)


def _reader(lines: Iterable[str], dialect: Dialect) -> "Iterator[list[str]]":
    csv.field_size_limit(FIELD_LIMIT)
    return csv.reader(lines, delimiter=dialect.separator, quotechar=dialect.quote, skipinitialspace=True)


def _parsed(lines: Iterable[str], dialect: Dialect, name: str) -> Iterator[Row]:
    """Yield (line number, fields) of every row; the number is that of the row's first line."""
    recent: list[str] = []
    reader = _reader(_measured(islice(lines, dialect.skipped, None), recent, dialect.skipped, name), dialect)
    line = 1 + dialect.skipped
    open_quote = f"{name}: line {{}} opens a quote that is not closed; close or remove it"
    usual = 0
    try:
        for row in reader:
            if len(recent) > 1:
                if _is_open(row, recent, usual, dialect):
                    raise InputError(open_quote.format(line))
            elif len(row) > usual:
                usual = len(row)
            yield line, row
            line += len(recent)
            recent.clear()
    except csv.Error as error:
        if "field larger" in str(error) and len(recent) > 1:
            raise InputError(open_quote.format(line)) from None
        raise InputError(f"{name}: line {line} is not readable as CSV ({error}); check its quotes") from None


def _measured(lines: Iterable[str], recent: list[str], skipped: int, name: str) -> Iterator[str]:
    """Yield the lines, kept in `recent` until their row is done. Raises InputError for a line beyond all measure."""
    for number, line in enumerate(lines, skipped + 1):
        if len(line) > LONGEST_LINE:
            told = f"line {number} has {len(line)} characters, more than {LONGEST_LINE}"
            raise InputError(f"{name}: {told}; check the line breaks, or give a table with fewer columns")
        recent.append(line)
        yield line


def _is_open(row: list[str], lines: list[str], usual: int, dialect: Dialect) -> bool:
    """Whether a row of several lines has a quote that is not closed, or closed by a later one.

    So it is if the number of quotes is odd, a field has very many lines, or its lines look like rows themselves.
    """
    if sum(line.count(dialect.quote) for line in lines) % 2:
        return True
    inner = [part for field in row if "\n" in field or "\r" in field for part in re.split(r"\r\n|\n|\r", field)[1:-1]]
    longest = max((len(re.findall(r"\r\n|\n|\r", field)) for field in row), default=0)
    return longest > FIELD_LINES or any(part.count(dialect.separator) >= max(2, usual - 1) for part in inner)


def resplit(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows, parted if each is one field only: quoted as a whole, or pasted into one column."""
    head = list(islice(rows, SAMPLE_ROWS))
    alone = [next(filter(None, map(clean, fields)), "") for _, fields in head if sum(map(bool, map(clean, fields))) < 2]
    rows = chain(head, rows)
    dialect = find_dialect("\n".join(alone)) if len(alone) == len(head) > 1 else Dialect(",")
    if not alone or len(alone) < len(head) or _suits("\n".join(alone), dialect) <= 0.5:
        yield from rows
        return
    for line, fields in rows:
        text = " ".join(next(filter(None, map(clean, fields)), "").split("\n"))
        yield line, next(_reader([text], dialect), [])
