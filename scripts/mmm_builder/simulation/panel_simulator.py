"""Simulated panels: units (regions, say) of one client that share carry-over and saturation and differ in the rest."""

import numpy as np
import pandas as pd

from .client_truth import ChannelTruth, Truth, channel_contributions, expected_kpi
from .simulator import simulate_client

SIZE_SD, SPEND_SD, COEFFICIENT_SD, SEASON_SD, LEVEL_SD = 0.8, 0.3, 0.25, 0.25, 0.1
"""Standard deviations of the logs: sizes of units; spend of a period and unit; coefficients, season scales and levels
over units."""


def simulate_panel(
    seed: int, n_units: int, *, unit_column: str = "geo", **options
) -> tuple[pd.DataFrame, dict[str, Truth]]:
    """Return a table (date, unit, target, channels, controls; one row per period and unit) and each unit's truth.

    options : of `simulate_client`, for the client that all units are parts of; its noise is each unit's own
    Raises InputError for an unknown or impossible option. Values depend on seed and options only.
    """
    client, truth = simulate_client(seed, **options)
    tables, truths = [], {}
    rngs = np.random.default_rng([seed, n_units]).spawn(n_units)
    sizes = np.exp(SIZE_SD * np.random.default_rng([n_units, seed]).standard_normal(n_units))
    for position, (rng, share) in enumerate(zip(rngs, sizes / sizes.sum(), strict=True)):
        name = f"{unit_column}_{position + 1:0{len(str(n_units))}d}"
        own = _unit_truth(rng, truth, share)
        table = client.copy()
        for channel in truth.channels:
            moved = np.exp(SPEND_SD * rng.standard_normal(len(table)))
            table[channel.column] = (client[channel.column] * share * moved).round(2)
        kpi = expected_kpi(table, own) + rng.normal(0.0, own.noise_sd, len(table))
        table[truth.target_column] = kpi.round(2)
        table.insert(1, unit_column, name)
        tables.append(table)
        truths[name] = own.model_copy(update={"channels": _contributed(table, own)})
    panel = pd.concat(tables).sort_values([truth.date_column, unit_column], kind="stable", ignore_index=True)
    return panel, truths


def _unit_truth(rng: np.random.Generator, truth: Truth, share: float) -> Truth:
    """Return the client's truth at the size of one unit, with its own level, season and coefficients."""
    level, season = share * np.exp(LEVEL_SD * rng.standard_normal()), share * np.exp(SEASON_SD * rng.standard_normal())
    channels = tuple(
        c.model_copy(
            update={
                "half_saturation": c.half_saturation * share,
                "unit": c.unit * share,
                "coefficient": float(c.coefficient * share * np.exp(COEFFICIENT_SD * rng.standard_normal())),
            }
        )
        for c in truth.channels
    )
    return truth.model_copy(
        update={
            "intercept": float(truth.intercept * level),
            "trend": truth.trend * share,
            "season": tuple(
                p.model_copy(update={"sine": float(p.sine * season), "cosine": float(p.cosine * season)})
                for p in truth.season
            ),
            "controls": tuple(c.model_copy(update={"coefficient": c.coefficient * share}) for c in truth.controls),
            "channels": channels,
            "outliers": (),
            "noise_sd": truth.noise_sd * share,
        }
    )


def _contributed(table: pd.DataFrame, truth: Truth) -> tuple[ChannelTruth, ...]:
    """Return the channels of a truth with what they spent and added in the unit's table."""
    added, kpi = channel_contributions(table, truth).sum(), float(table[truth.target_column].sum())
    found = []
    for channel in truth.channels:
        spend, contribution = float(table[channel.column].sum()), float(added[channel.column])
        totals = {"spend": spend, "contribution": contribution}
        ratios = {"share": contribution / kpi, "roas": contribution / spend}
        found.append(channel.model_copy(update=totals | ratios))
    return tuple(found)
