"""Every remedy of the table: its options make valid configurations, and it proposes only where it makes sense."""

import re

import pytest
from situations import rich_situation, series_of, situation, summary, with_step
from trainings import small_client, small_panel, with_noise

from mmm_builder.config_files import fingerprint, read_spec, write_spec
from mmm_builder.distributions import Gamma
from mmm_builder.modelling.priors import preset
from mmm_builder.policy.changes import apply_changes, value_at
from mmm_builder.policy.proposals import MAX_DRAWS, MAX_PULSES, MAX_SEASON_ORDER, MAX_TARGET_ACCEPT
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.policy.screening import screen
from mmm_builder.policy.situation import Option, Situation, edited, edits_to_changes
from mmm_builder.policy.words import key_of, say, sentences
from mmm_builder.spec import Event, ModelSpec, Pulse
from mmm_builder.verdicts import Check

TABLE = {r.name: r for r in REMEDIES}

CODES = {
    "worst_rhat", "min_ess", "divergences", "r2_low", "r2_high", "residual_outlier", "residual_autocorrelation",
    "residual_season_autocorrelation", "residual_spread", "trend_break", "prior_contraction", "negative_baseline",
    "collinearity", "contribution_share", "fold_r2", "fold_mape", "fold_overfitting",
}  # fmt: skip
"""Checks of training rows and folds."""


def reviewed(now: Situation, *codes: str) -> Situation:
    """Return the situation with checks at review."""
    checks = tuple(Check(code=code, status="review", value=9.0, limit=1.0) for code in codes)
    return now._replace(summary=now.summary.model_copy(update={"checks": (*now.summary.checks, *checks)}))


def situations() -> list[Situation]:
    """Return situations in which, together, every remedy has something to propose."""
    plain = rich_situation()
    flat = plain.spec.model_copy(update={"trend": plain.spec.trend.model_copy(update={"kind": "none"})})
    daily = situation(frequency="daily", n_periods=200)
    no_week = daily._replace(spec=daily.spec.model_copy(update={"weekly_seasonality": None}))
    alike = situation(n_channels=5, n_periods=156, r2=0.9)
    dates = tuple(str(d)[:10] for d in alike.panel["date"].values[[33, 85]])
    events = (Event(name="nothing", dates=dates, coefficient=preset("default").event_coefficient),)
    alike = reviewed(alike._replace(spec=alike.spec.model_copy(update={"events": events})), "collinearity")
    panel, pooled, _ = small_panel()
    across = alike._replace(panel=panel, spec=pooled, series=series_of(panel))
    other_noise = plain._replace(spec=with_noise(plain.spec, "student_t"))
    return [plain, plain._replace(spec=flat), no_week, alike, across, other_noise, with_step(plain)]


@pytest.fixture(scope="module")
def every_situation():
    return situations()


def after(now: Situation, option: Option) -> ModelSpec:
    """Return the configuration that an option leads to."""
    return apply_changes(now.spec, edits_to_changes(now.spec, option.edits, "a", "b"), now.spec.iteration + 1)


def only(name: str, now: Situation) -> ModelSpec:
    """Return the configuration that the only option of a remedy leads to."""
    (option,) = TABLE[name].propose(now)
    return after(now, option)


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda r: r.name)
class TestEveryRemedy:
    def test_has_words_and_answers_a_check(self, remedy):
        assert remedy.answers
        assert set(remedy.answers) <= CODES
        assert remedy.hypothesis
        assert remedy.expects
        assert say(f"cost.{remedy.cost}")
        assert set(remedy.laws) <= set(remedy.answers)

    def test_what_it_proposes_are_other_valid_configurations(self, remedy, tmp_path, every_situation):
        proposed = 0
        for now in every_situation:
            options = remedy.propose(now)
            specs = [after(now, option) for option in options]
            proposed += len(options)
            assert len({o.label for o in options}) == len({fingerprint(s) for s in [*specs, now.spec]}) - 1
            for option, spec in zip(options, specs, strict=True):
                assert all(value_at(spec, key) == new for key, new in option.edits)
                write_spec(tmp_path / "config.yaml", spec)
                assert read_spec(tmp_path / "config.yaml") == spec
        assert proposed, "the situations above leave this remedy untried; add one"

    def test_the_screen_takes_what_it_proposes(self, remedy, every_situation):
        for now in every_situation[:4]:
            for option in remedy.propose(now)[-1:]:
                assert screen(now.panel, edited(now.spec, option.edits)).crps > 0

    def test_repeated_for_ever_it_stays_valid(self, remedy, every_situation):
        if remedy.name.startswith("drop_weak"):
            return  # each step screens; what is left out doesn't come back
        for now in every_situation:
            for _ in range(20):
                options = remedy.propose(now)
                if not options:
                    break
                now = now._replace(spec=after(now, options[-1]))

    def test_does_not_look_at_held_out_rows(self, remedy, every_situation):
        for now in every_situation:
            held_out = ~now.panel["is_training"]
            moved = now.panel.assign(
                spend=now.panel["spend"].where(~held_out, 5.0), controls=now.panel["controls"].where(~held_out, 9.0),
                kpi=now.panel["kpi"].where(~held_out, 1e9),
            )  # fmt: skip
            assert remedy.propose(now) == remedy.propose(now._replace(panel=moved))


class TestWords:
    def test_every_sentence_is_found_by_what_it_says(self):
        for key, sentence in sentences().items():
            fields = re.findall(r"\{(\w+)\}", sentence)
            values = {field: f"<{k}>" for k, field in enumerate(fields)}
            assert key_of(say(key, **values)) == (key, values)

    def test_other_sentences_are_not(self):
        assert key_of("the moon did it") is None


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
        spec = now.spec.model_copy(update={"channels": (half, other)})
        (option,) = TABLE["widen_media"].propose(now._replace(spec=spec))
        assert [key for key, _ in option.edits] == [f"channels[{half.column}].coefficient.sigma"]


class TestOutliers:
    def test_the_period_that_stands_out_gets_a_pulse(self):
        now = situation(outlier=True)
        spec = only("model_outliers", now)
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
    tight = only("tighten_media", now)
    assert fingerprint(only("widen_media", now._replace(spec=tight))) == fingerprint(now.spec)


def steps_of(name: str, now: Situation) -> list[Situation]:
    """Return the situations that a remedy leads through."""
    found = [now]
    while TABLE[name].propose(found[-1]):
        found.append(found[-1]._replace(spec=only(name, found[-1])))
    return found


@pytest.mark.parametrize("model_type", ["v3", "v2"])
@pytest.mark.parametrize("name", ["widen_media", "tighten_media"])
def test_media_priors_stay_near_the_presets(name, model_type):
    assert len(steps_of(name, situation(spec=small_client(model_type)[1]))) == 3


@pytest.mark.parametrize("name", ["widen_media", "tighten_media"])
def test_those_that_can_be_scaled_move_as_far_beside_others(name):
    now = situation()
    alike = now.panel.assign(spend=now.panel["spend"].isel(channel=[0, 0]).assign_coords(channel=now.panel["channel"]))
    returned = now.spec.channels[0].model_copy(update={"coefficient": None, "roas": Gamma(alpha=2.0, beta=1.0)})
    spec = now.spec.model_copy(update={"channels": (returned, now.spec.channels[1])})
    steps = steps_of(name, now._replace(spec=spec, panel=alike))
    assert len(steps) == 3
    assert steps[-1].spec.channels[0] == returned


def test_weak_controls_go_and_strong_ones_stay():
    now = rich_situation()
    season = now.spec.seasonality.model_copy(update={"order": 5})
    now = now._replace(spec=now.spec.model_copy(update={"seasonality": season}))
    (option,) = TABLE["drop_weak_controls"].propose(now)
    assert option.edits == [("controls[promotion]", None)]


def test_of_more_outliers_than_the_limit_the_worst_are_taken():
    now = situation(outlier=True)
    series = now.series.copy()
    rows = range(40, 40 + MAX_PULSES + 1)
    for height, row in enumerate(rows, start=3):
        series.loc[row, "predicted"] = series["actual"][row] * height
    together, worst = TABLE["model_outliers"].propose(now._replace(series=series))
    off = (series["actual"] - series["predicted"]).abs()
    worst_rows = off.nlargest(MAX_PULSES).index
    assert [key for key, _ in together.edits] == [f"pulses[{str(series['date'][r])[:10]}]" for r in sorted(worst_rows)]
    assert [key for key, _ in worst.edits] == [f"pulses[{str(series['date'][worst_rows[0]])[:10]}]"]


def test_several_outliers_are_taken_together_and_the_worst_alone():
    now = situation(outlier=True)
    series = now.series.copy()
    series.loc[50, "predicted"] = series["actual"][50] * 3
    both, worst = TABLE["model_outliers"].propose(now._replace(series=series))
    assert len(both.edits) == 2
    assert [key for key, _ in worst.edits] == [f"pulses[{str(series['date'][50])[:10]}]"]


@pytest.mark.parametrize("name", ["adstock_priors", "half_saturation_priors", "other_adstock"])
def test_priors_given_by_hand_are_kept(name):
    now = situation(frequency="daily", n_periods=200)
    first = now.spec.channels[0]
    adstock = first.adstock.model_copy(update={"alpha": first.adstock.alpha.model_copy(update={"alpha": 7.7})})
    saturation = first.saturation.model_copy(update={"half_saturation": Gamma(alpha=2.0, beta=1.0)})
    by_hand = first.model_copy(update={"adstock": adstock, "saturation": saturation})
    now = now._replace(spec=now.spec.model_copy(update={"channels": (by_hand, *now.spec.channels[1:])}))
    for option in TABLE[name].propose(now):
        assert after(now, option).channels[0] == by_hand


def test_presets_of_adstock_lead_to_one_another():
    now = situation()
    labels = {o.label for o in TABLE["adstock_priors"].propose(now)}
    assert labels == {"adstock_alpha → decay_words", "adstock_alpha → robyn_ranges"}
    there = after(now, TABLE["adstock_priors"].propose(now)[0])
    back = {o.label: o for o in TABLE["adstock_priors"].propose(now._replace(spec=there))}
    assert fingerprint(after(now._replace(spec=there), back["adstock_alpha → default"])) == fingerprint(now.spec)


@pytest.mark.parametrize("model_type", ["v3", "v2"])
@pytest.mark.parametrize("name", ["other_adstock", "saturation_curve"])
def test_another_curve_and_back_is_where_it_began(name, model_type):
    now = situation(spec=small_client(model_type)[1])
    there = now._replace(spec=after(now, TABLE[name].propose(now)[-1]))
    back = [fingerprint(after(there, option)) for option in TABLE[name].propose(there)]
    assert fingerprint(now.spec) in back


def test_channels_are_pooled_only_where_types_have_several_and_the_data_are_thin():
    few, many = situation(), situation(n_channels=5)
    assert TABLE["pool_channels"].propose(reviewed(few, "collinearity")) == []
    assert TABLE["pool_channels"].propose(many) == []
    now = reviewed(many, "prior_contraction")
    assert only("pool_channels", now).pooling.within_channel_type is not None


def test_media_without_curves_have_no_priors_of_curves():
    now = situation()
    plain = only("simple_media", now)
    assert [(c.adstock, c.saturation) for c in plain.channels] == [(None, None)] * 2
    assert TABLE["simple_media"].propose(now._replace(spec=plain)) == []
