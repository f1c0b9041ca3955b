"""The policy: one entry per remedy. Remedies look at training rows only; the held-out figures never reach them.

A remedy proposes changes of keys, or nothing where its precondition doesn't hold; `deciding` scores what is
proposed and chooses.
"""

from collections.abc import Callable
from typing import NamedTuple

from . import proposals
from .situation import Edit, Situation


class Remedy(NamedTuple):
    """One way to change a model.

    answers : codes of the checks it is meant for
    hypothesis, expects : why, and what it should do, for people
    laws : for remedies of the sampler, by check, what becomes of its figure; those of the model are screened
    """

    name: str
    answers: tuple[str, ...]
    propose: Callable[[Situation], list[Edit]]
    hypothesis: str
    expects: str
    laws: dict[str, Callable[[float], float]] = {}


REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "raise_target_accept",
        ("divergences",),
        proposals.raise_target_accept,
        "the step size is too long for the most curved part of the posterior",
        "smaller steps leave no divergent transitions",
        {"divergences": lambda divergences: 0.0},
    ),
    Remedy(
        "lengthen_chains",
        ("worst_rhat", "min_ess"),
        proposals.lengthen_chains,
        "the chains are too short to have mixed",
        "twice the draws double the effective sample size and halve R-hat's distance from 1",
        {"min_ess": lambda ess: 2.0 * ess, "worst_rhat": lambda rhat: 1.0 + (rhat - 1.0) / 2.0},
    ),
    Remedy(
        "more_season",
        ("r2_low", "residual_autocorrelation"),
        proposals.more_season,
        "the yearly season is sharper than the Fourier pairs in the model can follow",
        "further Fourier pairs explain what recurs every year",
    ),
    Remedy(
        "weekly_season",
        ("r2_low", "residual_autocorrelation"),
        proposals.to_weekly_season,
        "the days of the week differ",
        "Fourier pairs of the week explain what recurs every week",
    ),
    Remedy(
        "model_outliers",
        ("r2_low", "residual_outlier"),
        proposals.model_outliers,
        "single periods deviate for reasons of their own and bend the rest of the fit",
        "an effect of their own takes these periods out of the other estimates",
    ),
    Remedy(
        "heavy_tails",
        ("residual_outlier",),
        proposals.heavy_tails,
        "the noise has heavier tails than a normal distribution",
        "with Student-t noise outlying periods pull less on the estimates",
    ),
    Remedy(
        "log_scale",
        ("residual_spread",),
        proposals.log_scale,
        "the noise grows with the level of the KPI",
        "with noise on the log scale periods of a high level pull less on the estimates",
    ),
    Remedy(
        "add_trend",
        ("r2_low", "residual_autocorrelation"),
        proposals.more_flexible_trend("linear"),
        "the KPI drifts over the training window",
        "a linear trend explains the drift",
    ),
    Remedy(
        "damped_trend",
        ("r2_low", "residual_autocorrelation"),
        proposals.more_flexible_trend("damped"),
        "the KPI drifts, and slower in the end than in the beginning",
        "a trend that flattens out explains the drift and carries less of it into the future",
    ),
    Remedy(
        "local_trend",
        ("r2_low", "residual_autocorrelation"),
        proposals.more_flexible_trend("local_linear"),
        "the level of the KPI wanders",
        "a random walk beside the line follows the level as it goes",
    ),
    Remedy(
        "widen_media",
        ("r2_low",),
        proposals.scale_media(2.0),
        "the priors keep media effects smaller than the data would have them",
        "priors twice as wide let media explain more",
    ),
    Remedy(
        "drop_weak_controls",
        ("r2_high",),
        proposals.drop_weak_controls,
        "controls and events without an effect follow the noise",
        "without them the fit loses only what was noise",
    ),
    Remedy(
        "less_season",
        ("r2_high",),
        proposals.less_season,
        "the season has more Fourier pairs than the years of data can tell from noise",
        "a smoother season follows less of the noise",
    ),
    Remedy(
        "tighten_media",
        ("r2_high",),
        proposals.scale_media(0.5),
        "media take up variation that isn't theirs",
        "priors half as wide leave less room for it",
    ),
    Remedy(
        "drop_trend",
        ("r2_high",),
        proposals.stiffer_trend,
        "the trend follows the training window by chance and carries it into the future",
        "a stiffer trend, or none, keeps more of the training window's level",
    ),
)
