"""Simulated clients to measure on: national ones as the project simulates them, panels made of such."""

import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent


class Size(NamedTuple):
    """How large the simulated client is; `units` is 1 for national data."""

    weeks: int
    channels: int
    units: int = 1


SIZES = {"104x3": Size(104, 3), "156x6": Size(156, 6), "208x15": Size(208, 15), "20x156x4": Size(156, 4, 20)}
DATE, TARGET, CONTROLS, PANEL = "week_start", "revenue", ("avg_price", "promotion", "holiday"), "region"

# Channel of a panel: type, flighting, retention, half-saturation in typical spend, return, mean spend.
PANEL_CHANNELS = (
    ("search", "always_on", 0.3, 1.0, 2.0, 10_000.0),
    ("social", "pulses", 0.4, 1.0, 1.5, 8_000.0),
    ("display", "always_on", 0.4, 1.5, 1.0, 6_000.0),
    ("video_tv", "flights", 0.6, 0.8, 2.5, 15_000.0),
)


def simulate(csv: Path, size: Size, seed: int) -> tuple[str, ...]:
    """Write a client's table and return its channels."""
    sys.path.append(str(ROOT / "scripts"))
    from mmm_builder.simulation.simulator import simulate_client

    if size.units > 1:
        table = simulated_panel(size, seed)
    else:
        table, _ = simulate_client(seed, n_periods=size.weeks, n_channels=size.channels)
    table.to_csv(csv, index=False)
    return tuple(c for c in table if c.endswith("_spend"))


def simulated_panel(size: Size, seed: int):
    """Return units of log-normal size that share each channel's parameters; season and noise are a unit's own."""
    import numpy as np
    import pandas as pd

    from mmm_builder.simulation.simulator import simulate_client

    parts = []
    for unit, scale in enumerate(np.random.default_rng(seed).lognormal(0.0, 0.6, size.units)):
        channels = [
            {
                "column": f"{kind}_spend", "channel_type": kind, "pattern": pattern, "adstock_alpha": alpha,
                "half_saturation": half, "roas": roas, "mean_spend": spend * scale,
            }
            for kind, pattern, alpha, half, roas, spend in PANEL_CHANNELS[: size.channels]
        ]  # fmt: skip
        table, _ = simulate_client(1000 * seed + unit, n_periods=size.weeks, channels=channels)
        table.insert(1, PANEL, f"region_{unit + 1:02d}")
        parts.append(table.assign(population=round(100_000 * scale)))
    return pd.concat(parts, ignore_index=True)
