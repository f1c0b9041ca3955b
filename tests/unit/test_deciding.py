"""The decision: stops where both gates pass, else follows what was chosen before; the record holds all of it."""

import pytest
from situations import GOOD, folds, following, rich_situation, summary, trained, validation

from mmm_builder.candidates import Candidates
from mmm_builder.config_files import fingerprint
from mmm_builder.policy.changes import apply_changes
from mmm_builder.policy.choosing import RETURN, choose
from mmm_builder.policy.deciding import decide
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.policy.words import key_of
from mmm_builder.verdicts import Decision, OosValidation

TABLE = {r.name: r for r in REMEDIES}
FAST = ("more_season", "trend_slope", "raise_target_accept", "lengthen_tune", "heavy_tails")
SLOW = tuple(name for name in TABLE if name not in FAST)
NOT_OPENED = validation(None)


@pytest.fixture(scope="module")
def rich():
    return rich_situation()


@pytest.fixture(scope="module")
def chosen(rich) -> Candidates:
    return choose(rich, (), SLOW)


def decided(now, chosen: Candidates, oos: OosValidation = NOT_OPENED, passed_before: bool = False) -> Decision:
    return decide(now.summary, now.folds, chosen, oos, passed_before)


def keys(sentences) -> list[str]:
    """Return the keys of the policy's sentences; all must be its own."""
    return [key_of(sentence)[0] for sentence in sentences]


class TestStopping:
    def test_both_gates_passed(self, rich, chosen):
        decision = decided(rich, chosen, validation(True))
        assert (decision.action, decision.status, decision.stop_reason) == ("stop", "full_success", "both gates passed")
        assert (decision.changes, decision.base) == ((), None)

    @pytest.mark.parametrize(("passed_before", "now_passes", "status"), [
        (False, False, "budget_exhausted"), (True, False, "diagnostics_only"), (False, True, "diagnostics_only"),
    ])  # fmt: skip
    def test_no_remedy_left(self, rich, passed_before, now_passes, status):
        now = rich if now_passes else rich._replace(summary=summary(r2=0.3))
        nothing = choose(now, (), tuple(TABLE))
        decision = decided(now, nothing, validation(False) if now_passes else NOT_OPENED, passed_before)
        assert (decision.action, decision.status) == ("stop", status)
        assert key_of(decision.stop_reason)[0] == "stop.none_left"
        key, words = key_of(decision.diagnosis.hypothesis)
        assert key == "decision.open"
        assert set(words["checks"].split(", ")) & {"r2_low", "oos_r2"}


class TestRevising:
    def test_does_what_was_chosen(self, rich, chosen):
        decision = decided(rich, chosen)
        follows = chosen.next
        assert (decision.action, decision.remedy, decision.base) == ("revise", follows.remedy, 1)
        assert (decision.predicted_figure, decision.predicted_value) == (follows.figure, follows.predicted)
        spec = apply_changes(rich.spec, decision.changes, 2)
        assert fingerprint(spec) == fingerprint(following(rich, chosen).spec)

    def test_the_hypothesis_is_the_remedys(self, rich, chosen):
        decision = decided(rich, chosen)
        assert decision.diagnosis.hypothesis == TABLE[chosen.next.remedy].hypothesis

    def test_evidence_for_and_against_with_the_runners_up(self, rich, chosen):
        diagnosis = decided(rich, chosen).diagnosis
        assert "for.gain" in keys(diagnosis.evidence_for)
        assert "against.runner_up" in keys(diagnosis.evidence_against)

    def test_a_check_that_it_answers_speaks_for_it(self, rich):
        now = rich._replace(summary=summary(divergences=4))
        diagnosis = decided(now, choose(now, (), SLOW)).diagnosis
        assert keys(diagnosis.evidence_for) == ["for.answers", "for.law"]
        assert key_of(diagnosis.evidence_for[0])[1]["code"] == "divergences"
        assert keys(diagnosis.evidence_against) == ["against.runner_up_by_law"]

    def test_what_was_refuted_before_speaks_against_its_kind(self, rich, chosen):
        now = following(rich, chosen)._replace(folds=folds(crps=9900.0))
        again = choose(now, (trained(rich, chosen),), SLOW)
        assert again.next.remedy == chosen.next.remedy, "choose figures with which the same remedy follows"
        assert "against.refuted" in keys(decided(now, again).diagnosis.evidence_against)

    def test_a_return_to_the_best_is_said(self, rich, chosen):
        now = following(rich, chosen)._replace(folds=folds(crps=9900.0))
        back = choose(now, (trained(rich, chosen),), tuple(TABLE))
        decision = decided(now, back)
        assert (decision.remedy, decision.base, decision.predicted_value) == (RETURN, 1, rich.folds.pooled.crps)
        assert key_of(decision.diagnosis.hypothesis)[0] == f"remedy.{RETURN}.hypothesis"


class TestRecord:
    def test_can_be_read_back(self, rich, chosen):
        decision = decided(rich, chosen)
        assert Decision.model_validate_json(decision.to_json()) == decision

    def test_all_that_was_observed_is_on_record_with_its_file(self, rich, chosen):
        sources = {o.figure: o.source for o in decided(rich, chosen, validation(False)).observed}
        assert sources["r2_low"] == "artifacts_iter_1/metrics/summary.json"
        assert sources["fold_r2"] == "artifacts_iter_1/metrics/folds.json"
        assert sources["oos_r2"] == "artifacts_iter_1/oos_validation.json"

    def test_the_outcome_of_the_change_that_led_here(self, rich, chosen):
        assert decided(rich, chosen).outcome is None
        now = following(rich, chosen)._replace(folds=folds(crps=9900.0))
        outcome = decided(now, choose(now, (trained(rich, chosen),), SLOW)).outcome
        assert (outcome.iteration, outcome.remedy, outcome.after) == (1, chosen.next.remedy, 9900.0)
        assert (outcome.hypothesis, outcome.reverted) == ("refuted", True)


@pytest.mark.parametrize("on_folds", [folds(), folds(**GOOD)])
def test_held_out_figures_choose_nothing(rich, on_folds):
    now = rich._replace(folds=on_folds)
    chosen = choose(now, (), SLOW)
    decisions = [
        decided(now, chosen, validation(False, r2=r2, mape=mape))
        for r2, mape in ((-9.0, 99.0), (0.1, 12.0), (0.39, 5.0), (0.6, 20.5))
    ]
    told = [d.model_dump(mode="json", exclude={"observed"}) for d in decisions]
    assert all(one == told[0] for one in told)
    assert told[0]["action"] == "revise"
