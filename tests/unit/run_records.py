"""Synthetic records as the stages write them."""

import numpy as np
import pandas as pd

import profiles
from mmm_builder.candidates import Candidate, Candidates
from mmm_builder.data_profile import TargetCandidate, warn
from mmm_builder.distributions import Beta, HalfNormal, LogNormal, Normal
from mmm_builder.evidence import FoldScore, MediaAdds, Scores, Twins, TwinScores
from mmm_builder.policy.words import say, sentences
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
    FoldEvidence,
    Observation,
    OosThresholds,
    OosValidation,
    Outcome,
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
            profiles.control("rival_sales", kind="competitor", known_ahead=False),
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


def scores(r2: float | None, mape: float | None, crps: float | None) -> dict:
    shares = {"bias_share": 0.1, "variance_share": 0.2, "shape_share": 0.7}
    return {"r2": r2, "mape": mape, "wmape": 8.5, "crps": crps, "coverage_80": 0.8125, **shares}


def media_adds(gain: float | None = 0.0412, *, verdict: str = "yes", rows: str = "folds") -> MediaAdds:
    ends = dict.fromkeys(("lower_80", "upper_80"))
    if gain is not None:
        ends = {"lower_80": gain - 0.031, "upper_80": gain + 0.031}
    reason = "9 forecasts are too few to tell; at least 12 are needed" if gain is None else None
    return MediaAdds(verdict=verdict, crps_gain=gain, gain_min=0.02, rows=rows, n_rows=78, reason=reason, **ends)


def twins(crps: float) -> Twins:
    return Twins(
        media_free=TwinScores(oos_r2=0.4017, oos_mape=10.31, crps=1.043 * crps),
        seasonal_naive=TwinScores(oos_r2=-0.213, oos_mape=15.02, crps=1.6 * crps),
    )


def folds(*, r2=0.4663, mape=9.87, crps=51234.5, overfitting=0.1502, adds=None, thresholds=None) -> FoldEvidence:
    """Return the evidence of three folds; without `crps`, of none."""
    limits = thresholds or OosThresholds()
    if crps is None:
        reason = "30 training rows are too few for rolling folds"
        codes = (("fold_r2", limits.oos_r2_min), ("fold_mape", limits.oos_mape_max), ("fold_overfitting", 0.25))
        checks = tuple(Check(code=c, status="unassessed", value=None, limit=m, reason=reason) for c, m in codes)
        nothing = dict.fromkeys(("pooled", "train_r2", "overfitting_index", "twins", "media_adds"))
        return FoldEvidence(
            folds=(), **nothing, media_adds_known_ahead=None, unknown_ahead=(), thresholds=limits, checks=checks,
            passed=False, reason=reason,
        )  # fmt: skip
    met = (
        ("fold_r2", r2, limits.oos_r2_min, r2 >= limits.oos_r2_min),
        ("fold_mape", mape, limits.oos_mape_max, mape <= limits.oos_mape_max),
        ("fold_overfitting", overfitting, limits.overfitting_max, overfitting <= limits.overfitting_max),
    )
    checks = tuple(Check(code=c, status="pass" if ok else "fail", value=v, limit=m) for c, v, m, ok in met)
    checks += (Check(code="fold_sampling", status="pass", value=1.006, limit=1.05, subject="fold 3"),)
    ends = (("2022-06-27", "2022-10-31"), ("2022-10-31", "2023-03-06"), ("2023-03-06", "2023-07-10"))
    adds = adds or media_adds()
    return FoldEvidence(
        folds=tuple(
            FoldScore(
                **scores(r2 + 0.05 * (k - 2), mape + k, crps * (0.9 + 0.05 * k)),
                number=k,
                train_end=start,
                test_end=end,
                n_train=72 + 18 * k,
                n_test=18,
                train_r2=0.61,
                divergences=0,
                draws=4000,
                worst_rhat=1.0021 + 0.0013 * k,
            )
            for k, (start, end) in enumerate(ends, start=1)
        ),
        pooled=Scores(**scores(r2, mape, crps)),
        train_r2=r2 + overfitting,
        overfitting_index=overfitting,
        twins=twins(crps),
        media_adds=adds,
        media_adds_known_ahead=media_adds(0.0119, verdict="unclear"),
        unknown_ahead=("rival_sales",),
        thresholds=limits,
        checks=checks,
        passed=all(c.status == "pass" for c in checks),
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
        check("prior_contraction", 0.3612, 0.1, lambda v: v >= 0.1, "tv_spend", "review"),
        check("prior_contraction", -0.0312, 0.1, lambda v: v >= 0.1, "display", "review"),
        Check(
            code="contribution_share",
            status="review",
            value=6.214,
            limit=5.0,
            subject="display",
            reason="62 % of media's contribution with 10 % of spend",
        ),
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


def validation(
    trained: TrainingSummary, found: FoldEvidence, *, r2=0.5071, mape: float | None = 9.44, looks=1, thresholds=None,
    adds=None, opens=True, closed=say("closed.promise", remedy="more_season", label="4 → 6", gain="+3.1 %"),
) -> OosValidation:  # fmt: skip
    limits = thresholds or OosThresholds()
    window = {"n_train": 132, "n_test": 34, "test_start": "2023-07-17", "test_end": "2024-03-04", "thresholds": limits}
    if not trained.passed or not opens:
        reason = closed if trained.passed else say("closed.diagnostics")
        return OosValidation(evaluated=False, passed=False, reason=reason, holdout_looks=looks - 1, **window)
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
        crps=54321.5,
        wmape=9.9,
        checks=checks,
        oos_r2_interval=(r2 - 0.213, r2 + 0.118),
        oos_mape_interval=None if mape is None else (mape - 1.97, mape + 2.48),
        chance_pass_probability=0.0521 * looks,
        doubtful_r2=0.2,
        holdout_looks=looks,
        folds=found.folds,
        twins=twins(54321.5),
        media_adds=adds or (found.media_adds and media_adds(0.0407, rows="folds and holdout")),
        media_adds_known_ahead=found.media_adds_known_ahead and media_adds(-0.0112, verdict="no"),
        media_adds_holdout=media_adds(0.0309, verdict="unclear", rows="holdout"),
        **window,
    )


def decision(
    n: int, trained: TrainingSummary, found: FoldEvidence, opened: OosValidation, *, action=None, remedy="more_season",
    **more,
) -> Decision:  # fmt: skip
    """Return a decision: stop with success if both gates passed, else the remedy with one change."""
    gates = (("metrics/summary.json", trained), ("metrics/folds.json", found), ("oos_validation.json", opened))
    observed = [
        Observation(
            figure=c.code,
            subject=c.subject,
            value=c.value,
            limit=c.limit,
            verdict=c.status,
            source=f"artifacts_iter_{n}/{file}",
        )
        for file, gate in gates
        for c in gate.checks
    ]
    if action is None:
        action = "stop" if opened.passed else "revise"
    revise = action == "revise"
    predicted = trained.r2 + 0.1 if revise and trained.r2 is not None else None
    key = f"remedy.{remedy}" if f"remedy.{remedy}.expects" in SENTENCES else "remedy.more_season"
    expects = say(f"{key}.expects")
    change = Change(
        key="seasonality.order", old=n + 1, new=n + 2, reason=say(f"{key}.hypothesis"),
        predicted_effect=say("decision.predicted", figure="r2", now="0.48", predicted="0.58", expects=expects),
    )  # fmt: skip
    stop = say("stop.success") if opened.passed else say("stop.none_left")
    hypothesis = say(f"{key}.hypothesis") if revise else say("decision.open", checks="r2_low")
    pro = (say("for.answers", code="r2_low", status="fail"), say("for.gain", gain="+3.1 %", base=n))
    runner_up = {"remedy": "add_trend", "label": "trend.kind none → linear", "gain": "+1.2 %", "figure": "r2"}
    con = (say("against.runner_up", now="0.48", predicted="0.51", **runner_up),)
    values = {
        "iteration": n,
        "observed": tuple(observed),
        "diagnosis": Diagnosis(
            hypothesis=say("decision.holds") if opened.passed else hypothesis,
            evidence_for=pro if revise else (),
            evidence_against=con if revise else (),
        ),
        "action": action,
        "status": "full_success" if opened.passed and not revise else None,
        "stop_reason": None if revise else stop,
        "remedy": remedy if revise else None,
        "predicted_figure": "r2" if revise else None,
        "predicted_value": predicted,
        "changes": (change,) if revise else (),
        "base": n if revise else None,
    }
    return Decision(**{**values, **more})


SENTENCES = sentences()


def candidates(iterations: list, n: int) -> Candidates:
    """Return what was screened after iteration n of (summary, folds, validation, decision) each, with its ledger."""
    trained, _, opened, decided = iterations[n - 1]
    follows = None if decided.remedy is None else _candidate(n, trained, decided)
    label = "trend.kind none → linear"
    others = tuple(
        Candidate(
            remedy=remedy,
            label=f"{label} ({k})",
            base=n,
            changes=decided.changes,
            figure="fold_crps",
            now=50000.0,
            predicted=49500.0 + k,
            crps_gain=0.012 - 0.01 * k,
            cost="compilation",
            excluded=excluded,
        )
        for k, (remedy, excluded) in enumerate(OTHERS)
    )
    reason = say("opens.folds") if opened.evaluated else opened.reason or say("closed.diagnostics")
    ledger = tuple(_outcome(iterations, k) for k in range(1, n) if iterations[k - 1][3].remedy)
    return Candidates(
        iteration=n,
        incumbent=n,
        screened=(*([follows] if follows else []), *others),
        next=follows,
        opens=opened.evaluated,
        opening_reason=reason,
        stop_reason=None if follows else say("stop.none_left"),
        ledger=ledger,
    )


OTHERS = (
    ("add_trend", None),
    ("heavy_tails", say("excluded.no_promise", least="1 %")),
    ("log_scale", say("excluded.hurts", most="1 %")),
    ("less_season", say("excluded.tried")),
    ("widen_media", say("excluded.refuted")),
    ("tighten_media", say("excluded.no_answer")),
)
"""Remedies beside the one that follows, and why they don't."""


def _candidate(n: int, trained: TrainingSummary, decided: Decision) -> Candidate:
    return Candidate(
        remedy=decided.remedy, label=f"seasonality.order {n + 1} → {n + 2}", base=n, changes=decided.changes,
        figure=decided.predicted_figure or "r2", now=_figure(trained, decided), predicted=decided.predicted_value,
        crps_gain=0.0311, cost="compilation",
    )  # fmt: skip


def _figure(trained: TrainingSummary, decided: Decision) -> float | None:
    value = getattr(trained, decided.predicted_figure or "r2")
    return None if value is None else float(value)


def _outcome(iterations: list, k: int) -> Outcome:
    """Return what the change decided at iteration k came to; a refuted one was taken back."""
    trained, _, _, decided = iterations[k - 1]
    before, predicted, after = _figure(trained, decided), decided.predicted_value, _figure(iterations[k][0], decided)
    hypothesis = "untested"
    if None not in (before, predicted, after) and before != predicted:
        hypothesis = "survived" if (after - before) / (predicted - before) >= 0.5 else "refuted"
    return Outcome(
        iteration=k, remedy=decided.remedy, label=f"seasonality.order {k + 1} → {k + 2}",
        figure=decided.predicted_figure or "r2", before=before, predicted=predicted, after=after,
        hypothesis=hypothesis, reverted=hypothesis == "refuted",
    )  # fmt: skip


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
