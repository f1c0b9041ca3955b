"""What each channel adds to the KPI and returns on its spend, from the posterior of one model."""

import numpy as np
import pandas as pd
import xarray as xr

from ..data_profile import DataProfile
from ..judging.scoring import INTERVAL
from ..modelling.design import Design, make_design
from ..modelling.parameters import as_its_prior, channel_parameters, channel_priors
from ..modelling.prediction import Draws, channel_contributions, expected_kpi, flat_draws, unit_contributions
from ..modelling.priors import variance
from ..spec import ModelSpec


def contribution_tables(
    panel: xr.Dataset, spec: ModelSpec, posterior: xr.Dataset, profile: DataProfile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per channel, and one row per period, over all periods of the data.

    posterior (chain, draw, …). The first table has contribution and ROAS with 80 % intervals
    (ROAS is empty where the channel isn't measured in money), and per parameter the contraction 1 − Var(posterior)
    / Var(prior): near 0, the data said nothing about it. The second has date, baseline, expected and a column per
    channel (posterior means), in the KPI's own units; what exceeds baseline and channels is nothing.
    """
    design, draws = make_design(panel, spec), flat_draws(posterior)
    totals = np.empty((len(draws["coefficient"]), len(design.channels)))
    by_period = np.zeros((len(design.channels), len(design.dates)))
    for part, contributions in channel_contributions(design, spec, draws):
        totals[part] = contributions.sum(axis=-1)
        by_period += contributions.sum(axis=0) / len(totals)
    baseline = expected_kpi(design, spec, draws).mean(axis=0) - by_period.sum(axis=0)
    series = pd.DataFrame({"date": design.dates, "baseline": baseline, "expected": baseline + by_period.sum(axis=0)})
    series = series.join(pd.DataFrame(by_period.T, columns=list(design.channels)))
    return _channel_table(design, spec, draws, totals, float(series["expected"].sum()), profile), series


def unit_table(panel: xr.Dataset, spec: ModelSpec, posterior: xr.Dataset, profile: DataProfile) -> pd.DataFrame:
    """Return one row per panel unit and channel: spend, contribution and ROAS with 80 % intervals, over all periods.

    Without rows where the model sums the units. Columns as in the table of channels.
    """
    design, draws = make_design(panel, spec), flat_draws(posterior)
    units = design.units if spec.pooling.across_units else ()
    totals = np.empty((len(draws["coefficient"]), len(units), len(design.channels)))
    for part, contributions in unit_contributions(design, spec, draws) if units else ():
        totals[part] = contributions.sum(axis=-1) * design.kpi_scale[:, None]
    rows = pd.MultiIndex.from_product([units, design.channels], names=["unit", "channel"]).to_frame(index=False)
    spend = design.spend.sum(axis=-1)[: len(units)]
    return rows.assign(**_effects(design, spend, totals, profile))


def _effects(design: Design, spend: np.ndarray, totals: np.ndarray, profile: DataProfile) -> dict[str, np.ndarray]:
    """Return spend, contribution and return on spend, flat, from spend (…, channel) and totals (sample, …, channel).

    ROAS is NaN where nothing was spent, or where the channel isn't measured in money.
    """
    measures = {c.column: c.measure for c in profile.channels}
    money = np.array([measures[c] == "spend" for c in design.channels]) & (spend > 0)
    per_unit = np.where(money, 1.0 / np.where(spend > 0, spend, np.nan), np.nan)
    mean, (lower, upper) = totals.mean(axis=0), np.quantile(totals, INTERVAL, axis=0)
    columns = {
        "spend": spend,
        "contribution": mean,
        "contribution_lower_80": lower,
        "contribution_upper_80": upper,
        "roas": mean * per_unit,
        "roas_lower_80": lower * per_unit,
        "roas_upper_80": upper * per_unit,
    }
    return {name: np.ravel(values) for name, values in columns.items()}


def _channel_table(
    design: Design, spec: ModelSpec, draws: Draws, totals: np.ndarray, expected: float, profile: DataProfile
) -> pd.DataFrame:
    effects = _effects(design, design.spend.sum(axis=(0, 2)), totals, profile)
    measures = {c.column: c.measure for c in profile.channels}
    table = {
        "channel": design.channels,
        "channel_type": [c.channel_type for c in spec.channels],
        "measure": [measures[c] for c in design.channels],
        **{name: effects[name] for name in effects if not name.startswith("roas")},
        "share_of_kpi": effects["contribution"] / expected,
        **{name: effects[name] for name in effects if name.startswith("roas")},
    }
    for name in channel_parameters(spec):
        prior_variance = np.array([variance(p) for p in channel_priors(spec, name)])
        values = as_its_prior(draws, name)
        table[f"{name}_mean"] = values.mean(axis=0)
        table[f"{name}_contraction"] = 1.0 - values.var(axis=0) / prior_variance
    return pd.DataFrame(table)
