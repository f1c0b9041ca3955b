"""§3.0 Thinking Process: from observation to outcome, iteration by iteration."""

import json
import re
from typing import Any

from ..errors import InputError
from ..policy.changes import apply_changes, fingerprint
from ..spec import ModelSpec
from ..verdicts import Observation, OosValidation, Outcome, TrainingSummary
from .figures import figure_key, sense_of, shown, shown_limit
from .markdown import clause, code, section, sentence, table, text
from .run_record import Iteration, RunRecord, unmet

SOURCE = re.compile(r"^(?P<path>[^→\s]+)(?:\s*(?:→|->)\s*(?P<key>\S+))?$")
"""An observation's source: `artifacts_iter_1/metrics/summary.json → r2`."""

FIGURES_FIRST = re.compile(r"^\w+ [-\w.]+ → [-\w.]+: ")


def thinking_process(run: RunRecord) -> str:
    """Return the section; §3.n is iteration n."""
    say = run.say
    sections = [section("3.0", say("s3.title"), [(say("lead.order"), say("s3.order"))])]
    for iteration in run.iterations:
        decision = iteration.decision
        conclusion = say("s3.heading.stop" if decision.action == "stop" else "s3.heading.revise")
        if decision.action == "revise" and decision.remedy:
            conclusion = say("s3.heading.remedy", remedy=code(decision.remedy))
        title = say("s3.heading", n=iteration.number, conclusion=conclusion)
        sections.append(section(f"3.{iteration.number}", title, _steps(run, iteration), level=3))
    return "\n\n".join(sections)


def outcome_of(run: RunRecord, iteration: int) -> Outcome | None:
    """Return what came of an iteration's remedy; None if it named none."""
    return next((o for o in run.history.outcomes if o.iteration == iteration), None)


def _steps(run: RunRecord, iteration: Iteration) -> list[tuple[str, str]]:
    """Return observed, diagnosis, change, prediction, outcome; a stop ends with the change."""
    say, decision = run.say, iteration.decision
    outcome = outcome_of(run, iteration.number)
    thesis = say("s3.thesis.stop")
    if decision.action == "revise":
        remedy = code(decision.remedy) if decision.remedy else say("s3.no_remedy")
        ending = say(f"s3.end.{outcome.hypothesis if outcome else 'untested'}")
        thesis = say("s3.thesis.revise", remedy=remedy, ending=ending)
    steps = [
        (say("lead.thesis"), thesis),
        (say("lead.observed"), _observed(run, iteration)),
        (say("lead.diagnosis"), _diagnosis(run, iteration)),
        (say("lead.change"), _change(run, iteration)),
    ]
    if decision.action == "revise":
        steps.append((say("lead.predicted"), _prediction(run, iteration, outcome)))
        steps.append((say("lead.happened"), _happened(run, iteration, outcome)))
    return steps


def _observed(run: RunRecord, iteration: Iteration) -> str:
    """Return what decided: everything observed that did not pass, with value, source and limit."""
    say, observed = run.say, iteration.decision.observed
    if not observed:
        return say("s3.nothing")
    telling = [o for o in observed if o.verdict != "pass"]
    if not telling:
        return say("s3.all_pass", n=len(observed))
    n = len(observed) - len(telling)
    rest = "" if n == 0 else say("s3.rest.one") if n == 1 else say("s3.rest", n=n)
    return say("s3.observed", observed="; ".join(_observation(run, iteration, o) for o in telling), rest=rest)


def _observation(run: RunRecord, iteration: Iteration, seen: Observation) -> str:
    say, key = run.say, figure_key(seen.figure)
    subject = "" if seen.subject is None else f" ({code(seen.subject)})"
    words = {"label": run.check_label(seen.figure) + subject, "verdict": say(seen.verdict)}
    words["source"] = _source(run, iteration, seen)
    if seen.value is None:
        return say("s3.observation.missing", **words)
    words["value"] = shown(key, seen.value, seen.limit)
    if seen.limit is None:
        return say("s3.observation.no_limit", **words)
    limit = f"{sense_of(key, seen.value, seen.limit, seen.verdict)} {shown_limit(key, seen.limit)}".strip()
    return say("s3.observation", limit=limit, **words)


def _source(run: RunRecord, iteration: Iteration, seen: Observation) -> str:
    """Return an observation's source as a citation; as derived if it names no file of the run."""
    found = SOURCE.match(seen.source.strip())
    if found is None or found["path"] not in run.dates:
        return run.say("derived", rule=text(seen.source))
    gates = {iteration.paths.summary: iteration.summary, iteration.paths.validation: iteration.validation}
    gate = gates.get(found["path"])
    return run.cite(found["path"], found["key"] or (gate and key_of(gate, seen.figure, seen.value)))


def key_of(gate: TrainingSummary | OosValidation, figure: str, value: float | None) -> str | None:
    """Return where a gate's file holds a figure of this value: under its own key, or as a check of that code."""
    key = figure_key(figure)
    if key in type(gate).model_fields and getattr(gate, key) == value:
        return key
    return next((f"checks[{i}].value" for i, check in enumerate(gate.checks) if check.code == figure), None)


def _diagnosis(run: RunRecord, iteration: Iteration) -> str:
    say, decision = run.say, iteration.decision
    pro = "; ".join(map(clause, decision.diagnosis.evidence_for)) or say("s3.no_evidence")
    con = "; ".join(map(clause, decision.diagnosis.evidence_against)) or say("s3.no_evidence")
    rule = say("s3.rule.stop", n=iteration.number)
    if decision.remedy:
        rule = say("s3.rule", remedy=decision.remedy, n=iteration.number)
    words = {"hypothesis": sentence(decision.diagnosis.hypothesis), "derived": say("derived", rule=rule)}
    if decision.action == "stop" and not (decision.diagnosis.evidence_for or decision.diagnosis.evidence_against):
        return say("s3.diagnosis.bare", **words)
    return say("s3.diagnosis", pro=pro, con=con, **words)


def _change(run: RunRecord, iteration: Iteration) -> str:
    """Return the keys that were changed, or why none was."""
    say, decision = run.say, iteration.decision
    if decision.action == "stop" or not decision.changes:
        return say("s3.change.none", reason=clause(decision.stop_reason or say("no_reason")))
    source = run.cite(iteration.paths.decision, "changes")
    if iteration.number < len(run.iterations):
        following = run.iterations[iteration.number]
        phrase = "s3.change.next" if _as_decided(iteration, following.spec) else "s3.change.edited"
        intro = say(phrase, source=source, config=code(following.paths.config))
    else:
        intro = say("s3.change.not_done", source=source)
    header = [say("s1.key"), say("s3.old"), say("s3.new")]
    rows = [[code(c.key), code(_plain(c.old)), code(_plain(c.new))] for c in decision.changes]
    if any(c.reason != decision.diagnosis.hypothesis for c in decision.changes):
        header.append(say("s3.why"))
        rows = [[*row, text(c.reason)] for row, c in zip(rows, decision.changes, strict=True)]
    return intro + "\n\n" + table(header, rows)


def _as_decided(iteration: Iteration, following: ModelSpec) -> bool:
    """Tell whether the next configuration is this one with the decision's changes; else a hand was in it."""
    try:
        decided = apply_changes(iteration.spec, iteration.decision.changes, following.iteration)
    except InputError:
        return False
    return fingerprint(decided) == fingerprint(following)


def _plain(value: Any) -> str:
    """Return a configuration value as it would stand in the file, on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _prediction(run: RunRecord, iteration: Iteration, outcome: Outcome | None) -> str:
    say, decision = run.say, iteration.decision
    effects = "; ".join(dict.fromkeys(_words(c.predicted_effect) for c in decision.changes)) or say("s3.no_evidence")
    if outcome is None or outcome.before is None or outcome.predicted is None:
        return say("s3.prediction.missing", effects=effects)
    key = figure_key(outcome.figure)
    return say(
        "s3.prediction",
        label=run.label(key),
        before=shown(key, outcome.before, outcome.predicted, *run.limits(key)),
        predicted=shown(key, outcome.predicted, outcome.before, *run.limits(key)),
        source=run.cite(iteration.paths.decision, "predicted_value"),
        effects=effects,
    )


def _words(effect: str) -> str:
    """Return a predicted effect without the figures before its colon, which stand beside it already."""
    return clause(FIGURES_FIRST.sub("", effect))


def _happened(run: RunRecord, iteration: Iteration, outcome: Outcome | None) -> str:
    """Return the outcome at the next iteration, and whether a gate opened because of it or in spite of it."""
    say, n = run.say, iteration.number
    if n == len(run.iterations):
        return say("s3.outcome.none")
    following = run.iterations[n]
    crossed = _crossed(run, iteration, following, outcome)
    if outcome is None or outcome.after is None or outcome.predicted is None:
        return say("s3.outcome.missing", next=n + 1, crossed=crossed)
    key = figure_key(outcome.figure)
    return say(
        "s3.outcome",
        next=n + 1,
        label=run.word(key),
        after=shown(key, outcome.after, outcome.before, *run.limits(key)),
        source=run.cite(following.paths.summary, key_of(following.summary, outcome.figure, outcome.after)),
        verdict=say(f"s3.verdict.{outcome.hypothesis}"),
        derived=say("derived", rule=say("s3.rule.outcome")),
        crossed=crossed,
    )


def _crossed(run: RunRecord, iteration: Iteration, following: Iteration, outcome: Outcome | None) -> str:
    """Return which checks changed sides, and whether the gate opened by luck."""
    say = run.say
    before = {c.code for c in unmet(iteration.summary.checks, "fail", "unassessed")}
    after = {c.code for c in unmet(following.summary.checks, "fail", "unassessed")}
    now_pass = [c for c in following.summary.checks if c.code in before - after]
    now_fail = [c for c in following.summary.checks if c.code in after - before]
    crossed = say("s3.now_pass", checks=run.check_names(now_pass)) if now_pass else ""
    crossed += say("s3.now_fail", checks=run.check_names(now_fail)) if now_fail else ""
    opened = following.summary.passed and not iteration.summary.passed
    if opened and outcome is not None and outcome.hypothesis == "refuted":
        crossed += say("s3.lucky")
    return crossed
