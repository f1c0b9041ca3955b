"""Files of clients that the reader has never seen: composed at random, with names that it wasn't built on."""

import csv
import io
from collections import Counter
from itertools import islice
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from client_files.generator import client_file, client_files
from client_files.names import LISTS, read_names
from client_files.refusals import REFUSALS, mentions
from client_files.scoring import ASKED, Outcome, judge, plain, read_client, share

from mmm_builder.data_profile import ControlKind, Measure
from mmm_builder.spec import ChannelType

FILES = 60
SEED = 7
AIM = 0.9
LANGUAGES = {"en", "ru", "de", "fr", "es", "pt", "it", "pl", "tr", "zh", "ja", "ko"}
ROLES = {
    "date", "target", "channel", "exposure", "control", "ignored", "panel", "long_channel", "long_value",
    "long_exposure", "long_variable", "long_number",
}  # fmt: skip


def test_unseen_files_are_read_right():
    counts = Counter()
    for file in client_files(FILES, SEED, "held_out"):
        counts.update(judge(file.truth, read_client(file)).counts)
    figures = {figure: share(counts, figure) for figure in ASKED}
    assert {figure: value for figure, value in figures.items() if value < AIM} == {}


# --- the lists of names ----------------------------------------------------------------------------------------------


def test_no_name_stands_in_both_lists():
    practice, held_out = ({e["name"].casefold() for es in read_names(which).values() for e in es} for which in LISTS)
    assert not practice & held_out


@pytest.mark.parametrize("which", LISTS)
def test_every_language_has_names_enough(which):
    names = {language: len(entries) for language, entries in read_names(which).items()}
    assert set(names) >= LANGUAGES
    assert names["en"] >= 150
    assert min(names[language] for language in LANGUAGES) >= 45


@pytest.mark.parametrize("which", LISTS)
def test_what_names_mean_is_said_in_the_profiles_words(which):
    entries = [e for es in read_names(which).values() for e in es]
    assert {e["role"] for e in entries} == ROLES
    assert {e["channel_type"] for e in entries if "channel_type" in e} <= set(get_args(ChannelType))
    media = [e for e in entries if e["role"] in ("channel", "exposure")]
    assert {e["measure"] for e in media if "measure" in e} <= set(get_args(Measure))
    assert {e["kind"] for e in entries if e["role"] == "control"} <= set(get_args(ControlKind))


# --- the files -------------------------------------------------------------------------------------------------------


def lines_of(file):
    """Return the cells of a CSV file, read with what its truth says about it."""
    encoding = next(t for t in file.truth.traits if t.startswith(("utf", "cp", "latin", "gb")))
    separator = next(t for t in file.truth.traits if t.startswith("separator ")).removeprefix("separator ")
    text = io.StringIO(file.content.decode(encoding), newline="")
    return list(csv.reader(text, delimiter={"'\\t'": "\t"}.get(separator, separator.strip("'"))))


def wide_csv(names, n, **truth):
    """Yield wide files as CSV whose truth has the given fields, in which nothing stands around the table."""
    for seed in range(10_000):
        file = client_file(seed, names)
        told = file.truth
        odd = {"title", "two_headers", "broken_header", "blank_column", "blank_rows", "total"} & set(told.traits)
        if file.suffix == ".csv" and not odd and all(getattr(told, k) == v for k, v in truth.items()):
            yield file
            n -= 1
        if not n:
            return


def test_a_seed_is_a_file():
    assert client_file(3, "practice").content == client_file(3, "practice").content
    assert client_file(3, "practice").content != client_file(4, "practice").content


@pytest.mark.parametrize("names", LISTS)
def test_what_the_truth_names_stands_in_the_file(names):
    for file in wide_csv(names, 12, shape="wide", refusal=None):
        truth, header = file.truth, {plain(name) for name in lines_of(file)[0]}
        for name in (*truth.date_columns, truth.target, *truth.channels, *truth.exposures, *truth.controls):
            assert plain(name) in header


def test_the_numbers_of_the_truth_are_those_of_the_file():
    unlike = ("currency", "order", "gaps", "duplicates")
    files = (
        f
        for f in wide_csv("practice", 60, shape="wide", refusal=None)
        if {"decimal '.'", "group ''"} <= {*f.truth.traits}
    )
    for file in islice((f for f in files if not any(t.startswith(unlike) for t in f.truth.traits)), 5):
        header, *lines = lines_of(file)
        at = [plain(name) for name in header].index(plain(file.truth.target))
        written = pd.to_numeric(pd.Series([line[at] for line in lines]), errors="coerce").to_numpy()
        np.testing.assert_allclose(written, file.truth.values[file.truth.target].to_numpy())


def test_totals_are_sums():
    entries = (f for f in client_files(400, 3, "practice") if f.truth.refusal is None and f.truth.shape == "wide")
    seen = 0
    for file in entries:
        totals = [name for name, e in file.truth.ignored.items() if e["what"] == "total"]
        money = [name for name, e in file.truth.channels.items() if e["role"] == "channel"]
        if totals and "missing" not in file.truth.traits:
            assert np.allclose(file.truth.values[totals[0]], file.truth.values[money].sum(axis=1), equal_nan=True) or (
                "gaps" in file.truth.traits
            )
            seen += 1
    assert seen >= 3


def test_media_move_the_kpi():
    correlations = []
    for file in islice((f for f in client_files(200, 5, "practice") if f.truth.shape == "wide"), 40):
        values = file.truth.values
        spends = [n for n in file.truth.channels if n in values]
        if spends and file.truth.refusal is None:
            correlations.append(values[spends].corrwith(values[file.truth.target]).mean())
    assert np.nanmean(correlations) > 0.1


@pytest.mark.parametrize("kind", sorted(REFUSALS))
def test_files_to_be_refused_are_refused(kind):
    for seed in (1, 2):
        file = client_file(seed, "practice", kind)
        said = read_client(file).refusal
        assert said is not None
        assert mentions(file.truth.told, said)


def test_judging_counts_what_is_missing():
    file = next(wide_csv("practice", 1, refusal=None))
    refused = judge(file.truth, Outcome(None, None, "too bad"))
    assert share(refused.counts, "accepted or refused") == 0.0
    assert share(refused.counts, "channels: recall") == 0.0
