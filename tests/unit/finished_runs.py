"""Synthetic finished runs: the files of a whole run's directory, and the ways in which a run can end."""

from pathlib import Path

from run_records import decision, series, spec, summary, validation

from mmm_builder.config_files import write_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import write_text
from mmm_builder.judging.tables import empty_series, write_table
from mmm_builder.verdicts import Look


def write_run(folder: Path, data: DataProfile, iterations, *, looks: int | None = None) -> dict:
    """Write a run's directory; iterations: (summary, validation, decision) each. Return `report_files`' keywords."""
    write_text(folder / "data_profile.json", data.to_json())
    names = ("configs", "summaries", "validations", "decisions", "series", "predictions")
    paths: dict[str, list[Path]] = {name: [] for name in names}
    changes: tuple = ()
    for n, (trained, opened, decided) in enumerate(iterations, start=1):
        artifacts = folder / f"artifacts_iter_{n}"
        files = (
            folder / f"config_iter_{n}.yaml",
            artifacts / "metrics" / "summary.json",
            artifacts / "oos_validation.json",
            artifacts / "thinking_log.json",
            artifacts / "diagnostics" / "predicted_vs_actual_series.csv",
            artifacts / "oos_predictions.csv",
        )
        write_spec(files[0], spec(n, order=n + 1, changes=changes))
        for path, record in zip(files[1:4], (trained, opened, decided), strict=True):
            write_text(path, record.to_json())
        for picture in (
            files[4].with_name("predicted_vs_actual.png"),
            files[5].with_name("oos_predicted_vs_actual.png"),
        ):
            write_text(picture, "")
        write_table(files[4], series("2021-01-04", 132, n))
        write_table(files[5], series("2023-07-17", 34, n) if opened.evaluated else empty_series())
        for name, path in zip(names, files, strict=True):
            paths[name].append(path)
        changes = decided.changes
    ledger = folder / "holdout_looks.jsonl"
    count = sum(opened.evaluated for _, opened, _ in iterations) if looks is None else looks
    if count:
        write_text(ledger, "".join(look(i).model_dump_json() + "\n" for i in range(count)))
    return {
        "profile": folder / "data_profile.json",
        **{name: tuple(found) for name, found in paths.items()},
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
    )


def iteration(n: int, *, r2_out=0.5071, mape=9.44, decided=None, **figures):
    """Return one iteration's three verdicts; `decided` are keywords of `decision`."""
    trained = summary(**figures)
    opened = validation(trained, r2=r2_out, mape=mape)
    return trained, opened, decision(n, trained, opened, **(decided or {}))


def one_success():
    return [iteration(1)], 10


def three_with_success():
    return [
        iteration(1, r2=0.4812, decided={"remedy": "raise-season"}),
        iteration(2, r2=0.5497, rhat=1.0203, divergences=4, decided={"remedy": "longer-warm-up"}),
        iteration(3, r2=0.7312, outlier=5.2),
    ], 10


def ten_exhausted():
    return [iteration(n, r2=0.3 + 0.02 * n, decided={"remedy": f"remedy-{n}"}) for n in range(1, 11)], 10


def twelve_diagnostics_only():
    found = [iteration(n, r2=0.3 + 0.02 * n, decided={"remedy": f"remedy-{n}"}) for n in range(1, 11)]
    found.append(iteration(11, r2=0.66, r2_out=0.3123, decided={"remedy": "remedy-11"}))
    return [*found, iteration(12, r2=0.62, r2_out=-0.1, decided={"action": "stop"})], 20


def two_unassessed():
    return [
        iteration(1, r2=None, decided={"predicted_figure": None}),
        iteration(2, divergences=None, decided={"action": "stop", "stop_reason": "no remedy left"}),
    ], 10


def two_with_zeros():
    return [iteration(1, r2=0.52), iteration(2, mape=None)], 10


RUNS = {
    "one iteration": one_success,
    "three iterations": three_with_success,
    "ten, budget exhausted": ten_exhausted,
    "twelve, diagnostics only": twelve_diagnostics_only,
    "nothing could be assessed": two_unassessed,
    "zeros in the KPI": two_with_zeros,
}
