"""From columns to a sheet: the shapes that exports have, before anything is written as text."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .locales import KW_LABELS, QUARTERS, WEEK_LABELS, Dates, Locale, date_format
from .names import Entry
from .series import Column, Frame

DAYS = {"daily": 1, "weekly": 7, "monthly": 30, "quarterly": 91}
UNIT_PATTERNS = ("{name}_{unit}", "{unit} {name}", "{name} ({unit})", "{name} - {unit}")


class Cell(NamedTuple):
    """One cell before it is written; `form` says how: date, money, price, count, percent, decimal, flag, id or text."""

    value: Any
    form: str


class Sheet(NamedTuple):
    """A header and rows of cells, with what the layout decided."""

    header: list[str]
    rows: list[list[Cell]]
    shape: str
    date_columns: tuple[str, ...]
    panel: str | None
    written_dates: str


EMPTY = Cell(None, "text")


def choose_dates(rng: np.random.Generator, frame: Frame, locale: Locale, *, by_day: bool) -> tuple[str, Dates]:
    """Return a format that the frame's dates can be written in, and the function that writes them.

    by_day : whether the format must tell the day, whatever the cadence.
    """
    mondays = bool((frame.dates.day_of_week == 0).all())
    form = rng.choice(locale.days)
    if by_day:
        return str(form), date_format(str(form), locale)
    if frame.cadence == "quarterly":
        form = rng.choice(QUARTERS) if rng.random() < 0.6 else form
    elif frame.cadence == "monthly":
        form = rng.choice(locale.months) if rng.random() < 0.75 else form
    elif frame.cadence == "weekly" and mondays and rng.random() < 0.2:
        form = rng.choice(KW_LABELS if locale.babel == "de" and rng.random() < 0.5 else WEEK_LABELS)
    return str(form), date_format(str(form), locale)


def _keys(frame: Frame, units: list[str]) -> list[tuple[int, int]]:
    """Return (period, unit) of every row, unit by unit for panels."""
    return [(t, u) for u in range(len(units)) for t in range(len(frame.dates))]


def wide(
    columns: list[Column], frame: Frame, units: list[str], date: Entry, panel: Entry | None, form: str
) -> tuple[Sheet, list[tuple[int, int]]]:
    """Return one row per period and unit, with the (period, unit) of each."""
    keys = _keys(frame, units)
    rows = []
    for t, u in keys:
        unit = [Cell(units[u], "text")] if panel else []
        rows.append([Cell(frame.dates[t], "date"), *unit, *(Cell(c.values[t, u], c.form) for c in columns)])
    header = [date["name"], *([panel["name"]] if panel else []), *(c.name for c in columns)]
    return Sheet(header, rows, "wide", (date["name"],), panel["name"] if panel else None, form), keys


def in_parts(sheet: Sheet, frame: Frame, keys: list[tuple[int, int]], names: tuple[str, str]) -> Sheet:
    """Return the sheet with two columns, the year and the month or ISO week, in place of the date."""
    rows = []
    for row, (t, _) in zip(sheet.rows, keys, strict=True):
        date = frame.dates[t]
        year, part = date.isocalendar()[:2] if frame.cadence == "weekly" else (date.year, date.month)
        rows.append([Cell(year, "id"), Cell(part, "id"), *row[1:]])
    return sheet._replace(
        header=[*names, *sheet.header[1:]], rows=rows, date_columns=names, written_dates="year + part"
    )


def long_by_channel(
    columns: list[Column],
    bought: dict[str, Column],
    frame: Frame,
    units: list[str],
    names: dict[str, str],
    form: str,
    *,
    zeros: bool,
) -> tuple[Sheet, list[tuple[int, int]]]:
    """Return a row per period, unit and channel, called by the channel's name, with its spend; the rest is repeated.

    bought : what each channel's money bought, by the channel's name; empty for no such column.
    names : the headers: `date`, `channel`, `value`, with `bought` also `exposure`, with several units also `panel`.
    zeros : whether channels that spent nothing have a row all the same.
    """
    media = [c for c in columns if c.entry["role"] == "channel"]
    others = [c for c in columns if c.entry["role"] != "channel"]
    rows, keys = [], []
    for t, u in [(t, u) for t in range(len(frame.dates)) for u in range(len(units))]:
        spent = [c for c in media if zeros or c.values[t, u] != 0] or media[:1]
        for c in spent:
            unit = [Cell(units[u], "text")] if "panel" in names else []
            head = [Cell(frame.dates[t], "date"), *unit, Cell(c.name, "text"), Cell(c.values[t, u], "money")]
            exposure = [Cell(bought[c.name].values[t, u], "count")] if bought else []
            rows.append([*head, *exposure, *(Cell(o.values[t, u], o.form) for o in others)])
            keys.append((t, u))
    told = [names[key] for key in ("date", "panel", "channel", "value", "exposure") if key in names]
    panel = names.get("panel")
    return Sheet([*told, *(o.name for o in others)], rows, "long", (names["date"],), panel, form), keys


def long_by_variable(
    columns: list[Column], frame: Frame, names: dict[str, str], form: str
) -> tuple[Sheet, list[tuple[int, int]]]:
    """Return a row per period and series: the KPI, media and controls are rows of their own."""
    rows, keys = [], []
    for c in columns:
        for t in range(len(frame.dates)):
            rows.append([Cell(frame.dates[t], "date"), Cell(c.name, "text"), Cell(c.values[t, 0], c.form)])
            keys.append((t, 0))
    return Sheet([names["date"], names["variable"], names["number"]], rows, "long", (names["date"],), None, form), keys


def unit_columns(
    columns: list[Column], national: list[Column], frame: Frame, units: list[str], pattern: str, date: Entry, form: str
) -> tuple[Sheet, list[tuple[int, int]]]:
    """Return one row per period with a column per series and unit; `national` series have one column."""
    pairs = [(c, u) for c in columns for u in range(len(units))]
    header = [
        date["name"],
        *(pattern.format(name=c.name, unit=units[u]) for c, u in pairs),
        *(c.name for c in national),
    ]
    rows = []
    for t in range(len(frame.dates)):
        each = [Cell(c.values[t, u], c.form) for c, u in pairs]
        rows.append([Cell(frame.dates[t], "date"), *each, *(Cell(c.values[t, 0], c.form) for c in national)])
    keys = [(t, 0) for t in range(len(frame.dates))]
    return Sheet(header, rows, "unit_columns", (date["name"],), None, form), keys


def transposed(columns: list[Column], frame: Frame, corner: str, form: str, dates: Dates) -> Sheet:
    """Return one row per series, with the dates across."""
    header = [corner, *(dates(d) for d in frame.dates)]
    rows = [[Cell(c.name, "text"), *(Cell(v, c.form) for v in c.values[:, 0])] for c in columns]
    return Sheet(header, rows, "transposed", (), None, form)


def calendar_dates(rng: np.random.Generator, cadence: str, n: int, *, mondays: bool) -> pd.DatetimeIndex:
    """Return n dates of a cadence; weeks begin on any weekday unless `mondays`, months sometimes count by their end."""
    end = pd.Timestamp(int(rng.integers(2018, 2026)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))
    start = end - pd.Timedelta(days=n * DAYS[cadence])
    if cadence == "daily":
        return pd.date_range(start, periods=n, freq="D")
    if cadence == "weekly":
        start -= pd.Timedelta(days=start.day_of_week) if mondays else pd.Timedelta(0)
        return pd.date_range(start, periods=n, freq="7D")
    code = "M" if cadence == "monthly" else "Q"
    ends = rng.random() < 0.15
    return pd.date_range(start, periods=n, freq=f"{code}E" if ends else f"{code}S")
