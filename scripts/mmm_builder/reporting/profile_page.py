"""`data_profile.html`: one self-contained page on the data, for a client to look at. No scripts, nothing to load.

Column names come from anybody's file, so that the template escapes all but the charts, which hold no names.
"""

from functools import cache
from pathlib import PurePath
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from ..data_profile import ColumnSeries, DataProfile, DataSeries, ProfiledChannel, ProfileWarning
from ..provenance import DATA
from .profile_charts import draw_control, draw_kpi, draw_media
from .profile_tables import (
    FIGURE_HEADS,
    PERIOD,
    amount,
    correlations,
    figure_rows,
    held_out_notes,
    periods,
    plain,
    role_rows,
    share,
    source_rows,
)

NUMBERS_MAX = 14
"""Most columns with which the correlations are also printed as numbers."""


class Card(NamedTuple):
    """One series with its chart and a few figures."""

    column: str
    kind: str
    notes: tuple[str, ...]
    exposure: str | None
    chart: str


class Strip(NamedTuple):
    """Where one column has empty cells: from which period on, and how many in a row."""

    column: str
    empty: int
    runs: tuple[tuple[int, int], ...]


def profile_page(profile: DataProfile, rows: pd.DataFrame, series: DataSeries) -> str:
    """Return the page as HTML; the same input gives the same bytes.

    rows : by date, the columns with a role over all periods, KPI and media summed over the units of a panel.
    series : their figures over the training rows and over all rows
    """
    figures = {figure.column: figure for figure in series.all_rows}
    compared = [profile.target_column, *(c.column for c in profile.channels), *(c.column for c in profile.controls)]
    train_end = pd.Timestamp(profile.train_end)
    return _template().render(
        name=PurePath(profile.source.path.replace("\\", "/")).name,
        profile=profile,
        period=PERIOD[profile.frequency],
        facts=_facts(profile),
        training=periods(profile, profile.n_train),
        held_out=periods(profile, profile.n_periods - profile.n_train),
        training_share=round(100 * profile.n_train / profile.n_periods, 1),
        source=source_rows(profile),
        roles=role_rows(profile),
        candidates=[c for c in profile.target_candidates if c.column != profile.target_column],
        warnings=[(_without_cure(w), w.cure, w.code) for w in profile.warnings],
        kpi=_kpi(profile, rows, figures[profile.target_column], train_end),
        kpi_figures=figures[profile.target_column],
        channels=[_media_card(n, c, profile, rows, figures, train_end) for n, c in enumerate(profile.channels)],
        controls=[_control_card(n, c.column, plain(c.kind), rows, train_end) for n, c in enumerate(profile.controls)],
        spend=_spend(profile),
        not_money=[(c.column, plain(c.measure)) for c in profile.channels if c.share_of_spend is None],
        strips=_strips(profile, rows.index),
        missing=_runs(profile.missing_periods, rows.index),
        n_periods=len(rows),
        years=_years(rows.index),
        training_at=int((rows.index <= train_end).sum()),
        correlations=correlations(rows[compared], profile.train_end),
        in_numbers=len(compared) <= NUMBERS_MAX,
        heads=FIGURE_HEADS,
        figures=figure_rows(series),
        notes=held_out_notes(profile, series),
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((DATA / "profile_page.html").read_text(encoding="utf-8"))


def _facts(profile: DataProfile) -> list[tuple[str, str]]:
    """Return what stands at the head of the page: figure and label."""
    spend = [c for c in profile.channels if c.measure == "spend"]
    n, m = len(profile.channels), len(profile.controls)
    return [
        (f"{profile.n_periods:,}", f"{PERIOD[profile.frequency]}s, {profile.start[:4]} to {profile.end[:4]}"),
        (str(n), f"media channel{'' if n == 1 else 's'}, {len(spend)} in spend"),
        (str(m), f"control{'' if m == 1 else 's'}"),
        (str(len(profile.warnings)), f"point{'' if len(profile.warnings) == 1 else 's'} to look at"),
    ]


def _without_cure(warning: ProfileWarning) -> str:
    return warning.message.removesuffix(f"; {warning.cure}")


def _kpi(profile: DataProfile, rows: pd.DataFrame, figures: ColumnSeries, train_end: pd.Timestamp) -> str:
    told = (
        f"Line of the KPI per {PERIOD[profile.frequency]} from {profile.start} to {profile.end}, between "
        f"{amount(figures.minimum)} and {amount(figures.maximum)}, on average {amount(figures.mean)}; held out after "
        f"{profile.train_end}; {len(figures.outliers)} outliers and {len(figures.level_shifts)} level shifts marked"
    )
    return draw_kpi(
        rows[profile.target_column],
        train_end=train_end,
        outliers=figures.outliers,
        shifts=figures.level_shifts,
        told=told,
    )


def _media_card(
    n: int,
    channel: ProfiledChannel,
    profile: DataProfile,
    rows: pd.DataFrame,
    figures: dict[str, ColumnSeries],
    train_end: pd.Timestamp,
) -> Card:
    """Return the card of a channel; n tells its chart from the others."""
    own, exposure = figures[channel.column], channel.exposure_column
    measure = plain(channel.measure)
    notes = [f"{measure}, {amount(own.mean)} per {PERIOD[profile.frequency]} on average"]
    notes += [f"{share(channel.share_of_spend)} of spend"] if channel.share_of_spend is not None else []
    notes += [f"none in {share(own.zero_share)} of the {PERIOD[profile.frequency]}s"] if own.zero_share else []
    told = f"Area of {measure} over time, up to {amount(own.maximum)}" + (
        ", its exposure as a line" if exposure else ""
    )
    chart = draw_media(
        rows[channel.column], rows[exposure] if exposure else None, train_end=train_end, name=f"m{n}", told=told
    )
    return Card(channel.column, plain(channel.channel_type), tuple(notes), exposure, chart)


def _control_card(n: int, column: str, kind: str, rows: pd.DataFrame, train_end: pd.Timestamp) -> Card:
    """Return the card of a control; n tells its chart from the others."""
    values = rows[column]
    told = f"Control over time, between {amount(values.min())} and {amount(values.max())}"
    chart = draw_control(values, train_end=train_end, name=f"c{n}", told=told)
    return Card(column, kind, (), None, chart)


def _spend(profile: DataProfile) -> list[dict[str, Any]]:
    """Return the channels by their share of spend, the largest first; `width` in per cent of the largest."""
    known = [c for c in profile.channels if c.share_of_spend is not None]
    known.sort(key=lambda channel: -channel.share_of_spend)
    most = known[0].share_of_spend if known else 0.0
    return [
        {"column": c.column, "kind": plain(c.channel_type), "share": share(c.share_of_spend),
         "width": round(100 * c.share_of_spend / most, 1) if most else 0.0}
        for c in known
    ]  # fmt: skip


def _strips(profile: DataProfile, dates: pd.DatetimeIndex) -> list[Strip]:
    """Return where columns have empty cells in rows that exist."""
    return [Strip(gap.column, gap.empty_cells, _runs(gap.periods, dates)) for gap in profile.gaps]


def _runs(periods_: tuple[str, ...], dates: pd.DatetimeIndex) -> tuple[tuple[int, int], ...]:
    """Return some periods as runs: (position of the first, number in a row)."""
    at = [int(position) for position in dates.get_indexer(pd.DatetimeIndex(periods_)) if position >= 0]
    runs: list[tuple[int, int]] = []
    for position in sorted(at):
        if runs and sum(runs[-1]) == position:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((position, 1))
    return tuple(runs)


def _years(dates: pd.DatetimeIndex) -> list[tuple[float, int]]:
    """Return where years begin, in per cent of the width, at most ten of them."""
    first = {year: int((dates.year == year).argmax()) for year in dates.year.unique()}
    every = max(1, -(-len(first) // 10))
    return [(round(100 * position / len(dates), 2), int(year)) for year, position in list(first.items())[1::every]]
