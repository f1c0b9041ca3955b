"""From the records of studies to the figures of the document: p-values of ranks, coverage, bias and error."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .fitting import N_KEPT
from .uniformity import chi_square_p, ecdf_p, holm

FIELDS = ("truth", "mean", "lower", "upper", "rank", "prior_mean", "prior_lower", "prior_upper")
IN_KPI = ("coefficient", "contribution", "media", "held_out_kpi")
SHOWN = ("adstock_alpha", "half_saturation", "coefficient", "contribution", "roas", "media", "held_out_kpi")
"""What recovery is told of, in this order."""


def figures_table(records: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the figures of all worlds: DataFrame with study, world, label, variable and `FIELDS`.

    What is in the KPI's own units is divided by the record's `kpi_unit`, so that worlds can be compared.
    """
    rows = [(r["study"], r["world"], r["kpi_unit"], label, *v) for r in records for label, v in r["figures"].items()]
    table = pd.DataFrame(rows, columns=["study", "world", "kpi_unit", "label", *FIELDS])
    table["variable"] = table["label"].str.partition("[")[0]
    values = [f for f in FIELDS if f != "rank"]
    unit = table["kpi_unit"].where(table["variable"].isin(IN_KPI), 1.0)
    table[values] = table[values].div(unit, axis=0)
    return table.drop(columns="kpi_unit")


def ranks_by_label(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ranks of one study (world, label); of figures that rank alike in all worlds only the first."""
    ranks = table.set_index(["world", "label"])["rank"].to_xarray().to_pandas()[list(dict.fromkeys(table["label"]))]
    return ranks.loc[:, ~ranks.T.duplicated().to_numpy()]


def uniformity(table: pd.DataFrame) -> pd.DataFrame:
    """Return both tests of each figure of one study: label, variable, chi_square, ecdf, and both adjusted (Holm)."""
    ranks = ranks_by_label(table)
    tested = pd.DataFrame(
        {
            "label": list(ranks),
            "chi_square": [chi_square_p(ranks[label].to_numpy(), N_KEPT) for label in ranks],
            "ecdf": [ecdf_p(ranks[label].to_numpy(), N_KEPT) for label in ranks],
        }
    )
    tested["variable"] = tested["label"].str.partition("[")[0]
    for test in ("chi_square", "ecdf"):
        tested[f"{test}_adjusted"] = holm(tested[test].to_numpy())
    return tested


def recovery(table: pd.DataFrame) -> pd.DataFrame:
    """Return by variable how one study's truths were found, channels and worlds together.

    coverage, coverage_error : share of truths in their 80 % interval, and its standard error over worlds
    bias, rmse, prior_rmse : of the posterior mean, and of the prior's, as shares of the mean truth
    width : mean width of the posterior's 80 % interval, as a share of the prior's
    """
    rows = {}
    for variable in (v for v in SHOWN if v in set(table["variable"])):
        own = table[table["variable"] == variable]
        inside = own["truth"].between(own["lower"], own["upper"]).groupby(own["world"]).mean()
        error, level = own["mean"] - own["truth"], own["truth"].mean()
        rows[variable] = {
            "coverage": inside.mean(),
            "coverage_error": inside.std(ddof=1) / np.sqrt(len(inside)),
            "bias": error.mean() / level,
            "rmse": np.sqrt((error**2).mean()) / level,
            "prior_rmse": np.sqrt(((own["prior_mean"] - own["truth"]) ** 2).mean()) / level,
            "width": (own["upper"] - own["lower"]).mean() / (own["prior_upper"] - own["prior_lower"]).mean(),
        }
    return pd.DataFrame(rows).T
