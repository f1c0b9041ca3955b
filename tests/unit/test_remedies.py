"""Every remedy of the table: its changes make a valid configuration, and it proposes only where it makes sense."""

import pytest
from situations import rich_situation, situation, summary
from trainings import with_noise

from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.distributions import Gamma
from mmm_builder.policy.changes import apply_changes, fingerprint, value_at
from mmm_builder.policy.proposals import MAX_DRAWS, MAX_PULSES, MAX_SEASON_ORDER, MAX_TARGET_ACCEPT
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.policy.situation import Situation, edits_to_changes
from mmm_builder.spec import ModelSpec, Pulse

TABLE = {r.name: r for r in REMEDIES}


def situations() -> list[Situation]:
    """Return situations in which, together, every remedy has something to propose."""
    plain = rich_situation()
    flat = plain.spec.model_copy(update={"trend": plain.spec.trend.model_copy(update={"kind": "none"})})
    daily = situation(frequency="daily", n_periods=200)
    no_week = daily._replace(spec=daily.spec.model_copy(update={"weekly_seasonality": None}))
    return [plain, plain._replace(spec=flat), no_week]


def after(spec: ModelSpec, edits) -> ModelSpec:
    return apply_changes(spec, edits_to_changes(spec, edits, "a", "b"), spec.iteration + 1)


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda r: r.name)
class TestEveryRemedy:
    def test_has_words_and_answers_a_check(self, remedy):
        codes = {"worst_rhat", "min_ess", "divergences", "r2_low", "r2_high", "residual_outlier",
                 "residual_autocorrelation", "residual_spread"}  # fmt: skip
        assert remedy.answers
        assert set(remedy.answers) <= codes
        assert remedy.hypothesis
        assert remedy.expects
        assert set(remedy.laws) <= set(remedy.answers)

    def test_what_it_proposes_is_another_valid_configuration(self, remedy, tmp_path):
        proposed = 0
        for now in situations():
            edits = remedy.propose(now)
            if edits:
                proposed += 1
                spec = after(now.spec, edits)
                assert fingerprint(spec) != fingerprint(now.spec)
                for key, new in edits:
                    assert value_at(spec, key) == new
                write_spec(tmp_path / "config.yaml", spec)
                assert read_spec(tmp_path / "config.yaml") == spec
        assert proposed, "the situations above leave this remedy untried; add one"

    def test_repeated_for_ever_it_stays_valid(self, remedy):
        for now in situations():
            for _ in range(60):
                edits = remedy.propose(now)
                if not edits:
                    break
                now = now._replace(spec=after(now.spec, edits))

    def test_does_not_look_at_held_out_rows(self, remedy):
        for now in situations():
            held_out = ~now.panel["is_training"]
            moved = now.panel.assign(
                spend=now.panel["spend"].where(~held_out, 5.0), controls=now.panel["controls"].where(~held_out, 9.0),
                kpi=now.panel["kpi"].where(~held_out, 1e9),
            )  # fmt: skip
            assert remedy.propose(now) == remedy.propose(now._replace(panel=moved))


def test_names_are_distinct():
    assert len(TABLE) == len(REMEDIES)


def test_every_check_of_the_gate_has_an_answer():
    answered = {code for r in REMEDIES for code in r.answers}
    assert {c.code for c in summary().checks} <= answered


class TestLimits:
    def spec(self, **changes) -> Situation:
        now = situation()
        return now._replace(spec=now.spec.model_copy(update=changes))

    def test_target_accept_ends(self):
        sampler = situation().spec.sampler.model_copy(update={"target_accept": MAX_TARGET_ACCEPT})
        assert TABLE["raise_target_accept"].propose(self.spec(sampler=sampler)) == []

    def test_chains_end(self):
        sampler = situation().spec.sampler.model_copy(update={"draws": MAX_DRAWS})
        assert TABLE["lengthen_chains"].propose(self.spec(sampler=sampler)) == []

    def test_season_ends(self):
        season = situation().spec.seasonality.model_copy(update={"order": MAX_SEASON_ORDER})
        assert TABLE["more_season"].propose(self.spec(seasonality=season)) == []

    def test_no_season_from_less_than_a_year(self):
        now = situation()._replace(summary=summary(n_train=50))
        assert TABLE["more_season"].propose(now) == []

    def test_no_season_without_pairs_is_taken_away(self):
        season = situation().spec.seasonality.model_copy(update={"order": 0})
        assert TABLE["less_season"].propose(self.spec(seasonality=season)) == []

    def test_student_t_is_not_put_twice(self):
        now = situation(outlier=True)
        assert TABLE["heavy_tails"].propose(now)
        assert TABLE["heavy_tails"].propose(now._replace(spec=with_noise(now.spec, "student_t"))) == []

    def test_priors_of_other_families_are_left_alone(self):
        now = situation()
        half = now.spec.channels[0].model_copy(update={"coefficient": now.spec.likelihood.sigma.model_copy()})
        other = now.spec.channels[1].model_copy(update={"coefficient": Gamma(alpha=2.0, beta=8.0)})
        edits = TABLE["widen_media"].propose(now._replace(spec=now.spec.model_copy(update={"channels": (half, other)})))
        assert [key for key, _ in edits] == [f"channels[{half.column}].coefficient.sigma"]


class TestOutliers:
    def test_the_period_that_stands_out_gets_a_pulse(self):
        now = situation(outlier=True)
        spec = after(now.spec, TABLE["model_outliers"].propose(now))
        assert [p.date for p in spec.pulses] == [str(now.series["date"].iloc[30])[:10]]

    def test_none_without_one(self):
        assert TABLE["model_outliers"].propose(situation()) == []
        assert TABLE["heavy_tails"].propose(situation()) == []

    def test_not_more_pulses_than_the_limit(self):
        now = situation(outlier=True)
        dates = [str(d)[:10] for d in now.series["date"].iloc[:MAX_PULSES]]
        pulses = tuple(Pulse(date=d, coefficient=now.spec.intercept) for d in dates)
        full = now._replace(spec=now.spec.model_copy(update={"pulses": pulses}))
        assert TABLE["model_outliers"].propose(full) == []


def test_halving_and_doubling_cancel_exactly():
    now = situation()
    tight = after(now.spec, TABLE["tighten_media"].propose(now))
    assert fingerprint(after(tight, TABLE["widen_media"].propose(now._replace(spec=tight)))) == fingerprint(now.spec)


@pytest.mark.parametrize("name", ["widen_media", "tighten_media"])
def test_media_priors_stay_near_the_presets(name):
    now, steps = situation(), 0
    while edits := TABLE[name].propose(now):
        now, steps = now._replace(spec=after(now.spec, edits)), steps + 1
    assert steps == 2


@pytest.mark.parametrize("name", ["widen_media", "tighten_media"])
def test_those_that_can_be_scaled_move_as_far_beside_others(name):
    now, steps = situation(), 0
    alike = now.panel.assign(spend=now.panel["spend"].isel(channel=[0, 0]).assign_coords(channel=now.panel["channel"]))
    returned = now.spec.channels[0].model_copy(update={"coefficient": None, "roas": Gamma(alpha=2.0, beta=1.0)})
    spec = now.spec.model_copy(update={"channels": (returned, now.spec.channels[1])})
    now = now._replace(spec=spec, panel=alike)
    while edits := TABLE[name].propose(now):
        assert [key.split(".")[0] for key, _ in edits] == [f"channels[{now.spec.channels[1].column}]"]
        now, steps = now._replace(spec=after(now.spec, edits)), steps + 1
    assert steps == 2


def test_weak_controls_go_and_strong_ones_stay():
    now = rich_situation()
    season = now.spec.seasonality.model_copy(update={"order": 5})
    now = now._replace(spec=now.spec.model_copy(update={"seasonality": season}))
    assert TABLE["drop_weak_controls"].propose(now) == [("controls[promotion]", None)]
