"""What follows an iteration: chosen by the folds, never twice, taken back where it hurt, blind to the holdout."""

import pytest
from situations import GOOD, folds, following, rich_situation, situation, summary, trained

from mmm_builder.candidates import Candidates
from mmm_builder.config_files import fingerprint
from mmm_builder.errors import InputError
from mmm_builder.policy.changes import apply_changes
from mmm_builder.policy.choosing import RETURN, choose
from mmm_builder.policy.ledger import judge, open_codes
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.policy.screened_candidates import (
    DIFFERENCE,
    HURTS,
    PROMISE,
    SAMPLER_CHECKS,
    Search,
    candidates_of,
    distance,
)
from mmm_builder.policy.screening import screen
from mmm_builder.policy.words import key_of
from mmm_builder.verdicts import ConvergenceThresholds, Outcome

TABLE = {r.name: r for r in REMEDIES}
ALL = tuple(TABLE)
BY_THE_LETTER = ConvergenceThresholds(r2_above="fail")
FAST = (
    "more_season",
    "less_season",
    "add_trend",
    "drop_trend",
    "trend_slope",
    "raise_target_accept",
    "lengthen_chains",
)
"""Remedies that are enough for runs of several iterations."""
SLOW = tuple(name for name in ALL if name not in FAST)

FAILURES = {
    "worst_rhat": {"rhat": 1.2}, "min_ess": {"ess": 40.0}, "divergences": {"divergences": 3}, "r2_low": {"r2": 0.3},
    "r2_high": {"r2": 0.9, "limits": BY_THE_LETTER},
}  # fmt: skip
"""For each check of the gate, figures that fail it alone."""


@pytest.fixture(scope="module")
def rich():
    return rich_situation()


@pytest.fixture(scope="module")
def first(rich):
    """What all remedies have to offer for the rich situation."""
    return choose(rich, ())


def with_figures(now, on_folds=None, **figures):
    return now._replace(summary=summary(**figures), folds=on_folds or now.folds)


def code(text: str | None) -> str | None:
    """Return the key of a sentence of the policy."""
    return text and key_of(text)[0]


def all_differ(now, chosen: Candidates) -> bool:
    """Tell whether what may be followed forecasts the folds otherwise than the present model."""
    here = screen(now.panel, now.spec)
    may = [apply_changes(now.spec, c.changes, 2) for c in chosen.screened if c.excluded is None]
    return all(distance(here, screen(now.panel, spec)) >= DIFFERENCE for spec in may)


class TestAnswers:
    @pytest.mark.parametrize("failed", FAILURES)
    def test_what_failed_is_answered(self, rich, failed):
        now = with_figures(rich, **FAILURES[failed])
        chosen = choose(now, (), SLOW).next
        if failed in SAMPLER_CHECKS:
            assert failed in TABLE[chosen.remedy].answers
        moved_up = chosen.predicted > getattr(now.summary, chosen.figure)
        assert moved_up == (failed in ("min_ess", "r2_low"))
        assert fingerprint(apply_changes(now.spec, chosen.changes, 2)) != fingerprint(now.spec)
        assert all(c.reason and c.predicted_effect and c.old != c.new for c in chosen.changes)

    @pytest.mark.parametrize("figures", [{"rhat": None}, {"ess": None}])
    def test_missing_evidence_is_answered_like_a_failure(self, figures):
        chosen = choose(situation(summary(**figures)), ()).next
        assert set(TABLE[chosen.remedy].answers) & {"worst_rhat", "min_ess"}

    def test_the_sampler_comes_first(self):
        chosen = choose(situation(summary(rhat=1.5, r2=0.1), outlier=True), ())
        assert TABLE[chosen.next.remedy].laws
        assert all(TABLE[c.remedy].laws for c in chosen.screened)

    def test_divergences_have_more_than_one_answer(self):
        found = choose(situation(summary(divergences=2)), ()).screened
        assert len({c.remedy for c in found if c.excluded is None}) >= 3

    def test_where_the_sampler_has_no_remedy_left_another_model_is_tried(self):
        samplers = tuple(r.name for r in REMEDIES if r.laws)
        chosen = choose(situation(summary(divergences=2)), (), samplers)
        assert chosen.next is not None
        assert chosen.next.crps_gain >= -HURTS


class TestPromises:
    def test_the_best_by_the_folds_follows_but_for_a_simpler_near_equal(self, first):
        chosen = first
        followed = [c for c in chosen.screened if c.excluded is None]
        assert chosen.next == followed[0]
        assert chosen.next.crps_gain >= max(c.crps_gain for c in followed) - 0.005
        assert all(c.crps_gain >= PROMISE for c in followed)
        assert not chosen.opens

    def test_all_candidates_are_listed_with_reasons(self, first):
        screened = first.screened
        assert len(screened) > 20
        assert len({(c.remedy, c.label) for c in screened}) == len(screened)
        assert {code(c.excluded) for c in screened} >= {None, "excluded.no_promise"}

    def test_what_is_predicted_is_the_gain_on_the_folds_as_sampled(self, rich, first):
        chosen = first.next
        assert chosen.figure == "fold_crps"
        assert chosen.now == rich.folds.pooled.crps
        assert chosen.predicted == pytest.approx(chosen.now * (1 - chosen.crps_gain))

    def test_a_fit_too_low_is_raised_without_hurting_the_folds(self, rich):
        chosen = choose(with_figures(rich, r2=0.3), (), SLOW).next
        assert (chosen.figure, chosen.now) == ("r2", 0.3)
        assert chosen.predicted > 0.3
        assert chosen.crps_gain >= -HURTS

    def test_the_last_resort_is_the_last(self, first):
        last = [c for c in first.screened if TABLE[c.remedy].last_resort]
        assert last
        assert all(c.excluded for c in last)

    def test_folds_that_meet_the_limits_keep_meeting_them(self, rich):
        chosen = choose(rich._replace(folds=folds(r2=0.401)), (), SLOW)
        assert chosen.opens
        assert "excluded.below_limits" in {code(c.excluded) for c in chosen.screened}

    def test_after_a_failed_look_another_forecast_follows_or_none(self, rich):
        chosen = choose(rich._replace(folds=folds(r2=0.9)), (), SLOW)
        assert chosen.opens
        assert "excluded.same" in {code(c.excluded) for c in chosen.screened}
        assert all_differ(rich, chosen)

    def test_where_folds_fail_and_nothing_promises_more_another_about_as_good_follows(self):
        now = situation()
        promising = tuple({c.remedy for c in choose(now, ()).screened if (c.crps_gain or 0.0) >= PROMISE})
        chosen = choose(now, (), promising)
        assert (chosen.opens, code(chosen.opening_reason)) == (True, "opens.no_promise")
        assert -HURTS <= chosen.next.crps_gain < PROMISE
        assert all_differ(now, chosen)
        assert all(c.crps_gain >= -HURTS for c in chosen.screened if c.excluded is None)
        assert "excluded.below_limits" not in {code(c.excluded) for c in chosen.screened}

    def test_without_folds_the_evidence_decides(self):
        now = situation(n_periods=10, controls=[], n_channels=1, on_folds=folds(crps=None))
        chosen = choose(now, ())
        assert chosen.opens
        assert all(c.crps_gain is None for c in chosen.screened)


class TestOpening:
    @pytest.mark.parametrize(("figures", "on_folds", "is_last", "disabled", "opens", "reason"), [
        ({}, folds(**GOOD), False, SLOW, True, "opens.folds"),
        ({}, folds(), False, SLOW, False, "closed.promise"),
        ({}, folds(), False, ALL, True, "opens.no_promise"),
        ({}, folds(), True, SLOW, True, "opens.last"),
        ({"r2": 0.3}, folds(**GOOD), False, SLOW, False, "closed.diagnostics"),
        ({"r2": 0.3}, folds(**GOOD), True, ALL, False, "closed.diagnostics"),
        ({"ess": None}, folds(**GOOD), True, ALL, False, "closed.diagnostics"),
    ])  # fmt: skip
    def test_goes_by_diagnostics_folds_and_promises(self, rich, figures, on_folds, is_last, disabled, opens, reason):
        chosen = choose(with_figures(rich, on_folds, **figures), (), disabled, is_last)
        assert (chosen.opens, code(chosen.opening_reason)) == (opens, reason)

    def test_nothing_follows_where_nothing_is_left(self, rich):
        chosen = choose(rich, (), ALL)
        assert chosen.next is None
        assert code(chosen.stop_reason) == "stop.none_left"


class TestSeveralIterations:
    def run(self, now, steps: int, disabled=SLOW, figures=None) -> tuple[list, list[Candidates]]:
        """Choose, apply, choose, …; figures : by iteration, what is sampled there. Return situations and choices."""
        earlier, situations, choices = (), [], []
        for k in range(steps):
            now = (figures or {}).get(k + 1, lambda s: s)(now)
            chosen = choose(now, earlier, disabled)
            situations.append(now)
            choices.append(chosen)
            if chosen.next is None:
                break
            earlier = (*earlier, trained(now, chosen))
            now = following(now, chosen)
        return situations, choices

    @pytest.mark.parametrize("figures", [{}, {"r2": 0.3}, {"r2": 0.9, "limits": BY_THE_LETTER}, {"ess": 10.0}])
    @pytest.mark.parametrize("on_folds", [folds(), folds(**GOOD)])
    def test_no_configuration_comes_back_but_the_best(self, rich, figures, on_folds):
        situations, choices = self.run(with_figures(rich, on_folds, **figures), 6)
        again = {c.iteration + 1 for c in choices if c.next and c.next.remedy == RETURN}
        prints = [fingerprint(s.spec) for s in situations if s.spec.iteration not in again]
        assert len(set(prints)) == len(prints)

    def test_a_change_that_hurt_is_taken_back(self, rich):
        worse = {2: lambda s: s._replace(folds=folds(crps=9900.0))}
        situations, choices = self.run(rich, 3, figures=worse)
        second = choices[1]
        (outcome,) = second.ledger
        assert (outcome.hypothesis, outcome.reverted) == ("refuted", True)
        assert (second.incumbent, second.next.base) == (1, 1)
        first, third = situations[0].spec, situations[2].spec
        undone = {c.key: c.old for c in choices[0].next.changes}
        redone = {c.key for c in second.next.changes}
        assert set(undone) <= redone
        assert fingerprint(third) != fingerprint(first)

    def test_a_change_that_helped_stays(self, rich):
        better = {2: lambda s: s._replace(folds=folds(crps=1000.0))}
        _, choices = self.run(rich, 2, figures=better)
        (outcome,) = choices[1].ledger
        assert (outcome.hypothesis, outcome.reverted, choices[1].incumbent) == ("survived", False, 2)

    def test_what_was_refuted_is_not_tried_again(self, rich):
        best = choose(rich, (), SLOW).next
        refuted = Outcome(
            iteration=1, remedy=best.remedy, label=best.label, figure=best.figure, before=best.now,
            predicted=best.predicted, after=best.now, hypothesis="refuted", reverted=True,
        )  # fmt: skip
        search = Search("promise", rich, screen(rich.panel, rich.spec), rich.spec, frozenset(), (refuted,))
        same = [c for c in candidates_of(search, SLOW) if (c.remedy, c.label) == (best.remedy, best.label)]
        assert [code(c.excluded) for c in same] == ["excluded.refuted"]

    def test_a_configuration_edited_by_hand_leaves_the_prediction_untested(self, rich):
        first = choose(rich, (), SLOW)
        by_hand = following(rich, first)
        by_hand = by_hand._replace(
            spec=by_hand.spec.model_copy(update={"sampler": by_hand.spec.sampler.model_copy(update={"seed": 77})})
        )
        (outcome,) = choose(by_hand, (trained(rich, first),), SLOW).ledger
        assert (outcome.hypothesis, outcome.after, outcome.reverted) == ("untested", None, False)

    def test_the_best_is_taken_up_again_before_the_holdout_is_opened(self, rich):
        """Where the last promise was not kept, the model that is opened is the best by its folds."""
        first = choose(rich, (), SLOW)
        now = following(rich, first)._replace(folds=folds(crps=9900.0))
        second = choose(now, (trained(rich, first),), ALL)
        assert (second.next.remedy, second.next.base, second.opens) == (RETURN, 1, False)
        back = following(now, second)._replace(folds=rich.folds)
        assert fingerprint(back.spec) == fingerprint(rich.spec)
        third = choose(back, (trained(rich, first), trained(now, second)), ALL)
        assert (third.next, third.opens, third.incumbent) == (None, True, 3)

    def test_chains_that_did_not_mix_are_repaired_only_where_the_folds_are_better(self, rich):
        first = choose(rich, (), SLOW)
        failed = following(rich, first)._replace(summary=summary(divergences=5))
        for crps, repaired in ((8000.0, True), (9900.0, False)):
            chosen = choose(failed._replace(folds=folds(crps=crps)), (trained(rich, first),), SLOW).next
            assert bool(TABLE[chosen.remedy].laws) == repaired
            assert chosen.base == (2 if repaired else 1)


class TestHoldoutTeachesNothing:
    def test_held_out_rows_choose_nothing(self):
        now = situation(outlier=True, n_periods=156)
        held_out = ~now.panel["is_training"]
        moved = now._replace(panel=now.panel.assign(
            spend=now.panel["spend"].where(~held_out, 3.0), controls=now.panel["controls"].where(~held_out, 8.0),
            kpi=now.panel["kpi"].where(~held_out, 1e9),
        ))  # fmt: skip
        assert choose(now, (), SLOW) == choose(moved, (), SLOW)


class TestDisabled:
    def test_is_respected(self, rich):
        best = choose(rich, (), SLOW).next.remedy
        assert best not in {c.remedy for c in choose(rich, (), (*SLOW, best)).screened}

    def test_unknown_name_is_named_with_the_nearest(self):
        with pytest.raises(
            InputError, match=r"policy.disabled_remedies: 'more_sesaon' is not known \(did you mean 'mo"
        ):
            choose(situation(), (), ("more_sesaon",))


@pytest.mark.parametrize(("before", "predicted", "after", "verdict"), [
    (10.0, 8.0, 8.5, "survived"), (10.0, 8.0, 9.5, "refuted"), (10.0, 8.0, 11.0, "refuted"),
    (3.0, 0.0, 0.0, "survived"), (0.3, 0.5, 0.4, "survived"), (10.0, 9.99, 8.0, "untested"),
    (None, 8.0, 7.0, "untested"), (10.0, 8.0, None, "untested"),
])  # fmt: skip
def test_half_of_the_predicted_move_survives(before, predicted, after, verdict):
    assert judge(before, predicted, after) == verdict


def test_every_check_of_the_gate_can_hold_it_up():
    assert {next(iter(open_codes(summary(**figures)))) for figures in FAILURES.values()} == set(FAILURES)
