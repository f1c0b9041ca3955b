"""Checks of the two gates and of the training residuals. Missing evidence is never a pass: it is `unassessed`."""

import math
from collections.abc import Callable

import arviz as az
import numpy as np
import xarray as xr
from scipy import stats

from ..modelling.parameters import as_its_prior, channel_priors
from ..modelling.prior_predictive import PriorPredictive
from ..modelling.priors import variance
from ..spec import ModelSpec
from ..verdicts import Check, ConvergenceThresholds, OosThresholds
from .scoring import OUTLIER_LIMIT, lag_correlation, robust_scores

AUTOCORRELATION_LIMIT = 0.4
"""Lag-1 autocorrelation of the residuals from which intervals are too narrow to be taken as they stand."""

SPREAD_LIMIT = 0.3
"""Rank correlation of the residuals' size with the level from which their spread isn't as the model has it."""

SANE_LIMIT = 0.8
"""Share of what the prior expects of the training rows' KPI that must lie where a KPI like it could be."""

CONTRACTION_LIMIT = 0.1
"""Share of the prior variance of a channel's coefficient that the data must have removed to count as identified."""


def limit_check(code: str, value: float | None, limit: float, ok: Callable[[float, float], bool], **more) -> Check:
    """Return a check that passes if `ok(value, limit)`; unassessed without a finite value."""
    if value is None or not math.isfinite(value):
        reason = more.pop("reason", None) or "could not be computed"
        return Check(code=code, status="unassessed", value=None, limit=limit, reason=reason, **more)
    return Check(code=code, status="pass" if ok(value, limit) else "fail", value=value, limit=limit, **more)


def gate_passed(checks: tuple[Check, ...]) -> bool:
    """Tell whether no check of a gate failed or went unassessed; `review` doesn't hold it up."""
    return not any(c.status in ("fail", "unassessed") for c in checks)


# --- convergence ---------------------------------------------------------------------------------------------


def convergence_checks(posterior: xr.Dataset, sample_stats: xr.Dataset, limits: ConvergenceThresholds) -> list[Check]:
    """Check R-hat and effective sample size (bulk and tail) of every parameter, worst first, and divergences."""
    rhat_subject, rhat = _worst(az.rhat(posterior), max)
    ess = [_worst(az.ess(posterior, method=method), min) for method in ("bulk", "tail")]
    ess_subject, min_ess = min(ess, key=lambda pair: -math.inf if math.isnan(pair[1]) else pair[1])
    divergences = int(sample_stats["diverging"].sum()) if "diverging" in sample_stats else None
    return [
        limit_check("worst_rhat", rhat, limits.rhat_max, lambda v, m: v <= m, subject=rhat_subject),
        limit_check("min_ess", min_ess, limits.ess_min, lambda v, m: v >= m, subject=ess_subject),
        limit_check("divergences", divergences, limits.divergences_max, lambda v, m: v <= m),
    ]


def _worst(values: xr.Dataset, pick: Callable) -> tuple[str, float]:
    """Return the name of the worst parameter (`adstock_alpha[tv]`) and its value; NaN is worse than anything."""
    named = {}
    for name, array in values.data_vars.items():
        flat = array.to_series() if array.dims else {(): float(array)}
        for key, value in flat.items():
            label = ", ".join(map(str, key if isinstance(key, tuple) else (key,)))
            named[f"{name}[{label}]" if label else str(name)] = float(value)
    undefined = [k for k, v in named.items() if math.isnan(v)]
    worst = undefined[0] if undefined else pick(named, key=named.__getitem__)
    return worst, named[worst]


# --- fit -----------------------------------------------------------------------------------------------------


def band_checks(r2: float | None, limits: ConvergenceThresholds) -> list[Check]:
    """Check R² of the training rows against the band: too low fails; too high is `review` unless configured."""
    low = limit_check("r2_low", r2, limits.r2_min, lambda v, m: v >= m)
    high = limit_check("r2_high", r2, limits.r2_max, lambda v, m: v <= m)
    if high.status == "fail" and limits.r2_above == "review":
        reason = "above the band: a prompt to look for overfitting, which the overfitting index decides"
        high = high.model_copy(update={"status": "review", "reason": reason})
    return [low, high]


def residual_checks(dates: np.ndarray, residuals: np.ndarray) -> list[Check]:
    """Check training residuals (row,) for outliers and autocorrelation; both are `review`, never a failure."""
    scores = robust_scores(residuals)
    worst = int(np.argmax(np.abs(scores)))
    correlation = lag_correlation(residuals)
    return [
        review("residual_outlier", abs(float(scores[worst])), OUTLIER_LIMIT, str(dates[worst])[:10]),
        review("residual_autocorrelation", abs(correlation), AUTOCORRELATION_LIMIT, "lag 1"),
    ]


def spread_check(actual: np.ndarray, predicted: np.ndarray, width: np.ndarray) -> Check:
    """Check whether the residuals (row,), in units of the width of their interval, grow with the level: `review`."""
    varies = np.ptp(predicted) > 0 and np.ptp(actual - predicted) > 0
    growth = stats.spearmanr(np.abs(actual - predicted) / width, predicted).statistic if varies else math.nan
    return review("residual_spread", float(growth), SPREAD_LIMIT, "with the level")


def contraction_checks(posterior: xr.Dataset, spec: ModelSpec) -> list[Check]:
    """Check per channel how much the data narrowed its coefficient: 1 − Var(posterior) / Var(prior).

    Near 0 the posterior is the prior and what is reported about the channel was assumed; that is `review`.
    """
    left = as_its_prior(posterior, "coefficient").var(("chain", "draw"))
    checks = []
    for channel, prior in zip(spec.channels, channel_priors(spec, "coefficient"), strict=True):
        value = 1.0 - float(left.sel(channel=channel.column)) / variance(prior)
        status = "pass" if value >= CONTRACTION_LIMIT else "review"
        checks.append(
            Check(code="prior_contraction", status=status, value=value, limit=CONTRACTION_LIMIT, subject=channel.column)
        )
    return checks


def prior_check(prior: PriorPredictive) -> Check:
    """Check that the priors put the training rows' KPI where one like it could be; `review` if not, never a failure."""
    status = "pass" if prior.sane >= SANE_LIMIT else "review"
    reason = f"what the priors expect of the KPI, from {prior.sane_from:.4g} to {prior.sane_to:.4g}"
    return Check(code="prior_predictive", status=status, value=prior.sane, limit=SANE_LIMIT, reason=reason)


def review(code: str, value: float, limit: float, subject: str) -> Check:
    """Return a check that is `review` beyond its limit, and where it could not be computed."""
    if not math.isfinite(value):
        return Check(code=code, status="review", value=None, limit=limit, subject=subject, reason="no variation")
    return Check(code=code, status="pass" if value <= limit else "review", value=value, limit=limit, subject=subject)


# --- out of sample -------------------------------------------------------------------------------------------


def oos_checks(
    *,
    r2: float | None,
    mape: float | None,
    wmape: float | None,
    overfitting: float | None,
    limits: OosThresholds,
) -> tuple[Check, ...]:
    """Check the held-out figures; where the KPI has zeros, wMAPE stands in for MAPE and the check says so."""
    error = limit_check("oos_mape", wmape if mape is None else mape, limits.oos_mape_max, lambda v, m: v <= m)
    if mape is None and wmape is not None:
        error = error.model_copy(update={"reason": "the KPI has zeros, so that MAPE is undefined: wMAPE in its place"})
    return (
        limit_check("oos_r2", r2, limits.oos_r2_min, lambda v, m: v >= m),
        error,
        limit_check("overfitting_index", overfitting, limits.overfitting_max, lambda v, m: v <= m),
    )
