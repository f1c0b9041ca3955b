"""Simulated panels: complete, reproducible, and what they say of themselves is what their tables hold."""

import numpy as np
import pytest

from mmm_builder.simulation.client_truth import channel_contributions, expected_kpi
from mmm_builder.simulation.panel_simulator import simulate_panel

SMALL = {"n_periods": 60, "n_channels": 2}


@pytest.fixture(scope="module")
def panel():
    return simulate_panel(1, 4, **SMALL)


def test_every_unit_has_every_period(panel):
    table, truths = panel
    assert list(truths) == ["geo_1", "geo_2", "geo_3", "geo_4"]
    counts = table.groupby("geo")["week_start"].nunique()
    assert counts.to_dict() == dict.fromkeys(truths, 60)


def test_same_seed_same_table_other_seed_another(panel):
    again, _ = simulate_panel(1, 4, **SMALL)
    other, _ = simulate_panel(2, 4, **SMALL)
    assert panel[0].equals(again)
    assert not np.array_equal(panel[0]["revenue"], other["revenue"])


def test_units_share_carry_over_and_relative_saturation_and_differ_in_size(panel):
    _, truths = panel
    for position in range(2):
        channels = [t.channels[position] for t in truths.values()]
        assert len({c.adstock_alpha for c in channels}) == 1
        assert len({c.half_saturation_relative for c in channels}) == 1
        assert len({c.coefficient for c in channels}) == 4


def test_truth_is_that_of_the_table(panel):
    table, truths = panel
    for name, truth in truths.items():
        own = table[table["geo"] == name].reset_index(drop=True)
        added = channel_contributions(own, truth).sum()
        for channel in truth.channels:
            assert channel.contribution == pytest.approx(added[channel.column])
            assert channel.roas == pytest.approx(channel.contribution / own[channel.column].sum())
        noise = own["revenue"] - expected_kpi(own, truth)
        assert noise.std() == pytest.approx(truth.noise_sd, rel=0.4)
        assert abs(noise.mean()) < 4 * truth.noise_sd / np.sqrt(60)
