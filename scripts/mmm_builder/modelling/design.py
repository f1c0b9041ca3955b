"""Everything about data and spec that is constant while sampling, computed once from training rows.

A fold is a mask: the model gets the whole calendar and a weight per row, 1 for training. Spend and controls of
the held-out rows are in (they carry over, and their μ is the prediction), their KPI is not.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from ..data_profile import NATIONAL
from ..errors import InputError
from ..panel import to_national
from ..spec import ModelSpec
from .centring import centring
from .curves import curves_of
from .experiments import Experiments, make_experiments
from .likelihoods import LIKELIHOODS
from .parameters import channel_priors, pooling_constants
from .priors import mean
from .terms import Term, check_columns, linear_terms, training_scale
from .transforms import ADSTOCKS, SATURATIONS, carried_over, lags_of, saturated_media, typical_adstocked_spend


@dataclass(frozen=True, kw_only=True)
class Design:
    """Constants of one model on one dataset; rows are periods in time order, a national model has one unit.

    kpi_scale : (unit,); kpi_scaled : (unit, row) in units of it; held-out rows hold the training mean
    weight : (row,) 1 for training rows, 0 for held-out ones
    inputs : (unit, channel, row) what is modelled of each channel: its spend, or its exposures
    by_unit : whether draws of linear terms and coefficients have the dim unit
    spend_unit : (unit, channel) typical adstocked input, the unit of half_saturation
    media : constants of the adstock, of series (unit · channel, then those of experiments) in units of `spend_unit`
    series_channel : (series,) position of each series' channel
    terms : linear terms; matrix : (unit, row, term) their columns, with prior mean and standard deviation (term,)
    curves : constants of what else adds to the mean; pooling : constants of the pooled priors
    """

    units: tuple[str, ...]
    by_unit: bool
    dates: np.ndarray
    channels: tuple[str, ...]
    kpi_scale: np.ndarray
    kpi_scaled: np.ndarray
    weight: np.ndarray
    spend: np.ndarray
    inputs: np.ndarray
    spend_unit: np.ndarray
    media: dict[str, np.ndarray]
    series_channel: np.ndarray
    experiments: Experiments
    terms: tuple[Term, ...]
    matrix: np.ndarray
    prior_mean: np.ndarray
    prior_sd: np.ndarray
    curves: dict[str, np.ndarray]
    pooling: dict[str, np.ndarray]

    @property
    def is_training(self) -> np.ndarray:
        """(row,) True for training rows."""
        return self.weight > 0

    @cached_property
    def spend_per_coefficient(self) -> np.ndarray:
        """(channel,) training spend in units of the KPI's scale: what turns a return on spend into KPI."""
        return self.spend[..., self.is_training].sum(axis=(0, 2)) / self.kpi_scale.sum()


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Coordinates of the linear coefficients γ of each unit from which everything else has been subtracted.

    With R from the QR of the training rows stacked on the prior, Q = Z R⁻¹ and A = (w·Q)ᵀ, the sampled θ gives
    e = offset + scale·θ − A·curved, γ = R⁻¹ e and μ = Q e + curved, where `curved` is media and all that isn't linear.
    The map θ → γ is linear with a constant Jacobian: exact for any noise and any prior, and without the ridge
    between intercept and media. q, q_training : (unit, term, row); r_inverse : (unit, term, term); offset : (unit,
    term); scale : (unit,).
    """

    q: np.ndarray
    q_training: np.ndarray
    r_inverse: np.ndarray
    offset: np.ndarray
    scale: np.ndarray


def make_design(panel: xr.Dataset, spec: ModelSpec) -> Design:
    """Return the constants of `spec` on a panel, whose units are summed unless the spec pools across them.

    panel : kpi (date, unit), NaN on held-out dates; spend (date, unit, channel); controls (date, unit, control);
    is_training (date); or the same without the dim unit
    Raises InputError for a channel or control that isn't in the data.
    """
    panel = _units_first(panel, spec)
    training = panel["is_training"].values
    kpi_scale = training_scale(panel)
    _check_moves(panel, kpi_scale)
    kpi_scaled = panel["kpi"].values / kpi_scale[:, None]
    kpi_scaled = np.where(training, kpi_scaled, kpi_scaled[:, training].mean(axis=1)[:, None])
    _check_positive(panel, spec)
    channels = [c.column for c in spec.channels]
    check_columns("channel", channels, [str(c) for c in panel["channel"].values], spec)
    spend = panel["spend"].sel(channel=channels).transpose("unit", "channel", "date").values
    inputs = _shown_inputs(_inputs(panel, spec, spend), training)
    _check_returns(spec, spend[..., training], inputs[..., training])
    unit = _spend_units(inputs, training, spec, kpi_scale)
    experiments = make_experiments(panel, spec, spend, inputs)
    series = np.concatenate([(inputs / unit[..., None]).reshape(-1, inputs.shape[-1]), experiments.series(unit)])
    terms = tuple(linear_terms(panel, spec))
    priors = [p for term in terms for p in term.priors]
    constants: dict[str, Any] = {}
    for curve in curves_of(spec):
        constants |= curve.prepare(panel, spec)
    design = Design(
        units=tuple(map(str, panel["unit"].values)),
        by_unit=spec.pooling.across_units is not None,
        dates=panel["date"].values,
        channels=tuple(channels),
        kpi_scale=kpi_scale,
        kpi_scaled=kpi_scaled,
        weight=training.astype(float),
        spend=spend,
        inputs=inputs,
        spend_unit=unit,
        media=ADSTOCKS[spec.adstock].prepare(series, lags_of(spec.frequency)),
        series_channel=np.concatenate([np.tile(np.arange(len(channels)), len(unit)), experiments.series_channel]),
        experiments=experiments,
        terms=terms,
        matrix=np.concatenate([t.values for t in terms], axis=-1),
        prior_mean=np.array([p.mu for p in priors]),
        prior_sd=np.array([p.sigma for p in priors]),
        curves=constants,
        pooling=pooling_constants(spec),
    )
    return dataclasses.replace(design, pooling=design.pooling | _unit_centring(design, spec))


def _units_first(panel: xr.Dataset, spec: ModelSpec) -> xr.Dataset:
    """Return the panel with the dims (unit, date, …), as one unit unless the spec pools across units."""
    if spec.pooling.across_units and "unit" in panel.dims:
        return panel.transpose("unit", "date", ...)
    return as_one_unit(panel)


def as_one_unit(panel: xr.Dataset) -> xr.Dataset:
    """Return a panel, its units summed, with the dims (unit, date, …); itself where that is what it is."""
    if panel["kpi"].dims == ("unit", "date") and panel["unit"].values.tolist() == [NATIONAL]:
        return panel
    if "unit" in panel.dims:
        panel = to_national(panel)
    with_unit = panel.expand_dims(unit=[NATIONAL]).assign(is_training=panel["is_training"])
    return with_unit.transpose("unit", "date", ...)


def _check_moves(panel: xr.Dataset, kpi_scale: np.ndarray) -> None:
    """Raise InputError for a unit whose KPI is zero in all training rows."""
    still = panel["unit"].values[kpi_scale == 0]
    if len(still):
        raise InputError(
            f"panel unit {str(still[0])!r}: the KPI is 0 in every training row ({len(still)} such of "
            f"{panel.sizes['unit']}); leave these units out, or choose a model type that sums units"
        )


def _check_positive(panel: xr.Dataset, spec: ModelSpec) -> None:
    """Raise InputError if the noise is on the log scale and a training KPI isn't above zero."""
    if not LIKELIHOODS[spec.likelihood.kind].needs_positive_kpi:
        return
    kpi = panel["kpi"].sel(date=panel["date"][panel["is_training"].values])
    if float(kpi.min()) <= 0:
        date = str(kpi["date"].values[int(np.argmin(kpi.min("unit").values))])[:10]
        raise InputError(
            f"configuration of iteration {spec.iteration}: likelihood {spec.likelihood.kind!r} needs a KPI above zero, "
            f"got {float(kpi.min()):g} on {date}; give kind: normal or student_t"
        )


def _check_returns(spec: ModelSpec, spend: np.ndarray, inputs: np.ndarray) -> None:
    """Raise InputError if a return on spend has a prior and the training rows (unit, channel, row) hold none."""
    for position, channel in enumerate(spec.channels):
        if channel.roas is not None and not (spend[:, position].sum() > 0 and inputs[:, position].sum() > 0):
            what = "spend" if channel.exposure_column is None else f"spend or nothing in {channel.exposure_column!r}"
            raise InputError(
                f"configuration of iteration {spec.iteration}: channel {channel.column!r} has a prior of its roas, but "
                f"no {what} in the training rows; give a prior of its coefficient"
            )


def _inputs(panel: xr.Dataset, spec: ModelSpec, spend: np.ndarray) -> np.ndarray:
    """Return what is modelled of each channel (unit, channel, row): exposures where the spec names their column."""
    inputs = spend.copy()
    for position, channel in enumerate(spec.channels):
        if channel.exposure_column is not None:
            known = [str(c) for c in panel["exposure"].values] if "exposure" in panel.coords else []
            check_columns("exposure", [channel.exposure_column], known, spec)
            inputs[:, position] = panel["exposures"].sel(exposure=channel.exposure_column).values
    return inputs


def _shown_inputs(inputs: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Return the inputs (unit, channel, row), nothing of a channel without any in the training rows.

    Such a channel tells nothing of its effect and must not act on held-out rows.
    """
    silent = ~(inputs[..., training] > 0).any(axis=(0, 2))
    return np.where(silent[:, None], 0.0, inputs)


def _spend_units(inputs: np.ndarray, training: np.ndarray, spec: ModelSpec, size: np.ndarray) -> np.ndarray:
    """Return typical adstocked input (unit, channel) over training rows, adstock at the prior means.

    A unit in which a channel was silent gets what is typical elsewhere, for its size (unit,).
    """
    adstock, shown = ADSTOCKS[spec.adstock], inputs[..., training]
    means = [np.tile([mean(p) for p in channel_priors(spec, name)], len(inputs)) for name in adstock.parameters]
    flat = shown.reshape(-1, shown.shape[-1])
    typical = [
        typical_adstocked_spend(c, x)
        for c, x in zip(carried_over(spec.adstock, flat, means, lags_of(spec.frequency)), flat, strict=True)
    ]
    per_size = np.reshape(typical, inputs.shape[:2]) / size[:, None]
    active = (shown > 0).any(axis=-1)
    elsewhere = np.nanmedian(np.where(active | ~active.any(axis=0), per_size, np.nan), axis=0)
    return np.where(active, per_size, elsewhere) * size[:, None]


def _unit_centring(design: Design, spec: ModelSpec) -> dict[str, np.ndarray]:
    """Return how the units' coefficients are sampled, media taken at the prior means of their parameters."""
    if not spec.pooling.across_units:
        return {}
    shown = design.is_training
    size = np.array([mean(p) for p in channel_priors(spec, "coefficient")])
    effect = size[:, None] * media_per_effect(design, spec)[..., shown]
    spread = spec.pooling.across_units.coefficient_spread
    own = centring(effect, design.matrix[:, shown], design.kpi_scaled[:, shown], design.prior_sd, spread)
    return {"coefficient_deviation_centring": own}


def media_per_effect(design: Design, spec: ModelSpec) -> np.ndarray:
    """Return what a unit of each channel's effect adds (unit, channel, row), adstock and saturation at prior means.

    The effect is the coefficient, or the return on spend where the prior is of that.
    """
    adstock, saturation = ADSTOCKS[spec.adstock], SATURATIONS[spec.saturation]
    means = {
        name: np.array([mean(p) for p in channel_priors(spec, name)])[design.series_channel]
        for name in (*adstock.parameters, *saturation.parameters)
    }
    units, channels = len(design.units), len(design.channels)
    saturated = saturated_media(adstock, saturation, design.media, means)[: units * channels]
    media = saturated.reshape(units, channels, -1)
    share = design.kpi_scale / design.kpi_scale.sum()
    returned = np.einsum("gct,g->c", media[..., design.is_training], share)
    returns = np.array([channel.roas is not None for channel in spec.channels])
    factor = np.where(returns, design.spend_per_coefficient / np.where(returned > 0, returned, 1.0), 1.0)
    return media * factor[:, None]


def observed_kpi(design: Design) -> np.ndarray:
    """Return the KPI (row,) in its own units, units of a panel summed; held-out rows hold the training mean."""
    return (design.kpi_scaled * design.kpi_scale[:, None]).sum(axis=0)


def make_projection(design: Design) -> Projection:
    """Return the coordinates in which the linear terms are sampled; defined for rank-deficient matrices too."""
    parts = [_unit_projection(design, z, y) for z, y in zip(design.matrix, design.kpi_scaled, strict=True)]
    stacked = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    return Projection(**stacked)


def _unit_projection(design: Design, matrix: np.ndarray, kpi: np.ndarray) -> dict[str, np.ndarray]:
    z, y = matrix * design.weight[:, None], kpi * design.weight
    ridge = 1.0 / design.prior_sd
    coefficients, *_ = np.linalg.lstsq(np.vstack([z, np.diag(ridge)]),
                                       np.concatenate([y, ridge * design.prior_mean]), rcond=None)  # fmt: skip
    residual_sd = float(np.sqrt(np.mean((y - z @ coefficients)[design.is_training] ** 2))) or 1.0
    ridge = residual_sd * ridge
    r_inverse = np.linalg.inv(np.linalg.qr(np.vstack([z, np.diag(ridge)]), mode="r"))
    return {
        "q": np.ascontiguousarray((matrix @ r_inverse).T),
        "q_training": np.ascontiguousarray((z @ r_inverse).T),
        "r_inverse": r_inverse,
        "offset": r_inverse.T @ (z.T @ y + ridge**2 * design.prior_mean),
        "scale": np.array(residual_sd),
    }
