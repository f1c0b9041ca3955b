"""Everything about data and spec that is constant while sampling, computed once from training rows.

A fold is a mask: the model gets the whole calendar and a weight per row, 1 for training. Spend and controls of
the held-out rows are in (they carry over, and their μ is the prediction), their KPI is not.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..spec import ModelSpec
from .parameters import channel_priors
from .priors import mean
from .recipes import RECIPES, Recipe
from .terms import Term, check_columns, linear_terms, training_scale
from .transforms import ADSTOCKS, typical_adstocked_spend


@dataclass(frozen=True, kw_only=True)
class Design:
    """Constants of one model on one dataset; rows are periods in time order.

    kpi_scaled : (row,) in units of `kpi_scale`; held-out rows hold the training mean
    weight : (row,) 1 for training rows, 0 for held-out ones
    spend_unit : (channel,) typical adstocked spend, the unit of half_saturation
    media : constants of the adstock, in units of `spend_unit`
    matrix : (row, term) columns of all linear terms, with prior mean and standard deviation (term,)
    """

    recipe: Recipe
    dates: np.ndarray
    channels: tuple[str, ...]
    kpi_scale: float
    kpi_scaled: np.ndarray
    weight: np.ndarray
    spend: np.ndarray
    spend_unit: np.ndarray
    media: dict[str, np.ndarray]
    terms: tuple[Term, ...]
    matrix: np.ndarray
    prior_mean: np.ndarray
    prior_sd: np.ndarray

    @property
    def is_training(self) -> np.ndarray:
        """(row,) True for training rows."""
        return self.weight > 0


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Coordinates of the linear coefficients γ from which the media term has been subtracted.

    With R from the QR of the training rows stacked on the prior, Q = Z R⁻¹ and A = (w·Q)ᵀ, the sampled θ gives
    e = offset + scale·θ − A·media, γ = R⁻¹ e and μ = Q e + media. The map θ → γ is linear with a constant
    Jacobian: exact for any noise and any prior, and without the ridge between intercept and media.
    """

    q: np.ndarray
    q_training: np.ndarray
    r_inverse: np.ndarray
    offset: np.ndarray
    scale: float


def make_design(panel: xr.Dataset, spec: ModelSpec) -> Design:
    """Return the constants of `spec` on a national panel.

    panel : kpi (date), NaN on held-out dates; spend (date, channel); controls (date, control); is_training (date)
    Raises InputError for a channel or control that isn't in the data.
    """
    training = panel["is_training"].values
    kpi_scale = training_scale(panel)
    kpi_scaled = panel["kpi"].values / kpi_scale
    kpi_scaled = np.where(training, kpi_scaled, kpi_scaled[training].mean())
    channels = [c.column for c in spec.channels]
    check_columns("channel", channels, [str(c) for c in panel["channel"].values], spec)
    spend = panel["spend"].sel(channel=channels).values.T
    recipe = RECIPES[spec.model_type]
    carries_over = bool(ADSTOCKS[recipe.adstock].parameters)
    alphas = [mean(p) for p in channel_priors(spec, "adstock_alpha")] if carries_over else [0.0] * len(channels)
    unit = np.array([typical_adstocked_spend(x[training], a) for x, a in zip(spend, alphas, strict=True)])
    terms = tuple(linear_terms(panel, spec))
    priors = [p for term in terms for p in term.priors]
    return Design(
        recipe=recipe,
        dates=panel["date"].values,
        channels=tuple(channels),
        kpi_scale=kpi_scale,
        kpi_scaled=kpi_scaled,
        weight=training.astype(float),
        spend=spend,
        spend_unit=unit,
        media=ADSTOCKS[recipe.adstock].prepare(spend / unit[:, None]),
        terms=terms,
        matrix=np.concatenate([t.values for t in terms], axis=1),
        prior_mean=np.array([p.mu for p in priors]),
        prior_sd=np.array([p.sigma for p in priors]),
    )


def make_projection(design: Design) -> Projection:
    """Return the coordinates in which the linear terms are sampled; defined for rank-deficient matrices too."""
    z = design.matrix * design.weight[:, None]
    y = design.kpi_scaled * design.weight
    ridge = 1.0 / design.prior_sd
    coefficients, *_ = np.linalg.lstsq(np.vstack([z, ridge[:, None] * np.eye(len(ridge))]),
                                       np.concatenate([y, ridge * design.prior_mean]), rcond=None)  # fmt: skip
    residual_sd = float(np.sqrt(np.mean((y - z @ coefficients)[design.is_training] ** 2))) or 1.0
    ridge = residual_sd * ridge
    r = np.linalg.qr(np.vstack([z, ridge[:, None] * np.eye(len(ridge))]), mode="r")
    r_inverse = np.linalg.inv(r)
    return Projection(
        q=design.matrix @ r_inverse,
        q_training=(z @ r_inverse).T,
        r_inverse=r_inverse,
        offset=r_inverse.T @ (z.T @ y + ridge**2 * design.prior_mean),
        scale=residual_sd,
    )
