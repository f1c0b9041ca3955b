"""The document: tables and sentences that follow from the records."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmm_builder.judging.media import LEVEL

from .clients import GROUPS, THREE_YEARS
from .figures import (
    NEAR,
    ROWS,
    Rate,
    against_best,
    attainable,
    iterations_of,
    looks_of,
    outcomes_of,
    percent,
    rate,
    succeeded,
    survived_by_remedy,
    truth_against_best,
    verdicts,
)
from .running import CLOSELY, FAST, MAX_ITERATIONS, Pace
from .studies import INTERVALS, LEVELS
from .whole_runs import WHOLE
from .yardsticks import CANDIDATE_SET

Record = dict[str, Any]

TRAITS = {
    "two years": lambda t: t["periods"] == 104,
    "five years": lambda t: t["periods"] == 260,
    "eight channels or more": lambda t: t["channels"] >= 8,
    "collinear spend": lambda t: t["collinear"],
    "heavy tails": lambda t: t["heavy_tailed"],
    "a break in the level": lambda t: t["broken"],
    "outliers": lambda t: t["outliers"],
    "four or five harmonics": lambda t: t["harmonics"] >= 4,
    "half the variance is noise (R² < 0.65)": lambda t: t["r2"] < 0.65,
}
"""Subsets of the clients with a signal."""

RESAMPLED = dict(zip(INTERVALS, ("rows within origins", "origins"), strict=True))
"""What is resampled, by the name of the interval in the records."""


def document(records: Sequence[Record], made_on: str, machine: str) -> str:
    """Return the whole document."""
    by_group = _by_group(records)
    signal, media_free = by_group["signal"], by_group["without_media"]
    done, asked = sum(len(by_group[n]) for n in GROUPS), sum(g.n for g in GROUPS.values())
    hours = sum(r["seconds"] for r in records) / 3600
    counts = "; ".join(f"{len(by_group[n])} of {g.n} ({n}: {g.title})" for n, g in GROUPS.items())
    parts = [
        "# Does the loop find the model honestly?",
        "",
        *([] if done == asked else [f"**Unfinished: {done} of {asked} clients so far; rates are preliminary.**", ""]),
        f"Written by `make loop-study`, finished on {made_on} on {machine}, in {hours:.1f} hours summed over clients. "
        f"Clients followed: {counts}. Each goes through the stages' pure functions in one process, with "
        f"{_draws(CLOSELY)} draws, a budget of {MAX_ITERATIONS} iterations and otherwise the defaults; clients without "
        f"a signal with {_draws(FAST)}, without twins and with limits of R-hat, sample size and divergences so wide "
        "that they hardly hold a model up, which errs towards passing. The CSV file is read as any client's is, with "
        "the roles of the columns given. All seeds are fixed. Behind a rate stands Wilson's 95 % interval.",
        "",
        "## Beside what was aimed at",
        "",
        *_table(["aim", "found"], _aims(by_group)),
        "",
        *_signal_part(signal),
        *_new_part(by_group["new_signal"]),
        *_ledger_part([r for group in GROUPS for r in by_group[group]]),
        *_best_part(signal),
        *_noise_part(by_group),
        *_media_part(media_free, signal),
        *_whole_part(by_group[WHOLE]),
    ]
    return "\n".join(parts) + "\n"


def scorecard(records: Sequence[Record]) -> str:
    """Return what was aimed at beside what was found, for the terminal."""
    rows = _aims(_by_group(records))
    width = max(len(aim) for aim, _ in rows)
    return "\n".join(f"{aim:<{width}}  {found}" for aim, found in rows)


def _by_group(records: Sequence[Record]) -> dict[str, list[Record]]:
    return {name: [r for r in records if r["group"] == name] for name in (*GROUPS, WHOLE)}


def _aims(by_group: dict[str, list[Record]]) -> list[list[Any]]:
    signal, new, media_free = by_group["signal"], by_group["new_signal"], by_group["without_media"]
    noise = [r for name in ("white_noise", "random_walk") for r in by_group[name]]
    can = [r for r in signal if attainable(r)]
    above = against_best(signal)
    three = [r for r in media_free if r["traits"]["periods"] == THREE_YEARS]
    won = [r for r in can if succeeded(r)]
    again = [["the same, clients that the policy was not made on", rate(list(filter(attainable, new)), succeeded)]]
    told, at_three = verdicts(media_free, "told", LEVEL), verdicts(three, "told", LEVEL)
    return [
        ["≥ 90 % full_success where the generating model passes all gates", rate(can, succeeded)],
        *(again if new else []),
        ["median of at most 3 iterations, of those", _median(iterations_of(won))],
        [f"chosen model's CRPS within {percent(NEAR)} of the best of the candidate set",
         _near(above)],
        ["≤ 2 % full_success without a signal", rate(noise, succeeded)],
        ["`media_adds` says yes in ≤ 5 % where media do nothing", told["yes"]],
        ["and no in the majority at three years", at_three["no"]],
    ]  # fmt: skip


# --- with a signal ---------------------------------------------------------------------------------------------------


def _signal_part(signal: list[Record]) -> list[str]:
    if not signal:
        return []
    can, cannot = [r for r in signal if attainable(r)], [r for r in signal if not attainable(r)]
    won = [r for r in can if succeeded(r)]
    subsets = [("all", lambda t: True), *TRAITS.items()]
    rows = []
    for name, holds in subsets:
        part = [r for r in signal if holds(r["traits"])]
        own = [r for r in part if attainable(r)]
        rows.append([name, len(part), len(own), rate(own, succeeded), _median(iterations_of(own))])
    return [
        "## Where media work",
        "",
        "Two to twelve channels over two to five years of weeks, one to five harmonics, up to three controls, media's "
        "share 15 to 50 %, noise 10 to 50 % of the variance; three of ten with outliers of 30 to 80 %, and one of five "
        "each with collinear spend, with heavy tails, with a level that breaks by a fifth of the mean halfway through "
        "the training rows.",
        "",
        f"The generating model's own expectation of the KPI passes all limits (training R², held-out R², MAPE, "
        f"overfitting) on {rate(signal, lambda r: r['generating']['passes'])}; a model of the true structure (season "
        "order, noise, outliers as pulses, a break as a level shift), sampled by NUTS, passes both gates on "
        f"{rate(signal, lambda r: r['true_structure']['passes'])}. Both pass on {len(can)}: of these "
        f"**{rate(can, succeeded)} end with full_success**, after {_distribution(iterations_of(won))} iterations. Of "
        f"the other {len(cannot)}, where a pass is luck or another model's merit, {rate(cannot, succeeded)} end with "
        "it.",
        "",
        *_table(["clients", "all", "generating model passes", "full_success of those", "median iterations"], rows),
        "",
    ]


def _new_part(new: list[Record]) -> list[str]:
    if not new:
        return []
    can, cannot = [r for r in new if attainable(r)], [r for r in new if not attainable(r)]
    won = [r for r in can if succeeded(r)]
    return [
        "## Clients that the policy was not made on",
        "",
        "The policy was made while looking at the clients above, so that their rate may flatter it. "
        f"{len(new)} more, drawn in the same way, were followed once when it stood: of {len(can)} on which the "
        f"generating model and the model of the true structure pass, **{rate(can, succeeded)} end with full_success**, "
        f"after {_distribution(iterations_of(won))} iterations; of the other {len(cannot)}, "
        f"{rate(cannot, succeeded)}. Of all {len(new)}, `media_adds` is yes for "
        f"{verdicts(new, 'told', LEVEL)['yes']}, no for {verdicts(new, 'told', LEVEL)['no']}.",
        "",
    ]


def _ledger_part(records: list[Record]) -> list[str]:
    outcomes = outcomes_of(records)
    tested = [o for o in outcomes if o["hypothesis"] != "untested"]
    if not outcomes:
        return []
    rows = [
        [f"`{name}`", sum(c[h] for h in ("survived", "refuted", "untested")), c["survived"], c["refuted"],
         c["untested"], c["reverted"]]
        for name, c in survived_by_remedy(records).items()
    ]  # fmt: skip
    return [
        "## What remedies were predicted to do",
        "",
        f"{len(outcomes)} changes were carried out in all groups; of the {len(tested)} whose prediction could be "
        f"tested, {rate(tested, lambda o: o['hypothesis'] == 'survived')} did at least half of what was predicted.",
        "",
        *_table(["remedy", "carried out", "survived", "refuted", "untested", "taken back"], rows),
        "",
    ]


def _best_part(signal: list[Record]) -> list[str]:
    above, truth = against_best(signal), truth_against_best(signal)
    if not len(above):
        return []
    quantiles = ", ".join(f"{name} {100 * np.quantile(above, q):+.1f} %" for name, q in
                          (("10th percentile", 0.1), ("median", 0.5), ("90th percentile", 0.9)))  # fmt: skip
    return [
        "## The chosen model beside the best of a set",
        "",
        f"For the first {len(above)} clients, {len(CANDIDATE_SET)} specs around the first one (kind of trend × order "
        "of the season × noise, linear media, log scale), each sampled by NUTS, are scored on the held-out rows, and "
        "the best of them taken, which no one could know beforehand. The chosen model's CRPS lies above it by: "
        f"{quantiles}; within {percent(NEAR)} in {_near(above)}. The model of the true structure, sampled alike, is "
        f"within {percent(NEAR)} in {_near(truth)}, its median {100 * np.median(truth):+.1f} %.",
        "",
    ]


# --- without ---------------------------------------------------------------------------------------------------------


def _noise_part(by_group: dict[str, list[Record]]) -> list[str]:
    rows = []
    for name in ("white_noise", "random_walk"):
        part = by_group[name]
        if part:
            looks = ", ".join(f"{k}: {n}" for k, n in sorted(looks_of(part).items()))
            passed = rate(part, lambda r: any(i["passed"] for i in r["iterations"]))
            rows.append([GROUPS[name].title, rate(part, succeeded), passed, _median(iterations_of(part)), looks])
    heads = ["clients", "full_success", "diagnostics ever passed", "median iterations", "looks: runs"]
    return ["## Without a signal", "", *_table(heads, rows), ""] if rows else []


def _media_part(media_free: list[Record], signal: list[Record]) -> list[str]:
    three = [r for r in media_free if r["traits"]["periods"] == THREE_YEARS]
    groups = {"media do nothing, all": media_free, "media do nothing, three years": three, "media work": signal}
    rows = [
        [name, words, resampled, *(_yes_and_no(part, which, level, interval) for level in LEVELS), len(part)]
        for name, part in groups.items() if part
        for which, words in ROWS.items()
        for interval, resampled in RESAMPLED.items()
    ]  # fmt: skip
    return [
        "## Do media add to the forecast?",
        "",
        f"The verdict at the end of the run, of its selected iteration: shares of yes and of no by level of the "
        f"interval, the rest unclear; the product uses {percent(LEVEL)} of an interval that resamples blocks of rows "
        "within origins. A run tells of the folds and the held-out rows where it opened those, else of the "
        "folds.",
        "",
        *_table(["clients", "rows", "resampled", *(f"{percent(level)}: yes, no" for level in LEVELS), "of"], rows),
        "",
    ]


def _yes_and_no(part: list[Record], which: str, level: float, interval: str) -> str:
    found = verdicts(part, which, level, interval)
    return f"{percent(found['yes'].share)}, {percent(found['no'].share)}"


def _whole_part(whole: list[Record]) -> list[str]:
    if not whole:
        return []
    rows = [
        [f"{r['client'][0]} {r['client'][1]}", r["workflow"]["status"], r["in_process"]["status"],
         len(r["workflow"]["iterations"]), len(r["in_process"]["iterations"]), _difference(r["difference"]),
         f"{r['workflow_seconds']:.0f}"]
        for r in whole
    ]  # fmt: skip
    heads = ["client", "workflow", "one process", "iterations", "iterations", "largest difference", "seconds"]
    agreeing = rate(whole, lambda r: r["difference"] is not None)
    return [
        "## The same through the whole workflow",
        "",
        f"Of {len(whole)} clients, {agreeing} ended in the workflow as they did in one process, with as many "
        "iterations and looks. The difference is the largest relative one of any iteration's R², R-hat, CRPS of folds "
        "and holdout, held-out R² and MAPE, gain of media and chance_pass_probability.",
        "",
        *_table(heads, rows),
        "",
    ]


# --- words -----------------------------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(map(str, line))} |" for line in lines]


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):g}" if len(values) else "–"


def _near(above: np.ndarray) -> Rate:
    """Return how many scores are at most that much above the best."""
    return Rate(int((above <= NEAR).sum()), len(above))


def _distribution(values: np.ndarray) -> str:
    if not len(values):
        return "no"
    return f"{np.median(values):g} (median; mean {values.mean():.1f}, at most {values.max()})"


def _difference(value: float | None) -> str:
    return "another end" if value is None else "none" if value == 0 else f"{value:.1g}"


def _draws(pace: Pace) -> str:
    return f"{pace.sampler.chains} × ({pace.sampler.draws} + {pace.sampler.tune})"
