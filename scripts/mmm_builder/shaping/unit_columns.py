"""Tables with a column per panel unit: `sales_Berlin, sales_Hamburg, tv_Berlin, tv_Hamburg`, or `Berlin - Sales`.

Names are taken apart into what is measured and the unit. What is measured must include the KPI and media, each for
nearly all units, and the units must say nothing else: `tv_spend, tv_grp, radio_spend` are no units.
Columns without a unit are national. Controls are repeated for each unit; media are refused, since repeating money
multiplies it and any way of parting it would be an invention.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import Choice
from ..errors import InputError
from ..reading.naming import first_said, fold, only_of, says
from ..reading.text import quote, some
from .column_kinds import kind_of, look, says_measure

UNIT = "unit"
SEPARATOR = re.compile(r"[\s_\-–—./|:()\[\]]+")

YEAR = re.compile(r"(19|20)\d\d")

FULL = 0.8
"""Least share of the units for which a measure must have a column."""

SPEAKING = 0.25
"""Most units whose names may say something else (a brand called 'Budget')."""


class UnitColumns(NamedTuple):
    """measures : name of each measure, with its column per unit. totals : over the units. national : the others."""

    units: tuple[str, ...]
    measures: dict[str, dict[str, str]]
    totals: tuple[str, ...]
    national: tuple[str, ...]
    evidence: Choice


class Cut(NamedTuple):
    """A name cut in two; `unit_first` says on which side the unit stands. Both are compared folded."""

    measure: str
    unit: str
    unit_first: bool
    column: str


def factorise(columns: Iterable[str], keep: Iterable[str] = ()) -> UnitColumns | None:
    """Return the names taken apart into measures and units, None if they are no grid of these.

    keep : columns that were given a role by name, which have to stay what they are.
    """
    columns = list(columns)
    cuts = [cut for column in columns for cut in _cuts(column)]
    grids: dict[tuple[str, bool], dict[str, Cut]] = defaultdict(dict)
    for cut in cuts:
        if not says("total", cut.unit):
            grids[fold(cut.measure), cut.unit_first].setdefault(fold(cut.unit), cut)
    best: UnitColumns | None = None
    for (measure, unit_first), cells in grids.items():
        if len(cells) < 2 or (best and len(cells) <= len(best.units)):
            continue
        if kind_of(next(iter(cells.values())).measure) == "kpi" and _are_units([c.unit for c in cells.values()]):
            best = _grid(columns, grids, measure, unit_first) or best
    taken = {column for cells in best.measures.values() for column in cells.values()} if best else set()
    return None if taken & set(keep) else best


def _cuts(column: str) -> list[Cut]:
    """Return all ways to cut a name at one of its separators."""
    found = []
    for match in SEPARATOR.finditer(column):
        left, right = (SEPARATOR.sub(" ", part).strip() for part in (column[: match.start()], column[match.end() :]))
        shown_left, shown_right = _whole(column[: match.start()]), _whole(column[match.end() :])
        if left and right:
            found += [Cut(shown_left, shown_right, False, column), Cut(shown_right, shown_left, True, column)]
    return found


def _whole(part: str) -> str:
    """Return a part of a name without separators around it, its brackets closed."""
    part = part.strip(" _-|:")
    for opening, closing in ("()", "[]"):
        more = part.count(opening) - part.count(closing)
        if more > 0:
            part += closing
        elif more < 0:
            part = (part[1:] if part.startswith(closing) else part.removesuffix(closing)).strip()
    return part


def _are_units(names: list[str]) -> bool:
    """Whether names say nothing but names: no measure, channel, KPI or other role, no year or month."""
    speaking = [n for n in names if kind_of(n) or (only_of("calendar", n) and not n.isdecimal()) or YEAR.fullmatch(n)]
    return len(speaking) <= SPEAKING * len(names)


def _grid(
    columns: list[str], grids: dict[tuple[str, bool], dict[str, Cut]], kpi: str, unit_first: bool
) -> UnitColumns | None:
    """Return the grid whose units are those of the KPI; None if no media stand per unit."""
    units = {unit: cut.unit for unit, cut in grids[kpi, unit_first].items()}
    measures: dict[str, dict[str, str]] = {}
    used: set[str] = set()
    for (_, first), cells in sorted(grids.items(), key=lambda item: len(item[0][0]), reverse=True):
        ours = {units[unit]: cut.column for unit, cut in cells.items() if unit in units and cut.column not in used}
        if first == unit_first and len(ours) >= FULL * len(units) and len(ours) > 1:
            name = next(cut.measure for unit, cut in cells.items() if unit in units)
            measures[name] = ours
            used |= set(ours.values())
    order = {column: position for position, column in enumerate(columns)}
    measures = dict(sorted(measures.items(), key=lambda item: min(order[c] for c in item[1].values())))
    if not any(_is_media(name) for name in measures) or not any(kind_of(name) == "kpi" for name in measures):
        return None
    priced = [name for name in measures if first_said("controls", name)]
    shown = f"{some(list(map(quote, measures)), 4)} each for {some(list(map(quote, units.values())), 4)}"
    told = f"{shown}: these may be competing brands, of which one is to be modelled" if priced else shown
    others = [c for c in columns if c not in used]
    totals = [c for c in others if _is_total(c, list(measures))]
    return UnitColumns(
        units=tuple(units.values()),
        measures=measures,
        totals=tuple(totals),
        national=tuple(c for c in others if c not in totals),
        evidence=Choice(confidence=0.45 if priced else 0.75, evidence=told),
    )


def _is_total(column: str, measures: list[str]) -> bool:
    """Whether a column without a unit is a measure's total over the units, or a KPI, which can't be another's."""
    bare = " ".join(word for word in fold(column).split() if not says("total", word))
    return bare in map(fold, measures) or kind_of(column) == "kpi"


def _is_media(name: str) -> bool:
    return kind_of(name) == "channel" or says_measure(name)


def stack(
    cells: pd.DataFrame, dates: pd.Series, date_columns: tuple[str, ...], found: UnitColumns, path: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the cells with a row per date and unit, and their dates; both are indexed by line and unit ('7, Berlin').

    Raises InputError if media are national.
    """
    national = [c for c in found.national if c not in date_columns]
    media = [c for c in national if _is_media(c) and look(cells[c]).is_number]
    if media:
        raise InputError(
            f"{path}: column {media[0]!r} has no unit, while {some(list(map(quote, found.measures)), 3)} stand for "
            f"each of {some(list(map(quote, found.units)), 3)}; give these media per unit or take them out, or read "
            "the table as it stands with --shape wide"
        )
    n = len(found.units)
    name = UNIT
    while name in (*found.measures, *national, *date_columns):
        name += "_"
    columns = {c: np.repeat(cells[c].to_numpy(dtype=object), n) for c in date_columns if c in cells}
    columns[name] = np.tile(np.array(found.units, dtype=object), len(cells))
    for measure, of in found.measures.items():
        block = [cells[of[u]].to_numpy(dtype=object) if u in of else np.full(len(cells), "") for u in found.units]
        columns[measure] = np.stack(block, axis=1).ravel()
    columns |= {c: np.repeat(cells[c].to_numpy(dtype=object), n) for c in national}
    index = pd.Index([f"{line}, {unit}" for line in cells.index for unit in found.units], dtype=object)
    return pd.DataFrame(columns, index=index, dtype=object), pd.Series(np.repeat(dates.to_numpy(), n), index)
