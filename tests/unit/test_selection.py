import math

import finished_runs as finished
import pytest
import run_records as runs

from mmm_builder.errors import InputError
from mmm_builder.policy.ledger import open_codes
from mmm_builder.reporting.selection import fold_crps, reasons, select
from mmm_builder.verdicts import ConvergenceThresholds

STOP = {"action": "stop", "stop_reason": None}


def chosen(iterations, max_iterations=10):
    return select(*zip(*iterations, strict=True), max_iterations)


def iteration(n, crps=50000.0, **figures):
    return finished.iteration(n, on_folds={"crps": crps}, **figures)


def test_full_success_selects_the_iteration_that_ended_the_run():
    iterations, budget = finished.three_with_success()
    found = chosen(iterations, budget)
    assert (found.status, found.iteration, found.code, found.stop_code) == (
        "full_success", 3, "passed_both", "both_gates",
    )  # fmt: skip


def test_of_those_that_passed_diagnostics_the_best_on_the_folds():
    found = chosen(
        [
            iteration(1, 52000.0, r2=0.60, r2_out=0.1),
            iteration(2, 50000.0, r2=0.80, r2_out=0.1),
            iteration(3, 51000.0, r2=0.62, r2_out=0.3),
            iteration(4, 40000.0, r2=0.40, decided=STOP),
        ]
    )
    assert (found.status, found.iteration, found.code, found.among) == ("diagnostics_only", 2, "best_folds", 3)
    assert found.stop_code == "no_candidate"


def test_without_any_that_passed_the_fewest_failing_checks_decide_then_the_folds():
    found = chosen(
        [
            iteration(1, 40000.0, r2=0.54, rhat=1.2),
            iteration(2, 50000.0, r2=0.20),
            iteration(3, 49000.0, r2=0.20),
            iteration(4, 40000.0, r2=0.50, divergences=3, rhat=1.3),
        ],
        4,
    )
    assert (found.status, found.iteration, found.code) == ("budget_exhausted", 3, "fewest_failing")
    assert found.stop_code == "budget"


def test_without_folds_the_latest_of_equals():
    found = chosen([iteration(n, None, r2=0.6 + 0.01 * n, r2_out=0.1) for n in (1, 2)], 2)
    assert found.iteration == 2
    assert fold_crps(runs.folds(crps=None)) == math.inf
    assert "unknown" in reasons(found, runs.folds(crps=None), 2)[1]


def test_a_check_that_could_not_be_assessed_counts_as_failing():
    found = chosen([iteration(1, 40000.0, r2=0.3, divergences=None), iteration(2, 50000.0, r2=0.3, outlier=9.0)], 2)
    assert found.iteration == 2


def test_the_loop_and_the_report_have_one_best_iteration():
    figures = ((9000.0, 0.30), (9100.0, 0.54), (20000.0, 0.549))
    assert chosen([iteration(n, crps, r2=r2) for n, (crps, r2) in enumerate(figures, 1)], 3).iteration == 2


@pytest.mark.parametrize("held_out", [-2.0, 0.0, 0.39])
def test_no_held_out_figure_has_a_say(held_out):
    """Whatever the held-out figures of iterations that failed there, the same one is selected."""
    crps = {1: 51000.0, 2: 50000.0, 3: 52000.0}
    iterations = [iteration(n, crps[n], r2=0.6, r2_out=held_out * n / 3) for n in crps]
    assert chosen(iterations, 3) == chosen([iteration(n, crps[n], r2=0.6, r2_out=0.1) for n in crps], 3)


def test_why_is_on_record():
    stop = {"action": "stop", "stop_reason": "no remedy left, says the policy"}
    stopped, selected = reasons(chosen([iteration(1, r2=0.3, decided=stop)]), runs.folds(crps=50000.0), 10)
    assert stopped == stop["stop_reason"]
    assert "fewest failing checks" in selected
    assert "50000; not validated" in selected


@pytest.mark.parametrize(("budget", "said"), [(1, "budget of 1 iteration spent"), (2, "budget of 2 iterations spent")])
def test_a_spent_budget_is_told(budget, said):
    found = chosen([iteration(n, r2=0.3) for n in range(1, budget + 1)], budget)
    assert reasons(found, runs.folds(), budget)[0] == said


def test_missing_iterations_are_refused():
    with pytest.raises(InputError, match="iteration 2 is to revise, but 2 of 10 iterations were given"):
        chosen([iteration(1, r2=0.3), iteration(2, r2=0.3)])


def test_a_success_without_both_gates_is_refused():
    wrong = iteration(1, r2=0.3, decided={"action": "stop", "status": "full_success"})
    with pytest.raises(InputError, match="not both of its gates passed"):
        chosen([wrong])


def test_a_ceiling_that_fails_is_a_failing_check():
    strict = runs.summary(r2=0.8, thresholds=ConvergenceThresholds(r2_above="fail"))
    assert (open_codes(strict), strict.passed) == ({"r2_high"}, False)
