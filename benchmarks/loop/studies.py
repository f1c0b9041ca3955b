"""The studies: each client through the loop, and beside it what it is held against."""

import tempfile
from pathlib import Path
from time import monotonic
from typing import Any

from mmm_builder.evidence import EvidenceSettings
from mmm_builder.judging import media, scoring
from mmm_builder.judging.bootstrap import percentiles
from mmm_builder.judging.twins import forecast_table
from mmm_builder.modelling.folds import MODEL
from model_trainer import train

from .clients import GROUPS, LoopClient, Prepared, prepared
from .origins import by_origin
from .running import CLOSELY, FAST, SAMPLER, Iteration, follow, told
from .yardsticks import candidate_set, generating_model, true_structure

LEVELS = (0.60, 0.70, 0.80, 0.90)
"""Levels of the interval that the verdict on media could go by."""

INTERVALS = {"": media.gains_within_origins, " by origin": by_origin}
"""Ways to resample, the product's own first; their names follow the level in the record."""

N_COMPARED = 20
"""Clients with a signal, the first ones, whose chosen model is compared with the best of the candidate set."""


def run_client(group: str, number: int) -> dict[str, Any]:
    """Return the record of one client of a group: what the loop made of it, and what it is held against."""
    client, start = GROUPS[group].client(number), monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ready = prepared(client, Path(folder))
    has_expectation = client.expected is not None
    run = follow(ready, pace=CLOSELY._replace(twins=False) if has_expectation else FAST)
    record = {"group": group, "number": number, "traits": client.traits, **told(run)}
    if has_expectation:
        record["media"] = media_figures(ready, with_twins(ready, run.selected))
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


def with_twins(ready: Prepared, selected: Iteration) -> Iteration:
    """Return an iteration with the forecasts of its twins too, trained once more: the same seed, the same draws."""
    trace = train(ready.panel, selected.spec, unknown_ahead=ready.profile.unknown_ahead, cores=1)
    return selected._replace(forecasts=trace["forecasts"])


def media_figures(ready: Prepared, selected: Iteration) -> dict[str, Any]:
    """Return what media add to the selected model's forecasts: the gain, and per level the intervals and verdicts.

    The rows are those of the run: the folds', and the held-out ones if the run opened them; and, beside it, the
    folds' alone and all.
    """
    rows = {"folds": False, "all": True}
    found = {name: _by_level(ready, selected, opened) for name, opened in rows.items()}
    return found | {"told": found["all" if selected.validation.evaluated else "folds"]}


def _by_level(ready: Prepared, selected: Iteration, opened: bool) -> dict[str, Any]:
    table = forecast_table(ready.panel, selected.forecasts, ready.holdout.values if opened else None)
    if not table["actual"].notna().any():
        return {}
    pair, gain_min = media.PAIRS["media_adds"], EvidenceSettings().media_gain_min
    rows = "folds and holdout" if opened else "folds"
    adds = media.pair_adds(selected.forecasts, table, pair, gain_min=gain_min, rows=rows)
    found: dict[str, Any] = {"gain": adds.crps_gain, "reason": adds.reason}
    if adds.reason is not None:
        return found
    known = table.dropna(subset="actual")
    scores, segment = media.pair_scores(selected.forecasts, known, pair), known["fold"].to_numpy()
    for name, resample in INTERVALS.items():
        gains = resample(*scores, segment)
        for level in LEVELS:
            ends = percentiles(gains, level)
            found[f"{level:.2f}{name}"] = [*ends, media.verdict_of(adds.crps_gain, *ends, gain_min)]
    return found


def held_out_crps(ready: Prepared, selected: Iteration) -> float:
    """Return the selected model's CRPS over the held-out rows, whether the run opened them or not."""
    draws = selected.forecasts["predictive"].sel(forecaster=MODEL).values
    held_out = selected.forecasts["origin_of_date"].values == 0
    return scoring.crps(ready.holdout.values, draws[:, held_out].astype(float))
