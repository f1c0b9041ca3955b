"""Which column is the KPI: by its name and what it holds, ranked, with the reasons."""

import pandas as pd

from ..data_profile import TargetCandidate
from ..errors import InputError
from ..percentages import percent
from ..reading.naming import says, target_score
from ..reading.text import quote, some
from ..settings import Columns
from .content_roles import target_by_content
from .facts import FEW_VALUES, Facts, Reading
from .redundant import row_totals

TOTAL_BONUS, PARTS_LOSS, SILENT_LOSS = 0.03, 0.05, 0.2
"""What a candidate gains as the sum of others, and loses as a part of one, or if it is zero in most periods."""


def choose_target(
    readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame, given: Columns, where: str
) -> tuple[TargetCandidate, ...]:
    """Return the candidates, the one to take first: the one given, else the best by name, else by content.

    numbers : (training row, column). Raises InputError if there is none, or if it is text or constant.
    """
    reserved = {*(given.channels or ()), *(given.controls or ())}
    found = _by_name({n: r for n, r in readings.items() if n not in reserved}, facts, numbers)
    if given.target:
        found = [c for c in found if c.column != given.target]
        found.insert(0, TargetCandidate(column=given.target, score=1.0, evidence="named by hand"))
    if not found:
        found = _last_resort(readings, facts, reserved)
    if not found and not _unusable(facts, reserved):
        by_content = target_by_content(readings, facts, numbers, reserved)
        found = [by_content] if by_content else []
    if not found:
        raise InputError(_no_target(*_unusable_by_kind(facts, reserved), list(facts), where))
    target = found[0].column
    if facts[target].is_text:
        raise InputError(f"{where}: the target {target!r} holds text, not numbers; name a numeric column with --target")
    if facts[target].constant:
        raise InputError(_no_target([target], [], list(facts), where))
    return tuple(found)


def _by_name(readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame) -> list[TargetCandidate]:
    """Return the columns whose names say KPI, best first; what they hold settles who is first among equals."""
    names = [n for n, r in readings.items() if r.role == "target"]
    totals = row_totals(numbers, [n for n in names if facts[n].is_amount])
    parts = {part for its in totals.values() for part in its}
    found = []
    for name in names:
        score, told = readings[name].confidence, [readings[name].evidence]
        if name in totals:
            score += TOTAL_BONUS
            told.append(f"the sum of {some([repr(p) for p in totals[name]], 4)}")
        if name in parts:
            score -= PARTS_LOSS
            told.append("a part of another outcome")
        told.append(
            f"zero in {percent(facts[name].zero_share)} of the rows" if facts[name].zero_share else "never zero"
        )
        if facts[name].zero_share > 0.5:
            score -= SILENT_LOSS
        if facts[name].distinct <= FEW_VALUES:
            score -= SILENT_LOSS
            told.append(f"only {facts[name].distinct} different values")
        score = round(min(1.0, max(0.01, score)), 3)
        found.append(TargetCandidate(column=name, score=score, evidence="; ".join(told)))
    return sorted(found, key=lambda candidate: -candidate.score)


def _last_resort(readings: dict[str, Reading], facts: dict[str, Facts], reserved: set[str]) -> list[TargetCandidate]:
    """Return the outcomes on the way to sales (visits), where there are no others."""
    found = []
    for name, reading in readings.items():
        score = target_score(name)
        able = not facts[name].constant and not facts[name].is_text and name not in reserved
        if score and able and reading.role in ("ignored", "control", "unknown") and not _is_made(name):
            told = f"name: {score[1]!r}; no better KPI beside it"
            found.append(TargetCandidate(column=name, score=round(min(score[0], 0.45), 3), evidence=told))
    return sorted(found, key=lambda candidate: -candidate.score)


def _is_made(name: str) -> bool:
    """Whether the name says that the column was made from others, or is no observation."""
    return any(says(group, name) for group in ("derived", "ratio", "per", "plan", "competitor", "other_outcome"))


def _unusable_by_kind(facts: dict[str, Facts], reserved: set[str]) -> tuple[list[str], list[str]]:
    """Return the columns that their names call KPI and that can't be one: constant ones, and text."""
    named = [n for n in facts if target_score(n) and n not in reserved]
    constant = [n for n in named if facts[n].constant and not facts[n].is_text]
    return constant, [n for n in named if facts[n].is_text]


def _unusable(facts: dict[str, Facts], reserved: set[str]) -> bool:
    return any(_unusable_by_kind(facts, reserved))


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
