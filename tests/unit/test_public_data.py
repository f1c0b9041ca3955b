"""Public data, where they are at hand: the reader finds their roles without help, or says why they can not be used."""

import pytest

from mmm_builder.errors import InputError
from mmm_builder.profiling.profile import profile_file
from mmm_builder.settings import Columns

ROBYN = ("tv_S ooh_S print_S search_S facebook_S", "competitor_sales_B events newsletter")
PUBLIC = {
    "robyn_dt_simulated_weekly": ("DATE", "revenue", *ROBYN),
    "excel_errors_dash_zero": ("DATE", "revenue", *ROBYN),
    "us_total_row_and_title": ("DATE", "revenue", *ROBYN),
    "us_shuffled_dups_gaps": ("DATE", "revenue", *ROBYN),
    "monthly_mon_yyyy": ("DATE", "revenue", ROBYN[0], "competitor_sales_B newsletter"),
    "pymc_mmm_example": ("date_week", "y", "x1 x2", "event_1 event_2 t"),
    "pymc_mmm_multidimensional_example": ("date", "y", "x1 x2", "event_1 event_2"),
    "pymc_mmm_roas_data": ("date", "y", "x1 x2", "trend seasonality z"),
    "meridian_national_all_channels": (
        "time", "conversions", "Channel0_spend Channel1_spend Channel2_spend Channel3_spend Channel4_spend",
        "Organic_channel0_impression competitor_sales_control sentiment_score_control Promo",
    ),
    "meridian_geo_media": (
        "time", "conversions", "Channel0_spend Channel1_spend Channel2_spend Channel3_spend",
        "competitor_activity_score_control sentiment_score_control",
    ),
    "bahrami_k_eur": (
        "date", "sales_k_eur", "search_ads_k_eur social_ads_k_eur email_ads_k_eur",
        "discount_pct competitor_price_index",
    ),
    "biplob_india_national": (
        "date", "sales", "tv youtube facebook instagram print_media radio trade_spend",
        "cpi gdp_growth festival rainfall",
    ),
    "bike_sales_usdate_weekly": (
        "Week", "sales",
        "branded_search_spend nonbranded_search_spend facebook_spend print_spend ooh_spend tv_spend radio_spend", "",
    ),
    "pharma_pain_killer_semicolon": (
        "date", "sales", "tv social_media events trade sales_force",
        "competitor_market_share competitor_mkt_halo prescriptions",
    ),
    "lydia_pinkham_annual": ("year", "sales", "advertising", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_public_data_are_read_right_without_help(public_data, name):
    date, target, channels, controls = PUBLIC[name]
    profile, table = profile_file(public_data(name), Columns(), 0.2)
    assert (profile.date_column, profile.target_column) == (date, target)
    assert [c.column for c in profile.channels] == channels.split()
    assert [c.column for c in profile.controls] == controls.split()
    assert table.drop(columns=target).notna().all(axis=None)


def test_names_with_blanks_and_many_columns(public_data):
    profile, _ = profile_file(public_data("rabinoff_contrived_weekly"), Columns(), 0.2)
    assert [c.channel_type for c in profile.channels] == [
        "video_tv", "radio", "video_tv", "social", "search", "direct_mail",
    ]  # fmt: skip
    profile, _ = profile_file(public_data("mmm_stan_he_data"), Columns(), 0.2)
    assert len(profile.channels) == 11
    assert [c.column for c in profile.channels if c.measure != "spend"] == ["mdip_aff"]
    assert {"yr_nbr", "wk_nbr", "prd"} <= {i.column for i in profile.ignored}


@pytest.mark.parametrize("name", ["ru_cp1251_semicolon_decimalcomma", "de_cp1252_euro", "zh_utf8_cn_dates"])
def test_the_same_data_in_other_languages_give_the_same_figures(public_data, name):
    _, english = profile_file(public_data("robyn_dt_simulated_weekly"), Columns(), 0.2)
    profile, table = profile_file(public_data(name), Columns(), 0.2)
    spend = [c.column for c in profile.channels]
    assert len(spend) == 5
    assert all(c.exposure_column for c in profile.channels if c.channel_type in ("social", "search"))
    sums = sorted(table[[profile.target_column, *spend]].sum())
    assert sums == pytest.approx(sorted(english[["revenue", *ROBYN[0].split()]].sum()), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anupam_daily28", "28 days .* too short"),
        ("geolift_test_investment", "15 days .* too short"),
        ("chocolate_pt_semicolon_decimalcomma", "no date column: 'semana'"),
    ],
)
def test_public_data_that_cannot_be_modelled_are_refused(public_data, name, expected):
    with pytest.raises(InputError, match=expected):
        profile_file(public_data(name), Columns(), 0.2)
