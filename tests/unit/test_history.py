import json

import finished_runs as finished
import pytest
import run_records as runs

from mmm_builder.reporting.history import (
    figure_of,
    iteration_log,
    iteration_records,
    judge,
    share_of_gain,
    thinking_history,
)
from mmm_builder.verdicts import IterationRecord, ThinkingHistory


@pytest.mark.parametrize(
    ("before", "predicted", "after", "verdict"),
    [
        (0.40, 0.60, 0.60, "survived"),
        (0.40, 0.60, 0.50, "survived"),
        (0.40, 0.60, 0.49, "refuted"),
        (0.40, 0.60, 0.30, "refuted"),
        (0.40, 0.60, 0.90, "survived"),
        (1.08, 1.04, 1.03, "survived"),
        (1.08, 1.04, 1.07, "refuted"),
        (12.0, 0.0, 5.0, "survived"),
        (12.0, 0.0, 7.0, "refuted"),
        (None, 0.6, 0.5, "untested"),
        (0.4, None, 0.5, "untested"),
        (0.4, 0.6, None, "untested"),
        (0.4, 0.4, 0.5, "untested"),
    ],
)
def test_a_hypothesis_survives_on_half_of_the_predicted_gain(before, predicted, after, verdict):
    assert judge(before, predicted, after) == verdict


def test_the_share_of_the_gain_is_negative_the_other_way():
    assert share_of_gain(0.4, 0.6, 0.3) == pytest.approx(-0.5)


def verdicts(make):
    summaries, validations, decisions = zip(*make()[0], strict=True)
    specs = [runs.spec(n) for n in range(1, len(summaries) + 1)]
    return specs, summaries, validations, decisions


@pytest.mark.parametrize("make", finished.RUNS.values(), ids=finished.RUNS.keys())
def test_one_record_per_iteration_with_the_figures_of_both_gates(make):
    specs, summaries, validations, decisions = verdicts(make)
    records = iteration_records(specs, summaries, validations, decisions)
    assert [r.iteration for r in records] == list(range(1, len(summaries) + 1))
    for record, summary, validation in zip(records, summaries, validations, strict=True):
        assert (record.r2, record.diagnostics_passed, record.seconds) == (summary.r2, summary.passed, 12.34)
        assert (record.oos_evaluated, record.oos_r2) == (validation.evaluated, validation.oos_r2)
    read = [IterationRecord.parse(entry, "iteration_log.json") for entry in json.loads(iteration_log(records))]
    assert tuple(read) == records


def test_outcomes_follow_the_remedies():
    _, summaries, _, decisions = verdicts(finished.three_with_success)
    first, second = thinking_history(decisions, summaries).outcomes
    assert (first.iteration, first.remedy, first.figure) == (1, "raise-season", "r2")
    assert (first.before, first.predicted, first.after) == (0.4812, pytest.approx(0.5812), 0.5497)
    assert (first.hypothesis, second.hypothesis) == ("survived", "survived")


def test_the_last_remedy_of_a_spent_budget_is_untested():
    _, summaries, _, decisions = verdicts(finished.ten_exhausted)
    outcomes = thinking_history(decisions, summaries).outcomes
    assert [o.hypothesis for o in outcomes] == ["refuted"] * 9 + ["untested"]


def test_the_history_round_trips():
    _, summaries, _, decisions = verdicts(finished.three_with_success)
    history = thinking_history(decisions, summaries)
    assert ThinkingHistory.parse(json.loads(history.to_json()), "thinking_history.json") == history


def test_figures_are_found_by_key_or_by_check_and_never_out_of_sample():
    summary = runs.summary(r2=0.6, outlier=5.0)
    assert figure_of(summary, "r2") == 0.6
    assert figure_of(summary, "residual_outlier") == 5.0
    assert figure_of(summary, "passed") is None
    assert figure_of(summary, "oos_r2") is None
