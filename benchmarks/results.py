"""Models the public data sets, one whole process after another, and writes what came of them: `docs/results.md`.

    python benchmarks/results.py [--data FOLDER] [--output docs/results.md] [--keep FOLDER]

The data are not part of the project. Without them the program says so, writes nothing and ends with 0.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "public"

# Options of `orchestrator.py run` by data set; none means that everything is detected.
DATASETS: dict[str, tuple[str, ...]] = {
    "robyn_dt_simulated_weekly": (),
    "pymc_mmm_example": (),
    "meridian_national_all_channels": (),
    "mmm_stan_he_data": (),
    "rabinoff_contrived_weekly": (),
    "bahrami_k_eur": (),
    "mff_national_long": (),
    "biplob_india_national": (),
    "lydia_pinkham_annual": (),
}

# Held-out figures that others published of the same data; windows and models are theirs, so that they compare roughly.
PUBLISHED = {
    "robyn_dt_simulated_weekly": "PyMC-Marketing #1535: R² 0.495, MAPE 28.3 %, wMAPE 24.7 %",
    "mff_national_long": "mmm-framework, 4 × 13 weeks: MAPE 3.0 % (seasonal naive 13.8 %), 80 % interval holds 88 %",
    "biplob_india_national": "its notebook, about 31 weeks: R² 0.11 (training 0.77), MAPE 10.7 %",
    "lydia_pinkham_annual": "mmm-framework, 6 years ahead: MAPE 14.9 % (naive 11.4 %)",
}

COLUMNS = {
    "status": lambda r: r.report["status"],
    "iterations": lambda r: str(r.report["iterations_run"]),
    "selected": lambda r: str(r.report["selected_iteration"]),
    "R²": lambda r: number(r.metrics["r2"], ".2f"),
    "R-hat": lambda r: number(r.metrics["worst_rhat"], ".3f"),
    "min ESS": lambda r: number(r.metrics["min_ess"], ".0f"),
    "divergences": lambda r: number(r.metrics["divergences"], "d"),
    "OOS R²": lambda r: number(r.metrics["oos_r2"], ".2f"),
    "MAPE": lambda r: number(r.metrics["oos_mape"], ".1f", " %"),
    "overfitting": lambda r: number(r.metrics["overfitting_index"], ".2f"),
    "fold R²": lambda r: number(of_folds(r, "r2"), ".2f"),
    "media_adds": lambda r: adds(r.validation["media_adds"]),
    "looks": lambda r: str(r.report["holdout_looks"]),
    "chance": lambda r: number(r.validation["chance_pass_probability"], ".0%"),
    "seconds": lambda r: f"{r.seconds:.0f}",
}


class Outcome(NamedTuple):
    """What one run left behind; `report` is None where it ended without one, `said` is its last line then."""

    name: str
    options: tuple[str, ...]
    seconds: float
    code: int
    said: str
    report: dict[str, Any] | None
    profile: dict[str, Any] | None
    summary: dict[str, Any] | None
    validation: dict[str, Any] | None
    folds: dict[str, Any] | None

    @property
    def metrics(self) -> dict[str, Any]:
        return self.report["metrics"]


# --- running ---------------------------------------------------------------------------------------------------------


def run(csv: Path, options: Sequence[str], folder: Path) -> Outcome:
    """Run the loop on one file, as a person would, and read what it left."""
    command = [sys.executable, str(ROOT / "scripts" / "orchestrator.py"), "run", str(csv), "--output", str(folder)]
    start = time.monotonic()
    ended = subprocess.run([*command, "--quiet", *options], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    said = (ended.stderr.strip().splitlines() or [""])[-1]
    if ended.returncode not in (0, 3):
        return Outcome(csv.stem, tuple(options), seconds, ended.returncode, said, None, None, None, None, None)
    report = read(folder / "skill_report.json")
    artifacts = folder / f"artifacts_iter_{report['selected_iteration']}"
    return Outcome(
        name=csv.stem,
        options=tuple(options),
        seconds=seconds,
        code=ended.returncode,
        said=said,
        report=report,
        profile=read(folder / "data_profile.json"),
        summary=read(artifacts / "metrics" / "summary.json"),
        validation=read(artifacts / "oos_validation.json"),
        folds=read(artifacts / "metrics" / "folds.json"),
    )


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


# --- words -----------------------------------------------------------------------------------------------------------


def number(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{format(value, form)}{unit}"


def of_folds(o: Outcome, score: str) -> float | None:
    """Return a score over the rows of all rolling folds together; None without folds."""
    return o.folds["pooled"] and o.folds["pooled"][score]


def adds(found: dict[str, Any] | None) -> str:
    """Return whether media add to the forecast, with the gain in CRPS over the media-free twin."""
    return "–" if found is None else f"{found['verdict']} ({number(found['crps_gain'], '+.0%')})"


def document(outcomes: Sequence[Outcome]) -> str:
    """Return the whole document; every figure and sentence follows from the outcomes."""
    return "\n".join(
        [
            "# What came out on public data",
            "",
            "Written by `make results`, which models each file anew with default settings: whole runs, one after "
            "another. Seconds are wall-clock time from the command to its end and depend on what else the machine "
            "does; for measured times see [benchmarks.md](benchmarks.md). The data are not part of the project. A dash "
            "stands for a figure that was not computed; the held-out periods are opened only after the diagnostics "
            "gate has passed. All else is of the selected iteration: *fold R²* over three rolling-origin folds inside "
            "the training rows, *media_adds* with the gain in CRPS over the same model without media, *chance*: the "
            "probability that one of so many looks passes all gates although the true out-of-sample R² is only 0.20.",
            "",
            table(outcomes),
            "",
            "## Beside published figures",
            "",
            *published(outcomes),
            "",
            "## How each run ended",
            "",
            *(f"- **{o.name}**: {ending(o)}" for o in outcomes),
            "",
            "## What the reader detected",
            "",
            *(f"- **{o.name}**: {detected(o)}" for o in outcomes),
            "",
            "## How to read this",
            "",
            *caveats(outcomes),
            "",
        ]
    )


def table(outcomes: Sequence[Outcome]) -> str:
    rows = [["data set", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    for o in outcomes:
        if o.report is None:
            rows.append([o.name, f"none (exit code {o.code})", *["–"] * (len(COLUMNS) - 2), f"{o.seconds:.0f}"])
        else:
            rows.append([o.name, *(show(o) for show in COLUMNS.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def scored(found: dict[str, Any], prefix: str = "") -> str:
    """Return scores in words; prefix : of the keys of R² and MAPE."""
    r2, mape = number(found[f"{prefix}r2"], ".2f"), number(found[f"{prefix}mape"], ".1f", " %")
    return f"R² {r2}, MAPE {mape}, 80 % interval holds {number(found['coverage_80'], '.0%')}"


def published(outcomes: Sequence[Outcome]) -> list[str]:
    """Return, of the data sets that others published figures of, both; windows and models differ."""
    rows = [["data set", "held out here", "folds here", "published"], ["---"] * 4]
    for o in (o for o in outcomes if o.name in PUBLISHED):
        here, folds = "no model", "–"
        if o.report is not None:
            v, pooled = o.validation, o.folds["pooled"]
            here = f"{v['n_test']} periods: " + (scored(v, "oos_") if v["evaluated"] else "not opened")
            folds = scored(pooled) if pooled else "–"
        rows.append([o.name, here, folds, PUBLISHED[o.name]])
    return [f"| {' | '.join(row)} |" for row in rows]


def ending(o: Outcome) -> str:
    """Return why a run ended as it did: the stop reason, and what of the selected iteration did not pass."""
    if o.report is None:
        return f"no model; {o.said}"
    open_checks = [*o.summary["checks"], *o.validation["checks"]]
    failed = [f"{c['code']} {against(c)}" for c in open_checks if c["status"] in ("fail", "unassessed")]
    review = Counter(c["code"] for c in open_checks if c["status"] == "review")
    parts = [o.report["stop_reason"]]
    if o.report["status"] != "full_success":
        parts.append(f"not passed in iteration {o.report['selected_iteration']}: {', '.join(failed) or 'nothing'}")
    if review:
        parts.append(
            f"for review: {', '.join(code if n == 1 else f'{code} ({n} times)' for code, n in review.items())}"
        )
    if not o.validation["evaluated"]:
        parts.append("holdout not opened")
    return "; ".join(parts) + "."


def against(check: dict[str, Any]) -> str:
    value = "not computed" if check["value"] is None else f"{check['value']:.3g}"
    return f"{value} (limit {check['limit']:g})"


def detected(o: Outcome) -> str:
    """Return the roles that the run worked with, and the overrides that were given."""
    overrides = f"overrides `{shlex.join(o.options)}`" if o.options else "no overrides"
    if o.profile is None:
        return f"{overrides}; not profiled."
    p = o.profile
    channels = ", ".join(f"`{c['column']}` ({c['channel_type']}, {c['measure']})" for c in p["channels"])
    kinds = Counter(c["kind"] for c in p["controls"])
    controls = f" ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})" if kinds else ""
    return (
        f"{overrides}; {p['n_periods']} {p['frequency']} periods, {p['start']} to {p['end']}; target "
        f"`{p['target_column']}`; {count(p['channels'], 'channel')}: {channels}; {count(p['controls'], 'control')}"
        f"{controls}; {count(p['ignored'], 'column')} left out; {count(p['warnings'], 'warning')}."
    )


def count(things: Sequence[Any], name: str) -> str:
    return f"{len(things) or 'no'} {name}{'' if len(things) == 1 else 's'}"


def caveats(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what may and may not be read from the table, by its own figures."""
    done = [o for o in outcomes if o.report]
    passed = [o for o in done if o.report["status"] == "full_success"]
    again = [o for o in done if o.report["holdout_looks"] > 1]
    lines = [f"- {len(passed)} of {len(outcomes)} runs reached full_success."]
    if again:
        names = ", ".join(f"{o.name} ({o.report['holdout_looks']})" for o in again)
        lines.append(
            f"- The holdout was opened more than once for {names}: a pass after several looks is weaker evidence than "
            "a pass at the first."
        )
    elif done:
        lines.append("- No holdout was opened more than once.")
    rivals = [o.name for o in done if any(c["kind"] == "competitor" for c in o.profile["controls"])]
    if rivals:
        without = [f"{o.name} {adds(o.validation['media_adds_known_ahead'])}" for o in done if o.name in rivals]
        lines.append(
            f"- Controls are taken as known in the held-out periods. Competitors' figures, among the controls of "
            f"{', '.join(rivals)}, are not known ahead: a real forecast can be worse. `media_adds` without them: "
            f"{'; '.join(without)}."
        )
    idle = [o.name for o in done if o.validation["media_adds"] and o.validation["media_adds"]["verdict"] == "no"]
    if idle:
        lines.append(f"- Media add nothing to the forecast of {', '.join(idle)}, whatever the status.")
    over = [o.name for o in done if o.metrics["r2"] is not None and o.metrics["r2"] > band_end(o)]
    if over:
        lines.append(f"- R² on the training rows lies above the band, for review, in: {', '.join(over)}.")
    return [
        *lines,
        "- A pass says that the model forecasts the held-out periods within the limits, not that its media effects "
        "are right: a model without media can pass the same gates (see the limits in the [README](../README.md)).",
    ]


def band_end(o: Outcome) -> float:
    return o.summary["thresholds"]["r2_max"]


# --- command line ----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help="folder of the CSV files")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "results.md", metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the runs here (default: thrown away)")
    given = parser.parse_args(argv)
    found = {name: options for name, options in DATASETS.items() if (given.data / f"{name}.csv").is_file()}
    for name in DATASETS.keys() - found:
        print(f"skipped {name}: not in {given.data}")
    if not found:
        print(f"no data set is at hand; {given.output} stays as it is")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        taken = [name for name in found if (folder / name).exists()]
        if taken:
            parser.error(f"{folder / taken[0]} exists already; a resumed run can't be timed, remove it")
        outcomes = []
        for name, options in found.items():
            outcomes.append(run(given.data / f"{name}.csv", options, folder / name))
            o = outcomes[-1]
            print(f"{name}: {o.report['status'] if o.report else o.said} in {o.seconds:.0f} s", flush=True)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(document(outcomes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
