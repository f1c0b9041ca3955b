"""Figures of the studies, from their records."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

Record = dict[str, Any]

NEAR = 0.05
"""Share by which the chosen model's CRPS may be above the best of the candidate set's."""

ROWS = {"told": "as the run tells", "folds": "folds alone", "all": "folds and holdout"}


class Rate(NamedTuple):
    """How many of how many."""

    k: int
    n: int

    @property
    def share(self) -> float:
        """NaN of none."""
        return self.k / self.n if self.n else float("nan")

    def __str__(self) -> str:
        """`3 of 60 (5 %; 2 to 14 %)` with Wilson's 95 % interval."""
        if not self.n:
            return "none"
        ends = stats.binomtest(self.k, self.n).proportion_ci(method="wilson")
        return f"{self.k} of {self.n} ({percent(self.share)}; {percent(ends.low)} to {percent(ends.high)})"


def percent(share: float) -> str:
    """Return a share in per cent, to two digits at least."""
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.2g} %"


def rate(records: Sequence[Record], holds: Callable[[Record], bool]) -> Rate:
    """Return how many of the records something holds of."""
    return Rate(sum(map(holds, records)), len(records))


def succeeded(record: Record) -> bool:
    """Tell whether a run ended with full_success."""
    return record["status"] == "full_success"


def attainable(record: Record) -> bool:
    """Tell whether the generating model passes on these data: its expectation, and its structure when sampled."""
    return record["generating"]["passes"] and record["true_structure"]["passes"]


def iterations_of(records: Sequence[Record]) -> np.ndarray:
    """Return the numbers of iterations of runs."""
    return np.array([len(r["iterations"]) for r in records])


def outcomes_of(records: Sequence[Record]) -> list[Record]:
    """Return what came of every change that was carried out."""
    return [outcome for r in records for outcome in r["outcomes"]]


def survived_by_remedy(records: Sequence[Record]) -> dict[str, Counter]:
    """Return how often each remedy's prediction survived, was refuted or stayed untested, and was taken back."""
    found: dict[str, Counter] = {}
    for outcome in outcomes_of(records):
        counts = found.setdefault(outcome["remedy"], Counter())
        counts[outcome["hypothesis"]] += 1
        counts["reverted"] += outcome["reverted"]
    return dict(sorted(found.items(), key=lambda entry: -sum(entry[1].values())))


def against_best(records: Sequence[Record]) -> np.ndarray:
    """Return the chosen models' CRPS over the held-out rows, above the best of the candidate set's, as a share."""
    return _above_best(records, lambda r: r["crps"])


def truth_against_best(records: Sequence[Record]) -> np.ndarray:
    """Return the same of the models of the true structure."""
    return _above_best(records, lambda r: r["true_structure"]["crps"])


def _above_best(records: Sequence[Record], crps: Callable[[Record], float]) -> np.ndarray:
    compared = [r for r in records if "candidate_set" in r]
    return np.array([crps(r) / min(r["candidate_set"].values()) - 1.0 for r in compared])


def verdicts(records: Sequence[Record], rows: str, level: float, interval: str = "") -> dict[str, Rate]:
    """Return how often media are said to add, not to add, or neither.

    rows : of ROWS; interval : of studies.INTERVALS
    """
    found = [r["media"][rows].get(f"{level:.2f}{interval}", (None, None, "unclear"))[2] for r in records]
    return {verdict: Rate(found.count(verdict), len(found)) for verdict in ("yes", "no", "unclear")}


def looks_of(records: Sequence[Record]) -> Counter:
    """Return how many runs took how many looks at the holdout."""
    return Counter(r["looks"] for r in records)
