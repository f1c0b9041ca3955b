"""The GPU path: a clear line where there is no GPU; the model under JAX is the model under numba."""

import sys

import numpy as np
import pytest
from trainings import fast_logp, sampler, small_client

from mmm_builder.errors import InputError
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.model import build_model
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.sampling import progress_file, sample


def small_model(model_type: str = "v3"):
    panel, spec, _ = small_client(model_type)
    return build_model(make_design(panel, spec), spec)


def sample_on(device: str) -> None:
    sample(small_model(), sampler(), device=device, cores=1, report=progress_file(None))


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


@pytest.mark.parametrize("model_type", RECIPES)
def test_density_and_gradient_under_jax_are_the_same(model_type):
    pytest.importorskip("jax")
    model = small_model(model_type)
    rng = np.random.default_rng(0)
    logps = [fast_logp(model), model.compile_logp(mode="JAX")]
    slopes = [model.compile_dlogp(mode="FAST_COMPILE"), model.compile_dlogp(mode="JAX")]
    for _ in range(5):
        point = {k: rng.normal(size=np.shape(v)) for k, v in model.initial_point().items()}
        np.testing.assert_allclose(logps[1](point), logps[0](point), rtol=1e-8)
        np.testing.assert_allclose(slopes[1](point), slopes[0](point), rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_numpyro_and_nutpie_agree():
    pytest.importorskip("numpyro")
    import arviz as az

    from mmm_builder.modelling.sampling import sample_numpyro

    nuts, model = sampler(chains=4, draws=1000, tune=1000), small_model()
    one = sample(model, nuts, device="cpu", cores=2, report=progress_file(None)).posterior
    other = sample_numpyro(model, nuts).posterior
    for name in ("adstock_alpha", "half_saturation", "coefficient", "sigma"):
        errors = [az.mcse(p[[name]])[name].values for p in (one, other)]
        means = [p[name].mean(("chain", "draw")).values for p in (one, other)]
        assert np.all(np.abs(means[0] - means[1]) < 4 * np.hypot(*errors)), name
    assert other.attrs["sampling_time"] > 0
