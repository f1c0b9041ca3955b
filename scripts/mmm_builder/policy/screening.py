"""What a configuration is worth on the rolling folds, in milliseconds and without sampling.

The integrated posterior of the model (`integrated`) is maximised on every fold and on all training rows, and averaged
around its mode; what it then says of the rows that a fold predicts is scored in closed form. Held-out rows don't enter.
The units of a panel are summed.
"""

import logging
import time
from functools import cached_property
from typing import NamedTuple

import numpy as np
import xarray as xr

from ..config_files import HISTORY
from ..errors import InputError
from ..judging import scoring
from ..modelling.design import Design, as_one_unit, make_design
from ..modelling.folds import Fold, fold_panel, fold_spec, rolling_origins
from ..modelling.likelihoods import LIKELIHOODS
from ..spec import ModelSpec
from .averaging import Averaged, averaged
from .integrated import make_problem
from .mode import find_mode
from .noise_rows import NOISES


class Screen(NamedTuple):
    """What a configuration is predicted to be worth; figures in the KPI's own units, MAPE in per cent.

    crps, r2, mape : of all rows that the folds predict, together; None without folds, and `r2` of a KPI that doesn't
    vary, `mape` of one with zeros
    train_r2, log_evidence : of all training rows; the latter in nats
    forecast : (row,) what is expected of the rows that the folds predict; None without folds
    """

    crps: float | None
    r2: float | None
    mape: float | None
    train_r2: float | None
    log_evidence: float | None
    seconds: float
    forecast: tuple[float, ...] | None = None


class Predicted(NamedTuple):
    """The rows of a fold (row,): what was, what was predicted, and the score of each."""

    actual: np.ndarray
    expected: np.ndarray
    crps: np.ndarray


@xr.register_dataset_accessor("screens")
class Screens:
    """What screens of one panel share, kept with it: its units summed, its folds, and the screens themselves.

    A remedy that weighs its options, and every later iteration in the same process, asks for many a spec again.
    """

    def __init__(self, panel: xr.Dataset):
        self._panel = panel
        self._found: dict[str, Screen] = {}

    @cached_property
    def rows(self) -> xr.Dataset:
        """The panel as one unit."""
        return as_one_unit(self._panel)

    @cached_property
    def folds(self) -> tuple[tuple[Fold, xr.Dataset], ...]:
        """Each fold, and the panel as it stood there."""
        origins = rolling_origins(int(self.rows["is_training"].sum()))
        return tuple((fold, fold_panel(self.rows, fold)) for fold in origins)

    def of(self, spec: ModelSpec) -> Screen:
        """Return the screen of a spec, which neither the sampler nor the spec's history changes."""
        key = spec.model_dump_json(exclude={"sampler", *HISTORY})
        if key not in self._found:
            self._found[key] = _screen(self, spec)
        return self._found[key]


def screen(panel: xr.Dataset, spec: ModelSpec) -> Screen:
    """Return what a spec is worth on the training rows of a panel, its units summed.

    A fold whose training rows can't hold the model is left out. Raises InputError if the training rows can't.
    """
    return panel.screens.of(spec)


def _screen(screens: Screens, spec: ModelSpec) -> Screen:
    start = time.perf_counter()
    spec = of_summed_units(spec)
    design = make_design(screens.rows, spec)
    phi, predicted = None, []
    for fold, part in screens.folds:
        found = _on_fold(screens.rows, part, spec, fold, phi)
        if found is not None:
            phi = found[0]
            predicted.append(found[1])
    train_r2, evidence = _on_all(design, spec, phi)
    forecast = tuple(np.concatenate([p.expected for p in predicted]).tolist()) if predicted else None
    return Screen(*_scores(predicted), train_r2, evidence, time.perf_counter() - start, forecast)


def fitted(panel: xr.Dataset, spec: ModelSpec) -> np.ndarray | None:
    """Return what a spec expects of the training rows (row,) in the KPI's own units, units summed; None: no fit."""
    spec = of_summed_units(spec)
    design = make_design(panel.screens.rows, spec)
    found = _fit(design, spec, None, "the training rows")
    if found is None:
        return None
    mean = found[1].mean[design.is_training]
    return design.kpi_scale[0] * LIKELIHOODS[spec.likelihood.kind].expected(np, mean)


def of_summed_units(spec: ModelSpec) -> ModelSpec:
    """Return the spec without what differs between units, which are one here."""
    return spec.model_copy(update={"pooling": spec.pooling.model_copy(update={"across_units": None})})


def _on_fold(
    panel: xr.Dataset, part: xr.Dataset, spec: ModelSpec, fold: Fold, start: np.ndarray | None
) -> tuple[np.ndarray, Predicted] | None:
    """Return the mode on a fold, whose panel is `part`, and its predictions.

    start : φ of an earlier fold, whose rows are all in this one
    """
    own = fold_spec(spec, part)
    try:
        design = make_design(part, own)
    except InputError as error:
        logging.debug("fold %d is left out: %s", fold.number, error)
        return None
    found = _fit(design, own, start, f"fold {fold.number}")
    if found is None:
        return None
    phi, fit = found
    asked, scale = ~design.is_training, design.kpi_scale[0]
    actual = panel["kpi"].values[0, fold.n_train : fold.n_train + fold.n_test]
    expected = LIKELIHOODS[spec.likelihood.kind].expected(np, fit.mean[asked])
    score = NOISES[spec.likelihood.kind].crps
    crps = score(actual / scale, fit.mean[asked], fit.variance[asked], fit.noise)
    return phi, Predicted(actual, scale * expected, scale * crps)


def _on_all(design: Design, spec: ModelSpec, start: np.ndarray | None) -> tuple[float | None, float | None]:
    """Return R² and log-evidence of all training rows."""
    found = _fit(design, spec, start, "the training rows")
    if found is None:
        return None, None
    shown, (_, fit) = design.is_training, found
    expected = LIKELIHOODS[spec.likelihood.kind].expected(np, fit.mean[shown])
    return scoring.r2(design.kpi_scaled[0, shown], expected), fit.log_evidence


def _fit(design: Design, spec: ModelSpec, start: np.ndarray | None, rows: str) -> tuple[np.ndarray, Averaged] | None:
    """Return the mode and what the posterior around it says; None, with a line in the log, where numbers fail."""
    try:
        problem = make_problem(design, spec)
        point, noise_rows = find_mode(problem, start)
        fit = averaged(problem, point, noise_rows)
    except np.linalg.LinAlgError as error:
        logging.warning("%s could not be screened: %s", rows, error)
        return None
    if not (np.isfinite(fit.mean).all() and np.isfinite(fit.variance).all() and np.isfinite(fit.log_evidence)):
        logging.warning("%s could not be screened: the fit is no number", rows)
        return None
    return point.phi, fit


def _scores(predicted: list[Predicted]) -> tuple[float | None, float | None, float | None]:
    """Return CRPS, R² and MAPE of all folds' rows together."""
    if not predicted:
        return None, None, None
    actual, expected, crps = (np.concatenate(part) for part in zip(*predicted, strict=True))
    return float(crps.mean()), scoring.r2(actual, expected), scoring.mape(actual, expected)
