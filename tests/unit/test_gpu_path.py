"""The GPU path: a clear line where there is no GPU; the model under JAX is the model under numba."""

import sys

import arviz as az
import numpy as np
import pytest
from model_cases import KINDS, Model, unconstrained
from trainings import density, parts_of, sampler

from mmm_builder.errors import InputError
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.graphs import register_jax
from mmm_builder.modelling.model import build_model
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.sampling import progress_file, sample


def sample_on(device: str) -> None:
    design, spec = Model().design()
    sample(design, spec, device=device, cores=1, report=progress_file(None))


def test_unknown_device_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"device: 'gpuu' is not known \(did you mean 'gpu'\?\); give cpu or gpu"):
        sample_on("gpuu")


def test_without_jax_the_line_says_where_to_train(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(InputError, match=r"device: gpu was asked for, but JAX is not installed; train in the env"):
        sample_on("gpu")


def test_without_a_gpu_the_line_says_what_jax_sees():
    jax = pytest.importorskip("jax")
    if jax.default_backend() == "gpu":
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=r"device: gpu was asked for, but JAX sees only 'cpu'; install CUDA"):
        sample_on("gpu")


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_density_and_gradient_under_jax_are_the_same(model):
    """As the sampler gets them: data are constants of the program."""
    jax = pytest.importorskip("jax")
    from pymc.sampling.jax import get_jaxified_logp

    register_jax()
    design, spec = model.design()
    logp = jax.jit(get_jaxified_logp(build_model(design, spec)))
    slope = jax.jit(jax.grad(logp))
    expected, expected_slope = model.density(), density(design, spec, slope=True)
    for point in unconstrained(design, spec, 3):
        parts = [jax.numpy.asarray(part) for part in parts_of(design, spec, point)]
        np.testing.assert_allclose(logp(parts), expected(point), rtol=1e-8)
        found = np.concatenate([np.ravel(part) for part in slope(parts)])
        np.testing.assert_allclose(found, expected_slope(point), rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_numpyro_and_nutpie_agree():
    pytest.importorskip("numpyro")
    from mmm_builder.modelling.sampling import sample_numpyro

    panel, spec = Model().case()
    design, chains = make_design(panel, spec), 4
    spec = spec.model_copy(update={"sampler": sampler(chains=chains, draws=1000, tune=1000)})
    both = [sample(design, spec, device="cpu", cores=2, report=progress_file(None)), sample_numpyro(design, spec)]
    one, other = (named_posterior(design, spec, sampled.draws, chains) for sampled in both)
    for name in ("adstock_alpha", "half_saturation", "coefficient", "sigma"):
        errors = [az.mcse(p[[name]])[name].values for p in (one, other)]
        means = [p[name].mean(("chain", "draw")).values for p in (one, other)]
        assert np.all(np.abs(means[0] - means[1]) < 4 * np.hypot(*errors)), name
    assert both[1].seconds > 0
