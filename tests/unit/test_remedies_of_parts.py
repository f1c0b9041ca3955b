"""Remedies that change the parts of a model, and what the screen gives for those parts."""

import numpy as np
import pytest
from situations import situation
from trainings import small_client, with_noise

from mmm_builder.config_files import fingerprint
from mmm_builder.modelling.kinds import trend_of
from mmm_builder.modelling.priors import mean, preset
from mmm_builder.policy.changes import apply_changes, value_at
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.policy.screening import screen
from mmm_builder.policy.situation import edits_to_changes
from mmm_builder.spec import ModelSpec, Saturation, TrendKind

TABLE = {r.name: r for r in REMEDIES}
CHOSEN = preset("default")


def with_trend(spec: ModelSpec, kind: TrendKind) -> ModelSpec:
    return spec.model_copy(update={"trend": trend_of(kind, CHOSEN)})


def after(spec: ModelSpec, edits) -> ModelSpec:
    return apply_changes(spec, edits_to_changes(spec, edits, "a", "b"), spec.iteration)


def only(name: str, now) -> ModelSpec:
    """Return the configuration that the only option of a remedy leads to."""
    (option,) = TABLE[name].propose(now)
    return after(now.spec, option.edits)


def with_kpi(panel, add):
    """Return the panel with something added to the KPI, in units of its mean."""
    return panel.assign(kpi=panel["kpi"] + add * float(panel["kpi"].mean()))


def evidence(panel, spec: ModelSpec) -> float:
    return screen(panel, spec).log_evidence


class TestTrends:
    @pytest.mark.parametrize(("name", "kind", "offered"), [
        ("add_trend", "none", True), ("add_trend", "linear", False), ("add_trend", "local_linear", False),
        ("damped_trend", "linear", True), ("damped_trend", "damped", False), ("damped_trend", "local_linear", False),
        ("local_trend", "damped", True), ("local_trend", "local_linear", False), ("drop_trend", "none", False),
        ("drop_trend", "linear", True), ("drop_trend", "local_linear", True),
    ])  # fmt: skip
    def test_lead_from_the_stiff_to_the_flexible_and_back(self, name, kind, offered):
        now = situation()
        edits = TABLE[name].propose(now._replace(spec=with_trend(now.spec, kind)))
        assert bool(edits) == offered

    def test_a_trend_and_back_is_where_it_began(self):
        now = situation()
        for name in ("damped_trend", "local_trend"):
            there = only(name, now)
            assert there.trend.damping or there.trend.drift
            back = [("trend.kind", "linear"), ("trend.damping", None), ("trend.drift", None)]
            assert fingerprint(after(there, back)) == fingerprint(now.spec)

    def test_a_prior_given_by_hand_is_kept(self):
        now = situation()
        own = now.spec.trend.model_copy(update={"damping": CHOSEN.trend_drift})
        spec = now.spec.model_copy(update={"trend": own})
        assert only("damped_trend", now._replace(spec=spec)).trend.damping == CHOSEN.trend_drift

    def test_evidence_asks_for_the_kind_that_is_there(self):
        panel, spec, _ = small_client(n_periods=208, r2=0.9)
        share = np.arange(208) / 166
        walk = np.cumsum(np.random.default_rng(3).normal(0, 0.05, 208))
        shapes = {"damped": 0.9 * (1 - np.exp(-2 * share)), "local_linear": walk - walk[:166].mean()}
        for kind, shape in shapes.items():
            moved = with_kpi(panel, shape)
            best = max(("linear", "damped", "local_linear"), key=lambda k: evidence(moved, with_trend(spec, k)))
            assert best == kind
        assert evidence(panel, spec) > evidence(panel, with_trend(spec, "local_linear")) - 1


class TestNoiseThatGrows:
    def panel(self, power: float):
        """Return a client whose level grows five-fold, with noise that goes with a power of it."""
        panel, spec, _ = small_client(n_periods=208, r2=0.95)
        level = np.linspace(0.4, 2.0, 208)
        noise = 0.2 * level**power * np.random.default_rng(2).normal(size=208)
        mean_kpi = float(panel["kpi"].mean())
        return panel.assign(kpi=0.1 * panel["kpi"] + mean_kpi * (level + noise)), spec

    @pytest.mark.parametrize(("power", "wanted"), [(1.0, True), (0.0, False)])
    def test_evidence_asks_for_the_log_scale_where_it_is_there(self, power, wanted):
        panel, spec = self.panel(power)
        assert (evidence(panel, with_noise(spec, "lognormal")) > evidence(panel, spec)) == wanted

    def test_units_of_the_kpi_do_not_matter(self):
        panel, spec = self.panel(1.0)
        spec = with_noise(spec, "lognormal")
        assert evidence(panel.assign(kpi=1000 * panel["kpi"]), spec) == pytest.approx(evidence(panel, spec), rel=1e-6)

    def test_is_not_proposed_for_a_kpi_at_zero_or_below(self):
        now = situation()
        first = now.panel["date"][0]
        zero = now.panel.assign(kpi=now.panel["kpi"].where(now.panel["date"] != first, 0.0))
        assert TABLE["log_scale"].propose(now)
        assert TABLE["log_scale"].propose(now._replace(panel=zero)) == []

    def test_takes_the_tails_away(self):
        now = situation()
        spec = with_noise(now.spec, "student_t")
        changed = only("log_scale", now._replace(spec=spec))
        assert (changed.likelihood.kind, changed.likelihood.nu) == ("lognormal", None)


class TestPooledPriors:
    def test_are_widened_and_tightened_by_the_factor(self):
        now = situation(spec=small_client("v2")[1])
        wide = only("widen_media", now)
        for before, later in zip(now.spec.channels, wide.channels, strict=True):
            assert mean(later.coefficient) == pytest.approx(2 * mean(before.coefficient))
        back = only("tighten_media", now._replace(spec=wide))
        assert fingerprint(back) == fingerprint(now.spec)


class TestScreenOfParts:
    def test_a_return_on_spend_is_the_coefficient_that_it_stands_for(self):
        panel, spec, _ = small_client("simple")
        total = float(panel["spend"].sel(date=panel["is_training"]).sum("date")[0])
        kpi = float(panel["kpi"].sel(date=panel["is_training"]).sum())
        typical = float(panel["spend"].sel(date=panel["is_training"])[:, 0].median())
        first = spec.channels[0]
        # the coefficient is of spend in units of its median, and of the KPI in units of its mean
        factor = kpi / len(panel["kpi"].sel(date=panel["is_training"])) / typical
        returned = first.coefficient.model_copy(update={"sigma": first.coefficient.sigma * factor})
        as_roas = first.model_copy(update={"coefficient": None, "roas": returned})
        same = spec.model_copy(update={"channels": (as_roas, *spec.channels[1:])})
        assert total > 0
        assert screen(panel, same)[:5] == pytest.approx(screen(panel, spec)[:5], rel=1e-2)

    def test_a_slope_moves_the_screen(self):
        panel, spec, _ = small_client()
        steep = tuple(
            c.model_copy(update={"saturation": Saturation(half_saturation=c.saturation.half_saturation,
                                                          slope=CHOSEN.hill_slope)})
            for c in spec.channels
        )  # fmt: skip
        sloped = spec.model_copy(update={"saturation": "hill_slope", "channels": steep})
        assert np.isfinite(evidence(panel, sloped))
        assert evidence(panel, sloped) != evidence(panel, spec)


def test_events_without_an_effect_go_and_those_with_one_stay():
    now = situation(n_periods=156, r2=0.9)
    dates = [str(d)[:10] for d in now.panel["date"].values]
    strong, weak = [dates[k] for k in (20, 72, 124)], [dates[k] for k in (33, 85, 137)]
    jump = np.isin(dates, strong).astype(float)
    prior = CHOSEN.event_coefficient.model_dump(mode="json")
    events = [{"name": n, "dates": d, "coefficient": prior} for n, d in (("sale", strong), ("nothing", weak))]
    spec = ModelSpec.parse(now.spec.model_dump(mode="json") | {"events": events, "controls": []}, "spec")
    moved = now._replace(spec=spec, panel=with_kpi(now.panel, 0.6 * jump))
    (option,) = TABLE["drop_weak_events"].propose(moved)
    assert option.edits == [("events[nothing]", None)]
    assert [e.name for e in after(spec, option.edits).events] == ["sale"]
    assert value_at(spec, "events[sale]")["dates"] == strong
