"""The vocabulary as a lexicon: its words by how they are looked up, each with all that it may mean.

`data/vocabulary.yaml` tells how words are written and compared.
"""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from ..provenance import DATA
from .folding import fold, is_east_asian, spellings

FILES = ("vocabulary.yaml", "vocabulary_media.yaml", "vocabulary_roles.yaml")
LAYOUT = ("date", "panel", "long_form")
"""Groups that are asked by themselves: what a word says about the layout doesn't hide what it says about a role."""

ROOT = 7
"""First letters that forms of one word share."""
Sense = tuple[str, str]
"""A group of the vocabulary (`channel_types.social`) and the list in it (`facebook`)."""


class Lexicon(NamedTuple):
    """Words by how they are compared, folded. `stems` are by their first word's stem, followed by the other words."""

    exact: dict[str, set[Sense]]
    first: dict[str, set[Sense]]
    last: dict[str, set[Sense]]
    whole: dict[str, set[Sense]]
    ends: dict[str, set[Sense]]
    roots: dict[str, list[str]]
    stems: dict[str, list[tuple[tuple[str, ...], set[Sense]]]]


@functools.cache
def vocabulary() -> dict[str, Any]:
    """Return the vocabulary as it stands in its files."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = {}
    for file in FILES:
        found |= yaml.load((DATA / file).read_text(encoding="utf-8"), Loader=loader)
    return found


@functools.cache
def simplified() -> dict[int, str]:
    """Return the traditional characters with the simplified ones that they are read as."""
    return {ord(pair[0]): pair[1] for pair in vocabulary()["simplified"].split()}


@functools.cache
def folded(name: str) -> str:
    """Return the name folded, with simplified characters."""
    return fold(name, simplified())


@functools.cache
def lexicon(of_layout: bool) -> Lexicon:
    """Return the lexicon of the groups that tell the layout, or of all others."""
    lex = Lexicon({}, {}, {}, {}, {}, {}, {})
    for group, sub, entry in _entries(of_layout):
        for spelling in spellings(entry):
            _add(lex, spelling, (group, sub))
    for word in lex.exact:
        if len(word) >= ROOT and " " not in word and not is_east_asian(word):
            lex.roots.setdefault(word[:ROOT], []).append(word)
    return lex


def _entries(of_layout: bool) -> Iterator[tuple[str, str, str]]:
    """Yield group, list and entry of the vocabulary; outcomes that may be mediators are of that group too."""
    for top, node in vocabulary().items():
        if (top in LAYOUT) != of_layout or top in ("simplified", "nothing"):
            continue
        if top == "outcomes":
            for position, rank in enumerate(node):
                groups = [f"outcomes.{position}"] + ["mediator"] * (rank["otherwise"] == "mediator")
                yield from ((g, lang, w) for g in groups for lang, words in rank["words"].items() for w in words)
        else:
            yield from _leaves(top, node)


def _leaves(path: str, node: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, below in node.items():
        if isinstance(below, dict):
            yield from _leaves(f"{path}.{key}", below)
        else:
            yield from ((path, str(key), str(word)) for word in below)


def _add(lex: Lexicon, entry: str, sense: Sense) -> None:
    """Put one entry of the vocabulary where it is looked up."""
    begins, ends = entry.startswith("^"), entry.endswith("$")
    text = entry.strip("^$")
    core = folded(text.strip("*"))
    if not core:
        return
    if text.endswith("*") and not is_east_asian(core):
        head, *rest = core.split()
        lex.stems.setdefault(head, []).append(((head, *rest), {sense}))
    elif text.startswith("*"):
        lex.ends.setdefault(core, set()).add(sense)
        if not is_east_asian(core):
            lex.exact.setdefault(core, set()).add(sense)
    else:
        table = lex.whole if begins and ends else lex.first if begins else lex.last if ends else lex.exact
        table.setdefault(core, set()).add(sense)
        if table is lex.exact and " " in core:
            table.setdefault(core.replace(" ", ""), set()).add(sense)
