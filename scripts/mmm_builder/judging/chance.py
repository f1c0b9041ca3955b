"""How often chance alone passes the out-of-sample gate: by simulation, as many looks as were taken.

The figure answers: had every model that was opened a true out-of-sample R² of only ρ (`doubtful_r2`), what is the
probability that at least one of these looks would have passed all three gates all the same?

Per held-out row t, in units of the KPI's standard deviation about its level (both of the training rows):

    y_t            the KPI, standard normal
    ŷ_kt = ρ y_t + √(ρ (1 − ρ)) u_kt     what look k predicted; u_k standard normal, independent of y

so that ŷ_k is calibrated: Var(ŷ_k) = Cov(y, ŷ_k) = ρ, that is y = ŷ_k + e_k with e_k independent of ŷ_k and
Var(e_k) = 1 − ρ: R² = ρ in a window without end. (Where ρ ≤ 0 no calibrated forecast is that bad: ŷ_k = √−ρ u_k.)

The looks are at one holdout and so share y; beyond that they are as like as their predictions are. With c_jk the
correlation of what looks j and k predicted for the held-out rows,

    Corr(ŷ_j, ŷ_k) = ρ + (1 − ρ) Corr(u_j, u_k),   hence   Corr(u_j, u_k) = (max(c_jk, ρ) − ρ) / (1 − ρ),

made positive semi-definite by dropping negative eigenvalues: two looks at one and the same prediction count as one,
two that agree in nothing but what both know of the KPI count as two. Looks whose predictions aren't on record, or are
of other rows, agree with none.

y and every u_k are autoregressive, x_t = φ x_{t−1} + √(1 − φ²) ε_t, with φ the lag-1 autocorrelation of the training
residuals; so then is every e_k. Each window is judged as the gate does: R²_k = 1 − Σ e²/Σ (y − ȳ)² about the window's
own mean against `oos_r2_min`; MAPE_k with level and standard deviation of the training KPI against `oos_mape_max`
(wMAPE where that KPI has zeros); and the look's own training R² less R²_k against `overfitting_max`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from ..verdicts import OosThresholds

WINDOWS = 20_000
"""Windows simulated, so that a probability of 5 % has a standard error of 0.15 percentage points."""

LEAST_WINDOWS = 2_000

NUMBERS = 8_000_000
"""Numbers (window · series · row) to draw at most, which bounds the time; longer holdouts get fewer windows."""

MOST_CORRELATED = 0.95
"""Autocorrelation taken at most: a walk without end has no R²."""

NEGLIGIBLE = 1e-9


class Tried(NamedTuple):
    """What the looks were: training R² of each (look,), and the correlation of their predictions (look, look)."""

    train_r2: np.ndarray
    correlation: np.ndarray


class Series(NamedTuple):
    """The held-out rows as chance has them: how many, and the KPI's level, spread and autocorrelation.

    level, sd : mean and standard deviation of the training KPI; has_zeros : whether it has zeros, so that wMAPE counts
    """

    n_test: int
    level: float
    sd: float
    autocorrelation: float
    has_zeros: bool


def tried(train_r2: Sequence[float | None], predicted: Sequence[tuple[float, ...]], lowest_r2: float) -> Tried:
    """Return what was tried: per look its training R², and what it predicted of the held-out rows, empty if unknown.

    lowest_r2 : that a model must have to be opened, for a look whose own isn't on record
    """
    correlation = np.eye(len(predicted))
    for j, one in enumerate(predicted):
        for k, other in enumerate(predicted[:j]):
            correlation[j, k] = correlation[k, j] = _likeness(one, other)
    return Tried(np.array([lowest_r2 if fit is None else fit for fit in train_r2]), correlation)


def chance_pass_probability(
    looks: Tried, series: Series, doubtful_r2: float, limits: OosThresholds, seed: int
) -> float | None:
    """Return the probability that at least one look passes all gates although each has a true R² of `doubtful_r2`.

    None where fewer than two rows are held out, of which there is no R².
    """
    if series.n_test < 2:
        return None
    rng = np.random.default_rng(seed)
    mixing = _mixing(looks.correlation, doubtful_r2)
    windows = int(np.clip(NUMBERS / (series.n_test * (sum(mixing.shape) + 1)), LEAST_WINDOWS, WINDOWS))
    step = max(1, int(NUMBERS / 8 / (series.n_test * (sum(mixing.shape) + 1))))
    passed = 0
    for start in range(0, windows, step):
        drawn = _autoregressive(rng, min(step, windows - start), 1 + mixing.shape[1], series)
        passed += int(_passes(drawn[:, :1], mixing @ drawn[:, 1:], looks, series, doubtful_r2, limits).sum())
    return passed / windows


def _passes(
    y: np.ndarray, u: np.ndarray, looks: Tried, series: Series, doubtful_r2: float, limits: OosThresholds
) -> np.ndarray:
    """Return for each window whether any look passes; y (window, 1, row), u (window, look, row)."""
    r2_true = doubtful_r2
    known, rest = (r2_true, np.sqrt(r2_true * (1 - r2_true))) if r2_true > 0 else (0.0, np.sqrt(-r2_true))
    error = (1.0 - known) * y - rest * u
    r2 = 1.0 - (error**2).sum(axis=-1) / ((y - y.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    kpi, missed = np.abs(series.level + series.sd * y), series.sd * np.abs(error)
    share = missed.sum(axis=-1) / kpi.sum(axis=-1) if series.has_zeros else (missed / kpi).mean(axis=-1)
    is_near, is_close = r2 >= limits.oos_r2_min, 100.0 * share <= limits.oos_mape_max
    return (is_near & is_close & (looks.train_r2 - r2 <= limits.overfitting_max)).any(axis=-1)


def _autoregressive(rng: np.random.Generator, windows: int, n: int, series: Series) -> np.ndarray:
    """Return n independent stationary AR(1) series of unit variance per window (window, n, row)."""
    phi = float(np.clip(series.autocorrelation, 0.0, MOST_CORRELATED))
    noise = rng.standard_normal((windows, n, series.n_test))
    noise[..., 1:] *= np.sqrt(1.0 - phi**2)
    return lfilter([1.0], [1.0, -phi], noise, axis=-1)


def _mixing(correlation: np.ndarray, doubtful_r2: float) -> np.ndarray:
    """Return the matrix (look, factor) that makes the looks' u of independent factors."""
    known = max(doubtful_r2, 0.0)
    beyond = (np.maximum(correlation, known) - known) / (1.0 - known)
    values, vectors = np.linalg.eigh(beyond)
    kept = values > NEGLIGIBLE * values.max()
    mixing = vectors[:, kept] * np.sqrt(values[kept])
    return mixing / np.linalg.norm(mixing, axis=1, keepdims=True)


def _likeness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the correlation of two looks' predictions; 0 where they are of other rows, 1 where neither varies."""
    if len(one) != len(other) or len(one) < 2:
        return 0.0
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float(np.ptp(one) == np.ptp(other))
    return float(np.corrcoef(one, other)[0, 1])
