"""The simulator: truths add up to the table, options do what they say, wrong ones are named."""

import numpy as np
import pandas as pd
import pytest

from mmm_builder.errors import InputError
from mmm_builder.modelling.transforms import geometric_adstock, typical_adstocked_spend
from mmm_builder.simulation.client_truth import Truth, baseline_kpi, channel_contributions, expected_kpi
from mmm_builder.simulation.simulated_series import PATTERNS, holiday, season_through, season_values
from mmm_builder.simulation.simulator import HALF_SATURATION, ROAS, USUAL_PATTERN, WEEKLY_ALPHA, simulate_client

ONE_CHANNEL = {"column": "tv", "channel_type": "video_tv", "pattern": "flights"}
CADENCES = [("daily", 400), ("weekly", 156), ("monthly", 48), ("quarterly", 24), ("annual", 20)]


def spend_of(table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    return table[[c.column for c in truth.channels]]


def test_same_seed_same_values_and_another_seed_others():
    table, truth = simulate_client(1)
    again, truth_again = simulate_client(1)
    pd.testing.assert_frame_equal(table, again)
    assert truth == truth_again
    assert not table.equals(simulate_client(2)[0])


def test_a_generator_serves_as_the_seed_and_none_is_recorded():
    table, truth = simulate_client(np.random.default_rng(1))
    pd.testing.assert_frame_equal(table, simulate_client(1)[0])
    assert truth.seed is None


def test_truth_survives_writing_and_reading(tmp_path):
    _, truth = simulate_client(1, outliers=({"row": 3, "share": -0.3},))
    (tmp_path / "truth.json").write_text(truth.to_json(), encoding="utf-8")
    assert Truth.read(tmp_path / "truth.json") == truth


@pytest.mark.parametrize(("frequency", "n_periods"), CADENCES)
def test_table_has_one_row_per_period_and_no_gaps(frequency, n_periods):
    table, truth = simulate_client(1, frequency=frequency, n_periods=n_periods, harmonics=0)
    assert len(table) == n_periods == truth.n_periods
    assert table["week_start"].is_monotonic_increasing
    assert table["week_start"].is_unique
    assert not table.isna().any(axis=None)
    assert (spend_of(table, truth) >= 0).all(axis=None)
    assert (spend_of(table, truth).sum() > 0).all()
    assert (table["revenue"] > 0).all()


def test_kpi_is_its_expectation_and_noise_of_the_stated_size():
    table, truth = simulate_client(5, n_periods=2000, outliers=({"row": 7, "share": -0.4},))
    noise = table["revenue"] - expected_kpi(table, truth)
    assert noise.std() == pytest.approx(truth.noise_sd, rel=0.06)
    assert abs(noise.mean()) < 4 * truth.noise_sd / np.sqrt(len(table))


@pytest.mark.parametrize("r2", [0.3, 0.7, 0.95])
def test_noise_leaves_the_asked_share_of_variance(r2):
    table, truth = simulate_client(2, n_periods=3000, r2=r2)
    expected = expected_kpi(table, truth)
    assert np.var(expected) / np.var(table["revenue"]) == pytest.approx(r2, abs=0.05)


def test_noise_moves_neither_spend_nor_controls_nor_the_rest_of_the_truth():
    quiet, truth_quiet = simulate_client(3, r2=0.9)
    loud, truth_loud = simulate_client(3, r2=0.4)
    pd.testing.assert_frame_equal(quiet.drop(columns="revenue"), loud.drop(columns="revenue"))
    assert truth_quiet.intercept == truth_loud.intercept
    assert [c.coefficient for c in truth_quiet.channels] == [c.coefficient for c in truth_loud.channels]


def test_giving_one_truth_moves_no_other():
    plan = {**ONE_CHANNEL, "column": "tv"}
    _, drawn = simulate_client(4, channels=(plan,))
    _, given = simulate_client(4, channels=({**plan, "adstock_alpha": 0.5},))
    assert given.channels[0].adstock_alpha == 0.5
    assert given.channels[0].half_saturation == drawn.channels[0].half_saturation
    assert given.channels[0].roas == drawn.channels[0].roas


@pytest.mark.parametrize("seed", range(5))
def test_channel_figures_agree_with_one_another_and_with_the_table(seed):
    table, truth = simulate_client(seed, n_channels=8)
    contributions = channel_contributions(table, truth)
    for c in truth.channels:
        spend = table[c.column].to_numpy(dtype=float)
        assert c.spend == spend.sum()
        assert contributions[c.column].sum() == pytest.approx(c.contribution, rel=1e-9)
        assert c.roas == pytest.approx(c.contribution / c.spend, rel=1e-9)
        assert c.share == pytest.approx(c.contribution / table["revenue"].sum(), rel=1e-9)
        training = spend[: truth.n_train]
        assert c.unit == typical_adstocked_spend(geometric_adstock(training, c.unit_alpha), training)
        assert c.half_saturation == pytest.approx(c.half_saturation_relative * c.unit)
    assert truth.media_share == pytest.approx(sum(c.share for c in truth.channels))


@pytest.mark.parametrize("seed", range(5))
def test_open_truths_are_drawn_from_the_stated_ranges(seed):
    _, truth = simulate_client(seed, n_channels=12)
    for c in truth.channels:
        assert WEEKLY_ALPHA[c.channel_type][0] <= c.adstock_alpha <= WEEKLY_ALPHA[c.channel_type][1]
        assert HALF_SATURATION[0] <= c.half_saturation_relative <= HALF_SATURATION[1]
        assert ROAS[0] <= c.roas <= ROAS[1]


def test_carry_over_is_the_same_decay_at_every_cadence():
    weekly, daily = (simulate_client(6, frequency=f, n_periods=400)[1] for f in ("weekly", "daily"))
    for w, d in zip(weekly.channels, daily.channels, strict=True):
        assert d.adstock_alpha**7 == pytest.approx(w.adstock_alpha)


def test_media_have_the_share_asked_for():
    table, truth = simulate_client(1, media_share=0.35)
    expected = expected_kpi(table, truth)
    assert channel_contributions(table, truth).sum(axis=None) / expected.sum() == pytest.approx(0.35, rel=1e-9)


def test_zero_spend_contributes_nothing():
    table, truth = simulate_client(1)
    nothing = table.assign(**dict.fromkeys(spend_of(table, truth), 0.0))
    assert (channel_contributions(nothing, truth) == 0).all(axis=None)
    np.testing.assert_allclose(expected_kpi(nothing, truth), baseline_kpi(table, truth))


def test_channels_by_number_take_the_four_types_in_turn():
    table, truth = simulate_client(1, n_channels=9)
    assert [c.channel_type for c in truth.channels][:5] == [*USUAL_PATTERN, next(iter(USUAL_PATTERN))]
    assert len(spend_of(table, truth).columns) == 9


def test_flights_have_weeks_without_spend_and_the_others_none():
    table, _ = simulate_client(1, n_periods=208)
    assert 0.2 < (table["video_tv_1_spend"] == 0).mean() < 0.8
    assert (table["search_1_spend"] > 0).all()


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("n_periods", [10, 200])
@pytest.mark.parametrize("per_year", [365.25, 52.18, 12.0, 4.0, 1.0])
def test_every_pattern_spends_something_and_never_less_than_nothing(pattern, n_periods, per_year):
    for seed in range(20):
        spend = PATTERNS[pattern](np.random.default_rng(seed), n_periods, per_year)
        assert spend.shape == (n_periods,)
        assert (spend >= 0).all()
        assert spend.sum() > 0


def test_budgets_and_their_growth_are_as_planned():
    plan = {**ONE_CHANNEL, "pattern": "always_on", "mean_spend": 10_000.0, "growth": 1.5}
    table, _ = simulate_client(1, n_periods=1000, channels=(plan,))
    assert table["tv"].mean() == pytest.approx(10_000.0, abs=1.0)
    assert table["tv"].tail(200).mean() > 3 * table["tv"].head(200).mean()


def test_spend_follows_the_season_where_asked():
    plans = tuple({**ONE_CHANNEL, "pattern": "always_on", "column": name, "follows_season": follows}
                  for name, follows in (("with", 3.0), ("without", 0.0)))  # fmt: skip
    table, truth = simulate_client(1, n_periods=520, channels=plans, trend=0.0, controls=(), r2=0.99)
    season = baseline_kpi(table, truth)
    assert np.corrcoef(table["with"], season)[0, 1] > np.corrcoef(table["without"], season)[0, 1] + 0.2


def test_outlier_is_off_by_its_share_and_moves_no_other_row():
    plain, _ = simulate_client(1)
    hit, truth = simulate_client(1, outliers=({"row": 50, "share": -0.35},))
    changed = plain["revenue"] != hit["revenue"]
    assert list(changed[changed].index) == [50]
    assert hit["revenue"][50] == pytest.approx(0.65 * plain["revenue"][50], rel=1e-5)
    assert truth.outliers[0].date == plain["week_start"][50].strftime("%Y-%m-%d")


def test_five_harmonics_pass_through_twelve_months_but_for_the_alternating_part():
    monthly = np.random.default_rng(1).normal(size=12)
    alternating = (-1.0) ** np.arange(12)
    smooth = monthly - monthly.mean() - alternating * (monthly @ alternating) / 12
    fitted = season_values(season_through(monthly, 5), (np.arange(12) + 0.5) / 12)
    np.testing.assert_allclose(fitted, smooth, atol=1e-12)


def test_holidays_are_the_weeks_of_easter_black_friday_and_christmas():
    dates = pd.date_range("2024-01-01", periods=54, freq="7D")
    flagged = dates[:-1][holiday(np.random.default_rng(1), dates) == 1.0]
    assert [d.date().isoformat() for d in flagged] == ["2024-03-25", "2024-11-25", "2024-12-23"]


WRONG = {
    "unknown option": ({"n_period": 3}, r"unknown key 'n_period' \(did you mean 'n_periods'\?\)"),
    "no date": ({"start": "soon"}, "'start': not an ISO date such as 2021-01-04, got 'soon'"),
    "unknown cadence": ({"frequency": "hourly"}, "'frequency': 'hourly' is not known"),
    "variance share above one": ({"r2": 1.2}, "'r2': input should be less than 1, got 1.2"),
    "season too fine": ({"frequency": "monthly", "harmonics": 6}, "6 harmonics are more than .* give at most 5"),
    "months too few for it": ({"monthly_season": (0.1,) * 12, "harmonics": 6}, "6 harmonics .* at most 5"),
    "months missing": ({"monthly_season": (0.1,)}, "'monthly_season': .* at least 12"),
    "outlier after the end": (
        {"outliers": ({"row": 156, "share": 0.1},)},
        "outlier at row 156, but the last row is 155",
    ),
    "unknown type": (
        {"channels": ({**ONE_CHANNEL, "channel_type": "tv"},)},
        "'channels.0.channel_type': 'tv' is not known",
    ),
    "same column twice": (
        {"channels": (ONE_CHANNEL, ONE_CHANNEL)},
        "column 'tv' is given twice; name each column once",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_named(case):
    options, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        simulate_client(1, **options)
