"""Units of a panel: those that are alike get coefficients that are alike, whatever they are called."""

import numpy as np
import pytest
import xarray as xr
from trainings import Compiled, small_panel

from mmm_builder.modelling.design import make_design

NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def fitted():
    """A panel of one unit three times over, its spec, and the posterior."""
    panel, spec, _ = small_panel()
    unit = panel.isel(unit=[0]).drop_vars("is_training")
    alike = xr.concat([unit.assign_coords(unit=[name]) for name in NAMES], "unit")
    alike = alike.assign(is_training=panel["is_training"])
    design = make_design(alike, spec)
    return Compiled(design, spec).posterior(design, spec, seed=3, draws=500)


def test_their_coefficients_are_near_equal(fitted):
    coefficient = fitted["coefficient"]
    means, spread = coefficient.mean(("chain", "draw")), coefficient.std(("chain", "draw"))
    assert float((means.std("unit") / means.mean("unit")).max()) < 0.05
    np.testing.assert_allclose(spread, spread.mean("unit").broadcast_like(spread), rtol=0.15)


def test_their_season_and_noise_are_near_equal(fitted):
    for name in ("sigma", "intercept"):
        means = fitted[name].mean(("chain", "draw"))
        assert float(means.std() / means.mean()) < 0.02, name
