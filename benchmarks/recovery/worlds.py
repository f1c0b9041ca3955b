"""Worlds whose truth is known: a client's data, a model of them, and the figures that the KPI was made with.

Spend and controls are the simulator's; the KPI is drawn from the model itself, with parameters from its priors, or is
the simulator's own, also with what the model doesn't know of.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from mmm_builder.modelling.design import Design, make_design
from mmm_builder.modelling.first_spec import first_spec
from mmm_builder.modelling.posterior import coordinates, dims_of
from mmm_builder.modelling.prediction import Draws, channel_contributions, forecast, log_likelihood
from mmm_builder.modelling.prior_predictive import prior_draws
from mmm_builder.simulation.client_truth import Truth
from mmm_builder.simulation.client_truth import channel_contributions as true_contributions
from mmm_builder.simulation.client_truth import expected_kpi as true_expected_kpi
from mmm_builder.simulation.simulator import USUAL_PATTERN, ChannelPlan, simulate_client
from mmm_builder.spec import ModelSpec, Sampler
from tests.profiles import channel, control, data_profile, source

SAMPLER = Sampler(chains=4, draws=250, tune=300, target_accept=0.9, seed=1)
UNIT = "region"
HELD_OUT, LOG_LIKELIHOOD, MEDIA = "held_out_kpi", "log_likelihood", "media"


class Client(NamedTuple):
    """A simulated client: the table of each unit, and what generated the first one's KPI."""

    tables: tuple[pd.DataFrame, ...]
    truth: Truth

    @property
    def columns(self) -> list[str]:
        """Channels."""
        return [c.column for c in self.truth.channels]

    @property
    def is_training(self) -> np.ndarray:
        """(row,)."""
        return np.arange(self.truth.n_periods) < self.truth.n_train


class World(NamedTuple):
    """One fit to come and the figures it ought to find, by label; those of the KPI are told in units of `kpi_unit`."""

    design: Design
    spec: ModelSpec
    truth: dict[str, float]
    kpi_unit: float


# --- clients ---------------------------------------------------------------------------------------------------------


def simulated(seed: int, *, units: int = 1, types: Sequence[str] = (), **options: Any) -> Client:
    """Return a client; of `types`, if given, it has a channel each. Units differ in size, spend and controls."""
    if types:
        options["channels"] = tuple(
            ChannelPlan(column=f"{kind}_{i}_spend", channel_type=kind, pattern=USUAL_PATTERN[kind])
            for i, kind in enumerate(types, start=1)
        )
    clients = [simulate_client(1000 * seed + unit, **options) for unit in range(units)]
    return Client(tuple(table for table, _ in clients), clients[0][1])


def panel_of(client: Client) -> xr.Dataset:
    """Return a client as the panel that the models take, KPI NaN on held-out dates; national ones without units."""
    names = {"spend": client.columns, "controls": [c.column for c in client.truth.controls]}
    dims = {"kpi": (), "spend": ("channel",), "controls": ("control",)}
    columns = {"kpi": client.truth.target_column} | names
    values = {k: np.stack([t[c].to_numpy(float) for t in client.tables], axis=1) for k, c in columns.items()}
    values["kpi"] = np.where(client.is_training[:, None], values["kpi"], np.nan)
    panel = xr.Dataset(
        {k: (("date", "unit", *dims[k]), v) for k, v in values.items()}
        | {"is_training": (("date",), client.is_training)},
        coords={
            "date": client.tables[0][client.truth.date_column].to_numpy(),
            "unit": [f"unit_{i}" for i in range(1, len(client.tables) + 1)],
            "channel": names["spend"], "control": names["controls"],
        },
    )  # fmt: skip
    return panel if len(client.tables) > 1 else panel.isel(unit=0, drop=True)


def spec_of(client: Client, model_type: str) -> ModelSpec:
    """Return the first configuration of a client, with priors by each channel's share of spend."""
    truth, table = client.truth, client.tables[0]
    spent = sum(t.loc[client.is_training, client.columns].sum() for t in client.tables)
    dates = table[truth.date_column].dt.strftime("%Y-%m-%d")
    profile = data_profile(
        source=source(n_rows=len(table)), date_column=truth.date_column, frequency=truth.frequency,
        start=dates.iloc[0], end=dates.iloc[-1], n_periods=len(table), n_train=truth.n_train,
        train_end=dates.iloc[truth.n_train - 1], target_column=truth.target_column, target_candidates=(),
        panel_column=UNIT if len(client.tables) > 1 else None,
        channels=tuple(
            channel(c.column, channel_type=c.channel_type, share_of_spend=float(spent[c.column] / spent.sum()))
            for c in truth.channels
        ),
        controls=tuple(control(c.column) for c in truth.controls),
    )  # fmt: skip
    return first_spec(profile, model_type=model_type, prior_preset="default", sampler=SAMPLER)


# --- figures ---------------------------------------------------------------------------------------------------------


def figures(design: Design, spec: ModelSpec, draws: Draws, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return all that is compared with the truth, by label, (sample,) each.

    Every parameter; each channel's contribution and return over the training rows and the media's sum; the
    log-likelihood, without which a posterior that is the prior would pass (Modrák et al. 2023); the KPI of the
    held-out rows, noise included. Coefficients and all that follow are in the KPI's own units.
    """
    n, units = len(draws["sigma"]), len(design.units)
    in_kpi = draws["coefficient"].reshape(n, units, -1) * design.kpi_scale[:, None]
    labels, found = coordinates(design, spec), {}
    for name, dims in dims_of(design, spec).items():
        if name == "season_deviation":
            continue  # on a scale that depends on the KPI
        values = in_kpi if name == "coefficient" else draws[name]
        values = values.reshape(n, *(len(labels[d]) for d in dims))
        for index in np.ndindex(values.shape[1:]):
            place = ", ".join(labels[d][i] for d, i in zip(dims, index, strict=True))
            found[f"{name}[{place}]" if place else name] = values[:, *index]
    if "season_deviation" in draws:
        found |= _season_scales(design, draws)
    shown, spend = design.is_training, design.spend.sum(axis=0)
    totals = np.concatenate([c[..., shown].sum(axis=-1) for _, c in channel_contributions(design, spec, draws)])
    for position, name in enumerate(design.channels):
        found[f"contribution[{name}]"] = totals[:, position]
        found[f"roas[{name}]"] = totals[:, position] / spend[position, shown].sum()
    _, predictive = forecast(design, spec, draws, rng)
    return found | {
        MEDIA: totals.sum(axis=1),
        LOG_LIKELIHOOD: log_likelihood(design, spec, draws).sum(axis=1),
        HELD_OUT: predictive[:, ~shown].sum(axis=1),
    }


def _season_scales(design: Design, draws: Draws) -> dict[str, np.ndarray]:
    """Return how much stronger each unit's season is than the common one, by label."""
    spread = draws["season_spread"][:, None] ** (1.0 - design.curves["season_deviation_centring"])
    deviation = spread * draws["season_deviation"]
    scales = np.exp(deviation - deviation.mean(axis=1, keepdims=True))
    return {f"season_scale[{unit}]": scales[:, i] for i, unit in enumerate(design.units)}


# --- truth from the prior --------------------------------------------------------------------------------------------


def world_from_prior(client: Client, spec: ModelSpec, rng: np.random.Generator, *, own_scale: bool = False) -> World:
    """Return a world whose KPI was drawn from the model itself, its parameters from the prior.

    The KPI's scale is 1, since priors are in units of it; with `own_scale` the model takes the KPI's training mean for
    it, as in use, and what it believes before it sees the KPI is no more what the truth was drawn from.
    """
    panel = panel_of(client)
    design = make_design(panel, spec)
    design = dataclasses.replace(design, kpi_scale=np.ones(len(design.units)))
    drawn = prior_draws(design, spec, 1, rng)
    kpi = _kpi_by_unit(design, spec, drawn, rng)
    made = dataclasses.replace(design, kpi_scaled=kpi)
    truth = {label: float(values[0]) for label, values in figures(made, spec, drawn, rng).items()}
    truth[HELD_OUT] = float(kpi[:, ~design.is_training].sum())
    shown = np.where(design.is_training, kpi, np.nan).T.reshape(panel["kpi"].shape)
    design = make_design(panel.assign(kpi=(panel["kpi"].dims, shown)), spec)
    if not own_scale:
        in_own_units = design.kpi_scaled * design.kpi_scale[:, None]
        design = dataclasses.replace(design, kpi_scale=np.ones(len(design.units)), kpi_scaled=in_own_units)
    return World(design, spec, truth, 1.0)


def _kpi_by_unit(design: Design, spec: ModelSpec, drawn: Draws, rng: np.random.Generator) -> np.ndarray:
    """Return the KPI (unit, row) that one draw generates: `forecast` sums units, so it is asked for one at a time."""
    seed = rng.integers(2**63)
    rows = []
    for unit in np.eye(len(design.units)):
        alone = dataclasses.replace(design, kpi_scale=unit)
        rows.append(forecast(alone, spec, drawn, np.random.default_rng(seed))[1][0])
    return np.stack(rows)


# --- truth of the simulator ------------------------------------------------------------------------------------------

Change = Callable[[np.random.Generator, pd.DataFrame, Truth], pd.DataFrame]


def world_of_simulator(seed: int, rng: np.random.Generator, change: Change, **options: Any) -> World:
    """Return a world whose truth the simulator drew from ranges of its own; `change` gives the table that is fitted."""
    table, truth = simulate_client(seed, **options)
    client = Client((change(rng, table, truth),), truth)
    spec = spec_of(client, "v3")
    design, shown = make_design(panel_of(client), spec), client.is_training
    table, found = client.tables[0], {}
    contributions = true_contributions(table, truth)[shown].sum()
    for position, c in enumerate(truth.channels):
        found[f"adstock_alpha[{c.column}]"] = c.adstock_alpha
        found[f"half_saturation[{c.column}]"] = c.half_saturation / float(design.spend_unit[0, position])
        found[f"coefficient[{c.column}]"] = c.coefficient
        found[f"contribution[{c.column}]"] = float(contributions[c.column])
        found[f"roas[{c.column}]"] = float(contributions[c.column] / table.loc[shown, c.column].sum())
    found[MEDIA] = float(contributions.sum())
    found[HELD_OUT] = float(table.loc[~shown, truth.target_column].sum())
    return World(design, spec, found, float(design.kpi_scale[0]))


def as_simulated(rng: np.random.Generator, table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    return table


def collinear(rng: np.random.Generator, table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table had all channels been steered by one budget: nine tenths of each one's spend are common."""
    columns = [c.column for c in truth.channels]
    means = table[columns].mean()
    common = (table[columns] / means).mean(axis=1).to_numpy()[:, None]
    together = table.copy()
    together[columns] = 0.1 * table[columns] + 0.9 * common * means.to_numpy()
    return together.assign(**{truth.target_column: _expected(together, truth) + _normal_noise(rng, truth)})


def heavy_tailed(rng: np.random.Generator, table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table with noise of the same standard deviation, but Student-t with 3 degrees of freedom."""
    noise = rng.standard_t(3.0, truth.n_periods) * truth.noise_sd / np.sqrt(3.0)
    return table.assign(**{truth.target_column: _expected(table, truth) + noise})


def broken(rng: np.random.Generator, table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the table had the KPI lost a fifth of its mean for good, halfway through the training rows."""
    lost = 0.2 * table[truth.target_column].mean() * (np.arange(truth.n_periods) >= break_row(truth))
    return table.assign(**{truth.target_column: table[truth.target_column] - lost})


def break_row(truth: Truth) -> int:
    """Return the first row at the new level of a client that is `broken`."""
    return truth.n_train // 2


def _expected(table: pd.DataFrame, truth: Truth) -> np.ndarray:
    return true_expected_kpi(table, truth).to_numpy()


def _normal_noise(rng: np.random.Generator, truth: Truth) -> np.ndarray:
    return rng.normal(0.0, truth.noise_sd, truth.n_periods)
