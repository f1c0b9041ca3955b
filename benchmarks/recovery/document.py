"""The document: tables and sentences that follow from the records."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from .pictures import WORDS
from .scores import figures_table, recovery, uniformity
from .studies import FAULTS, RANKS, RECOVERY, STUDIES

NAMES = {
    "v3_proper": "v3_proper",
    "v2_panel": "v2, panel",
    "own_scale": "own scale",
    "heavy_tailed": "heavy tails",
    "broken": "break",
}
FAR = 0.05
"""Adjusted p-value below which ranks are said not to be uniform."""
BAND = (0.75, 0.88)
"""Where coverage of 80 % intervals belongs."""
BY_RIGHT = ("adstock_alpha", "half_saturation", "coefficient", "contribution", "roas")
"""What the band holds for."""


def picture_of(study: str) -> str:
    """Return the name of a study's picture."""
    return f"calibration_{study}.png"


def title_of(study: str) -> str:
    """Return what a study is called."""
    return NAMES.get(study, study.replace("_", " "))


def document(records: Sequence[dict[str, Any]], made_on: str, machine: str) -> str:
    """Return the whole document."""
    table = figures_table(records)
    by_study = dict(iter(table.groupby("study", sort=False)))
    tests = {name: uniformity(by_study[name]) for name in [*RANKS, *FAULTS] if name in by_study}
    found = {name: recovery(by_study[name]) for name in RECOVERY if name in by_study}
    worlds = {name: part["world"].nunique() for name, part in by_study.items()}
    minutes = sum(r["seconds"] for r in records) / 60
    parts = [
        "# Does known truth come back?",
        "",
        f"Written by `make calibration`: {len(records):,} fits, finished on {made_on} on {machine}, in {minutes:.0f} "
        "minutes summed over fits, beside whatever else the machine did. Each fit is trained as any client's model, "
        "with 4 × (300 + 250) draws (four times the draws where an effective sample size stayed below 250). All seeds "
        "are fixed.",
        "",
        *_ranks_part(tests, by_study, worlds),
        *_faults_part(tests, worlds),
        *_recovery_part(found, worlds),
        *_stress_part(found, worlds),
        *_sampling_part(records),
    ]
    return "\n".join(parts) + "\n"


# --- ranks -----------------------------------------------------------------------------------------------------------


def _ranks_part(tests: dict[str, pd.DataFrame], by_study: dict[str, pd.DataFrame], worlds: dict[str, int]) -> list[str]:
    names = [n for n in RANKS if n in tests]
    failed = [n for n in names if _smallest(tests[n]) < FAR]
    together = sum(len(tests[n]) for n in names)
    raw = pd.concat([tests[n]["ecdf"] for n in names]) if names else pd.Series(dtype=float)
    verdict = (
        f"Not uniform: {', '.join(map(title_of, failed))}." if failed else
        "No figure of any model type departs from uniform ranks."
    )  # fmt: skip
    lines = [
        "## Simulation-based calibration",
        "",
        "Parameters are drawn from the priors, a KPI from the model with these parameters, and the model is fitted "
        "to it. If the inference is right, the rank of each true value among 99 draws of its posterior (evenly "
        "spaced ones of 1,000) is uniform (Talts et al. 2018). Spend, control and calendar stay the same (104 "
        "training weeks, 26 held out); the KPI's scale is held at 1, since priors are in units of it. Ranked are "
        "all parameters, each channel's contribution over the training weeks (its return on spend ranks alike, the "
        "spend being fixed), all media together, the KPI of the held-out weeks with its noise, and the "
        "log-likelihood, which alone notices a posterior that ignores the "
        "data (Modrák et al. 2023).",
        "",
        "Two tests of each figure: χ² on binned ranks, and the largest departure of the ranks' ECDF against its "
        "distribution under uniformity (Säilynoja et al. 2022). As there are many figures, p-values are adjusted for "
        "their number within a model type (Holm): one below 0.05 in a row of the table is a false alarm in 1 of 20 "
        "calibrated models for each of the two tests.",
        "",
        f"**{verdict}** Over all {together} figures, {_percent((raw < FAR).mean())} of the unadjusted ECDF p-values "
        "are below 0.05 (figures of one model depend on each other).",
        "",
        *_table(
            ["model", "worlds", "data", "figures", "80 % intervals hold", "smallest p, χ²", "adjusted",
             "smallest p, ECDF", "adjusted", "of"],
            [[title_of(n), worlds[n], STUDIES[n].title, *_test_row(tests[n], by_study[n])]
             for n in names],
        ),
        "",
        "In the panel the noise's prior is LogNormal(−1.9, 0.5): of five draws from the preset's HalfNormal one is "
        "often close to 0, and a unit all but free of noise takes minutes to sample.",
        "",
    ]  # fmt: skip
    for name in names:
        lines += [f"![Ranks of {title_of(name)}](images/{picture_of(name)})", ""]
    lines += [
        "Each line is one figure; the grey band holds the whole line of a calibrated one in 95 % of cases, so that of "
        "many lines some (red) leave it. A line above zero on the left and below on the right: intervals too "
        "narrow; the other way round: too wide; above throughout: truths below the draws, estimates too high.",
        "",
    ]
    return lines


def _test_row(tests: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    held = table["truth"].between(table["lower"], table["upper"]).mean()
    row = [str(len(tests)), _percent(held)]
    for test in ("chi_square", "ecdf"):
        row += [_p(tests[test].min()), _p(tests[f"{test}_adjusted"].min())]
    return [*row, f"`{tests.loc[tests['ecdf'].idxmin(), 'label']}`"]


def _smallest(tests: pd.DataFrame) -> float:
    return float(tests[["chi_square_adjusted", "ecdf_adjusted"]].min().min())


def _faults_part(tests: dict[str, pd.DataFrame], worlds: dict[str, int]) -> list[str]:
    names = [n for n in FAULTS if n in tests]
    if not names:
        return []
    rows = [
        [STUDIES[n].title, worlds[n], (tests[n]["ecdf_adjusted"] < FAR).sum(), _p(tests[n]["ecdf_adjusted"].min()),
         f"`{tests[n].loc[tests[n]['ecdf'].idxmin(), 'label']}`"]
        for n in names
    ]  # fmt: skip
    return [
        "### What these tests notice",
        "",
        "The same worlds, fitted with a v3 that is wrong on purpose:",
        "",
        *_table(["what is wrong", "worlds", "figures noticed", "smallest adjusted p, ECDF", "of"], rows),
        "",
    ]


# --- recovery --------------------------------------------------------------------------------------------------------


def _recovery_part(found: dict[str, pd.DataFrame], worlds: dict[str, int]) -> list[str]:
    if "prior" not in found:
        return []
    table = found["prior"]
    outside = [v for v in BY_RIGHT if not BAND[0] <= table.loc[v, "coverage"] <= BAND[1]]
    verdict = (
        f"Outside of {_band()}: {', '.join(map(_word, outside))}." if outside else
        f"Coverage of α, λ, β, contributions and returns lies within {_band()}."
    )  # fmt: skip
    rows = [
        [_word(v), f"{_percent(r['coverage'])} ± {_percent(r['coverage_error'])}", _signed(r["bias"]),
         _percent(r["rmse"]), _percent(r["prior_rmse"]), _percent(r["width"])]
        for v, r in table.iterrows()
    ]  # fmt: skip
    return [
        "## Recovery on simulated clients",
        "",
        f"{worlds['prior']} clients with spend, controls and calendar of their own from the simulator (156 weeks, 4 "
        "channels, 3 controls), truths from the priors: the case in which 80 % intervals hold 80 % of truths by right.",
        "",
        f"**{verdict}**",
        "",
        *_table(["figure", "coverage of 80 % intervals", "bias", "RMSE", "RMSE of the prior mean",
                 "interval's width, of the prior's"], rows),
        "",
        "All channels and clients together. Bias (mean of estimate − truth) and root mean squared error of the "
        "posterior mean are shares of the mean truth; ± is the standard error over clients. Beside them stands how "
        "far the mean of the prior is off, which knows no data. Most of these clients say little of a single channel: "
        "the priors put noise at a quarter of the KPI, as much as all media together.",
        "",
    ]  # fmt: skip


def _stress_part(found: dict[str, pd.DataFrame], worlds: dict[str, int]) -> list[str]:
    names = [n for n in RECOVERY if n in found]
    if len(names) < 2:
        return []
    variables = list(found[names[0]].index)
    heads = ["worlds", *(_word(v) for v in variables)]

    harmed = min(names[1:], key=lambda n: found[n].loc["contribution", "coverage"])
    shares = [found[n].loc["contribution", "coverage"] for n in names[1:]]

    def part(figure: str, form: Callable[[float], str]) -> list[str]:
        return _table(heads, [[title_of(n), *(form(found[n].loc[v, figure]) for v in variables)] for n in names])

    return [
        "### Truths that the priors don't know of",
        "",
        f"{min(worlds[n] for n in names)} clients each. *prior*: as above. *own scale*: the same truths, but the "
        "model takes the KPI's scale from its training mean, as it does in use, which moves all priors a little. "
        "*simulator*: truths from the simulator's own ranges (α even within its type's range, λ log-even from 0.5 to "
        "2, return on spend log-even from 0.5 to 5, 28 % of the KPI from media, a fixed trend and season, R² 0.7). The "
        "rest are these clients, changed: *collinear*: nine tenths of each channel's spend follow one budget; *heavy "
        "tails*: noise of the same standard deviation, Student-t with 3 degrees of freedom; *break*: the KPI loses a "
        "fifth of its mean for good halfway through the training weeks, unknown to the model.",
        "",
        f"**Off the priors, 80 % intervals hold {_percent(min(shares))} to {_percent(max(shares))} of the "
        f"contributions.** *{title_of(harmed)}* does most harm: all media together are off by "
        f"{_signed(found[harmed].loc['media', 'bias'])} on average, and intervals hold "
        f"{_percent(found[harmed].loc['held_out_kpi', 'coverage'])} of the held-out totals.",
        "",
        "Coverage of 80 % intervals:",
        "",
        *part("coverage", _percent),
        "",
        "Bias, as a share of the mean truth:",
        "",
        *part("bias", _signed),
        "",
        "RMSE, as a share of the mean truth:",
        "",
        *part("rmse", _percent),
        "",
    ]


def _sampling_part(records: Sequence[dict[str, Any]]) -> list[str]:
    table = pd.DataFrame([{k: v for k, v in r.items() if k != "figures"} for r in records])
    table = table[table["study"] != "blind"]
    rows = []
    for name, part in sorted(table.groupby("study"), key=lambda group: list(STUDIES).index(group[0])):
        few = part["draws"].min()
        rows.append(
            [title_of(name), STUDIES[name].model_type, len(part), _percent((part["draws"] > few).mean()),
             f"{part['ess'].min():.0f}", f"{part['rhat'].max():.3f}",
             f"{(part['divergences'] > 0).sum()}"]
        )  # fmt: skip
    heads = ["worlds", "model", "fits", "fits with more draws", "smallest bulk ESS",
             "largest R-hat", "fits with divergences"]  # fmt: skip
    return [
        "## How the sampling went",
        "",
        "No fit was left out. ESS and R-hat are the worst over all figures of all fits.",
        "",
        *_table(heads, rows),
    ]


# --- words -----------------------------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(map(str, line))} |" for line in lines]


def _word(variable: str) -> str:
    return {"contribution": "contribution", "roas": "ROAS"}.get(variable, WORDS.get(variable, variable))


def _band() -> str:
    return f"{100 * BAND[0]:.0f} to {100 * BAND[1]:.0f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def _signed(share: float) -> str:
    return f"{round(100 * share):+d} %"


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"
