"""Roles of columns, by what their names tell and by what they hold."""

import contextlib

import numpy as np
import pandas as pd
import pytest

from mmm_builder.errors import InputError
from mmm_builder.profiling.column_rules import number_facts, read_column, text_facts
from mmm_builder.profiling.roles import assign_roles
from mmm_builder.settings import Columns

WEEKS = 120
ONE_UNIT = np.ones(WEEKS, dtype=bool)


def media(seed=0, pause=0.3):
    rng = np.random.default_rng(100 + seed)
    return (rng.gamma(2.0, 100.0, WEEKS) * (rng.random(WEEKS) > pause)).round(2)


def mark(seed=0):
    return (np.random.default_rng(200 + seed).random(WEEKS) < 0.2).astype(float)


def kpi(seed=0):
    return 5000 + np.random.default_rng(300 + seed).normal(0, 300, WEEKS)


def index(seed=0):
    return 100 + np.random.default_rng(400 + seed).normal(0, 5, WEEKS)


def shares(seed=0):
    return np.random.default_rng(500 + seed).random(WEEKS).round(2) * mark(seed)


def roles_of(columns, **given):
    numbers = pd.DataFrame(columns)
    facts = {name: number_facts(name, numbers[name], ONE_UNIT) for name in numbers}
    return assign_roles(facts, numbers, Columns(**given), "data.csv")


def reason(roles, column):
    return next(i.reason for i in roles.ignored if i.column == column)


def channels(roles):
    return [c.column for c in roles.channels]


def kinds(roles):
    return {c.column: c.kind for c in roles.controls}


def codes(roles):
    return {w.code for w in roles.warnings}


def warning(roles, code):
    return next(w for w in roles.warnings if w.code == code)


def reading(name, values):
    return read_column(number_facts(name, pd.Series(values), ONE_UNIT))


# --- one column --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("competitor_tv_spend", "control"), ("comp_sales", "control"), ("competitor_market_share", "control"),
        ("market_share", "ignored"), ("promo_sales_spend", "channel"), ("sales_force", "channel"),
        ("trade", "channel"), ("field force", "channel"), ("Sales Promotion", "control"),
        ("brand_search_spend", "channel"), ("brand searches", "control"), ("organic_social", "control"),
        ("price index", "control"), ("promo_spend", "channel"), ("trade_promo_cost", "channel"),
        ("discount_spend", "control"), ("coupon cost", "control"), ("affiliate_commission", "channel"),
        ("revenue_per_conversion", "ignored"), ("price per unit", "control"), ("Spesa per TV", "channel"),
        ("cost of sales", "ignored"), ("COGS", "ignored"), ("shipping cost", "ignored"), ("salary_cost", "ignored"),
        ("Sales Budget", "ignored"), ("TV Budget", "channel"), ("Consumer Spending", "control"),
        ("Channel0_spend", "channel"), ("media_1", "channel"), ("misc_spend", "channel"), ("Paid_Views", "channel"),
        ("Organic_Views", "control"), ("Page Views", "ignored"), ("Event count", "ignored"), ("epsilon", "ignored"),
        ("tv_effect", "ignored"), ("Intercept", "ignored"), ("population", "ignored"), ("store_id", "ignored"),
        ("noise_3", "ignored"), ("share_of_voice", "ignored"), ("sessions_paid", "ignored"), ("t", "control"),
        ("wk_nbr", "ignored"), ("temperatura media", "control"), ("advertising revenue", "target"),
        ("zz_top", "unknown"), ("Digital", "channel"),
    ],
)  # fmt: skip
def test_traps_of_names(name, role):
    assert reading(name, media().round()).role == role


@pytest.mark.parametrize(
    ("name", "amounts", "marks"),
    [
        ("events", "channel", "control"), ("Campaign", "channel", "control"), ("holiday_sales", "target", "control"),
        ("sale", "target", "control"), ("TV", "channel", "control"), ("week_40", "ignored", "control"),
        ("month_12", "ignored", "control"),
    ],
)  # fmt: skip
def test_amounts_and_marks_of_one_name_are_different_things(name, amounts, marks):
    assert (reading(name, media().round()).role, reading(name, mark()).role) == (amounts, marks)


def test_a_share_of_spend_is_no_spend():
    assert reading("TV spend %", shares() * 100).role == "ignored"
    assert reading("TV spend", shares() * 100).role == "channel"


def test_text_is_an_event_or_nothing():
    assert read_column(text_facts("events", pd.Series(["na"] * 9 + ["fair"]))).kind == "event"
    assert read_column(text_facts("events", pd.Series(["na"] * 9))).role == "ignored"
    assert read_column(text_facts("notes", pd.Series([f"note {i}" for i in range(9)]))).role == "ignored"


def test_plain_names_are_surer_than_vague_ones():
    names = ("tv_spend", "tv", "xyz_cost", "zz_top")
    sure = [reading(name, media()).confidence for name in names]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] >= 0.9
    assert sure[-1] < 0.5


# --- the columns of a file ---------------------------------------------------------------------------------


def test_roles_keep_the_order_of_the_file_and_shares_add_up():
    roles = roles_of(
        {"tv_spend": media(1), "sales": kpi(), "search_spend": media(2), "price": index(), "radio": media(3)}
    )
    assert channels(roles) == ["tv_spend", "search_spend", "radio"]
    assert sum(c.share_of_spend for c in roles.channels) == pytest.approx(1.0)
    assert kinds(roles) == {"price": "price"}
    assert roles.channels[0].zero_share == pytest.approx((media(1) == 0).mean())


@pytest.mark.parametrize(
    ("spend", "exposure"),
    [
        ("fb_spend", "fb_imp"), ("google_cost", "search_clicks"), ("spend_tv", "tv_grp"),
        ("Cost Google", "Clicks Google"), ("Расход ВК Реклама", "Показы ВКонтакте"), ("微信广告花费", "微信曝光量"),
        ("TV-Ausgaben", "Fernsehen GRP"), ("search_S", "search_clicks_P"), ("Channel3_spend", "Channel3_impression"),
    ],
)  # fmt: skip
def test_spend_is_paired_with_exposure(spend, exposure):
    roles = roles_of({"sales": kpi(), spend: media(1), exposure: (media(1) * 7.3).round(), "radio_spend": media(2)})
    assert {c.column: c.exposure_column for c in roles.channels} == {spend: exposure, "radio_spend": None}
    assert reason(roles, exposure) == f"exposure of channel {spend!r}, whose spend is modelled"


def test_of_several_exposures_the_contacts_are_kept():
    roles = roles_of(
        {"sales": kpi(), "fb_spend": media(1), "fb_clicks": media(2), "fb_imps": media(3), "tt_clicks": media(4),
         "tt_views": media(5)}
    )  # fmt: skip
    assert {c.column: c.exposure_column for c in roles.channels} == {"fb_spend": "fb_imps", "tt_views": None}
    assert reason(roles, "fb_clicks").startswith("another exposure of channel 'fb_spend'")
    assert reason(roles, "tt_clicks").startswith("another exposure of channel 'tt_views'")


def test_names_written_alike_are_paired_first():
    roles = roles_of(
        {"sales": kpi(), "mdsp_inst": media(1), "mdsp_nsp": media(2), "mdip_nsp": media(3), "mdip_inst": media(4)}
    )
    assert {c.column: c.exposure_column for c in roles.channels} == {"mdsp_inst": "mdip_inst", "mdsp_nsp": "mdip_nsp"}


def test_exposure_is_kept_beside_channels_given_by_hand():
    columns = {"sales": kpi(), "fb_spend": media(1), "fb_imp": media(5), "tiktok_imp": media(3)}
    roles = roles_of(columns, channels=("fb_spend",))
    assert [(c.column, c.exposure_column) for c in roles.channels] == [("fb_spend", "fb_imp")]
    assert reason(roles, "tiktok_imp") == "not among the columns named by --channels"
    roles = roles_of(columns, channels=("fb_spend", "fb_imp"))
    assert [(c.column, c.measure, c.exposure_column) for c in roles.channels] == [
        ("fb_spend", "spend", None),
        ("fb_imp", "impressions", None),
    ]


def test_exposure_without_spend_is_modelled():
    roles = roles_of({"sales": kpi(), "affiliate_clicks": media(2), "tiktok_impressions": media(3)})
    assert {c.column: (c.measure, c.share_of_spend) for c in roles.channels} == {
        "affiliate_clicks": ("clicks", None),
        "tiktok_impressions": ("impressions", None),
    }


def test_bare_names_too_large_to_be_money_are_exposure():
    roles = roles_of({"sales": kpi(), "tv": media(1) * 1e4, "trade_spend": media(2)})
    assert [c.measure for c in roles.channels] == ["impressions", "spend"]
    assert "measure_uncertain" in codes(roles)
    assert [c.measure for c in roles_of({"orders": kpi() / 100, "tv": media(1) * 100}).channels] == ["spend"]


def test_bare_email_is_owned_beside_columns_that_name_their_measure():
    assert kinds(roles_of({"sales": kpi(), "tv_spend": media(1), "email": media(2)})) == {"email": "organic"}
    assert len(roles_of({"sales": kpi(), "tv": media(1), "email": media(2)}).channels) == 2


def test_letters_at_the_end_are_measures_where_the_file_writes_them_so():
    coded = roles_of({"sales": kpi(), "tv_S": media(1), "fb_C": media(2), "fb_S": media(3)})
    assert [(c.column, c.exposure_column) for c in coded.channels] == [("tv_S", None), ("fb_S", "fb_C")]
    assert channels(roles_of({"sales": kpi(), "tv_B": media(1), "tv_C": media(2)})) == ["tv_B", "tv_C"]


def test_a_display_in_shops_is_no_medium():
    assert kinds(roles_of({"sales": kpi(), "TV": media(1), "Display": shares()})) == {"Display": "promotion"}
    assert channels(roles_of({"sales": kpi(), "TV": media(1), "Display": media(2)})) == ["TV", "Display"]
    assert channels(roles_of({"sales": kpi(), "TV": shares(1), "Display": shares(2)})) == ["TV", "Display"]
    with pytest.raises(InputError, match="no media channel"):
        roles_of({"sales": kpi(), "Display": shares(1), "Ad": shares(2), "price": index()})


def test_brands_named_like_words_are_labels():
    columns = {}
    for i, brand in enumerate(("Budget", "Zorro", "Quux")):
        columns |= {f"Sales_{brand}": kpi(i), f"Price_{brand}": index(i), f"TV_{brand}": media(i)}
    roles = roles_of(columns)
    assert roles.target == "Sales_Budget"
    assert channels(roles) == ["TV_Budget", "TV_Zorro", "TV_Quux"]


# --- the target --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        (("orders", "revenue", "leads"), "revenue"), (("Google conversions", "conversions"), "conversions"),
        (("online sales", "total sales"), "total sales"), (("new_customers", "units"), "units"),
        (("promo_sales", "sales"), "sales"), (("facebook_revenue", "leads"), "leads"),
        (("footfall", "sessions"), "footfall"), (("prescriptions", "sales"), "sales"),
        (("sales_ly", "sales_plan", "sales"), "sales"),
    ],
)  # fmt: skip
def test_the_plainest_kpi_is_taken(columns, target):
    roles = roles_of({"tv_spend": media(1)} | {name: kpi(i) for i, name in enumerate(columns)})
    assert roles.target == target
    assert all(c.evidence for c in roles.candidates)


def test_a_kpi_that_sums_others_is_taken_before_them():
    parts = {"sales shop": kpi(1), "sales web": kpi(2), "sales b": kpi(3)}
    roles = roles_of({**parts, "sales all": sum(parts.values()), "tv_spend": media(1)})
    assert roles.target == "sales all"
    assert "the sum of" in roles.candidates[0].evidence
    assert {reason(roles, name).split(" (")[0] for name in parts} == {
        "another outcome than the target 'sales all', an effect rather than a cause"
    }


def test_rival_targets_are_told():
    roles = roles_of({"sales_north": kpi(1), "sales_south": kpi(2), "tv_spend": media()})
    assert roles.target == "sales_north"
    assert "--target" in warning(roles, "target_uncertain").message


def test_a_kpi_of_last_resort_is_told():
    roles = roles_of({"store visits": kpi(), "tv_spend": media()})
    assert roles.target == "store visits"
    assert "little evidence" in warning(roles, "target_uncertain").message


def client(seed, names):
    """Return columns whose names tell nothing, in any order, and what they are: a KPI, channels, a price, a mark."""
    rng = np.random.default_rng(seed)
    bought = [rng.gamma(2, 500 * (i + 1), WEEKS) * ((rng.random(WEEKS) > 0.4) | (i == 1)) for i in range(3)]
    price, promo = 10 + rng.normal(0, 0.4, WEEKS), mark(seed)
    carried = [pd.Series(m).ewm(alpha=0.6).mean().to_numpy() for m in bought]
    sales = 9000 + sum(carried) - 400 * (price - 10) + 900 * promo + rng.normal(0, 400, WEEKS)
    parts = [("kpi", sales), *(("media", m) for m in bought), ("other", price), ("other", promo)]
    shuffled = [parts[i] for i in rng.permutation(len(parts))]
    return {n: v for n, (_, v) in zip(names, shuffled, strict=False)}, {
        n: what for n, (what, _) in zip(names, shuffled, strict=False)
    }


@pytest.mark.parametrize("names", [[f"col_{i}" for i in range(6)], [f"Series {c}" for c in "ABCDEI"],
                                   ["aq", "bw", "ce", "dr", "ey", "fu"]])  # fmt: skip
def test_nameless_columns_are_found_by_content_or_refused(names):
    right = wrong = 0
    for seed in range(12):
        columns, truth = client(seed, names)
        roles = None
        with contextlib.suppress(InputError):
            roles = roles_of(columns)
        if roles is None:
            continue
        right += truth[roles.target] == "kpi"
        wrong += truth[roles.target] != "kpi"
        if truth[roles.target] == "kpi":
            assert {truth[c] for c in channels(roles)} == {"media"}
            assert len(roles.channels) == 3
            assert {"target_uncertain", "channels_uncertain"} <= codes(roles)
            assert all(c.confidence < 0.5 for c in roles.channels)
    assert right >= 6
    assert wrong <= 1


def test_a_family_of_names_is_settled_and_told():
    columns = {
        "y": kpi(), "x1": media(1, pause=0), "x2": media(2), "z": index(), "event_1": mark(1), "event_2": mark(2),
        "t": np.arange(WEEKS), "y01": kpi(4), "w": np.arange(WEEKS) * 0.5 - 3,
    }  # fmt: skip
    roles = roles_of(columns)
    assert channels(roles) == ["x1", "x2"]
    assert kinds(roles) == {"z": "other", "event_1": "event", "event_2": "event", "t": "other"}
    assert "variant of the target" in reason(roles, "y01")
    assert "counter" in reason(roles, "w")
    assert "--channels" in warning(roles, "channels_uncertain").message
    assert warning(roles, "controls_uncertain").cure == "if wrong, set --controls"


def test_a_name_without_meaning_that_runs_like_bare_channels_is_one():
    bare = roles_of({"sales": kpi(), "TV": media(1), "Radio": media(2), "NPP": media(3), "Other": media(4)})
    assert channels(bare) == ["TV", "Radio", "NPP", "Other"]
    assert "'NPP'" in warning(bare, "channels_uncertain").message
    measured = roles_of({"sales": kpi(), "tv_spend": media(1), "radio_spend": media(2), "NPP": media(3)})
    assert kinds(measured) == {"NPP": "other"}
    by_hand = roles_of({"sales": kpi(), "TV": media(1), "NPP": media(3)}, channels=("TV",))
    assert kinds(by_hand) == {"NPP": "other"}


# --- what is given by hand, and what is refused ------------------------------------------------------------


def test_what_is_given_by_hand_wins():
    columns = {"sales": kpi(1), "tv_spend": media(1), "radio_spend": media(2), "price": index(1), "gdp": index(2)}
    roles = roles_of(columns, target="gdp", channels=("sales", "tv_spend"), controls=("radio_spend",))
    assert roles.target == "gdp"
    assert {c.column: (c.channel_type, c.confidence) for c in roles.channels} == {
        "sales": ("other", 1.0),
        "tv_spend": ("video_tv", 1.0),
    }
    assert kinds(roles) == {"radio_spend": "other"}
    assert reason(roles, "price") == "not among the columns named by --controls"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"tv_spend": media(), "blah": index()},
            "no column looks like the KPI among 'tv_spend', 'blah'; name it with --target",
        ),
        ({"tv_spend": media(), "sales": np.ones(WEEKS)}, "the target 'sales' is constant in the training periods"),
        (
            {"sales": kpi(), "price": index()},
            "no media channel found among 'sales', 'price'; name them with --channels",
        ),
    ],
)
def test_data_without_target_or_media_are_refused(columns, message):
    with pytest.raises(InputError, match=message):
        roles_of(columns)


def test_every_choice_has_a_reason_and_a_confidence():
    columns = {
        "sales": kpi(),
        "tv_spend": media(1),
        "orders": kpi(1),
        "price": index(),
        "zz": index(2),
        "year": index(),
    }
    roles = roles_of(columns | {"tv_imps": media(3), "sales_lag": kpi(5), "total_spend": media(1) * 3})
    chosen = [*roles.channels, *roles.controls, *roles.ignored]
    assert {c.column for c in chosen} == {*columns, "tv_imps", "sales_lag", "total_spend"} - {"sales"}
    assert all(0 < c.confidence <= 1 for c in chosen)
    assert all(c.evidence for c in (*roles.channels, *roles.controls))
    assert all(c.reason for c in roles.ignored)
