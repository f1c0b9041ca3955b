"""Changes of a configuration by key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainings import small_client

from mmm_builder.config_files import fingerprint
from mmm_builder.errors import InputError
from mmm_builder.policy.changes import apply_changes, difference, value_at
from mmm_builder.spec import Change, ModelSpec

SPEC: ModelSpec = small_client()[1]
PULSE = {"date": "2021-05-03", "coefficient": {"dist": "Normal", "mu": 0.0, "sigma": 1.0}}


def change(key: str, new) -> Change:
    return Change(key=key, old=None, new=new, reason="a reason", predicted_effect="an effect")


def renamed(column: str) -> ModelSpec:
    first = SPEC.channels[0].model_copy(update={"column": column})
    return SPEC.model_copy(update={"channels": (first, *SPEC.channels[1:])})


@pytest.mark.parametrize(("key", "new"), [
    ("seasonality.order", 4),
    ("likelihood.kind", "student_t"),
    ("likelihood.nu", {"dist": "Gamma", "alpha": 2.0, "beta": 0.1}),
    ("channels[social_1_spend].coefficient.sigma", 0.125),
    ("channels[social_1_spend].adstock.alpha", {"dist": "Beta", "alpha": 1.0, "beta": 3.0}),
    ("controls[promotion].coefficient.mu", 0.5),
])  # fmt: skip
def test_what_is_set_is_there_and_nothing_else_moves(key, new):
    after = apply_changes(SPEC, [change(key, new)], 2)
    assert value_at(after, key) == new
    back = apply_changes(after, [change(key, value_at(SPEC, key))], 1)
    assert fingerprint(back) == fingerprint(SPEC) != fingerprint(after)
    assert (after.iteration, after.changes) == (2, (change(key, new),))


def test_entries_of_a_list_are_added_and_taken_out():
    with_pulse = apply_changes(SPEC, [change("pulses[2021-05-03]", PULSE)], 2)
    assert [p.date for p in with_pulse.pulses] == ["2021-05-03"]
    assert value_at(SPEC, "pulses[2021-05-03]") is None
    without = apply_changes(with_pulse, [change("pulses[2021-05-03]", None)], 3)
    assert fingerprint(without) == fingerprint(SPEC)
    fewer = apply_changes(SPEC, [change("controls[avg_price]", None), change("controls[holiday]", None)], 2)
    assert [c.column for c in fewer.controls] == ["promotion"]


@given(column=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_any_column_name_can_be_spoken_of(column):
    key = f"channels[{column}].coefficient.sigma"
    after = apply_changes(renamed(column), [change(key, 0.5)], 2)
    assert after.channels[0].coefficient.sigma == 0.5


@pytest.mark.parametrize("column", ["TV [EUR]", "a.b", "x].y", "[", "Реклама: ТВ, руб."])
def test_awkward_column_names(column):
    key = f"channels[{column}].coefficient.sigma"
    assert apply_changes(renamed(column), [change(key, 0.5)], 2).channels[0].coefficient.sigma == 0.5


@pytest.mark.parametrize(("key", "message"), [
    ("seasonalty.order", "the configuration has no 'seasonalty'"),
    ("seasonality.ordre", "the configuration has no 'ordre'"),
    ("channels[radio].coefficient", "the configuration has no 'coefficient'"),
    ("likelihood.nu.alpha", "the configuration has no 'alpha'"),
    ("channels.column", "the configuration has no 'column'"),
])  # fmt: skip
def test_keys_that_are_not_there_are_named(key, message):
    with pytest.raises(InputError, match=message):
        apply_changes(SPEC, [change(key, 1)], 2)


@pytest.mark.parametrize(("key", "new", "message"), [
    ("seasonality.order", -1, "'seasonality.order': input should be greater than or equal to 0"),
    ("sampler.target_accept", 1.5, "'sampler.target_accept': input should be less than 1"),
    ("channels[search_1_spend].coefficient.sigma", 0.0, "sigma': input should be greater than 0"),
    ("trend.kind", "cubic", "'trend.kind': 'cubic' is not known; known: none, linear"),
])  # fmt: skip
def test_a_result_that_is_no_configuration_is_refused(key, new, message):
    with pytest.raises(InputError, match=f"configuration of iteration 2: .*{message}"):
        apply_changes(SPEC, [change(key, new)], 2)


def test_fingerprint_is_of_the_model_and_not_of_its_history():
    again = SPEC.model_copy(update={"iteration": 5, "changes": (change("seasonality.order", 3),)})
    assert fingerprint(again) == fingerprint(SPEC)
    assert fingerprint(apply_changes(SPEC, [change("sampler.draws", 60)], 1)) != fingerprint(SPEC)


# --- from one configuration to another -------------------------------------------------------------------------

NORMAL = {"dist": "Normal", "mu": 0.0, "sigma": 0.2}
HALF_NORMAL = {"dist": "HalfNormal", "sigma": 0.1}
GAMMA = {"dist": "Gamma", "alpha": 2.0, "beta": 0.1}
TRENDS = ({"kind": "none"}, {"kind": "damped", "damping": GAMMA}, {"kind": "local_linear", "drift": HALF_NORMAL})
NOISES = ({"kind": "normal"}, {"kind": "student_t", "nu": GAMMA})
MEDIA = (
    {"adstock": {"alpha": {"dist": "Beta", "alpha": 1.0, "beta": 3.0}}, "coefficient": HALF_NORMAL},
    {"coefficient": GAMMA},
    {"roas": GAMMA, "saturation": {"half_saturation": GAMMA, "slope": GAMMA}},
)
names = st.lists(st.sampled_from(["price", "a.b", "x].y", "TV [EUR]", "Цена"]), unique=True, max_size=4)
days = st.lists(st.dates(), unique=True, max_size=3)


@st.composite
def specs(draw) -> ModelSpec:
    """Return any configuration: parts there or not, entries of lists in any number and order."""
    data = SPEC.model_dump(mode="json")
    data["channels"] = [
        {"column": column, "channel_type": "other", **draw(st.sampled_from(MEDIA))}
        for column in draw(names.filter(len))
    ]
    data["controls"] = [{"column": column, "coefficient": NORMAL} for column in draw(names)]
    data["events"] = [{"name": n, "dates": ["2021-12-24"], "coefficient": NORMAL} for n in draw(names)]
    data["pulses"] = [{"date": day.isoformat(), "coefficient": NORMAL} for day in draw(days)]
    data["level_shifts"] = [{"date": day.isoformat(), "coefficient": NORMAL} for day in draw(days)]
    data["trend"] = {"slope": NORMAL} | draw(st.sampled_from(TRENDS))
    data["likelihood"] = {"sigma": draw(st.sampled_from([HALF_NORMAL, GAMMA]))} | draw(st.sampled_from(NOISES))
    data["weekly_seasonality"] = draw(st.sampled_from([None, {"order": 2, "period": 7.0, "coefficient": NORMAL}]))
    data["seasonality"] |= {"order": draw(st.integers(0, 5))}
    data["pooling"] = {"within_channel_type": draw(st.sampled_from([None, {"share": MEDIA[0]["adstock"]["alpha"]}]))}
    return ModelSpec.parse(data, "spec")


@given(now=specs(), wanted=specs())
def test_the_difference_makes_one_configuration_into_the_other(now, wanted):
    edits = difference(now, wanted)
    made = apply_changes(now, [change(key, new) for key, new in edits], 1)
    assert fingerprint(made) == fingerprint(wanted)
    assert all(value_at(made, key) == new for key, new in edits)
    assert (edits == []) == (fingerprint(now) == fingerprint(wanted))


def test_the_difference_names_what_differs_and_nothing_else():
    moved = apply_changes(SPEC, [change("seasonality.order", 4), change("controls[holiday]", None)], 2)
    assert difference(SPEC, moved) == [("seasonality.order", 4), ("controls[holiday]", None)]
    assert [key for key, _ in difference(moved, SPEC)] == ["seasonality.order", "controls[holiday]"]
