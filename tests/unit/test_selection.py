import finished_runs as finished
import pytest
import run_records as runs

from mmm_builder.errors import InputError
from mmm_builder.reporting.selection import distance_to_band, select, unmet_checks
from mmm_builder.verdicts import ConvergenceThresholds


def chosen(iterations, max_iterations=10):
    summaries, validations, decisions = zip(*iterations, strict=True)
    return select(summaries, validations, decisions, max_iterations)


def test_full_success_selects_the_iteration_that_ended_the_run():
    iterations, budget = finished.three_with_success()
    assert chosen(iterations, budget) == ("full_success", 3, "both gates passed")


def test_among_those_that_passed_diagnostics_the_nearest_to_the_band_then_the_latest():
    stop = {"action": "stop", "stop_reason": None}
    found = chosen(
        [
            finished.iteration(1, r2=0.60, r2_out=0.1),
            finished.iteration(2, r2=0.65, r2_out=0.1),
            finished.iteration(3, r2=0.80, r2_out=0.1),
            finished.iteration(4, r2=0.40, decided=stop),
        ]
    )
    assert found == ("diagnostics_only", 2, "no remedy left")


def test_without_any_that_passed_the_fewest_failing_checks_decide():
    found = chosen(
        [
            finished.iteration(1, r2=0.54, rhat=1.2),
            finished.iteration(2, r2=0.30),
            finished.iteration(3, r2=0.50, divergences=3, rhat=1.3),
        ],
        3,
    )
    assert found == ("budget_exhausted", 2, "budget of 3 iterations spent")


def test_a_check_that_could_not_be_assessed_counts_as_failing():
    assert unmet_checks(runs.summary(divergences=None)) == 1
    assert unmet_checks(runs.summary(outlier=9.0)) == 0


@pytest.mark.parametrize(
    ("r2", "distance"), [(0.50, 0.05), (0.55, 0.0), (0.6, 0.0), (0.75, 0.05), (None, float("inf"))]
)
def test_distance_to_the_band(r2, distance):
    assert distance_to_band(runs.summary(r2=r2)) == pytest.approx(distance)


@pytest.mark.parametrize("held_out", [-2.0, 0.0, 0.39])
def test_no_held_out_figure_has_a_say(held_out):
    """Whatever the held-out figures of iterations that failed there, the same one is selected."""
    iterations = [finished.iteration(n, r2=0.5 + 0.03 * n, r2_out=held_out * n / 3) for n in (1, 2, 3)]
    assert (
        chosen(iterations, 3).iteration
        == chosen([finished.iteration(n, r2=0.5 + 0.03 * n, r2_out=0.1) for n in (1, 2, 3)], 3).iteration
    )


def test_the_reason_of_the_decision_is_kept():
    stop = {"action": "stop", "stop_reason": "no remedy left that the training rows speak for"}
    assert chosen([finished.iteration(1, r2=0.3, decided=stop)]).stop_reason == stop["stop_reason"]


def test_a_budget_of_one_is_singular():
    assert chosen([finished.iteration(1, r2=0.3)], 1).stop_reason == "budget of 1 iteration spent"


def test_missing_iterations_are_refused():
    with pytest.raises(InputError, match="iteration 2 is to revise, but 2 of 10 iterations were given"):
        chosen([finished.iteration(1, r2=0.3), finished.iteration(2, r2=0.3)])


def test_a_success_without_both_gates_is_refused():
    wrong = finished.iteration(1, r2=0.3, decided={"action": "stop", "status": "full_success"})
    with pytest.raises(InputError, match="not both of its gates passed"):
        chosen([wrong])


def test_a_ceiling_that_fails_is_a_failing_check():
    strict = runs.summary(r2=0.8, thresholds=ConvergenceThresholds(r2_above="fail"))
    assert (unmet_checks(strict), strict.passed) == (1, False)
