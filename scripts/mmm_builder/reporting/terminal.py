"""The few lines that a person sees when a run has ended."""

from pathlib import Path

from ..strict import Strict
from ..verdicts import OosValidation, SkillReport, TrainingSummary
from .figures import GATES, sense_of, shown, shown_limit
from .phrases import phrasebook

MARKS = {True: "✓", False: "✗", None: "?"}


def terminal_summary(
    report: SkillReport, summary: TrainingSummary, validation: OosValidation, where: Path, language: str = "en"
) -> str:
    """Return status, selected iteration, both gates with their limits, and where the analysis lies.

    summary, validation : the selected iteration's; where : the run's directory
    """
    say = phrasebook(language)
    head = say(
        "terminal.head",
        status=report.status,
        n=report.selected_iteration,
        run=report.iterations_run,
        budget=report.max_iterations,
        stop=report.stop_reason,
    )
    diagnostics = _figures(("worst_rhat", "min_ess", "divergences", "r2"), summary, summary.thresholds, language)
    lines = [head, say("terminal.diagnostics", verdict=_verdict(summary.passed, language), figures=diagnostics)]
    if validation.evaluated:
        held_out = _figures(("oos_r2", "oos_mape", "overfitting_index"), validation, validation.thresholds, language)
        lines.append(say("terminal.holdout", verdict=_verdict(validation.passed, language), figures=held_out))
    else:
        lines.append(say("terminal.closed", reason=validation.reason or say("no_reason")))
    lines.append(say("terminal.looks", looks=say.count(report.holdout_looks, "look")))
    if not report.oos_validation_passed:
        lines.append(say("terminal.not_validated"))
    return "\n".join([*lines, say("terminal.analysis", path=where / report.kf_documentation)])


def _verdict(passed: bool, language: str) -> str:
    return phrasebook(language)("pass" if passed else "fail")


def _figures(keys: tuple[str, ...], record: Strict, thresholds: Strict, language: str) -> str:
    """Return a gate's figures, each with its mark and limit."""
    say = phrasebook(language)
    parts = []
    for key in keys:
        value, limit = getattr(record, key), getattr(thresholds, GATES[key])
        label = say(f"figure.{key}")
        if key == "oos_mape" and value is None:  # the KPI has zeros: the gate judged wMAPE
            value, label = record.wmape, say("figure.oos_wmape")
        sense = sense_of(key, None, limit, "")
        shown_as = f"{sense} {shown_limit(key, limit)}"
        if key == "r2":
            shown_as = say("s2.band", low=shown_limit(key, limit), high=shown_limit(key, thresholds.r2_max))
        if key == "r2" and value is not None and value > thresholds.r2_max and thresholds.r2_above == "review":
            shown_as = say("terminal.above", band=shown_as)
        if value is None:
            parts.append(say("terminal.figure.missing", mark=MARKS[None], label=label, limit=shown_as))
            continue
        met = value <= limit if sense == "≤" else value >= limit
        if key == "r2" and thresholds.r2_above == "fail":
            met = met and value <= thresholds.r2_max
        figure = shown(key, value, limit)
        parts.append(say("terminal.figure", mark=MARKS[met], label=label, value=figure, limit=shown_as))
    return " · ".join(parts)
