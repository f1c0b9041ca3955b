"""Return on spend by this project, PyMC-Marketing and Meridian where the truth is known, written to `docs/truth.md`.

    python benchmarks/truth.py [--data FOLDER] [--only mff_national_long] [--tools Meridian] [--output docs/truth.md]

The data are not part of the project. Without them the program says so, writes nothing and ends with 0.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from benchmarks.iteration import BUSY, IDLE, machine  # noqa: E402
from benchmarks.peers.tools import OURS, PEERS, FailedError, Job, fit, is_installed, timed  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "public"
INTERVAL = (0.1, 0.9)


class Case(NamedTuple):
    """One data set: what every tool is given, the stated truth by channel, and what a reader must know."""

    name: str
    table: pd.DataFrame
    date: str
    target: str
    truth: dict[str, float]
    controls: tuple[str, ...]
    kpi_is_money: bool
    note: str


class Estimate(NamedTuple):
    """Return on spend by channel: posterior mean and 80 % interval."""

    mean: dict[str, float]
    lower: dict[str, float]
    upper: dict[str, float]


class Result(NamedTuple):
    """What one tool made of one case."""

    estimate: Estimate
    seconds: float
    how: str


# --- data ------------------------------------------------------------------------------------------------------------


def pymc_mmm_roas_data(folder: Path) -> Case:
    """Two channels; the columns that the KPI was made of, counterfactuals included, are left out."""
    table = pd.read_csv(folder / "pymc_mmm_roas_data.csv")
    truth = {c: float((table["y"] - table[f"y0{c[1]}"]).sum() / table[c].sum()) for c in ("x1", "x2")}
    controls = ("trend", "seasonality", "z")
    return Case(
        name="pymc_mmm_roas_data",
        table=table[["date", "y", "x1", "x2", *controls]],
        date="date",
        target="y",
        truth=truth,
        controls=controls,
        kpi_is_money=False,
        note="Given: `date`, `y`, `x1`, `x2` and the controls `trend`, `seasonality`, `z` (what the KPI was made of "
        "beside media; `z` moves spend too). Left out as leaks: `epsilon`, `y01`, `y02`, `cs`, `cc`, and every "
        "`x1_…` and `x2_…`. Spend has no unit here: Meridian gets the KPI as non-revenue, because its priors on ROI "
        "speak of money on money and are some hundred times below these truths. The KPI was made with a normalised "
        "geometric adstock over 4 periods and a logistic saturation (the file's own columns show it): "
        "PyMC-Marketing's form, not the Hill curve that Meridian and we fit.",
    )


def mff_national_long(folder: Path) -> Case:
    """Seven channels; the mediator and the columns of noise are left out."""
    rows = pd.read_csv(folder / "mff_national_long.csv")
    stated = json.loads((folder / "mff_national_truth.json").read_text(encoding="utf-8"))
    controls = ("category_demand", "distribution", "price", "competitor_promo", "weather", "holiday")
    table = rows.pivot_table(index="Period", columns="VariableName", values="VariableValue").reset_index()
    ratio = [stated["true_contribution"][c] / table[c].sum() / stated["true_roas"][c] for c in stated["channels"]]
    return Case(
        name="mff_national_long",
        table=table[["Period", "Sales", *stated["channels"], *controls]],
        date="Period",
        target="Sales",
        truth=stated["true_roas"],
        controls=controls,
        kpi_is_money=True,
        note="Given as a wide table: date, KPI, the 7 channels and the controls "
        + ", ".join(f"`{c}`" for c in controls)
        + ". Left out: `noise_1` to `noise_6` and `brand_awareness`, which lies between media and KPI. The stated "
        "returns are not the stated contributions over the spend in the file: those are "
        f"{min(ratio):.2f} to {max(ratio):.2f} of them, so that a perfect estimate would miss by that much. Its "
        "published generator saturates as 1 − exp(−λx), without adstock beyond 8 periods: nearer to PyMC-Marketing's "
        "form than to Hill.",
    )


CASES: dict[str, Callable[[Path], Case]] = {
    "pymc_mmm_roas_data": pymc_mmm_roas_data,
    "mff_national_long": mff_national_long,
}


# --- running ---------------------------------------------------------------------------------------------------------


def run_ours(case: Case, csv: Path, folder: Path, **model: str) -> tuple[Result, str]:
    """Return what the whole loop says of a case, and the first held-out date; default settings but `model`'s."""
    settings = folder.with_suffix(".yaml")
    settings.write_text(json.dumps({"model": model}), encoding="utf-8")
    command = [
        ROOT / "scripts" / "orchestrator.py", "run", csv, "--output", folder, "--config", settings, "--quiet",
        "--date", case.date, "--target", case.target, "--channels", ",".join(case.truth),
        "--controls", ",".join(case.controls),
    ]  # fmt: skip
    start = time.monotonic()
    timed(Path(sys.executable), *command, flags={"PYTENSOR_FLAGS": "cxx="}, accepted=(0, 3))
    seconds = time.monotonic() - start
    told = pd.read_csv(next(folder.rglob("contributions.csv"))).set_index("channel")
    spend = case.table[list(case.truth)].sum()
    columns = ("contribution", "contribution_lower_80", "contribution_upper_80")
    estimate = Estimate(*((told[column] / spend).to_dict() for column in columns))
    report = json.loads((folder / "skill_report.json").read_text(encoding="utf-8"))
    last = json.loads((folder / "data_profile.json").read_text(encoding="utf-8"))["train_end"]
    how = f"whole run, {report['iterations_run']} iteration(s), {report['status']}"
    return Result(estimate, seconds, how), str(case.table[case.date][case.table[case.date] > last].min())


def run_peer(tool: str, case: Case, csv: Path, folder: Path, held_out_from: str) -> Result:
    """Return what one fit with a tool says of a case, the KPI of the held-out rows withheld."""
    job = Job(
        csv=str(csv), date=case.date, target=case.target, channels=tuple(case.truth), controls=case.controls,
        held_out_from=held_out_from, kpi_is_money=case.kpi_is_money,
    )  # fmt: skip
    found = fit(tool, job, folder)
    spend = case.table[list(case.truth)].sum().to_numpy()
    returns = np.load(folder / "totals.npy").reshape(-1, len(spend)) / spend
    figures = (returns.mean(axis=0), *np.quantile(returns, INTERVAL, axis=0))
    estimate = Estimate(*(dict(zip(case.truth, map(float, values), strict=True)) for values in figures))
    how = f"{tool} {found.version}, one fit, {found.divergences} divergences, min ESS {found.ess_parameters:.0f}"
    return Result(estimate, found.seconds, how)


def run(case: Case, tools: Sequence[str], folder: Path) -> tuple[dict[str, Result | str], str]:
    """Return each tool's result, or why there is none, and the first held-out date; ours comes first and sets it."""
    csv = folder / f"{case.name}.csv"
    case.table.to_csv(csv, index=False)
    ours, held_out_from = run_ours(case, csv, folder / "ours")
    logistic, _ = run_ours(case, csv, folder / "ours_logistic", saturation="logistic")
    results: dict[str, Result | str] = {OURS: ours, f"{OURS}, saturation: logistic": logistic}
    for tool in tools:
        try:
            results[tool] = (
                run_peer(tool, case, csv, folder / tool, held_out_from) if is_installed(tool) else "not installed"
            )
        except FailedError as error:
            results[tool] = f"not run: {error}"
        print(f"{case.name}, {tool}: {results[tool]}", flush=True)
    return results, held_out_from


# --- words -----------------------------------------------------------------------------------------------------------


def covered(estimate: Estimate, truth: dict[str, float]) -> int:
    """Return how many intervals hold the truth."""
    return sum(estimate.lower[c] <= true <= estimate.upper[c] for c, true in truth.items())


def mean_error(estimate: Estimate, truth: dict[str, float]) -> float:
    """Return the mean of |estimate − truth| / truth."""
    return sum(abs(estimate.mean[c] - true) / true for c, true in truth.items()) / len(truth)


def section(case: Case, results: dict[str, Result | str], held_out_from: str) -> list[str]:
    """Return one case's part of the document."""
    there = {tool: r for tool, r in results.items() if isinstance(r, Result)}
    rows = [["channel", "truth", *there], ["---"] * (len(there) + 2)]
    for channel, true in case.truth.items():
        rows.append([channel, f"{true:.3g}", *(cell(r.estimate, channel, true) for r in there.values())])
    n = len(case.truth)
    summary = [["tool", "intervals that hold the truth", "mean absolute relative error", "seconds", "how"], ["---"] * 5]
    for tool, r in results.items():
        if isinstance(r, str):
            summary.append([f"{tool}: {r}", *["–"] * 4])
        else:
            hits, error = covered(r.estimate, case.truth), mean_error(r.estimate, case.truth)
            summary.append([tool, f"{hits} of {n}", f"{100 * error:.0f} %", f"{r.seconds:.0f}", r.how])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [
        f"## {case.name}", "", f"{case.note} KPI held out from {held_out_from} on ({len(case.table)} rows in all).", "",
        *lines, "", *(f"| {' | '.join(row)} |" for row in summary), "",
    ]  # fmt: skip


def cell(estimate: Estimate, channel: str, true: float) -> str:
    """Return the estimate with its interval, and whether that misses the truth."""
    lower, upper = estimate.lower[channel], estimate.upper[channel]
    missed = "" if lower <= true <= upper else " (missed)"
    return f"{estimate.mean[channel]:.3g} [{lower:.3g}, {upper:.3g}]{missed}"


def document(sections: Sequence[list[str]], load: float) -> str:
    return "\n".join(
        [
            "# Return on spend against the truth",
            "",
            f"Written by `make truth` on {datetime.now(UTC):%Y-%m-%d}: {machine()}; load average at the start "
            f"{load:.1f}.{BUSY.replace('these', 'seconds') if load > IDLE else ''} "
            "Posterior mean and 80 % interval of contribution over spend, whole window.",
            "",
            "Every tool gets the same table, and none the KPI of the last fifth of the rows: this project holds it out "
            "by default, PyMC-Marketing is fitted on the rows before and then predicts contributions over all, "
            "Meridian has a setting for it. Everything else is each tool's documented default "
            "(`benchmarks/peers/fit_*.py` lists them), 4 chains of 1000 + 1000. One seed each; with so few channels a "
            "count of intervals says little by itself: 80 % of them should hold the truth where a model is right.",
            "",
            *(line for lines in sections for line in lines),
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--tools", nargs="*", choices=PEERS, default=list(PEERS), metavar="TOOL")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "truth.md", metavar="FILE")
    given = parser.parse_args(argv)
    names = [name for name in given.only if (given.data / f"{name}.csv").is_file()]
    if not names:
        print("no data set is at hand; nothing written")
        return 0
    load = os.getloadavg()[0]
    sections = []
    for name in names:
        case = CASES[name](given.data)
        with tempfile.TemporaryDirectory() as scratch:
            sections.append(section(case, *run(case, given.tools, Path(scratch))))
    given.output.write_text(document(sections, load), encoding="utf-8")
    print(f"written: {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
