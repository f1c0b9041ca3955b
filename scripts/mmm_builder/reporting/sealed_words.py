"""What the record says of the sealed final period."""

from ..sealed import SealedValidation
from .figures import shown
from .phrases import Phrasebook
from .run_record import RunRecord

FIGURES = ("r2", "mape", "wmape", "crps", "coverage_80")


def sealed_figures(say: Phrasebook, sealed: SealedValidation) -> str:
    """Return the figures of the opened period as a list in words; those that could not be computed are left out."""
    known = [(key, value) for key in FIGURES if (value := getattr(sealed, key)) is not None]
    return ", ".join(f"{_within_sentence(say(f'figure.{key}'))} {shown(key, value)}" for key, value in known)


def _within_sentence(label: str) -> str:
    """Return `coverage`, but `MAPE` as it stands."""
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def sealed_paragraph(run: RunRecord, sealed: SealedValidation) -> str:
    """Return what the sealed period says, or that it stays sealed."""
    say, source = run.say, run.cite(run.files.sealed)
    window = {"periods": say.count(sealed.n_periods, "period"), "start": sealed.start, "end": sealed.end}
    seen = " " + say("s4.sealed.seen") if run.seal_seen else ""
    if not sealed.evaluated:
        return say("s4.sealed.closed", source=source, **window) + seen
    openings = say.count(sealed.sealed_openings, "look")
    told = say("s4.sealed", openings=openings, figures=sealed_figures(say, sealed), source=source, **window)
    return (told if sealed.sealed_openings == 1 else f"{told} {say('s4.sealed.again')}") + seen


def sealed_line(say: Phrasebook, sealed: SealedValidation) -> str:
    """Return the line of the terminal summary."""
    window = {"start": sealed.start, "end": sealed.end}
    if not sealed.evaluated:
        return say("terminal.sealed.closed", **window)
    openings = say.count(sealed.sealed_openings, "look")
    return say("terminal.sealed", figures=sealed_figures(say, sealed), openings=openings, **window)
