"""How far a training is, over all its fits: the model's own, and those that it forecasts with."""

import time
from collections.abc import Callable

from .compiled import Report

Tell = Callable[[int, str], Report]
"""From a fit's number (from 0) and the name of its phase to the fit's reporter."""


def over_all_fits(report: Report, n_fits: int, began: float | None = None) -> Tell:
    """Return reporters of single fits whose shares add up to the whole's; all fits are taken to last equally long.

    began : monotonic seconds when the first fit began to sample; None: it is yet to
    """

    def of_fit(number: int, name: str) -> Report:
        def told(phase: str, done: float, seconds_left: float | None) -> None:
            nonlocal began
            if phase == "compiling":  # takes its own time, which says nothing of what is left
                report(phase, number / n_fits, None)
                return
            began = time.monotonic() if began is None else began
            whole = min(1.0, (number + done) / n_fits)
            elapsed = time.monotonic() - began
            report(name, whole, elapsed * (1.0 - whole) / whole if whole > 0 else None)

        return told

    return of_fit
