"""What each channel adds to the KPI and returns on its spend, from the posterior of one model."""

import numpy as np
import pandas as pd
import xarray as xr

from ..data_profile import DataProfile
from ..judging.scoring import INTERVAL
from ..modelling.design import Design, make_design
from ..modelling.parameters import channel_parameters, channel_priors
from ..modelling.prediction import Draws, channel_contributions, flat_draws, linear_effect
from ..modelling.priors import frozen
from ..spec import ModelSpec


def contribution_tables(
    panel: xr.Dataset, spec: ModelSpec, posterior: xr.Dataset, profile: DataProfile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per channel, and one row per period, over all periods of the data.

    panel : national; posterior (chain, draw, …). The first table has contribution and ROAS with 80 % intervals
    (ROAS is empty where the channel isn't measured in money), and per parameter the contraction 1 − Var(posterior)
    / Var(prior): near 0, the data said nothing about it. The second has date, baseline, expected and a column per
    channel (posterior means), in the KPI's own units; what exceeds baseline and channels is nothing.
    """
    design, draws = make_design(panel, spec), flat_draws(posterior)
    totals = np.empty((len(draws["coefficient"]), len(design.channels)))
    by_period = np.zeros((len(design.channels), len(design.dates)))
    for part, contributions in channel_contributions(design, draws):
        totals[part] = design.kpi_scale * contributions.sum(axis=-1)
        by_period += design.kpi_scale * contributions.sum(axis=0) / len(totals)
    baseline = design.kpi_scale * linear_effect(design, draws).mean(axis=0)
    series = pd.DataFrame({"date": design.dates, "baseline": baseline, "expected": baseline + by_period.sum(axis=0)})
    series = series.join(pd.DataFrame(by_period.T, columns=list(design.channels)))
    return _channel_table(design, spec, draws, totals, float(series["expected"].sum()), profile), series


def _channel_table(
    design: Design, spec: ModelSpec, draws: Draws, totals: np.ndarray, expected: float, profile: DataProfile
) -> pd.DataFrame:
    measures = {c.column: c.measure for c in profile.channels}
    spend = design.spend.sum(axis=1)
    money = np.array([measures[c] == "spend" for c in design.channels]) & (spend > 0)
    lower, upper = np.quantile(totals, INTERVAL, axis=0)
    per_unit = np.where(money, 1.0 / np.where(spend > 0, spend, np.nan), np.nan)
    table = {
        "channel": design.channels,
        "channel_type": [c.channel_type for c in spec.channels],
        "measure": [measures[c] for c in design.channels],
        "spend": spend,
        "contribution": totals.mean(axis=0),
        "contribution_lower_80": lower,
        "contribution_upper_80": upper,
        "share_of_kpi": totals.mean(axis=0) / expected,
        "roas": totals.mean(axis=0) * per_unit,
        "roas_lower_80": lower * per_unit,
        "roas_upper_80": upper * per_unit,
    }
    for name in channel_parameters(spec):
        prior_variance = np.array([frozen(p).var() for p in channel_priors(spec, name)])
        table[f"{name}_mean"] = draws[name].mean(axis=0)
        table[f"{name}_contraction"] = 1.0 - draws[name].var(axis=0) / prior_variance
    return pd.DataFrame(table)
