"""What a name tells of media and controls, put together from the groups of the vocabulary."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from ..data_profile import ControlKind
from ..reading.naming import first_said, fold, read_name, says
from ..spec import ChannelType

GRID_MIN = 3
"""Fewest beginnings and fewest labels of names that are told apart by labels."""


def channel_type_of(name: str) -> tuple[ChannelType, str | None]:
    """Return the channel type that the name tells, with the word; `other` and None if it tells none."""
    found = first_said("channel_types", name) or first_said("abbreviations", name)
    if found and len(found[1]) == 1 and re.search(rf"\b{found[1]} \d", fold(name)):
        return "other", None
    return found or ("other", None)


def control_kind_of(name: str) -> ControlKind:
    """Return the kind of control that the name tells, else `other`."""
    if says("competitor", name):
        return "competitor"
    found = first_said("controls", name)
    return found[0] if found else "organic" if says("organic", name) else "other"


def names_media(name: str) -> bool:
    """Whether a name says a type of channel, in full or abbreviated, or media at all."""
    return bool(channel_type_of(name)[1] or says("media", name) or says("channel_word", name))


def of_controls(*kinds: ControlKind) -> Callable[[str], object]:
    """Return the test whether a name says a control of these kinds."""
    return lambda name: any(says(f"controls.{kind}", name) for kind in kinds)


def without_labels(names: Iterable[str]) -> dict[str, str]:
    """Return the names that end in a brand or place, with the rest of the name: `Sales_Budget` beside `Sales_Pams`.

    Labels stand after several different beginnings, all of them, and most of them are unknown words.
    """
    ends: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        head, _, label = re.sub(r"[\s_.\-]+", "_", name).rpartition("_")
        if head and not label.isdecimal():
            ends[head][label] = name
    grids: dict[frozenset[str], list[str]] = defaultdict(list)
    for head, found in ends.items():
        grids[frozenset(found)].append(head)
    return {
        name: head
        for labels, heads in grids.items()
        if len(heads) >= GRID_MIN and len(labels) >= GRID_MIN
        and sum(not any(w.senses for w in read_name(label)) for label in labels) > len(labels) / 2
        for head in heads
        for name in ends[head].values()
    }  # fmt: skip
