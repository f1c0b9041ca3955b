"""What a model and its twins forecast from every origin: the rolling folds, and the end of the training rows.

A twin is the same model without something, fitted to the same rows: without media, to see what media add; and, where
controls are given that nobody knows ahead, without those. All have one structure, so that one compilation serves all.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr

from ..distributions import HalfNormal, LogNormal
from ..errors import InputError
from ..spec import ModelSpec
from .design import Design, make_design, make_projection
from .folds import HOLDOUT, MODEL, fold_panel, fold_spec, rolling_origins
from .mixing import worst_rhat
from .prediction import forecast, model_draws
from .sampling import Report, Sampled, sample
from .telling import over_all_fits

KEPT_DRAWS = 1000
"""Draws of a forecast that are kept, evenly over all chains."""


class Twin(NamedTuple):
    """One way to leave something out of a model."""

    has_media: bool
    has_unknown_controls: bool


FORECASTERS: dict[str, Twin] = {
    MODEL: Twin(has_media=True, has_unknown_controls=True),
    "media_free": Twin(has_media=False, has_unknown_controls=True),
    "known_ahead": Twin(has_media=True, has_unknown_controls=False),
    "known_ahead_media_free": Twin(has_media=False, has_unknown_controls=False),
}
"""Those called `known_ahead` are there only where the model has controls that nobody knows ahead."""


class Origin(NamedTuple):
    """One forecast to make: the panel as it stood then, and the rows (slice of all rows) to predict."""

    number: int
    panel: xr.Dataset
    predicted: slice


class Fitted(NamedTuple):
    """What a fit says: expected KPI (row,) of all rows of its panel, predictive draws (sample, row), and how it mixed.

    divergences : of so many draws; worst_rhat : of what it expects, see `_rhat_of_rows`
    """

    expected: np.ndarray
    predictive: np.ndarray
    divergences: int
    draws: int
    worst_rhat: float


def origins(panel: xr.Dataset) -> list[Origin]:
    """Return the end of the training rows and the rolling folds, in this order."""
    n_train = int(panel["is_training"].sum())
    end = [Origin(HOLDOUT, panel, slice(n_train, panel.sizes["date"]))]
    return end + [
        Origin(f.number, fold_panel(panel, f), slice(f.n_train, f.n_train + f.n_test)) for f in rolling_origins(n_train)
    ]


def forecasters(spec: ModelSpec, unknown_ahead: Sequence[str], *, twins: bool = True) -> dict[str, Twin]:
    """Return the forecasters of a spec: the model and, with `twins`, those beside it.

    unknown_ahead : controls whose values nobody knows ahead
    """
    if not twins:
        return {MODEL: FORECASTERS[MODEL]}
    asked = any(c.column in unknown_ahead for c in spec.controls)
    return {name: twin for name, twin in FORECASTERS.items() if asked or twin.has_unknown_controls}


def n_fits(panel: xr.Dataset, n_forecasters: int) -> int:
    """Return how many fits a training is, its own among them; fewer where folds turn out too short for the model."""
    return (1 + len(rolling_origins(int(panel["is_training"].sum())))) * n_forecasters


def twin_spec(spec: ModelSpec, twin: Twin, unknown_ahead: Sequence[str]) -> ModelSpec:
    """Return the spec of a twin. Without media there are no experiments and no returns on spend to speak of."""
    update = {}
    if not twin.has_unknown_controls:
        update["controls"] = tuple(c for c in spec.controls if c.column not in unknown_ahead)
    if not twin.has_media:
        # of what adds nothing any prior will do; a pooled one needs a location and a scale
        idle = LogNormal(mu=0.0, sigma=1.0) if spec.pooling.within_channel_type else HalfNormal(sigma=1.0)
        update["lift_tests"] = ()
        update["channels"] = tuple(
            c if c.roas is None else c.model_copy(update={"roas": None, "coefficient": idle}) for c in spec.channels
        )
    return spec.model_copy(update=update)


def twin_panel(panel: xr.Dataset, twin: Twin) -> xr.Dataset:
    """Return the panel of a twin: media-free is the same model with nothing spent."""
    return panel if twin.has_media else panel.assign({n: 0.0 * panel[n] for n in ("spend", "exposures") if n in panel})


def forecast_all(
    panel: xr.Dataset,
    spec: ModelSpec,
    main: Sampled,
    twins: dict[str, Twin],
    *,
    unknown_ahead: Sequence[str],
    device: str,
    cores: int,
    float_type: str,
    report: Report,
) -> xr.Dataset:
    """Return what the model and its twins forecast from every origin, none of it from a held-out KPI.

    main : the model's own draws at the end of the training rows, which are not drawn again
    twins : of `forecasters`, the model among them

    Returns `predictive` (forecaster, sample, date), noise included, and `expected` (forecaster, date), the posterior
    mean, in the KPI's own units with units summed, of the rows that some origin predicts, which `origin` (date) tells
    (0: the held-out ones); `fitted` (origin, training_date), the model's fit of the rows that an origin was shown;
    `divergences`, `draws` and `worst_rhat` (forecaster, origin): divergent transitions, of so many draws, and the
    largest R-hat of the expected KPI of the rows that the origin was shown, and of σ. No held-out row enters.
    """
    made = [(origin, _designs(origin, spec, twins, unknown_ahead)) for origin in origins(panel)]
    asked = [(origin, designs) for origin, designs in made if designs]
    fits: dict[tuple[str, int], Fitted] = {}
    tell = over_all_fits(report, len(asked) * len(twins), began=time.monotonic() - main.seconds)
    draw = partial(sample, device=device, cores=cores, n_rows=panel.sizes["date"], float_type=float_type)
    for position, (origin, designs) in enumerate(asked):
        for name, (design, own) in designs.items():
            is_main = name == MODEL and origin.number == HOLDOUT
            told = tell(len(fits), f"forecasting (origin {position + 1} of {len(asked)})")
            sampled = main if is_main else draw(design, own, report=told)
            fits[name, origin.number] = _fitted(design, own, sampled, origin.predicted)
            told("done", 1.0, 0.0)
    return _stacked(panel, [origin for origin, _ in asked], list(twins), fits)


def _designs(
    origin: Origin, spec: ModelSpec, twins: dict[str, Twin], unknown_ahead: Sequence[str]
) -> dict[str, tuple[Design, ModelSpec]]:
    """Return design and spec of every forecaster; none of a fold whose rows can't hold the model (logged).

    Raises InputError if it is the training rows as a whole that can't.
    """
    try:
        specs = {name: twin_spec(fold_spec(spec, origin.panel), twin, unknown_ahead) for name, twin in twins.items()}
        return {name: (make_design(twin_panel(origin.panel, twins[name]), own), own) for name, own in specs.items()}
    except InputError as error:
        if origin.number == HOLDOUT:
            raise
        logging.warning("fold %d is left out: %s", origin.number, error)
        return {}


def _fitted(design: Design, spec: ModelSpec, sampled: Sampled, predicted: slice) -> Fitted:
    n = len(sampled.draws["sigma"])
    kept = np.linspace(0, n - 1, min(n, KEPT_DRAWS)).astype(int)
    draws = model_draws(design, spec, make_projection(design), {k: v[kept] for k, v in sampled.draws.items()})
    expected, predictive = forecast(design, spec, draws, np.random.default_rng(spec.sampler.seed))
    divergences = int(sampled.stats["diverging"].sum()) if "diverging" in sampled.stats else 0
    quantities = np.column_stack([expected[:, : predicted.start], draws["sigma"].reshape(len(kept), -1)])
    chain = kept // (n // spec.sampler.chains)
    return Fitted(expected.mean(axis=0), predictive, divergences, n, _rhat_of_rows(quantities, chain))


def _rhat_of_rows(quantities: np.ndarray, chain: np.ndarray) -> float:
    """Return the largest R-hat of quantities (sample, quantity); chain : (sample,) number of each one's chain.

    It is of expectations and not of parameters: data that can't tell two parameters apart leave the sum to be told.
    """
    numbers, counts = np.unique(chain, return_counts=True)
    return worst_rhat(np.stack([quantities[chain == number][: counts.min()] for number in numbers]))


def _stacked(
    panel: xr.Dataset, asked: list[Origin], names: list[str], fits: dict[tuple[str, int], Fitted]
) -> xr.Dataset:
    """Return the forecasts of all origins, in the order of time; `fitted` is NaN after an origin."""
    in_time = sorted(asked, key=lambda origin: origin.predicted.start)
    n_train, dates = asked[0].predicted.start, panel["date"].values
    rows = np.concatenate([np.arange(len(dates))[o.predicted] for o in in_time])
    predictive = [
        np.concatenate([fits[n, o.number].predictive[:, o.predicted] for o in in_time], axis=1) for n in names
    ]
    expected = [np.concatenate([fits[n, o.number].expected[o.predicted] for o in in_time]) for n in names]
    fitted = np.full((len(asked), n_train), np.nan)
    for position, origin in enumerate(asked):
        shown = origin.predicted.start
        fitted[position, :shown] = fits[MODEL, origin.number].expected[:shown]
    told = {
        key: (("forecaster", "origin"), np.array([[getattr(fits[n, o.number], key) for o in asked] for n in names]))
        for key in ("divergences", "draws", "worst_rhat")
    }
    numbers = np.concatenate([np.full(o.predicted.stop - o.predicted.start, o.number) for o in in_time])
    return xr.Dataset(
        {
            "predictive": (("forecaster", "sample", "date"), np.stack(predictive).astype(np.float32)),
            "expected": (("forecaster", "date"), np.stack(expected)),
            "fitted": (("origin", "training_date"), fitted),
            **told,
            "origin_of_date": (("date",), numbers),
        },
        coords={"forecaster": names, "date": dates[rows], "training_date": dates[:n_train],
                "origin": [o.number for o in asked]},
    )  # fmt: skip
