"""The sentences of the written record, by language: one data file each."""

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import yaml

from ..provenance import DATA

FILES = {"en": "analysis_en.yaml"}
PLURALS: dict[str, Callable[[int], str]] = {"en": lambda n: "one" if n == 1 else "other"}
"""Which form of a noun goes with a number."""


class Phrasebook(NamedTuple):
    """One language's sentences, called by key with the values that fill them."""

    language: str
    phrases: Mapping[str, str]
    nouns: Mapping[str, Mapping[str, str]]

    def __call__(self, phrase: str, /, **values: object) -> str:
        """Return a sentence filled with values."""
        return self.phrases[phrase].format(**values)

    def count(self, n: int, noun: str) -> str:
        """Return `3 iterations`."""
        return f"{n} {self.nouns[noun][PLURALS[self.language](n)]}"

    def label(self, prefix: str, word: str) -> str:
        """Return the phrase `prefix.word`, or the word itself in code style if the book has none."""
        return self.phrases.get(f"{prefix}.{word}", f"`{word}`")

    def enumerate(self, words: list[str]) -> str:
        """Return `a, b and c`."""
        if len(words) < 2:
            return "".join(words)
        return self("and", first=", ".join(words[:-1]), last=words[-1])


@functools.cache
def phrasebook(language: str = "en") -> Phrasebook:
    """Read the sentences of a language."""
    path = DATA / FILES[language]
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Phrasebook(language, data["phrases"], data["nouns"])
