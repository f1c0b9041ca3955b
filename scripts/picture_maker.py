"""Stage: the pictures of the README, drawn from a finished run (`make docs`)."""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd

from mmm_builder.data_profile import DataProfile
from mmm_builder.errors import InputError
from mmm_builder.judging.tables import read_series
from mmm_builder.reporting.plots import plot_gates, plot_with_holdout
from mmm_builder.running.layout import SKILL_REPORT
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import OosValidation, SkillReport, TrainingSummary

ROOT = Path(__file__).resolve().parent.parent


def draw_pictures(
    *,
    run: Annotated[Path, "folder of a finished run"] = ROOT / "results" / "example",
    output: Annotated[Path, "folder of the pictures to write"] = ROOT / "docs" / "images",
) -> None:
    """Draw fit and forecast of the selected iteration (holdout.png), and the gates by iteration (gates.png)."""
    if not (run / SKILL_REPORT).is_file():
        raise InputError(f"{run}: there is no finished run here; `make run` makes results/example")
    report, profile = SkillReport.read(run / SKILL_REPORT), DataProfile.read(run / "data_profile.json")
    chosen = run / f"artifacts_iter_{report.selected_iteration}"
    summary = TrainingSummary.read(chosen / "metrics" / "summary.json")
    validation = OosValidation.read(chosen / "oos_validation.json")
    held_out = "not opened" if validation.oos_r2 is None else f"{validation.oos_r2:.2f}"
    plot_with_holdout(
        read_series(chosen / "diagnostics" / "predicted_vs_actual_series.csv"),
        read_series(chosen / "oos_predictions.csv"),
        output / "holdout.png",
        title=f"Iteration {report.selected_iteration}: R² {summary.r2:.2f} (training rows), {held_out} (held-out rows)",
        kpi=profile.target_column,
    )
    plot_gates(
        pd.DataFrame(json.loads((run / "iteration_log.json").read_text(encoding="utf-8"))),
        output / "gates.png",
        convergence=summary.thresholds,
        out_of_sample=validation.thresholds,
        selected=report.selected_iteration,
    )


if __name__ == "__main__":
    hand_over(draw_pictures, globals().get("snakemake"))
