"""Roles of columns, by name and by content."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.errors import InputError
from mmm_builder.reading.column_rules import channel_type_of, number_facts, read_column, text_facts
from mmm_builder.reading.naming import first_said, fold, says, stem, vocabulary
from mmm_builder.reading.roles import assign_roles
from mmm_builder.settings import Columns

WEEKS = 80
ONE_UNIT = np.ones(WEEKS, dtype=bool)


def media(seed=0, pause=0.3):
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 100.0, WEEKS) * (rng.random(WEEKS) > pause)


def mark(seed=0):
    return (np.random.default_rng(seed).random(WEEKS) < 0.2).astype(float)


def kpi(seed=0):
    return 5000 + np.random.default_rng(seed).normal(0, 300, WEEKS)


def index(seed=0):
    return 100 + np.random.default_rng(seed).normal(0, 5, WEEKS)


def roles_of(columns, **given):
    numbers = pd.DataFrame(columns)
    facts = {name: number_facts(name, numbers[name], ONE_UNIT) for name in numbers}
    return assign_roles(facts, numbers, Columns(**given), "data.csv")


def reason(roles, column):
    return next(i.reason for i in roles.ignored if i.column == column)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Store sales", "target"), ("Gross Revenue (EUR)", "target"), ("Выручка", "target"), ("Umsatz netto", "target"),
        ("销售额", "target"), ("y", "target"), ("new_orders", "target"),
        ("tv_spend", "channel"), ("Kosten Radio", "channel"), ("Расход Яндекс", "channel"), ("电视花费", "channel"),
        ("promo_sales_spend", "channel"), ("sales force", "channel"), ("YouTube", "channel"),
        ("TikTokClicks", "channel"),
        ("OOH GRPs", "channel"), ("Реклама на радио", "channel"), ("Werbung Plakat", "channel"),
        ("dv360_cost", "channel"),
        ("competitor_tv_spend", "control"), ("Umsatz Konkurrenz", "control"), ("продажи конкурента", "control"),
        ("竞品价格", "control"), ("average price", "control"), ("discount_depth", "control"), ("Temperatur", "control"),
        ("organic_impressions", "control"), ("newsletter", "control"), ("sms_impressions", "control"),
        ("Инфляция", "control"),
        ("tv_effect", "ignored"), ("x1_adstock", "ignored"), ("epsilon", "ignored"), ("search_cpc", "ignored"),
        ("revenue_per_order", "ignored"), ("population", "ignored"), ("website visits", "ignored"),
        ("wk_nbr", "ignored"),
        ("dayofyear", "ignored"), ("Jahr", "ignored"), ("месяц", "ignored"),
        ("zz_top", "unknown"),
    ],
)  # fmt: skip
def test_what_a_name_says(name, role):
    assert read_column(number_facts(name, pd.Series(media()), ONE_UNIT)).role == role


@pytest.mark.parametrize(
    ("name", "channel_type"),
    [
        ("paid_search_cost", "search"), ("Google Ads", "search"), ("PLA spend", "search"),
        ("Яндекс Директ расход", "search"),
        ("FB_imp", "social"), ("tiktok", "social"), ("ВК бюджет", "social"), ("微信花费", "social"),
        ("Display", "display"),
        ("DV360", "display"), ("баннеры", "display"), ("tv", "video_tv"), ("Online Video", "video_tv"),
        ("YouTube Ads", "video_tv"), ("Fernsehwerbung", "video_tv"), ("spend_radio", "radio"), ("Podcast", "radio"),
        ("Zeitungsanzeigen", "print"), ("OOH", "ooh"), ("Наружная реклама", "ooh"), ("户外广告", "ooh"),
        ("e-mail cost", "email"), ("affiliate_spend", "affiliate"), ("Influencers", "influencer"),
        ("direct mail", "direct_mail"), ("channel_7_spend", "other"),
    ],
)  # fmt: skip
def test_channel_types(name, channel_type):
    assert channel_type_of(name)[0] == channel_type


def test_every_word_of_the_vocabulary_finds_itself():
    for key in ("date", "panel", "media", "competitor", "derived", "mediator", "total"):
        for word in vocabulary()[key]:
            assert says(key, str(word).strip("*^$")), f"{key}: {word}"
    for group in ("measures", "channel_types", "controls"):
        for key, words in vocabulary()[group].items():
            for word in words:
                assert says(f"{group}.{key}", str(word).strip("*^$")), f"{group}.{key}: {word}"


def test_a_word_inside_another_is_not_found():
    assert first_said("channel_types", "activity") is None
    assert says("measures.spend", "s_index") is None
    assert not says("organic", "seoul")


def test_folding():
    assert fold("TV-Ausgaben (€)") == "tv ausgaben"
    assert fold("hldy_Father's Day") == "hldy fathers day"
    assert stem("facebook_S") == stem("facebook_I") == "facebook"
    assert stem("Channel0_spend") == stem("Channel0_impression")


def test_roles_keep_the_order_of_the_file_and_shares_add_up():
    roles = roles_of(
        {"tv_spend": media(1), "sales": kpi(), "search_spend": media(2), "price": index(), "radio": media(3)}
    )
    assert [c.column for c in roles.channels] == ["tv_spend", "search_spend", "radio"]
    assert sum(c.share_of_spend for c in roles.channels) == pytest.approx(1.0)
    assert [c.kind for c in roles.controls] == ["price"]
    assert roles.channels[0].zero_share == pytest.approx((media(1) == 0).mean())


def test_spend_is_paired_with_exposure_by_name_and_by_type():
    clicks = media(2) * 3.1
    roles = roles_of(
        {"sales": kpi(), "fb_spend": media(1), "fb_imp": media(5), "google_cost": media(2), "search_clicks": clicks}
    )
    assert {c.column: c.exposure_column for c in roles.channels} == {
        "fb_spend": "fb_imp",
        "google_cost": "search_clicks",
    }
    assert reason(roles, "fb_imp").startswith("exposure of channel 'fb_spend'")


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
    roles = roles_of(
        {"sales": kpi(), "tv_spend": media(1), "affiliate_clicks": media(2), "tiktok_impressions": media(3)}
    )
    shown = {c.column: (c.measure, c.share_of_spend) for c in roles.channels}
    assert shown["affiliate_clicks"] == ("clicks", None)
    assert shown["tiktok_impressions"] == ("impressions", None)


def test_bare_names_too_large_to_be_money_are_exposure():
    roles = roles_of({"sales": kpi(), "tv": media(1) * 1e4, "trade_spend": media(2)})
    assert [c.measure for c in roles.channels] == ["impressions", "spend"]
    assert "measure_uncertain" in {w.code for w in roles.warnings}


def test_bare_email_is_owned_beside_columns_that_name_their_measure():
    assert [c.kind for c in roles_of({"sales": kpi(), "tv_spend": media(1), "email": media(2)}).controls] == ["organic"]
    assert len(roles_of({"sales": kpi(), "tv": media(1), "email": media(2)}).channels) == 2


def test_anonymous_names_are_settled_by_content_and_told():
    columns = {
        "y": kpi(),
        "x1": media(1, pause=0),
        "x2": media(2),
        "z": index(),
        "event_1": mark(1),
        "event_2": mark(2),
    }
    roles = roles_of(columns | {"t": np.arange(WEEKS), "y01": kpi(4), "w": np.arange(WEEKS) * 0.5 - 3})
    assert [c.column for c in roles.channels] == ["x1", "x2"]
    assert {c.column: c.kind for c in roles.controls} == {"z": "other", "event_1": "event", "event_2": "event"}
    assert "calendar" in reason(roles, "t")
    assert "variant of the target" in reason(roles, "y01")
    assert "counter" in reason(roles, "w")
    told = {w.code: w.message for w in roles.warnings}
    assert "--channels" in told["channels_uncertain"]
    assert "--controls" in told["controls_uncertain"]


def test_copies_constants_and_other_outcomes_are_ignored_with_the_reason():
    roles = roles_of(
        {"revenue": kpi(), "tv_spend": media(), "netto": kpi(), "orders": kpi(3), "holiday": np.zeros(WEEKS)}
    )
    assert roles.target == "revenue"
    assert [c.column for c in roles.candidates] == ["revenue", "orders"]
    assert "copy of the target" in reason(roles, "netto")
    assert "another outcome" in reason(roles, "orders")
    assert "constant" in reason(roles, "holiday")


def test_rival_targets_are_told():
    roles = roles_of({"sales_north": kpi(1), "sales_south": kpi(2), "tv_spend": media()})
    assert roles.target == "sales_north"
    assert "--target" in next(w.message for w in roles.warnings if w.code == "target_uncertain")


def test_events_are_amounts_or_marks():
    assert read_column(number_facts("events", pd.Series(media()), ONE_UNIT)).role == "channel"
    assert read_column(number_facts("events", pd.Series(mark()), ONE_UNIT)).role == "control"
    assert read_column(text_facts("events", pd.Series(["na"] * 9 + ["fair"]))).kind == "event"
    assert read_column(text_facts("events", pd.Series(["na"] * 9))).role == "ignored"
    assert read_column(text_facts("notes", pd.Series([f"note {i}" for i in range(9)]))).role == "ignored"


def test_what_is_given_by_hand_wins():
    columns = {"sales": kpi(1), "tv_spend": media(1), "radio_spend": media(2), "price": index(1), "gdp": index(2)}
    roles = roles_of(columns, target="gdp", channels=("sales", "tv_spend"), controls=("radio_spend",))
    assert roles.target == "gdp"
    assert {c.column: (c.channel_type, c.confidence) for c in roles.channels} == {
        "sales": ("other", 1.0),
        "tv_spend": ("video_tv", 1.0),
    }
    assert [c.column for c in roles.controls] == ["radio_spend"]
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
