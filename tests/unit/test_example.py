"""The shipped example is what the simulator gives, its README tells the truth, and a run has something to learn."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import example_maker
from mmm_builder.judging.scoring import mape, r2
from mmm_builder.simulation.client_truth import Truth, expected_kpi, saturated_media
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import PERIODS_PER_YEAR

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def shipped() -> tuple[pd.DataFrame, Truth]:
    return pd.read_csv(DATA / "example.csv", parse_dates=["week_start"]), Truth.read(DATA / "example_truth.json")


def test_table_is_what_the_simulator_gives(shipped):
    made, _ = example_maker.make_example()
    # a unit of currency for platforms whose logarithms differ in the last bit
    pd.testing.assert_frame_equal(shipped[0], made, check_dtype=False, atol=1.0, rtol=0.0)


def test_truth_is_what_the_simulator_gives(shipped):
    _, made = example_maker.make_example()
    for shipped_channel, channel in zip(shipped[1].channels, made.channels, strict=True):
        assert shipped_channel.column == channel.column
        for figure in ("adstock_alpha", "half_saturation", "coefficient", "spend", "contribution", "share", "roas"):
            assert getattr(shipped_channel, figure) == pytest.approx(getattr(channel, figure), rel=1e-4)
    assert shipped[1].intercept == pytest.approx(made.intercept, rel=1e-4)
    assert shipped[1].noise_sd == pytest.approx(made.noise_sd, rel=1e-4)


def test_truth_explains_the_table(shipped):
    table, truth = shipped
    noise = table["revenue"] - expected_kpi(table, truth)
    assert noise.std() == pytest.approx(truth.noise_sd, rel=0.15)
    assert noise.abs().max() < 4 * truth.noise_sd


def test_readme_shows_the_truth(shipped):
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert example_maker.truth_as_markdown(shipped[1]) in readme
    assert shipped[1].outliers[0].date in readme


def test_making_it_again_gives_the_same_table(tmp_path):
    shutil.copy(DATA / "README.md", tmp_path)
    example_maker.example_files(
        csv=tmp_path / "example.csv", truth=tmp_path / "example_truth.json", readme=tmp_path / "README.md"
    )
    table = pd.read_csv(tmp_path / "example.csv")
    pd.testing.assert_frame_equal(table, pd.read_csv(DATA / "example.csv"), atol=1.0, rtol=0.0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "example.csv", "example_truth.json"]


def test_readme_without_a_place_for_the_tables_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("# nothing here\n", encoding="utf-8")
    with pytest.raises(example_maker.InputError, match=r"README.md: no lines '<!-- truth"):
        example_maker.example_files(csv=tmp_path / "x.csv", truth=tmp_path / "x.json", readme=tmp_path / "README.md")
    assert not (tmp_path / "x.csv").exists()


def test_it_is_a_plausible_retailer(shipped):
    table, truth = shipped
    assert len(table) == 208
    assert {c.channel_type for c in truth.channels} == {"search", "social", "display", "video_tv"}
    assert 0.20 <= truth.media_share <= 0.35
    assert all(0.5 <= c.roas <= 6.0 for c in truth.channels)
    assert (table["tv_spend"] == 0).mean() > 0.3
    assert (table["revenue"] > 0).all()


def fit(table: pd.DataFrame, truth: Truth, pairs: int) -> tuple[float, float, float]:
    """Return training R², held-out R² and held-out MAPE of least squares on media at the true α and λ."""
    rows, n = np.arange(len(table)), truth.n_train
    angles = 2 * np.pi * np.outer(rows / PERIODS_PER_YEAR["weekly"], np.arange(1, pairs + 1))
    media = [
        saturated_media(table[c.column].to_numpy(float), c.adstock_alpha, c.half_saturation) for c in truth.channels
    ]
    controls = [table[c.column].to_numpy(float) - c.reference for c in truth.controls]
    design = np.column_stack([np.ones(len(rows)), rows / n, np.sin(angles), np.cos(angles), *controls, *media])
    kpi = table["revenue"].to_numpy(float)
    predicted = design @ np.linalg.lstsq(design[:n], kpi[:n], rcond=None)[0]
    return r2(kpi[:n], predicted[:n]), r2(kpi[n:], predicted[n:]), mape(kpi[n:], predicted[n:])


def test_two_fourier_pairs_are_too_few_and_four_or_six_enough(shipped):
    assert fit(*shipped, pairs=2)[0] < 0.50
    for pairs in (4, 6):
        train_r2, oos_r2, oos_mape = fit(*shipped, pairs=pairs)
        assert 0.60 < train_r2 < 0.75
        assert oos_r2 > 0.50
        assert oos_mape < 15.0
        assert train_r2 - oos_r2 < 0.15


def test_so_it_is_with_other_seeds():
    clients = [simulate_client(seed, **example_maker.EXAMPLE) for seed in range(2021, 2041)]
    few, enough = ([fit(*client, pairs=pairs) for client in clients] for pairs in (2, 4))
    assert np.median([train_r2 for train_r2, _, _ in few]) < 0.50
    assert sum(train_r2 < 0.55 for train_r2, _, _ in few) >= 17
    assert min(train_r2 for train_r2, _, _ in enough) > 0.60
    assert np.median([oos_r2 for _, oos_r2, _ in enough]) > 0.50
    assert sum(oos_r2 > 0.40 for _, oos_r2, _ in enough) >= 17
