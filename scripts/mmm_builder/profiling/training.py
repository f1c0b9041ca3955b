"""The training rows as the quality checks see them, and how their messages put numbers, columns and dates."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ..data_profile import ColumnSeries, ProfiledChannel
from ..reading.text import some
from ..shaping.cadence import PERIOD_NAMES
from ..spec import Frequency
from .series import totals


class Training(NamedTuple):
    """The training rows: `total` has one row per date and one column per role, sums over the units."""

    total: pd.DataFrame
    series: dict[str, ColumnSeries]
    target: str
    channels: tuple[ProfiledChannel, ...]
    controls: tuple[str, ...]
    frequency: Frequency
    periods_per_year: float

    @property
    def media(self) -> pd.DataFrame:
        """The channels, in their own measures."""
        return self.total[[c.column for c in self.channels]]

    @property
    def kpi(self) -> pd.Series:
        """The target, by date."""
        return self.total[self.target]

    @property
    def n(self) -> int:
        """The number of training periods."""
        return len(self.total)

    def periods(self, kind: str = "", n: int | None = None) -> str:
        """Return a number of periods in words, all of them if none is given: `124 training weeks`."""
        return " ".join(filter(None, (str(self.n if n is None else n), kind, PERIOD_NAMES[self.frequency])))


def training_of(
    table: pd.DataFrame,
    series: Sequence[ColumnSeries],
    *,
    target: str,
    channels: Sequence[ProfiledChannel],
    controls: Sequence[str],
    frequency: Frequency,
    periods_per_year: float,
) -> Training:
    """Return the training rows, table (date, unit), as the checks see them."""
    total = totals(table, summed=[target, *(c.column for c in channels)], averaged=list(controls))
    of_column = {figures.column: figures for figures in series}
    return Training(total, of_column, target, tuple(channels), tuple(controls), frequency, periods_per_year)


def shown(value: float) -> str:
    """Return a value as people write it: 12,300 or 0.45."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.3g}"


def on_dates(dates: Sequence[str | pd.Timestamp], limit: int = 5) -> str:
    """Return dates as a list in ISO form."""
    return some([date if isinstance(date, str) else f"{date:%Y-%m-%d}" for date in dates], limit)


def columns_of(names: Sequence[str], limit: int = 8) -> str:
    """Return the names of columns as a list."""
    return some([repr(name) for name in names], limit)
