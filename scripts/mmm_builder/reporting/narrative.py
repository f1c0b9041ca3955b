"""ITERATION_ANALYSIS.md: thesis, overview, two diagrams and five sections, all of it from the run's artifacts."""

from pathlib import PurePosixPath, PureWindowsPath

from .diagrams import continuant, occurrent, word
from .markdown import code
from .media_words import media_clause
from .run_record import RunRecord
from .section_data import data_profile
from .section_history import iteration_history
from .section_learnings import key_learnings
from .section_results import final_results
from .section_thinking import thinking_process


def analysis(run: RunRecord) -> str:
    """Return the document."""
    parts = [
        "# " + run.say("title", name=code(dataset_name(run))),
        thesis(run),
        overview(run),
        diagrams(run),
        data_profile(run),
        iteration_history(run),
        thinking_process(run),
        final_results(run),
        key_learnings(run),
    ]
    return "\n\n".join(parts) + "\n"


def dataset_name(run: RunRecord) -> str:
    """Return the data file's name without folder and ending, whichever system its path was written on."""
    path = run.profile.source.path
    return (PureWindowsPath(path) if "\\" in path else PurePosixPath(path)).stem


def thesis(run: RunRecord) -> str:
    """Return the one sentence that says how the run ended and previews every section."""
    say, profile, report = run.say, run.profile, run.report
    changes = sum(len(i.decision.changes) for i in run.iterations[:-1])
    if changes:
        path = say("thesis.changes", changes=say.count(changes, "change_key"))
    else:
        path = say("thesis.no_changes" if report.status == "full_success" else "thesis.no_changes_left")
    tested = [o for o in run.history.outcomes if o.hypothesis != "untested"]
    held = sum(o.hypothesis == "survived" for o in tested)
    learned = say("thesis.learned", held=held, tested=say.count(len(tested), "prediction"))
    return say(
        "thesis",
        name=code(dataset_name(run)),
        frequency=say(profile.frequency),
        start=profile.start,
        end=profile.end,
        channels=say.count(len(profile.channels), "channel"),
        model_type=code(report.model_type),
        status=f"**{code(report.status)}**",
        iteration=report.selected_iteration,
        run=report.iterations_run,
        budget=report.max_iterations,
        figures=_deciding_figures(run),
        changes=path,
        gates=say(_gates(run)),
        media=media_clause(run),
        learned=learned if tested else say("thesis.nothing_tested"),
    )


def overview(run: RunRecord) -> str:
    """Return the paragraph that introduces the sections and ends with the primary source."""
    source = run.profile.source
    return run.say(
        "overview",
        path=code(source.path),
        read=run.dates[run.files.profile],
        sha256=code(source.sha256),
        source=run.cite(run.files.profile, "source.sha256"),
    )


def diagrams(run: RunRecord) -> str:
    """Return both diagrams with their headers: what exists, then what happened."""
    say, name = run.say, word(dataset_name(run))
    exists = say("diagram.continuant", name=name)
    happened = say("diagram.occurrent", name=name, n=say.count(len(run.records), "iteration"))
    return "\n\n".join(
        [
            f"**{exists} (Continuant - TD):**",
            continuant(dataset_name(run), run.profile, run.selected.spec, say),
            f"**{happened} (Occurrent - LR):**",
            occurrent(run.records, run.report.status, say),
        ]
    )


def _deciding_figures(run: RunRecord) -> str:
    """Return the selected iteration's R² and held-out figures, as §2.0 prints them."""
    say, metrics = run.say, run.report.metrics
    in_sample = say("thesis.r2_missing")
    if metrics.r2 is not None:
        in_sample = f"{run.label('r2')} {run.figure('r2', metrics.r2)}"
    if not run.selected.validation.evaluated:
        return say("thesis.not_opened", in_sample=in_sample)
    shown = [
        f"{run.word(key)} {run.figure(key, getattr(metrics, key))}"
        for key in ("oos_r2", "oos_mape", "overfitting_index")
        if getattr(metrics, key) is not None
    ]
    return say("thesis.figures", in_sample=in_sample, held_out=say.enumerate(shown))


def _gates(run: RunRecord) -> str:
    if run.report.status == "full_success":
        return "gates.both"
    if not run.selected.summary.passed:
        return "gates.neither"
    return "gates.first" if run.selected.validation.evaluated else "gates.unopened"
