"""The page on validated fits follows from what was measured, and both tools are given the same folds."""

import pandas as pd
import pytest

from benchmarks import validated_fit
from benchmarks.peers.tools import Use
from mmm_builder.modelling.folds import rolling_origins


def measured(seconds, **said):
    use = Use(seconds=seconds, cpu=2 * seconds, importing=1.0, megabytes=400.0, said="")
    return validated_fit.Measured(use, {"version": "0.19.2", **said}, 0.3)


def results(ours=5.0, peers=50.0):
    fits = {validated_fit.WITHOUT: ours, validated_fit.WITH: 2 * ours, validated_fit.PEER: peers}
    return {tool: [measured(seconds - 1), measured(seconds), measured(seconds + 9)] for tool, seconds in fits.items()}


def test_ratios_are_of_medians_and_judged_against_the_target():
    text = validated_fit.document(results(), 0.1, 3)
    assert "| mmm-model-builder, without twins | 10.0 × |" in text
    assert "| mmm-model-builder, with twins | 5.0 × |" in text
    assert "as it has none: met." in text
    assert "as it has none: **missed**." in validated_fit.document(results(peers=39.0), 0.1, 3)


def test_rows_have_a_cell_for_every_column():
    text = validated_fit.document(results() | {validated_fit.PEER: "not installed"}, 0.1, 3)
    assert "PyMC-Marketing: not installed" in text
    assert "not measured" in text
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2
    assert all(len({line.count("|") for line in block.splitlines()}) == 1 for block in tables)


def test_a_busy_machine_is_told():
    assert "did other work" in validated_fit.document(results(), 2.0, 3)
    assert "did other work" not in validated_fit.document(results(), 0.1, 3)


@pytest.mark.parametrize("n_periods", [104, 156, 208])
def test_the_other_tool_is_given_the_same_folds(n_periods):
    dates = [f"{date:%Y-%m-%d}" for date in pd.date_range("2021-01-04", periods=n_periods, freq="7D")]
    held_out_from, n_init, horizon = validated_fit.windows(dates)
    n_train = dates.index(held_out_from)
    starts = [n_init + k * horizon for k in range((n_train - n_init - horizon) // horizon + 1)]
    assert [(fold.n_train, fold.n_test) for fold in rolling_origins(n_train)] == [(n, horizon) for n in starts]
