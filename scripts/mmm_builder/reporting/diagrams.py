"""The two Mermaid diagrams of a run: its parts (top down) and its course (left to right), 5 to 12 nodes each."""

import re
from collections import Counter
from collections.abc import Sequence

from ..data_profile import DataProfile
from ..spec import ModelSpec
from ..verdicts import IterationRecord, Status
from .phrases import Phrasebook

MAX_NODES = 12
MAX_TYPES = 4
MAX_NAME = 32
"""Longest name in a label, in characters."""


def word(name: str) -> str:
    """Return a name as one word that needs no quoting anywhere."""
    return re.sub(r"\W+", "_", name).strip("_")[:MAX_NAME] or "data"


def continuant(name: str, profile: DataProfile, spec: ModelSpec, say: Phrasebook) -> str:
    """Return the diagram of what exists: data by role, model, what it yields."""
    nodes = {"data": say("node.data", name=word(name)), "kpi": say("node.kpi", name=word(profile.target_column))}
    roles = ["kpi"]
    for i, label in enumerate(_type_labels(profile, say), start=1):
        nodes[f"media{i}"] = label
        roles.append(f"media{i}")
    if profile.controls:
        nodes["controls"] = say("node.controls", n=len(profile.controls))
        roles.append("controls")
    trend, season = spec.trend.kind != "none", spec.seasonality.order > 0
    baseline = {(True, True): "node.trend_season", (True, False): "node.trend", (False, True): "node.season"}
    edges = [("data", role, None) for role in roles] + [(role, "model", None) for role in roles]
    if trend or season:
        nodes["baseline"] = say(baseline[trend, season])
        edges.append(("baseline", "model", None))
    nodes["model"] = say("node.model", model_type=spec.model_type)
    nodes["posterior"], nodes["forecast"] = say("node.posterior"), say("node.forecast")
    nodes["report"] = say("node.report")
    edges += [("model", "posterior", None), ("posterior", "forecast", None), ("forecast", "report", None)]
    return _flowchart("TD", nodes, edges)


def occurrent(records: Sequence[IterationRecord], status: Status, say: Phrasebook) -> str:
    """Return the diagram of what happened: each iteration with its verdict at each gate, the middle ones folded."""
    n = len(records)
    nodes = {"profiled": say("node.profiled")}
    edges: list[tuple[str, str, str | None]] = []
    if 2 + 3 * n <= MAX_NODES:
        _spell_out(records, nodes, edges, say)
    else:
        _one_node_each(records, nodes, edges, say)
    nodes["ended"] = say(status)
    edges[-1] = (edges[-1][0], "ended", edges[-1][2])
    return _flowchart("LR", nodes, edges)


def verdicts(record: IterationRecord) -> tuple[str, str]:
    """Return the words for an iteration's two gates: pass or fail; the second may have stayed closed."""
    oos = ("pass" if record.oos_passed else "fail") if record.oos_evaluated else "closed"
    return "pass" if record.diagnostics_passed else "fail", oos


def _spell_out(
    records: Sequence[IterationRecord],
    nodes: dict[str, str],
    edges: list[tuple[str, str, str | None]],
    say: Phrasebook,
) -> None:
    """Give each iteration a node and one per gate; the last edge is left open."""
    before, text = "profiled", None
    for record in records:
        i = record.iteration
        diagnostics, oos = verdicts(record)
        nodes[f"iteration{i}"] = say("node.iteration", n=i)
        nodes[f"diagnostics{i}"] = say("node.diagnostics", verdict=say(diagnostics))
        nodes[f"holdout{i}"] = say("node.holdout", verdict=say(oos))
        edges.append((before, f"iteration{i}", text))
        edges.append((f"iteration{i}", f"diagnostics{i}", None))
        edges.append((f"diagnostics{i}", f"holdout{i}", None))
        before, text = f"holdout{i}", say("edge.revise")
    edges.append((before, "", None))


def _one_node_each(
    records: Sequence[IterationRecord],
    nodes: dict[str, str],
    edges: list[tuple[str, str, str | None]],
    say: Phrasebook,
) -> None:
    """Give each iteration one node whose outgoing edge tells its verdicts; too many are folded in the middle."""
    n, room = len(records), MAX_NODES - 2
    head = list(records) if n <= room else list(records[: room // 2 - 1])
    tail = [] if n <= room else list(records[n - room // 2 :])
    folded = records[len(head) : n - len(tail)]
    edges.append(("profiled", "iteration1", None))

    def add(node: str, label: str, text: str) -> None:
        nodes[node] = label
        edges[-1] = (edges[-1][0], node, edges[-1][2])
        edges.append((node, "", text))

    for record in [*head, *([None] if folded else []), *tail]:
        if record is None:
            first, last = folded[0].iteration, folded[-1].iteration
            passed = sum(r.diagnostics_passed for r in folded)
            text = say("edge.folded", passed=passed, n=len(folded))
            add("folded", say("node.folded", first=first, last=last), text)
        else:
            diagnostics, oos = (say(v) for v in verdicts(record))
            text = say("edge.gates", diagnostics=diagnostics, holdout=oos)
            add(f"iteration{record.iteration}", say("node.iteration", n=record.iteration), text)


def _type_labels(profile: DataProfile, say: Phrasebook) -> list[str]:
    """Return one label per channel type, the most frequent first; what doesn't fit goes into one."""
    counts = Counter(channel.channel_type for channel in profile.channels).most_common()
    shown = counts if len(counts) <= MAX_TYPES else counts[: MAX_TYPES - 1]
    labels = [say("node.type", type=say(f"type.{kind}"), n=n) for kind, n in shown]
    rest = sum(n for _, n in counts[len(shown) :])
    return [*labels, say("node.other_types", n=rest)] if rest else labels


def _flowchart(direction: str, nodes: dict[str, str], edges: list[tuple[str, str, str | None]]) -> str:
    """Return a fenced Mermaid flowchart."""
    lines = [f'    {node}["{label}"]' for node, label in nodes.items()]
    for start, end, text in edges:
        lines.append(f'    {start} -->|"{text}"| {end}' if text else f"    {start} --> {end}")
    return "\n".join(["```mermaid", f"graph {direction}", *lines, "```"])
