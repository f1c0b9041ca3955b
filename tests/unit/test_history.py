import json

import finished_runs as finished
import pytest
import run_records as runs

from mmm_builder.reporting.history import iteration_log, iteration_record, share_of_gain, thinking_history
from mmm_builder.verdicts import IterationRecord, ThinkingHistory


def made(make):
    """Return a run's iterations (summary, folds, validation, decision) and its history."""
    iterations, _ = make()
    n = len(iterations)
    return iterations, thinking_history([i[3] for i in iterations], runs.candidates(iterations, n))


def test_the_share_of_the_gain_is_negative_the_other_way():
    assert share_of_gain(0.4, 0.6, 0.3) == pytest.approx(-0.5)
    assert share_of_gain(0.4, 0.4, 0.3) is None
    assert share_of_gain(0.4, None, 0.3) is None


@pytest.mark.parametrize("make", finished.RUNS.values(), ids=finished.RUNS.keys())
def test_one_record_per_iteration_with_the_figures_of_gates_and_folds(tmp_path, make):
    iterations, _ = make()
    records = [iteration_record(i) for i in finished.read_run(tmp_path, runs.profile(), iterations)]
    assert [r.iteration for r in records] == list(range(1, len(iterations) + 1))
    for record, (summary, folds, validation, _) in zip(records, iterations, strict=True):
        assert (record.r2, record.diagnostics_passed, record.seconds) == (summary.r2, summary.passed, 12.34)
        assert (record.oos_evaluated, record.oos_r2) == (validation.evaluated, validation.oos_r2)
        assert record.chance_pass_probability == validation.chance_pass_probability
        assert (record.n_folds, record.folds_passed) == (len(folds.folds), folds.passed)
        assert record.fold_crps == (folds.pooled and folds.pooled.crps)
        assert record.media_free_fold_crps == (folds.twins and folds.twins.media_free.crps)
        assert record.fold_media_adds == (folds.media_adds and folds.media_adds.verdict)
    read = [IterationRecord.parse(entry, "iteration_log.json") for entry in json.loads(iteration_log(records))]
    assert read == records


def test_outcomes_are_the_ledgers():
    iterations, history = made(finished.three_with_success)
    assert history.outcomes == runs.candidates(iterations, 3).ledger
    assert [o.iteration for o in history.outcomes] == [1, 2]


def test_the_last_proposal_of_a_spent_budget_is_untested():
    iterations, history = made(finished.ten_exhausted)
    proposed = runs.candidates(iterations, 10).next
    assert [o.hypothesis for o in history.outcomes] == ["refuted"] * 9 + ["untested"]
    last = history.outcomes[-1]
    assert (last.iteration, last.remedy, last.predicted, last.after) == (10, proposed.remedy, proposed.predicted, None)


def test_what_could_have_followed_a_success_is_no_outcome():
    assert made(finished.one_success)[1].outcomes == ()


def test_the_history_round_trips():
    _, history = made(finished.three_with_success)
    assert ThinkingHistory.parse(json.loads(history.to_json()), "thinking_history.json") == history
