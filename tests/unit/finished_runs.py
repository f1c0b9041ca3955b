"""Synthetic finished runs: the files of a whole run's directory, and the ways in which a run can end."""

from pathlib import Path

import run_records as runs
from run_records import candidates, decision, folds, media_adds, series, spec, summary, validation

import reporter
from mmm_builder.config_files import write_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import write_text
from mmm_builder.judging.tables import empty_series, write_table
from mmm_builder.reporting.run_record import Iteration
from mmm_builder.verdicts import Look

FILES = {
    "configs": "config_iter_{n}.yaml",
    "summaries": "artifacts_iter_{n}/metrics/summary.json",
    "folds": "artifacts_iter_{n}/metrics/folds.json",
    "candidates": "artifacts_iter_{n}/candidates.json",
    "validations": "artifacts_iter_{n}/oos_validation.json",
    "decisions": "artifacts_iter_{n}/thinking_log.json",
    "series": "artifacts_iter_{n}/diagnostics/predicted_vs_actual_series.csv",
    "predictions": "artifacts_iter_{n}/oos_predictions.csv",
    "fold_predictions": "artifacts_iter_{n}/diagnostics/fold_predictions.csv",
}
"""Files of one iteration, by `report_files`' keywords."""

PICTURES = {
    "series": "predicted_vs_actual.png",
    "predictions": "oos_predicted_vs_actual.png",
    "fold_predictions": "fold_predictions.png",
}


def write_run(folder: Path, data: DataProfile, iterations, *, looks: int | None = None) -> dict:
    """Write a run's directory; iterations: of `iteration`. Return `report_files`' keywords."""
    write_text(folder / "data_profile.json", data.to_json())
    paths: dict[str, list[Path]] = {name: [] for name in FILES}
    changes: tuple = ()
    for n, (trained, found, opened, decided) in enumerate(iterations, start=1):
        files = {name: folder / template.format(n=n) for name, template in FILES.items()}
        write_spec(files["configs"], spec(n, order=n + 1, changes=changes))
        records = (trained, found, candidates(iterations, n), opened, decided)
        for name, record in zip(list(FILES)[1:6], records, strict=True):
            write_text(files[name], record.to_json())
        for name, picture in PICTURES.items():
            write_text(files[name].with_name(picture), "")
        write_table(files["series"], series("2021-01-04", 132, n))
        write_table(files["predictions"], series("2023-07-17", 34, n) if opened.evaluated else empty_series())
        write_text(files["fold_predictions"], "date,fold\n")
        for name in FILES:
            paths[name].append(files[name])
        changes = decided.changes
    ledger = folder / "holdout_looks.jsonl"
    count = sum(i[2].evaluated for i in iterations) if looks is None else looks
    if count:
        write_text(ledger, "".join(look(i).model_dump_json() + "\n" for i in range(count)))
    return {
        "profile": folder / "data_profile.json",
        **{name: tuple(listed) for name, listed in paths.items()},
        "iteration_log": folder / "iteration_log.json",
        "thinking_history": folder / "thinking_history.json",
        "skill_report": folder / "skill_report.json",
        "analysis": folder / "ITERATION_ANALYSIS.md",
        "ledger": ledger,
    }


def look(i: int) -> Look:
    return Look(
        look=f"{i:016x}",
        iteration=i + 1,
        data_sha256="ab12" * 16,
        config_digest=str(i),
        code_digest="c",
        opened_at="2026-11-22T10:00:00+00:00",
        passed=False,
        train_r2=0.6,
        predicted=(1.0, 2.0),
    )


def iteration(
    n: int, *, r2_out=0.5071, mape=9.44, decided=None, looks=1, opens=True, adds=None, on_folds=None, **figures
):
    """Return one iteration's verdicts: summary, folds, validation, decision; `decided` are keywords of `decision`."""
    trained, found = summary(**figures), folds(**(on_folds or {}))
    opened = validation(trained, found, r2=r2_out, mape=mape, looks=looks, opens=opens, adds=adds)
    return trained, found, opened, decision(n, trained, found, opened, **(decided or {}))


def one_success():
    return [iteration(1)], 10


def three_with_success():
    return [
        iteration(1, r2=0.4812, decided={"remedy": "more_season"}),
        iteration(2, r2=0.5497, rhat=1.0203, divergences=4, decided={"remedy": "lengthen_tune"}),
        iteration(3, r2=0.7312, outlier=5.2),
    ], 10


def ten_exhausted():
    return [iteration(n, r2=0.3 + 0.02 * n, decided={"remedy": f"remedy-{n}"}) for n in range(1, 11)], 10


def twelve_diagnostics_only():
    found = [iteration(n, r2=0.3 + 0.02 * n, decided={"remedy": f"remedy-{n}"}) for n in range(1, 11)]
    found.append(iteration(11, r2=0.66, r2_out=0.3123, decided={"remedy": "remedy-11"}))
    return [*found, iteration(12, r2=0.62, r2_out=-0.1, looks=2, decided={"action": "stop"})], 20


def two_unassessed():
    return [
        iteration(1, r2=None, decided={"predicted_figure": None}),
        iteration(2, divergences=None, decided={"action": "stop", "stop_reason": "no remedy left"}),
    ], 10


def two_with_zeros():
    return [iteration(1, r2=0.52), iteration(2, mape=None)], 10


def three_never_opened():
    """Diagnostics pass, the folds do not, and the budget ends before the holdout is opened."""
    missed = {"r2": 0.2113, "overfitting": 0.41}
    return [
        iteration(n, r2=0.6 + 0.01 * n, opens=False, on_folds={**missed, "crps": 60000.0 + 100 * (n - 2) ** 2},
                  decided={"remedy": "more_season", "base": 1})
        for n in (1, 2, 3)
    ], 3  # fmt: skip


def success_without_media():
    adds = media_adds(-0.0031, verdict="no", rows="folds and holdout")
    return [iteration(1, adds=adds, on_folds={"adds": media_adds(-0.0042, verdict="no")})], 10


def success_without_folds():
    return [iteration(1, on_folds={"crps": None})], 10


RUNS = {
    "one iteration": one_success,
    "three iterations": three_with_success,
    "ten, budget exhausted": ten_exhausted,
    "twelve, diagnostics only": twelve_diagnostics_only,
    "nothing could be assessed": two_unassessed,
    "zeros in the KPI": two_with_zeros,
    "three, never opened": three_never_opened,
    "success, media add nothing": success_without_media,
    "success, no folds": success_without_folds,
}


def read_run(folder: Path, data: DataProfile, iterations) -> tuple[Iteration, ...]:
    """Write a run and return its iterations as the reporter reads them."""
    keywords = write_run(folder, data, iterations)
    return reporter.read_iterations({name: keywords[name] for name in FILES}, folder)


def write(folder, make, language="en", **profile) -> str:
    """Report a finished run into `folder` and return its document."""
    iterations, budget = make()
    keywords = write_run(folder, runs.profile(**profile), iterations)
    pictures = {name: folder / f"{name}.png" for name in ("gates", "fit", "fold_scores")}
    reporter.report_files(max_iterations=budget, language=language, **pictures, **keywords)
    return keywords["analysis"].read_text(encoding="utf-8")
