"""The study of calibration: its tests notice what is wrong and nothing else, and its worlds hold what they say."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import calibration
from benchmarks.recovery import document, scores, worlds
from benchmarks.recovery.fitting import N_KEPT
from benchmarks.recovery.studies import RANKS, RECOVERY, STUDIES
from benchmarks.recovery.uniformity import chi_square_p, ecdf_band, ecdf_difference, ecdf_p, holm, rank_of
from mmm_builder.modelling.prior_predictive import prior_draws

SHAPES = {"narrow": (0.5, 0.5), "wide": (2.0, 2.0), "too high": (1.0, 2.0), "too low": (2.0, 1.0)}
"""Shapes of a Beta distribution that truths' levels have in a posterior that is off."""


def ranks_of(a: float, b: float, n: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).beta(a, b, n) * (N_KEPT + 1)).astype(int)


# --- uniformity ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", [chi_square_p, ecdf_p])
@pytest.mark.parametrize("n", [100, 200])
def test_uniform_ranks_pass_as_often_as_they_should(test, n):
    p = np.array([test(ranks, N_KEPT) for ranks in np.random.default_rng(5).integers(0, N_KEPT + 1, (1000, n))])
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("test", [chi_square_p, ecdf_p])
def test_ranks_of_a_wrong_posterior_do_not(test, shape):
    assert test(ranks_of(*SHAPES[shape], 200), N_KEPT) < 1e-3


def test_a_line_leaves_the_band_where_its_p_value_is_small():
    lower, upper = ecdf_band(100, N_KEPT)
    for seed in range(200):
        ranks = ranks_of(1, 1.15, 100, seed)
        line, p = ecdf_difference(ranks, N_KEPT), ecdf_p(ranks, N_KEPT)
        if abs(p - 0.05) > 0.01:
            assert bool(np.any((line < lower - 1e-9) | (line > upper + 1e-9))) == (p < 0.05)


def test_ranks_count_draws_below_the_truth():
    draws = np.random.default_rng(1).normal(size=1000)
    assert rank_of(-10.0, draws, N_KEPT) == 0
    assert rank_of(10.0, draws, N_KEPT) == N_KEPT
    assert abs(rank_of(0.0, draws, N_KEPT) - N_KEPT / 2) < 20


def test_holm_as_in_the_textbook():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    assert holm(np.full(5, 0.9)).max() == 1.0


# --- worlds ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated():
    table, truth = worlds.simulate_client(3, n_periods=156, n_channels=4)
    return table, truth, [c.column for c in truth.channels]


def test_collinear_channels_move_together_and_cost_the_same(simulated):
    table, truth, columns = simulated
    changed = worlds.collinear(np.random.default_rng(1), table, truth)
    assert changed[columns].corr().to_numpy().min() > 0.9
    assert table[columns].corr().to_numpy().min() < 0.7
    np.testing.assert_allclose(changed[columns].sum(), table[columns].sum())


def test_heavy_tails_have_outliers_and_the_same_noise(simulated):
    table, truth, _ = simulated
    many = [worlds.heavy_tailed(np.random.default_rng(seed), table, truth) for seed in range(100)]
    noise = np.concatenate([t[truth.target_column] - worlds.true_expected_kpi(table, truth) for t in many])
    assert noise.std() == pytest.approx(truth.noise_sd, rel=0.15)
    assert np.abs(noise).max() > 6 * truth.noise_sd


def test_a_break_takes_a_fifth_from_the_middle_of_training_on(simulated):
    table, truth, _ = simulated
    lost = table[truth.target_column] - worlds.broken(np.random.default_rng(1), table, truth)[truth.target_column]
    assert (lost[: truth.n_train // 2] == 0).all()
    np.testing.assert_allclose(lost[truth.n_train // 2 :], 0.2 * table[truth.target_column].mean())


@pytest.mark.parametrize("name", ["simulator", "collinear"])
def test_what_a_simulated_world_holds_true_is_what_the_model_computes(name):
    world = RECOVERY[name].world(0)
    design, truth = world.design, world.truth
    drawn = prior_draws(design, world.spec, 1, np.random.default_rng(1))
    for variable in ("adstock_alpha", "half_saturation", "coefficient"):
        drawn[variable] = np.array([[truth[f"{variable}[{c}]"] for c in design.channels]])
    drawn["coefficient"] = drawn["coefficient"] / design.kpi_scale
    found = worlds.figures(design, world.spec, drawn, np.random.default_rng(1))
    for label in truth:
        if label != worlds.HELD_OUT:
            assert found[label][0] == pytest.approx(truth[label], rel=1e-4), label


@pytest.mark.parametrize("name", RANKS)
def test_worlds_from_the_prior_differ_in_truth_alone(name):
    one, other = RANKS[name].world(0), RANKS[name].world(1)
    np.testing.assert_array_equal(one.design.spend, other.design.spend)
    assert one.spec == other.spec
    assert not set(one.truth.values()) & set(other.truth.values())
    assert (one.design.kpi_scale == 1).all()


@pytest.mark.parametrize("name", RANKS)
def test_the_kpi_of_a_world_fits_its_truth(name):
    world = RANKS[name].world(0)
    n = int(world.design.is_training.sum())
    sigma = np.array([v for label, v in world.truth.items() if label.partition("[")[0] == "sigma"])
    expected = -n * np.sum(0.5 * np.log(2 * np.pi) + np.log(sigma) + 0.5)
    assert world.truth[worlds.LOG_LIKELIHOOD] == pytest.approx(expected, abs=4 * np.sqrt(n * len(sigma) / 2))


def test_a_panels_kpi_is_drawn_unit_by_unit():
    world = RANKS["v2_panel"].world(0)
    kpi, shown = world.design.kpi_scaled, world.design.is_training
    for position, unit in enumerate(world.design.units):
        assert kpi[position, shown].std() > 0.5 * world.truth[f"sigma[{unit}]"]
    assert np.corrcoef(kpi[:, shown]).min() < 0.9


def test_the_models_own_scale_leaves_the_truth_as_it_was():
    given, own = RECOVERY["prior"].world(2), RECOVERY["own_scale"].world(2)
    assert given.truth == own.truth
    shown = given.design.is_training
    np.testing.assert_allclose(
        own.design.kpi_scaled[:, shown] * own.design.kpi_scale, given.design.kpi_scaled[:, shown]
    )


# --- scores and words ------------------------------------------------------------------------------------------------


def record(study: str, world: int, rank: int, truth: float = 1.0, mean: float = 1.0, kpi_unit: float = 1.0) -> dict:
    channel = ("adstock_alpha", "coefficient", "contribution", "half_saturation", "roas")
    labels = (*(f"{name}[tv]" for name in channel), "media", "held_out_kpi")
    figure = [truth, mean, mean - 0.5, mean + 0.5, rank, 2.0, 0.0, 4.0]
    return {
        "study": study, "world": world, "kpi_unit": kpi_unit, "seconds": 1.0, "draws": 1000, "ess": 500, "rhat": 1.01,
        "divergences": 0, "figures": dict.fromkeys(labels, figure),
    }  # fmt: skip


def test_recovery_by_hand():
    table = scores.figures_table([record("prior", 0, 5, truth=1.0, mean=1.2), record("prior", 1, 5, 3.0, mean=2.0)])
    row = scores.recovery(table).loc["media"]
    assert row["coverage"] == 0.5
    assert row["bias"] == pytest.approx((0.2 - 1.0) / 2 / 2)
    assert row["rmse"] == pytest.approx(np.sqrt((0.04 + 1.0) / 2) / 2)
    assert row["prior_rmse"] == pytest.approx(0.5)
    assert row["width"] == pytest.approx(0.25)


def test_money_is_told_in_units_of_the_kpi():
    truth = scores.figures_table([record("prior", 0, 5, truth=8.0, kpi_unit=4.0)]).set_index("variable")["truth"]
    assert truth["contribution"] == truth["coefficient"] == truth["media"] == 2.0
    assert truth["roas"] == truth["adstock_alpha"] == 8.0


def test_figures_that_rank_alike_are_tested_once():
    table = scores.figures_table([record("v3", world, rank) for world, rank in enumerate(ranks_of(1, 1, 50))])
    assert list(scores.uniformity(table)["label"]) == ["adstock_alpha[tv]"]


@pytest.mark.parametrize(("shape", "verdict"), [((1, 1), "No figure of any"), ((1, 2), "Not uniform: v3.")])
def test_the_document_says_what_came_out(shape, verdict):
    records = [record("v3", world, int(rank)) for world, rank in enumerate(ranks_of(*shape, 200))]
    assert verdict in document.document(records, "2026-01-01", "a machine")


@pytest.mark.parametrize(("missed", "verdict"), [(80, "Outside of 75 to 88 %: "), (40, "lies within 75 to 88 %")])
def test_the_document_judges_coverage(missed, verdict):
    records = [record("prior", world, 5, mean=1.7 if world < missed else 1.0) for world in range(200)]
    assert verdict in document.document(records, "2026-01-01", "a machine")


def test_the_document_names_what_does_most_harm():
    records = [record(name, world, 5, mean=1.2) for name in ("prior", "simulator") for world in range(9)]
    records += [record("broken", world, 5, mean=1.6) for world in range(9)]
    said = document.document(records, "2026-01-01", "a machine")
    assert "80 % intervals hold 0 % to 100 % of the contributions" in said
    assert "*break* does most harm: all media together are off by +60 %" in said


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    file, asked = tmp_path / "records.jsonl", []

    def fit(name, number, cores):
        asked.append((name, number))
        return record(name, number, 5)

    monkeypatch.setattr(calibration, "run_world", fit)
    assert len(calibration.run(file, ["v3"], 3, 1)) == 3
    file.write_text(file.read_text() + '{"study": "v3", "wor')
    assert len(calibration.run(file, ["v3", "v1"], 4, 1)) == 8
    assert asked == [*(("v3", i) for i in range(4)), *(("v1", i) for i in range(4))]
    assert len(calibration.read_records(file)) == 8


def test_all_studies_are_large_enough():
    asked = {"v3": 200, "simple": 200, "v1": 200, "v2": 100, "v2_panel": 100} | dict.fromkeys(RECOVERY, 100)
    assert {name: STUDIES[name].n for name in asked} == asked
    assert pd.Index(STUDIES).is_unique
