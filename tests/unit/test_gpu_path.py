"""The GPU path: a clear line where there is no GPU; the model under JAX is the model under numba."""

import sys
from typing import Any

import numpy as np
import pytest
from model_cases import KINDS, Model, changed, unconstrained
from trainings import density, sampler

import model_trainer
from benchmarks import gpu
from benchmarks.gpu import found_of, z_scores
from mmm_builder.errors import InputError
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.modelling.sampling import SAMPLERS, progress_file, sample, sample_jax
from mmm_builder.spec import Sampler

HOW = {"cores": 2, "report": progress_file(None)}


def sample_on(device: str) -> None:
    design, spec = Model().design()
    sample(design, spec, device=device, **HOW)


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


def test_single_precision_is_for_the_gpu():
    design, spec = Model().design()
    with pytest.raises(InputError, match="float_type: float32 goes with device: gpu only"):
        sample(design, spec, device="cpu", float_type="float32", **HOW)
    with pytest.raises(InputError, match=r"'float16' is not known .*give float64 or float32"):
        sample(design, spec, device="cpu", float_type="float16", **HOW)


@pytest.mark.parametrize("model", KINDS, ids=str)
def test_density_and_gradient_under_jax_are_the_same(model):
    """Rows that are added so that fits share a program change neither."""
    jax = pytest.importorskip("jax")
    from mmm_builder.modelling.jax_sampling import log_density, padded

    design, spec = model.design()
    data = padded(design, spec, len(design.weight) + 7)
    logp = jax.jit(jax.value_and_grad(log_density(design, spec, data)))
    expected, expected_slope = model.density(), density(design, spec, slope=True)
    for point in unconstrained(design, spec, 3):
        found, slope = logp(point, data)
        np.testing.assert_allclose(found, expected(point), rtol=1e-8)
        np.testing.assert_allclose(slope, expected_slope(point), rtol=1e-6, atol=1e-6)


def short(draws: int = 300, seed: int = 1) -> Sampler:
    """Return the settings that these tests share, and with them the program of a model."""
    return sampler(chains=4, draws=draws, tune=draws, seed=seed)


def fitted(model: Model, fit, draws: int = 300) -> dict[str, Any]:
    """Return what a fit of a model finds, see `benchmarks.gpu.found_of`."""
    design, spec = model.design()
    spec = changed(spec, sampler=short(draws))
    return found_of(named_posterior(design, spec, fit(design, spec).draws, 4))


def on(device: str):
    return lambda design, spec: sample(design, spec, device=device, **HOW)


def under_jax(float_type: str = "float64"):
    return lambda design, spec: sample_jax(design, spec, n_rows=None, float_type=float_type, **HOW)


def check_agreement(one: dict[str, Any], other: dict[str, Any], limit: float) -> None:
    """Means and standard deviations of the whole posterior differ by no more than Monte Carlo errors."""
    assert max(one["worst_rhat"], other["worst_rhat"]) < 1.05
    for z in z_scores(one, other):
        assert np.abs(z).max() < limit


@pytest.mark.parametrize("model", [Model("simple"), Model()], ids=lambda model: model.recipe)
def test_posteriors_agree(model):
    pytest.importorskip("numpyro")
    check_agreement(fitted(model, on("cpu")), fitted(model, under_jax()), limit=5.0)


@pytest.mark.slow
@pytest.mark.parametrize("model", list(dict.fromkeys([*map(Model, RECIPES), *KINDS])), ids=str)
def test_posteriors_of_every_kind_agree(model):
    pytest.importorskip("numpyro")
    check_agreement(fitted(model, on("cpu"), 1000), fitted(model, under_jax(), 1000), limit=4.5)


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    pytest.importorskip("numpyro")
    design, spec = Model("simple").design()
    first, again, other = (under_jax()(design, changed(spec, sampler=short(seed=seed))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.draws["sigma"], again.draws["sigma"])
    assert np.abs(first.draws["sigma"] - other.draws["sigma"]).max() > 0


def test_a_whole_training_goes_through_one_program(monkeypatch):
    """The main fit, the folds and the twins; what they forecast is what the CPU path forecasts."""
    pytest.importorskip("numpyro")
    from mmm_builder.modelling.jax_sampling import PROGRAMS

    monkeypatch.setitem(SAMPLERS, "gpu", sample_jax)
    panel, spec = Model("simple").case()
    before, spec = len(PROGRAMS), changed(spec, sampler=short())
    cpu, gpu = (model_trainer.train(panel, spec, device=device, cores=2) for device in ("cpu", "gpu"))
    assert len(PROGRAMS) <= before + 1
    one, other = (groups["forecasts"] for groups in (cpu, gpu))
    assert one.sizes == other.sizes
    spread = one["predictive"].std("sample")
    assert float((np.abs(one["expected"] - other["expected"]) / spread).max()) < 0.15
    assert float(other["worst_rhat"].max()) < 1.05
    assert {"diverging", "n_steps", "energy", "step_size", "logp"} <= set(gpu["sample_stats"])


def test_single_precision_finds_nearly_the_same():
    pytest.importorskip("numpyro")
    double, single = (fitted(Model("simple"), under_jax(float_type)) for float_type in ("float64", "float32"))
    assert np.abs(z_scores(double, single)[0]).max() < 5.0
    assert double["means"] != single["means"]


@pytest.mark.slow
def test_posteriors_of_gpu_and_cores_agree():
    jax = pytest.importorskip("jax")
    if jax.default_backend() != "gpu":
        pytest.skip("JAX sees no GPU here")
    check_agreement(fitted(Model(), on("cpu"), 1000), fitted(Model(), on("gpu"), 1000), limit=4.5)


def test_the_benchmark_ends_with_one_line_where_there_is_no_gpu(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jax", None)
    assert gpu.main([]) == 0
    assert capsys.readouterr().out.startswith("JAX is not installed: nothing is measured")
