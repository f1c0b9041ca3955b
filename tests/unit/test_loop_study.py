"""The study of the loop: its clients are what they say, its figures follow from the records."""

import json

import numpy as np
import pytest

from benchmarks import loop_study
from benchmarks.loop import clients, document, figures, running, studies, whole_runs
from benchmarks.loop.clients import GROUPS
from mmm_builder.judging.media import LEVEL
from mmm_builder.simulation.client_truth import channel_contributions, expected_kpi
from mmm_builder.spec import Sampler


def r2(actual, predicted):
    return 1 - ((actual - predicted) ** 2).sum() / ((actual - actual.mean()) ** 2).sum()


def kpi_of(client):
    return client.table[client.truth.target_column].to_numpy(float)


# --- clients ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_a_client_follows_from_its_number(group):
    one, again, other = (GROUPS[group].client(n) for n in (3, 3, 4))
    assert one.table.equals(again.table)
    assert not one.table.equals(other.table)
    assert (kpi_of(one) > 0).all()


def test_clients_with_a_signal_differ_in_difficulty():
    found = [clients.with_signal(n).traits for n in range(GROUPS["signal"].n)]
    assert {t["periods"] for t in found} == set(clients.WEEKS)
    assert {t["channels"] for t in found} == set(range(2, 13))
    for trait in ("outliers", "collinear", "heavy_tailed", "broken"):
        assert 0.1 <= np.mean([t[trait] > 0 for t in found]) <= 0.4, trait


def test_broken_clients_tell_the_date_of_the_break():
    for number in range(GROUPS["signal"].n):
        client = clients.with_signal(number)
        assert len(client.breaks) == client.traits["broken"]
        for date in client.breaks:
            row = int(np.flatnonzero(client.table[client.truth.date_column] == date)[0])
            left = client.expected - expected_kpi(client.table, client.truth).to_numpy()
            assert (left < 0).argmax() == row == client.truth.n_train // 2
            assert client.parts.trend == "linear"


def test_what_is_expected_explains_the_kpi_as_much_as_it_should():
    for group in ("signal", "without_media"):
        for number in range(20):
            client = GROUPS[group].client(number)
            if not client.traits.get("broken") and not client.traits.get("heavy_tailed"):
                left = r2(kpi_of(client), client.expected) - client.traits["r2"]
                # outliers are part of what is expected, and of what varies
                assert abs(left) < 0.12 or client.traits.get("outliers"), (group, number)


def test_media_do_nothing_where_they_shall_not():
    for number in range(10):
        client = clients.without_media(number)
        added = channel_contributions(client.table, client.truth).sum(axis=1).to_numpy()
        left = kpi_of(client) - client.expected
        assert abs(np.corrcoef(left, added)[0, 1]) < 4 / np.sqrt(len(left))


def test_three_years_are_most_of_those_without_media():
    periods = [clients.without_media(n).traits["periods"] for n in range(GROUPS["without_media"].n)]
    assert periods.count(clients.THREE_YEARS) == 70


def test_roles_are_as_given(tmp_path):
    client = clients.with_signal(1)
    ready = clients.prepared(client, tmp_path)
    assert tuple(c.column for c in ready.profile.channels) == client.columns.channels
    assert ready.profile.n_train == client.truth.n_train
    held_out = kpi_of(client)[client.truth.n_train :]
    np.testing.assert_array_equal(ready.holdout.values, held_out)
    assert np.isnan(ready.panel["kpi"].values[client.truth.n_train :]).all()


# --- a short run -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def short_run(tmp_path_factory):
    """A small client followed for two iterations with few draws."""
    client = clients.with_signal(6)
    ready = clients.prepared(client, tmp_path_factory.mktemp("client"))
    sampler = Sampler(chains=2, draws=60, tune=100, target_accept=0.9, seed=1)
    return client, ready, running.follow(ready, pace=running.CLOSELY._replace(sampler=sampler), max_iterations=2)


def test_a_run_is_followed_to_its_end(short_run):
    _, _, run = short_run
    assert 1 <= len(run.iterations) <= 2
    assert [i.spec.iteration for i in run.iterations] == list(range(1, len(run.iterations) + 1))
    last = run.iterations[-1]
    assert last.validation.holdout_looks == sum(i.validation.evaluated for i in run.iterations)
    assert (run.selection.status == "full_success") == (last.summary.passed and last.validation.passed)


def test_the_record_of_a_run_can_be_written(short_run):
    _, ready, run = short_run
    kept = json.loads(json.dumps(running.told(run) | {"media": studies.media_figures(ready, run.selected)}))
    assert len(kept["iterations"]) == len(run.iterations)
    assert set(kept["media"]) == {"told", "folds", "all"}


def test_the_verdict_on_media_is_the_runs_own(short_run):
    _, ready, run = short_run
    told = studies.media_figures(ready, run.selected)["told"]
    adds = run.selected.validation.media_adds
    assert told["gain"] == pytest.approx(adds.crps_gain, rel=1e-6)
    assert told.get(f"{LEVEL:.2f}", [None, None, "unclear"])[2] == adds.verdict


# --- figures and words -----------------------------------------------------------------------------------------------


def record(group="signal", number=0, status="full_success", passes=True, looks=1, verdict="no", **more):
    keys = [f"{level:.2f}{name}" for level in studies.LEVELS for name in studies.INTERVALS]
    media = {"gain": 0.0} | {key: [-0.1, 0.01, verdict] for key in keys}
    outcome = {"remedy": "more_season", "hypothesis": "survived", "reverted": False}
    return {
        "group": group, "number": number, "status": status, "looks": looks, "seconds": 1.0, "crps": 1.04,
        "traits": GROUPS[group].client(number).traits, "iterations": [{"passed": True}] * 2, "outcomes": [outcome],
        "media": dict.fromkeys(figures.ROWS, media), "generating": {"passes": passes},
        "true_structure": {"passes": passes, "crps": 1.5}, "candidate_set": {"a": 1.0, "b": 2.0},
    } | more  # fmt: skip


def test_success_counts_where_the_generating_model_passes():
    records = [record(), record(number=1, status="diagnostics_only"), record(number=2, passes=False)]
    can = [r for r in records if figures.attainable(r)]
    assert figures.rate(can, figures.succeeded) == (1, 2)


def test_the_chosen_model_is_held_against_the_best_of_the_set():
    records = [record(), record(number=1, crps=3.0)]
    np.testing.assert_allclose(figures.against_best(records), [0.04, 2.0])
    np.testing.assert_allclose(figures.truth_against_best(records), [0.5, 0.5])


@pytest.mark.parametrize("groups", [["signal"], ["white_noise", "random_walk"], ["without_media"], list(GROUPS)])
def test_the_document_is_of_what_there_is(groups):
    records = [record(group, number) for group in groups for number in range(3)]
    text = document.document(records, "2026-01-01", "a machine")
    assert "nan" not in text
    for group, own in GROUPS.items():
        assert f"{3 if group in groups else 0} of {own.n} ({group}" in text


def test_clients_that_the_policy_was_not_made_on_stand_beside_the_others():
    ended = ["full_success", "full_success", "full_success", "diagnostics_only"]
    new = [record("new_signal", n, status=status) for n, status in enumerate(ended)]
    text = document.document([record(), *new], "2026-01-01", "a machine")
    assert "**1 of 1 (100 %" in text
    assert "**3 of 4 (75 %" in text
    assert "3 of 4 (75 %" in document.scorecard([record(), *new])
    assert "Clients that the policy was not made on" not in document.document([record()], "2026-01-01", "a machine")


def test_none_of_them_is_among_the_others():
    first, new = (GROUPS[name].client(0) for name in ("signal", "new_signal"))
    assert new.number == GROUPS["signal"].n
    assert not new.table.equals(first.table)


def test_a_false_yes_shows():
    records = [record("without_media", n, verdict="yes" if n < 2 else "no") for n in range(4)]
    assert "2 of 4 (50 %" in document.document(records, "2026-01-01", "a machine")
    assert "2 of 4 (50 %" in document.scorecard(records)


def test_two_runs_that_end_otherwise_have_no_difference():
    one = {"status": "full_success", "selected": 1, "looks": 1, "iterations": [{"r2": 0.5, "oos_r2": None}]}
    assert whole_runs.difference(one, one) == 0
    assert whole_runs.difference(one, one | {"iterations": [{"r2": 0.4, "oos_r2": None}]}) == pytest.approx(0.2)
    assert whole_runs.difference(one, one | {"status": "diagnostics_only"}) is None
    assert whole_runs.difference(one, one | {"iterations": [{"r2": 0.5, "oos_r2": 0.5}]}) is None


def test_a_study_goes_on_where_it_stopped(tmp_path, monkeypatch):
    file, asked = tmp_path / "records.jsonl", []

    def followed(group, number):
        asked.append((group, number))
        return {"group": group, "number": number}

    monkeypatch.setattr(loop_study, "record", followed)
    assert len(loop_study.run(file, ["signal"], 3, 1)) == 3
    file.write_text(file.read_text() + '{"group": "signal", "numb')
    assert len(loop_study.run(file, ["signal", "white_noise"], 4, 1)) == 8
    assert sorted(asked) == sorted((group, n) for group in ("signal", "white_noise") for n in range(4))
