"""The sealed final period: cut off before anything else, kept whole, opened only after full_success, and counted."""

import json

import numpy as np
import pandas as pd
import pytest

from data_analyzer import analyze_file
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.judging.openings import read_openings, record_opening
from mmm_builder.panel import read_panel, read_with_sealed
from mmm_builder.profiling.profile import profile_and_seal, profile_file
from mmm_builder.sealed import SealedOpening
from mmm_builder.settings import Columns

N_SEALED = 9
NUMBERS = ["revenue", "tv_spend", "search_spend", "avg_price"]


def panel_file(table, path):
    units = [table.assign(region=name, revenue=table["revenue"] * size) for name, size in (("north", 1), ("south", 2))]
    pd.concat(units).to_csv(path, index=False)


def long_file(table, path):
    table.melt(id_vars="date", var_name="variable").to_csv(path, index=False)


SHAPES = {
    "wide": lambda table, path: table.to_csv(path, index=False),
    "newest first": lambda table, path: table[::-1].to_csv(path, index=False),
    "panel": panel_file,
    "long": long_file,
    "transposed": lambda table, path: table.set_index("date").T.rename_axis("series").to_csv(path),
}


def moved(table):
    """Return the table with other numbers in its sealed rows, far from all before."""
    other, rng = table.copy(), np.random.default_rng(1)
    rows = other.index[-N_SEALED:]
    for column in NUMBERS:
        other.loc[rows, column] = (other.loc[rows, column] * rng.uniform(3, 30, N_SEALED) + 500).round(2)
    return other


def analyzed(folder, table, shape, n_sealed=N_SEALED):
    """Return the folder with all that is written of a table laid out in a shape."""
    folder.mkdir()
    SHAPES[shape](table, folder / "client.csv")
    analyze_file(
        folder / "client.csv", output=folder / "data_profile.json", dataset=folder / "dataset.csv",
        holdout=folder / "holdout.csv", sealed=folder / "sealed.csv", sealed_periods=n_sealed, path_as_given="client",
    )  # fmt: skip
    return folder


def said(folder):
    """Return the profile as plain data without the digest of the file."""
    found = json.loads((folder / "data_profile.json").read_text())
    del found["source"]["sha256"]
    return found


@pytest.mark.parametrize("shape", SHAPES)
class TestCutOff:
    def test_sealed_values_change_the_sealed_rows_alone(self, shape, weekly_table, tmp_path):
        one = analyzed(tmp_path / "one", weekly_table, shape)
        other = analyzed(tmp_path / "other", moved(weekly_table), shape)
        assert said(one) == said(other)
        for name in ("dataset.csv", "holdout.csv"):
            assert (one / name).read_bytes() == (other / name).read_bytes()
        assert (one / "sealed.csv").read_bytes() != (other / "sealed.csv").read_bytes()

    def test_all_else_is_as_if_the_file_ended_earlier(self, shape, weekly_table, tmp_path):
        sealed = analyzed(tmp_path / "sealed", weekly_table, shape)
        short = analyzed(tmp_path / "short", weekly_table[:-N_SEALED], shape, n_sealed=0)
        one, other = said(sealed), said(short)
        assert one.pop("source")["n_rows"] >= other.pop("source")["n_rows"]
        assert (one.pop("sealed")["n_periods"], other.pop("sealed")) == (N_SEALED, None)
        assert one == other
        assert (sealed / "dataset.csv").read_bytes() == (short / "dataset.csv").read_bytes()

    def test_sealed_rows_hold_every_column_of_every_unit(self, shape, weekly_table, tmp_path):
        folder = analyzed(tmp_path / "run", weekly_table, shape)
        dataset, rows = (pd.read_csv(folder / name) for name in ("dataset.csv", "sealed.csv"))
        assert list(rows) == list(dataset)
        assert len(rows) == N_SEALED * (2 if shape == "panel" else 1)
        assert rows.notna().all().all()
        assert list(rows["date"].unique()) == list(weekly_table["date"][-N_SEALED:])

    def test_media_carry_over_from_all_earlier_rows(self, shape, weekly_table, tmp_path):
        folder = analyzed(tmp_path / "run", weekly_table, shape)
        profile = DataProfile.read(folder / "data_profile.json")
        panel, kpi = read_with_sealed(read_panel(folder / "dataset.csv", profile), folder / "sealed.csv", profile)
        whole = analyzed(tmp_path / "whole", weekly_table, shape, n_sealed=0)
        every = read_panel(whole / "dataset.csv", DataProfile.read(whole / "data_profile.json"))
        for name in ("spend", "controls"):
            np.testing.assert_array_equal(panel[name], every[name])
        assert int(panel["is_training"].sum()) == profile.n_train
        assert np.isnan(panel["kpi"][-N_SEALED:]).all()
        units = 3 if shape == "panel" else 1
        np.testing.assert_allclose(kpi, units * weekly_table["revenue"][-N_SEALED:])


def test_without_a_seal_there_are_no_sealed_rows(weekly_table, tmp_path):
    folder = analyzed(tmp_path / "run", weekly_table, "wide", n_sealed=0)
    assert (folder / "sealed.csv").read_text() == ",".join(weekly_table) + "\n"
    profile, table = profile_file(folder / "client.csv", Columns(), 0.2, path_as_given="client")
    assert profile == DataProfile.read(folder / "data_profile.json")
    assert len(table) == len(weekly_table)


@pytest.mark.parametrize("n_sealed", [69, 119, 120, 500])
def test_too_many_sealed_periods_are_refused_in_one_line(n_sealed, weekly_table, tmp_path):
    weekly_table.to_csv(tmp_path / "client.csv", index=False)
    with pytest.raises(InputError, match=f"sealed_periods: {n_sealed} of 120 weeks .* too short a history"):
        profile_and_seal(tmp_path / "client.csv", Columns(), 0.2, n_sealed)
    assert profile_and_seal(tmp_path / "client.csv", Columns(), 0.2, 68).profile.n_periods == 52


def test_plans_beyond_the_last_kpi_are_not_what_is_sealed(weekly_table, tmp_path):
    weekly_table.loc[weekly_table.index[-4:], "revenue"] = np.nan
    weekly_table.to_csv(tmp_path / "client.csv", index=False)
    profile, _, sealed = profile_and_seal(tmp_path / "client.csv", Columns(), 0.2, N_SEALED)
    assert profile.n_periods == len(weekly_table) - 4 - N_SEALED
    assert profile.sealed.end == weekly_table["date"].iloc[-5]
    assert sealed["revenue"].notna().all()
    assert "periods_without_kpi" in {warning.code for warning in profile.warnings}


def opening(name, start="2024-01-01", end="2024-03-25"):
    digests = dict.fromkeys(("data_sha256", "sealed_digest", "config_digest", "code_digest"), name)
    return SealedOpening(opening=name, start=start, end=end, iteration=1, opened_at="2025-01-01T00:00:00", **digests)


class TestLedger:
    def test_a_second_model_is_counted_and_the_same_one_is_not(self, tmp_path):
        ledger = tmp_path / "sealed_openings.jsonl"
        counts = [record_opening(ledger, opening(name)) for name in ("a", "a", "b", "a", "c", "b")]
        assert counts == [1, 1, 2, 1, 3, 2]
        assert [known.opening for known in read_openings(ledger)] == ["a", "b", "c"]

    def test_openings_of_some_of_the_same_periods_count_those_of_others_do_not(self, tmp_path):
        ledger = tmp_path / "sealed_openings.jsonl"
        record_opening(ledger, opening("a"))
        assert record_opening(ledger, opening("b", start="2024-03-25", end="2024-06-24")) == 2
        assert record_opening(ledger, opening("c", start="2024-07-01", end="2024-09-30")) == 1

    def test_a_damaged_line_is_told_with_its_number(self, tmp_path):
        ledger = tmp_path / "sealed_openings.jsonl"
        record_opening(ledger, opening("a"))
        ledger.write_text(ledger.read_text() + "nonsense\n")
        with pytest.raises(InputError, match="line 2 is not an opening"):
            read_openings(ledger)
