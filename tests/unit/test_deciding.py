"""The decision: stops where both gates pass, answers what failed, never tries twice, never learns from the holdout."""

import math

import pytest
from situations import rich_situation, situation, summary, validation

from mmm_builder.errors import InputError
from mmm_builder.policy.changes import apply_changes, fingerprint
from mmm_builder.policy.deciding import RULED_OUT, History, decide
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.policy.screening import screen
from mmm_builder.verdicts import ConvergenceThresholds, Decision

TABLE = {r.name: r for r in REMEDIES}
NOTHING_BEFORE = History(specs=(), diagnostics_passed=False)
BY_THE_LETTER = ConvergenceThresholds(r2_above="fail")

FAILURES = {
    "worst_rhat": {"rhat": 1.2}, "min_ess": {"ess": 40.0}, "divergences": {"divergences": 3}, "r2_low": {"r2": 0.3},
    "r2_high": {"r2": 0.9, "limits": BY_THE_LETTER},
}  # fmt: skip
"""For each check of the gate, figures that fail it alone."""


def run_loop(now, oos, *, steps: int, disabled=()):
    """Decide, apply, decide, …, with figures that don't change; return the decisions."""
    decisions, specs = [], []
    for _ in range(steps):
        decision = decide(now, oos, History(tuple(specs), now.summary.passed), disabled)
        decisions.append(decision)
        if decision.action == "stop":
            break
        specs.append(now.spec)
        now = now._replace(spec=apply_changes(now.spec, decision.changes, now.spec.iteration + 1))
    return decisions, [*specs, now.spec]


class TestStopping:
    def test_both_gates_passed(self):
        decision = decide(situation(), validation(True), NOTHING_BEFORE)
        assert (decision.action, decision.status, decision.stop_reason) == ("stop", "full_success", "both gates passed")
        assert decision.changes == ()

    @pytest.mark.parametrize(("passed_before", "now_passes", "status"), [
        (False, False, "budget_exhausted"), (True, False, "diagnostics_only"), (False, True, "diagnostics_only"),
    ])  # fmt: skip
    def test_no_remedy_left(self, passed_before, now_passes, status):
        figures = summary() if now_passes else summary(r2=0.3)
        decision = decide(
            situation(figures), validation(False if now_passes else None), History((), passed_before), tuple(TABLE)
        )
        assert (decision.action, decision.status) == ("stop", status)
        assert "no remedy left" in decision.stop_reason
        assert decision.diagnosis.hypothesis.startswith("open checks remain: ")

    def test_divergences_at_the_highest_acceptance_end_it(self):
        now = situation(summary(divergences=2))
        sampler = now.spec.sampler.model_copy(update={"target_accept": 0.99})
        now = now._replace(spec=now.spec.model_copy(update={"sampler": sampler}))
        assert decide(now, validation(None), NOTHING_BEFORE).action == "stop"


class TestRevising:
    @pytest.mark.parametrize("code", FAILURES)
    def test_what_failed_is_answered(self, code):
        now = rich_situation(summary(**FAILURES[code]))
        decision = decide(now, validation(None), NOTHING_BEFORE)
        assert decision.action == "revise"
        assert code in TABLE[decision.remedy].answers
        assert code in decision.diagnosis.evidence_for[0]

    @pytest.mark.parametrize("code", FAILURES)
    def test_changes_make_the_next_configuration(self, code):
        now = rich_situation(summary(**FAILURES[code]))
        decision = decide(now, validation(None), NOTHING_BEFORE)
        spec = apply_changes(now.spec, decision.changes, 2)
        assert fingerprint(spec) != fingerprint(now.spec)
        for change in decision.changes:
            assert change.reason
            assert change.predicted_effect
            assert change.old != change.new

    @pytest.mark.parametrize("code", FAILURES)
    def test_its_prediction_is_a_figure(self, code):
        now = rich_situation(summary(**FAILURES[code]))
        decision = decide(now, validation(None), NOTHING_BEFORE)
        assert math.isfinite(decision.predicted_value)
        moved_up = decision.predicted_value > getattr(now.summary, decision.predicted_figure)
        assert moved_up == (code in ("min_ess", "r2_low"))

    @pytest.mark.parametrize("code", ["worst_rhat", "min_ess"])
    def test_missing_evidence_is_answered_like_a_failure(self, code):
        figures = {"rhat": None} if code == "worst_rhat" else {"ess": None}
        decision = decide(situation(summary(**figures)), validation(None), NOTHING_BEFORE)
        assert (decision.remedy, decision.predicted_value) == ("lengthen_chains", None)

    def test_the_sampler_comes_first(self):
        decision = decide(situation(summary(rhat=1.5, r2=0.1), outlier=True), validation(None), NOTHING_BEFORE)
        assert decision.remedy == "lengthen_chains"

    def test_a_record_of_it_can_be_read_back(self):
        decision = decide(situation(summary(r2=0.3)), validation(None), NOTHING_BEFORE)
        assert Decision.model_validate_json(decision.to_json()) == decision

    def test_all_that_was_observed_is_on_record(self):
        decision = decide(situation(), validation(False), NOTHING_BEFORE)
        codes = {o.figure for o in decision.observed}
        assert {"worst_rhat", "min_ess", "divergences", "r2_low", "oos_r2", "oos_mape"} <= codes


class TestNothingTwice:
    @pytest.mark.parametrize(("figures", "passed"), [
        ({}, False), ({"r2": 0.3}, None), ({"r2": 0.9, "limits": BY_THE_LETTER}, None), ({"ess": 10.0}, None),
    ])  # fmt: skip
    def test_no_configuration_comes_back(self, figures, passed):
        now = rich_situation(summary(**figures))
        decisions, specs = run_loop(now, validation(passed), steps=12)
        prints = [fingerprint(s) for s in specs]
        assert len(set(prints)) == len(prints)
        assert all(math.isfinite(d.predicted_value) for d in decisions if d.action == "revise")

    def test_more_and_less_season_do_not_cycle(self):
        others = tuple(n for n in TABLE if n not in ("more_season", "less_season"))
        decisions, specs = run_loop(situation(n_periods=156), validation(False), steps=20, disabled=others)
        orders = [s.seasonality.order for s in specs]
        assert len(set(orders)) == len(orders)
        assert decisions[-1].action == "stop"


class TestAfterAFailedOpening:
    def test_the_search_stays_near_the_best_evidence_and_ends(self):
        """Each opening is a look: a row of small losses must not lead anywhere, nor go on for ever."""
        now = rich_situation()
        decisions, specs = run_loop(now, validation(False), steps=60)
        evidence = [screen(now.panel, s).log_evidence for s in specs]
        assert decisions[-1].action == "stop"
        assert all(e > max(evidence[: k + 1]) + RULED_OUT for k, e in enumerate(evidence))

    def test_sampler_remedies_are_no_answer(self):
        now = rich_situation()
        decisions, _ = run_loop(now, validation(False), steps=60)
        assert not {d.remedy for d in decisions} & {r.name for r in REMEDIES if r.laws}


class TestHoldoutTeachesNothing:
    @pytest.mark.parametrize("outlier", [False, True])
    def test_held_out_figures_choose_no_remedy(self, outlier):
        now = situation(outlier=outlier, n_periods=156)
        chosen = [
            decide(now, validation(False, r2=r2, mape=mape), NOTHING_BEFORE)
            for r2, mape in ((-9.0, 99.0), (0.1, 12.0), (0.39, 5.0), (0.6, 20.5))
        ]
        assert all(d.action == "revise" for d in chosen)
        assert len({(d.remedy, d.changes, d.predicted_value) for d in map(frozen, chosen)}) == 1

    def test_held_out_rows_choose_no_remedy(self):
        now = situation(outlier=True, n_periods=156)
        held_out = ~now.panel["is_training"]
        moved = now._replace(panel=now.panel.assign(
            spend=now.panel["spend"].where(~held_out, 3.0), controls=now.panel["controls"].where(~held_out, 8.0),
        ))  # fmt: skip
        before, after = (decide(s, validation(False), NOTHING_BEFORE) for s in (now, moved))
        assert before == after


def frozen(decision: Decision):
    """Return the decision with its changes as text, so that decisions can be compared in a set."""
    return decision.model_copy(update={"changes": str(decision.changes)})


class TestDisabled:
    def test_is_respected(self):
        now = rich_situation(summary(r2=0.3))
        first = decide(now, validation(None), NOTHING_BEFORE)
        second = decide(now, validation(None), NOTHING_BEFORE, (first.remedy,))
        assert second.remedy != first.remedy

    def test_unknown_name_is_named_with_the_nearest(self):
        with pytest.raises(
            InputError, match=r"policy.disabled_remedies: 'more_sesaon' is not known \(did you mean 'mo"
        ):
            decide(situation(), validation(True), NOTHING_BEFORE, ("more_sesaon",))
