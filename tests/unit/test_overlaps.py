"""Columns left out for what others hold: totals, leaks, parts and copies, found by their values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_roles import WEEKS, channels, index, kinds, kpi, mark, media, reason, roles_of

from mmm_builder.profiling.leaks import target_leaks
from mmm_builder.profiling.redundant import parts_of, row_totals, same_lines


def plain(**more):
    return {
        "sales": kpi(),
        "tv_spend": media(1),
        "radio_spend": media(2),
        "fb_spend": media(3),
        "price": index(),
    } | more


def test_row_totals_name_their_parts():
    digital, everything = media(3) + media(4), media(1) + media(2) + media(3) + media(4)
    roles = roles_of(
        plain(google_spend=media(4), digital_spend=digital, **{"Werbung EUR": everything.round(0), "qqq": everything})
    )
    assert channels(roles) == ["tv_spend", "radio_spend", "fb_spend", "google_spend"]
    assert reason(roles, "digital_spend") == "a row total, the sum of 'fb_spend', 'google_spend'"
    for name in ("Werbung EUR", "qqq"):
        assert reason(roles, name).startswith("a row total, the sum of 'tv_spend', 'radio_spend', 'fb_spend', 'google")


def test_a_total_by_name_alone_is_left_out_beside_single_channels():
    roles = roles_of(plain(total_spend=media(1) + media(2) + media(3) + media(9)))
    assert "total_spend" not in channels(roles)
    assert channels(roles_of({"sales": kpi(), "total_spend": media(1)})) == ["total_spend"]
    assert "Total TV Spend" in channels(roles_of({"sales": kpi(), "Total TV Spend": media(1), "radio_spend": media(2)}))


def test_missing_cells_hide_no_total_and_blanks_may_be_zeros():
    table = pd.DataFrame({"a": media(1), "b": media(2), "c": media(3)})
    table["all"] = table.sum(axis=1)
    holes = table.mask(np.random.default_rng(3).random(table.shape) < 0.03)
    assert row_totals(holes, list(holes)) == {"all": ("a", "b", "c")}
    blank = table.where(table > 0)
    assert row_totals(blank, list(blank)) == {"all": ("a", "b", "c")}


@settings(max_examples=60)
@given(
    st.integers(2, 5), st.integers(0, 5), st.integers(0, 10_000), st.sampled_from([0, 1, 2]), st.sampled_from([1, 1000])
)
def test_totals_are_found_whatever_stands_beside(n_parts, n_others, seed, decimals, scale):
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(n_parts + n_others)]
    table = pd.DataFrame({n: (rng.gamma(2, 100 * scale, WEEKS) * (rng.random(WEEKS) > 0.3)).round(2) for n in names})
    table["all"] = table[names[:n_parts]].sum(axis=1).round(decimals)
    assert row_totals(table, list(table)) == {"all": tuple(names[:n_parts])}
    assert row_totals(table[names], names) == {}


LEAKS = {
    "x": (lambda y, m: y.copy(), "a copy of the target 'sales'"),
    "brutto": (lambda y, m: y * 1.19, "a copy of the target 'sales' in another unit"),
    "cents": (lambda y, m: 5 - 100 * y, "a copy of the target 'sales' in another unit"),
    "u": (lambda y, m: shifted(y, 1), "the target 'sales' of the period before"),
    "before": (lambda y, m: shifted(y, 52), "the target 'sales' of 52 periods before"),
    "ahead": (lambda y, m: shifted(y, -1), "the target 'sales' of the period after"),
    "rest": (lambda y, m: y - 3 * m, "the target 'sales' without 'tv_spend'"),
    "near": (lambda y, m: y + np.random.default_rng(0).normal(0, 20, WEEKS), "moves with the target 'sales' almost"),
}


def shifted(values, steps):
    return pd.Series(values).shift(steps).to_numpy()


@pytest.mark.parametrize("name", LEAKS)
def test_columns_that_hold_the_answer_are_left_out(name):
    make, told = LEAKS[name]
    columns = plain()
    columns["sales"] = columns["sales"] + 3 * columns["tv_spend"]
    roles = roles_of(columns | {name: make(columns["sales"], columns["tv_spend"])})
    assert reason(roles, name).startswith(told)


def test_plain_media_and_far_columns_are_no_leaks():
    columns = plain()
    columns["sales"] = 100 + 3 * columns["tv_spend"]
    roles = roles_of(columns)
    assert "tv_spend" in channels(roles)
    assert "price" in kinds(roles)


def test_past_values_are_compared_within_one_unit():
    one, two = kpi(1), kpi(2)
    numbers = pd.DataFrame({"sales": np.r_[one, two], "u": np.r_[shifted(one, 1), shifted(two, 1)]})
    first = np.r_[np.ones(WEEKS, bool), np.zeros(WEEKS, bool)]
    assert list(target_leaks(numbers, "sales", ["u"], ["u"], first)) == ["u"]


def test_a_part_of_the_kpi_with_a_control_word_is_an_outcome():
    sales = kpi()
    part = sales * 0.2 * np.random.default_rng(1).normal(1, 0.01, WEEKS)
    assert "another outcome" in reason(roles_of(plain(promo_sales=part)), "promo_sales")
    assert kinds(roles_of(plain(promo_sales=index(7))))["promo_sales"] == "promotion"


def test_copies_of_columns_are_left_out():
    roles = roles_of(plain(tv_spend_k=media(1) / 1000, temp_c=index(3), temp_f=index(3) * 1.8 + 32, qq=media(2) * 2))
    assert reason(roles, "tv_spend_k").startswith("'tv_spend' in another unit")
    assert reason(roles, "temp_f").startswith("'temp_c' in another unit")
    assert reason(roles, "qq").startswith("'radio_spend' in another unit")


def test_different_things_that_run_alike_are_kept():
    roles = roles_of(plain(ooh_spend=media(1), easter=mark(1), spring=mark(1), tv_imps=media(1) * 50))
    assert {"tv_spend", "ooh_spend"} <= set(channels(roles))
    assert {"easter", "spring"} <= set(kinds(roles))
    assert roles.channels[0].exposure_column == "tv_imps"


def test_spend_told_twice_is_used_once():
    net = media(1) * np.random.default_rng(1).normal(1, 0.02, WEEKS)
    roles = roles_of({"sales": kpi(), "TV Spend Gross": media(1), "TV Spend Net": net, "Radio Spend": media(2)})
    assert channels(roles) == ["TV Spend Net", "Radio Spend"]
    apart = roles_of({"sales": kpi(), "TV_Brand_spend": media(1), "TV_DR_spend": media(1) + media(9) / 20})
    assert len(apart.channels) == 2


def test_other_forms_of_a_column_are_left_out():
    roles = roles_of(plain(log_tv_spend=np.log1p(media(1)), tv_adstock=media(8)))
    assert reason(roles, "log_tv_spend").startswith("'tv_spend' in another form")
    assert "leak" in reason(roles, "tv_adstock")
    assert channels(roles_of({"sales": kpi(), "tv_scaled": media(1)})) == ["tv_scaled"]


def test_nameless_parts_of_a_control_are_left_out():
    time = np.arange(WEEKS)
    sine, cosine = np.sin(time / 8), np.cos(time / 8)
    roles = roles_of(plain(seasonality=sine + cosine, ss=sine, cc=cosine, zz=index(9)))
    assert reason(roles, "ss").startswith("a part of 'seasonality'")
    assert {"seasonality", "zz"} <= set(kinds(roles))
    table = pd.DataFrame({"a": sine, "b": cosine, "c": index(9)})
    assert parts_of(table.assign(whole=2 * sine - cosine), ["whole"], ["a", "b", "c"]) == {"a": "whole", "b": "whole"}


def test_lines_are_the_same_whatever_their_unit():
    table = pd.DataFrame({"a": media(1), "b": 7 - 3 * media(1), "c": media(2), "d": media(1) + media(2) / 20})
    assert same_lines(table, list(table)) == [("a", "b")]
    gappy = table.assign(a=table["a"].where(np.arange(WEEKS) > 9))
    assert same_lines(gappy, list(table)) == [("a", "b")]


def test_constants_and_empty_columns_are_left_out_with_the_reason():
    roles = roles_of(plain(orders=kpi(3), holiday=np.zeros(WEEKS), gap=np.full(WEEKS, np.nan)))
    assert "constant" in reason(roles, "holiday")
    assert "no values" in reason(roles, "gap")
    assert "another outcome" in reason(roles, "orders")
