"""The policy: one entry per remedy. Remedies look at training rows and folds only; the holdout never reaches them.

A remedy proposes several options, or nothing where its precondition doesn't hold (in its proposer); `choosing` screens
them on the folds and chooses. Its hypothesis and what it should do are in `data/policy_en.yaml`, by its name.
"""

from collections.abc import Callable
from typing import NamedTuple

from . import level_shifts, proposals
from . import media_proposals as media
from .situation import Proposer
from .words import say


class Remedy(NamedTuple):
    """One way to change a model.

    answers : codes of the checks it is meant for
    cost : key of what it costs to try: `same_model` (as long as this one took), `compilation`, `longer_chains`
    laws : for remedies of the sampler, by check, what becomes of its figure; those of the model are screened
    last_resort : whether it is tried only where no other is left
    """

    name: str
    answers: tuple[str, ...]
    propose: Proposer
    cost: str
    laws: dict[str, Callable[[float], float]] = {}
    last_resort: bool = False

    @property
    def hypothesis(self) -> str:
        """Why, for people."""
        return say(f"remedy.{self.name}.hypothesis")

    @property
    def expects(self) -> str:
        """What it should do, for people."""
        return say(f"remedy.{self.name}.expects")


FIT = ("r2_low", "fold_r2", "fold_mape")
"""Checks of what a model misses."""

EXCESS = ("r2_high", "fold_overfitting", "fold_r2", "fold_mape")
"""Checks of what a model follows that isn't there."""

WANDERING = ("r2_low", "residual_autocorrelation", "trend_break", "fold_r2", "fold_mape")
"""Checks of a level that moves in another way than the trend has it."""

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "raise_target_accept", ("divergences",), proposals.raise_target_accept, "longer_chains",
        {"divergences": lambda divergences: 0.0},
    ),
    Remedy(
        "lengthen_tune", ("worst_rhat", "divergences"), proposals.lengthen_tune, "longer_chains",
        {"worst_rhat": lambda rhat: 1.0 + (rhat - 1.0) / 2.0, "divergences": lambda divergences: divergences / 2.0},
    ),
    Remedy(
        "lengthen_chains", ("worst_rhat", "min_ess"), proposals.lengthen_chains, "longer_chains",
        {"min_ess": lambda ess: 2.0 * ess, "worst_rhat": lambda rhat: 1.0 + (rhat - 1.0) / 2.0},
    ),
    Remedy(
        "calmer_priors", ("divergences", "worst_rhat"), proposals.calmer_priors, "same_model",
        {"divergences": lambda divergences: 0.0, "worst_rhat": lambda rhat: 1.0 + (rhat - 1.0) / 2.0},
    ),
    Remedy("more_season", (*FIT, "residual_season_autocorrelation", "residual_autocorrelation"),
           proposals.more_season, "compilation"),
    Remedy("less_season", EXCESS, proposals.less_season, "compilation"),
    Remedy("weekly_season", (*FIT, "residual_autocorrelation"), proposals.to_weekly_season, "compilation"),
    Remedy("drop_weak_events", EXCESS, proposals.drop_weak_events, "compilation"),
    Remedy("add_trend", WANDERING, proposals.more_flexible_trend("linear"), "compilation"),
    Remedy("damped_trend", WANDERING, proposals.more_flexible_trend("damped"), "compilation"),
    Remedy("local_trend", WANDERING, proposals.more_flexible_trend("local_linear"), "compilation"),
    Remedy("drop_trend", (*EXCESS, "negative_baseline"), proposals.stiffer_trend, "compilation"),
    Remedy("trend_slope", (*WANDERING, "negative_baseline"), proposals.trend_slope, "same_model"),
    Remedy("level_shift", WANDERING, level_shifts.level_shift, "compilation"),
    Remedy("model_outliers", (*FIT, "residual_outlier"), proposals.model_outliers, "compilation"),
    Remedy("heavy_tails", ("residual_outlier", "fold_r2", "fold_mape"), proposals.heavy_tails, "compilation"),
    Remedy("log_scale", ("residual_spread", "fold_r2", "fold_mape"), proposals.log_scale, "compilation"),
    Remedy("normal_noise", ("fold_r2", "fold_mape", "r2_low"), proposals.normal_noise, "compilation"),
    Remedy("drop_weak_controls", (*EXCESS, "collinearity"), proposals.drop_weak_controls, "compilation"),
    Remedy("widen_media", FIT, media.scale_media(2.0), "same_model"),
    Remedy("tighten_media", (*EXCESS, "negative_baseline", "contribution_share"), media.scale_media(0.5), "same_model"),
    Remedy("adstock_priors", (*FIT, "residual_autocorrelation"), media.adstock_priors, "same_model"),
    Remedy("half_saturation_priors", (*FIT, "contribution_share"), media.half_saturation_priors, "same_model"),
    Remedy("saturation_curve", FIT, media.saturation_curve, "compilation"),
    Remedy("other_adstock", (*FIT, "residual_autocorrelation"), media.other_adstock, "compilation"),
    Remedy("pool_channels", ("collinearity", "prior_contraction", "fold_overfitting"), media.pool_channels,
           "compilation"),
    Remedy("simple_media", (*EXCESS, "collinearity"), media.simple_media, "compilation", last_resort=True),
)  # fmt: skip
