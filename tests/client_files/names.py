"""Which columns a file has: drawn from one of the two lists of names, as one team would name them."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

FOLDER = Path(__file__).parent
LISTS = ("practice", "held_out")
Entry = dict[str, Any]

FEWEST_LABELS = 3
"""Bare channel names that a language must have for long files."""


class Cast(NamedTuple):
    """The columns of one file by what they are for; `spends` also holds media measured otherwise, without any spend."""

    date: Entry
    target: Entry
    spends: tuple[Entry, ...]
    exposures: tuple[Entry, ...]
    controls: tuple[Entry, ...]
    ignored: tuple[Entry, ...]
    panel: Entry | None


@cache
def read_names(which: str) -> dict[str, list[Entry]]:
    """Return the entries of a list, `practice` or `held_out`, by language."""
    return yaml.safe_load((FOLDER / f"{which}_names.yaml").read_text(encoding="utf-8"))


def style(name: str) -> str:
    """Return how a name is written, roughly."""
    if "_" in name or "." in name:
        return "upper" if name.isupper() else "snake"
    return "spaced" if " " in name else "glued"


def draw(rng: np.random.Generator, entries: list[Entry], n: int, liked: str) -> list[Entry]:
    """Return n different entries (fewer if there are fewer); those in the file's own style are four times as likely."""
    n = min(n, len(entries))
    if not n:
        return []
    weights = np.array([4.0 if style(e["name"]) == liked else 1.0 for e in entries])
    return [entries[i] for i in rng.choice(len(entries), n, replace=False, p=weights / weights.sum())]


def apart(entries: list[Entry], *keys: str, most: int = 1) -> list[Entry]:
    """Return the entries without those that are one more of the same kind, by the values of the keys."""
    kept, seen = [], {}
    for entry in entries:
        kind = tuple(entry.get(key) for key in keys)
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= most:
            kept.append(entry)
    return kept


def of_role(entries: list[Entry], role: str) -> list[Entry]:
    """Return the entries of a role whose name tells it."""
    return [e for e in entries if e["role"] == role and e.get("tells", True)]


def bare_channels(entries: list[Entry]) -> list[Entry]:
    """Return the channels that are called by the channel's name alone."""
    return [e for e in of_role(entries, "channel") if "measure" not in e]


def dates_for(entries: list[Entry], cadence: str) -> list[Entry]:
    """Return the date columns whose name goes with a cadence."""
    return [e for e in of_role(entries, "date") if e.get("cadence", cadence) == cadence]


def can_be_long(entries: list[Entry]) -> bool:
    """Return whether a language has the names for long files."""
    return len(bare_channels(entries)) >= FEWEST_LABELS and bool(of_role(entries, "long_channel"))


def choose_cast(
    rng: np.random.Generator, entries: list[Entry], cadence: str, *, panel: bool, bare: bool, most_media: int = 9
) -> Cast:
    """Return the columns of a file; no two columns buy the same medium.

    bare : channels have the channel's name alone (`TV`), and there are no exposures
    """
    liked = rng.choice(["snake", "spaced", "glued", "upper"], p=[0.35, 0.4, 0.15, 0.1])
    target = draw(rng, of_role(entries, "target"), 1, liked)[0]
    bare = bare and len(bare_channels(entries)) > 1
    media = bare_channels(entries) if bare else [e for e in of_role(entries, "channel") if "measure" in e]
    spends = apart(draw(rng, media, len(media), liked), "medium")[: int(rng.integers(2, most_media + 1))]
    exposures = [] if bare else _exposures(rng, entries, spends, liked)
    alone = [] if bare or rng.random() > 0.15 else _alone(entries, spends)
    controls = apart(draw(rng, of_role(entries, "control"), 14, liked), "kind", "content", most=2)
    controls = apart(controls, "kind", "content", most=1) if rng.random() < 0.6 else _many_events(controls)
    controls = controls[: int(rng.integers(0, 7))]
    ignored = _ignored(rng, entries, cadence, target, spends, liked)
    units = of_role(entries, "panel")
    return Cast(
        date=draw(rng, dates_for(entries, cadence), 1, liked)[0],
        target=target,
        spends=(*spends, *draw(rng, alone, 1, liked)),
        exposures=tuple(exposures),
        controls=tuple(controls),
        ignored=tuple(ignored),
        panel=draw(rng, units, 1, liked)[0] if panel else None,
    )


def _exposures(rng: np.random.Generator, entries: list[Entry], spends: list[Entry], liked: str) -> list[Entry]:
    """Return what some of the channels' money bought, in columns named like them."""
    if rng.random() < 0.4:
        return []
    bought = {e["name"] for e in spends}
    fitting = [e for e in of_role(entries, "exposure") if e["of"] in bought]
    return [e for e in draw(rng, fitting, len(fitting), liked) if rng.random() < 0.7]


def _alone(entries: list[Entry], spends: list[Entry]) -> list[Entry]:
    """Return exposures of media of which the file has no spend, of no type that it has."""
    types = {e.get("channel_type") for e in spends}
    return [e for e in of_role(entries, "exposure") if e.get("channel_type") not in types and "measure" in e]


def _many_events(controls: list[Entry]) -> list[Entry]:
    """Return the controls with two of a kind for events alone."""
    events = [e for e in controls if e["kind"] == "event"]
    return [e for e in controls if e in events or e in apart(controls, "kind", "content")]


def _ignored(
    rng: np.random.Generator, entries: list[Entry], cadence: str, target: Entry, spends: list[Entry], liked: str
) -> list[Entry]:
    """Return columns that a model must leave out and that fit the others."""
    unfit = {"week"} if cadence != "weekly" else set()
    unfit |= {"month"} if cadence == "quarterly" else set()
    unfit |= {"outcome", "derived_target"} if target["measure"] != "revenue" else set()
    media = {e["medium"] for e in spends}
    fit = [
        e
        for e in of_role(entries, "ignored")
        if e["what"] not in unfit and (e["what"] != "derived_media" or e["medium"] in media)
    ]
    n = int(rng.choice(5, p=[0.35, 0.25, 0.2, 0.12, 0.08]))
    return apart(draw(rng, fit, 14, liked), "what")[:n]
