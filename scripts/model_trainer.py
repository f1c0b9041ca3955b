"""Training: samples one configuration's model on the training rows and writes `trace.nc`."""

import logging
import time
from pathlib import Path
from typing import Annotated

import arviz as az
import numpy as np
import xarray as xr

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import text_digest
from mmm_builder.modelling.design import Design, make_design, make_projection
from mmm_builder.modelling.model import ROTATED, build_model
from mmm_builder.modelling.prediction import flat_draws, linear_coefficients, log_likelihood, media_effect
from mmm_builder.modelling.sampling import progress_file, sample
from mmm_builder.modelling.traces import write_trace
from mmm_builder.panel import read_panel, to_national
from mmm_builder.provenance import versions
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over


def train(panel: xr.Dataset, spec: ModelSpec, *, device: str = "cpu", cores: int = 4, report=progress_file(None)):
    """Sample the posterior of a spec given the training rows of a national panel.

    Returns the groups of the trace: posterior (chain, draw, …) with every coefficient by name, in units of the
    KPI's scale; sample_stats; log_likelihood and observed_data (date) of the training rows; constant_data.
    Raises InputError if a control or channel of the spec isn't in the data.
    """
    design = make_design(panel, spec)
    sampled = sample(build_model(design, spec), spec.sampler, device=device, cores=cores, report=report)
    report("writing", 1.0, 0.0)
    posterior = with_linear_coefficients(design, sampled.posterior)
    return {
        "posterior": posterior,
        "sample_stats": _plain_stats(sampled),
        "log_likelihood": _log_likelihood(design, spec, posterior),
        **_data_groups(design),
    }


def with_linear_coefficients(design: Design, posterior: xr.Dataset) -> xr.Dataset:
    """Return the posterior with intercept, trend, season, control and pulse coefficients in place of their rotation."""
    draws = flat_draws(posterior)
    media = media_effect(design, draws)
    named = linear_coefficients(design, make_projection(design), draws[ROTATED], media)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    posterior = posterior.drop_vars(ROTATED).drop_dims("term", errors="ignore")
    for term in design.terms:
        dims = ("chain", "draw") if term.dim is None else ("chain", "draw", term.dim)
        coords = {} if term.dim is None else {term.dim: list(term.labels)}
        values = named[term.variable].reshape(*shape, *([] if term.dim is None else [len(term.labels)]))
        posterior = posterior.assign({term.variable: xr.DataArray(values, dims=dims, coords=coords)})
    return posterior


def _log_likelihood(design: Design, spec: ModelSpec, posterior: xr.Dataset) -> xr.Dataset:
    values = log_likelihood(design, spec, flat_draws(posterior)).astype(np.float32)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], -1)
    dates = design.dates[design.is_training]
    return xr.Dataset({"kpi": (("chain", "draw", "date"), values.reshape(shape))}, coords={"date": dates})


def _data_groups(design: Design) -> dict[str, xr.Dataset]:
    """Return observed_data (the KPI) and constant_data (spend and scales) of the training rows."""
    shown, coords = design.is_training, {"date": design.dates[design.is_training], "channel": list(design.channels)}
    observed = xr.Dataset(
        {"kpi": (("date",), design.kpi_scaled[shown] * design.kpi_scale)}, coords={"date": coords["date"]}
    )
    constant = xr.Dataset(
        {
            "spend": (("date", "channel"), design.spend[:, shown].T),
            "spend_unit": (("channel",), design.spend_unit),
            "kpi_scale": ((), design.kpi_scale),
        },
        coords=coords,
    )
    for term in design.terms:
        if term.centre is not None:
            constant = constant.assign_coords({term.dim: list(term.labels)}).assign(
                {f"{term.dim}_centre": ((term.dim,), term.centre), f"{term.dim}_scale": ((term.dim,), term.scale)}
            )
    return {"observed_data": observed, "constant_data": constant}


def _plain_stats(sampled: az.InferenceData) -> xr.Dataset:
    """Return the sampler's statistics that are numbers; NetCDF has no booleans of its own."""
    stats = sampled.sample_stats
    numbers = {
        k: v.astype(np.int8) if v.dtype == bool else v for k, v in stats.data_vars.items() if v.dtype.kind in "biuf"
    }
    return xr.Dataset({k: v for k, v in numbers.items() if v.dims == ("chain", "draw")})


def train_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    config: Annotated[Path, "configuration to train (config_iter_N.yaml)"],
    trace: Annotated[Path, "the trace to write (trace.nc)"],
    device: Annotated[str, "cpu (nutpie) or gpu (numpyro)"] = "cpu",
    threads: Annotated[int, "chains sampled at the same time"] = 4,
    progress: Annotated[Path | None, "file to keep up to date with the share done"] = None,
) -> None:
    """Sample one configuration on the training rows (the first 80 %) and write the trace.

    example: model_trainer.py --profile out/data_profile.json --dataset out/dataset.csv
                              --config out/config_iter_1.yaml --trace out/artifacts_iter_1/trace.nc
    """
    start = time.monotonic()
    spec = read_spec(config)
    panel = to_national(read_panel(dataset, DataProfile.read(profile)))
    logging.info("%s: %d channels, %d periods", spec.model_type, len(spec.channels), panel.sizes["date"])
    groups = train(panel, spec, device=device, cores=threads, report=progress_file(progress))
    attributes = {
        "config_sha256": text_digest(config.read_text(encoding="utf-8")),
        "model_type": spec.model_type,
        "iteration": spec.iteration,
        "seed": spec.sampler.seed,
        "device": device,
        "versions": versions(),
        "training_seconds": time.monotonic() - start,
        "sampling_seconds": groups["posterior"].attrs["sampling_time"],
    }
    write_trace(trace, groups, attributes)
    logging.info("trained in %.1f s", attributes["training_seconds"])


if __name__ == "__main__":
    hand_over(train_files, globals().get("snakemake"))
