"""§3.0 Thinking Process: from observation to outcome, iteration by iteration."""

import json
import re
from typing import Any

from ..candidates import Candidate
from ..config_files import fingerprint
from ..errors import InputError
from ..policy.changes import apply_changes
from ..spec import ModelSpec
from ..verdicts import FoldEvidence, Observation, OosValidation, Outcome, TrainingSummary
from .figures import figure_key, sense_of, shown, shown_limit, signed
from .markdown import code, section, sentence, table, text
from .run_record import Iteration, RunRecord, unmet

SOURCE = re.compile(r"^(?P<path>[^→\s]+)(?:\s*(?:→|->)\s*(?P<key>\S+))?$")
"""An observation's source: `artifacts_iter_1/metrics/summary.json → r2`."""

FIGURES_FIRST = re.compile(r"^\w+ [-+\w.]+ → [-+\w.]+: ")

SHOWN_CANDIDATES = 8
"""Remedies whose best candidate is shown, the best first; the one that follows always is."""

SCREENED, CHANGE, HAPPENED = 4, 5, 7
"""Paragraphs of §3.n that other sections refer to."""


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
    """Return what came of an iteration's change; None if none was predicted."""
    return next((o for o in run.history.outcomes if o.iteration == iteration), None)


def _steps(run: RunRecord, iteration: Iteration) -> list[tuple[str, str]]:
    """Return observed, diagnosis, what was screened, change, prediction, outcome; a stop ends with the change."""
    say, decision = run.say, iteration.decision
    outcome = outcome_of(run, iteration.number)
    thesis = say("s3.thesis.stop")
    if decision.action == "revise":
        remedy = code(decision.remedy) if decision.remedy else say("s3.no_remedy")
        ending = say(f"s3.end.{outcome.hypothesis if outcome else 'untested'}")
        back = say("s3.end.reverted") if outcome and outcome.reverted else ""
        thesis = say("s3.thesis.revise", remedy=remedy, ending=ending + back)
    steps = [
        (say("lead.thesis"), thesis),
        (say("lead.observed"), _observed(run, iteration)),
        (say("lead.diagnosis"), _diagnosis(run, iteration)),
        (say("lead.screened"), _screened(run, iteration)),
        (say("lead.change"), _change(run, iteration)),
    ]
    if decision.action == "revise":
        steps.append((say("lead.predicted"), _prediction(run, iteration, outcome)))
        steps.append((say("lead.happened"), _happened(run, iteration, outcome)))
    return steps


# --- observed --------------------------------------------------------------------------------------------------------


def _observed(run: RunRecord, iteration: Iteration) -> str:
    """Return what decided: everything observed that did not pass, with value, source and limit."""
    say, observed = run.say, iteration.decision.observed
    if not observed:
        return say("s3.nothing")
    telling = [o for o in observed if o.verdict != "pass"]
    if not telling:
        return say("s3.all_pass", observations=say.count(len(observed), "observation"))
    n = len(observed) - len(telling)
    rest = say("s3.rest", observations=say.count(n, "observation")) if n else ""
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
    found, paths = SOURCE.match(seen.source.strip()), iteration.paths
    if found is None or found["path"] not in run.dates:
        return run.say("derived", rule=text(seen.source))
    gates = {paths.summary: iteration.summary, paths.folds: iteration.folds, paths.validation: iteration.validation}
    gate = gates.get(found["path"])
    return run.cite(found["path"], found["key"] or (gate and key_of(gate, seen)))


def key_of(gate: TrainingSummary | FoldEvidence | OosValidation, seen: Observation) -> str | None:
    """Return where a gate's file holds an observation: under its own key, or as a check of that code and subject."""
    key = figure_key(seen.figure)
    if key in type(gate).model_fields and getattr(gate, key) == seen.value:
        return key
    found = ((c.code, c.subject, c.value) for c in gate.checks)
    fits = [i for i, (name, subject, value) in enumerate(found) if name == seen.figure and value == seen.value and
            seen.subject in (None, subject)]  # fmt: skip
    return f"checks[{fits[0]}].value" if fits else None


# --- diagnosis and candidates ----------------------------------------------------------------------------------------


def _diagnosis(run: RunRecord, iteration: Iteration) -> str:
    say, decision, path = run.say, iteration.decision, iteration.paths.decision
    said = decision.diagnosis

    def all_of(side: str) -> str:
        told = [run.told(words, path, f"diagnosis.{side}[{i}]") for i, words in enumerate(getattr(said, side))]
        return "; ".join(told) or say("s3.no_evidence")

    rule = say("s3.rule.stop", n=iteration.number)
    if decision.remedy:
        rule = say("s3.rule", remedy=code(decision.remedy), n=iteration.number)
    hypothesis = sentence(run.told(said.hypothesis, path, "diagnosis.hypothesis"))
    words = {"hypothesis": hypothesis, "derived": say("derived", rule=rule)}
    if decision.action == "stop" and not (said.evidence_for or said.evidence_against):
        return say("s3.diagnosis.bare", **words)
    return say("s3.diagnosis", pro=all_of("evidence_for"), con=all_of("evidence_against"), **words)


def _screened(run: RunRecord, iteration: Iteration) -> str:
    """Return the table of what could be tried next with what the screen says of it, the best first."""
    say, found, path = run.say, iteration.candidates, iteration.paths.candidates
    follows = iteration.decision.action == "revise" and found.next is not None
    followed_as = "s3.screened.followed" if iteration.number < len(run.iterations) else "s3.screened.budget"
    other = ""
    if follows and found.next not in found.screened:
        names = {"remedy": code(found.next.remedy), "label": code(found.next.label)}
        other = " " + say("s3.screened.next", source=run.cite(path, "next"), **names)
    if not found.screened:
        return say("s3.screened.none", source=run.cite(path, "screened")) + other
    followed = [i for i, c in enumerate(found.screened) if c == found.next]
    firsts = {c.remedy: i for i, c in reversed(list(enumerate(found.screened)))}
    chosen = sorted({*sorted(firsts.values())[:SHOWN_CANDIDATES], *followed})
    keys = ("", "label", "base", "", "now", "predicted", "crps_gain", "", "")
    rows = [[say("s2.key"), *(key and code(key) for key in keys)]]
    for i in chosen:
        candidate = found.screened[i]
        verdict = say(followed_as) if i in followed and follows else ""
        if candidate.excluded:
            verdict = run.told(candidate.excluded, path, f"screened[{i}].excluded")
        rows.append([str(i + 1), *_candidate(run, candidate), verdict, code(f"screened[{i}]")])
    names = ("rank", "remedy", "label", "base", "figure", "now", "predicted", "gain", "verdict")
    header = [*(say(f"s3.screened.{name}") for name in names), say("s1.key")]
    intro = say(
        "s3.screened",
        candidates=say.count(len(found.screened), "candidate"),
        shown=len(chosen),
        source=run.cite(path),
    )
    return intro + other + "\n\n" + table(header, rows)


def _candidate(run: RunRecord, candidate: Candidate) -> list[str]:
    """Return the cells of one candidate: remedy, label, base, figure, now, predicted, gain on the folds."""
    key, unknown = figure_key(candidate.figure), run.say("not_computed_bare")
    figures = [
        unknown if value is None else shown(key, value, *run.limits(key))
        for value in (candidate.now, candidate.predicted)
    ]
    gain = unknown if candidate.crps_gain is None else signed("crps_gain", candidate.crps_gain)
    names = [code(candidate.remedy), code(candidate.label), str(candidate.base), run.check_label(candidate.figure)]
    return [*names, *figures, gain]


# --- change, prediction, outcome -------------------------------------------------------------------------------------


def _change(run: RunRecord, iteration: Iteration) -> str:
    """Return the keys that were changed, or why none was."""
    say, decision = run.say, iteration.decision
    if decision.action == "stop" or not decision.changes:
        if decision.status == "full_success":
            return say("s3.change.none", reason=say("stop.both_gates"))
        return say("s3.change.none", reason=run.told(decision.stop_reason, iteration.paths.decision, "stop_reason"))
    source = run.cite(iteration.paths.decision, "changes")
    if iteration.number < len(run.iterations):
        following = run.iterations[iteration.number]
        phrase = "s3.change.next" if _as_decided(iteration, following.spec) else "s3.change.edited"
        intro = say(phrase, source=source, config=code(following.paths.config))
    else:
        intro = say("s3.change.not_done", source=source)
    if decision.base is not None and decision.base != iteration.number:
        intro = say("s3.change.base", base=decision.base, n=iteration.number) + " " + intro
    rows = [[code(c.key), code(_plain(c.old)), code(_plain(c.new))] for c in decision.changes]
    return intro + "\n\n" + table([say("s1.key"), say("s3.old"), say("s3.new")], rows)


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
    say, path = run.say, iteration.paths.decision
    told = [
        run.told(FIGURES_FIRST.sub("", change.predicted_effect), path, f"changes[{i}].predicted_effect")
        for i, change in enumerate(iteration.decision.changes)
    ]
    effects = "; ".join(dict.fromkeys(told)) or say("s3.no_evidence")
    if outcome is None or outcome.before is None or outcome.predicted is None:
        return say("s3.prediction.missing", effects=effects)
    key = figure_key(outcome.figure)
    return say(
        "s3.prediction",
        label=run.check_label(outcome.figure),
        before=shown(key, outcome.before, outcome.predicted, *run.limits(key)),
        predicted=shown(key, outcome.predicted, outcome.before, *run.limits(key)),
        source=run.cite(path, "predicted_value"),
        effects=effects,
    )


def _happened(run: RunRecord, iteration: Iteration, outcome: Outcome | None) -> str:
    """Return the outcome at the next iteration, and whether a gate opened because of it or in spite of it."""
    say, n = run.say, iteration.number
    if n == len(run.iterations):
        return say("s3.outcome.none")
    crossed = _crossed(run, iteration, run.iterations[n], outcome)
    if outcome is None or outcome.after is None or outcome.predicted is None:
        return say("s3.outcome.missing", next=n + 1, crossed=crossed)
    key = figure_key(outcome.figure)
    return say(
        "s3.outcome",
        next=n + 1,
        label=run.word(outcome.figure),
        after=shown(key, outcome.after, outcome.before, *run.limits(key)),
        source=run.cite(run.files.history, f"outcomes[{run.history.outcomes.index(outcome)}].after"),
        verdict=say(f"s3.verdict.{outcome.hypothesis}"),
        derived=say("derived", rule=say("s3.rule.outcome", paragraph=CHANGE + 1)),
        reverted=say("s3.reverted") if outcome.reverted else "",
        crossed=crossed,
    )


def _crossed(run: RunRecord, iteration: Iteration, following: Iteration, outcome: Outcome | None) -> str:
    """Return which checks changed sides, and whether a gate opened by luck or as predicted."""
    say = run.say
    crossed = ""
    for gate in ("summary", "folds"):
        checks = getattr(following, gate).checks
        before, after = (_open(getattr(i, gate)) for i in (iteration, following))
        now_pass = [c for c in checks if c.code in before - after]
        now_fail = [c for c in checks if c.code in after - before]
        crossed += say(f"s3.now_pass.{gate}", checks=run.check_names(now_pass)) if now_pass else ""
        crossed += say(f"s3.now_fail.{gate}", checks=run.check_names(now_fail)) if now_fail else ""
    diagnostics = following.summary.passed and not iteration.summary.passed
    holdout = following.validation.passed and not iteration.validation.passed
    if outcome is None or outcome.hypothesis == "untested" or not (diagnostics or holdout):
        return crossed
    return crossed + say("s3.lucky" if outcome.hypothesis == "refuted" else "s3.earned")


def _open(gate: TrainingSummary | FoldEvidence) -> set[str]:
    return {c.code for c in unmet(gate.checks, "fail", "unassessed")}
