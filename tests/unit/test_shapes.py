"""Tables in every shape come back as one and the same wide table; what only looks like another shape stays as it is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm_builder.errors import InputError
from mmm_builder.reading.text import TextTable
from mmm_builder.settings import Columns
from mmm_builder.shaping.shapes import lay_out

WEEKS = 30
CHANNELS = ["TV", "Radio", "Google Ads"]


def laid(frame, **named):
    """Lay out a frame as if it were the text of a file, whose first row of data is line 2."""
    cells = frame.astype(str).astype(object).set_axis(range(2, len(frame) + 2))
    return lay_out(TextTable(cells, "data.csv", "csv", separator=","), Columns(**named))


def codes(found):
    return {warning.code for warning in found.warnings}


def rows_of(frame, keys):
    """Return a table as text, sorted by its keys, its columns in order of name."""
    return frame.astype(str).sort_values(keys)[sorted(frame.columns)].reset_index(drop=True)


def assert_same(found, wide, keys=("date",)):
    pd.testing.assert_frame_equal(rows_of(found.cells, [*keys]), rows_of(wide, [*keys]), check_dtype=False)
    assert found.cells.index.is_unique
    assert list(found.dates.dates.index) == list(found.cells.index)
    dates = found.dates.dates.dt.strftime("%Y-%m-%d")
    assert list(dates) == list(found.cells["date"])


@pytest.fixture
def wide():
    """Return a small wide table: KPI, price, an event in words, three channels."""
    rng = np.random.default_rng(20260101)
    table = pd.DataFrame(
        {
            "date": pd.date_range("2023-01-02", periods=WEEKS, freq="7D").strftime("%Y-%m-%d"),
            "revenue": rng.integers(1000, 9000, WEEKS),
            "price": rng.integers(10, 20, WEEKS),
            "event": ["Easter" if week == 14 else "" for week in range(WEEKS)],
        }
    )
    return table.assign(**{c: rng.integers(1, 500, WEEKS) * (rng.random(WEEKS) < 0.7) for c in CHANNELS})


def channel_rows(wide, column="channel", measure="spend"):
    once = [c for c in wide.columns if c not in CHANNELS]
    return wide.melt(id_vars=once, var_name=column, value_name=measure)


def of_units(table, column="region", units=("Berlin", "Hamburg", "Köln")):
    """Return a panel whose KPI differs between the units."""
    return pd.concat([table.assign(revenue=table["revenue"] + i, **{column: u}) for i, u in enumerate(units)])


# --- long ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("variable", "value"), [("variable", "value"), ("Kennzahl", "Wert"), ("показатель", "итог")])
def test_everything_in_rows(wide, variable, value):
    found = laid(wide.melt(id_vars="date", var_name=variable, value_name=value).assign(Creative=""))
    assert found.shape == "long"
    assert_same(found, wide)


@pytest.mark.parametrize(
    "names", [CHANNELS, ["Fernsehen", "Plakat", "Suche"], ["ТВ", "Радио", "Яндекс"], ["Alpha", "B", "C"]]
)
def test_channels_in_rows_with_the_kpi_on_each(wide, names):
    wide = wide.rename(columns=dict(zip(CHANNELS, names, strict=True)))
    once = ["date", "revenue", "price", "event"]
    found = laid(wide.melt(id_vars=once, var_name="channel", value_name="spend"))
    assert (found.shape, found.panel_column) == ("long", None)
    assert_same(found, wide)
    assert found.meant == {c: f"{c}_spend" for c in names}


def test_held_out_figures_do_not_tell_how_a_table_is_laid_out(wide):
    rows = channel_rows(wide).sort_values("date").reset_index(drop=True)
    late = rows["date"] > rows["date"].sort_values().iloc[int(0.85 * len(rows))]
    changed = rows.assign(revenue=rows["revenue"] + 0.01 * np.arange(len(rows)) * late)
    with pytest.raises(InputError, match="where other dates have one figure; correct one of them"):
        laid(changed)


@pytest.mark.parametrize("elsewhere", ["", "0"])
def test_the_kpi_on_one_row_of_the_date(wide, elsewhere):
    rows = channel_rows(wide).sort_values("date").astype({"revenue": str}).reset_index(drop=True)
    rows.loc[rows["date"].duplicated(), "revenue"] = elsewhere
    assert_same(laid(rows), wide)


def test_the_kpi_in_rows_of_its_own(wide):
    wide = wide.drop(columns=["price", "event"])
    among_channels = wide.melt(id_vars="date", var_name="channel", value_name="spend")
    assert_same(laid(among_channels), wide)
    own = wide[["date", "revenue"]].assign(channel="", spend="")
    beside = pd.concat([channel_rows(wide).assign(revenue="").astype(str), own.astype(str)])
    assert_same(laid(beside), wide)


def test_values_that_say_their_measure_keep_their_name(wide):
    wide = wide.rename(columns={"TV": "tv_spend", "Radio": "radio_cost", "Google Ads": "search_clicks"})
    once = ["date", "revenue", "price", "event"]
    assert_same(laid(wide.melt(id_vars=once, var_name="channel", value_name="spend")), wide)


def test_several_measures(wide):
    rows = channel_rows(wide).assign(clicks=lambda table: table["spend"] * 3)
    rows.loc[rows["channel"] == "TV", "clicks"] = 0
    clicks = {f"{c}_clicks": wide[c] * 3 for c in CHANNELS if c != "TV"}
    assert_same(laid(rows), wide.assign(**clicks))


def test_channel_and_measure_in_two_columns(wide):
    rows = wide[["date", *CHANNELS]].melt(id_vars="date", var_name="channel")
    kpi = wide[["date"]].assign(channel="Total", metric="Revenue", value=wide["revenue"])
    both = [rows.assign(metric="Cost"), rows.assign(metric="GRP", value=rows["value"] + 7), kpi]
    expected = wide[["date"]].assign(
        Revenue=wide["revenue"],
        **{f"{c}_Cost": wide[c] for c in CHANNELS},
        **{f"{c}_GRP": wide[c] + 7 for c in CHANNELS},
    )
    assert_same(laid(pd.concat(both)), expected)


@pytest.mark.parametrize(
    ("unit", "units"), [("region", ("NA", "ND", "-")), ("store_id", ("101", "102", "117")), ("где", ("Berlin", "Köln"))]
)
def test_long_panels(wide, unit, units):
    found = laid(of_units(channel_rows(wide), unit, units).sample(frac=1, random_state=1))
    assert (found.shape, found.panel_column) == ("long", unit)
    assert_same(found, of_units(wide, unit, units), ("date", unit))


def test_a_panel_with_everything_in_rows(wide):
    found = laid(of_units(wide, "Geography").melt(id_vars=["date", "Geography"]))
    assert found.panel_column == "Geography"
    assert_same(found, of_units(wide, "Geography"), ("date", "Geography"))


def test_rows_of_campaigns_are_added_up(wide):
    rows = channel_rows(wide)
    parts = [rows.assign(campaign=rows["channel"] + "_brand"), rows.assign(campaign=rows["channel"] + "_shop")]
    found = laid(pd.concat(parts).assign(cpm=lambda table: np.arange(len(table))))
    doubled = wide.assign(**{c: wide[c] * 2 for c in CHANNELS})
    cpm = [c for c in found.cells if "cpm" in c]
    assert_same(found._replace(cells=found.cells.drop(columns=cpm)), doubled)
    assert "rows_added_up" in codes(found)


def test_a_kpi_that_differs_between_channels_is_added_up(wide):
    rows = channel_rows(wide.drop(columns="revenue")).assign(conversions=lambda table: np.arange(len(table)))
    found = laid(rows)
    expected = rows.groupby("date")["conversions"].sum()
    assert list(found.cells.set_index("date")["conversions"].astype(int)) == list(expected)
    assert "kpi_added_up" in codes(found)
    beside = laid(channel_rows(wide).assign(conversions=lambda table: np.arange(len(table))))
    assert "conversions" not in beside.cells


def test_unknown_names_beside_several_measures_are_series_with_a_doubt(wide):
    rows = channel_rows(wide.drop(columns="revenue")).replace(dict(zip(CHANNELS, "ABC", strict=True)))
    found = laid(rows.assign(clicks=lambda table: table["spend"] + 1, sales=lambda table: np.arange(len(table))))
    assert (found.shape, found.panel_column) == ("long", None)
    assert "shape_uncertain" in codes(found)


def test_prices_in_rows_are_averaged():
    dates = pd.date_range("2023-01-02", periods=WEEKS, freq="7D").strftime("%Y-%m-%d")
    rows = [(d, v, p, n) for d in dates for v, p, n in [("Sales", "A", 4), ("Sales", "B", 6), ("TV", "", 9)]]
    rows += [(d, "Price", p, n) for d in dates for p, n in [("A", 2), ("B", 4)]]
    found = laid(pd.DataFrame(rows, columns=["date", "variable", "item", "value"]))
    assert found.cells[["Sales", "TV", "Price"]].drop_duplicates().to_numpy().tolist() == [["10", "9", "3"]]


def test_spellings_totals_and_identical_rows(wide):
    rows = channel_rows(wide)
    rows["channel"] = rows["channel"].where(rows.index % 7 > 0, rows["channel"].str.upper() + " ")
    total = channel_rows(wide).groupby(["date", "revenue", "price", "event"], as_index=False)["spend"].sum()
    found = laid(pd.concat([rows, total.assign(channel="Total"), rows[3:5]]))
    assert_same(found, wide)
    assert codes(found) >= {"spellings_merged", "total_rows_left_out", "duplicate_rows_merged"}


def test_identical_rows_that_are_parts_of_a_sum_are_kept():
    dates = pd.date_range("2023-01-02", periods=WEEKS, freq="7D").strftime("%Y-%m-%d")
    rows = [(d, c, n, 100) for d in dates for c, n in [("TV", "5"), ("TV", "5"), ("TV", "6"), ("Radio", "1")]]
    found = laid(pd.DataFrame(rows, columns=["date", "channel", "spend", "sales"]))
    assert set(found.cells["TV"]) == {"16"}
    assert "identical_rows_kept" in codes(found)


def test_dates_on_the_first_row_of_each_block_only(wide):
    rows = channel_rows(wide).sort_values("date").reset_index(drop=True)[["date", "channel", "spend", "revenue"]]
    rows["date"] = rows["date"].where(~rows["date"].duplicated(), "")
    assert_same(laid(rows), wide.drop(columns=["price", "event"]))


def test_sums_never_look_like_grouped_digits():
    dates = pd.date_range("2023-01-02", periods=WEEKS, freq="7D").strftime("%Y-%m-%d")
    rows = [(d, c, n, 100) for d in dates for c, n in [("TV", "1.001"), ("TV", "0.2"), ("Radio", "1.5")]]
    found = laid(pd.DataFrame(rows, columns=["date", "channel", "spend", "sales"]))
    assert set(found.cells["TV"]) == {"1.2010"}


@given(
    st.lists(
        st.lists(st.sampled_from(["", "0", "7", "1,5", "2.750,25", "33"]), min_size=4, max_size=4),
        min_size=8,
        max_size=30,
    ),
    st.randoms(),
)
def test_any_wide_table_in_rows_comes_back_cell_by_cell(numbers, random):
    dates = pd.date_range("2023-01-02", periods=len(numbers), freq="7D").strftime("%Y-%m-%d")
    wide = pd.DataFrame([["33"] * 4, *numbers[1:]], columns=["Sales", *CHANNELS]).assign(date=dates)
    order = random.sample(range(4 * len(wide)), 4 * len(wide))
    found = laid(wide.melt(id_vars="date").iloc[order], shape="long")
    assert_same(found, wide)


# --- across ----------------------------------------------------------------------------------------------------------


def across(wide, corner="Metric"):
    return wide.set_index("date").T.rename_axis(corner).reset_index()


@pytest.mark.parametrize("corner", ["Metric", "Unnamed: 0"])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y"])
def test_dates_across(wide, corner, form):
    table = across(wide, corner)
    table.columns = [corner, *pd.to_datetime(wide["date"]).dt.strftime(form)]
    found = laid(table)
    assert found.shape == "transposed"
    assert found.dates.column == "date"
    assert list(found.cells["date"]) == list(table.columns[1:])
    found = found._replace(cells=found.cells.assign(date=found.dates.dates.dt.strftime("%Y-%m-%d")))
    assert_same(found, wide)


def test_dates_across_with_labels_of_two_levels_and_a_total(wide):
    table = across(wide[["date", "revenue", *CHANNELS]])
    table = table.assign(Metric=["Revenue", "TV", "", "Radio"], Total=1)
    table.insert(1, "What", ["", "Spend", "GRP", "Spend"])
    table.insert(2, "Unit", ["EUR", "EUR", "points", "EUR"])
    found = laid(table)
    names = dict(zip(["revenue", *CHANNELS], ["Revenue", "TV_Spend", "TV_GRP", "Radio_Spend"], strict=True))
    assert_same(found, wide[["date", *names]].rename(columns=names))
    assert "columns_left_out" in codes(found)


def test_dates_across_for_several_regions(wide):
    tables = [across(wide.assign(revenue=wide["revenue"] + i)).assign(Region=u) for i, u in enumerate("NS")]
    found = laid(pd.concat(tables)[["Region", *tables[0].columns[:-1]]])
    assert found.panel_column == "Region"
    assert_same(found, of_units(wide, "Region", "NS"), ("date", "Region"))


# --- a column per unit -----------------------------------------------------------------------------------------------

UNITS = ("Berlin", "New York", "Köln")


def in_columns(wide, name="{measure}_{unit}", units=UNITS):
    parts = [
        wide.assign(revenue=wide["revenue"] + i)
        .set_index("date")
        .rename(columns=lambda measure, unit=unit: name.format(measure=measure, unit=unit))
        for i, unit in enumerate(units)
    ]
    return pd.concat(parts, axis="columns").reset_index()


@pytest.mark.parametrize("name", ["{measure}_{unit}", "{unit} - {measure}", "{measure} ({unit})", "{unit}.{measure}"])
def test_a_column_per_unit(wide, name):
    wide = wide.drop(columns=["event"]).rename(columns={"Google Ads": "search_spend"})
    found = laid(in_columns(wide, name))
    assert (found.shape, found.panel_column) == ("unit_columns", "unit")
    assert_same(found, of_units(wide, "unit", UNITS), ("date", "unit"))
    assert found.cells.index[1] == "2, New York"


def test_totals_over_the_units_are_left_out_and_national_controls_repeated(wide):
    per_unit = wide[["date", "revenue", "TV"]]
    table = in_columns(per_unit).assign(revenue_total=1, gdp=wide["price"])
    expected = of_units(per_unit.assign(gdp=wide["price"]), "unit", UNITS)
    found = laid(table)
    assert_same(found, expected, ("date", "unit"))
    assert "columns_left_out" in codes(found)


def test_competing_brands_in_columns_are_doubtful(wide):
    found = laid(in_columns(wide[["date", "revenue", "price", "TV"]], units=("Budget", "Acme", "Pams", "Whit")))
    assert found.shape == "unit_columns"
    assert found.evidence.confidence < 0.5
    assert any("--target" in w.cure and "--shape wide" in w.cure for w in found.warnings)
    named = laid(in_columns(wide[["date", "revenue", "price", "TV"]]), target="revenue_Berlin")
    assert named.shape == "wide"


# --- what is none of these -------------------------------------------------------------------------------------------


def retail(wide, column="channel", units=("online", "store")):
    return of_units(wide, column, units)


STAY = {
    "wide": lambda wide: wide,
    "measures of channels": lambda wide: wide.assign(tv_spend=1, tv_grp=2, radio_spend=3, radio_grp=4),
    "kinds of KPI": lambda wide: wide.assign(sales_online=wide["TV"], sales_store=wide["Radio"], tv_spend=4),
    "the KPI by channel": lambda wide: wide.assign(sales_tv=1, sales_radio=2, spend_tv=3, spend_radio=4),
    "an event in words": lambda wide: wide.assign(
        campaign=["TV push" if w % 5 else "Radio week" for w in range(WEEKS)]
    ),
}
PANELS = {
    "channels of trade": ("channel", lambda wide: retail(wide)),
    "channels of trade, one measure": ("channel", lambda wide: retail(wide[["date", "revenue", "TV"]])),
    "brands called like media": ("brand", lambda wide: retail(wide, "brand", ("Google", "Meta"))),
    "events called like media": ("geo", lambda wide: retail(wide, "geo").assign(note=["TV ad", "Radio ad"] * WEEKS)),
    "codes": ("store_id", lambda wide: retail(wide, "store_id", (1, 2, 3))),
    "an unnamed label": ("x", lambda wide: retail(wide, "x", ("North", "South"))),
    "region of the city": (
        "city",
        lambda wide: retail(wide, "city", "abcd").assign(region=lambda t: t["city"].isin(["a"])),
    ),
    "week labels": ("geo", lambda wide: retail(wide, "geo").assign(week_label=lambda t: "W" + t["date"], season="x")),
    "unbalanced": ("geo", lambda wide: retail(wide, "geo", "abc")[:-20]),
}


@pytest.mark.parametrize("case", STAY)
def test_what_is_wide_stays_so(wide, case):
    table = STAY[case](wide)
    found = laid(table)
    assert (found.shape, found.panel_column) == ("wide", None)
    assert_same(found, table)


@pytest.mark.parametrize("case", PANELS)
def test_panels_stay_as_they_are(wide, case):
    unit, build = PANELS[case]
    table = build(wide)
    found = laid(table)
    assert (found.shape, found.panel_column) == ("wide", unit)
    assert_same(found, table, ("date", unit))
    assert (found.panel_evidence.confidence < 0.6) == ("panel_uncertain" in codes(found)) == (unit == "channel")


def test_a_national_kpi_repeated_over_units_is_told(wide):
    found = laid(pd.concat([wide.assign(geo=unit) for unit in "ab"]))
    assert "panel_kpi_repeated" in codes(found)


def test_shape_and_columns_by_hand_win(wide):
    rows = channel_rows(wide).rename(columns={"channel": "what"})
    assert laid(rows, shape="wide", panel="what").panel_column == "what"
    assert laid(retail(wide), variable="channel").shape == "long"
    by_hand = channel_rows(wide).assign(other=lambda table: np.arange(len(table)))
    assert_same(laid(by_hand.drop(columns="revenue"), value="spend"), wide.drop(columns="revenue"))


# --- what can't be laid out ------------------------------------------------------------------------------------------


def with_cell(table, row, column, cell):
    table = table.astype({column: object}).reset_index(drop=True)
    table.loc[row, column] = cell
    return table


WRONG = {
    "no number": (
        lambda wide: with_cell(channel_rows(wide), 5, "spend", "12x"), {},
        "column 'spend' (line 7): '12x' is not a number; write numbers with '.' as the decimal mark, or leave the cell",
    ),
    "no number in a table on its side": (
        lambda wide: with_cell(across(wide[["date", "revenue", *CHANNELS]]), 1, "2023-01-16", "12x"), {},
        "line 3, column of 2023-01-16: '12x' is not a number",
    ),
    "no channel": (
        lambda wide: with_cell(channel_rows(wide.assign(TV=7)), 5, "channel", ""), {},
        "column 'channel' (line 7) is empty beside 'spend' ",
    ),
    "two figures of the KPI": (
        lambda wide: with_cell(channel_rows(wide), 5, "revenue", 1), {},
        "column 'revenue' (line 37): lines 7 and 37 are both of 2023-02-06 and differ ('1', ",
    ),
    "two units": (
        lambda wide: of_units(of_units(wide, "geo", "ab"), "brand", ("Cola", "Fanta")), {},
        "only columns 'geo' and 'brand' together tell the rows of a date apart",
    ),
    "two units of long data": (
        lambda wide: of_units(of_units(channel_rows(wide), "geo", "ab"), "brand", ("Cola", "Fanta")).assign(
            revenue=lambda table: np.arange(len(table)) // WEEKS
        ), {"shape": "long"},
        "columns 'geo' and 'brand' both divide the KPI of a date; name the one to model by with --panel",
    ),
    "national media": (
        lambda wide: in_columns(wide[["date", "revenue", "TV"]]).assign(radio_spend=wide["Radio"]), {},
        "column 'radio_spend' has no unit, while 'revenue', 'TV' stand for each of 'Berlin', 'New York', 'Köln'",
    ),
    "a series called like a column": (
        lambda wide: with_cell(wide.melt(id_vars="date"), slice(0, WEEKS - 1), "variable", "date"), {},
        "the series 'date' is called like a column of the file",
    ),
    "not long": (lambda wide: wide.drop(columns="event"), {"shape": "long"}, "--shape long: no column of text names"),
    "not on its side": (lambda wide: wide, {"shape": "transposed"}, "--shape transposed: the column names are no date"),
    "no columns of units": (lambda wide: wide, {"shape": "unit_columns"}, "--shape unit_columns: no KPI and media"),
    "unknown column": (
        channel_rows, {"variable": "chanel"}, "--variable: there is no column 'chanel' (did you mean 'channel'?)",
    ),
    "contradiction": (
        channel_rows, {"variable": "channel", "shape": "wide"}, "--variable belongs to --shape long, not wide",
    ),
    "two roles": (
        channel_rows, {"variable": "spend", "value": "spend"}, "column 'spend' is named by --variable and by --value",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_laid_out_is_refused_in_one_line(wide, case):
    build, named, expected = WRONG[case]
    with pytest.raises(InputError) as error:
        laid(build(wide), **named)
    assert str(error.value).startswith("data.csv: ")
    assert expected in str(error.value)
    assert "\n" not in str(error.value)
