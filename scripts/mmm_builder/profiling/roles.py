"""Which role each column has: target, channels with type and measure, controls, ignored; from training rows only."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data_profile import (
    ControlKind,
    IgnoredColumn,
    ProfiledChannel,
    ProfiledControl,
    ProfileWarning,
    TargetCandidate,
    warn,
)
from ..errors import InputError, did_you_mean
from ..reading.naming import fold, said
from ..reading.text import quote, some
from ..settings import Columns
from .choosing_target import choose_target
from .column_rules import read_column
from .content_roles import channels_by_content, drop_transformed, read_codes, settle_bare, settle_unknown
from .facts import FEW_VALUES, Facts, Reading
from .name_clues import channel_type_of, control_kind_of, without_labels
from .overlaps import components, duplicates, leaks, totals
from .pairing import Pairing, pair

UNKNOWN_AHEAD: frozenset[ControlKind] = frozenset({"competitor"})
"""Kinds of control that nobody knows before their period is over. Of weather and macro there are forecasts."""

SURE = 0.5
"""Confidence below which a warning names the override."""


class Roles(NamedTuple):
    """The roles, channels and controls in the file's order."""

    target: str
    candidates: tuple[TargetCandidate, ...]
    channels: tuple[ProfiledChannel, ...]
    controls: tuple[ProfiledControl, ...]
    ignored: tuple[IgnoredColumn, ...]
    warnings: tuple[ProfileWarning, ...]


def assign_roles(
    facts: dict[str, Facts],
    numbers: pd.DataFrame,
    given: Columns,
    where: str,
    first_unit: np.ndarray | None = None,
    meant: Mapping[str, str] = MappingProxyType({}),
) -> Roles:
    """Return the role of every column but the date and the panel unit.

    facts : of each column, in the file's order. numbers : (training row, column) in date order, NaN for text.
    given : roles named by hand, which win. first_unit : (training row,) bool, the rows of one unit; None if there is
    but one. meant : what a name means, where the layout tells more than the name does (`TV`: `TV_spend`).
    Raises InputError if there is no target, a constant one, or no channel.
    """
    first_unit = np.ones(len(numbers), dtype=bool) if first_unit is None else first_unit
    plain = {**meant, **without_labels(facts)}
    readings = {name: read_column(fact._replace(name=plain.get(name, name))) for name, fact in facts.items()}
    readings = drop_transformed(read_codes(readings, facts))
    readings |= totals(readings, facts, numbers)
    candidates = choose_target(readings, facts, numbers, given, where)
    target = candidates[0].column
    readings = {name: _beside_target(name, reading, target) for name, reading in readings.items()}
    readings |= leaks(readings, facts, numbers, target, first_unit)
    readings = settle_bare(readings, facts, target)
    if given.channels is None and not any(r.role == "channel" for r in readings.values()):
        readings |= channels_by_content(readings, facts)
    readings |= components(readings, facts, numbers)
    readings = settle_unknown(readings, facts, may_be_media=given.channels is None)
    readings |= duplicates(readings, facts, numbers, target)
    return _by_hand(readings, facts, candidates, numbers, given, where)


def _by_hand(
    readings: dict[str, Reading],
    facts: dict[str, Facts],
    candidates: tuple[TargetCandidate, ...],
    numbers: pd.DataFrame,
    given: Columns,
    where: str,
) -> Roles:
    """Return the roles with those given by hand in place of the detected ones."""
    target = candidates[0].column
    named = {target, *(given.channels or ()), *(given.controls or ())}
    unclear = [n for n, r in readings.items() if r.role == "control" and r.confidence < SURE and n not in named]
    exposures = [n for n, r in readings.items() if r.role == "channel" and r.measure != "spend" and n not in named]
    readings = _apply_given(readings, given)
    pairing = pair(readings, numbers, exposures)
    readings = readings | {n: Reading("ignored", why, 0.85) for n, why in pairing.left_out.items()}
    channels = _profile_channels(readings, pairing, numbers)
    if not channels:
        raise InputError(
            f"{where}: no media channel found among {some([quote(n) for n in readings], 12)}; name them with --channels"
        )
    controls = _profile_controls(readings, given, where)
    ignored = tuple(
        IgnoredColumn(column=n, reason=r.evidence, confidence=round(r.confidence, 2))
        for n, r in readings.items()
        if r.role == "ignored"
    )
    warnings = [
        *_target_warnings(candidates, given),
        *_channel_warnings(channels, given),
        *_other_warnings(unclear if given.controls is None else [], [c for c in ignored if c.confidence < SURE]),
        *_silent_warnings([n for n, r in readings.items() if r.role == "ignored" and facts[n].constant], facts, given),
    ]
    return Roles(target, candidates, channels, controls, ignored, tuple(warnings))


def _target_warnings(candidates: tuple[TargetCandidate, ...], given: Columns) -> list[ProfileWarning]:
    """Return a warning if several columns may as well be the target, or if little speaks for the best."""
    if given.target:
        return []
    best, rivals = candidates[0], [c.column for c in candidates[1:] if c.score >= candidates[0].score - 0.02]
    if rivals:
        told = f"{best.column!r} taken as the KPI, but {some([repr(r) for r in rivals])} may be it"
        return [warn("target_uncertain", told, "set --target")]
    if best.score < SURE:
        told = f"{best.column!r} taken as the KPI on little evidence ({best.evidence})"
        return [warn("target_uncertain", told, "if wrong, set --target")]
    return []


def _beside_target(name: str, reading: Reading, target: str) -> Reading:
    """Return the reading of a column given the target: other outcomes and variants of the target are ignored."""
    if name == target:
        return Reading("target", "the target", 1.0)
    if reading.role == "target":
        sure = max(0.6, min(0.9, reading.confidence))
        told = f"another outcome than the target {target!r}, an effect rather than a cause ({reading.evidence})"
        return Reading("ignored", told, sure)
    if reading.role == "unknown" and re.fullmatch(re.escape(fold(target)) + r"[ \d]+", fold(name)):
        return Reading("ignored", f"a variant of the target {target!r}, would leak the answer", 0.8)
    return reading


def _apply_given(readings: dict[str, Reading], given: Columns) -> dict[str, Reading]:
    """Return the readings with the roles given by hand; what was detected beside them is ignored."""
    applied = dict(readings)
    for names, role, option in ((given.channels, "channel", "--channels"), (given.controls, "control", "--controls")):
        if names is None:
            continue
        for name, reading in readings.items():
            if reading.role == role and name not in names:
                applied[name] = Reading("ignored", f"not among the columns named by {option}", 1.0)
    for name in given.channels or ():
        detected = readings[name] if readings[name].role == "channel" else None
        channel_type, _ = channel_type_of(name)
        measure = detected.measure if detected else _measure_of(name)
        applied[name] = Reading("channel", "named by hand", 1.0, measure, channel_type)
    for name in given.controls or ():
        applied[name] = Reading("control", "named by hand", 1.0, kind=control_kind_of(name))
    return applied


def _measure_of(name: str) -> str:
    """Return the measure that a name tells, else spend."""
    return next((m for m in ("spend", "grp", "impressions", "clicks") if said(f"measures.{m}", name)), "spend")


def _profile_channels(
    readings: dict[str, Reading], pairing: Pairing, numbers: pd.DataFrame
) -> tuple[ProfiledChannel, ...]:
    """Return the channels with their shares over the training rows."""
    channels = {n: r for n, r in readings.items() if r.role == "channel"}
    spent = {n: float(numbers[n].sum()) for n, r in channels.items() if r.measure == "spend"}
    total = sum(spent.values())
    return tuple(
        ProfiledChannel(
            column=name,
            channel_type=reading.channel_type,
            measure=reading.measure,
            exposure_column=pairing.exposure_of.get(name),
            share_of_spend=min(1.0, max(0.0, spent[name] / total)) if name in spent and total > 0 else None,
            zero_share=float(numbers[name].fillna(0.0).eq(0.0).mean()),
            confidence=round(reading.confidence, 2),
            evidence=reading.evidence,
        )
        for name, reading in channels.items()
    )


def _profile_controls(readings: dict[str, Reading], given: Columns, where: str) -> tuple[ProfiledControl, ...]:
    """Return the controls. Raises InputError if what is named as not known ahead is none of them."""
    found = {name: reading for name, reading in readings.items() if reading.role == "control"}
    for name in given.unknown_ahead or ():
        if name not in found:
            told = some([quote(n) for n in found], 20) or "none"
            raise InputError(
                f"{where}: --unknown-ahead: {name!r} is not a control{did_you_mean(name, found)}; controls: {told}"
            )
    if given.unknown_ahead is None:
        unknown = {name for name, reading in found.items() if reading.kind in UNKNOWN_AHEAD}
    else:
        unknown = set(given.unknown_ahead)
    return tuple(
        ProfiledControl(
            column=name,
            kind=reading.kind,
            known_ahead=name not in unknown,
            confidence=round(reading.confidence, 2),
            evidence=reading.evidence,
        )
        for name, reading in found.items()
    )


def _channel_warnings(channels: tuple[ProfiledChannel, ...], given: Columns) -> list[ProfileWarning]:
    """Return warnings, with the override to set, for channels and measures that rest on little."""
    warnings = []
    unsure = [c.column for c in channels if c.confidence < SURE]
    if unsure and given.channels is None:
        told = f"taken as media on little evidence: {some([repr(n) for n in unsure])}"
        warnings.append(warn("channels_uncertain", told, "if wrong, set --channels"))
    exposure = [c.column for c in channels if c.measure == "impressions" and "not money" in c.evidence]
    if exposure:
        told = f"too large to be money beside the KPI, taken as exposure: {some([repr(n) for n in exposure])}"
        warnings.append(warn("measure_uncertain", told, "check their unit"))
    return warnings


def _other_warnings(unclear: list[str], ignored: list[IgnoredColumn]) -> list[ProfileWarning]:
    """Return warnings, with the override to set, for controls and for columns left out that rest on little."""
    warnings = []
    if unclear:
        told = f"names that tell nothing, taken as controls: {some([repr(n) for n in unclear])}"
        warnings.append(warn("controls_uncertain", told, "if wrong, set --controls"))
    if ignored:
        told = f"left out on little evidence: {some([repr(c.column) for c in ignored])}"
        warnings.append(warn("ignored_uncertain", told, "if wrong, set --channels or --controls"))
    return warnings


def _silent_warnings(constant: list[str], facts: dict[str, Facts], given: Columns) -> list[ProfileWarning]:
    """Return a warning for media that were silent in training, such as a channel that begins later."""
    as_if_used = {"constant": False, "is_text": False, "distinct": FEW_VALUES + 1, "maximum": 1e3, "mean": 10.0}
    media = [n for n in constant if read_column(facts[n]._replace(**as_if_used)).role == "channel"]
    if not media or given.channels is not None:
        return []
    told = f"media without any variation in the training periods, left out: {some([repr(n) for n in media])}"
    return [
        warn("channels_silent", told, "nothing can be learned of them yet; give a longer history, or drop the columns")
    ]
