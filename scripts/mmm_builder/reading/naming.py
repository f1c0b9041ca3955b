"""What a column's name says: words of `data/vocabulary.yaml` found in it."""

import functools
import re
import unicodedata
from typing import Any

import yaml

from ..provenance import DATA

VOCABULARY = DATA / "vocabulary.yaml"


@functools.cache
def vocabulary() -> dict[str, Any]:
    """Return the vocabulary as it stands in its file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(VOCABULARY.read_text(encoding="utf-8"), Loader=loader)


def fold(name: str) -> str:
    """Return the name's words in lower case, parted by one blank; letters and digits part, apostrophes go."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = re.sub(r"['’`´]", "", text)
    text = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+", " ", text)
    return " ".join(text.split())


@functools.cache
def forms(name: str) -> tuple[str, ...]:
    """Return the folded name, and the folded name with its camelCase parted, if that differs."""
    parted = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", " ", name)
    return tuple(dict.fromkeys((fold(name), fold(parted))))


def says(group: str, name: str) -> str | None:
    """Return the word of a group of the vocabulary (`competitor`, say, or `measures.spend`) that the name holds."""
    return _find(_pattern(group), name)


def first_said(group: str, name: str) -> tuple[str, str] | None:
    """Return (key, word) of the first key of a group of keyed lists (`channel_types`) that the name holds."""
    for key in vocabulary()[group]:
        word = says(f"{group}.{key}", name)
        if word:
            return key, word
    return None


def target_score(name: str) -> tuple[float, str] | None:
    """Return the score in [0, 1] and the word by which the name is that of a KPI; plainer names score higher."""
    for position, rank in enumerate(vocabulary()["target"]):
        word = says(f"target.{position}.words", name)
        if word:
            others = len(fold(name).split()) - len(word.split())
            return rank["score"] - 0.02 * min(others, 5), word
    return None


def only_of(group: str, name: str) -> bool:
    """Whether every word of the name (numbers apart) is of this group."""
    return any(
        all(word.isdecimal() or _pattern(group).fullmatch(word) for word in form.split()) and not form.isdecimal()
        for form in forms(name)
    )


def stem(name: str) -> str:
    """Return what is left of the name without measures and generic words: the channel's own name."""
    text = forms(name)[0]
    for group in (*(f"measures.{m}" for m in vocabulary()["measures"]), "generic"):
        text = " ".join(_pattern(group).sub(" ", text).split())
    return text


def month_number(word: str) -> int | None:
    """Return 1 to 12 for a month's name or its abbreviation."""
    word = word.casefold().rstrip(".")
    return next((number for number, words in vocabulary()["months"].items() if word in words), None)


def _find(pattern: re.Pattern[str], name: str) -> str | None:
    for form in forms(name):
        match = pattern.search(form)
        if match:
            return match.group()
    return None


@functools.cache
def _pattern(group: str) -> re.Pattern[str]:
    """Return the pattern of a group of the vocabulary, given by its path."""
    node: Any = vocabulary()
    for key in group.split("."):
        node = node[int(key)] if isinstance(node, list) else node[key]
    return re.compile("|".join(map(_word_pattern, node)))


def _word_pattern(entry: str) -> str:
    """Return the pattern of one entry (the file's head tells its syntax)."""
    text = str(entry)
    core = re.escape(fold(text))
    if any("\u3040" <= character <= "\u9fff" for character in text):
        return core
    begin = "^" if text.startswith("^") else r"(?<!\S)" + (r"\S*" if text.startswith("*") else "")
    end = "$" if text.endswith("$") else (r"\S*" if text.endswith("*") else "") + r"(?!\S)"
    return begin + core + end
