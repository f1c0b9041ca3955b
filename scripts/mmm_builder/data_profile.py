"""`data_profile.json`: what a file holds and which role each column has, with the evidence for every choice."""

import math
from typing import Annotated, Literal

from pydantic import Field

from .spec import ChannelType, Frequency
from .strict import Document, Strict

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Measure = Literal["spend", "impressions", "clicks", "grp"]
ControlKind = Literal[
    "price", "promotion", "event", "competitor", "macro", "weather", "distribution", "organic", "other",
]  # fmt: skip
SourceFormat = Literal["csv", "xlsx", "xls", "xlsb", "ods", "parquet"]
Shape = Literal["wide", "long", "unit_columns", "transposed"]
SeriesRole = Literal["target", "channel", "exposure", "control"]

NATIONAL = "national"
"""Name of the only unit where the data have no panel column."""


def n_test_periods(n_periods: int, test_size: float) -> int:
    """Return the number of held-out periods, the last ones by date: ceil(test_size · n_periods)."""
    return math.ceil(test_size * n_periods - 1e-9)


class Source(Strict):
    """The file as it was read; null where its format has no such thing."""

    path: str
    sha256: str
    format: SourceFormat = "csv"
    sheet: str | None = None
    encoding: str | None
    separator: str | None
    decimal: str
    n_rows: int


class Choice(Strict):
    """How sure a choice is, and what speaks for it."""

    confidence: Share
    evidence: str


class Evidence(Strict):
    """What speaks for the choices that have no record of their own; null where nothing was chosen."""

    shape: Choice
    date_column: Choice
    frequency: Choice
    target_column: Choice
    panel_column: Choice | None


class TargetCandidate(Strict):
    """A column that may be the KPI, with its score (the highest wins) and why."""

    column: str
    score: float
    evidence: str


class ProfiledChannel(Strict):
    """A media channel. Shares are of the training rows; `share_of_spend` is null where it isn't money."""

    column: str
    channel_type: ChannelType
    measure: Measure
    exposure_column: str | None = None
    share_of_spend: Share | None
    zero_share: Share
    confidence: Share
    evidence: str


class ProfiledControl(Strict):
    """A control and its kind; `known_ahead` unless nobody knows its values before their period has gone by."""

    column: str
    kind: ControlKind
    known_ahead: bool = True
    confidence: Share
    evidence: str


class IgnoredColumn(Strict):
    """A column that isn't used, and why."""

    column: str
    reason: str
    confidence: Share


class ColumnGaps(Strict):
    """The cells of a column with a role that held nothing, in rows that exist: how many, and in which periods."""

    column: str
    empty_cells: int
    periods: tuple[str, ...]


class ColumnSeries(Strict):
    """How a column runs over some rows: KPI and media summed over the units, controls averaged.

    vif : variance inflation among the channels or among the controls. season_r2 : share of the variance that a yearly
    season explains. Null where it can't be computed: no variance, too few periods.
    """

    column: str
    role: SeriesRole
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float
    zero_share: Share
    outliers: tuple[str, ...]
    level_shifts: tuple[str, ...]
    correlation_with_target: float | None
    season_r2: float | None
    vif: float | None


class SealedPeriods(Strict):
    """The last periods of a file, which were cut off before anything else was made of it. Dates are ISO strings."""

    n_periods: int
    start: str
    end: str


class ProfileWarning(Strict):
    """Something a person should know before trusting the run; the message is whole, its cure also by itself."""

    code: str
    message: str
    cure: str


def warn(code: str, text: str, cure: str) -> ProfileWarning:
    """Return a warning whose message ends with its cure."""
    return ProfileWarning(code=code, message=f"{text}; {cure}", cure=cure)


class DataProfile(Document):
    """What the file holds and which role each column has. Dates are ISO strings.

    `sealed` periods are not among `n_periods`, and nothing else here rests on them (`source` is the whole file).
    `series` is of the training rows; what the held-out rows add is in `data_series.json`, for people alone.
    """

    source: Source
    shape: Shape
    date_column: str
    date_parts: tuple[str, ...]
    frequency: Frequency
    periods_per_year: float
    start: str
    end: str
    n_periods: int
    n_train: int
    train_end: str
    missing_periods: tuple[str, ...]
    target_column: str
    target_candidates: tuple[TargetCandidate, ...]
    panel_column: str | None
    channels: tuple[ProfiledChannel, ...]
    controls: tuple[ProfiledControl, ...]
    ignored: tuple[IgnoredColumn, ...]
    evidence: Evidence
    gaps: tuple[ColumnGaps, ...]
    series: tuple[ColumnSeries, ...]
    warnings: tuple[ProfileWarning, ...]
    sealed: SealedPeriods | None = None

    @property
    def unknown_ahead(self) -> tuple[str, ...]:
        """Controls whose values nobody knows ahead: competitors' sales, say."""
        return tuple(c.column for c in self.controls if not c.known_ahead)


class DataSeries(Document):
    """`data_series.json`: how the columns run, over the training rows and over all; no stage that trains reads it."""

    training_rows: tuple[ColumnSeries, ...]
    all_rows: tuple[ColumnSeries, ...]
