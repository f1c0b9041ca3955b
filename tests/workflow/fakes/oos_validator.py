"""Fake of the out-of-sample stage."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import OosThresholds, OosValidation


def validate_files(
    *,
    holdout: Path,
    trace: Path,
    summary: Path,
    folds: Path,
    candidates: Path,
    validation: Path,
    predictions: Path,
    plot: Path,
    ledger: Path,
    thresholds: OosThresholds,
):
    note("validate", validation)
    said = OosValidation(
        evaluated=True,
        passed=True,
        oos_r2=0.61,
        oos_mape=9.5,
        oos_rmse=100.0,
        train_r2=0.7,
        overfitting_index=0.09,
        n_train=124,
        n_test=32,
        test_start="2025-05-19",
        test_end="2025-12-22",
        thresholds=thresholds,
    )
    write_text(validation, said.to_json())
    for path in (predictions, plot):
        write_text(path, f"of {digest_of(trace, holdout)}\n")


hand_over(validate_files, globals().get("snakemake"))
