"""Small CSV files that people write beside their data: lift tests, events."""

import csv
from pathlib import Path
from typing import NamedTuple

from .errors import InputError


class SmallTable(NamedTuple):
    """A CSV file: its column names in small letters, what separates them, and its rows by column, with their lines."""

    columns: tuple[str, ...]
    separator: str
    rows: tuple[tuple[int, dict[str, str]], ...]


def read_small_table(path: Path, key: str) -> SmallTable:
    """Read a small CSV file, its cells stripped; an absent cell is empty, an empty row is left out.

    key : of config.yaml that names the file. Raises InputError with key and file if it can't be read.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InputError(f"{key}: {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{key}: {path} is not readable as UTF-8 text ({error}); save it as CSV UTF-8") from None
    separator = max(",;\t", key=(lines[0] if lines else "").count)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    columns = tuple(name.strip().lower() for name in next(reader, []))
    rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    return SmallTable(
        columns,
        separator,
        tuple((line, dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False)))
              for line, cells in rows if any(cells)),
    )  # fmt: skip
