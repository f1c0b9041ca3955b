"""What posterior draws say about every period, in NumPy: no PyMC is imported to predict.

Draws are flat, (sample, …). Training and prediction evaluate the same transforms, so that the prediction of the
training rows is the fit. Held-out rows get their carry-over from the training rows before them.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from ..spec import ModelSpec
from .design import Design, Projection
from .likelihoods import LIKELIHOODS
from .transforms import ADSTOCKS, SATURATIONS

CHUNK = 250
"""Samples evaluated at once, which bounds memory."""

Draws = dict[str, np.ndarray]


def flat_draws(posterior: xr.Dataset) -> Draws:
    """Return the posterior by variable with chains joined: (sample, …)."""
    return {name: v.values.reshape(-1, *v.shape[2:]) for name, v in posterior.data_vars.items()}


def channel_contributions(design: Design, draws: Draws) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of samples and their media contributions (sample, channel, row) in units of the KPI's scale."""
    adstock, saturation = ADSTOCKS[design.recipe.adstock], SATURATIONS[design.recipe.saturation]
    n_samples = len(draws["coefficient"])
    for start in range(0, n_samples, CHUNK):
        part = slice(start, min(start + CHUNK, n_samples))
        carried = adstock.apply(np, design.media, *(draws[p][part] for p in adstock.parameters))
        saturated = saturation.apply(np, carried, *(draws[p][part] for p in saturation.parameters))
        yield part, draws["coefficient"][part][..., None] * saturated


def media_effect(design: Design, draws: Draws) -> np.ndarray:
    """Return the sum of all channels' contributions (sample, row), in units of the KPI's scale."""
    total = np.empty((len(draws["coefficient"]), len(design.dates)))
    for part, contributions in channel_contributions(design, draws):
        total[part] = contributions.sum(axis=1)
    return total


def linear_coefficients(design: Design, projection: Projection, rotated: np.ndarray, media: np.ndarray) -> Draws:
    """Return the coefficients of all linear terms by variable, from the sampled coordinates.

    rotated : (sample, term); media : (sample, row)
    """
    projected = projection.offset + projection.scale * rotated - media @ projection.q_training.T
    coefficients = projected @ projection.r_inverse.T
    named, start = {}, 0
    for term in design.terms:
        block = coefficients[:, start : start + len(term.labels)]
        named[term.variable] = block[:, 0] if term.dim is None else block
        start += len(term.labels)
    return named


def linear_effect(design: Design, draws: Draws) -> np.ndarray:
    """Return the sum of all linear terms (sample, row), in units of the KPI's scale."""
    blocks = [draws[t.variable].reshape(-1, len(t.labels)) for t in design.terms]
    return np.concatenate(blocks, axis=1) @ design.matrix.T


def expected_kpi(design: Design, draws: Draws) -> np.ndarray:
    """Return the mean of the KPI given each draw (sample, row), in the KPI's own units."""
    return design.kpi_scale * (linear_effect(design, draws) + media_effect(design, draws))


def forecast(design: Design, spec: ModelSpec, draws: Draws, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return expected KPI and posterior predictive draws, noise included: two (sample, row) in the KPI's own units."""
    noise = LIKELIHOODS[spec.likelihood.kind]
    expected = expected_kpi(design, draws)
    parameters = [draws[name][:, None] for name in noise.parameters]
    frozen = noise.frozen(expected / design.kpi_scale, *parameters)
    return expected, design.kpi_scale * frozen.rvs(size=expected.shape, random_state=rng)


def log_likelihood(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return the log-likelihood of the training rows (sample, row), of the KPI in units of its scale."""
    noise = LIKELIHOODS[spec.likelihood.kind]
    mean = expected_kpi(design, draws)[:, design.is_training] / design.kpi_scale
    return noise.frozen(mean, *(draws[name][:, None] for name in noise.parameters)).logpdf(
        design.kpi_scaled[design.is_training]
    )
