"""The studies: each client through the loop, and beside it what it is held against."""

import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging import media, scoring
from mmm_builder.judging.twins import forecast_table
from mmm_builder.modelling.folds import MODEL

from .clients import GROUPS, LoopClient, Prepared, prepared
from .running import SAMPLER, Iteration, follow, told
from .yardsticks import candidate_set, generating_model, true_structure

LEVELS = (0.80, 0.90, 0.95)
"""Levels of the interval that the verdict on media could go by."""

N_COMPARED = 20
"""Clients with a signal, the first ones, whose chosen model is compared with the best of the candidate set."""


def run_client(group: str, number: int) -> dict[str, Any]:
    """Return the record of one client of a group: what the loop made of it, and what it is held against."""
    client, start = GROUPS[group].client(number), monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ready = prepared(client, Path(folder))
    is_asked = client.expected is not None
    run = follow(ready, twins=is_asked)
    record = {"group": group, "number": number, "traits": client.traits, **told(run)}
    if is_asked:
        record["media"] = media_figures(ready, run.selected)
    record["crps"] = held_out_crps(ready, run.selected)
    record["loop_seconds"] = round(monotonic() - start, 1)
    record |= _yardsticks(client, ready)
    return record | {"seconds": round(monotonic() - start, 1)}


def _yardsticks(client: LoopClient, ready: Prepared) -> dict[str, Any]:
    """Return what a client with a signal is held against."""
    if client.parts is None:
        return {}
    found = {"generating": generating_model(client, ready), "true_structure": true_structure(client, ready, SAMPLER)}
    if client.number < N_COMPARED:
        found["candidate_set"] = candidate_set(ready, SAMPLER)
    return found


def media_figures(ready: Prepared, selected: Iteration) -> dict[str, Any]:
    """Return what media add to the selected model's forecasts: the gain, and per level the interval and the verdict.

    The rows are those of the run: the folds', and the held-out ones if the run opened them; and, beside it, the
    folds' alone and all.
    """
    rows = {"folds": False, "all": True}
    found = {name: _by_level(ready, selected, opened) for name, opened in rows.items()}
    return found | {"told": found["all" if selected.validation.evaluated else "folds"]}


def _by_level(ready: Prepared, selected: Iteration, opened: bool) -> dict[str, Any]:
    table = forecast_table(ready.panel, selected.forecasts, ready.holdout.values if opened else None)
    known = table.dropna(subset="actual")
    if known.empty:
        return {}
    model, without = (_crps(selected, known, name) for name in (MODEL, "media_free"))
    segment, gain_min = known["fold"].to_numpy(), EvidenceSettings().media_gain_min
    found: dict[str, Any] = {}
    for level in LEVELS:
        adds = media.media_adds(model, without, segment, gain_min=gain_min, rows="folds", level=level)
        found |= {"gain": adds.crps_gain, f"{level:.2f}": [adds.lower, adds.upper, adds.verdict]}
    return found


def _crps(selected: Iteration, known: Any, name: str) -> np.ndarray:
    draws = selected.forecasts["predictive"].sel(forecaster=name).values[:, known["position"].to_numpy()]
    return scoring.crps_by_row(known["actual"].to_numpy(), draws)


def held_out_crps(ready: Prepared, selected: Iteration) -> float:
    """Return the selected model's CRPS over the held-out rows, whether the run opened them or not."""
    draws = selected.forecasts["predictive"].sel(forecaster=MODEL).values
    held_out = selected.forecasts["origin_of_date"].values == 0
    return scoring.crps(ready.holdout.values, draws[:, held_out].astype(float))
