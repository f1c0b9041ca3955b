"""What a column's name says: words of the vocabulary found in it."""

import functools

from .cutting import Word, cut
from .folding import part_camel_case
from .lexicon import LAYOUT, folded, vocabulary

__all__ = [
    "concepts", "first_said", "fold", "only_of", "read_name", "said", "says", "stem", "target_score", "vocabulary",
]  # fmt: skip

QUALIFIED = 0.02
"""How much less a name's score is for each word that qualifies it (`online sales`)."""

OF_MANY = ("broadcasters", "networks")
"""Lists of media in which each word is a thing of its own."""

fold = folded


@functools.lru_cache(maxsize=50_000)
def read_name(name: str, of_layout: bool = False) -> tuple[Word, ...]:
    """Return the words of a name: with its camelCase parted, or as it stands if more of it is known so."""
    forms = dict.fromkeys((folded(part_camel_case(name)), folded(name)))
    return max((cut(form, of_layout) for form in forms), key=_known)


def _known(words: tuple[Word, ...]) -> int:
    """Return how many letters are of known words."""
    return sum(len(word.text.replace(" ", "")) for word in words if word.senses)


def said(group: str, name: str) -> tuple[Word, ...]:
    """Return the words of a name that are of a group of the vocabulary, or of one of its groups."""
    below = f"{group}."
    return tuple(
        word
        for word in read_name(name, group in LAYOUT)
        if any(sense[0] == group or sense[0].startswith(below) for sense in word.senses)
    )


def says(group: str, name: str) -> str | None:
    """Return the word of a group of the vocabulary (`competitor`, say, or `measures.spend`) that the name holds."""
    found = said(group, name)
    return found[0].text if found else None


def first_said(group: str, name: str) -> tuple[str, str] | None:
    """Return (key, word) of the first key of a group of keyed lists (`channel_types`) that the name holds."""
    for key in vocabulary()[group]:
        word = says(f"{group}.{key}", name)
        if word:
            return key, word
    return None


def target_score(name: str) -> tuple[float, str] | None:
    """Return the score in [0, 1] and the word by which the name is that of a KPI; plainer names score higher."""
    for position, rank in enumerate(vocabulary()["outcomes"]):
        word = says(f"outcomes.{position}", name)
        if word:
            others = [w for w in read_name(name) if not any(s[0].startswith(("outcomes", "neutral")) for s in w.senses)]
            return rank["score"] - QUALIFIED * min(len(others), 5), word
    return None


def only_of(group: str, name: str) -> bool:
    """Whether every word of the name (numbers apart) is of this group."""
    words = [word for word in read_name(name, group in LAYOUT) if not word.text.isdecimal()]
    return bool(words) and len(said(group, name)) >= len(words)


def stem(name: str) -> str:
    """Return what is left of the name without measures and words that name no channel: the channel's own name."""
    return " ".join(word.text for word in _own_words(name))


@functools.lru_cache(maxsize=50_000)
def concepts(name: str) -> frozenset[str]:
    """Return the channel's own name as things meant, whatever their order and language (`tv` for `Fernsehen`)."""
    return frozenset(_concept(word) for word in _own_words(name))


def _own_words(name: str) -> list[Word]:
    """Return the words of a name that are neither a measure nor a word of no channel."""
    dropped = ("measures", "neutral", "media", "sure_spend", "calendar", "control_mark")
    return [w for w in read_name(name) if not any(s[0].split(".")[0] in dropped for s in w.senses) or _is_type(w)]


def _is_type(word: Word) -> bool:
    return any(sense[0].startswith("channel_types") for sense in word.senses)


def _concept(word: Word) -> str:
    """Return the medium or platform that a word means, else the word itself."""
    for group in ("channel_types", "abbreviations"):
        found = sorted(sub for path, sub in word.senses if path.startswith(group))
        if found:
            return word.text if found[0] in OF_MANY else found[0]
    return word.text
