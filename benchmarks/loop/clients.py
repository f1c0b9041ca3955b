"""Clients that the loop is studied on: with a signal of media, without any signal, predictable without media.

Spend and controls are the simulator's in all of them; what differs is what the KPI is made of.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.recovery.worlds import break_row, broken, collinear, heavy_tailed
from mmm_builder.data_profile import DataProfile
from mmm_builder.model_parts import ModelParts
from mmm_builder.panel import read_holdout, read_panel, write_dataset
from mmm_builder.profiling.profile import profile_file
from mmm_builder.settings import Columns
from mmm_builder.simulation.client_truth import Truth, baseline_kpi, channel_contributions, expected_kpi
from mmm_builder.simulation.simulator import USUAL_PATTERN, ChannelPlan, simulate_client
from mmm_builder.verdicts import OosThresholds

WEEKS = (104, 156, 208, 260)
"""Two to five years."""

THREE_YEARS = 156

CONTROLS = (
    {"column": "avg_price", "kind": "price"},
    {"column": "promotion", "kind": "promotion"},
    {"column": "holiday", "kind": "event"},
)
TYPES = tuple(USUAL_PATTERN)
WALKED_WEEKS = (104, 156)
"""Of random walks: chance passes a short holdout sooner than a long one, and long walks take long to sample."""

OUTLIER_SHARES = (0.3, 0.8)
STEP_SD = (0.01, 0.05)
"""Range of a random walk's step, of the log KPI."""
NOISE_SD = (0.05, 0.25)
"""Range of white noise, as a share of the KPI's mean."""


class LoopClient(NamedTuple):
    """A client to follow.

    expected : what the generating model expects of each row, all but the noise; None where nothing is to be expected,
        and so nothing asked about media
    parts : the true structure, as far as a configuration can say it; None without a signal
    traits : how difficult it is, in words and numbers
    breaks : ISO dates of the first rows at a new level of the KPI
    """

    group: str
    number: int
    table: pd.DataFrame
    truth: Truth
    expected: np.ndarray | None
    parts: ModelParts | None
    traits: dict[str, float]
    breaks: tuple[str, ...] = ()

    @property
    def columns(self) -> Columns:
        """The roles, given by hand: the study is of the loop, not of the reader."""
        return Columns(
            date=self.truth.date_column,
            target=self.truth.target_column,
            channels=tuple(c.column for c in self.truth.channels),
            controls=tuple(c.column for c in self.truth.controls),
        )


class Prepared(NamedTuple):
    """A client as the stages take it: the profile, the panel without held-out KPI, and the held-out KPI (date)."""

    profile: DataProfile
    panel: xr.Dataset
    holdout: xr.DataArray


def prepared(client: LoopClient, folder: Path) -> Prepared:
    """Return a client as the stages take it, read from a CSV file in `folder` as any client's is."""
    csv, dataset, holdout = folder / "client.csv", folder / "dataset.csv", folder / "holdout_kpi.csv"
    client.table.to_csv(csv, index=False)
    profile, table = profile_file(csv, client.columns, OosThresholds().test_size)
    write_dataset(
        table, dataset, holdout, date=profile.date_column, target=profile.target_column, panel=None,
        n_train=profile.n_train,
    )  # fmt: skip
    held_out = read_holdout(holdout, profile).sum("unit", skipna=False)
    return Prepared(profile, read_panel(dataset, profile), held_out)


# --- with a signal ---------------------------------------------------------------------------------------------------


def with_signal(number: int) -> LoopClient:
    """Return a client whose media work, of a difficulty drawn at random; values depend on the number alone."""
    rng = np.random.default_rng([51, number])
    n_periods = int(rng.choice(WEEKS))
    n_train = n_periods - int(np.ceil(OosThresholds().test_size * n_periods))
    harmonics = int(rng.integers(1, 6))
    n_controls = int(rng.integers(0, len(CONTROLS) + 1))
    n_outliers = int(rng.integers(1, 5)) if rng.random() < 0.3 else 0
    rows = rng.choice(n_train, n_outliers, replace=False)
    signs = rng.choice((-1.0, 1.0), n_outliers)
    options = {
        "n_periods": n_periods,
        "channels": _channels(rng, int(rng.integers(2, 13)), rng.choice((0.0, 0.0, 2.0))),
        "controls": CONTROLS[:n_controls],
        "media_share": float(rng.uniform(0.15, 0.5)),
        "trend": float(rng.uniform(-0.2, 0.5)),
        "harmonics": harmonics,
        "r2": float(rng.uniform(0.5, 0.9)),
        "outliers": tuple(
            {"row": int(row), "share": float(sign * rng.uniform(*OUTLIER_SHARES))}
            for row, sign in zip(rows, signs, strict=True)
        ),
    }
    changes = [change for change in CHANGES if rng.random() < 0.2]
    table, truth = simulate_client(510_000 + number, **options)
    table, expected = _changed(rng, table, truth, changes)
    parts = ModelParts(
        season_order=harmonics, trend="linear", likelihood="student_t" if heavy_tailed in changes else "normal"
    )
    breaks = (str(table[truth.date_column].iloc[break_row(truth)].date()),) if broken in changes else ()
    traits = {
        "periods": n_periods, "channels": len(truth.channels), "controls": n_controls, "harmonics": harmonics,
        "outliers": n_outliers, "r2": round(options["r2"], 3), "media_share": round(options["media_share"], 3),
        **{change.__name__: int(change in changes) for change in CHANGES},
    }  # fmt: skip
    return LoopClient("signal", number, table, truth, expected, parts, traits, breaks)


CHANGES: tuple[Callable, ...] = (collinear, heavy_tailed, broken)
"""What may be done to a client, in this order; each draws the noise anew or leaves it."""


def _changed(
    rng: np.random.Generator, table: pd.DataFrame, truth: Truth, changes: list[Callable]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the changed table, KPI in whole units, and what is expected of its rows."""
    lost = np.zeros(len(table))
    for change in changes:
        before = table
        table = change(rng, table, truth)
        if change is broken:
            lost = (before[truth.target_column] - table[truth.target_column]).to_numpy()
    kpi = table[truth.target_column].clip(lower=1.0).round()
    expected = expected_kpi(table, truth).to_numpy() - lost
    return table.assign(**{truth.target_column: kpi}), expected


def _channels(rng: np.random.Generator, n: int, follows_season: float) -> tuple[ChannelPlan, ...]:
    """Return n channels, the four types in turn, whose spend may follow the season of the KPI."""
    types = [TYPES[k % len(TYPES)] for k in range(n)]
    return tuple(
        ChannelPlan(
            column=f"{kind}_{k + 1}_spend", channel_type=kind, pattern=USUAL_PATTERN[kind],
            growth=float(rng.uniform(-0.5, 0.8)), follows_season=float(follows_season),
        )
        for k, kind in enumerate(types)
    )  # fmt: skip


# --- without a signal ------------------------------------------------------------------------------------------------


def _unrelated(seed: int, rng: np.random.Generator, years: tuple[int, ...]) -> tuple[pd.DataFrame, Truth]:
    """Return spend, controls and a KPI that a client could have."""
    return simulate_client(
        seed, n_periods=int(rng.choice(years)), harmonics=2, trend=float(rng.uniform(-0.2, 0.4)),
        channels=_channels(rng, int(rng.integers(2, 13)), rng.choice((0.0, 2.0))),
        controls=CONTROLS[: int(rng.integers(0, len(CONTROLS) + 1))],
    )  # fmt: skip


def _without_signal(group: str, number: int, table: pd.DataFrame, truth: Truth, kpi: np.ndarray) -> LoopClient:
    table = table.assign(**{truth.target_column: np.round(np.maximum(kpi, 1.0))})
    traits = {"periods": len(table), "channels": len(truth.channels), "controls": len(truth.controls)}
    return LoopClient(group, number, table, truth, None, None, traits)


def white_noise(number: int) -> LoopClient:
    """Return a client whose KPI is white noise around a level."""
    rng = np.random.default_rng([52, number])
    table, truth = _unrelated(520_000 + number, rng, WEEKS)
    level = table[truth.target_column].mean()
    kpi = level * (1.0 + rng.uniform(*NOISE_SD) * rng.standard_normal(len(table)))
    return _without_signal("white_noise", number, table, truth, kpi)


def random_walk(number: int) -> LoopClient:
    """Return a client whose KPI is a random walk of the log."""
    rng = np.random.default_rng([53, number])
    table, truth = _unrelated(530_000 + number, rng, WALKED_WEEKS)
    level = table[truth.target_column].mean()
    kpi = level * np.exp(np.cumsum(rng.uniform(*STEP_SD) * rng.standard_normal(len(table))))
    return _without_signal("random_walk", number, table, truth, kpi)


def without_media(number: int) -> LoopClient:
    """Return a client whose KPI is trend, season and controls; media do nothing. Seven of ten have three years."""
    rng = np.random.default_rng([54, number])
    years = (THREE_YEARS,) if number % 10 < 7 else (104, 208)
    table, truth = _unrelated(540_000 + number, rng, years)
    added = channel_contributions(table, truth).sum(axis=1).to_numpy()
    level, pattern = float(added.mean()), baseline_kpi(table, truth)
    expected = pattern + level
    share = float(rng.uniform(0.55, 0.9))
    noise_sd = float(expected.std() * np.sqrt((1.0 - share) / share))
    client = _without_signal("without_media", number, table, truth, expected + rng.normal(0.0, noise_sd, len(table)))
    return client._replace(expected=expected, traits=client.traits | {"r2": round(share, 3)})


N_SIGNAL = 100
"""Clients with a signal that the policy was made on; those of `new_signal` come after them."""


def new_signal(number: int) -> LoopClient:
    """Return a client whose media work that nobody had looked at while the policy was made.

    Whoever changes the policy after a look at these clients takes the next ones.
    """
    return with_signal(N_SIGNAL + number)._replace(group="new_signal")


class Group(NamedTuple):
    """`n` clients of one kind; `title` says what they are."""

    n: int
    title: str
    client: Callable[[int], LoopClient]


GROUPS: dict[str, Group] = {
    "signal": Group(N_SIGNAL, "media work", with_signal),
    "new_signal": Group(100, "media work, clients that the policy was not made on", new_signal),
    "white_noise": Group(250, "the KPI is white noise", white_noise),
    "random_walk": Group(150, "the KPI is a random walk", random_walk),
    "without_media": Group(100, "predictable, media do nothing", without_media),
}
