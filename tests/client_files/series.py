"""What the columns hold: media in flights, a KPI that they move, controls and columns to be left out, all from a seed.

Every table is (period, unit): a national file has one unit. Numbers are rounded as they will be written.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .names import Cast, Entry

PER_YEAR = {"daily": 365.25, "weekly": 52.18, "monthly": 12.0, "quarterly": 4.0}
NOTHING = ("", "na", "none", "-")
"""What a column of event names holds when there is no event."""


class Column(NamedTuple):
    """One column of a file. values : (period, unit), numbers or text. form : how its cells are written."""

    entry: Entry
    values: np.ndarray
    form: str

    @property
    def name(self) -> str:
        return self.entry["name"]


class Frame(NamedTuple):
    """The periods and units that all columns share. wave : (period,), the yearly season between -1 and 1."""

    dates: pd.DatetimeIndex
    cadence: str
    scales: np.ndarray
    cents: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.dates), len(self.scales)

    @property
    def wave(self) -> np.ndarray:
        return np.sin(2 * np.pi * (self.dates.day_of_year.to_numpy() / 365.25 - 0.3))


def make_columns(rng: np.random.Generator, cast: Cast, frame: Frame) -> list[Column]:
    """Return the target, media, controls and the columns to be left out, in this order."""
    revenue = cast.target["measure"] == "revenue"
    level = 10.0 ** (rng.uniform(4.5, 6.5) if revenue else rng.uniform(2.3, 4.3))
    budget = level * rng.uniform(0.06, 0.2) if revenue else 10.0 ** rng.uniform(3.8, 5.3)
    shares = rng.dirichlet(np.full(len(cast.spends), 3.0))
    money = [spend_series(rng, frame, budget * share) for share in shares]
    media = [_channel(rng, e, spent, frame) for e, spent in zip(cast.spends, money, strict=True)]
    bought = {e["name"]: spent for e, spent in zip(cast.spends, money, strict=True)}
    exposures = [Column(e, *exposed(rng, e, np.round(bought[e["of"]], frame.cents))) for e in cast.exposures]
    events = [e["name"] for e in cast.controls if e["kind"] == "event"]
    controls = [_control(rng, e, frame, level, budget, events) for e in cast.controls]
    kpi = _target(rng, cast.target, media, controls, frame, level)
    target = Column(cast.target, np.round(kpi, frame.cents if revenue else 0), "money" if revenue else "count")
    ignored = [_ignored(rng, e, frame, target, media, cast.spends) for e in cast.ignored]
    return [target, *media, *exposures, *controls, *ignored]


# --- media -----------------------------------------------------------------------------------------------------------


def autocorrelated(rng: np.random.Generator, n: int, memory: float) -> np.ndarray:
    """Return a series (period,) of variance about 1 that forgets at the given rate."""
    values = rng.normal(size=n)
    for t in range(1, n):
        values[t] = memory * values[t - 1] + np.sqrt(1 - memory**2) * values[t]
    return values


def flights(rng: np.random.Generator, n: int, share: float) -> np.ndarray:
    """Return 0/1 (period,): campaigns of some periods with pauses between, on air for about `share` of the time."""
    on, t = np.zeros(n), int(rng.integers(0, 5))
    while t < n:
        length = int(rng.integers(2, max(3, n // 12) + 2))
        on[t : t + length] = 1
        t += length + max(1, int(rng.exponential(length * (1 - share) / share)))
    return on


def spend_series(rng: np.random.Generator, frame: Frame, level: float) -> np.ndarray:
    """Return what is spent, (period, unit): always on, in flights, or with the season; its mean is about `level`."""
    n, units = frame.shape
    pattern = rng.choice(["on", "flights", "season"], p=[0.45, 0.4, 0.15])
    shape = np.exp(0.35 * autocorrelated(rng, n, 0.6))
    if pattern == "flights":
        shape *= flights(rng, n, rng.uniform(0.35, 0.75)) * rng.gamma(4.0, 0.25, n)
    if pattern == "season":
        shape *= 1.2 + frame.wave
    each = shape[:, None] * np.exp(0.2 * rng.normal(size=(n, units)))
    mean = each.mean() or 1.0
    return each / mean * level * frame.scales


def _channel(rng: np.random.Generator, entry: Entry, spent: np.ndarray, frame: Frame) -> Column:
    """Return a channel's column: money, or what it bought where the file has no money of it."""
    if entry["role"] == "exposure":
        return Column(entry, *exposed(rng, entry, spent))
    return Column(entry, np.round(spent, frame.cents), "money")


def exposed(rng: np.random.Generator, entry: Entry, spent: np.ndarray) -> tuple[np.ndarray, str]:
    """Return what money bought, with noise in its price, and how it is written."""
    noise = np.exp(0.12 * rng.normal(size=spent.shape))
    if entry.get("measure") == "grp":
        return np.round(spent / (spent.max() or 1.0) * rng.uniform(120, 400) * noise, 1), "decimal"
    price = rng.uniform(0.3, 2.5) if entry.get("measure") == "clicks" else rng.uniform(3, 15) / 1000
    return np.round(spent / price * noise), "count"


# --- the KPI ---------------------------------------------------------------------------------------------------------


def _target(
    rng: np.random.Generator, entry: Entry, media: list[Column], controls: list[Column], frame: Frame, level: float
) -> np.ndarray:
    """Return the KPI: base, season, trend, what media add (carried over, saturating), controls, noise; above 0."""
    n, units = frame.shape
    season, trend = rng.uniform(0.05, 0.2) * frame.wave, rng.uniform(-0.05, 0.2) * np.linspace(0, 1, n)
    kpi = (0.6 + season + trend)[:, None] * np.ones(units)
    if frame.cadence == "daily":
        kpi = kpi * (1 + 0.12 * np.sin(2 * np.pi * frame.dates.day_of_week.to_numpy() / 7))[:, None]
    weights = rng.dirichlet(np.full(len(media), 2.0)) * rng.uniform(0.25, 0.4) if media else []
    for weight, column in zip(weights, media, strict=True):
        stock = carried_over(column.values.astype(float), rng.uniform(0.1, 0.6))
        middle = np.median(stock[stock > 0]) if (stock > 0).any() else 1.0
        kpi = kpi + weight * 2 * stock / (middle + stock)
    for column in controls:
        if column.form != "text" and column.entry["kind"] in EFFECTS:
            kpi = kpi + EFFECTS[column.entry["kind"]] * standardised(column.values)
    kpi = kpi + 0.03 * rng.normal(size=(n, units))
    return np.maximum(kpi, 0.05) * level * frame.scales


EFFECTS = {"price": -0.04, "promotion": 0.05, "event": 0.05, "competitor": -0.02, "distribution": 0.03}
"""What one standard deviation of a control adds to the KPI, in units of its level."""


def carried_over(values: np.ndarray, retention: float) -> np.ndarray:
    """Return the geometric adstock of (period, unit)."""
    stock = values.copy()
    for t in range(1, len(stock)):
        stock[t] += retention * stock[t - 1]
    return stock


def standardised(values: np.ndarray) -> np.ndarray:
    """Return values less their mean, in standard deviations."""
    values = values.astype(float)
    return (values - values.mean()) / (values.std() or 1.0)


# --- controls --------------------------------------------------------------------------------------------------------


def drifting(rng: np.random.Generator, frame: Frame, level: float, spread: float, digits: int) -> np.ndarray:
    """Return a slowly moving figure, the same in all units."""
    n, units = frame.shape
    walk = level * (1 + spread * autocorrelated(rng, n, 0.95))
    return np.round(np.repeat(walk[:, None], units, axis=1), digits)


def bursts(rng: np.random.Generator, frame: Frame, level: float, share: float) -> np.ndarray:
    """Return whole numbers above 0 in some periods."""
    n, units = frame.shape
    return np.round(rng.gamma(3.0, level / 3, (n, units)) * (rng.random((n, units)) < share))


def marks(rng: np.random.Generator, frame: Frame, share: float) -> np.ndarray:
    """Return 0/1, the same in all units, at least three of each (in very short files fewer)."""
    n, units = frame.shape
    on = (rng.random(n) < share).astype(float)
    some = rng.permutation(n)
    on[some[:3]], on[some[3:6]] = 1.0, 0.0
    return np.repeat(on[:, None], units, axis=1)


def _control(
    rng: np.random.Generator, entry: Entry, frame: Frame, level: float, budget: float, events: list[str]
) -> Column:
    """Return a control's column: what its content tag says, on the scale that its kind has."""
    (n, units), wave, content, kind = frame.shape, frame.wave[:, None], entry["content"], entry["kind"]
    each = rng.normal(size=(n, units))
    price = 10.0 ** rng.uniform(0.5, 2)
    cents = frame.cents
    makers = {
        ("price", "price"): lambda: (np.round(price * (1 + 0.06 * _steps(rng, n))[:, None] * (1 + 0.02 * each), 2),
                                     "price"),
        ("competitor", "price"): lambda: (np.round(price * (1 + 0.05 * _steps(rng, n))[:, None] * (1 + 0.02 * each), 2),
                                          "price"),
        ("macro", "price"): lambda: (drifting(rng, frame, rng.uniform(1, 90), 0.06, 2), "decimal"),
        ("promotion", "percent"): lambda: (np.round(rng.uniform(5, 40, (n, units)) * marks(rng, frame, 0.4), 1),
                                           "percent"),
        ("macro", "percent"): lambda: (drifting(rng, frame, rng.uniform(3, 9), 0.15, 1), "percent"),
        ("distribution", "percent"): lambda: (np.clip(drifting(rng, frame, rng.uniform(55, 85), 0.05, 1), 5, 99.5),
                                              "percent"),
        ("competitor", "percent"): lambda: (np.clip(drifting(rng, frame, rng.uniform(10, 40), 0.1, 1), 1, 99),
                                            "percent"),
        ("competitor", "spend"): lambda: (np.round(spend_series(rng, frame, budget * rng.uniform(0.3, 1.5)), cents),
                                          "money"),
        ("competitor", "sales"): lambda: (np.round(level * (0.8 + 0.1 * wave + 0.05 * each) * frame.scales, cents),
                                          "money"),
        ("weather", "temp"): lambda: (np.round(11 + 9 * wave + 2.5 * each, 1), "decimal"),
        ("weather", "rain"): lambda: (np.round(rng.gamma(1.2, 9.0, (n, units)), 1), "decimal"),
        ("weather", "sun"): lambda: (np.round(np.clip(30 + 22 * wave + 6 * each, 0, None), 1), "decimal"),
        ("distribution", "count"): lambda: (_growing(rng, frame), "count"),
        ("organic", "sends"): lambda: (bursts(rng, frame, 10.0 ** rng.uniform(3.5, 5), 0.75), "count"),
        ("other", "count"): lambda: (bursts(rng, frame, 10.0 ** rng.uniform(0.7, 2.5), 0.4), "count"),
        ("event", "text"): lambda: (_told(rng, frame, events), "text"),
    }  # fmt: skip
    if content == "dummy":
        return Column(entry, marks(rng, frame, rng.uniform(0.04, 0.15)), "flag")
    if content == "index":
        return Column(entry, drifting(rng, frame, rng.uniform(60, 130), 0.05, 1), "decimal")
    return Column(entry, *makers[kind, content]())


def _steps(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a level (period,) that jumps now and then."""
    return np.cumsum(rng.normal(size=n) * (rng.random(n) < 0.08))


def _growing(rng: np.random.Generator, frame: Frame) -> np.ndarray:
    """Return counts (stores) that rise slowly, each unit's own."""
    n, units = frame.shape
    start = rng.integers(20, 400, units)
    return start + np.cumsum(rng.random((n, units)) < 0.2, axis=0).astype(float)


def _told(rng: np.random.Generator, frame: Frame, events: list[str]) -> np.ndarray:
    """Return event names in words, in few periods; elsewhere one and the same word for nothing."""
    words = [w for w in events if " " not in w][:3] or ["Launch"]
    on = marks(rng, frame, 0.1)[:, :1] > 0
    cells = np.where(on, rng.choice(words, (len(on), 1)), rng.choice(NOTHING))
    return np.repeat(cells.astype(object), frame.shape[1], axis=1)


# --- columns to be left out ------------------------------------------------------------------------------------------


def _everywhere(units: int, values: np.ndarray) -> np.ndarray:
    """Return (period,) values as numbers in all units."""
    return np.repeat(np.asarray(values, dtype=float)[:, None], units, axis=1)


def _ignored(
    rng: np.random.Generator, entry: Entry, frame: Frame, target: Column, media: list[Column], spends: tuple[Entry, ...]
) -> Column:
    """Return a column that no model may use: made of others, or of nothing."""
    (n, units), dates, kpi = frame.shape, frame.dates, target.values
    money = np.sum([c.values for c in media if c.form == "money"], axis=0) * np.ones((n, units))
    noise = np.exp(0.05 * rng.normal(size=(n, units)))
    makers = {
        "id": lambda: (np.arange(1, n * units + 1).reshape(n, units).astype(float), "id"),
        "week": lambda: (_everywhere(units, dates.isocalendar().week), "id"),
        "month": lambda: (_everywhere(units, dates.month), "id"),
        "year": lambda: (_everywhere(units, dates.year), "id"),
        "quarter": lambda: (_everywhere(units, dates.quarter), "id"),
        "total": lambda: (np.round(money, 2), "money"),
        "derived_target": lambda: (np.round(kpi * noise, frame.cents), target.form),
        "ratio": lambda: (np.round(rng.uniform(0.5, 4) * np.exp(0.2 * rng.normal(size=(n, units))), 3), "decimal"),
        "mediator": lambda: (
            np.round(2000 * (0.5 + kpi / kpi.mean() + money / (money.mean() or 1.0)) * noise),
            "count",
        ),
        "outcome": lambda: (np.round(kpi / rng.uniform(15, 60) * noise), "count"),
        "constant": lambda: (np.full((n, units), rng.choice(["EUR", "A-17", "Main"]), dtype=object), "text"),
    }
    if entry["what"] == "derived_media":
        source = next(c for c, e in zip(media, spends, strict=True) if e["medium"] == entry["medium"])
        return Column(entry, np.round(carried_over(source.values.astype(float), 0.5), 2), "decimal")
    return Column(entry, *makers[entry["what"]]())
