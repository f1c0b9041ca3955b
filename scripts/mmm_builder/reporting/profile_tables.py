"""The rows of the profile page's tables, with every number as it is printed."""

import math
from typing import NamedTuple

import pandas as pd

from ..data_profile import Choice, ColumnSeries, DataProfile, DataSeries
from ..percentages import percent
from ..spec import Frequency

PERIOD: dict[Frequency, str] = {
    "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "annual": "year",
}  # fmt: skip
SHAPES = {
    "wide": "one row per period, one column per series",
    "long": "one row per period and series",
    "unit_columns": "one column per panel unit",
    "transposed": "dates across, one row per series",
}
TYPES = {"video_tv": "video and TV", "ooh": "out of home", "direct_mail": "direct mail", "grp": "GRP"}
"""Types, measures and kinds whose name is no plain English."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
MOVED = 1.0
"""How many standard deviations of the training rows the held-out mean must be off to stand out."""
BEYOND = 0.1
"""By which share of the training range the held-out rows must go beyond it to stand out."""


class RoleRow(NamedTuple):
    """A column of the file, what it was taken for, and why; confidence in per cent."""

    column: str
    role: str
    kind: str
    confidence: int
    evidence: str


class FigureCell(NamedTuple):
    """A figure over the training rows and over all rows; `differs` if the second stands out from the first."""

    training: str
    all_rows: str
    differs: bool = False


class FigureRow(NamedTuple):
    """The figures of one series."""

    column: str
    role: str
    cells: tuple[FigureCell, ...]


FIGURE_HEADS = (
    "mean", "standard deviation", "lowest", "highest", "zeros", "correlation with KPI", "season", "VIF", "outliers",
    "level shifts",
)  # fmt: skip


def amount(value: float | None) -> str:
    """Return a number with thousands parted and four significant digits: 12,300 or 0.4512; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) >= 1e9:
        return f"{value:.3g}" if abs(value) >= 1e15 else f"{value / 1e9:,.4g} bn"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def share(value: float | None) -> str:
    """Return a share in per cent; a dash for none."""
    if value is None:
        return "–"
    return "< 1 %" if 0 < value < 0.005 else percent(value)


def plain(word: str) -> str:
    """Return a type, measure or kind as a word."""
    return TYPES.get(word, word.replace("_", " "))


def periods(profile: DataProfile, n: int) -> str:
    """Return a number of periods in words: `124 weeks`."""
    return f"{n:,} {PERIOD[profile.frequency]}{'' if n == 1 else 's'}"


def source_rows(profile: DataProfile) -> list[tuple[str, str, Choice | None]]:
    """Return what was read: label, text, and how sure it is where that was a choice."""
    source, evidence = profile.source, profile.evidence
    layout = [source.format.upper()]
    layout += [f"sheet {source.sheet!r}"] if source.sheet else []
    layout += [source.encoding] if source.encoding else []
    layout += [f"{SEPARATORS.get(source.separator, source.separator)} between cells"] if source.separator else []
    layout += [f"decimal {'comma' if source.decimal == ',' else 'point'}"] if source.format == "csv" else []
    missing = periods(profile, len(profile.missing_periods)) if profile.missing_periods else "none"
    dates = " + ".join(profile.date_parts) or profile.date_column
    rows = [
        ("File", source.path, None),
        ("Format", ", ".join(layout), None),
        ("Layout", f"{SHAPES[profile.shape]}; {source.n_rows:,} rows", evidence.shape),
        ("Dates", f"column {dates!r}", evidence.date_column),
        ("Cadence", f"{profile.frequency}, {profile.start} to {profile.end}", evidence.frequency),
        ("Periods without a row", missing, None),
    ]
    if profile.sealed:
        told = f"{periods(profile, profile.sealed.n_periods)}, {profile.sealed.start} to {profile.sealed.end}"
        rows.append(("Sealed", f"{told}, cut off before all else", None))
    if profile.panel_column and evidence.panel_column:
        rows.append(("Panel", f"one series per {profile.panel_column!r}", evidence.panel_column))
    return rows


def role_rows(profile: DataProfile) -> list[RoleRow]:
    """Return every column of the file with its role: KPI, channels, controls, those that aren't used."""

    def row(column: str, role: str, kind: str, confidence: float, evidence: str) -> RoleRow:
        return RoleRow(column, role, kind, round(100 * confidence), evidence)

    target = profile.evidence.target_column
    rows = [row(profile.target_column, "KPI", "", target.confidence, target.evidence)]
    for channel in profile.channels:
        kind = f"{plain(channel.channel_type)}, {plain(channel.measure)}"
        beside = f"; exposure: {channel.exposure_column!r}" if channel.exposure_column else ""
        rows.append(row(channel.column, "channel", kind, channel.confidence, channel.evidence + beside))
    for control in profile.controls:
        kind = plain(control.kind) + ("" if control.known_ahead else ", not known ahead")
        rows.append(row(control.column, "control", kind, control.confidence, control.evidence))
    rows += [row(i.column, "not used", "", i.confidence, i.reason) for i in profile.ignored]
    return rows


def figure_rows(series: DataSeries) -> list[FigureRow]:
    """Return the figures of every series over the training rows and over all rows."""
    return [
        FigureRow(seen.column, "KPI" if seen.role == "target" else seen.role, _cells(seen, every))
        for seen, every in zip(series.training_rows, series.all_rows, strict=True)
    ]


def held_out_notes(profile: DataProfile, series: DataSeries) -> list[tuple[str, str]]:
    """Return (column, what stands out) for the series that run otherwise in the held-out rows."""
    notes = []
    for seen, every in zip(series.training_rows, series.all_rows, strict=True):
        mean = _held_out_mean(profile, seen, every)
        if mean is not None and seen.standard_deviation > 0 and _apart(seen.mean, mean, seen.standard_deviation):
            notes.append((seen.column, f"averages {amount(mean)}, {amount(seen.mean)} over the training rows"))
        elif _beyond(seen, every):
            low = every.minimum < seen.minimum and seen.minimum - every.minimum > every.maximum - seen.maximum
            found, known = (every.minimum, seen.minimum) if low else (every.maximum, seen.maximum)
            notes.append(
                (seen.column, f"goes to {amount(found)}, no further than {amount(known)} in the training rows")
            )
    return notes


def _cells(seen: ColumnSeries, every: ColumnSeries) -> tuple[FigureCell, ...]:
    """Return the cells of a row, in the order of `FIGURE_HEADS`."""
    reach = BEYOND * (seen.maximum - seen.minimum)
    itself = seen.role == "target"
    r = (seen.correlation_with_target, every.correlation_with_target)
    return (
        FigureCell(amount(seen.mean), amount(every.mean), abs(every.mean - seen.mean) > 0.25 * seen.standard_deviation),
        FigureCell(
            amount(seen.standard_deviation),
            amount(every.standard_deviation),
            abs(every.standard_deviation - seen.standard_deviation) > 0.25 * seen.standard_deviation,
        ),
        FigureCell(amount(seen.minimum), amount(every.minimum), seen.minimum - every.minimum > reach),
        FigureCell(amount(seen.maximum), amount(every.maximum), every.maximum - seen.maximum > reach),
        FigureCell(share(seen.zero_share), share(every.zero_share), abs(every.zero_share - seen.zero_share) > 0.05),
        FigureCell("–", "–") if itself else FigureCell(*map(_two, r), None not in r and abs(r[1] - r[0]) > 0.15),
        FigureCell(share(seen.season_r2), share(every.season_r2)),
        FigureCell(*(("–", "–") if itself else (_inflation(seen.vif), _inflation(every.vif)))),
        FigureCell(str(len(seen.outliers)), str(len(every.outliers)), len(every.outliers) > len(seen.outliers)),
        FigureCell(
            str(len(seen.level_shifts)), str(len(every.level_shifts)), len(every.level_shifts) > len(seen.level_shifts)
        ),
    )


def _held_out_mean(profile: DataProfile, seen: ColumnSeries, every: ColumnSeries) -> float | None:
    held_out = profile.n_periods - profile.n_train
    return (profile.n_periods * every.mean - profile.n_train * seen.mean) / held_out if held_out else None


def _apart(training: float, held_out: float, deviation: float) -> bool:
    return abs(held_out - training) > MOVED * deviation


def _beyond(seen: ColumnSeries, every: ColumnSeries) -> bool:
    reach = BEYOND * (seen.maximum - seen.minimum)
    return max(seen.minimum - every.minimum, every.maximum - seen.maximum) > reach > 0


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:z.2f}".replace("-", "−")


def _inflation(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def correlations(rows: pd.DataFrame, train_end: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return per column its name and (text, colour class) of its correlation with each column, training rows alone.

    rows : by date, the columns to compare
    """
    r = rows[rows.index <= pd.Timestamp(train_end)].corr().to_numpy()
    return [(name, [_shade(value) for value in line]) for name, line in zip(rows.columns, r, strict=True)]


def _shade(value: float) -> tuple[str, str]:
    """Return a correlation as text, and the class of its colour: sign and tenths."""
    if not math.isfinite(value):
        return "", ""
    tenths = round(10 * abs(value))
    return _two(value).replace("0.", ".", 1), f"{'p' if value > 0 else 'm'}{tenths}" if tenths else ""
