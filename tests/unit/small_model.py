"""A small model of the kinds of parts that the models have; imports PyMC only when it is built."""

import numpy as np


def make_data(channels=3, rows=12, terms=3):
    rng = np.random.default_rng(5)
    return {
        "spend": rng.gamma(1.0, 1.0, (channels, rows)), "design": rng.normal(size=(rows, terms)),
        "kpi": rng.normal(size=rows), "weight": np.ones(rows), "alpha_a": np.full(channels, 2.0),
        "alpha_b": np.linspace(1.0, 3.0, channels), "half_mu": np.zeros(channels), "half_sigma": np.ones(channels),
        "size": np.full(channels, 0.5), "prior_sd": np.ones(terms), "nu_rate": np.array(0.1),
    }  # fmt: skip


DIMS = {
    "spend": ("channel", "row"), "design": ("row", "term"), "kpi": ("row",), "weight": ("row",),
    "alpha_a": ("channel",), "alpha_b": ("channel",), "half_mu": ("channel",), "half_sigma": ("channel",),
    "size": ("channel",), "prior_sd": ("term",), "nu_rate": None,
}  # fmt: skip


def build(data):
    """Return the model; a kernel of our own kind, compiled by numba, is one of its nodes."""
    import pymc as pm
    import pytensor.tensor as pt
    from small_kernel import half_saturated

    sizes = {"channel": data["spend"].shape[0], "row": len(data["kpi"]), "term": data["design"].shape[1]}
    with pm.Model(coords={dim: range(size) for dim, size in sizes.items()}, check_bounds=False) as model:
        d = {name: pm.Data(name, value, dims=DIMS[name]) for name, value in data.items()}
        alpha = pm.Beta("alpha", d["alpha_a"], d["alpha_b"], dims="channel")
        half = pm.LogNormal("half", d["half_mu"], d["half_sigma"], dims="channel")
        size = pm.HalfNormal("size_of", d["size"], dims="channel")
        linear = pm.Flat("linear", dims="term")
        pm.Potential("prior", -0.5 * pt.sum((linear / d["prior_sd"]) ** 2))
        sigma, nu = pm.HalfNormal("sigma", 1.0), pm.Gamma("nu", 2.0, d["nu_rate"])
        media = size @ half_saturated(d["spend"] * alpha[:, None], half)
        noise = pm.StudentT.dist(nu=nu, mu=d["design"] @ linear + media, sigma=sigma)
        pm.Potential("likelihood", pt.sum(d["weight"] * pm.logp(noise, d["kpi"])))
    return model
