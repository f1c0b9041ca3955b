"""The sentences of the written record, by language: the same keys in one set of data files each."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import yaml
from babel import Locale

from ..errors import InputError
from ..provenance import DATA

FILES = {"en": ("analysis_en.yaml", "policy_en.yaml"), "ru": ("analysis_ru.yaml", "policy_ru.yaml")}

RECORDED = "en"
"""Language of the free texts in the records."""


class Phrasebook(NamedTuple):
    """One language's sentences, called by key with the values that fill them."""

    language: str
    phrases: Mapping[str, str]
    nouns: Mapping[str, Mapping[str, str]]

    def __call__(self, phrase: str, /, **values: object) -> str:
        """Return a sentence filled with values."""
        return self.phrases[phrase].format(**values)

    def __contains__(self, phrase: object) -> bool:
        """Tell whether the book has a sentence."""
        return phrase in self.phrases

    def count(self, n: int, noun: str) -> str:
        """Return `3 iterations`, in the form that the number calls for (CLDR's: one, few, many, other)."""
        return f"{n} {self.nouns[noun][plural_form(self.language, n)]}"

    def label(self, prefix: str, word: str) -> str:
        """Return the phrase `prefix.word`, or the word itself in code style if the book has none."""
        return self.phrases.get(f"{prefix}.{word}", f"`{word}`")

    def enumerate(self, words: list[str]) -> str:
        """Return `a, b and c`."""
        if len(words) < 2:
            return "".join(words)
        return self("and", first=", ".join(words[:-1]), last=words[-1])


def plural_form(language: str, n: int) -> str:
    """Return which form of a noun goes with a number in a language."""
    return Locale.parse(language).plural_form(n)


@functools.cache
def phrasebook(language: str = "en") -> Phrasebook:
    """Read the sentences of a language. Raises InputError if there are none."""
    if language not in FILES:
        raise InputError(f"language {language!r} is not known; known: {', '.join(FILES)}")
    analysis, policy = (yaml.safe_load((DATA / name).read_text(encoding="utf-8")) for name in FILES[language])
    return Phrasebook(language, analysis["phrases"] | policy, analysis["nouns"])
