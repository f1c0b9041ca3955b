"""Compares the sets of priors on data with and without a known truth, and writes the figures into `docs/priors.md`.

    python benchmarks/priors.py [--data FOLDER] [--output docs/priors.md] [--keep FILE] [--only NAME …]

One fit of `v3` per client and preset, in this process. What was fitted is kept in FILE: a second call goes on from
there. Public data are not part of the project; those that aren't at hand are left out.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from benchmarks.truth import CASES  # noqa: E402
from data_analyzer import analyze_file  # noqa: E402
from mmm_builder.errors import InputError  # noqa: E402
from mmm_builder.files import text_digest, write_text  # noqa: E402
from mmm_builder.judging.scoring import INTERVAL  # noqa: E402
from mmm_builder.modelling.design import make_design  # noqa: E402
from mmm_builder.modelling.first_spec import first_spec  # noqa: E402
from mmm_builder.modelling.prediction import channel_contributions, flat_draws  # noqa: E402
from mmm_builder.modelling.priors import frozen, preset, presets  # noqa: E402
from mmm_builder.panel import read_holdout, read_panel  # noqa: E402
from mmm_builder.simulation.simulator import USUAL_PATTERN, simulate_client  # noqa: E402
from mmm_builder.spec import Sampler  # noqa: E402
from mmm_builder.verdicts import OosThresholds  # noqa: E402
from model_trainer import train  # noqa: E402
from oos_validator import validate  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "public"
KEPT = ROOT / ".cache" / "priors.jsonl"
SAMPLER = Sampler(chains=4, draws=500, tune=500, target_accept=0.9, seed=1)
SEEDS = 6
BEGIN, END = "<!-- figures of benchmarks/priors.py: begin -->", "<!-- end of figures -->"

WITHOUT_TRUTH = (
    "bahrami_k_eur", "bike_sales_usdate_weekly", "biplob_india_national", "lydia_pinkham_annual",
    "meridian_geo_media", "meridian_national_all_channels", "mmm_stan_he_data", "pharma_pain_killer_semicolon",
    "pymc_mmm_multidimensional_example", "rabinoff_contrived_weekly", "robyn_dt_simulated_weekly",
)  # fmt: skip

STATED_ALPHA = {
    "pymc_mmm_example": {"x1": 0.4, "x2": 0.2},
    "pymc_mmm_roas_data": {"x1": 0.3, "x2": 0.5},
}
"""Retention behind the public data: the first stated with the data, the second found from its adstocked columns, each
being the spend of four weeks weighted by powers of it."""

STATED_ROAS = {"pymc_mmm_example": {"x1": 4967.8, "x2": 2274.9}}


class Client(NamedTuple):
    """One client: `csv` writes its file into a folder; options of the reader; true α and ROAS by channel."""

    name: str
    group: str
    csv: Callable[[Path], Path]
    options: dict[str, Any]
    alpha: dict[str, float]
    roas: dict[str, float]


# --- clients ---------------------------------------------------------------------------------------------------------


def clients(data: Path) -> Iterator[Client]:
    """Yield all clients that are at hand."""
    for name in ("pymc_mmm_example", *CASES):
        if (data / f"{name}.csv").is_file():
            yield _stated(name, data)
    for group in ("simulator", *presets()):
        for seed in range(1, SEEDS + 1):
            yield _simulated(group, seed)
    for name in WITHOUT_TRUTH:
        path = data / f"{name}.csv"
        if path.is_file():
            yield Client(name, "public, truth not known", lambda folder, path=path: path, {}, {}, {})


def _stated(name: str, data: Path) -> Client:
    """Return a public client whose truth is known."""
    group, alpha = "public, truth known", STATED_ALPHA.get(name, {})
    if name not in CASES:
        return Client(name, group, lambda folder: data / f"{name}.csv", {}, alpha, STATED_ROAS[name])
    case = CASES[name](data)
    roles = {"date": case.date, "target": case.target, "channels": tuple(case.truth), "controls": tuple(case.controls)}
    return Client(name, group, lambda folder: _written(case.table, folder / f"{name}.csv"), roles, alpha, case.truth)


def _simulated(group: str, seed: int) -> Client:
    """Return a simulated client of four channels; their α are the simulator's, or drawn from a preset."""
    rng = np.random.default_rng([seed, list(presets()).index(group) + 1 if group in presets() else 0])
    plans = [{"column": f"{kind}_spend", "channel_type": kind, "pattern": pattern}
             for kind, pattern in USUAL_PATTERN.items()]  # fmt: skip
    if group in presets():
        for plan in plans:
            prior = frozen(preset(group).adstock_alpha[plan["channel_type"]])
            plan["adstock_alpha"] = float(min(prior.rvs(random_state=rng), 0.97))
    table, truth = simulate_client(1000 + seed, channels=plans, n_periods=130)
    shown = {"simulator": "simulated, α of the simulator"}.get(group, f"simulated, α of {group}")
    return Client(
        f"{group}-{seed}", shown, lambda folder: _written(table, folder / f"{group}-{seed}.csv"), {},
        {c.column: c.adstock_alpha for c in truth.channels}, {c.column: c.roas for c in truth.channels},
    )  # fmt: skip


def _written(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


# --- fitting ---------------------------------------------------------------------------------------------------------


def fitted(client: Client, folder: Path, kept: dict[str, dict], keep: Callable[[dict], None]) -> None:
    """Fit a client with every preset, apart from what is kept; `keep` is given each record."""
    where = {part: folder / f"{client.name}_{part}" for part in ("profile.json", "dataset.csv", "holdout.csv")}
    profile_path, dataset, holdout = where.values()
    profile = analyze_file(client.csv(folder), output=profile_path, dataset=dataset, holdout=holdout, **client.options)
    panel, kpi = read_panel(dataset, profile), read_holdout(holdout, profile).sum("unit", skipna=False)
    for name in presets():
        spec = first_spec(profile, model_type="v3", prior_preset=name, sampler=SAMPLER)
        key = text_digest(client.name + profile.to_json() + spec.model_dump_json())
        if key in kept:
            continue
        start = time.monotonic()
        groups = train(panel, spec, cores=1)
        posterior = groups["posterior"]
        verdict, _ = validate(panel, kpi, spec, posterior, None, OosThresholds())
        design, draws = make_design(panel, spec), flat_draws(posterior)
        totals = np.concatenate([part.sum(axis=-1) for _, part in channel_contributions(design, spec, draws)])
        returns = totals / design.spend.sum(axis=(0, 2))
        estimates = {
            what: {c: [float(x) for x in (values[:, i].mean(), *np.quantile(values[:, i], INTERVAL))]
                   for i, c in enumerate(design.channels)}
            for what, values in (("alpha", draws["adstock_alpha"]), ("roas", returns))
        }  # fmt: skip
        record = {
            "key": key, "client": client.name, "group": client.group, "preset": name, "crps": verdict.crps,
            "oos_r2": verdict.oos_r2, "divergences": int(groups["sample_stats"]["diverging"].sum()),
            "seconds": time.monotonic() - start, **estimates, "truth": {"alpha": client.alpha, "roas": client.roas},
        }  # fmt: skip
        keep(record)
        print(f"{client.name} {name}: CRPS {verdict.crps:.4g} in {record['seconds']:.0f} s", flush=True)


def all_fitted(data: Path, path: Path, only: Sequence[str]) -> list[dict]:
    """Fit what isn't kept yet and return the records of all clients, those of this call's data and code alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = {record["key"]: record for record in map(json.loads, lines)}

    def keep(record: dict) -> None:
        kept[record["key"]] = record
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    with tempfile.TemporaryDirectory() as folder:
        for client in clients(data):
            if only and client.name not in only:
                continue
            try:
                fitted(client, Path(folder), kept, keep)
            except InputError as error:
                print(f"{client.name}: not modelled: {error}")
    latest = {(record["client"], record["preset"]): record for record in kept.values()}
    return list(latest.values())


# --- figures ---------------------------------------------------------------------------------------------------------


def recovery(records: Sequence[dict], what: str) -> tuple[float, float, float, int]:
    """Return mean absolute error (of the ROAS: of its log), bias, share of truths within 80 %, and their number."""
    off, inside = [], []
    for record in records:
        for channel, true in record["truth"][what].items():
            mean, lower, upper = record[what][channel]
            off.append(np.log(mean / true) if what == "roas" else mean - true)
            inside.append(lower <= true <= upper)
    n = len(off)
    return (np.nan, np.nan, np.nan, 0) if not n else (np.mean(np.abs(off)), np.mean(off), np.mean(inside), n)


def skill(records: Sequence[dict], others: Sequence[dict]) -> float:
    """Return the geometric mean of a preset's CRPS over that of another on the same clients."""
    by_client = {record["client"]: record["crps"] for record in others}
    return float(np.exp(np.mean([np.log(r["crps"] / by_client[r["client"]]) for r in records])))


def number(value: float | None, form: str = ".2f") -> str:
    return "–" if value is None or not np.isfinite(value) else format(value, form)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def recovery_table(records: Sequence[dict]) -> list[str]:
    rows = []
    for group in dict.fromkeys(r["group"] for r in records if r["truth"]["roas"]):
        of_group = {name: [r for r in records if (r["group"], r["preset"]) == (group, name)] for name in presets()}
        for name, own in of_group.items():
            alpha, roas = recovery(own, "alpha"), recovery(own, "roas")
            rows.append([
                group, f"`{name}`", number(alpha[0]), number(alpha[1], "+.2f"), number(alpha[2], ".0%"),
                number(roas[0]), number(roas[1], "+.2f"), number(roas[2], ".0%"), f"{alpha[3]}, {roas[3]}",
                number(skill(own, of_group["default"])), number(np.mean([r["oos_r2"] for r in own])),
            ])  # fmt: skip
    header = ["clients", "preset", "α off", "α bias", "α in 80 %", "ROAS off", "ROAS bias", "ROAS in 80 %",
              "α, ROAS counted", "CRPS", "OOS R²"]  # fmt: skip
    return table(header, rows)


def public_table(records: Sequence[dict]) -> list[str]:
    rows = []
    for client in dict.fromkeys(r["client"] for r in records if r["group"].startswith("public")):
        own = {r["preset"]: r for r in records if r["client"] == client}
        rows.append([
            client,
            *(number(own[name]["crps"] / own["default"]["crps"], ".3f") for name in presets()),
            *(number(own[name]["oos_r2"]) for name in presets()),
        ])  # fmt: skip
    every = [r for r in records if r["group"].startswith("public")]
    of_preset = {name: [r for r in every if r["preset"] == name] for name in presets()}
    ratios = [number(skill(of_preset[n], of_preset["default"]), ".3f") for n in presets()]
    medians = [number(np.median([r["oos_r2"] for r in of_preset[n]])) for n in presets()]
    rows.append(["geometric mean; median", *ratios, *medians])
    return table(["data set", *(f"CRPS `{n}`" for n in presets()), *(f"OOS R² `{n}`" for n in presets())], rows)


def truth_table(records: Sequence[dict]) -> list[str]:
    rows = []
    known = [r for r in records if r["group"] == "public, truth known"]
    for client, channel in dict.fromkeys((r["client"], c) for r in known for c in r["truth"]["roas"]):
        own = {r["preset"]: r for r in known if r["client"] == client}
        for what in ("alpha", "roas"):
            if channel in own["default"]["truth"][what]:
                true = own["default"]["truth"][what][channel]
                found = ["{:.3g} ({:.3g} to {:.3g})".format(*own[n][what][channel]) for n in presets()]
                rows.append([client, channel, {"alpha": "α", "roas": "ROAS"}[what], f"{true:.4g}", *found])
    return table(["data set", "channel", "", "truth", *(f"`{n}`" for n in presets())], rows)


def figures(records: Sequence[dict]) -> str:
    """Return the part of the document that is written by this program."""
    return "\n".join([
        BEGIN, "",
        f"One fit of `v3` per client and preset ({SAMPLER.chains} chains of {SAMPLER.draws} draws after {SAMPLER.tune} "
        f"of warm-up), as the first iteration makes it; {len(records)} fits, "
        f"{sum(r['divergences'] > 0 for r in records)} with divergences.", "",
        "Where the truth is known. *Off* is the mean absolute error of the posterior mean, of the ROAS that of its "
        "logarithm (0.1: some 10 %); *bias* the mean error; *in 80 %* how many truths lie within the 80 % interval; "
        "CRPS is over that of `default` (below 1: better). Simulated clients have four channels and 130 weeks, "
        f"{SEEDS} clients a group. Where α was drawn from a preset, that preset's row shows what a right prior gives, "
        "the others what a wrong one costs. The simulator's own ranges (search 0.1 to 0.6, social and display 0.2 to "
        "0.6, TV 0.3 to 0.8) are an assumption of this project and no evidence for a preset.", "",
        *recovery_table(records), "",
        "Channel by channel on the public data with a known truth: posterior mean (80 % interval).", "",
        *truth_table(records), "",
        "Held-out periods of all public data: CRPS over that of `default`, and OOS R².", "",
        *public_table(records), "",
        END,
    ])  # fmt: skip


# --- command line ----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help="folder of the public CSV files")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "priors.md", metavar="FILE")
    parser.add_argument("--keep", type=Path, default=KEPT, metavar="FILE", help="what was fitted, one record a line")
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="fit these clients; writes no document")
    given = parser.parse_args(argv)
    records = all_fitted(given.data, given.keep, given.only)
    if given.only:
        return 0
    before, _, rest = given.output.read_text(encoding="utf-8").partition(BEGIN)
    write_text(given.output, before + figures(records) + rest.partition(END)[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
