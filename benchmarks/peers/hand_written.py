"""Times one log-density with its gradient, written by hand as one flat loop: the floor that sampling is held against.

    python benchmarks/peers/hand_written.py ROWS CHANNELS TERMS     says {"microseconds": …}

    μ_t = Σ_k γ_k Z_tk + Σ_c β_c A_ct / (λ_c + A_ct),  A_ct = x_ct + α_c A_c,t−1,  y_t ~ Normal(μ_t, σ)
    α_c ~ Beta, λ_c ~ LogNormal, β_c ~ HalfNormal, γ_k ~ Normal, σ ~ HalfNormal

over unconstrained coordinates (logit α, log λ, log β, γ, log σ): the model `v3` without its grid and projection.
"""

import json
import math
import sys
import time

import numba
import numpy as np

BETA_PRIOR = (3.0, 3.0)
LOG_LAMBDA_SD = 0.7
COEFFICIENT_SD = 0.2
LINEAR_SD = 0.5
NOISE_SD = 0.5
CALLS = 20_000


@numba.njit(fastmath=True)
def log_density(at, gradient, y, spend, linear, adstocked, residual):
    """Return the log-density up to a constant, and write its gradient.

    at, gradient : (3·channel + term + 1,); y : (row,); spend : (channel, row); linear : (term, row)
    adstocked (channel, row) and residual (row,) are working memory
    """
    channels, rows = spend.shape
    terms = linear.shape[0]
    log_sigma = at[3 * channels + terms]
    sigma = math.exp(log_sigma)
    residual[:] = y
    for k in range(terms):
        coefficient = at[3 * channels + k]
        for t in range(rows):
            residual[t] -= coefficient * linear[k, t]
    for c in range(channels):
        alpha = 1.0 / (1.0 + math.exp(-at[c]))
        half = math.exp(at[channels + c])
        coefficient = math.exp(at[2 * channels + c])
        carried = 0.0
        for t in range(rows):
            carried = spend[c, t] + alpha * carried
            adstocked[c, t] = carried
            residual[t] -= coefficient * carried / (half + carried)
    squares = 0.0
    for t in range(rows):
        squares += residual[t] * residual[t]
        residual[t] /= sigma * sigma
    value = -rows * log_sigma - 0.5 * squares / sigma**2
    value += -0.5 * (sigma / NOISE_SD) ** 2 + log_sigma
    gradient[3 * channels + terms] = -rows + squares / sigma**2 - (sigma / NOISE_SD) ** 2 + 1.0
    for k in range(terms):
        coefficient = at[3 * channels + k]
        slope = 0.0
        for t in range(rows):
            slope += residual[t] * linear[k, t]
        value -= 0.5 * (coefficient / LINEAR_SD) ** 2
        gradient[3 * channels + k] = slope - coefficient / LINEAR_SD**2
    for c in range(channels):
        alpha = 1.0 / (1.0 + math.exp(-at[c]))
        log_half = at[channels + c]
        half = math.exp(log_half)
        coefficient = math.exp(at[2 * channels + c])
        by_alpha, by_half, by_coefficient, behind = 0.0, 0.0, 0.0, 0.0
        for t in range(rows - 1, -1, -1):  # the adjoint of the recursion runs backwards
            carried = adstocked[c, t]
            below = 1.0 / (half + carried)
            by_coefficient += residual[t] * carried * below
            pull = residual[t] * coefficient * below * below
            by_half -= pull * carried
            behind = pull * half + alpha * behind
            if t > 0:
                by_alpha += behind * adstocked[c, t - 1]
        a, b = BETA_PRIOR
        value += a * math.log(alpha) + b * math.log(1.0 - alpha)
        value += -0.5 * (log_half / LOG_LAMBDA_SD) ** 2
        value += -0.5 * (coefficient / COEFFICIENT_SD) ** 2 + math.log(coefficient)
        gradient[c] = by_alpha * alpha * (1.0 - alpha) + a * (1.0 - alpha) - b * alpha
        gradient[channels + c] = by_half * half - log_half / LOG_LAMBDA_SD**2
        gradient[2 * channels + c] = by_coefficient * coefficient - (coefficient / COEFFICIENT_SD) ** 2 + 1.0
    return value


@numba.njit
def repeat(calls, at, gradient, y, spend, linear, adstocked, residual):
    """Evaluate many times, each elsewhere, so that nothing can be left out."""
    total = 0.0
    for _ in range(calls):
        at[0] += 1e-7
        total += log_density(at, gradient, y, spend, linear, adstocked, residual)
    return total


def problem(rows: int, channels: int, terms: int) -> tuple[np.ndarray, ...]:
    """Return the arguments of `log_density` for made-up data of a size."""
    rng = np.random.default_rng(1)
    spend, linear = rng.lognormal(0.0, 0.5, (channels, rows)), rng.normal(size=(terms, rows))
    y = 1.0 + rng.normal(0.0, 0.1, rows)
    at = np.concatenate([np.zeros(2 * channels), np.full(channels, -2.0), rng.normal(0.0, 0.1, terms), [-2.0]])
    return at, np.empty_like(at), y, spend, linear, np.empty_like(spend), np.empty_like(y)


def microseconds(rows: int, channels: int, terms: int) -> float:
    """Return the time of one evaluation, the best of five series."""
    arguments = problem(rows, channels, terms)
    repeat(1, *arguments)
    series = []
    for _ in range(5):
        start = time.perf_counter()
        repeat(CALLS, *arguments)
        series.append(time.perf_counter() - start)
    return min(series) / CALLS * 1e6


if __name__ == "__main__":
    print(json.dumps({"microseconds": microseconds(*map(int, sys.argv[1:4]))}))
