"""The first configuration: what was asked for is in it with its priors, the rest follows from recipe and data."""

import numpy as np
import pytest
from trainings import sampler, small_client

from mmm_builder.config_files import read_spec, write_spec
from mmm_builder.errors import InputError
from mmm_builder.event_files import with_listed_events
from mmm_builder.model_parts import ModelParts
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.modelling.parameters import channel_parameters, channel_priors, likelihood_priors, media_variables
from mmm_builder.modelling.priors import frozen, preset
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.transforms import ADSTOCKS, SATURATIONS
from mmm_builder.spec import ModelSpec
from profiles import channel, control, data_profile

CHANNELS = (
    channel("tv", channel_type="video_tv", exposure_column="tv_grp"),
    channel("search", channel_type="search", exposure_column="search_clicks"),
    channel("email_sent", channel_type="email", measure="impressions"),
)
DAILY = {
    "frequency": "daily", "start": "2022-01-01", "end": "2023-12-31", "n_periods": 730, "n_train": 584,
    "train_end": "2023-08-07",
}  # fmt: skip


def spec_of(model_type: str = "v3", parts: dict | None = None, **profile):
    data = data_profile(**({"channels": CHANNELS, "controls": (control("price"),)} | profile))
    asked = with_listed_events(ModelParts.parse(parts or {}, "model"))
    return first_spec(data, model_type=model_type, prior_preset="default", sampler=sampler(), parts=asked)


@pytest.mark.parametrize("model_type", RECIPES)
@pytest.mark.parametrize("parts", [{"adstock": a, "saturation": s} for a in ADSTOCKS for s in SATURATIONS])
def test_every_recipe_takes_every_adstock_and_saturation_with_their_priors(model_type, parts, tmp_path):
    spec = spec_of(model_type, parts, panel_column="geo")
    assert (spec.adstock, spec.saturation) == (parts["adstock"], parts["saturation"])
    assert media_variables(spec, units=2)
    for name in channel_parameters(spec):
        assert all(np.isfinite(frozen(p).mean()) for p in channel_priors(spec, name))
    write_spec(tmp_path / "config.yaml", spec)
    assert read_spec(tmp_path / "config.yaml") == spec


@pytest.mark.parametrize(("key", "kind", "priors"), [
    ("trend", "none", set()), ("trend", "linear", set()), ("trend", "damped", {"damping"}),
    ("trend", "local_linear", {"drift"}), ("likelihood", "normal", set()), ("likelihood", "student_t", {"nu"}),
    ("likelihood", "lognormal", set()),
])  # fmt: skip
def test_a_kind_has_its_priors_and_no_others(key, kind, priors):
    spec = spec_of(parts={key: kind})
    part = getattr(spec, key)
    assert part.kind == kind
    assert {name for name in ("damping", "drift", "nu") if getattr(part, name, None)} == priors
    assert likelihood_priors(spec)


def test_nothing_asked_for_is_the_recipe():
    spec, recipe = spec_of("v2", panel_column="geo"), RECIPES["v2"]
    assert (spec.adstock, spec.saturation) == (recipe.adstock, recipe.saturation)
    assert spec.pooling.within_channel_type
    assert spec.pooling.across_units
    assert spec_of("v2").pooling.across_units is None
    assert (spec.trend.kind, spec.likelihood.kind, spec.events) == ("linear", "normal", ())
    assert spec == spec_of("v2", {}, panel_column="geo")


def test_pooling_may_be_chosen():
    assert not spec_of("v2", {"pooling": []}, panel_column="geo").pooling.within_channel_type
    units = spec_of("v3", {"pooling": ["units"]}, panel_column="geo").pooling
    assert units.across_units
    assert not units.within_channel_type


class TestSeasons:
    def test_of_the_week_for_daily_data_only(self):
        week = spec_of(**DAILY).weekly_seasonality
        assert (week.order, week.period) == (3, 7.0)
        assert spec_of().weekly_seasonality is None

    def test_of_five_days_where_there_are_no_weekends(self):
        week = spec_of(**DAILY | {"periods_per_year": 5 * 365.25 / 7}).weekly_seasonality
        assert (week.order, week.period) == (2, 5.0)

    def test_none_from_a_few_weeks_or_where_none_is_wanted(self):
        assert spec_of(**DAILY | {"n_train": 50}).weekly_seasonality is None
        assert spec_of(parts={"weekly_season_order": 0}, **DAILY).weekly_seasonality is None

    @pytest.mark.parametrize("order", [0, 5])
    def test_of_the_year_as_asked_for(self, order):
        assert spec_of(parts={"season_order": order}).seasonality.order == order


class TestMediaInput:
    def test_exposures_where_the_data_hold_them(self):
        columns = [c.exposure_column for c in spec_of(parts={"media_input": "exposure"}).channels]
        assert columns == ["tv_grp", "search_clicks", None]

    def test_exposures_of_the_channels_that_are_named(self):
        columns = [c.exposure_column for c in spec_of(parts={"media_input": ["search"]}).channels]
        assert columns == [None, "search_clicks", None]

    @pytest.mark.parametrize("given", ["spend", None])
    def test_spend_else(self, given):
        assert not any(c.exposure_column for c in spec_of(parts={"media_input": given}).channels)

    def test_the_model_is_of_exposures_and_the_spend_stays_what_returns_are_of(self):
        panel, spec, _ = small_client()
        first = spec.channels[0].model_copy(update={"exposure_column": "views"})
        modelled = spec.model_copy(update={"channels": (first, *spec.channels[1:])})
        views = (7.0 * panel["spend"][:, [0]].values) + 1.0
        exposed = panel.assign_coords(exposure=["views"]).assign(exposures=(("date", "exposure"), views))
        design = make_design(exposed, modelled)
        np.testing.assert_array_equal(design.inputs[0, 0], views[:, 0])
        np.testing.assert_array_equal(design.inputs[0, 1:], design.spend[0, 1:])
        np.testing.assert_array_equal(design.spend, make_design(panel, spec).spend)
        with pytest.raises(InputError, match="the data have no exposure column 'views'"):
            make_design(panel, modelled)


def test_exposures_are_of_one_channel():
    given = spec_of(parts={"media_input": "exposure"}).model_dump(mode="json")
    given["channels"][0]["exposure_column"] = "search_clicks"
    with pytest.raises(
        InputError, match="channels tv and search have the same exposure_column 'search_clicks'"
    ) as told:
        ModelSpec.parse(given, "config_iter_1.yaml")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("parts", "message"), [
    ({"media_input": ["serch"]}, r"no exposures of a channel 'serch' are in the data \(did you mean 'search'\?\)"),
    ({"media_input": ["email_sent"]}, "no exposures of a channel 'email_sent'.*channels with exposures: tv, search"),
    ({"pooling": ["units"]}, "the data have no panel column"),
    ({"season_order": 26}, "weekly data show at most 25 Fourier pairs, got 26"),
    ({"weekly_season_order": 3}, "weekly data show at most 0 Fourier pairs of a week, got 3"),
    ({"holidays": "XX"}, "model.holidays: 'XX' is not known"),
    ({"holidays": "DE-XX"}, "model.holidays: 'DE-XX' is not known"),
    ({"events": "nowhere.csv"}, "model.events: nowhere.csv does not exist"),
])  # fmt: skip
def test_what_does_not_fit_the_data_is_one_line(parts, message):
    with pytest.raises(InputError, match=message) as told:
        spec_of(parts=parts)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("parts", "message"), [
    ({"trend": "dampd"}, r"'trend': 'dampd' is not known \(did you mean 'damped'\?\)"),
    ({"media_input": "impressions"}, "'media_input': 'impressions' is not known; known: spend, exposure"),
    ({"media_input": [3]}, "'media_input.0': input should be a valid string, got 3"),
    ({"events": [{"name": "a", "dates": ["24.12.2023"]}]}, "'events.0.dates.0': a date is written 2024-12-24, got"),
    ({"events": [{"dates": ["2023-12-24"]}]}, "key 'events.0.name' is missing"),
    ({"events": [{"name": "a", "dates": ["2023-12-24"]}] * 2}, "'events': 'a' is there 2 times"),
    ({"holidays": False}, "'holidays': false is no country; write 'NO' in quotes for Norway"),
    ({"pooling": ["unit"]}, r"'pooling.0': 'unit' is not known \(did you mean 'units'\?\)"),
    ({"evnts": []}, r"unknown key 'evnts' \(did you mean 'events'\?\)"),
])  # fmt: skip
def test_a_wrong_value_is_one_line_that_names_the_key(parts, message):
    with pytest.raises(InputError, match=message) as told:
        ModelParts.parse(parts, "model")
    assert ";" not in str(told.value).replace("; known", "").replace("country; write", "").replace("times; give", "")


def test_a_delayed_effect_is_as_long_in_days_as_in_weeks():
    weeks, days = (spec_of(parts={"adstock": "delayed"}, **p).channels[1].adstock.alpha for p in ({}, DAILY))
    median = frozen(weeks).median()
    # at the peak ± one week the weight is α of weeks, α^49 of days
    assert frozen(days).median() ** 49 == pytest.approx(median, abs=0.03)
    assert weeks == preset("default").adstock_alpha["search"]


@pytest.mark.parametrize(("profile", "days"), [({}, 7), (DAILY, 1), ({"frequency": "monthly"}, 365.25 / 12)])
def test_a_delayed_effect_peaks_after_as_many_days_whatever_the_cadence(profile, days):
    peak = spec_of(parts={"adstock": "delayed"}, **profile).channels[0].adstock.peak
    assert days * peak.sigma == pytest.approx(7 * preset("default").adstock_peak.sigma, rel=1e-3)


@pytest.mark.parametrize("part", list(ModelParts.model_fields))
def test_a_part_that_is_null_is_as_one_left_out(part):
    assert ModelParts.model_validate({part: None}) == ModelParts()


def test_parts_of_a_run_go_before_those_of_the_workflow():
    workflow = ModelParts(trend="damped", holidays="DE")
    assert ModelParts(trend="none").over(workflow) == ModelParts(trend="none", holidays="DE")
