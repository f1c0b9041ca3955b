"""Measures the reader: on the public files of the catalogue, and on client files composed at random.

    python benchmarks/scorecard.py [--names practice|held_out|both] [--files N] [--seed S] [--failures K] [--write]

The random files take their names from `tests/client_files/practice_names.yaml` or from `held_out_names.yaml`, which
nobody who builds the reader looks into; so their failures are shown only with `--reveal`. `--write` puts the tables
into `docs/reader.md`, between its two marks.
"""

import argparse
import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.client_files import catalog  # noqa: E402
from tests.client_files.generator import client_file, file_seeds  # noqa: E402
from tests.client_files.scoring import FIGURES, Judgement, Outcome, judge, read, read_client, share  # noqa: E402

DOCUMENT = ROOT / "docs" / "reader.md"
START, END = "<!-- scorecard: written by `make scorecard` -->", "<!-- end of scorecard -->"
EACH = (
    "accepted or refused", "date", "target", "cadence", "panel", "channels: precision", "channels: recall",
    "controls: precision", "controls: recall", "channel type", "measure", "values",
)  # fmt: skip
"""Figures of the tables by language and by shape."""


class Case(NamedTuple):
    """What came of one random file."""

    seed: int
    language: str
    shape: str
    traits: tuple[str, ...]
    judgement: Judgement


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(seed: int, names: str) -> Case:
    """Return what the reader got right of the random file of a seed; a crash counts as a refusal."""
    file = client_file(seed, names)
    truth = file.truth
    try:
        judgement = judge(truth, read_client(file))
    except Exception:
        crash = " / ".join(line.strip() for line in traceback.format_exc().strip().splitlines()[-3:])
        counts = judge(truth._replace(refusal=None), Outcome(None, None, "")).counts
        judgement = Judgement(Counter({"verdict of": 1}) if truth.refusal else counts, (f"crash: {crash}",))
    shape = "to be refused" if truth.refusal else truth.shape
    return Case(seed, truth.language, shape, truth.traits, judgement)


def measure_all(names: str, n: int, seed: int, processes: int) -> list[Case]:
    """Return the cases of n random files."""
    seeds = file_seeds(n, seed)
    if processes == 1:
        return [measure(s, names) for s in seeds]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(partial(measure, names=names), seeds, chunksize=8))


def added(counts: Iterable[Counter]) -> Counter:
    """Return the sum of counts."""
    total: Counter = Counter()
    for each in counts:
        total.update(each)
    return total


def catalogue() -> list[tuple[str, Judgement, str]]:
    """Return the judgement on every public file at hand, and in a word what became of it."""
    rows = []
    for file in catalog.catalog_files():
        outcome = read(file.path)
        truth = file.truth
        if file.either and outcome.profile:
            truth = truth._replace(refusal=None)
        rows.append((file.name, judge(truth, outcome), "refused" if outcome.refusal else "accepted"))
    return rows


# --- tables ----------------------------------------------------------------------------------------------------------


def shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first row is the header."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def catalogue_table(rows: Sequence[tuple[str, Judgement, str]]) -> str:
    """Return one line per public file, and the figures of all together."""
    figures = catalog.FIGURES
    lines = [["file", "", *figures]]
    for name, judged, became in rows:
        lines.append([name, became, *(shown(share(judged.counts, f)) for f in figures)])
    total = added(judged.counts for _, judged, _ in rows)
    lines.append(["**all**", str(len(rows)), *(f"**{shown(share(total, f))}**" for f in figures)])
    return table(lines)


def overall_table(by_names: dict[str, list[Case]]) -> str:
    """Return all figures, a column for each list of names."""
    totals = {names: added(c.judgement.counts for c in cases) for names, cases in by_names.items()}
    lines = [["figure", *(f"{names} ({len(by_names[names])} files)" for names in by_names)]]
    lines += [[figure, *(shown(share(totals[names], figure)) for names in by_names)] for figure in FIGURES]
    return table(lines)


def split_table(cases: Sequence[Case], by: str) -> str:
    """Return the figures by language or by shape."""
    groups = sorted({getattr(c, by) for c in cases})
    lines = [[by, "files", *EACH]]
    for group in groups:
        of_group = [c for c in cases if getattr(c, by) == group]
        counts = added(c.judgement.counts for c in of_group)
        lines.append([group, str(len(of_group)), *(shown(share(counts, f)) for f in EACH)])
    return table(lines)


def tables(public: Sequence[tuple[str, Judgement, str]], by_names: dict[str, list[Case]]) -> str:
    """Return all tables with their headings."""
    parts = []
    if public:
        parts += ["### Public files", catalogue_table(public)]
    if by_names:
        parts += ["### Files composed at random", overall_table(by_names)]
    for names, cases in by_names.items():
        for by in ("language", "shape"):
            parts += [f"#### {names.replace('_', ' ')}, by {by}", split_table(cases, by)]
    return "\n\n".join(parts)


def failing(cases: Sequence[Case], most: int) -> str:
    """Return what went wrong in the first cases of which something did."""
    bad = [c for c in cases if c.judgement.wrong][:most]
    lines = []
    for case in bad:
        lines.append(f"seed {case.seed}: {case.language}, {case.shape}; {', '.join(case.traits)}")
        lines += [f"    {wrong}" for wrong in case.judgement.wrong]
    return "\n".join(lines)


def by_trait(cases: Sequence[Case]) -> str:
    """Return the share of files with anything wrong, for each trait that comes at least five times."""
    seen: Counter = Counter(t for c in cases for t in c.traits)
    bad: Counter = Counter(t for c in cases if c.judgement.wrong for t in c.traits)
    rates = sorted(((bad[t] / n, n, t) for t, n in seen.items() if n >= 5), reverse=True)
    return "\n".join(f"{rate:6.2f} of {n:4d}  {trait}" for rate, n, trait in rates)


def put_between(text: str, body: str) -> str:
    """Return the document with what stands between its marks replaced."""
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{body}\n\n{END}{tail}"


# --- command line ----------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", choices=("practice", "held_out", "both", "none"), default="both")
    parser.add_argument("--files", type=int, default=400, metavar="N", help="random files per list of names")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--failures", type=int, default=0, metavar="K", help="show K failing files of a list")
    parser.add_argument("--reveal", action="store_true", help="failures of the held-out names too")
    parser.add_argument("--traits", action="store_true", help="how often files of each trait fail")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--no-catalog", action="store_true", help="leave the public files out")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.relative_to(ROOT)}")
    given = parser.parse_args(argv)
    chosen = {"both": ("held_out", "practice"), "none": ()}.get(given.names, (given.names,))
    public = [] if given.no_catalog else catalogue()
    for name, judged, _ in public:
        for wrong in judged.wrong:
            print(f"{name}: {wrong}")
    by_names = {names: measure_all(names, given.files, given.seed, given.processes) for names in chosen}
    for names, cases in by_names.items():
        if given.failures and (names == "practice" or given.reveal):
            print(failing(cases, given.failures))
        if given.traits:
            print(by_trait(cases))
    body = tables(public, by_names)
    print(body)
    if given.write:
        text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.is_file() else "# How well files are read\n\n"
        DOCUMENT.write_text(put_between(text, body).rstrip("\n") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
