"""What is told of training rows: each fault by its code, with a cure; clean data in silence."""

import numpy as np
import pandas as pd
import pytest

import profiles
from mmm_builder.data_profile import NATIONAL
from mmm_builder.profiling.quality import parameter_count, quality_warnings
from mmm_builder.profiling.series import series_statistics
from mmm_builder.profiling.training import training_of
from mmm_builder.profiling.units import two_scales
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.spec import PERIODS_PER_YEAR

WEEKS = 156


def clean(seed: int = 0, weeks: int = WEEKS) -> pd.DataFrame:
    """Return weeks of a KPI with trend and season, three channels in their own ways, and a price."""
    rng = np.random.default_rng(seed)
    year = 2 * np.pi * np.arange(weeks) / 52.18
    sales = 20_000 * (1 + 0.2 * np.arange(weeks) / weeks + 0.15 * np.sin(year)) + rng.normal(0, 900, weeks)
    columns = {
        "sales": sales,
        "tv": rng.gamma(3, 400, weeks) * (rng.random(weeks) < 0.5),
        "search": rng.gamma(9, 60, weeks),
        "social": rng.gamma(5, 90, weeks) * (1 + 0.3 * np.cos(year)),
        "price": rng.normal(10, 0.3, weeks),
    }
    return pd.DataFrame(columns, pd.date_range("2020-01-06", periods=weeks, freq="7D"))


def warnings_of(table: pd.DataFrame, *, controls=("price",), measures=None, frequency="weekly"):
    """Return the warnings on a table by date whose first column is the KPI, the rest channels and controls."""
    target, *others = table.columns
    channels = [profiles.channel(n, measure=(measures or {}).get(n, "spend")) for n in others if n not in controls]
    controls = [n for n in others if n in controls]
    index = pd.MultiIndex.from_product([table.index, [NATIONAL]], names=["date", "unit"])
    rows = table.astype(float).set_axis(index)
    yearly = PERIODS_PER_YEAR[frequency]
    series = series_statistics(
        rows, target=target, channels=[c.column for c in channels], exposures=[], controls=controls,
        periods_per_year=yearly,
    )  # fmt: skip
    return quality_warnings(
        rows, series, target=target, channels=channels, controls=controls, frequency=frequency, periods_per_year=yearly
    )


def change(column: str, at: slice | int, factor: float):
    """Return a fault: some values of a column times a factor."""

    def faulty(table: pd.DataFrame) -> pd.DataFrame:
        values = table[column].copy()
        values.iloc[at] *= factor
        return table.assign(**{column: values})

    return faulty


def put(**columns):
    """Return a fault: columns put in place or beside, each a function of the table."""
    return lambda table: table.assign(**columns)


def pulses(table: pd.DataFrame) -> pd.Series:
    return pd.Series(np.where(np.arange(len(table)) % 30 == 3, 500.0, 0.0), table.index)


def growing_noise(table: pd.DataFrame) -> pd.Series:
    level = np.exp(np.linspace(7, 9, len(table)))
    return pd.Series(level * (1 + np.random.default_rng(1).normal(0, 0.1, len(table))), table.index)


def seasonal(table: pd.DataFrame) -> pd.Series:
    return 500 + 300 * np.sin(2 * np.pi * pd.Series(np.arange(len(table)), table.index) / 52.18 + 1)


FAULTS = {
    "short_history": (lambda t: t.head(90), "90 training weeks are fewer than 2 years (104)"),
    "few_channels": (lambda t: t[["sales", "tv", "price"]], "'tv' is the only channel"),
    "zeros_share": (put(tv=pulses), "'tv' (6 of 156 weeks)"),
    "constant_spend": (put(search=lambda t: 500 + t["search"] / 1000), "'search' (varies by 0.0 % around its mean)"),
    "same_figure": (put(search=500.0), "'search'"),
    "collinear_channels": (
        put(social=lambda t: 3 * t["search"] + t["social"] / 10),
        "'search' and 'social' (r = 1.00)",
    ),
    "near_duplicate": (put(total=lambda t: t["tv"] + t["search"] + t["social"]), "'tv', 'search', 'social', 'total'"),
    "high_vif": (
        put(total=lambda t: t["tv"] / 2 + 2 * t["search"] + 2 * t["social"] + t["price"] * 5),
        "'total' (VIF",
    ),
    "collinear_controls": (put(price=lambda t: t["tv"] / 1000 + t["price"] / 10), "'tv' and 'price' (r = 1.00)"),
    "outliers": (change("sales", 77, 2.0), "'sales' stands out on 2021-06-28 ("),
    "media_outliers": (change("search", 77, 20.0), "'search' on 2021-06-28 (up to "),
    "level_shift": (change("sales", slice(80, None), 1.7), "'sales' shifts for good on 2021-07-19 (typically"),
    "target_zeros": (change("sales", 30, 0.0), "is 0 in 1 of 156 training weeks"),
    "target_negative": (change("sales", 30, -0.1), "is negative in 1 of 156 training weeks: 2020-08-03"),
    "season_confounded": (put(search=seasonal), "'search' (the time of the year explains 100 % of it)"),
    "variance_grows": (put(sales=growing_noise), "the KPI 'sales' grow with its level"),
    "unit_of_a_stretch": (
        change("search", slice(100, None), 1000.0),
        "'search' is about 1000 times too large from 2021-12-06 to 2022-12-26",
    ),
    "unit_of_the_kpi": (change("sales", slice(0, 40), 0.01), "'sales' is about 100 times too small from 2020-01-06"),
    "unit_of_a_cell": (change("search", [5, 50], 0.001), "figures of 'search' look about 1000 times too small"),
    "unit_of_a_channel": (change("social", slice(None), 0.001), "'social' (typically 0.389)"),
    "unit_of_all_spend": (put(sales=lambda t: t["sales"] / 1000), "the spend adds up to "),
    "spend_as_share": (put(search=lambda t: t["search"] / t["search"].max()), "between 0 and 1, which looks scaled"),
}
CODES = {
    "same_figure": "constant_spend", "media_outliers": "outliers",
    "unit_of_a_stretch": "units_suspicion", "unit_of_the_kpi": "units_suspicion", "unit_of_a_cell": "units_suspicion",
    "unit_of_a_channel": "units_suspicion", "unit_of_all_spend": "units_suspicion", "spend_as_share": "units_suspicion",
}  # fmt: skip
"""Code of a fault, where the fault isn't called by it."""


@pytest.mark.parametrize("seed", range(4))
def test_clean_data_are_met_with_silence(seed):
    assert warnings_of(clean(seed)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_cure(fault):
    make, expected = FAULTS[fault]
    told = {w.message: w for w in warnings_of(make(clean()))}
    (message,) = [m for m in told if expected in m] or [f"none of {list(told)}"]
    assert expected in message
    assert told[message].code == CODES.get(fault, fault)
    assert message.endswith(f"; {told[message].cure}")
    assert len(message) < 600


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_brings_few_others_along(fault):
    found = {w.code for w in warnings_of(FAULTS[fault][0](clean()))}
    assert len(found - {CODES.get(fault, fault)}) <= 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("frequency", ["weekly", "daily"])
def test_simulated_clients_are_met_with_silence(seed, frequency):
    years = 3
    table, truth = simulate_client(seed, n_periods=int(years * PERIODS_PER_YEAR[frequency]), frequency=frequency)
    controls = tuple(c.column for c in truth.controls)
    by_date = table.set_index(truth.date_column)[[truth.target_column, *(c.column for c in truth.channels), *controls]]
    assert {w.code for w in warnings_of(by_date, controls=controls, frequency=frequency)} <= {"short_history"}


def test_more_parameters_than_periods():
    rng = np.random.default_rng(1)
    more = pd.DataFrame(rng.normal(size=(WEEKS, 150)), clean().index).add_prefix("control ")
    table = clean().join(more)
    controls = [n for n in table.columns if n.startswith("control") or n == "price"]
    told = {w.code: w.message for w in warnings_of(table, controls=controls)}
    assert "3 channels and 151 controls make about 167 parameters" in told["many_columns"]
    assert "short_history" not in told


@pytest.mark.parametrize(("yearly", "expected"), [(52.18, 3 + 4 + 9 + 2), (4.0, 3 + 2 + 9 + 2), (1.0, 3 + 9 + 2)])
def test_parameters_are_those_of_the_default_model(yearly, expected):
    channels = [profiles.channel(n) for n in ("tv", "search", "social")]
    table = (
        clean().assign(promo=0.0).set_axis(pd.MultiIndex.from_product([clean().index, ["x"]], names=["date", "unit"]))
    )
    rows = training_of(
        table, [], target="sales", channels=channels, controls=["price", "promo"],
        frequency="weekly", periods_per_year=yearly,
    )  # fmt: skip
    assert parameter_count(rows) == expected


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).lognormal(5, 1.2, 150),
        np.r_[np.linspace(1000, 3000, 40), 900, 300, 80, 3, 1, np.zeros(20), np.linspace(1000, 3000, 40)],
        np.r_[np.random.default_rng(2).normal(0, 1, 100), -1000.0],
        np.geomspace(1, 5000, 150),
        np.zeros(50),
    ],
    ids=["skewed", "fading out", "around zero", "growing", "nothing"],
)
def test_one_scale_is_not_taken_for_two(values):
    assert two_scales(pd.Series(values, pd.date_range("2020-01-06", periods=len(values), freq="7D"))) is None


def test_a_kpi_of_counts_may_be_smaller_than_spend():
    table = clean().rename(columns={"sales": "orders"})
    table["orders"] = (table["orders"] / 1000).round()
    assert "units_suspicion" not in {w.code for w in warnings_of(table)}


def test_channels_in_other_measures_are_not_compared_with_spend():
    table = clean().assign(radio=lambda t: t["tv"] / 5000)
    assert "units_suspicion" not in {w.code for w in warnings_of(table, measures={"radio": "grp"})}
