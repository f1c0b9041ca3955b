"""Parquet files to a table of text: columns by their types, an index that pandas wrote among them."""

import re
from typing import Any

import pandas as pd

from ..data_profile import ProfileWarning, warn
from ..errors import InputError
from .cells import MOST_COLUMNS, as_frame, clean_column
from .framing import name_columns
from .header import kind
from .margins import drop_margins
from .text import TextTable, quote, some
from .typed import text_marks

MOST_CELLS = 200_000_000
HEAD_ROWS = 120

_UNNAMED = re.compile(r"__index_level_\d+__")


def read_parquet(data: bytes, name: str) -> TextTable:
    """Return the table of a Parquet file; line numbers count its rows from 1.

    Raises InputError if it is damaged, empty or too large, or if two columns of one name differ.
    """
    import pyarrow as pa

    try:
        texts, names, skipped, decimal = _texts(_read(data, name))
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError) as error:
        told = " ".join(str(error).split())[:100]
        raise InputError(f"{name}: the Parquet file can't be read ({told}); write it again") from None
    if not texts or not len(texts[0]):
        raise InputError(f"{name}: the file holds no rows or no columns of plain values; export the data again")
    cells = as_frame(texts, pd.RangeIndex(1, len(texts[0]) + 1))
    cells = cells[cells.ne("").any(axis="columns")]
    typed = [_is_typed(cells[position]) for position in cells.columns]
    cells, dropped = drop_margins(cells, typed, [names]) if len(cells) else (cells, [])
    if not len(cells):
        raise InputError(f"{name}: the file holds no values; export the data again")
    cells, doubled = name_columns(cells, names, f"{name}:")
    warnings = [*_told(skipped), *dropped, *doubled]
    return TextTable(cells, name, "parquet", decimal=decimal, warnings=tuple(warnings))


def _texts(table: Any) -> tuple[list[Any], list[str], list[str], str]:
    """Return the columns of plain values as text, their names, the names of the others, and the decimal mark."""
    plain = {i: _plain(column) for i, column in enumerate(table.columns)}
    columns = {i: column for i, column in plain.items() if column is not None}
    marks, decimal = text_marks([_distinct_text(column) for column in columns.values()])
    texts = [_text(column, mark) for column, mark in zip(columns.values(), marks, strict=True)]
    names = ["" if _UNNAMED.fullmatch(name) else name for name in table.column_names]
    return texts, [names[i] for i in columns], [names[i] for i in plain if i not in columns], decimal


def _told(skipped: list[str]) -> list[ProfileWarning]:
    told = f"columns that hold lists or bytes not used: {some([quote(column) for column in skipped])}"
    return [warn("nested_columns_skipped", told, "write one plain value per cell if they matter")] if skipped else []


def _read(data: bytes, name: str) -> Any:
    """Return the file as an arrow table; pandas' index comes first. Raises InputError if it is too large."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(data))
    rows, columns = file.metadata.num_rows, file.metadata.num_columns
    if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        raise InputError(f"{name}: {rows} rows of {columns} columns are too many; sum them up by week and unit")
    table = file.read()
    table.validate(full=True)
    return table.select(_order(table))


def _order(table: Any) -> list[int]:
    """Return the positions of the columns, those of pandas' index first."""
    stored = (table.schema.pandas_metadata or {}).get("index_columns", [])
    index = [i for i, field in enumerate(table.column_names) if field in [x for x in stored if isinstance(x, str)]]
    return [*index, *(i for i in range(table.num_columns) if i not in index)]


def _plain(column: Any) -> Any:
    """Return a column of one of the types that we write; None if it holds lists, records or bytes that are no text."""
    import pyarrow as pa
    import pyarrow.types as types

    kept = column.cast(column.type.value_type) if types.is_dictionary(column.type) else column
    if types.is_binary(kept.type) or types.is_large_binary(kept.type):
        try:
            return kept.cast(pa.large_string())
        except pa.ArrowException:
            return None
    return None if types.is_nested(kept.type) else kept


def _distinct_text(column: Any) -> list[str]:
    """Return the distinct cells of a column of text, of others none."""
    import pyarrow.types as types

    if not (types.is_string(column.type) or types.is_large_string(column.type) or types.is_string_view(column.type)):
        return []
    return [cell for cell in column.unique().to_pylist() if cell]


def _text(column: Any, decimal: str) -> Any:
    """Return a column as clean text, its numbers with this decimal mark; "" for nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    of = column.type
    if types.is_boolean(of):
        text = column.cast(pa.int8())
    elif types.is_floating(of):
        text = pc.if_else(pc.is_finite(column), column, None)
    elif types.is_timestamp(of):
        text = column.cast(pa.timestamp(of.unit))
        midnight = pc.all(pc.equal(pc.floor_temporal(text, unit="day"), text)).as_py()
        text = text.cast(pa.date32()) if midnight is not False else text.cast(pa.timestamp("s"), safe=False)
    else:
        text = column
    text = text.cast(pa.large_string()).fill_null("")
    if types.is_floating(of) or types.is_decimal(of):
        text = pc.replace_substring_regex(text, r"\.0+$", "")
        text = text if decimal == "." else pc.replace_substring(text, ".", decimal)
    text = text.combine_chunks()
    return clean_column(text.chunk(0) if isinstance(text, pa.ChunkedArray) else text)


def _is_typed(column: pd.Series) -> bool:
    """Whether a column's first cells are mostly numbers and dates."""
    kinds = [kind(cell) for cell in column.iloc[:HEAD_ROWS]]
    return kinds.count("n") > 0 and kinds.count("n") >= kinds.count("t")
