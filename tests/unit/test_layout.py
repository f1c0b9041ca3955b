"""The sampled vector: PyMC's own variables in PyMC's own order, on PyMC's own scales; data that can be exchanged."""

import numpy as np
import pytest
from model_cases import KINDS, MODELS, Model, changed, unconstrained, with_parts
from trainings import density, small_client, small_panel

from mmm_builder.distributions import LogitNormal, LogNormal
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.layout import (
    ROTATED,
    blocks_of,
    dims_of_data,
    joined_draws,
    model_data,
    named_draws,
    prior_medians,
    size_of,
    structure,
    variables_of,
)
from mmm_builder.modelling.model import build_model
from mmm_builder.modelling.priors import frozen
from mmm_builder.spec import Saturation


@pytest.mark.parametrize("model", [*KINDS, Model(entries=("other_families",))], ids=str)
class TestEveryModel:
    def test_names_order_and_scales_are_pymcs(self, model):
        design, spec = model.design()
        built = build_model(design, spec)
        blocks = [block for v in variables_of(design, spec) for block in blocks_of(v)]
        assert [v.name for v in built.free_RVs] == [*(b.name for b in blocks), ROTATED]
        points = unconstrained(design, spec, 3)
        named, start, natural = named_draws(design, spec, points), 0, {}
        shapes = built.eval_rv_shapes()
        for rv in built.free_RVs:
            shape = shapes[rv.name]
            part = points[:, start : start + int(np.prod(shape))]
            start += part.shape[1]
            transform = built.rvs_to_transforms[rv]
            back = part if transform is None else np.stack([
                transform.backward(row.reshape(shape), *rv.owner.inputs).eval(mode="FAST_COMPILE").ravel()
                for row in part
            ])  # fmt: skip
            natural[rv.name] = back.reshape(3, *shape)
        assert start == size_of(design, spec) == points.shape[1]
        joined = joined_draws(design, spec, natural)
        assert list(joined) == list(named)
        for name, value in named.items():
            np.testing.assert_allclose(value, joined[name], rtol=1e-9, err_msg=name)

    def test_data_are_those_of_the_model(self, model):
        design, spec = model.design()
        built, data = build_model(design, spec), model_data(design, spec)
        held = {v.name: v.get_value() for v in built.data_vars}
        assert held.keys() == data.keys()
        for name, value in data.items():
            np.testing.assert_array_equal(held[name], value, err_msg=name)

    def test_dims_of_the_data_are_of_one_size(self, model):
        design, spec = model.design()
        data, sizes = model_data(design, spec), {}
        for name, dims in dims_of_data(design, spec).items():
            for dim, size in zip(dims, data.get(name, np.empty(())).shape, strict=False):
                assert sizes.setdefault(dim, size) == size, (name, dim)

    def test_medians_are_those_of_the_priors(self, model):
        design, spec = model.design()
        named = named_draws(design, spec, prior_medians(design, spec)[None])
        for variable in variables_of(design, spec):
            medians = np.reshape([frozen(p).median() for p in variable.priors], variable.shape)
            np.testing.assert_allclose(named[variable.name][0], medians, rtol=1e-6, atol=1e-9)
        assert np.all(named[ROTATED] == 0)

    def test_natural_and_unconstrained_are_inverse(self, model):
        design, spec = model.design()
        for variable in variables_of(design, spec):
            for block in blocks_of(variable):
                u = np.linspace(-4, 4, len(block.entries))
                np.testing.assert_allclose(block.unconstrained(block.natural(u)), u, atol=1e-9)


class TestStructure:
    def test_models_that_differ_are_told_apart(self):
        texts = {}
        for model in MODELS:
            design, spec = model.design()
            texts.setdefault(structure(design, spec), []).append(model)
        for same in texts.values():
            ends = {(m.adstock or "", m.saturation or "", m.noise, m.trend) for m in same}
            assert len({(m.noise, m.trend) for m in same}) == 1, ends
            assert len({"lift_tests" in m.entries for m in same}) == 1
            assert len({m.units > 1 for m in same}) == 1

    @pytest.mark.parametrize("seed", [2, 3])
    @pytest.mark.parametrize("model_type", ["v3", "v2"])
    def test_of_one_structure_the_data_say_all(self, model_type, seed):
        (one, spec, _), (other, other_spec, _) = (small_client(model_type, seed=s, n_periods=n)
                                                  for s, n in ((1, 104), (seed, 90)))  # fmt: skip
        wider = tuple(c.model_copy(update={"saturation": Saturation(half_saturation=LogNormal(mu=0.4, sigma=1.1))})
                      for c in other_spec.channels)  # fmt: skip
        other_spec = changed(other_spec, channels=wider)
        designs = make_design(one, spec), make_design(other, other_spec)
        assert structure(designs[0], spec) == structure(designs[1], other_spec)
        point = unconstrained(designs[1], other_spec, 1)[0]
        data = model_data(designs[1], other_spec)
        assert density(designs[0], spec, data=data)(point) == pytest.approx(density(designs[1], other_spec)(point))

    def test_the_link_of_a_pooled_prior_is_part_of_it(self):
        panel, spec, _ = small_client("v2")
        other = tuple(
            c.model_copy(update={"saturation": Saturation(half_saturation=LogitNormal(mu=0.0, sigma=0.7))})
            for c in spec.channels
        )
        texts = [structure(make_design(panel, s), s) for s in (spec, changed(spec, channels=other))]
        assert texts[0] != texts[1]

    def test_saturation_and_adstock_are_part_of_it(self):
        panel, spec, _ = small_panel("v3")
        specs = [with_parts(spec, adstock, saturation) for adstock in ("geometric_grid", "geometric_scan")
                 for saturation in ("hill", "hill_slope")]  # fmt: skip
        assert len({structure(make_design(panel, s), s) for s in specs}) == 4
