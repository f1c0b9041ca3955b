"""Training: samples one configuration's model on the training rows and writes `trace.nc`."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import xarray as xr

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import text_digest
from mmm_builder.modelling.compiled import processor
from mmm_builder.modelling.design import Design, make_design
from mmm_builder.modelling.forecasting import forecast_all, forecasters, n_fits
from mmm_builder.modelling.posterior import named_posterior
from mmm_builder.modelling.prediction import flat_draws, log_likelihood
from mmm_builder.modelling.sampling import Report, progress_file, sample
from mmm_builder.modelling.telling import over_all_fits
from mmm_builder.modelling.traces import write_trace
from mmm_builder.panel import read_panel
from mmm_builder.provenance import versions
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over


def _untold(phase: str, done: float, seconds_left: float | None) -> None:
    """Tell nobody how far a training is."""


def train(
    panel: xr.Dataset,
    spec: ModelSpec,
    *,
    unknown_ahead: Sequence[str] = (),
    twins: bool = True,
    device: str = "cpu",
    cores: int = 4,
    float_type: str = "float64",
    report: Report = _untold,
) -> dict[str, xr.Dataset]:
    """Sample the posterior of a spec given the training rows of a panel, and forecast with it and its twins.

    unknown_ahead : controls whose values nobody knows ahead, which one pair of twins does without
    twins : whether the model's twins are fitted too; without them nobody can tell what media add
    float_type : `float64`, or on the GPU `float32`

    Returns the groups of the trace: posterior (chain, draw, …) with every coefficient by name, in units of the
    KPI's scale; sample_stats; log_likelihood and observed_data (date) of the training rows; constant_data;
    forecasts from the rolling folds and of the held-out rows, see `forecasting.forecast_all`.
    Raises InputError if a control or channel of the spec isn't in the data.
    """
    design = make_design(panel, spec)
    asked = forecasters(spec, unknown_ahead, twins=twins)
    tell = over_all_fits(report, n_fits(panel, len(asked)))
    machine = {"device": device, "cores": cores, "float_type": float_type}
    sampled = sample(design, spec, **machine, report=tell(0, "sampling"))
    posterior = named_posterior(design, spec, sampled.draws, spec.sampler.chains)
    forecasts = forecast_all(panel, spec, sampled, asked, unknown_ahead=unknown_ahead, report=report, **machine)
    report("writing", 1.0, 0.0)
    return {
        "posterior": posterior.assign_attrs(sampling_time=sampled.seconds),
        "sample_stats": _plain_stats(sampled.stats),
        "log_likelihood": _log_likelihood(design, spec, posterior),
        **_data_groups(design, spec),
        "forecasts": forecasts,
    }


def _log_likelihood(design: Design, spec: ModelSpec, posterior: xr.Dataset) -> xr.Dataset:
    values = log_likelihood(design, spec, flat_draws(posterior)).astype(np.float32)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], -1)
    dates = design.dates[design.is_training]
    return xr.Dataset({"kpi": (("chain", "draw", "date"), values.reshape(shape))}, coords={"date": dates})


def _data_groups(design: Design, spec: ModelSpec) -> dict[str, xr.Dataset]:
    """Return observed_data (the KPI) and constant_data (spend and scales) of the training rows; dim unit if pooled."""
    shown, units = design.is_training, {"unit": list(design.units)}
    kpi = (design.kpi_scaled * design.kpi_scale[:, None])[:, shown]
    observed = xr.Dataset({"kpi": (("unit", "date"), kpi)}, coords=units | {"date": design.dates[shown]})
    constant = xr.Dataset(
        {
            "spend": (("unit", "channel", "date"), design.spend[..., shown]),
            "media_input": (("unit", "channel", "date"), design.inputs[..., shown]),
            "spend_unit": (("unit", "channel"), design.spend_unit),
            "kpi_scale": (("unit",), design.kpi_scale),
        },
        coords=units | {"date": design.dates[shown], "channel": list(design.channels)},
    ).transpose(..., "date", "channel")
    for term in design.terms:
        if term.centre is not None:
            dims = ("unit", term.dim)
            constant = constant.assign_coords({term.dim: list(term.labels)}).assign(
                {f"{term.dim}_centre": (dims, term.centre), f"{term.dim}_scale": (dims, term.scale)}
            )
    if not spec.pooling.across_units:
        observed, constant = observed.isel(unit=0, drop=True), constant.isel(unit=0, drop=True)
    return {"observed_data": observed, "constant_data": constant}


def _plain_stats(stats: xr.Dataset) -> xr.Dataset:
    """Return the sampler's statistics that are numbers; NetCDF has no booleans of its own."""
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
    float_type: Annotated[str, "float64, or on the GPU float32"] = "float64",
    progress: Annotated[Path | None, "file to keep up to date with the share done"] = None,
) -> None:
    """Sample one configuration on the training rows (the first 80 %) and write the trace.

    example: model_trainer.py --profile out/data_profile.json --dataset out/dataset.csv
                              --config out/config_iter_1.yaml --trace out/artifacts_iter_1/trace.nc
    """
    start = time.monotonic()
    spec = read_spec(config)
    data = DataProfile.read(profile)
    panel = read_panel(dataset, data)
    logging.info("%s: %d channels, %d periods", spec.model_type, len(spec.channels), panel.sizes["date"])
    groups = train(
        panel,
        spec,
        unknown_ahead=data.unknown_ahead,
        device=device,
        cores=threads,
        float_type=float_type,
        report=progress_file(progress),
    )
    attributes = {
        "config_sha256": text_digest(config.read_text(encoding="utf-8")),
        "model_type": spec.model_type,
        "iteration": spec.iteration,
        "seed": spec.sampler.seed,
        "device": device,
        "float_type": float_type,
        "versions": versions(),
        "processor": processor(),
        "training_seconds": time.monotonic() - start,
        "sampling_seconds": groups["posterior"].attrs["sampling_time"],
    }
    write_trace(trace, groups, attributes)
    logging.info("trained in %.1f s", attributes["training_seconds"])


if __name__ == "__main__":
    hand_over(train_files, globals().get("snakemake"))
