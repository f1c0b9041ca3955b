"""The columns that have a role as numbers, checked: every cell a number or nothing, media never negative."""

import pandas as pd

from ..errors import InputError
from ..reading.naming import says
from ..reading.numerals import Numbers
from ..reading.text import quote
from .column_rules import Facts, says_nothing
from .roles import Roles


def role_values(
    roles: Roles, facts: dict[str, Facts], cells: pd.DataFrame, numbers: Numbers, path: str
) -> pd.DataFrame:
    """Return target, channels, their exposures and controls as numbers (row, column), NaN for nothing.

    Events told in words become 1 where there is any, else 0. Raises InputError for a cell that is no number, negative
    media, media or a control without anything to learn from.
    """
    channels = [c.column for c in roles.channels]
    kept = [e for c in roles.channels if (e := c.exposure_column)]
    values = {}
    for name in [roles.target, *channels, *kept, *(c.column for c in roles.controls)]:
        if name not in channels and facts[name].is_text:
            values[name] = _mark(name, cells[name], facts[name], path)
        else:
            values[name] = _numeric(name, cells, numbers, path)
    for name in [*channels, *kept]:
        _check_media(name, values[name], facts[name], cells[name], path)
    for control in roles.controls:
        if facts[control.column].constant:
            raise InputError(
                f"{path}: column {control.column!r} {_sameness(values[control.column])}, so that it explains nothing; "
                "take it out of --controls"
            )
    return pd.DataFrame(values)


def _mark(name: str, cells: pd.Series, fact: Facts, path: str) -> pd.Series:
    """Return 1 where a column of text tells an event, else 0. Raises InputError if each training row tells one."""
    if fact.quiet_share == 0.0:
        raise InputError(
            f"{path}: column {name!r} holds text in every row ({quote(cells.iloc[0])}), no event that comes and goes; "
            "give a column of 0 and 1 for each of its values, or take it out of --controls"
        )
    return (~cells.map(says_nothing)).astype(float)


def _numeric(name: str, cells: pd.DataFrame, numbers: Numbers, path: str) -> pd.Series:
    """Return the column's numbers. Raises InputError, with the line, for a cell that is none."""
    bad = numbers.wrong[name]
    if bad.any():
        line = bad.idxmax()
        cure = f"write numbers with {numbers.decimal!r} as the decimal mark, or leave the cell empty"
        raise InputError(
            f"{path}: column {name!r} (line {line}): {quote(cells.loc[line, name])} is not a number; {cure}"
        )
    return numbers.values[name]


def _check_media(name: str, values: pd.Series, fact: Facts, cells: pd.Series, path: str) -> None:
    """Raise InputError if a media column is negative somewhere or silent in all of the training periods."""
    if values.lt(0).any():
        line = values.lt(0).idxmax()
        measured = "spend" if says("measures.spend", name) else "media"
        raise InputError(
            f"{path}: column {name!r} (line {line}): {measured} is negative, {quote(cells[line])}; correct it, or take "
            "the column out by naming the channels with --channels"
        )
    if fact.constant and not fact.minimum > 0:
        told = _sameness(values)
        raise InputError(f"{path}: column {name!r} {told}, nothing to learn from; take it out of --channels")


def _sameness(values: pd.Series) -> str:
    """Return how a column that doesn't vary looks."""
    return "holds no values at all" if values.isna().all() else "does not vary in the training periods"
