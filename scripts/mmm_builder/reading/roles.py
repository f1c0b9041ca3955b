"""Which role each column has: target, channels with type and measure, controls, ignored; from training rows only."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import InputError
from ..settings import Columns
from ..verdicts import IgnoredColumn, ProfiledChannel, ProfiledControl, ProfileWarning, TargetCandidate
from .column_rules import FEW_VALUES, Facts, Reading, channel_type_of, control_kind_of, read_column
from .naming import fold, says, stem, target_score
from .source import quote, some

NOT_MONEY_FACTOR = 3.0
"""A bare media column that sums up to more than this many times the KPI is taken for impressions."""

PAIRING_CORRELATION = 0.5
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


def assign_roles(facts: dict[str, Facts], numbers: pd.DataFrame, given: Columns, where: str) -> Roles:
    """Return the role of every column but the date and the panel unit.

    facts : of each column, in the file's order. numbers : (training row, column), NaN for text.
    given : roles named by hand, which win. Raises InputError if there is no target, a constant one, or no channel.
    """
    readings = {name: read_column(fact) for name, fact in facts.items()}
    candidates, target = _choose_target(readings, facts, given, where)
    warnings = _target_warnings(candidates, given)
    for name in readings:
        readings[name] = _beside_target(name, readings[name], target, numbers)
    readings = _settle_bare(readings, numbers, target)
    if given.channels is None and not any(r.role == "channel" for r in readings.values()):
        readings |= _channels_by_content(readings, facts)
    readings = {
        name: reading._replace(role="control", kind=control_kind_of(name)) if reading.role == "unknown" else reading
        for name, reading in readings.items()
    }
    unclear = [n for n, r in readings.items() if r.role == "control" and r.confidence < SURE and n != target]
    by_hand = {target, *(given.channels or ()), *(given.controls or ())}
    exposures = [n for n, r in readings.items() if r.role == "channel" and r.measure != "spend" and n not in by_hand]
    readings = _apply_given(readings, given)
    readings, pairs = _pair(readings, numbers, exposures)
    channels = _profile_channels(readings, pairs, numbers)
    if not channels:
        raise InputError(
            f"{where}: no media channel found among {some([quote(n) for n in facts], 12)}; name them with --channels"
        )
    controls = tuple(ProfiledControl(column=n, kind=r.kind) for n, r in readings.items() if r.role == "control")
    ignored = tuple(IgnoredColumn(column=n, reason=r.evidence) for n, r in readings.items() if r.role == "ignored")
    warnings += _confidence_warnings(channels, unclear if given.controls is None else [], given)
    return Roles(target, candidates, channels, controls, ignored, tuple(warnings))


def _choose_target(
    readings: dict[str, Reading], facts: dict[str, Facts], given: Columns, where: str
) -> tuple[tuple[TargetCandidate, ...], str]:
    """Return the candidates, best first, and the target: the one given, else the best candidate."""
    reserved = {*(given.channels or ()), *(given.controls or ())}
    found = [
        TargetCandidate(column=n, score=round(r.confidence, 3), evidence=r.evidence)
        for n, r in readings.items()
        if r.role == "target" and n not in reserved
    ]
    found.sort(key=lambda candidate: -candidate.score)
    if given.target:
        found = [c for c in found if c.column != given.target]
        found.insert(0, TargetCandidate(column=given.target, score=1.0, evidence="named by hand"))
    named = [n for n in facts if target_score(n) and n not in reserved]
    if not found:
        constant = [n for n in named if facts[n].constant and not facts[n].is_text]
        text = [n for n in named if facts[n].is_text]
        raise InputError(_no_target(constant, text, list(facts), where))
    target = found[0].column
    if facts[target].is_text:
        raise InputError(f"{where}: the target {target!r} holds text, not numbers; name a numeric column with --target")
    if facts[target].constant:
        raise InputError(_no_target([target], [], list(facts), where))
    return tuple(found), target


def _no_target(constant: list[str], text: list[str], columns: list[str], where: str) -> str:
    """Return why there is no target."""
    if constant:
        return (
            f"{where}: the target {constant[0]!r} is constant in the training periods, there is nothing to explain; "
            "name another with --target"
        )
    if text:
        return f"{where}: no numeric target: {text[0]!r} holds text; correct it or name the KPI with --target"
    return f"{where}: no column looks like the KPI among {some([quote(c) for c in columns], 12)}; name it with --target"


def _target_warnings(candidates: tuple[TargetCandidate, ...], given: Columns) -> list[ProfileWarning]:
    """Return a warning if several columns may as well be the target."""
    rivals = [c.column for c in candidates[1:] if c.score >= candidates[0].score - 0.02]
    if given.target or not rivals:
        return []
    told = f"{candidates[0].column!r} taken as the KPI, but {some([repr(r) for r in rivals])} may be it; set --target"
    return [ProfileWarning(code="target_uncertain", message=told)]


def _beside_target(name: str, reading: Reading, target: str, numbers: pd.DataFrame) -> Reading:
    """Return the reading of a column given the target: other outcomes and copies of the target are ignored."""
    if name == target:
        return Reading("target", "the target")
    if name in numbers and numbers[name].notna().any():
        both = numbers[[name, target]].dropna()
        if len(both) and np.allclose(both[name], both[target], rtol=1e-9, atol=0.0):
            return Reading("ignored", f"a copy of the target {target!r}")
    if reading.role == "target":
        return Reading("ignored", f"another outcome than the target {target!r}, an effect rather than a cause")
    if reading.role == "unknown" and re.fullmatch(re.escape(fold(target)) + r"[ \d]+", fold(name)):
        return Reading("ignored", f"a variant of the target {target!r}, would leak the answer")
    return reading


def _settle_bare(readings: dict[str, Reading], numbers: pd.DataFrame, target: str) -> dict[str, Reading]:
    """Return the readings with bare media names (`tv`) settled by what stands beside them.

    A bare e-mail column beside columns that name their measure is owned media. A bare column too large to be money,
    beside the KPI, is taken for impressions, and so are those beside it that exceed the KPI.
    """
    measured = any(r.role == "channel" and not r.bare for r in readings.values())
    kpi = float(numbers[target].sum())
    bare = [name for name, reading in readings.items() if reading.role == "channel" and reading.bare]
    times = {name: float(numbers[name].sum()) / kpi if kpi > 0 else 0.0 for name in bare}
    limit = 1.0 if any(t > NOT_MONEY_FACTOR for t in times.values()) else NOT_MONEY_FACTOR
    settled = dict(readings)
    for name in bare:
        reading = readings[name]
        if reading.channel_type == "email" and measured and not says("media", name):
            settled[name] = Reading("control", "e-mail without spend: owned media", kind="organic")
        elif times[name] > limit:
            told = reading.evidence + f"; adds up to {times[name]:.3g} times the KPI, so exposure, not money"
            settled[name] = reading._replace(measure="impressions", evidence=told, confidence=0.55)
    return settled


def _channels_by_content(readings: dict[str, Reading], facts: dict[str, Facts]) -> dict[str, Reading]:
    """Return the anonymous columns that look like media: a numbered family (x1, x2), else those with pauses.

    Media are never negative, take many values, and a column with pauses has zeros in 5 to 95 % of the rows.
    """
    able = [
        n
        for n, r in readings.items()
        if r.role == "unknown" and facts[n].minimum >= 0 and facts[n].distinct > FEW_VALUES
    ]
    roots = {n: re.sub(r"[ \d]+$", "", fold(n)) for n in able if re.search(r"\d$", fold(n))}
    family = [n for n, root in roots.items() if sum(root == other for other in roots.values()) >= 2]
    chosen = family or [n for n in able if 0.05 <= facts[n].zero_share <= 0.95]
    why = "one of a numbered family" if family else "has pauses"
    return {n: Reading("channel", f"the name tells nothing; {why} and never negative", 0.35) for n in chosen}


def _apply_given(readings: dict[str, Reading], given: Columns) -> dict[str, Reading]:
    """Return the readings with the roles given by hand; what was detected beside them is ignored."""
    applied = dict(readings)
    for names, role, option in ((given.channels, "channel", "--channels"), (given.controls, "control", "--controls")):
        if names is None:
            continue
        for name, reading in readings.items():
            if reading.role == role and name not in names:
                applied[name] = Reading("ignored", f"not among the columns named by {option}")
    for name in given.channels or ():
        detected = readings[name] if readings[name].role == "channel" else None
        channel_type, _ = channel_type_of(name)
        measure = detected.measure if detected else "spend"
        applied[name] = Reading("channel", "named by hand", 1.0, measure, channel_type)
    for name in given.controls or ():
        applied[name] = Reading("control", "named by hand", kind=control_kind_of(name))
    return applied


def _pair(
    readings: dict[str, Reading], numbers: pd.DataFrame, exposures: list[str]
) -> tuple[dict[str, Reading], dict[str, str]]:
    """Pair the spend and the exposure of one channel: spend is modelled, exposure kept beside it.

    By the channel's name left of both; else by the type, if one of each is left and they move together.
    """
    spends = [n for n, r in readings.items() if r.role == "channel" and r.measure == "spend"]
    pairs: dict[str, str] = {}
    for name in spends:
        twin = next((e for e in exposures if e not in pairs.values() and stem(name) and stem(e) == stem(name)), None)
        if twin:
            pairs[name] = twin
    left = [n for n in spends if n not in pairs], [e for e in exposures if e not in pairs.values()]
    for channel_type in {channel_type_of(n)[0] for n in left[0]} - {"other"}:
        ones, twos = ([n for n in names if channel_type_of(n)[0] == channel_type] for names in left)
        if len(ones) == len(twos) == 1 and numbers[ones[0]].corr(numbers[twos[0]]) >= PAIRING_CORRELATION:
            pairs[ones[0]] = twos[0]
    kept = {e: Reading("ignored", f"exposure of channel {n!r}, whose spend is modelled") for n, e in pairs.items()}
    return readings | kept, pairs


def _profile_channels(
    readings: dict[str, Reading], pairs: dict[str, str], numbers: pd.DataFrame
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
            exposure_column=pairs.get(name),
            share_of_spend=min(1.0, max(0.0, spent[name] / total)) if name in spent and total > 0 else None,
            zero_share=float(numbers[name].fillna(0.0).eq(0.0).mean()),
            confidence=round(reading.confidence, 2),
            evidence=reading.evidence,
        )
        for name, reading in channels.items()
    )


def _confidence_warnings(
    channels: tuple[ProfiledChannel, ...], unclear: list[str], given: Columns
) -> list[ProfileWarning]:
    """Return warnings, with the override to set, for choices that rest on little."""
    warnings = []
    unsure = [c.column for c in channels if c.confidence < SURE]
    if unsure and given.channels is None:
        told = f"taken as media on little evidence: {some([repr(n) for n in unsure])}; if wrong, set --channels"
        warnings.append(ProfileWarning(code="channels_uncertain", message=told))
    exposure = [c.column for c in channels if c.measure == "impressions" and "not money" in c.evidence]
    if exposure:
        told = f"too large to be money beside the KPI, taken as exposure: {some([repr(n) for n in exposure])}"
        warnings.append(ProfileWarning(code="measure_uncertain", message=told + "; check their unit"))
    if unclear:
        told = (
            f"names that tell nothing, taken as controls: {some([repr(n) for n in unclear])}; if wrong, set --controls"
        )
        warnings.append(ProfileWarning(code="controls_uncertain", message=told))
    return warnings
