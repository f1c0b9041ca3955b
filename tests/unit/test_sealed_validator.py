"""What a sealed period is opened for, and what its scores rest on."""

import numpy as np
import pytest
from trainings import compiled, small_client

import sealed_validator
from data_analyzer import analyze_file
from mmm_builder.config_files import write_spec
from mmm_builder.files import write_text
from mmm_builder.judging.openings import read_openings
from mmm_builder.modelling.design import make_design
from mmm_builder.modelling.traces import write_trace
from mmm_builder.sealed import SealedValidation
from mmm_builder.simulation.simulator import simulate_client
from mmm_builder.verdicts import Decision, Diagnosis

N_SEALED = 8


@pytest.fixture(scope="module")
def fitted():
    """A panel, its spec and a posterior of it."""
    panel, spec, _ = small_client("v3")
    return panel, spec, compiled("v3").posterior(make_design(panel, spec), spec, chains=2, seed=1, draws=50, tune=100)


def true_kpi(panel):
    table, truth = simulate_client(1, n_periods=panel.sizes["date"], n_channels=2, r2=0.75)
    return panel["kpi"].copy(data=table[truth.target_column].to_numpy(float))


def test_scores_are_of_the_sealed_periods_alone(fitted):
    panel, spec, posterior = fitted
    kpi = true_kpi(panel)
    scores = sealed_validator.sealed_scores(panel, kpi[-N_SEALED:], spec, posterior)
    assert scores["r2"] < 1.0
    assert 0.0 <= scores["coverage_80"] <= 1.0
    assert all(scores[name] > 0 for name in ("mape", "wmape", "crps"))
    other = kpi.where(np.arange(len(kpi)) >= len(kpi) - N_SEALED, 3.0)
    assert sealed_validator.sealed_scores(panel, other[-N_SEALED:], spec, posterior) == scores


def test_a_missing_kpi_is_not_scored(fitted):
    panel, spec, posterior = fitted
    kpi = true_kpi(panel)[-N_SEALED:]
    gap = kpi.where(np.arange(N_SEALED) != 2)
    scores = sealed_validator.sealed_scores(panel, gap, spec, posterior)
    assert all(value is not None and np.isfinite(value) for value in scores.values())
    assert scores != sealed_validator.sealed_scores(panel, kpi, spec, posterior)


def test_spend_before_the_seal_reaches_into_it(fitted):
    panel, spec, posterior = fitted
    kpi = true_kpi(panel)[-N_SEALED:]
    last = np.arange(panel.sizes["date"]) == panel.sizes["date"] - N_SEALED - 1
    more = panel.assign(spend=panel["spend"] + 1e6 * last[:, None])
    assert sealed_validator.sealed_scores(more, kpi, spec, posterior) != sealed_validator.sealed_scores(
        panel, kpi, spec, posterior
    )


def decided(path, status):
    said = Decision(
        iteration=1, observed=(), diagnosis=Diagnosis(hypothesis="h", evidence_for=(), evidence_against=()),
        action="stop" if status else "revise", status=status, stop_reason="both gates passed" if status else None,
        remedy=None, predicted_figure=None, predicted_value=None, changes=(),
    )  # fmt: skip
    write_text(path, said.to_json())


@pytest.fixture
def run(tmp_path, fitted):
    """A function that validates a finished run's seal and returns the verdict."""
    _, spec, posterior = fitted
    table, _ = simulate_client(1, n_periods=104 + N_SEALED, n_channels=2, r2=0.75)
    table.to_csv(tmp_path / "client.csv", index=False)
    profile, dataset, sealed = (tmp_path / name for name in ("data_profile.json", "dataset.csv", "sealed_rows.csv"))
    config, trace, decision = (tmp_path / name for name in ("config_iter_1.yaml", "trace.nc", "thinking_log.json"))
    write_trace(trace, {"posterior": posterior}, {})

    def validate(status="full_success", n_sealed=N_SEALED, seed=1):
        analyze_file(
            tmp_path / "client.csv", output=profile, dataset=dataset, holdout=tmp_path / "holdout.csv", sealed=sealed,
            sealed_periods=n_sealed,
        )  # fmt: skip
        write_spec(config, spec.model_copy(update={"sampler": spec.sampler.model_copy(update={"seed": seed})}))
        decided(decision, status)
        sealed_validator.validate_sealed_files(
            profile=profile, dataset=dataset, sealed=sealed, configs=(config,), traces=(trace,), decisions=(decision,),
            validation=tmp_path / "sealed_validation.json", ledger=tmp_path / "sealed_openings.jsonl",
        )  # fmt: skip
        return SealedValidation.read(tmp_path / "sealed_validation.json")

    validate.ledger = tmp_path / "sealed_openings.jsonl"
    return validate


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"status": "diagnostics_only"}, "diagnostics_only"),
        ({"status": None}, "a spent budget"),
        ({"n_sealed": 0}, "no period is sealed"),
    ],
)
def test_without_full_success_or_a_seal_nothing_is_opened(options, reason, run):
    verdict = run(**options)
    assert not verdict.evaluated
    assert reason in verdict.reason
    assert (verdict.r2, verdict.mape, verdict.crps, verdict.sealed_openings) == (None, None, None, 0)
    assert not run.ledger.exists()


def test_an_opening_is_recorded_once_and_another_model_is_counted(run):
    first = run()
    assert (first.evaluated, first.reason, first.n_periods, first.sealed_openings) == (True, None, N_SEALED, 1)
    assert run() == first
    second = run(seed=2)
    assert second.sealed_openings == 2
    assert [opening.iteration for opening in read_openings(run.ledger)] == [1, 1]
