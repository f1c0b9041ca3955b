"""What generated a simulated client's table, and the table's expectation under it.

    KPI_t = intercept + trend + season + controls + Σ_c β_c · A_c(t) / (λ_c + A_c(t)) + outliers + noise

with A_c the un-normalised geometric adstock of channel c's spend: the model `v3`, in currency and KPI units.
"""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from ..modelling.transforms import SATURATIONS, geometric_adstock
from ..spec import Frequency
from ..strict import Document, Strict
from .simulated_series import season_values, year_fraction

SimulatedType = Literal["search", "social", "display", "video_tv"]


class ChannelTruth(Strict):
    """One channel's truth. Currency is the spend columns'; KPI units are the target column's."""

    column: str
    channel_type: SimulatedType
    adstock_alpha: Annotated[float, Field(description="retention per period")]
    half_saturation: Annotated[float, Field(description="λ, currency, on the scale of un-normalised adstocked spend")]
    half_saturation_relative: Annotated[float, Field(description="λ / unit: what a config's prior speaks of")]
    unit: Annotated[float, Field(description="median non-zero training-row spend adstocked at `unit_alpha`")]
    unit_alpha: Annotated[float, Field(description="prior mean of α that the unit was taken at")]
    coefficient: Annotated[float, Field(description="β, KPI units per period at full saturation")]
    spend: Annotated[float, Field(description="currency over the whole window")]
    contribution: Annotated[float, Field(description="KPI units over the whole window")]
    share: Annotated[float, Field(description="contribution / KPI, over the whole window")]
    roas: Annotated[float, Field(description="contribution / spend")]


class ControlTruth(Strict):
    """One control's truth: it adds coefficient · (value − reference)."""

    column: str
    reference: float
    coefficient: float


class FourierPair(Strict):
    """Coefficients of one harmonic of the season, KPI units."""

    sine: float
    cosine: float


class Outlier(Strict):
    """One period with an effect of its own, KPI units."""

    date: str
    effect: float


class Truth(Document):
    """What generated a client's table. The seed is null if a generator was given in its place."""

    seed: int | None
    frequency: Frequency
    date_column: str
    target_column: str
    start: str
    n_periods: int
    n_train: Annotated[int, Field(description="first 80 % of the rows, which `unit` was taken from")]
    intercept: Annotated[float, Field(description="KPI units, at the first row, controls at their reference")]
    trend: Annotated[float, Field(description="change from the first row to the last, KPI units")]
    season: Annotated[tuple[FourierPair, ...], Field(description="over years since 1 January of the first year")]
    controls: tuple[ControlTruth, ...]
    channels: tuple[ChannelTruth, ...]
    media_share: Annotated[float, Field(description="all channels' contribution / KPI, over the whole window")]
    outliers: tuple[Outlier, ...]
    noise_sd: Annotated[float, Field(description="KPI units, independent normal noise")]


def saturated_media(spend: np.ndarray, adstock_alpha: float, half_saturation: float) -> np.ndarray:
    """Return Hill(adstocked spend) (row,), between 0 and 1."""
    adstocked = geometric_adstock(spend, adstock_alpha)
    return SATURATIONS["hill"].apply(np, adstocked, np.asarray(half_saturation))


def channel_contributions(table: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return what each channel added to the KPI: (row, channel), KPI units."""
    return pd.DataFrame(
        {
            c.column: c.coefficient
            * saturated_media(table[c.column].to_numpy(float), c.adstock_alpha, c.half_saturation)
            for c in truth.channels
        },
        index=table.index,
    )


def baseline_kpi(table: pd.DataFrame, truth: Truth) -> np.ndarray:
    """Return intercept + trend + season + controls (row,), KPI units."""
    baseline = truth.intercept + truth.trend * np.linspace(0.0, 1.0, len(table))
    pairs = np.array([(p.sine, p.cosine) for p in truth.season]).reshape(-1, 2)
    baseline += season_values(pairs, year_fraction(pd.Timestamp(truth.start), len(table), truth.frequency))
    for control in truth.controls:
        baseline += control.coefficient * (table[control.column].to_numpy(float) - control.reference)
    return baseline


def expected_kpi(table: pd.DataFrame, truth: Truth) -> pd.Series:
    """Return the KPI without noise (row,), outliers included."""
    expected = channel_contributions(table, truth).sum(axis=1) + baseline_kpi(table, truth)
    for outlier in truth.outliers:
        expected += outlier.effect * (pd.to_datetime(table[truth.date_column]) == pd.Timestamp(outlier.date))
    return expected.rename(truth.target_column)
