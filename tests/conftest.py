"""What several tests share: the public data, where they are at hand, and a small table that can be modelled."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

# the same examples on every run, and no deadline: machines that are busy are slow
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def public_data() -> Callable[[str], Path]:
    """Return a function from the name of a public dataset (or variant) to its file; skips where it is absent."""

    def find(name: str) -> Path:
        for folder in ("public", "variants"):
            path = SHARED_DATA / folder / f"{name}.csv"
            if path.is_file():
                return path
        pytest.skip(f"the public dataset {name!r} is not at hand beside the repository")

    return find


@pytest.fixture
def weekly_table() -> pd.DataFrame:
    """Return 120 weeks of a KPI, two channels with pauses, a price and a promotion mark."""
    rng = np.random.default_rng(20260101)
    weeks = 120
    tv = rng.gamma(2.0, 500.0, weeks).round(2) * (rng.random(weeks) < 0.6)
    search = rng.gamma(4.0, 100.0, weeks).round(2)
    promo = (rng.random(weeks) < 0.15).astype(int)
    return pd.DataFrame(
        {
            "date": pd.date_range("2023-01-02", periods=weeks, freq="7D").strftime("%Y-%m-%d"),
            "revenue": (9000 + tv + 2 * search + 800 * promo + rng.normal(0, 300, weeks)).round(2),
            "tv_spend": tv,
            "search_spend": search,
            "avg_price": (10 + rng.normal(0, 0.4, weeks)).round(2),
            "promo": promo,
        }
    )


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """Return a temporary folder that all test processes of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@pytest.fixture(scope="session")
def stage_run(shared_folder) -> Path:
    """Return the folder of one run of all stages on a small simulated client."""
    from trainings import CLIENT, shared_stage_run, simulate_client  # imports PyMC, which most tests do without

    return shared_stage_run(shared_folder, "stage_run", simulate_client(1, **CLIENT)[0])
