"""CSV tables that stages hand on: actual against predicted, one row per period."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..files import whole
from . import scoring

SERIES_COLUMNS = ("date", "actual", "predicted", "lower_80", "upper_80")


def series_table(dates: np.ndarray, actual: np.ndarray, expected: np.ndarray, predictive: np.ndarray) -> pd.DataFrame:
    """Return date, actual, predicted (posterior mean) and the 80 % posterior predictive interval per row.

    expected : (sample, row) KPI given each draw; predictive : (sample, row) with noise
    """
    lower, upper = scoring.interval(predictive)
    columns = (pd.DatetimeIndex(dates), actual, expected.mean(axis=0), lower, upper)
    return pd.DataFrame(dict(zip(SERIES_COLUMNS, columns, strict=True)))


def empty_series() -> pd.DataFrame:
    """Return the table with its header only."""
    return pd.DataFrame(columns=list(SERIES_COLUMNS))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table with ISO dates and exact decimals, wholly or not at all."""
    with whole(path) as part:
        table.to_csv(part, index=False, date_format="%Y-%m-%d", lineterminator="\n")


def read_series(path: Path) -> pd.DataFrame:
    """Read a table of actual against predicted."""
    return pd.read_csv(path, parse_dates=["date"])
