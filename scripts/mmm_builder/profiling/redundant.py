"""Columns that say nothing new: row totals, copies in another unit, parts of a control; by their values in training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

EXACT = 0.9999
"""Absolute correlation from which one column is another in a different unit."""
LIKELY = 0.9
"""Correlation, with nothing taken as the mean, from which two columns are compared exactly."""
TOTAL_TOLERANCE = 0.005
"""Largest difference between a row total and the sum of its parts, as a share of the total's mean."""
MISTAKES_MAX = 0.7
"""Share of complete rows from which the blanks are taken for missing values, not for zeros."""
WEIGHT_TOLERANCE = 0.03
PARTS_MAX = 60
"""Most columns that are tried as parts of one total."""
PARTS_SHOWN = 6


def correlations(numbers: pd.DataFrame, names: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Return the correlations (name, other); 0 where a column doesn't vary. Nothing counts as the mean."""
    ones, twos = (standardised(numbers[list(columns)].to_numpy(dtype=float)) for columns in (names, others))
    return ones.T @ twos / max(1, len(numbers))


def standardised(values: np.ndarray) -> np.ndarray:
    """Return the columns with mean 0 and variance 1; columns that don't vary as 0."""
    held = ~np.isnan(values)
    n = np.maximum(held.sum(axis=0), 1)
    centred = np.where(held, values - np.where(held, values, 0.0).sum(axis=0) / n, 0.0)
    scale = np.sqrt((centred**2).mean(axis=0))
    return np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)


def same_line(one: pd.Series | np.ndarray, two: pd.Series | np.ndarray) -> bool:
    """Whether two columns (row,) are one in another unit, by the rows where both hold a value."""
    both = np.stack([np.asarray(one, dtype=float), np.asarray(two, dtype=float)])
    both = both[:, ~np.isnan(both).any(axis=0)]
    if both.shape[1] < 3 or not np.ptp(both, axis=1).all():
        return False
    both = both - both.mean(axis=1, keepdims=True)
    both = both / np.abs(both).max(axis=1, keepdims=True)
    return abs(float(both[0] @ both[1])) > EXACT * float(np.sqrt((both[0] @ both[0]) * (both[1] @ both[1])))


def same_lines(numbers: pd.DataFrame, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of columns, in order, of which one is the other in another unit."""
    close = np.triu(np.abs(correlations(numbers, names, names)) > LIKELY, k=1)
    values = numbers[list(names)].to_numpy(dtype=float).T
    return [(names[i], names[j]) for i, j in np.argwhere(close) if same_line(values[i], values[j])]


def row_totals(numbers: pd.DataFrame, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns that sum two or more of the others, row by row, with the parts.

    names : columns of amounts of one kind. Of nested totals each is told by its parts, not by other totals.
    """
    raw = numbers[list(names)].to_numpy(dtype=float)
    values = np.nan_to_num(raw)
    sums = values.sum(axis=0)
    found: dict[str, tuple[str, ...]] = {}
    for i in np.argsort(sums, kind="stable"):
        able = [
            j
            for j in range(len(names))
            if j != i and names[j] not in found and 0 < sums[j] < sums[i] * (1 - TOTAL_TOLERANCE)
            and (values[:, j] <= values[:, i] + TOTAL_TOLERANCE * sums[i] / len(values)).all()
        ]  # fmt: skip
        rows = _complete(raw[:, [i, *able]])
        parts = _parts(values[rows, i], values[np.ix_(rows, able)]) if 2 <= len(able) <= PARTS_MAX else ()
        if len(parts) >= 2:
            found[names[i]] = tuple(names[able[k]] for k in parts)
    return found


def _complete(raw: np.ndarray) -> np.ndarray:
    """Return the rows (mask) in which every column holds a value; all rows, if blanks are too many to be mistakes."""
    complete = ~np.isnan(raw).any(axis=1)
    return complete if complete.mean() > MISTAKES_MAX else np.ones(len(raw), dtype=bool)


def _parts(total: np.ndarray, able: np.ndarray) -> tuple[int, ...]:
    """Return which columns sum up to the total: all of them, or those with weight 1 in the fit where others have 0."""
    everything = tuple(range(able.shape[1]))
    if _sums_up(total, able):
        return everything
    if len(total) <= able.shape[1] + 2 or np.linalg.matrix_rank(able) < able.shape[1]:
        return ()
    weights = np.linalg.lstsq(able, total, rcond=None)[0]
    chosen = np.abs(weights - 1) < WEIGHT_TOLERANCE
    if not (chosen | (np.abs(weights) < WEIGHT_TOLERANCE)).all() or not _sums_up(total, able[:, chosen]):
        return ()
    return tuple(int(k) for k in np.flatnonzero(chosen))


def _sums_up(total: np.ndarray, parts: np.ndarray) -> bool:
    off = np.abs(total - parts.sum(axis=1))
    return bool((off <= TOTAL_TOLERANCE * max(total.mean(), 1e-300)).all())


def parts_of(numbers: pd.DataFrame, wholes: Sequence[str], suspects: Sequence[str]) -> dict[str, str]:
    """Return the columns, of those whose names tell nothing, that exactly make up a column whose name tells it."""
    if len(suspects) < 2 or len(suspects) > PARTS_MAX or not len(wholes) or len(numbers) < len(suspects) + 5:
        return {}
    design = np.column_stack([np.ones(len(numbers)), standardised(numbers[list(suspects)].to_numpy(dtype=float))])
    values = standardised(numbers[list(wholes)].to_numpy(dtype=float))
    weights = np.linalg.lstsq(design, values, rcond=None)[0]
    left = np.abs(values - design @ weights).max(axis=0)
    found: dict[str, str] = {}
    for k in np.flatnonzero(left < 1e-6):
        parts = [n for n, w in zip(suspects, weights[1:, k], strict=True) if abs(w) > 1e-3]
        found |= {part: wholes[k] for part in parts if len(parts) >= 2}
    return found
