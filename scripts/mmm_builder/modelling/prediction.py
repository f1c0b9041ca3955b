"""What posterior draws say about every period, in NumPy: no PyMC is imported to predict.

Draws are flat, (sample, …). Training and prediction evaluate the same transforms, so that the prediction of the
training rows is the fit. Held-out rows get their carry-over from the training rows before them.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from ..spec import ModelSpec
from .curves import curves_of
from .design import Design, Projection
from .layout import ROTATED
from .likelihoods import LIKELIHOODS
from .parameters import EFFECT, media_values, unit_coefficients
from .transforms import ADSTOCKS, SATURATIONS, saturated_media

CHUNK = 300_000
"""Numbers (sample · series · row) evaluated at once, which bounds memory."""

Draws = dict[str, np.ndarray]


def flat_draws(posterior: xr.Dataset) -> Draws:
    """Return the posterior by variable with chains joined: (sample, …)."""
    return {name: v.values.reshape(-1, *v.shape[2:]) for name, v in posterior.data_vars.items()}


def in_parts(design: Design, draws: Draws) -> Iterator[tuple[slice, Draws]]:
    """Yield slices of samples and their draws, few enough that arrays (sample, series, row) stay small."""
    n_samples, step = len(draws["sigma"]), max(1, CHUNK // (len(design.series_channel) * len(design.dates)))
    for start in range(0, n_samples, step):
        part = slice(start, min(start + step, n_samples))
        yield part, {name: value[part] for name, value in draws.items()}


def model_draws(design: Design, spec: ModelSpec, projection: Projection, sampled: Draws) -> Draws:
    """Return the draws that predictions need, from what was sampled: every coefficient under its own name.

    Linear terms are (sample,) or (sample, column), with `unit` before the column where units are pooled.
    """
    draws = curved_draws(design, spec, sampled)
    linear = []
    for part, some in in_parts(design, draws):
        curved = media_effect(design, spec, some) + curves_effect(design, spec, some)
        linear.append(linear_coefficients(design, projection, sampled[ROTATED][part], curved))
    return draws | {name: np.concatenate([part[name] for part in linear]) for name in linear[0]}


def curved_draws(design: Design, spec: ModelSpec, sampled: Draws) -> Draws:
    """Return the draws of everything but the linear terms, from what was sampled.

    `coefficient` is (sample, channel), or (sample, unit, channel) where units are pooled, with the channels' own as
    `coefficient_mean`; `effect` is what the channels' priors are of, where some are of returns on spend.
    """
    values = media_values(np, spec, design.pooling, sampled)
    draws = {name: value for name, value in sampled.items() if name != ROTATED} | values
    if any(c.roas for c in spec.channels):
        draws["effect"] = values[EFFECT]
    draws["coefficient"] = _coefficients(design, spec, draws, values[EFFECT])
    if spec.pooling.across_units:
        draws["coefficient_mean"] = draws["coefficient"]
    draws["coefficient"] = unit_coefficients(np, spec, design.pooling, sampled, draws["coefficient"])
    if not spec.pooling.across_units:
        draws["coefficient"] = draws["coefficient"][:, 0]
    return draws


def _coefficients(design: Design, spec: ModelSpec, draws: Draws, effect: np.ndarray) -> np.ndarray:
    """Return the channels' coefficients (sample, channel): a return on spend is turned into one."""
    returns = np.array([c.roas is not None for c in spec.channels])
    if not returns.any():
        return effect
    units, share = len(design.units), design.kpi_scale / design.kpi_scale.sum()
    returned = np.empty_like(effect)
    for part, saturated in saturated_series(design, spec, draws):
        of_units = saturated[:, : units * len(returns), design.is_training].sum(axis=-1)
        returned[part] = np.einsum("sgc,g->sc", of_units.reshape(-1, units, len(returns)), share)
    return np.where(returns, effect * design.spend_per_coefficient / np.where(returns, returned, 1.0), effect)


def saturated_series(design: Design, spec: ModelSpec, draws: Draws) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of samples and their saturated media (sample, series, row), series as in `Design.media`."""
    adstock, saturation = ADSTOCKS[spec.adstock], SATURATIONS[spec.saturation]
    for part, some in in_parts(design, draws):
        values = {name: some[name][:, design.series_channel] for name in (*adstock.parameters, *saturation.parameters)}
        saturated = saturated_media(adstock, saturation, design.media, values)
        yield part, np.broadcast_to(saturated, (part.stop - part.start, *saturated.shape[-2:]))


def unit_contributions(design: Design, spec: ModelSpec, draws: Draws) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of samples and their media contributions (sample, unit, channel, row), in the KPI's scale."""
    units, channels = len(design.units), len(design.channels)
    for part, saturated in saturated_series(design, spec, draws):
        series = saturated[:, : units * channels].reshape(-1, units, channels, saturated.shape[-1])
        coefficient = draws["coefficient"][part].reshape(-1, units, channels)
        yield part, coefficient[..., None] * series


def channel_contributions(design: Design, spec: ModelSpec, draws: Draws) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield slices of samples and their media contributions (sample, channel, row), in the KPI's own units."""
    for part, contributions in unit_contributions(design, spec, draws):
        yield part, np.einsum("sgct,g->sct", contributions, design.kpi_scale)


def media_effect(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return the sum of all channels' contributions (sample, unit, row), in units of the KPI's scale."""
    total = np.empty((len(draws["sigma"]), len(design.units), len(design.dates)))
    for part, contributions in unit_contributions(design, spec, draws):
        total[part] = contributions.sum(axis=2)
    return total


def curves_effect(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return what adds to the mean besides media and linear terms (sample, unit, row), in units of the KPI's scale."""
    total = np.zeros((len(draws["sigma"]), len(design.units), len(design.dates)))
    for curve in curves_of(spec):
        total += curve.apply(np, design.curves, draws)
    return total


def linear_coefficients(design: Design, projection: Projection, rotated: np.ndarray, curved: np.ndarray) -> Draws:
    """Return the coefficients of all linear terms by variable, from the sampled coordinates.

    rotated : (sample, unit, term); curved : (sample, unit, row)
    """
    along = np.einsum("gpt,sgt->sgp", projection.q_training, curved, optimize=True)
    projected = projection.offset + projection.scale[:, None] * rotated - along
    return named_terms(design, np.einsum("gpm,sgm->sgp", projection.r_inverse, projected, optimize=True))


def named_terms(design: Design, coefficients: np.ndarray) -> Draws:
    """Return coefficients (sample, unit, term) by variable; without the unit in a model of one."""
    named, start = {}, 0
    for term in design.terms:
        block = coefficients[..., start : start + len(term.labels)]
        block = block[..., 0] if term.dim is None else block
        named[term.variable] = block if design.by_unit else block[:, 0]
        start += len(term.labels)
    return named


def linear_effect(design: Design, draws: Draws) -> np.ndarray:
    """Return the sum of all linear terms (sample, unit, row), in units of the KPI's scale."""
    blocks = [draws[t.variable].reshape(-1, len(design.units), len(t.labels)) for t in design.terms]
    return np.einsum("sgp,gtp->sgt", np.concatenate(blocks, axis=-1), design.matrix, optimize=True)


def expected_kpi(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return the mean of the KPI given each draw (sample, row), in the KPI's own units, units of a panel summed."""
    noise = LIKELIHOODS[spec.likelihood.kind]
    means = (_mean_by_unit(design, spec, some) for _, some in in_parts(design, draws))
    return np.concatenate([np.einsum("sgt,g->st", noise.expected(np, mean), design.kpi_scale) for mean in means])


def forecast(design: Design, spec: ModelSpec, draws: Draws, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return expected KPI and posterior predictive draws, noise included: two (sample, row) in the KPI's own units.

    The units of a panel are summed.
    """
    noise = LIKELIHOODS[spec.likelihood.kind]
    expected = np.empty((len(draws["sigma"]), len(design.dates)))
    predictive = np.empty_like(expected)
    for part, some in in_parts(design, draws):
        mean = _mean_by_unit(design, spec, some)
        drawn = noise.frozen(mean, *_noise_parameters(spec, some)).rvs(size=mean.shape, random_state=rng)
        expected[part] = np.einsum("sgt,g->st", noise.expected(np, mean), design.kpi_scale)
        predictive[part] = np.einsum("sgt,g->st", drawn, design.kpi_scale)
    return expected, predictive


def log_likelihood(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return the log-likelihood of the training rows (sample, row), of the KPI in units of its scale.

    The units of a panel are summed: what may be left out, to judge predictions by it, is a period of all of them.
    """
    noise, shown = LIKELIHOODS[spec.likelihood.kind], design.is_training
    densities = []
    for _, some in in_parts(design, draws):
        frozen = noise.frozen(_mean_by_unit(design, spec, some)[..., shown], *_noise_parameters(spec, some))
        densities.append(frozen.logpdf(design.kpi_scaled[:, shown]).sum(axis=1))
    return np.concatenate(densities)


def _mean_by_unit(design: Design, spec: ModelSpec, draws: Draws) -> np.ndarray:
    """Return what all terms add up to (sample, unit, row), in units of the KPI's scale."""
    return linear_effect(design, draws) + media_effect(design, spec, draws) + curves_effect(design, spec, draws)


def _noise_parameters(spec: ModelSpec, draws: Draws) -> list[np.ndarray]:
    """Return the noise's parameters (sample, unit or 1, 1), so that they go over units and rows."""
    names = LIKELIHOODS[spec.likelihood.kind].parameters
    return [draws[name].reshape(len(draws["sigma"]), -1, 1) for name in names]
