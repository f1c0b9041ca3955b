"""How columns look before their roles are known: labels or numbers, what their values say, how they run in a group."""

import functools
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..reading.naming import first_said, says, stem, target_score, vocabulary
from ..reading.numerals import is_nothing, to_numbers

Kind = Literal["kpi", "channel", "measure", "control"]

NONZERO = re.compile("[1-9]")

NUMBER_SHARE = 0.8
"""A column holds numbers if at least this share of its filled cells are; the others are then mistakes."""

EARLY = 0.8
"""Share of the dates, the first ones, whose figures settle how columns run and what their decimal marks are."""

LOOKED_AT = 200
"""Distinct values of a column that are looked at, at most."""


class Look(NamedTuple):
    """A column's text as codes.

    codes : (row,) position in `values`, -1 where the cell is empty or, among numbers, stands for nothing ('n/a' may
    be the name of a region). values : distinct texts, in file order.
    """

    column: str
    codes: np.ndarray
    values: np.ndarray
    is_number: bool

    @property
    def is_code(self) -> bool:
        """Whether the column holds numbers few enough to be the codes of something."""
        return self.is_number and len(self.values) <= len(self.codes) / 5


def is_early(dates: np.ndarray) -> np.ndarray:
    """Return which rows are of the early dates: held-out figures must not tell how a table is laid out."""
    distinct = np.unique(dates)
    return dates <= distinct[int(EARLY * (len(distinct) - 1))]


def look(column: pd.Series, as_label: bool = False) -> Look:
    """Return how a column of text looks; as a label, signs for nothing are names like others."""
    codes, values = pd.factorize(column.to_numpy(dtype=object))
    nothing = np.fromiter((not v[:1].isdecimal() and is_nothing(v) for v in values), bool, len(values))
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    is_number = _are_numbers(values[~nothing], counts[~nothing])
    if as_label or (not is_number and not nothing.all()):
        nothing = values == ""
    if nothing.any():
        new_codes = np.where(nothing, -1, np.cumsum(~nothing) - 1)
        codes, values = new_codes[codes], values[~nothing]
    return Look(str(column.name), codes, values, is_number)


def _are_numbers(values: np.ndarray, counts: np.ndarray) -> bool:
    """Whether most cells, given by distinct values and their counts, are numbers with one of the two decimal marks."""
    step = max(1, len(values) // LOOKED_AT)
    some_values, weights = pd.Series(values[::step], dtype=object), counts[::step]
    right = (weights[~to_numbers(some_values, mark)[1].to_numpy()].sum() for mark in (".", ","))
    return len(values) > 0 and any(share >= NUMBER_SHARE * weights.sum() for share in right)


def group_codes(*columns: np.ndarray) -> np.ndarray:
    """Return one code per row for what the rows' codes are together, 0, 1, … in order of first appearance."""
    together = np.zeros(len(columns[0]), dtype=np.int64)
    for codes in columns:
        together = pd.factorize(together * (int(codes.max(initial=0)) + 2) + codes + 1)[0]
    return together


class Spread(NamedTuple):
    """Per group of rows: how many rows, how many of them are filled, how many distinct values they hold."""

    rows: np.ndarray
    filled: np.ndarray
    distinct: np.ndarray


def spread(codes: np.ndarray, groups: np.ndarray) -> Spread:
    """Return how a column's values are spread within groups; both are codes, -1 stands for an empty cell."""
    n = int(groups.max(initial=-1)) + 1
    held = codes >= 0
    width = int(codes.max(initial=0)) + 1
    pairs = pd.unique(groups[held] * width + codes[held])
    return Spread(
        np.bincount(groups, minlength=n),
        np.bincount(groups[held], minlength=n),
        np.bincount(pairs // width, minlength=n),
    )


def is_zero(values: Iterable[str]) -> np.ndarray:
    """Return which texts of numbers are zeros."""
    return np.array([not NONZERO.search(value) for value in values], dtype=bool)


@functools.lru_cache(maxsize=20_000)
def kind_of(name: str) -> Kind | None:
    """Return what a name, of a column or of a series in rows, says that it is; None if it says nothing."""
    if says("competitor", name) or says("organic", name) or says("mediator", name) or says("derived", name):
        return "control"
    if first_said("channel_types", name) or says("media", name):
        return "channel"
    if says_measure(name):
        return "measure"
    if says("ratio", name):
        return "control"
    if target_score(name):
        return "kpi"
    return "control" if first_said("controls", name) else None


@functools.lru_cache(maxsize=20_000)
def says_measure(name: str) -> bool:
    """Whether a name says spend, impressions, clicks or rating points."""
    return any(says(f"measures.{measure}", name) for measure in vocabulary()["measures"])


@functools.lru_cache(maxsize=20_000)
def says_channel(name: str) -> bool:
    """Whether a name, its measure aside ('video views'), says a type of channel."""
    return bool(stem(name)) and first_said("channel_types", stem(name)) is not None


def is_bare(name: str) -> bool:
    """Whether a name says a measure and nothing of what: 'clicks'."""
    return says_measure(name) and not stem(name)


def shares(values: np.ndarray) -> dict[Kind | None, float]:
    """Return the share of the values that say each kind of series."""
    kinds = [kind_of(value) for value in values[:LOOKED_AT]]
    return {kind: kinds.count(kind) / max(1, len(kinds)) for kind in ("kpi", "channel", "measure", "control", None)}


def is_derived(coarse: np.ndarray, fine: np.ndarray, later: bool = False) -> bool:
    """Whether each value of `fine` has one value of `coarse`; of two that say the same, the later one is derived."""
    n_pairs, n_fine, n_coarse = (len(pd.unique(codes)) for codes in (group_codes(coarse, fine), fine, coarse))
    return n_pairs == n_fine and (n_coarse < n_fine or later)
