"""What the reader got right of a client file: counts that add up to the figures of the scorecard.

The reader is called here and nowhere else in the measurement.
"""

import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.profiling.profile import profile_file
from mmm_builder.settings import Columns

from .generator import ClientFile, Truth
from .refusals import mentions

TEST_SIZE = 0.2
SHAPES = {"panel": "wide", "long_channel": "long", "long_variable": "long"}
"""The generator's shapes by the profile's names, where they differ."""

FIGURES = {
    "accepted or refused": ("verdict", "verdict of"),
    "refusals that say why": ("told", "told of"),
    "date": ("date", "date of"),
    "target": ("target", "target of"),
    "cadence": ("cadence", "cadence of"),
    "periods": ("periods", "periods of"),
    "panel": ("panel", "panel of"),
    "shape": ("shape", "shape of"),
    "channels: precision": ("channels", "channels said"),
    "channels: recall": ("channels", "channels of"),
    "controls: precision": ("controls", "controls said"),
    "controls: recall": ("controls", "controls of"),
    "channel type": ("type", "type of"),
    "measure": ("measure", "measure of"),
    "exposure paired": ("paired", "paired of"),
    "control kind": ("kind", "kind of"),
    "values": ("values", "values of"),
}
"""Each figure as a share: what is counted above, what below."""

ASKED = [name for name in FIGURES if name not in ("exposure paired", "control kind", "refusals that say why")]
"""The figures that the project has promised (0.9 on names that the reader has not seen)."""


class Outcome(NamedTuple):
    """What the reader made of a file: a profile with its table, or the text of its refusal."""

    profile: DataProfile | None
    table: pd.DataFrame | None
    refusal: str | None


class Judgement(NamedTuple):
    """Counts of what was right, and in words what was wrong."""

    counts: Counter
    wrong: tuple[str, ...]


def read(path: Path) -> Outcome:
    """Return what the reader says of a file."""
    try:
        profile, table = profile_file(path, Columns(), TEST_SIZE, path_as_given=path.name)
    except InputError as error:
        return Outcome(None, None, str(error))
    return Outcome(profile, table, None)


def read_client(file: ClientFile) -> Outcome:
    """Return what the reader says of a generated file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"client{file.suffix}"
        path.write_bytes(file.content)
        return read(path)


def share(counts: Mapping[str, int], figure: str) -> float | None:
    """Return a figure, None if nothing was counted."""
    above, below = FIGURES[figure]
    return counts[above] / counts[below] if counts[below] else None


# --- names -----------------------------------------------------------------------------------------------------------


def plain(name: str) -> str:
    """Return a name without what reading may change: blanks, case, the composition of accents."""
    return re.sub(r"[\s_\-|]+", " ", unicodedata.normalize("NFC", name)).strip(" \"'").casefold()


def matched(found: Iterable[str], truth: Iterable[str], *, loosely: bool) -> dict[str, str]:
    """Return the true name of each found one that has one.

    loosely : a reader that builds names from two places (channel and measure, two header lines) may add to them.
    """
    by_name = {plain(name): name for name in truth}
    pairs = {name: by_name[plain(name)] for name in found if plain(name) in by_name}
    if loosely:
        for name in set(found) - set(pairs):
            ends = [t for p, t in by_name.items() if t not in pairs.values() and _contains(plain(name), p)]
            if len(ends) == 1:
                pairs[name] = ends[0]
    return pairs


def _contains(name: str, part: str) -> bool:
    return name.startswith(f"{part} ") or name.endswith(f" {part}")


# --- judging ---------------------------------------------------------------------------------------------------------


def judge(truth: Truth, outcome: Outcome) -> Judgement:
    """Return the counts for one file. A file that is refused though it is good loses all of its columns."""
    counts: Counter = Counter()
    wrong: list[str] = []
    counts["verdict of"] += 1
    if truth.refusal:
        if outcome.refusal is None:
            return Judgement(counts, (f"accepted, to be refused ({truth.refusal})",))
        counts["verdict"] += 1
        counts["told of"] += 1
        if mentions(truth.told, outcome.refusal):
            counts["told"] += 1
        else:
            wrong.append(f"refused ({truth.refusal}) without {' or '.join(truth.told)}: {outcome.refusal}")
        return Judgement(counts, tuple(wrong))
    _expect(counts, truth)
    if outcome.profile is None:
        return Judgement(counts, (f"refused: {outcome.refusal}",))
    counts["verdict"] += 1
    loosely = truth.shape not in ("wide", "panel") or "two_headers" in truth.traits
    _judge_layout(counts, wrong, truth, outcome.profile, loosely=loosely)
    names = _judge_columns(counts, wrong, truth, outcome.profile, loosely=loosely)
    _judge_values(counts, wrong, truth, outcome, names)
    return Judgement(counts, tuple(wrong))


def _expect(counts: Counter, truth: Truth) -> None:
    """Count what there is to get right."""
    counts["date of"] += bool(truth.date_columns)
    counts["periods of"] += truth.start is not None
    for figure in ("target", "cadence", "panel", "shape"):
        counts[f"{figure} of"] += 1
    counts["channels of"] += len(truth.channels)
    counts["controls of"] += len(truth.controls)
    counts["type of"] += sum("channel_type" in e for e in truth.channels.values())
    counts["measure of"] += sum("measure" in e for e in truth.channels.values())
    counts["paired of"] += sum("of" in e for e in truth.exposures.values())
    counts["kind of"] += sum(e.get("kind", "other") != "other" for e in truth.controls.values())
    counts["values of"] += sum(name in truth.values for name in (truth.target, *truth.channels, *truth.controls))


def _judge_layout(counts: Counter, wrong: list[str], truth: Truth, profile: DataProfile, *, loosely: bool) -> None:
    """Count date, target, cadence, periods, panel and shape."""
    said = {plain(c) for c in (profile.date_column, *profile.date_parts)}
    dates = {plain(c) for c in truth.date_columns}
    date = bool(said & dates) if len(dates) == 1 else dates <= said
    target = bool(matched([profile.target_column], [truth.target], loosely=loosely))
    unit_panel = truth.shape == "unit_columns"
    panel = profile.panel_column is not None if unit_panel else _same(profile.panel_column, truth.panel)
    checks = {
        "date": (date, (profile.date_column, *profile.date_parts), truth.date_columns),
        "target": (target, profile.target_column, truth.target),
        "cadence": (profile.frequency == truth.cadence, profile.frequency, truth.cadence),
        "periods": (_periods(truth, profile), (profile.start, profile.n_periods), (truth.start, truth.n_periods)),
        "panel": (panel, profile.panel_column, "the units" if unit_panel else truth.panel),
        "shape": (profile.shape == SHAPES.get(truth.shape, truth.shape), profile.shape, truth.shape),
    }
    for name, (right, said, true) in checks.items():
        if counts[f"{name} of"] == 0:
            continue
        counts[name] += right
        if not right:
            wrong.append(f"{name}: {said!r}, truly {true!r}")


def _same(said: str | None, true: str | None) -> bool:
    return said == true if said is None or true is None else plain(said) == plain(true)


def _periods(truth: Truth, profile: DataProfile) -> bool:
    """Return whether the periods begin in the right one and are as many as they should be."""
    if truth.start is None:
        return False
    start, code = pd.Timestamp(profile.start), {"monthly": "M", "quarterly": "Q"}.get(truth.cadence)
    if code:
        near = start.to_period(code) == truth.start.to_period(code)
    else:
        near = abs((start - truth.start).days) <= (6 if truth.cadence == "weekly" else 0)
    return near and profile.n_periods == truth.n_periods


def _judge_columns(
    counts: Counter, wrong: list[str], truth: Truth, profile: DataProfile, *, loosely: bool
) -> dict[str, str]:
    """Count channels and controls with what is said of them; return the true name of every column found rightly."""
    channels = {c.column: c for c in profile.channels}
    controls = {c.column: c for c in profile.controls}
    paired = matched(channels, truth.exposures, loosely=loosely)
    right = matched([c for c in channels if c not in paired], truth.channels, loosely=loosely)
    held = matched(controls, truth.controls, loosely=loosely)
    counts["channels"] += len(right)
    counts["channels said"] += len(channels) - len(paired)
    counts["controls"] += len(held)
    counts["controls said"] += len(controls)
    for said, true in right.items():
        entry, channel = truth.channels[true], channels[said]
        for field, value in (("type", channel.channel_type), ("measure", channel.measure)):
            expected = entry.get("channel_type" if field == "type" else "measure")
            if expected:
                counts[field] += value in expected.split("|")
                if value not in expected.split("|"):
                    wrong.append(f"{field} of {true!r}: {value}, truly {expected}")
    bought = {
        plain(c.exposure_column): true for c in profile.channels if (true := right.get(c.column)) and c.exposure_column
    }
    for name, entry in truth.exposures.items():
        counts["paired"] += "of" in entry and bought.get(plain(name)) == entry["of"]
    for said, true in held.items():
        kind = truth.controls[true].get("kind", "other")
        counts["kind"] += controls[said].kind == kind != "other"
        if controls[said].kind != kind != "other":
            wrong.append(f"kind of {true!r}: {controls[said].kind}, truly {kind}")
    _tell_columns(wrong, "channel", truth.channels, channels, {**right, **paired}, truth)
    _tell_columns(wrong, "control", truth.controls, controls, held, truth)
    target = matched([profile.target_column], [truth.target], loosely=loosely)
    return {**right, **held, **target}


def _tell_columns(
    wrong: list[str], role: str, true: Iterable[str], said: Iterable[str], right: dict[str, str], truth: Truth
) -> None:
    """Add the columns that a role misses or has too many of."""
    known = {plain(n): what for what in ("channels", "exposures", "controls", "ignored") for n in getattr(truth, what)}
    known[plain(truth.target)] = "target"
    wrong += [f"{role} missed: {name!r}" for name in true if name not in right.values()]
    wrong += [f"{role} too many: {name!r} ({known.get(plain(name), 'unknown')})" for name in said if name not in right]


def _judge_values(counts: Counter, wrong: list[str], truth: Truth, outcome: Outcome, names: dict[str, str]) -> None:
    """Count the columns whose numbers are those of the file, wherever the file has any."""
    profile, table = outcome.profile, outcome.table
    if not counts["values of"]:
        return
    periods = sorted(table[profile.date_column].unique()) if profile.date_column in table else []
    units = [str(u) for u in truth.values.index.get_level_values("unit").unique()]
    if len(periods) != truth.n_periods or (len(units) > 1) != (profile.panel_column is not None):
        wrong.append(f"values: {len(periods)} periods, truly {truth.n_periods}")
        return
    rank = {date: i for i, date in enumerate(periods)}
    unit = table[profile.panel_column].astype(str) if profile.panel_column else pd.Series("", table.index)
    index = pd.MultiIndex.from_arrays([table[profile.date_column].map(rank), unit])
    for said, true in names.items():
        if true not in truth.values or said not in table:
            continue
        found = pd.Series(table[said].to_numpy(dtype=float), index).reindex(truth.values.index).to_numpy()
        right = _equal(found, truth.values[true].to_numpy())
        counts["values"] += right
        if not right:
            wrong.append(f"values of {true!r}: {_first_difference(found, truth.values[true].to_numpy())}")


def _equal(found: np.ndarray, true: np.ndarray) -> bool:
    """Return whether all numbers that the file has were read; per cents may be read as shares."""
    there = ~np.isnan(true)
    return any(np.allclose(found[there] * scale, true[there], rtol=1e-9, atol=1e-9) for scale in (1.0, 100.0))


def _first_difference(found: np.ndarray, true: np.ndarray) -> str:
    differs = np.flatnonzero(~np.isnan(true) & ~np.isclose(found, true, rtol=1e-9, atol=1e-9))
    return f"{len(differs)} of {len(true)} differ, first {found[differs[0]]!r}, truly {true[differs[0]]!r}"
