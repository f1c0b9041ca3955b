"""The few lines that a person sees when a run has ended."""

from pathlib import Path

from ..evidence import MediaAdds
from ..sealed import SealedValidation
from ..strict import Strict
from ..verdicts import FoldEvidence, OosValidation, SkillReport, TrainingSummary
from .figures import GATES, sense_of, shown, shown_limit, signed
from .phrases import RECORDED, Phrasebook, phrasebook
from .run_record import in_language
from .sealed_words import sealed_line

MARKS = {True: "✓", False: "✗", None: "?"}


def terminal_summary(
    report: SkillReport,
    summary: TrainingSummary,
    folds: FoldEvidence,
    validation: OosValidation,
    where: Path,
    sealed: SealedValidation | None = None,
) -> str:
    """Return status and what media add, selected iteration, both gates with their limits, looks, and the analysis.

    summary, folds, validation : the selected iteration's; where : the run's directory; the language is the report's
    sealed : what its sealed period says, None where it has none
    """
    say = phrasebook(report.language)
    stop = report.stop_reason if say.language == RECORDED else say(f"stop.{report.stop_code}")
    head = say(
        "terminal.head",
        status=report.status,
        n=report.selected_iteration,
        run=report.iterations_run,
        budget=report.max_iterations,
        stop=stop,
        media=_media(say, validation.media_adds or folds.media_adds),
    )
    diagnostics = _figures(say, ("worst_rhat", "min_ess", "divergences", "r2"), summary, summary.thresholds)
    lines = [head, say("terminal.diagnostics", verdict=_verdict(say, summary.passed), figures=diagnostics)]
    if validation.evaluated:
        held_out = _figures(say, ("oos_r2", "oos_mape", "overfitting_index"), validation, validation.thresholds)
        lines.append(say("terminal.holdout", verdict=_verdict(say, validation.passed), figures=held_out))
    else:
        lines.append(say("terminal.closed", reason=in_language(say, validation.reason) or say("no_reason")))
    lines.append(_looks(say, report))
    if sealed is not None:
        lines.append(sealed_line(say, sealed))
    if not report.oos_validation_passed:
        lines.append(say("terminal.not_validated"))
    return "\n".join([*lines, say("terminal.analysis", path=where / report.kf_documentation)])


def _media(say: Phrasebook, adds: MediaAdds | None) -> str:
    """Return what media add to the forecast: verdict, gain, 80 % interval."""
    if adds is None:
        return say("terminal.media.unmeasured")
    verdict = say(f"media.word.{adds.verdict}")
    if adds.crps_gain is None or adds.lower_80 is None or adds.upper_80 is None:
        return say("terminal.media.bare", verdict=verdict)
    low, high = (shown("crps_gain", end).removesuffix(" %") for end in (adds.lower_80, adds.upper_80))
    return say("terminal.media", verdict=verdict, gain=signed("crps_gain", adds.crps_gain), low=low, high=high)


def _looks(say: Phrasebook, report: SkillReport) -> str:
    """Return how often the holdout was opened, and how probable a pass by chance is."""
    looks = say.count(report.holdout_looks, "look")
    if report.chance_pass_probability is None:
        return say("terminal.looks", looks=looks)
    chance = shown("chance_pass_probability", report.chance_pass_probability)
    later = report.chance_looks is not None and report.holdout_looks > report.chance_looks
    after = say("terminal.looks.later", looks=say.count(report.chance_looks, "look")) if later else ""
    if report.doubtful_r2 is None:
        return say("terminal.looks.chance_bare", looks=looks, chance=chance) + after
    doubtful = shown("doubtful_r2", report.doubtful_r2)
    return say("terminal.looks.chance", looks=looks, chance=chance, doubtful=doubtful) + after


def _verdict(say: Phrasebook, passed: bool) -> str:
    return say("pass" if passed else "fail")


def _figures(say: Phrasebook, keys: tuple[str, ...], record: Strict, thresholds: Strict) -> str:
    """Return a gate's figures, each with its mark and limit."""
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
