"""The GPU path: a clear line where there is no GPU; the model under JAX is the model under numba."""

import sys

import numpy as np
import pytest
from model_cases import EACH_RECIPE, KINDS, Model, changed, unconstrained
from trainings import density, sampler

import model_trainer
from benchmarks.gpu import Fit, found_of, z_scores
from mmm_builder.errors import InputError
from mmm_builder.modelling.posterior import named_posterior
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


def fitted(model: Model, fit, draws: int) -> Fit:
    design, spec = model.design()
    spec = changed(spec, sampler=short(draws))
    sampled = fit(design, spec)
    found = found_of(named_posterior(design, spec, sampled.draws, 4))
    return Fit(**found, divergences=int(sampled.stats["diverging"].sum()), seconds=0.0, sampling=sampled.seconds,
               training=None, megabytes=0.0, on_gpu=None)  # fmt: skip


def check_agreement(model: Model, draws: int, limit: float) -> None:
    """Means and standard deviations of the whole posterior differ by no more than Monte Carlo errors."""
    cpu = fitted(model, lambda *of: sample(*of, device="cpu", **HOW), draws)
    other = fitted(model, lambda *of: sample_jax(*of, n_rows=None, float_type="float64", **HOW), draws)
    assert max(cpu.worst_rhat, other.worst_rhat) < 1.05
    assert other.sampling > 0
    for z in z_scores(cpu, other):
        assert np.abs(z).max() < limit


@pytest.mark.parametrize("model", [Model("simple"), Model()], ids=lambda model: model.recipe)
def test_posteriors_agree(model):
    pytest.importorskip("numpyro")
    check_agreement(model, draws=300, limit=5.0)


@pytest.mark.slow
@pytest.mark.parametrize("model", list(dict.fromkeys([*EACH_RECIPE, *KINDS])), ids=str)
def test_posteriors_of_every_kind_agree(model):
    pytest.importorskip("numpyro")
    check_agreement(model, draws=1000, limit=4.5)


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    pytest.importorskip("numpyro")
    design, spec = Model("simple").design()
    first, again, other = (
        sample_jax(design, changed(spec, sampler=short(seed=seed)), n_rows=None, float_type="float64", **HOW)
        for seed in (1, 1, 2)
    )
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
    model = Model("simple")
    double, single = (
        fitted(model, lambda *of, kind=kind: sample_jax(*of, n_rows=None, float_type=kind, **HOW), 300)
        for kind in ("float64", "float32")
    )
    assert np.abs(z_scores(double, single)[0]).max() < 6.0
    assert double.means != single.means


@pytest.mark.slow
def test_on_a_gpu():
    jax = pytest.importorskip("jax")
    if jax.default_backend() != "gpu":
        pytest.skip("JAX sees no GPU here")
    cpu, gpu = (
        fitted(Model(), lambda *of, device=device: sample(*of, device=device, **HOW), 1000) for device in ("cpu", "gpu")
    )
    for z in z_scores(cpu, gpu):
        assert np.abs(z).max() < 4.5
