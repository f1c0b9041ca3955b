"""Synthetic records as the stages write them."""

import numpy as np
import pandas as pd

import profiles
from mmm_builder.data_profile import TargetCandidate, warn
from mmm_builder.distributions import Beta, HalfNormal, LogNormal, Normal
from mmm_builder.spec import (
    Adstock,
    Change,
    Channel,
    Control,
    Likelihood,
    ModelSpec,
    Sampler,
    Saturation,
    Seasonality,
    Trend,
)
from mmm_builder.verdicts import (
    Check,
    ConvergenceThresholds,
    Decision,
    Diagnosis,
    Observation,
    OosThresholds,
    OosValidation,
    TrainingSummary,
)

CHANNELS = (
    ("tv_spend", "video_tv", 0.41), ("paid search | brand", "search", 0.233), ("facebook_spend", "social", 0.18),
    ("display", "display", 0.1), ("radio_grp", "radio", None), ("ooh", "ooh", 0.077),
)  # fmt: skip


def profile(*, warnings: bool = True, channels=CHANNELS, target: str = "revenue", path: str = "data/example.csv"):
    found = (
        warn("collinear_channels", "tv_spend and display move together (r = 0.91)", "merge them."),
        warn("short_history", "3.2 seasons", "4 or more separate season from media."),
    )
    return profiles.data_profile(
        source=profiles.source(path=path, sha256="ab12" * 16, n_rows=166),
        start="2021-01-04",
        end="2024-03-04",
        n_periods=166,
        n_train=132,
        train_end="2023-07-10",
        target_column=target,
        target_candidates=(
            TargetCandidate(column=target, score=0.9, evidence="named revenue"),
            TargetCandidate(column="orders", score=0.4, evidence="a count."),
        ),
        channels=tuple(
            profiles.channel(
                column,
                channel_type=kind,
                measure="spend" if share is not None else "grp",
                share_of_spend=share,
                zero_share=0.105,
                confidence=0.4 if kind == "ooh" else 0.95,
                evidence=f"name holds '{kind}'",
            )
            for column, kind, share in channels
        ),
        controls=(
            profiles.control("price_index", kind="price"),
            profiles.control("promo", kind="promotion"),
        ),
        ignored=(profiles.ignored("row_id", "a running number."),),
        warnings=found if warnings else (),
    )


def spec(iteration: int, *, order: int = 2, changes=()) -> ModelSpec:
    unit = Normal(mu=0.0, sigma=0.3)
    return ModelSpec(
        iteration=iteration,
        model_type="v3",
        prior_preset="default",
        frequency="weekly",
        adstock="geometric_grid",
        saturation="hill",
        intercept=Normal(mu=1.0, sigma=0.5),
        channels=tuple(
            Channel(
                column=column,
                channel_type=kind,
                adstock=Adstock(alpha=Beta(alpha=3.0, beta=3.0)),
                saturation=Saturation(half_saturation=LogNormal(mu=0.0, sigma=0.7)),
                coefficient=HalfNormal(sigma=0.1),
            )
            for column, kind, _ in CHANNELS
        ),
        trend=Trend(kind="linear", slope=unit),
        seasonality=Seasonality(order=order, period=365.25 / 7, coefficient=unit),
        controls=(Control(column="price_index", coefficient=unit),),
        likelihood=Likelihood(kind="normal", sigma=HalfNormal(sigma=0.3)),
        sampler=Sampler(chains=4, draws=1000, tune=1000, target_accept=0.9, seed=7),
        changes=tuple(changes),
    )


def summary(*, rhat=1.0041, ess=1834.2, divergences=0, r2=0.6213, thresholds=None, outlier=3.1) -> TrainingSummary:
    limits = thresholds or ConvergenceThresholds()

    def check(code, value, limit, met, subject=None, otherwise="fail"):
        if value is None:
            return Check(code=code, status="unassessed", value=None, limit=limit, reason="sample_stats are absent")
        status = "pass" if met(value) else otherwise
        return Check(code=code, status=status, value=float(value), limit=float(limit), subject=subject)

    above = limits.r2_above
    checks = (
        check("worst_rhat", rhat, limits.rhat_max, lambda v: v <= limits.rhat_max, "adstock_alpha[tv_spend]"),
        check("min_ess", ess, limits.ess_min, lambda v: v >= limits.ess_min, "half_saturation[display]"),
        check("divergences", divergences, limits.divergences_max, lambda v: v <= limits.divergences_max),
        check("r2_low", r2, limits.r2_min, lambda v: v >= limits.r2_min),
        check("r2_high", r2, limits.r2_max, lambda v: v <= limits.r2_max, otherwise=above),
        check("residual_outlier", outlier, 4.0, lambda v: v <= 4.0, "2022-11-21", "review"),
        check("residual_autocorrelation", 0.213, 0.4, lambda v: v <= 0.4, "lag 1", "review"),
    )
    return TrainingSummary(
        worst_rhat=rhat,
        min_ess=ess,
        divergences=divergences,
        r2=r2,
        mape=8.264,
        wmape=8.011,
        n_train=132,
        thresholds=limits,
        checks=checks,
        passed=not any(c.status in ("fail", "unassessed") for c in checks),
        training_seconds=12.34,
        sampling_seconds=3.21,
    )


def validation(trained: TrainingSummary, *, r2=0.5071, mape: float | None = 9.44, thresholds=None) -> OosValidation:
    limits = thresholds or OosThresholds()
    window = {"n_train": 132, "n_test": 34, "test_start": "2023-07-17", "test_end": "2024-03-04", "thresholds": limits}
    if not trained.passed:
        failed = ", ".join(c.code for c in trained.checks if c.status in ("fail", "unassessed"))
        reason = f"the diagnostics gate failed ({failed}); the held-out periods were not opened"
        return OosValidation(evaluated=False, passed=False, reason=reason, **window)
    index = trained.r2 - r2
    error = 9.9 if mape is None else mape
    checks = (
        Check(code="oos_r2", status="pass" if r2 >= limits.oos_r2_min else "fail", value=r2, limit=limits.oos_r2_min),
        Check(
            code="oos_mape",
            status="pass" if error <= limits.oos_mape_max else "fail",
            value=error,
            limit=limits.oos_mape_max,
            reason="the KPI has zeros, so that MAPE is undefined: wMAPE in its place" if mape is None else None,
        ),
        Check(
            code="overfitting_index",
            status="pass" if index <= limits.overfitting_max else "fail",
            value=index,
            limit=limits.overfitting_max,
        ),
    )
    return OosValidation(
        evaluated=True,
        passed=all(c.status == "pass" for c in checks),
        oos_r2=r2,
        oos_mape=mape,
        oos_rmse=91234.56,
        train_r2=trained.r2,
        overfitting_index=index,
        coverage_80=0.765,
        crps=54.321,
        wmape=9.9,
        checks=checks,
        **window,
    )


def decision(n: int, trained: TrainingSummary, opened: OosValidation, *, action=None, remedy="raise-season", **more):
    """Return a decision: stop with success if both gates passed, else the remedy with one change."""
    observed = [
        Observation(figure=c.code, value=c.value, limit=c.limit, verdict=c.status, source=f"artifacts_iter_{n}/{file}")
        for file, gate in (("metrics/summary.json", trained), ("oos_validation.json", opened))
        for c in gate.checks
    ]
    if action is None:
        action = "stop" if opened.passed else "revise"
    revise = action == "revise"
    change = Change(
        key="seasonality.order",
        old=n + 1,
        new=n + 2,
        reason="residuals follow the calendar",
        predicted_effect="r2 0.48 → 0.58: R² rises by a tenth.",
    )
    values = {
        "iteration": n,
        "observed": tuple(observed),
        "diagnosis": Diagnosis(
            hypothesis="The season has too few terms." if revise else "Nothing is left to explain.",
            evidence_for=("autocorrelation at lag 52 is 0.44",) if revise else (),
            evidence_against=("two years may be one season too few",) if revise else (),
        ),
        "action": action,
        "status": "full_success" if opened.passed and not revise else None,
        "stop_reason": None if revise else "both gates passed" if opened.passed else "no remedy left",
        "remedy": remedy if revise else None,
        "predicted_figure": "r2" if revise else None,
        "predicted_value": trained.r2 + 0.1 if revise and trained.r2 is not None else None,
        "changes": (change,) if revise else (),
    }
    return Decision(**{**values, **more})


def series(start: str, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    predicted = 1e6 + 1e5 * np.sin(np.arange(n) / 8)
    return pd.DataFrame(
        {
            "date": pd.date_range(start, periods=n, freq="W-MON"),
            "actual": predicted + 8e4 * rng.normal(size=n),
            "predicted": predicted,
            "lower_80": predicted - 1e5,
            "upper_80": predicted + 1e5,
        }
    )
