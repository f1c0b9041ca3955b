"""Fake of the diagnostics stage."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Check, ConvergenceThresholds, FoldEvidence, OosThresholds, TrainingSummary


def diagnose_files(
    *, trace: Path, summary: Path, report: Path, series: Path, plot: Path, folds: Path, fold_predictions: Path,
    fold_plot: Path, thresholds: ConvergenceThresholds,
):  # fmt: skip
    note("diagnose", report)
    r2 = int(digest_of(trace), 16) % 1000 / 1000
    said = TrainingSummary(
        worst_rhat=1.003,
        min_ess=812.0,
        divergences=0,
        r2=r2,
        mape=8.0,
        wmape=7.0,
        n_train=124,
        thresholds=thresholds,
        checks=(Check(code="r2", status="pass", value=r2, limit=thresholds.r2_min),),
        passed=True,
        training_seconds=None,
        sampling_seconds=None,
    )
    write_text(summary, said.to_json())
    none = FoldEvidence(
        folds=(), pooled=None, train_r2=None, overfitting_index=None, twins=None, media_adds=None,
        media_adds_known_ahead=None, unknown_ahead=(), thresholds=OosThresholds(), checks=(), passed=False,
        reason=f"a fake, of {digest_of(trace)}",
    )  # fmt: skip
    write_text(folds, none.to_json())
    for path in (report, series, plot, fold_predictions, fold_plot):
        write_text(path, f"of {digest_of(trace)}\n")


hand_over(diagnose_files, globals().get("snakemake"))
