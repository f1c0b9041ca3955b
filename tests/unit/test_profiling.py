"""The reader as a whole: what is accepted, what is refused and how it is said, and what the machine may know."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.panel import read_holdout, read_panel
from mmm_builder.profiling.profile import profile_file
from mmm_builder.reporting.section_learnings import ADVICE_BY_WARNING
from mmm_builder.settings import Columns
from mmm_builder.stage import ERROR_MARK
from scripts.data_analyzer import analyze_file

WRONG_INPUT = Path(__file__).parent / "wrong_input"
ANALYZER = Path(__file__).resolve().parents[2] / "scripts" / "data_analyzer.py"


def profile_of(table, folder, test_size=0.2, **given):
    file = folder / "data.csv"
    table.to_csv(file, index=False)
    return profile_file(file, Columns(**given), test_size, path_as_given="data.csv")


def codes(profile):
    return [warning.code for warning in profile.warnings]


def message(profile, code):
    return next(w.message for w in profile.warnings if w.code == code)


# --- what is accepted --------------------------------------------------------------------------------------


def test_a_plain_file(tmp_path, weekly_table):
    profile, table = profile_of(weekly_table, tmp_path)
    assert (profile.date_column, profile.frequency, profile.target_column) == ("date", "weekly", "revenue")
    assert [c.column for c in profile.channels] == ["tv_spend", "search_spend"]
    assert [(c.column, c.kind) for c in profile.controls] == [("avg_price", "price"), ("promo", "promotion")]
    assert (profile.n_periods, profile.n_train, profile.train_end) == (120, 96, "2024-10-28")
    assert codes(profile) == ["short_history"], "96 training weeks, else nothing"
    for column in weekly_table.columns[1:]:
        assert np.array_equal(table[column], weekly_table[column])


def test_shares_are_of_the_training_periods(tmp_path, weekly_table):
    profile, _ = profile_of(weekly_table, tmp_path)
    training = weekly_table.iloc[: profile.n_train]
    spent = training[["tv_spend", "search_spend"]].sum()
    assert [c.share_of_spend for c in profile.channels] == pytest.approx(list(spent / spent.sum()))
    assert profile.channels[0].zero_share == pytest.approx((training["tv_spend"] == 0).mean())


@pytest.mark.parametrize("test_size", [0.1, 0.2, 0.35])
def test_the_written_dataset_hides_the_held_out_kpi_and_nothing_else(tmp_path, weekly_table, test_size):
    csv, output, dataset, holdout = (tmp_path / n for n in ("data.csv", "profile.json", "dataset.csv", "holdout.csv"))
    weekly_table.to_csv(csv, index=False)
    analyze_file(csv, output=output, dataset=dataset, holdout=holdout, test_size=test_size)
    profile = DataProfile.read(output)
    panel, held_out = read_panel(dataset, profile), read_holdout(holdout, profile)
    assert panel.sizes["date"] == 120
    assert np.array_equal(np.isfinite(panel["kpi"]).squeeze(), panel["is_training"])
    assert held_out.sizes["date"] == 120 - profile.n_train
    kpi = np.concatenate([panel["kpi"].values[: profile.n_train], held_out.values]).ravel()
    assert np.array_equal(kpi, weekly_table["revenue"])
    assert np.isfinite(panel["spend"]).all()
    assert np.isfinite(panel["controls"]).all()


def test_held_out_kpi_values_change_nothing_but_the_digest(tmp_path, weekly_table):
    weekly_table["orders"] = (weekly_table["revenue"] / 30).round()
    weekly_table["x1"] = np.random.default_rng(3).gamma(2, 3, len(weekly_table)).round(3)
    other = weekly_table.copy()
    other.loc[96:, "revenue"] = np.random.default_rng(4).gamma(1, 1e7, 24).round(1) - 5e6
    profiles = []
    for name, table in (("a", weekly_table), ("b", other)):
        csv = tmp_path / name / "data.csv"
        csv.parent.mkdir()
        table.to_csv(csv, index=False)
        out = {k: tmp_path / name / k for k in ("output", "dataset", "holdout")}
        profiles.append(analyze_file(csv, **out, path_as_given="data.csv").model_dump())
    digests = [profile["source"].pop("sha256") for profile in profiles]
    assert digests[0] != digests[1]
    assert profiles[0] == profiles[1]
    assert (tmp_path / "a/dataset").read_bytes() == (tmp_path / "b/dataset").read_bytes()
    assert (tmp_path / "a/holdout").read_bytes() != (tmp_path / "b/holdout").read_bytes()


def test_order_of_rows_and_repetitions_do_not_matter(tmp_path, weekly_table):
    _, plain = profile_of(weekly_table, tmp_path)
    shuffled = pd.concat([weekly_table, weekly_table.iloc[[3, 50]]]).sample(frac=1, random_state=1)
    profile, table = profile_of(shuffled, tmp_path)
    pd.testing.assert_frame_equal(table, plain)
    assert codes(profile) == ["duplicate_rows_merged", "short_history"]
    assert profile.source.n_rows == 122


def test_missing_periods_are_filled_in_stated_ways(tmp_path, weekly_table):
    gaps = [10, 40, 110]
    profile, table = profile_of(weekly_table.drop(index=gaps), tmp_path)
    assert list(profile.missing_periods) == list(weekly_table["date"][gaps])
    assert codes(profile)[:3] == ["missing_periods", "kpi_missing_training", "kpi_missing_held_out"]
    filled = table.iloc[gaps]
    assert (filled["tv_spend"] == 0).all()
    assert (filled["promo"] == 0).all()
    assert list(filled["avg_price"]) == list(weekly_table["avg_price"][[g - 1 for g in gaps]])
    for gap in (10, 40):
        neighbours = weekly_table["revenue"][[gap - 1, gap + 1]]
        assert table["revenue"][gap] == pytest.approx(neighbours.mean())
    assert np.isnan(table["revenue"][110])


def test_a_gap_at_the_end_of_training_never_sees_the_held_out_kpi(tmp_path, weekly_table):
    for held_out in (1.0, 1e9):
        table = weekly_table.copy()
        table.loc[95, "revenue"] = np.nan
        table.loc[96:, "revenue"] = held_out + np.arange(24)
        _, done = profile_of(table, tmp_path)
        assert done["revenue"][95] == weekly_table["revenue"][94]


def two_regions(table):
    return pd.concat([table.assign(region=r, revenue=table["revenue"] * k) for k, r in ((1, "B"), (2, "A"))])


def test_held_out_controls_fill_no_training_row(tmp_path, weekly_table):
    both = two_regions(weekly_table)
    of_a, of_b = both["region"] == "A", both["region"] == "B"
    both.loc[of_a & (both.index < 100), "avg_price"] = np.nan
    both.loc[of_b & both.index.isin([0, 96]), "avg_price"] = np.nan
    known = both.loc[of_b, "avg_price"]
    filled = []
    for factor in (1.0, 50.0):
        other = both.assign(avg_price=both["avg_price"].where(both.index < 96, both["avg_price"] * factor))
        _, table = profile_of(other, tmp_path)
        filled.append(np.column_stack([table.loc[table["region"] == unit, "avg_price"] for unit in "AB"]))
    assert np.array_equal(filled[0][:96], filled[1][:96])
    price_a, price_b = filled[0].T
    assert price_b[0] == known[1], "the next training value of the unit"
    assert price_b[96] == known[95], "the last value, of training too"
    assert price_a[:100] == pytest.approx(np.full(100, price_b[1:96].mean())), "nothing known: the training mean"
    assert np.array_equal(price_a[100:], weekly_table["avg_price"][100:])


def test_too_many_gaps_are_refused_with_the_dates(tmp_path, weekly_table):
    with pytest.raises(InputError, match=r"6 of 96 training values of the target 'revenue' .*: 2023-02-06, 2023-02-13"):
        profile_of(weekly_table.drop(index=range(5, 11)), tmp_path)
    holes = weekly_table.index.isin(range(108, 118))
    with pytest.raises(InputError, match=r"10 of 24 held-out values of the target 'revenue' are missing"):
        profile_of(weekly_table.assign(revenue=weekly_table["revenue"].where(~holes)), tmp_path)


def test_periods_without_a_kpi_at_the_ends_are_left_out_and_told(tmp_path, weekly_table):
    known = weekly_table["revenue"].where((weekly_table.index >= 4) & (weekly_table.index < 112))
    profile, table = profile_of(weekly_table.assign(revenue=known), tmp_path)
    assert (profile.n_periods, profile.n_train) == (108, 86)
    assert (profile.start, profile.end) == ("2023-01-30", "2025-02-17")
    assert list(table["tv_spend"]) == list(weekly_table["tv_spend"][4:112])
    assert message(profile, "periods_without_kpi").startswith("12 periods at the ends of the file have no value")


def test_empty_cells_are_filled_and_told(tmp_path, weekly_table):
    weekly_table = weekly_table.astype({"tv_spend": object, "avg_price": object})
    weekly_table.loc[[7, 100], "tv_spend"] = ["-", "#N/A"]
    weekly_table.loc[0, "avg_price"] = ""
    profile, table = profile_of(weekly_table, tmp_path)
    assert list(table["tv_spend"][[7, 100]]) == [0, 0]
    assert table["avg_price"][0] == weekly_table["avg_price"][1]
    assert message(profile, "spend_filled").startswith("2 empty cells of 'tv_spend' taken as 0: 2023-02-20, 2024-12-02")
    assert "control_filled" in codes(profile)


def test_events_told_in_words_become_a_mark(tmp_path, weekly_table):
    events = ["na"] * 120
    events[5] = events[60] = events[110] = "Fair"
    _, table = profile_of(weekly_table.assign(events=events), tmp_path)
    assert list(np.flatnonzero(table["events"])) == [5, 60, 110]


def test_text_in_every_row_is_no_event(tmp_path, weekly_table):
    table = weekly_table.assign(season=["winter", "summer"] * 60)
    with pytest.raises(InputError, match=r"column 'season' holds text in every row .'winter'., no event that comes"):
        profile_of(table, tmp_path, controls=("season",))


def test_a_channel_that_begins_in_the_held_out_periods_is_left_out_and_told(tmp_path, weekly_table):
    begins = np.where(weekly_table.index < 100, 0, 50.5)
    profile, _ = profile_of(weekly_table.assign(tiktok_spend=begins), tmp_path)
    assert "tiktok_spend" not in [c.column for c in profile.channels]
    assert "'tiktok_spend'" in message(profile, "channels_silent")


@pytest.mark.parametrize(("name", "measure"), [("Sales (k€)", "spend"), ("Sales", "impressions")])
def test_a_kpi_in_thousands_makes_no_impressions_of_spend(tmp_path, weekly_table, name, measure):
    table = weekly_table.rename(columns={"revenue": name, "tv_spend": "TV", "search_spend": "Radio"})
    table[name] = (table[name] / 1000).round(3)
    profile, _ = profile_of(table, tmp_path)
    assert {c.measure for c in profile.channels} == {measure}


def test_a_panel(tmp_path, weekly_table):
    both = two_regions(weekly_table)
    profile, table = profile_of(both.drop(both.index[[0]]).reset_index(drop=True), tmp_path)
    assert (profile.panel_column, profile.n_periods, profile.n_train) == ("region", 119, 95)
    profile, table = profile_of(both, tmp_path)
    assert (profile.panel_column, profile.n_periods, len(table)) == ("region", 120, 240)
    assert list(table.columns[:3]) == ["date", "region", "revenue"]
    assert set(table["region"]) == {"A", "B"}


def test_names_are_kept_as_they_stand(tmp_path, weekly_table):
    renamed = weekly_table.rename(columns={"tv_spend": " TV's Spend 0.5 (€) ", "revenue": "Выручка, руб."})
    profile, table = profile_of(renamed, tmp_path)
    assert profile.channels[0].column == "TV's Spend 0.5 (€)"
    assert profile.target_column == "Выручка, руб."
    assert set(table.columns) == {c.strip() for c in renamed.columns}


def test_a_profile_survives_its_file(tmp_path, weekly_table):
    profile, _ = profile_of(weekly_table, tmp_path)
    (tmp_path / "p.json").write_text(profile.to_json())
    assert DataProfile.read(tmp_path / "p.json") == profile


# --- what is told ------------------------------------------------------------------------------------------


def test_channels_that_move_together_in_training_are_told(tmp_path, weekly_table):
    noise = np.random.default_rng(5).normal(1, 0.02, 120)
    table = weekly_table.assign(radio_spend=(weekly_table["tv_spend"] * noise).round(2))
    r = table[:96]["tv_spend"].corr(table[:96]["radio_spend"])
    told = message(profile_of(table, tmp_path)[0], "collinear_channels")
    assert f"'tv_spend' and 'radio_spend' (r = {r:.2f}); merge them, or vary them apart" in told
    assert "search_spend" not in told


def test_channels_that_move_together_only_in_the_holdout_are_not_told(tmp_path, weekly_table):
    held_out = weekly_table.index >= 96
    other = weekly_table["search_spend"].where(~held_out, weekly_table["tv_spend"] * 1000)
    assert "collinear_channels" not in codes(profile_of(weekly_table.assign(search_spend=other), tmp_path)[0])


def test_channels_that_move_against_each_other_are_told(tmp_path, weekly_table):
    table = weekly_table.assign(radio_spend=(weekly_table["tv_spend"].max() - weekly_table["tv_spend"]).round(2))
    assert "(r = -1.00)" in message(profile_of(table, tmp_path)[0], "collinear_channels")


def test_a_short_history_is_told(tmp_path, weekly_table):
    told = message(profile_of(weekly_table, tmp_path)[0], "short_history")
    assert told.startswith("96 training weeks are fewer than 2 years (104)")
    assert told.endswith("give more history")
    longer = pd.concat([weekly_table, weekly_table[:10]], ignore_index=True)
    longer["date"] = pd.date_range("2023-01-02", periods=130, freq="7D").strftime("%Y-%m-%d")
    profile, _ = profile_of(longer, tmp_path)
    assert (profile.n_train, codes(profile)) == (104, [])


def test_the_example_draws_no_warning():
    profile, _ = profile_file(ANALYZER.parents[1] / "data" / "example.csv", Columns(), 0.2)
    assert profile.warnings == ()


def test_every_warning_that_calls_for_data_is_one_the_reader_gives(tmp_path, weekly_table):
    table = two_regions(weekly_table.assign(radio_spend=weekly_table["tv_spend"])).reset_index(drop=True)
    given = set(codes(profile_of(table.drop(index=[10, 130, 140, 110]), tmp_path)[0]))
    mixed = (0.5 * weekly_table["tv_spend"] + 2.0 * weekly_table["search_spend"]).round(2)
    for radio_spend in (mixed, (mixed * np.random.default_rng(1).uniform(0.9, 1.1, len(mixed))).round(2)):
        given |= set(codes(profile_of(weekly_table.assign(radio_spend=radio_spend), tmp_path)[0]))
    assert {warning for warning, _ in ADVICE_BY_WARNING} <= given


# --- the command line --------------------------------------------------------------------------------------


def run(*arguments):
    return subprocess.run([sys.executable, ANALYZER, *arguments], capture_output=True, text=True, timeout=60)


def test_the_command_line(tmp_path, weekly_table):
    weekly_table.to_csv(tmp_path / "data.csv", index=False)
    done = run(tmp_path / "data.csv", "--output", tmp_path / "p.json", "--channels", "tv_spend,avg_price")
    assert done.returncode == 0, done.stderr
    assert "target         revenue" in done.stdout
    assert [c["column"] for c in json.loads((tmp_path / "p.json").read_text())["channels"]] == ["tv_spend", "avg_price"]
    done = run(WRONG_INPUT / "wrong_conflict.csv", "--output", tmp_path / "q.json")
    assert done.returncode == 2
    assert done.stderr.startswith(ERROR_MARK)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "q.json").exists()


def test_the_reader_does_not_load_what_models_need():
    heavy = {"pymc", "arviz", "matplotlib", "pytensor", "snakemake"}
    code = f"import sys, scripts.data_analyzer; print({heavy} & set(sys.modules) or 'none')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ANALYZER.parents[1],
        env={"PYTHONPATH": str(ANALYZER.parent)},
    )
    assert done.stdout.strip() == "none", done.stderr
