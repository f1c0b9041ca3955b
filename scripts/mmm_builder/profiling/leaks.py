"""Columns that hold the answer: copies of the target, its past or future, the target without a part of it.

By their values in the training rows, whatever their names are.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .redundant import LIKELY, correlations, same_line, standardised

SHIFT_MAX = 60
PAIRS_MIN = 12
"""Fewest pairs of values that show that a column is the target at another time."""
LIKELY_SHIFTED = 0.7
"""Rough correlation from which a shifted column is compared exactly (few rows are left at long shifts)."""
TOO_CLOSE = 0.98
"""Absolute correlation with the target from which a column without a telling name is taken for a part of the answer."""


def target_leaks(
    numbers: pd.DataFrame, target: str, suspects: Sequence[str], nameless: Sequence[str], first_unit: np.ndarray
) -> dict[str, str]:
    """Return the columns that leak the target, with the reason.

    numbers : (training row, column) in date order. suspects : columns that may leak. nameless : those among them whose
    names tell nothing. first_unit : (row,) bool, the rows of one unit.
    """
    kpi = numbers[target]
    found: dict[str, str] = {}
    close = dict(zip(suspects, correlations(numbers, suspects, [target])[:, 0], strict=True)) if len(suspects) else {}
    for name in suspects:
        if abs(close[name]) > LIKELY and same_line(numbers[name], kpi):
            found[name] = _copy(numbers[[name, target]].dropna(), target)
    rest = [n for n in suspects if n not in found]
    found |= _shifted(numbers[first_unit], target, rest)
    rest = [n for n in nameless if n not in found]
    found |= _target_without(numbers, target, [n for n in rest if abs(close[n]) > 0.5])
    for name in rest:
        if name not in found and abs(close[name]) > TOO_CLOSE:
            found[name] = (
                f"moves with the target {target!r} almost exactly (r = {close[name]:.4f}), would leak the answer"
            )
    return found


def _copy(both: pd.DataFrame, target: str) -> str:
    same = np.allclose(both.iloc[:, 0], both[target], rtol=1e-9, atol=0.0)
    return f"a copy of the target {target!r}" + ("" if same else " in another unit, would leak the answer")


def _shifted(rows: pd.DataFrame, target: str, suspects: Sequence[str]) -> dict[str, str]:
    """Return the columns that are the target of another period, of one unit."""
    found: dict[str, str] = {}
    values = standardised(rows[list(suspects)].to_numpy(dtype=float))
    kpi = standardised(rows[[target]].to_numpy(dtype=float))[:, 0]
    for steps in range(1, min(SHIFT_MAX, len(rows) - PAIRS_MIN) + 1):
        for way, r in ((steps, values[steps:].T @ kpi[:-steps]), (-steps, values[:-steps].T @ kpi[steps:])):
            for k in np.flatnonzero(np.abs(r) > LIKELY_SHIFTED * (len(rows) - steps)):
                name = suspects[k]
                if name not in found and same_line(rows[name], rows[target].shift(way)):
                    periods = "the period" if steps == 1 else f"{steps} periods"
                    when = "before" if way > 0 else "after"
                    found[name] = f"the target {target!r} of {periods} {when}, would leak the answer"
    return found


def _target_without(numbers: pd.DataFrame, target: str, suspects: Sequence[str]) -> dict[str, str]:
    """Return the columns that are the target less a multiple of another column."""
    found: dict[str, str] = {}
    for name in suspects:
        others = [c for c in numbers.columns if c not in (name, target) and numbers[c].notna().any()]
        left = numbers[[*others]].assign(**{"\0": numbers[target] - numbers[name]})
        r = correlations(left, others, ["\0"])[:, 0] if others else np.zeros(0)
        part = others[int(np.argmax(np.abs(r)))] if len(r) else ""
        if part and np.abs(r).max() > LIKELY and same_line(left[part], left["\0"]):
            found[name] = f"the target {target!r} without {part!r}, would leak the answer"
    return found
