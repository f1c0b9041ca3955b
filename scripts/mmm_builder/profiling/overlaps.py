"""Columns that are left out for what others hold already: totals, leaks of the target, parts and copies of columns."""

import numpy as np
import pandas as pd

from ..reading.naming import concepts, says
from ..reading.text import some
from .facts import Facts, Reading
from .leaks import target_leaks
from .name_clues import channel_type_of
from .redundant import correlations, parts_of, row_totals, same_lines

SURE = 0.5
"""Confidence below which a name says too little to tell two columns apart."""
PARTIAL, ALIKE = ("price", "promotion", "event", "distribution"), 0.8
"""Kinds of control whose names may also mean a part of the KPI, and from which correlation with it they do."""
TOLD_TWICE = 0.95
"""Correlation from which two spend columns of one channel are the same money."""
EXPLICIT = 0.7
"""Confidence from which a channel's name is plain enough to keep it however it runs."""


def _usable(name: str, facts: dict[str, Facts]) -> bool:
    return not facts[name].is_text and not facts[name].constant


def totals(readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame) -> dict[str, Reading]:
    """Return the columns that sum others, by their values or by a name that says total beside single channels."""
    found = {}
    unknown = [n for n, r in readings.items() if r.role == "unknown" and facts[n].is_amount]
    for kinds in (("spend",), ("impressions", "clicks", "grp")):
        media = [n for n, r in readings.items() if r.role == "channel" and r.measure in kinds and facts[n].is_amount]
        for name, parts in row_totals(numbers, [*media, *unknown]).items():
            shown = some([repr(p) for p in parts], 6)
            found[name] = Reading("ignored", f"a row total, the sum of {shown}", 0.95)
        single = [n for n in media if n not in found and not _says_total(n)]
        largest = max((facts[n].mean for n in single), default=0.0)
        for name in (n for n in media if n not in found and _says_total(n) and len(single) >= 2):
            if facts[name].mean >= largest:
                told = f"a total beside single channels (name: {says('total', name)!r})"
                found[name] = Reading("ignored", told, 0.75)
    return found


def _says_total(name: str) -> bool:
    """Whether a name says that it is of all media: a total, and no medium by itself."""
    return bool(says("total", name)) and channel_type_of(name)[1] is None


def leaks(
    readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame, target: str, first_unit: np.ndarray
) -> dict[str, Reading]:
    """Return the columns that hold the target or a part of it; media whose names are plain are kept in any case."""
    suspects = [
        n
        for n, r in readings.items()
        if n != target and _usable(n, facts) and not facts[n].counter
        and (r.role in ("control", "unknown") or (r.role == "channel" and r.confidence < EXPLICIT))
    ]  # fmt: skip
    nameless = [n for n in suspects if readings[n].role == "unknown"]
    found = target_leaks(numbers, target, suspects, nameless, first_unit)
    leaks = {n: Reading("ignored", why, 0.7 if "almost" in why else 0.95) for n, why in found.items()}
    return leaks | _outcomes_by_content(readings, numbers, target, [n for n in suspects if n not in found])


def _outcomes_by_content(
    readings: dict[str, Reading], numbers: pd.DataFrame, target: str, suspects: list[str]
) -> dict[str, Reading]:
    """Return the controls whose names also say KPI (`promo_sales`) and that run like the target: a part of it."""
    kinds = {n: readings[n].kind for n in suspects if readings[n].role == "control" and says("outcomes", n)}
    named = [n for n, kind in kinds.items() if kind in PARTIAL]
    if not named:
        return {}
    r = correlations(numbers, named, [target])[:, 0]
    told = f"name: says KPI, and it runs like the target {target!r}: another outcome (r = "
    return {n: Reading("ignored", f"{told}{c:.2f})", 0.6) for n, c in zip(named, r, strict=True) if c > ALIKE}


def components(readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame) -> dict[str, Reading]:
    """Return the columns without telling names that together make up a control."""
    wholes = [n for n, r in readings.items() if r.role == "control" and _usable(n, facts) and facts[n].distinct > 2]
    suspects = [n for n, r in readings.items() if r.role == "unknown" and _usable(n, facts)]
    found = parts_of(numbers, wholes, suspects)
    return {n: Reading("ignored", f"a part of {whole!r}, which holds it already", 0.8) for n, whole in found.items()}


def duplicates(
    readings: dict[str, Reading], facts: dict[str, Facts], numbers: pd.DataFrame, target: str
) -> dict[str, Reading]:
    """Return the columns that are another one in a different unit; of the two the one whose name tells more is kept."""
    able = [n for n, r in readings.items() if r.role in ("channel", "control") and n != target and _usable(n, facts)]
    found: dict[str, Reading] = {}
    for one, two in same_lines(numbers, able):
        if one in found or two in found or _differ(one, two, readings, facts):
            continue
        kept, dropped = sorted((one, two), key=lambda n: (readings[n].role != "channel", _second_hand(n, readings)))
        found[dropped] = Reading("ignored", f"{kept!r} in another unit, or a copy of it", 0.85)
    return found | _told_twice(readings, numbers, [n for n in able if n not in found])


def _told_twice(readings: dict[str, Reading], numbers: pd.DataFrame, names: list[str]) -> dict[str, Reading]:
    """Return the spend columns beside another one of the same channel with which they move: gross, planned, booked."""
    spends = [n for n in names if readings[n].role == "channel" and readings[n].measure == "spend" and concepts(n)]
    found: dict[str, Reading] = {}
    for i, one in enumerate(spends):
        for two in (n for n in spends[i + 1 :] if concepts(n) == concepts(one)):
            if one in found or two in found or numbers[one].corr(numbers[two]) < TOLD_TWICE:
                continue
            kept, dropped = sorted((one, two), key=lambda n: _second_hand(n, readings))
            found[dropped] = Reading("ignored", f"the spend of the same channel as {kept!r}, told twice", 0.75)
    return found


def _second_hand(name: str, readings: dict[str, Reading]) -> tuple[bool, float]:
    """Return by what the better of two columns of one thing comes first: no plan, not gross, a plainer name."""
    return any(says(group, name) for group in ("plan", "budget", "gross")), -readings[name].confidence


def _differ(one: str, two: str, readings: dict[str, Reading], facts: dict[str, Facts]) -> bool:
    """Whether columns that run alike are different things by name: two channels, spend and exposure, two holidays."""
    first, second = readings[one], readings[two]
    if first.role != "channel" or second.role != "channel":
        marks = facts[one].is_mark and facts[two].is_mark
        plain = min(first.confidence, second.confidence) >= SURE
        return first.role == second.role == "control" and plain and (marks or first.kind != second.kind)
    if min(first.confidence, second.confidence) < SURE:
        return False
    return first.measure != second.measure or not _same_medium(one, two)


def _same_medium(one: str, two: str) -> bool:
    return bool(concepts(one)) and concepts(one) == concepts(two)
