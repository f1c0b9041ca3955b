"""What is proposed where the level of the KPI breaks: a shift at the date of the break, or one shift less."""

import numpy as np

from ..judging.residuals import STEP_LIMIT, largest_step
from ..modelling.design import make_design
from ..modelling.priors import preset
from ..spec import ModelSpec
from .proposals import to_trend
from .screening import fitted, of_summed_units
from .situation import Edit, Option, Situation, edited

MAX_SHIFTS = 3

BENDING = ("damped", "local_linear")
"""Kinds of trend that follow a step of the level."""


def level_shift(situation: Situation) -> list[Option]:
    """Propose a shift where the training rows' level breaks most, and to leave out each one that is there.

    A trend that would follow the step is tried with a line in its place too.
    """
    known = [shift.date for shift in situation.spec.level_shifts]
    without = [Option(f"− level_shifts[{date}]", [(f"level_shifts[{date}]", None)]) for date in known]
    date = _break(situation, known) if len(known) < MAX_SHIFTS else None
    if date is None:
        return without
    spec = situation.spec
    prior = preset(spec.prior_preset).level_shift_coefficient.model_dump(mode="json")
    added: list[Edit] = [(f"level_shifts[{date}]", {"date": date, "coefficient": prior})]
    shifted = Option(f"level_shifts + {date}", added)
    if spec.trend.kind not in BENDING:
        return [shifted, *without]
    line = to_trend(spec, "linear")
    return [shifted, Option(f"{shifted.label}, {line.label}", [*added, *line.edits]), *without]


def _break(situation: Situation, known: list[str]) -> str | None:
    """Return the first date at a new level that no shift has yet; None where the rows tell of none."""
    spec = situation.spec
    straight = spec if spec.trend.kind == "linear" else edited(spec, to_trend(spec, "linear").edits)
    residuals = _residuals(situation, straight)
    if residuals is None:
        return None
    dates = situation.series["date"].dt.strftime("%Y-%m-%d").to_numpy()
    taken = np.flatnonzero(np.isin(dates, known)).tolist()
    step = largest_step(residuals, _linear_columns(situation, straight), taken)
    return None if step is None or step.f <= STEP_LIMIT else str(dates[step.row])


def _residuals(situation: Situation, straight: ModelSpec) -> np.ndarray | None:
    """Return residuals of the training rows (row,) in which a step of the level shows; None where there is no fit.

    Those of a trend that follows a step hardly show it: then they are those of the screen with a line in its place.
    """
    actual = situation.series["actual"].to_numpy()
    if situation.spec.trend.kind not in BENDING:
        return actual - situation.series["predicted"].to_numpy()
    expected = fitted(situation.panel, straight)
    return None if expected is None else actual - expected


def _linear_columns(situation: Situation, spec: ModelSpec) -> np.ndarray:
    """Return the columns (row, column) of a spec's linear terms in the training rows, units summed."""
    design = make_design(situation.panel, of_summed_units(spec))
    return np.concatenate([term.values[0, design.is_training] for term in design.terms], axis=1)
