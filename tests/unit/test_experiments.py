"""Lift tests in the model: what is compared with what, and tests that the data can't hold."""

import numpy as np
import pytest
from model_cases import LIFTS, Model, changed, lift_test, unconstrained
from scipy import stats

from mmm_builder.errors import InputError
from mmm_builder.modelling.design import make_design, make_projection
from mmm_builder.modelling.layout import named_draws
from mmm_builder.modelling.prediction import model_draws
from mmm_builder.modelling.transforms import geometric_adstock


def test_density_is_that_of_the_measured_lifts():
    """By hand: carry-over by its recursion, spend with and without the change, in the KPI's own units."""
    model, without = Model("v3_proper", entries=("lift_tests",)), Model("v3_proper")
    panel, spec = model.case()
    design = make_design(panel, spec)
    points = unconstrained(design, spec, 3)
    draws = model_draws(design, spec, make_projection(design), named_draws(design, spec, points))
    found = [model.density()(p) - without.density()(p) for p in points]
    expected = np.zeros(3)
    for test, (column, first, last, share) in zip(spec.lift_tests, LIFTS, strict=True):
        c = design.channels.index(column)
        spend = panel["spend"].sel(channel=column).values
        held_back = spend.copy()
        held_back[first : last + 1] *= 1.0 - share
        for k in range(3):
            both = [geometric_adstock(x / design.spend_unit[0, c], draws["adstock_alpha"][k, c])
                    for x in (spend, held_back)]  # fmt: skip
            effect = [carried / (draws["half_saturation"][k, c] + carried) for carried in both]
            lift = (effect[0] - effect[1])[first : last + 1].sum()
            implied = design.kpi_scale[0] * draws["coefficient"][k, c] * lift
            expected[k] += stats.norm.logpdf((implied - test.lift) / test.standard_error)
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-7, atol=1e-7)


def test_units_of_a_panel_add_up():
    """A test in a panel is of all its units: a unit twice over gives twice the lift."""
    panel, spec = Model("v3", units=3, entries=("lift_tests",)).case()
    experiments = make_design(panel, spec).experiments
    assert experiments.changed.shape == (len(LIFTS), 1, panel.sizes["date"])
    own = Model("v2", units=3, entries=("lift_tests",)).design()[0].experiments
    np.testing.assert_allclose(own.changed.sum(axis=1), experiments.changed[:, 0])
    assert len(own.series_channel) == 3 * len(LIFTS)


def refused(**wrong):
    panel, spec = Model(entries=("lift_tests",)).case()
    test = spec.lift_tests[0].model_copy(update=wrong)
    return panel, changed(spec, lift_tests=(spec.lift_tests[1], test))


def test_spend_outside_the_test_stays_as_it_was():
    design, spec = Model(entries=("lift_tests",)).design()
    for test, changed_spend, window in zip(spec.lift_tests, design.experiments.changed, design.experiments.window,
                                           strict=True):  # fmt: skip
        spend = design.spend[0, design.channels.index(test.channel)]
        np.testing.assert_array_equal(changed_spend[0][window == 0], spend[window == 0])
        assert (spend - changed_spend[0]).sum() == pytest.approx(test.spend_change)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"channel": "serch_1_spend"}, r"lift test 2: there is no channel 'serch_1_spend' \(did you mean 'search_1_spend'"),
    ({"spend_change": 1e12}, r"lift test 2: spend_change 1e\+12 is more than the .* spent on 'search_1_spend'"),
    ({"start": "1999-01-01", "end": "1999-02-01"}, "lift test 2: 1999-01-01 to 1999-02-01 holds no period"),
])  # fmt: skip
def test_a_test_that_the_data_cannot_hold_is_named(wrong, message):
    panel, spec = refused(**wrong)
    with pytest.raises(InputError, match=message):
        make_design(panel, spec)


def test_a_test_in_held_out_rows_is_refused():
    panel, spec = Model().case()
    late = int(panel["is_training"].sum())
    for first, last in ((late - 2, late), (late + 1, late + 3)):
        test = lift_test(panel, "search_1_spend", first, last, 0.5)
        with pytest.raises(InputError, match=r"lift test 1: .* holds no period, or a held-out one; "):
            make_design(panel, changed(spec, lift_tests=(test,)))
