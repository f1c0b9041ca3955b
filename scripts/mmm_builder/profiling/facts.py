"""What a column holds in the training rows, as far as it tells what the column is; and what it is taken for."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import ControlKind, Measure
from ..reading.naming import vocabulary
from ..reading.numerals import is_nothing
from ..spec import ChannelType

FEW_VALUES = 8
"""A column with up to this many distinct values may be a dummy or a scaled one."""


class Facts(NamedTuple):
    """What a column holds in the training rows."""

    name: str
    is_text: bool
    constant: bool
    counter: bool
    distinct: int
    minimum: float
    zero_share: float
    quiet_share: float
    maximum: float = 0.0
    mean: float = 0.0
    deviation: float = 0.0
    whole: bool = True

    @property
    def is_mark(self) -> bool:
        """Whether the column marks periods: 0 and one other value."""
        return not self.is_text and self.distinct <= 2 and self.minimum == 0.0

    @property
    def is_amount(self) -> bool:
        """Whether the column may be an amount: never negative, with many values."""
        return not self.is_text and self.minimum >= 0 and self.distinct > FEW_VALUES


class Reading(NamedTuple):
    """What a column was taken for, and why; `confidence` in [0, 1]. bare : the name says no measure."""

    role: Literal["target", "channel", "control", "ignored", "unknown"]
    evidence: str
    confidence: float
    measure: Measure = "spend"
    channel_type: ChannelType = "other"
    kind: ControlKind = "other"
    bare: bool = False


Rule = Callable[[Facts], Reading | None]
"""What a column is taken for by one rule; None if the rule has nothing to say."""


def number_facts(name: str, values: pd.Series, first_unit: np.ndarray) -> Facts:
    """Return the facts of a numeric column.

    values : (row,) in date order, NaN for nothing. first_unit : (row,) bool, the rows of one unit.
    """
    filled = values.dropna()
    steps = np.diff(values[first_unit].dropna().to_numpy())
    scale = np.abs(steps).max(initial=0.0)
    distinct = filled.nunique()
    return Facts(
        name=name,
        is_text=False,
        constant=distinct < 2,
        counter=bool(len(steps) > 2 and scale > 0 and np.ptp(steps) <= 1e-9 * scale),
        distinct=distinct,
        minimum=float(filled.min()) if len(filled) else 0.0,
        zero_share=float((filled == 0).mean()) if len(filled) else 0.0,
        quiet_share=float(values.isna().mean()),
        maximum=float(filled.max()) if len(filled) else 0.0,
        mean=float(filled.mean()) if len(filled) else 0.0,
        deviation=float(filled.std(ddof=0)) if len(filled) else 0.0,
        whole=bool((filled == filled.round()).all()),
    )


def text_facts(name: str, cells: pd.Series) -> Facts:
    """Return the facts of a column of text; quiet are the cells that say that nothing took place."""
    quiet = cells.map(says_nothing)
    active = cells[~quiet].str.casefold()
    return Facts(
        name=name,
        is_text=True,
        constant=bool(quiet.all() or (not quiet.any() and active.nunique() < 2)),
        counter=False,
        distinct=active.nunique(),
        minimum=0.0,
        zero_share=float(quiet.mean()),
        quiet_share=float(quiet.mean()),
    )


def says_nothing(cell: str) -> bool:
    """Whether a cell of an event column says that nothing took place."""
    return is_nothing(cell) or cell.casefold() in vocabulary()["nothing"]
