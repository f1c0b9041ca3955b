"""Breaks of the level: where the largest step lies, and when a shift is proposed, moved or left out."""

import numpy as np
import pytest
from situations import rich_situation, situation, with_step

from mmm_builder.judging.residuals import LEAST_SIDE, STEP_LIMIT, largest_step
from mmm_builder.modelling.priors import preset
from mmm_builder.policy.level_shifts import MAX_SHIFTS, level_shift
from mmm_builder.policy.proposals import to_trend
from mmm_builder.policy.screened_candidates import size_of
from mmm_builder.policy.screening import fitted, screen
from mmm_builder.policy.situation import Situation, edited
from mmm_builder.spec import LevelShift

N = 120
PRIOR = preset("default").level_shift_coefficient
SEEDS = range(200)


def line(n: int = N) -> np.ndarray:
    return np.stack([np.ones(n), np.arange(n)], axis=1)


def noise(seed: int, n: int = N, kept: float = 0.0) -> np.ndarray:
    """Return noise (row,) that keeps a share of the row before."""
    values = np.random.default_rng(seed).standard_normal(n + 50)
    for t in range(1, n + 50):
        values[t] += kept * values[t - 1]
    return values[50:]


def step(row: int, n: int = N) -> np.ndarray:
    return (np.arange(n) >= row).astype(float)


class TestLargestStep:
    @pytest.mark.parametrize("row", [15, 60, 100])
    @pytest.mark.parametrize("slope", [0.0, 0.1])
    def test_is_found_whatever_the_line(self, row, slope):
        found = largest_step(noise(1) + slope * np.arange(N) + 4.0 * step(row), line())
        assert abs(found.row - row) <= 1
        assert found.f > STEP_LIMIT

    def test_what_stands_beside_it_moves_nothing(self):
        beside = np.column_stack([line(), noise(3), step(30)])
        rows = noise(2) + 2.0 * step(70)
        one, other = largest_step(rows, beside), largest_step(rows + beside @ [5.0, -1.0, 2.0, 9.0], beside)
        assert one.row == other.row
        assert one.f == pytest.approx(other.f)

    def test_white_noise_rarely_has_one(self):
        found = [largest_step(noise(seed), line()).f > STEP_LIMIT for seed in SEEDS]
        assert np.mean(found) < 0.1

    def test_noise_that_hangs_together_is_discounted(self):
        found = [largest_step(noise(seed, kept=0.6), line()).f > STEP_LIMIT for seed in SEEDS]
        assert np.mean(found) < 0.25

    def test_keeps_off_the_ends_and_known_steps(self):
        for row in (3, N - 3, 63):
            found = largest_step(noise(4) + 9.0 * step(row), line(), taken=[60])
            assert np.abs(np.array([0, 60, N]) - found.row).min() >= max(LEAST_SIDE, N // 10)

    def test_none_of_few_rows_and_none_without_noise(self):
        assert largest_step(noise(5, 2 * LEAST_SIDE - 1), line(2 * LEAST_SIDE - 1)) is None
        assert largest_step(np.zeros(N), line()) is None


def day(now: Situation, row: int) -> str:
    return str(now.series["date"].iloc[row])[:10]


def with_shifts(now: Situation, *rows: int) -> Situation:
    shifts = tuple(LevelShift(date=day(now, row), coefficient=PRIOR) for row in rows)
    return now._replace(spec=now.spec.model_copy(update={"level_shifts": shifts}))


class TestProposals:
    @pytest.mark.parametrize("row", [25, 60, 110])
    def test_the_date_of_the_break(self, row):
        now = with_step(rich_situation(), row)
        (option,) = level_shift(now)
        assert option.label == f"level_shifts + {day(now, row)}"
        spec = edited(now.spec, option.edits)
        assert [s.date for s in spec.level_shifts] == [day(now, row)]
        assert size_of(spec) == size_of(now.spec) + 1

    def test_nothing_of_white_noise(self):
        assert level_shift(situation()) == []
        assert level_shift(rich_situation()) == []

    def test_one_more_or_one_less(self):
        now = with_step(with_shifts(rich_situation(), 60), 120)
        assert [o.label for o in level_shift(now)] == [
            f"level_shifts + {day(now, 120)}", f"− level_shifts[{day(now, 60)}]",
        ]  # fmt: skip
        assert edited(now.spec, level_shift(now)[-1].edits).level_shifts == ()

    def test_not_more_than_the_limit(self):
        now = with_step(with_shifts(rich_situation(), *(20 * (k + 1) for k in range(MAX_SHIFTS))), 120)
        assert [o.label[0] for o in level_shift(now)] == ["−"] * MAX_SHIFTS

    @pytest.mark.parametrize("kind", ["damped", "local_linear"])
    def test_a_trend_that_bends_does_not_hide_it(self, kind):
        now = with_step(situation(n_periods=208, r2=0.9), 60)
        bent = edited(now.spec, to_trend(now.spec, kind).edits)
        shown = now.panel["is_training"].values
        now = now._replace(spec=bent, series=now.series.assign(actual=now.panel["kpi"].values[shown]))
        now = now._replace(series=now.series.assign(predicted=fitted(now.panel, bent)))
        kept, straight = (edited(bent, option.edits) for option in level_shift(now))
        assert abs(int(np.flatnonzero(now.series["date"] == kept.level_shifts[0].date)[0]) - 60) <= 1
        assert (kept.trend.kind, straight.trend.kind) == (kind, "linear")
        assert kept.level_shifts == straight.level_shifts

    def test_the_folds_speak_for_it(self):
        now = with_step(rich_situation(), 60)
        (option,) = level_shift(now)
        shifted = screen(now.panel, edited(now.spec, option.edits)).crps
        assert shifted < 0.9 * screen(now.panel, now.spec).crps
        assert shifted < 0.9 * screen(now.panel, edited(now.spec, to_trend(now.spec, "local_linear").edits)).crps
