"""The sealed final period: opened once, after full_success, by the selected model; it changes no status."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import xarray as xr

from mmm_builder.config_files import fingerprint, read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.files import file_digest, write_text
from mmm_builder.judging import scoring
from mmm_builder.judging.ledgers import opening_id
from mmm_builder.judging.openings import record_opening
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.prediction import flat_draws, forecast
from mmm_builder.modelling.traces import read_group
from mmm_builder.panel import read_panel, read_with_sealed
from mmm_builder.provenance import code_digest
from mmm_builder.sealed import SealedOpening, SealedValidation
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision


def sealed_scores(
    panel: xr.Dataset, kpi: xr.DataArray, spec: ModelSpec, posterior: xr.Dataset
) -> dict[str, float | None]:
    """Return the scores of a model's forecasts of the sealed periods, in the KPI's own units.

    panel : all periods, sealed ones last, so that media carry over from all that went before
    kpi : (date) of the sealed periods, units summed; a period whose KPI is missing is not scored
    posterior : (chain, draw, …), given the training rows
    """
    design = make_design(panel, spec)
    expected, predictive = forecast(design, spec, flat_draws(posterior), np.random.default_rng(spec.sampler.seed))
    scored = np.isin(design.dates, kpi["date"].values[kpi.notnull().values])
    actual, predictive = kpi.values[kpi.notnull().values], predictive[:, scored]
    predicted = expected[:, scored].mean(axis=0)
    return {
        "r2": scoring.r2(actual, predicted),
        "mape": scoring.mape(actual, predicted),
        "wmape": scoring.wmape(actual, predicted),
        "crps": scoring.crps(actual, predictive),
        "coverage_80": scoring.coverage(actual, *scoring.interval(predictive)),
    }


def not_opened(profile: DataProfile, reason: str) -> SealedValidation:
    """Return the record of a sealed period that stays sealed, or of none at all."""
    return SealedValidation(evaluated=False, reason=reason, **_window(profile))


def _window(profile: DataProfile) -> dict[str, int | str | None]:
    sealed = profile.sealed
    return {"n_periods": 0, "start": None, "end": None} if sealed is None else sealed.model_dump()


def _why_not(profile: DataProfile, last: Decision) -> str | None:
    """Return why the sealed period stays sealed, None where it is opened."""
    if profile.sealed is None:
        return "no period is sealed (sealed_periods: 0)"
    if last.status != "full_success":
        return f"the run did not end in full_success but in {last.status or 'a spent budget'}: the seal stays closed"
    return None


def validate_sealed_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    sealed: Annotated[Path, "the sealed rows (sealed_rows.csv)"],
    configs: Annotated[tuple[Path, ...], "configurations, in the order of iterations, as all lists here"],
    traces: Annotated[tuple[Path, ...], "traces (trace.nc)"],
    decisions: Annotated[tuple[Path, ...], "decisions (thinking_log.json)"],
    validation: Annotated[Path, "scores of the sealed period to write (sealed_validation.json)"],
    ledger: Annotated[Path, "append-only ledger of openings of the seal"],
) -> None:
    """Open the sealed final period if the run ended in full_success, with the model that passed both gates."""
    if not len(configs) == len(traces) == len(decisions):
        raise InputError("configs, traces and decisions must have one file per iteration")
    data, last = DataProfile.read(profile), Decision.read(decisions[-1])
    reason = _why_not(data, last)
    if reason is not None:
        write_text(validation, not_opened(data, reason).to_json())
        logging.info("sealed period not opened: %s", reason)
        return
    spec = read_spec(configs[-1])
    panel, kpi = read_with_sealed(read_panel(dataset, data), sealed, data)
    scores = sealed_scores(panel, kpi, spec, read_group(traces[-1], "posterior"))
    openings = record_opening(ledger, _opening(data, sealed, spec))
    verdict = SealedValidation(
        evaluated=True, iteration=spec.iteration, sealed_openings=openings, **_window(data), **scores
    )
    write_text(validation, verdict.to_json())
    logging.info("sealed period opened, for the %d. time", openings)


def _opening(data: DataProfile, sealed: Path, spec: ModelSpec) -> SealedOpening:
    """Return the opening of these sealed rows by this model and the code that trains it."""
    code, digest = code_digest("model_trainer"), file_digest(sealed)
    return SealedOpening(
        opening=opening_id(data.source.sha256, digest, spec, code),
        start=data.sealed.start,
        end=data.sealed.end,
        iteration=spec.iteration,
        data_sha256=data.source.sha256,
        sealed_digest=digest,
        config_digest=fingerprint(spec),
        code_digest=code,
        opened_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


if __name__ == "__main__":
    hand_over(validate_sealed_files, globals().get("snakemake"))
