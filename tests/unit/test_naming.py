"""What names tell, in many languages and spellings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mmm_builder.profiling.column_rules import number_facts, read_column
from mmm_builder.profiling.name_clues import channel_type_of, without_labels
from mmm_builder.reading.folding import part_camel_case
from mmm_builder.reading.lexicon import LAYOUT, lexicon
from mmm_builder.reading.naming import (
    concepts,
    first_said,
    fold,
    only_of,
    read_name,
    says,
    stem,
    target_score,
    vocabulary,
)  # fmt: skip

NAMES = yaml.safe_load((Path(__file__).parent / "column_names.yaml").read_text(encoding="utf-8"))
ROWS = 100
RNG = np.random.default_rng(1)
AMOUNTS = pd.Series(RNG.gamma(2, 1000, ROWS) * (RNG.random(ROWS) > 0.2))
MARKS = pd.Series((RNG.random(ROWS) < 0.1).astype(float))
LEVELS = pd.Series(RNG.normal(1000, 50, ROWS).round())
CONTENT = {"channel": AMOUNTS, "organic": AMOUNTS, "event": MARKS, "promotion": MARKS}


def reading(name, values):
    return read_column(number_facts(str(name), values, np.ones(ROWS, dtype=bool)))


def told(name, meant):
    """Return what a name tells, of what it is meant to tell: role; type and measure; kind."""
    role, *rest = meant.split()
    found = reading(name, CONTENT.get(role, CONTENT.get(rest[0] if rest else "", LEVELS)))
    more = {"channel": (found.channel_type, found.measure), "control": (found.kind,)}.get(found.role, ())
    return " ".join((found.role, *more))


@pytest.mark.parametrize(
    ("language", "meant"), [(language, meant) for language, groups in NAMES.items() for meant in groups]
)
def test_what_names_tell(language, meant):
    names = NAMES[language][meant]
    assert {name: told(name, meant) for name in names} == dict.fromkeys(names, meant)


def snake(name):
    return "_".join("".join(c if c.isalnum() else " " for c in name).split())


STYLES = {
    "upper": str.upper,
    "lower": str.lower,
    "snake": lambda name: snake(name).lower(),
    "dots": lambda name: snake(name).replace("_", "."),
    "camel": lambda name: "".join(word[:1].upper() + word[1:] for word in snake(name).split("_")),
    "place before": lambda name: f"DE_{name}",
    "brand behind": lambda name: f"{name}_acme",
    "unit behind": lambda name: f"{name} (EUR)",
}


@pytest.mark.parametrize("style", STYLES)
def test_how_names_are_written_hardly_matters(style):
    meant = [
        (language, what, str(name))
        for language, groups in NAMES.items()
        for what, names in groups.items()
        for name in names
        if what != "ignored"
    ]
    right = [told(STYLES[style](name), what) == what for _, what, name in meant]
    assert np.mean(right) > 0.97


def test_every_language_is_tested():
    counts = {language: sum(map(len, groups.values())) for language, groups in NAMES.items()}
    assert {"en", "ru", "de", "fr", "es", "pt", "it", "pl", "tr", "zh", "ja", "ko", "nl", "sv", "uk", "cs"} <= set(
        counts
    )
    assert min(counts[code] for code in ("en", "ru", "de", "fr", "es", "pt", "it", "pl", "tr", "zh", "ja", "ko")) >= 40


def leaves(path, node):
    for key, below in node.items():
        if isinstance(below, dict):
            yield from leaves(f"{path}.{key}" if path else key, below)
        else:
            yield from ((path, str(word)) for word in below)


@pytest.mark.parametrize("group", [g for g in vocabulary() if g not in ("outcomes", "nothing", "simplified")])
def test_every_word_of_the_vocabulary_finds_itself(group):
    lost = []
    for path, word in leaves(group, vocabulary()[group]):
        name = word.strip("*^$")
        name = f"zzqq {name}" if word.endswith("$") and not word.startswith("^") else name
        name = name * 2 if word.startswith("*") and not name.isascii() else name
        name = f"{name} zzqq" if word.startswith("^") and not word.endswith("$") else name
        if not says(path, name):
            lost.append((path, word))
    assert lost == []


def test_every_kpi_word_finds_itself():
    words = [w.strip("*^$") for rank in vocabulary()["outcomes"] for its in rank["words"].values() for w in its]
    assert [word for word in words if not target_score(word)] == []


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("TV-Ausgaben (€)", "tv ausgaben eur"), ("hldy_Father's Day", "hldy fathers day"), ("DV360", "dv 360"),
        ("Chiffre d'affaires", "chiffre affaires"), ("Dépenses", "depenses"), ("HARCAMASI", "harcamasi"),
        ("İndirim", "indirim"), ("Überschuß", "uberschuss"), ("Sprzedaż", "sprzedaz"), ("TV広告費", "tv 広告费"),
        ("電視廣告", "电视广告"), ("ガソリン", "ガソリン"), ("Йод ёлка", "йод елка"), ("R$ mil", "brl mil"), ("", ""),
    ],
)  # fmt: skip
def test_folding(name, folded):
    assert fold(name) == folded


def test_umlauts_are_read_either_way():
    for name in ("Umsätze", "Umsaetze", "UMSATZE"):
        assert target_score(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tvspend", ["tv", "spend"]), ("GoogleAdsCost", ["google ads", "cost"]), ("spendTV", ["spend", "tv"]),
        ("Plakatwerbungskosten", ["plakatwerbungs", "kosten"]), ("微信广播花费", ["微信", "广播", "花费"]),
        ("네이버검색광고비", ["네이버", "검색", "광고비"]), ("store visits", ["store visits"]), ("tv_S", ["tv", "s"]),
        ("discount", ["discount"]), ("commitment", ["commitment"]), ("TikTokClicks", ["tik tok", "clicks"]),
    ],
)  # fmt: skip
def test_names_are_cut_into_the_longest_words(name, words):
    assert [word.text for word in read_name(name)] == words


@pytest.mark.parametrize("name", ["activity", "seoul", "roads", "Bewertung", "plant", "tvar"])
def test_a_word_inside_another_is_not_found(name):
    assert not any(says(group, name) for group in ("measures", "organic", "abbreviations"))
    assert first_said("channel_types", name) is None or name == "tvar"


@pytest.mark.parametrize("name", ["Series I", "Series S", "s_index", "Plant C"])
def test_letters_say_a_measure_of_media_alone(name):
    assert reading(name, AMOUNTS).role == "unknown"


def test_camel_case():
    assert part_camel_case("TVSpendNet") == "TV Spend Net"
    assert part_camel_case("CamelCase2") == "Camel Case2"


def test_stems_and_concepts():
    assert stem("facebook_S") == stem("facebook_I") == "facebook"
    assert concepts("Показы ВКонтакте") == concepts("Расход ВК") == {"vk"}
    assert concepts("Clicks Google") == concepts("google_ads_cost") == {"google"}
    assert concepts("Channel0_spend") == concepts("Channel0_impression") != concepts("Channel1_spend")
    assert concepts("spend") == frozenset()


def test_layout_words_are_asked_by_themselves():
    assert says("panel", "market")
    assert says("long_form", "Werbekanal") is None
    assert says("date", "Woche ab")
    assert only_of("calendar", "week_of_year_12")
    assert not only_of("calendar", "week 12 sales")
    assert set(LAYOUT) <= set(vocabulary())


@pytest.mark.parametrize(
    ("name", "channel_type"),
    [
        ("TikTok influencer", "influencer"), ("YouTube retargeting", "video_tv"), ("programmatic ooh", "ooh"),
        ("Google Display Network", "display"), ("facebook video", "social"), ("x_1_spend", "other"),
        ("tv_sponsorship", "video_tv"), ("amazon dsp", "display"), ("programmatic audio", "radio"),
    ],
)  # fmt: skip
def test_of_several_types_the_rank_decides(name, channel_type):
    assert channel_type_of(name)[0] == channel_type


def test_plainer_kpi_names_score_higher():
    names = ("revenue", "sales", "online sales in the shop", "orders", "leads", "visits")
    scores = [target_score(name)[0] for name in names]
    assert scores == sorted(scores, reverse=True)


def test_labels_of_brands_are_told_apart_from_words():
    brands = ("Budget", "Zorro", "Quux")
    names = [f"{what}_{brand}" for what in ("Sales", "Price", "Display") for brand in brands]
    assert without_labels(names) == {name: name.split("_")[0] for name in names}
    assert without_labels([f"{m}_{x}" for m in ("tv", "radio", "print") for x in ("spend", "clicks", "grp")]) == {}


@given(st.text(max_size=60))
def test_any_text_is_a_name(name):
    words = read_name(name)
    assert all(word.text for word in words)
    assert reading(name, AMOUNTS).evidence


def test_the_lexicon_has_no_empty_words():
    for layout in (True, False):
        assert all(lexicon(layout).exact)
