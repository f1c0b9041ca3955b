"""Controls that nobody knows before their period is over: competitors by default, others by hand."""

import pytest

import orchestrator
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.profiling.profile import profile_file
from mmm_builder.profiling.summary import profile_summary
from mmm_builder.reporting.profile_tables import role_rows
from mmm_builder.running.command_line import given_columns
from mmm_builder.settings import Columns

CONTROLS = {"avg_price", "promo", "competitor_sales", "temperature"}


@pytest.fixture
def client(weekly_table, tmp_path):
    """A client's file with a competitor's sales and the weather among its controls."""
    rivals = weekly_table["search_spend"].sample(frac=1.0, random_state=1).to_numpy() * 3
    weather = 10 + weekly_table["avg_price"].sample(frac=1.0, random_state=2).to_numpy()
    weekly_table.assign(competitor_sales=rivals, temperature=weather).to_csv(tmp_path / "client.csv", index=False)
    return tmp_path / "client.csv"


@pytest.mark.parametrize(
    ("given", "unknown"),
    [
        (None, {"competitor_sales"}),
        ((), set()),
        (("temperature",), {"temperature"}),
        (("competitor_sales", "promo"), {"competitor_sales", "promo"}),
    ],
)
def test_competitors_are_not_known_ahead_unless_a_list_says_who_is(given, unknown, client):
    profile, _ = profile_file(client, Columns(unknown_ahead=given), 0.2)
    assert {control.column for control in profile.controls} == CONTROLS
    assert set(profile.unknown_ahead) == unknown
    marked = {row.column for row in role_rows(profile) if "not known ahead" in row.kind}
    assert marked == unknown
    assert profile_summary(profile).count("not known ahead") == len(unknown)


def test_the_list_changes_nothing_else(client):
    one, table = profile_file(client, Columns(unknown_ahead=()), 0.2)
    other, same = profile_file(client, Columns(unknown_ahead=("promo",)), 0.2)
    controls = [control.model_copy(update={"known_ahead": True}) for control in other.controls]
    assert other.model_copy(update={"controls": tuple(controls)}) == one
    assert table.equals(same)


@pytest.mark.parametrize("name", ["competitor_sale", "Promo", "tv_spend", "revenue"])
def test_a_name_that_is_no_control_is_refused_in_one_line(name, client):
    with pytest.raises(InputError, match=f"--unknown-ahead: '{name}' is not a control") as refused:
        profile_file(client, Columns(unknown_ahead=(name,)), 0.2)
    assert "\n" not in str(refused.value)
    assert all(repr(control) in str(refused.value) for control in CONTROLS)


def test_a_near_miss_is_told_which_control_was_meant(client):
    with pytest.raises(InputError, match=r"did you mean 'competitor_sales'\?"):
        profile_file(client, Columns(unknown_ahead=("competitor_sale",)), 0.2)


@pytest.mark.parametrize(("text", "names"), [("promo,temperature", ["promo", "temperature"]), ("", [])])
def test_the_command_line_takes_the_list(text, names, client):
    given = orchestrator.build_parser().parse_args(["profile", str(client), "--unknown-ahead", text])
    assert given_columns(given) == {"unknown_ahead": names}
    given.output = str(client.with_suffix(".json"))
    assert orchestrator.profile(given) == 0
    assert list(DataProfile.read(client.with_suffix(".json")).unknown_ahead) == names
