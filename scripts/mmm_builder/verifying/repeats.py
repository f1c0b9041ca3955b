"""A finished run beside its repetition: what came out the same, what agrees, what differs, as rows of a table."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError
from ..files import file_digest
from ..modelling.traces import read_attributes, read_group
from ..run_provenance import Provenance
from ..running import layout
from ..verdicts import Decision, OosValidation, SkillReport, TrainingSummary
from .posteriors import distance, equal_draws

GROUPS = ("posterior", "forecasts")
"""Groups of a trace from which all else follows."""

OF_THE_MOMENT = frozenset(
    {"training_seconds", "sampling_seconds", "seconds", "holdout_looks", "chance_looks", "chance_pass_probability"}
)
"""Keys of JSON files that tell of the doing, not of what came out: time spent, and how often the holdout had been
opened by then, which counts what was tried in the folder before."""

WITH_DATES = frozenset({layout.ANALYSIS})
"""Files that hold the day on which they were written."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison; `shown` is told and not judged."""

    what: str
    found: str
    verdict: Literal["same", "agrees", "differs", "shown"]


def rows(folder: Path, repeat: Path, record: Provenance, changed_code: Sequence[str], given: set[int]) -> list[Row]:
    """Compare a finished run with its repetition.

    changed_code : stages whose code isn't what made the results
    given : iterations whose configuration came out otherwise and was put into the repetition as recorded
    """
    numbers = range(1, len(record.configs) + 1)
    whether_exact, exact = _expectation(folder, repeat, changed_code)
    found = [whether_exact]
    for n in numbers:
        if not layout.of_iteration(repeat, layout.DECISION, n).is_file():
            return [*found, Row(what=f"iteration {n}", found="the repetition ended before it", verdict="differs")]
        found += [_config(n, given), _posterior(folder, repeat, n, exact), _figures(folder, repeat, n)]
        found.append(_decision(folder, repeat, n, exact))
    found.append(_outcome(folder, repeat, exact))
    return [*found, _files(folder, repeat, record)] if exact else found


def reproduced(found: Sequence[Row]) -> bool:
    """Tell whether nothing differs that must not."""
    return not any(row.verdict == "differs" for row in found)


def table(found: Sequence[Row]) -> str:
    """Return the rows as a table for people, and what follows from them."""
    wide = max(len(row.what) for row in found)
    lines = [f"{row.verdict:<7}  {row.what:<{wide}}  {row.found}" for row in found]
    first = next((row.what for row in found if row.verdict == "differs"), None)
    how = "within Monte Carlo error" if any(row.verdict == "agrees" for row in found) else "exactly"
    return "\n".join([*lines, f"not reproduced: {first}" if first else f"reproduced {how}"])


def _expectation(folder: Path, repeat: Path, changed_code: Sequence[str]) -> tuple[Row, bool]:
    """Return whether the draws must be equal: on the same processor, with the same versions and code, on the CPU."""
    reasons = [f"other code ({code})" for code in changed_code]
    try:
        pair = [read_attributes(layout.of_iteration(place, layout.TRACE, 1)) for place in (folder, repeat)]
    except InputError:
        pair = [{}, {}]
    old, new = (json.loads(attributes.get("versions", "{}")) for attributes in pair)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            reasons.append(f"{name} {old.get(name, 'absent')} then, {new.get(name, 'absent')} now")
    if pair[0].get("processor") != pair[1].get("processor"):
        reasons.append("another kind of processor")
    if any(attributes.get("device", "cpu") != "cpu" for attributes in pair):
        reasons.append("trained on a GPU")
    told = "; ".join(reasons) or "the same code, versions and kind of processor"
    expected = "within Monte Carlo error" if reasons else "exactly"
    return Row(what="expected", found=f"{expected}: {told}", verdict="shown"), not reasons


def _config(n: int, given: set[int]) -> Row:
    what = f"iteration {n} configuration"
    if n not in given:
        return Row(what=what, found="came out as recorded", verdict="same")
    return Row(what=what, found="edited by hand, or decided otherwise: put in as recorded", verdict="shown")


def _posterior(folder: Path, repeat: Path, n: int, exact: bool) -> Row:
    """Compare the draws: equal where they must be, else their means in Monte Carlo errors."""
    what = f"iteration {n} posterior"
    one, other = (layout.of_iteration(place, layout.TRACE, n) for place in (folder, repeat))
    if file_digest(one) == file_digest(other):
        return Row(what=what, found="equal files", verdict="same")
    try:
        pairs = [[read_group(trace, group) for trace in (one, other)] for group in GROUPS]
    except InputError as error:
        return Row(what=what, found=str(error), verdict="differs")
    draws = pairs[0][0]
    if all(equal_draws(*pair) for pair in pairs):
        return Row(what=what, found=f"{draws.sizes['chain'] * draws.sizes['draw']:,} draws equal", verdict="same")
    apart = distance(*pairs[0])
    if apart is None:
        return Row(what=what, found="other parameters", verdict="differs")
    told = f"means of {apart.parameters} parameters at most {apart.errors:.2f} Monte Carlo errors apart"
    told += f" (limit {apart.limit:.2f}; {apart.subject})"
    return Row(what=what, found=told, verdict="agrees" if apart.within and not exact else "differs")


def _figures(folder: Path, repeat: Path, n: int) -> Row:
    """Show the figures of both gates, then and now."""
    told = []
    for key, then, now in zip(*_gates(folder, n), _gates(repeat, n)[1], strict=True):
        told.append(f"{key} {_text(then)} → {_text(now)}")
    return Row(what=f"iteration {n} figures", found=", ".join(told), verdict="shown")


def _gates(folder: Path, n: int) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    summary = TrainingSummary.read(layout.of_iteration(folder, layout.SUMMARY, n))
    held_out = OosValidation.read(layout.of_iteration(folder, layout.VALIDATION, n))
    return ("R²", "OOS R²", "OOS MAPE"), (summary.r2, held_out.oos_r2, held_out.oos_mape)


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def _decision(folder: Path, repeat: Path, n: int, exact: bool) -> Row:
    then, now = (Decision.read(layout.of_iteration(place, layout.DECISION, n)) for place in (folder, repeat))
    told = [decision.remedy or decision.status or decision.action for decision in (then, now)]
    return _one_of_two(f"iteration {n} decision", told, exact)


def _outcome(folder: Path, repeat: Path, exact: bool) -> Row:
    reports = [SkillReport.read(place / layout.SKILL_REPORT) for place in (folder, repeat)]
    told = [f"{report.status}, iteration {report.selected_iteration}" for report in reports]
    return _one_of_two("outcome", told, exact)


def _one_of_two(what: str, told: Sequence[str], exact: bool) -> Row:
    """Compare two words; where draws differ by Monte Carlo error, a figure at its limit may decide otherwise."""
    if told[0] == told[1]:
        return Row(what=what, found=told[0], verdict="same")
    return Row(what=what, found=f"{told[0]} → {told[1]}", verdict="differs" if exact else "shown")


def _files(folder: Path, repeat: Path, record: Provenance) -> Row:
    """Compare every other file, apart from what tells of the moment."""
    names = [name for name in record.outputs if not name.endswith(".nc") and name not in WITH_DATES]
    other = next(_other_content(folder, repeat, names), None)
    if other is not None:
        return Row(what="other files", found=f"{other} differs", verdict="differs")
    return Row(
        what="other files",
        found=f"{len(names)} files equal, apart from seconds spent and looks counted",
        verdict="same",
    )


def _other_content(folder: Path, repeat: Path, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not (repeat / name).is_file() or _content(folder / name) != _content(repeat / name):
            yield name


def _content(path: Path) -> Any:
    if path.suffix != ".json":
        return path.read_bytes()
    try:
        return _lasting(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        return path.read_bytes()


def _lasting(node: Any) -> Any:
    """Return parsed JSON without the keys that tell of the moment."""
    if isinstance(node, dict):
        return {key: _lasting(value) for key, value in node.items() if key not in OF_THE_MOMENT}
    return [_lasting(item) for item in node] if isinstance(node, list) else node
