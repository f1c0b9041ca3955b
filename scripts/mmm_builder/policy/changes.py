"""Changing a configuration by key: `seasonality.order`, `channels[tv_spend].coefficient`, `controls[price]`."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..config_files import HISTORY
from ..errors import InputError
from ..spec import Change, ModelSpec

STEP = re.compile(r"(?P<name>\w+)(\[(?P<label>.+)\])?(\.|$)")
"""One step of a key; a label is an entry's column, date or name, and may itself hold dots and brackets."""

LABELS = ("column", "date", "name")
"""Keys that an entry of a list is known by."""


def apply_changes(spec: ModelSpec, changes: Iterable[Change], iteration: int) -> ModelSpec:
    """Return the spec of `iteration` with the changes made, checked as a whole.

    Raises InputError if a key is not in the spec or the result is not a valid configuration.
    """
    changes = tuple(changes)
    data = spec.model_dump(mode="json")
    for change in changes:
        _set(data, change.key, change.new)
    data["iteration"] = iteration
    data["changes"] = [c.model_dump(mode="json") for c in changes]
    return ModelSpec.parse(data, f"configuration of iteration {iteration}")


def difference(now: ModelSpec, wanted: ModelSpec) -> list[tuple[str, Any]]:
    """Return the edits, keys and new values, that make one configuration into another; their history left out."""
    return list(_difference("", *(s.model_dump(mode="json", exclude=set(HISTORY)) for s in (now, wanted))))


def value_at(spec: ModelSpec, key: str) -> Any:
    """Return the plain value that stands at `key`; None for a labelled entry that isn't there."""
    holder, last = _holder(spec.model_dump(mode="json"), key)
    return None if last is None else holder[last]


def _difference(path: str, now: Any, wanted: Any) -> Iterator[tuple[str, Any]]:
    """Yield edits below `path`: as deep as both sides have the same keys, entry by entry in labelled lists."""
    if now == wanted:
        return
    if isinstance(now, dict) and isinstance(wanted, dict) and now.keys() == wanted.keys():
        for name in now:
            yield from _difference(f"{path}.{name}" if path else name, now[name], wanted[name])
    elif _entries_can_be_moved(now, wanted):
        ours, theirs = _by_label(now), _by_label(wanted)
        yield from ((f"{path}[{label}]", None) for label in ours if label not in theirs)
        for label, entry in theirs.items():
            yield from _difference(f"{path}[{label}]", ours.get(label), entry)
    else:
        yield path, wanted


def _entries_can_be_moved(now: Any, wanted: Any) -> bool:
    """Tell whether both are lists of entries with labels of their own, and taking out and adding gives the order."""
    if not (isinstance(now, list) and isinstance(wanted, list)):
        return False
    ours, theirs = _by_label(now), _by_label(wanted)
    if ours is None or theirs is None:
        return False
    return [*(label for label in ours if label in theirs), *(t for t in theirs if t not in ours)] == list(theirs)


def _by_label(entries: list[Any]) -> dict[str, Any] | None:
    """Return the entries of a list by their label; None where one has none, or two have the same."""
    labels = [_label(entry) for entry in entries]
    return None if None in labels or len(set(labels)) < len(labels) else dict(zip(labels, entries, strict=True))


def _label(entry: Any) -> str | None:
    return next((entry[key] for key in LABELS if key in entry), None) if isinstance(entry, dict) else None


def _set(data: dict[str, Any], key: str, value: Any) -> None:
    """Put `value` at `key`: a labelled entry that isn't there is added, one whose new value is None removed."""
    holder, last = _holder(data, key)
    if last is None:
        holder.append(value)
    elif value is None and isinstance(holder, list):
        del holder[last]
    else:
        holder[last] = value


def _holder(data: Any, key: str) -> tuple[Any, str | int | None]:
    """Return the dict or list that holds the value at `key`, and its name or index there (None: not in the list)."""
    holder, last, node = None, None, data
    for match in STEP.finditer(key):
        if not isinstance(node, dict) or match["name"] not in node:
            raise InputError(f"change of {key!r}: the configuration has no {match['name']!r}")
        holder, last = node, match["name"]
        node = holder[last]
        if match["label"] is not None:
            labels = [_label(entry) for entry in node]
            holder, last = node, labels.index(match["label"]) if match["label"] in labels else None
            node = None if last is None else holder[last]
    return holder, last
