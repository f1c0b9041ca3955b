"""The page on the data: whole, self-contained, safe from hostile names, the same bytes each time."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import profile_reporter
import profiles
from mmm_builder.data_profile import NATIONAL, ColumnGaps, DataSeries, TargetCandidate, warn
from mmm_builder.files import write_text
from mmm_builder.panel import write_dataset
from mmm_builder.profiling.series import data_series, period_totals
from mmm_builder.reporting.profile_charts import draw_control, draw_kpi, draw_media
from mmm_builder.reporting.profile_page import profile_page
from mmm_builder.reporting.profile_tables import amount, held_out_notes, share

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}{% raw %}", "&amp; ' \" </title>",
    "电视广告花费", "Расходы ТВ, руб.", "إنفاق", "$\\frac{1}{2}$", "x" * 200, "two\nlines\tand a tab",
)  # fmt: skip
REPO = Path(__file__).resolve().parents[2]
VOID = {"meta", "br", "link", "img", "input", "hr"}


def page_input(channels=("tv", "search"), controls=("price", "promo"), n=104, units=1, freq="7D", **given):
    """Return (profile, table) of some weeks, with an exposure for the first channel."""
    rng = np.random.default_rng(4)
    dates = pd.date_range("2022-01-03", periods=n, freq=freq)
    names = [f"unit {u}" for u in range(units)] if units > 1 else [NATIONAL]
    index = pd.MultiIndex.from_product([dates, names], names=["date", "unit"])
    columns = {"revenue": rng.gamma(50, 100, len(index))}
    columns |= {name: rng.gamma(2, 300, len(index)) * (rng.random(len(index)) < 0.7) for name in channels}
    columns["impressions of the first"] = rng.gamma(2, 1e5, len(index))
    columns |= {name: rng.normal(9, 1, len(index)) for name in controls}
    if "promo" in controls:
        columns["promo"] = (rng.random(len(index)) < 0.1).astype(float)
    n_train = n - int(np.ceil(0.2 * n))
    said = {
        "start": f"{dates[0]:%Y-%m-%d}", "end": f"{dates[-1]:%Y-%m-%d}", "n_periods": n, "n_train": n_train,
        "train_end": f"{dates[n_train - 1]:%Y-%m-%d}", "panel_column": "region" if units > 1 else None,
        "channels": tuple(
            profiles.channel(
                name, channel_type="video_tv", share_of_spend=1 / len(channels),
                exposure_column=None if i else "impressions of the first",
            )
            for i, name in enumerate(channels)
        ),
        "controls": tuple(profiles.control(name, kind="price") for name in controls),
    }  # fmt: skip
    return profiles.data_profile(**said | given), pd.DataFrame(columns, index)


def page(profile, table) -> str:
    return profile_page(profile, period_totals(table, profile), data_series(table, profile))


class Reader(HTMLParser):
    """Collects what a page shows and holds, and whether its elements are closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.attributes, self.text, self.ids = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def full():
    """A page with everything on it: gaps, warnings, a panel, ignored columns, other candidates."""
    profile, table = page_input(
        units=3,
        missing_periods=("2022-02-07", "2022-02-14", "2022-05-02"),
        gaps=(ColumnGaps(column="tv", empty_cells=4, periods=("2022-03-07", "2022-03-14")),),
        ignored=(profiles.ignored("row_id", "a counter"),),
        warnings=(warn("outliers", "the KPI stands out", "mark it"),),
        target_candidates=(
            TargetCandidate(column="revenue", score=1.0, evidence="a name"),
            TargetCandidate(column="orders", score=0.8, evidence="a count"),
        ),
    )
    return page(profile, table)


def test_a_page_is_whole_and_loads_nothing(full):
    read = Reader(full)
    assert read.open == []
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(read.tags)
    addresses = [value for name, value in read.attributes if name in ("src", "href", "xlink:href", "action")]
    assert all(address.startswith("#") for address in addresses)
    assert "url(http" not in full
    assert "@import" not in full
    assert "default-src 'none'" in full


def test_ids_are_distinct_and_references_lead_somewhere(full):
    ids = Reader(full).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([\w-]+)', full)) <= set(ids)


def test_every_column_is_told_with_its_role_and_why(full):
    shown = " ".join(Reader(full).text)
    for word in ("revenue", "search", "price", "row_id", "a counter", "orders", "impressions of the first"):
        assert word in shown
    assert "The KPI stands out." in shown
    assert "What helps: mark it." in shown
    assert "summed over all of them" in shown


def test_every_chart_has_a_text_alternative(full):
    read = Reader(full)
    assert read.tags.count("svg") == len(re.findall(r'<svg [^>]*role="img" aria-label="[^"]+"', full)) == 1 + 2 + 2 + 2


def test_gaps_are_drawn_as_runs(full):
    strips = re.findall(r"<rect [^>]*fill:var\(--red\)[^>]*>", full)
    assert [re.search(r'x="(\d+)" width="(\d+)"', strip).groups() for strip in strips] == [
        ("5", "2"),
        ("17", "1"),
        ("9", "2"),
    ]


def test_a_page_without_findings_says_so():
    shown = " ".join(Reader(page(*page_input())).text)
    assert "Nothing stands out" in shown
    assert "Every week has a row" in shown


def test_hostile_and_foreign_names_stay_text():
    profile, table = page_input(channels=HOSTILE, controls=())
    text = page(profile, table)
    read = Reader(text)
    shown = " ".join(read.text)
    for name in HOSTILE:
        assert name in shown
    assert "49" not in re.findall(r"<bdi>([^<]*)</bdi>", text)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    charts = re.findall(r"<svg .*?</svg>", text, flags=re.DOTALL)
    assert not [name for name in HOSTILE for chart in charts if name in chart], "the charts' fonts lack scripts"


def test_the_same_input_gives_the_same_bytes():
    profile, table = page_input()
    assert page(profile, table) == page(profile, table)


@pytest.mark.parametrize(
    ("channels", "n", "freq", "frequency", "units"),
    [(1, 10, "YE", "annual", 1), (40, 1500, "D", "daily", 1), (3, 90, "D", "daily", 1), (5, 24, "MS", "monthly", 20)],
)
def test_any_size_stays_light(channels, n, freq, frequency, units):
    names = [f"channel {i}" for i in range(channels)]
    controls = [f"control {i}" for i in range(channels)]
    profile, table = page_input(names, controls, n, units, freq, frequency=frequency)
    text = page(profile, table)
    assert Reader(text).open == []
    assert len(text.encode()) < 3_000_000


def test_the_held_out_kpi_shows_in_the_charts_and_not_in_the_correlations():
    profile, table = page_input()
    changed = table.copy()
    changed.iloc[-1, 0] *= 3
    one, other = page(profile, table), page(profile, changed)

    def part(text: str, title: str) -> str:
        return re.search(rf"<h2>{title}.*?</section>", text, flags=re.DOTALL)[0]

    assert part(one, "The KPI") != part(other, "The KPI")
    assert part(one, "What moves together") == part(other, "What moves together")


def test_what_the_held_out_rows_do_otherwise_is_told():
    profile, table = page_input(channels=("tv", "search"))
    late = table.index.get_level_values("date") > pd.Timestamp(profile.train_end)
    table.loc[late, "search"] = 3 * table["search"].max()
    notes = dict(held_out_notes(profile, data_series(table, profile)))
    assert notes["search"].startswith("averages ")
    assert "tv" not in notes


@pytest.mark.parametrize("values", [np.zeros(50), np.full(50, np.nan), np.full(50, 1e300), np.r_[np.ones(49), -5.0]])
def test_charts_of_odd_series_are_drawn(values):
    series = pd.Series(values, pd.date_range("2023-01-01", periods=50))
    when = {"train_end": series.index[39], "told": 'a "chart" <of> sorts'}
    kpi = draw_kpi(series, outliers=("2023-01-05",), shifts=("2023-02-01",), **when)
    for chart in (kpi, draw_media(series, series, name="a", **when), draw_control(series, name="b", **when)):
        assert Reader(chart).open == []
        assert "nan" not in chart
        assert "#222222" not in chart, "the page sets the colours"


AMOUNTS = [
    (12345.6, "12,346"), (0.12344, "0.1234"), (-2e6, "-2,000,000"), (3.2e9, "3.2 bn"), (None, "–"), (0.0, "0"),
    (1e20, "1e+20"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), AMOUNTS)
def test_amounts(value, shown):
    assert amount(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.123, "12 %"), (0.001, "< 1 %"), (0.0, "0 %"), (None, "–")])
def test_shares(value, shown):
    assert share(value) == shown


def test_the_stage_writes_page_and_figures_from_the_canonical_files(tmp_path):
    profile, table = page_input(date_column="week")
    canonical = table.droplevel("unit").rename_axis("week").reset_index()
    paths = {name: tmp_path / name for name in ("dataset", "holdout", "profile", "series", "page")}
    write_dataset(
        canonical, paths["dataset"], paths["holdout"],
        date="week", target="revenue", panel=None, n_train=profile.n_train,
    )  # fmt: skip
    write_text(paths["profile"], profile.to_json())
    profile_reporter.page_files(**paths)
    assert DataSeries.read(paths["series"]) == data_series(table, profile)
    assert paths["page"].read_text(encoding="utf-8") == page(profile, table)


def test_no_rule_reads_what_the_stage_writes():
    rules = [path.read_text(encoding="utf-8") for path in (REPO / "rules").glob("*.smk") if path.stem != "common"]
    assert sum(text.count("DATA_SERIES") for text in rules) == 1
    assert sum(text.count("PROFILE_PAGE") for text in rules) == 1
