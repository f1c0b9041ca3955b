"""§1.0 Data Profile."""

from typing import Any

from ..data_profile import ProfiledControl
from .figures import shown
from .markdown import clause, code, section, table, text
from .phrases import RECORDED
from .run_record import RunRecord

CALENDAR = (
    ("s1.n_rows", "source.n_rows"),
    ("s1.encoding", "source.encoding"),
    ("s1.separator", "source.separator"),
    ("s1.decimal", "source.decimal"),
    ("s1.date_column", "date_column"),
    ("s1.n_periods", "n_periods"),
    ("s1.start", "start"),
    ("s1.end", "end"),
    ("s1.n_train", "n_train"),
    ("s1.train_end", "train_end"),
)
"""Phrase and key of each line about file and calendar."""

SHOWN_GAPS = 3


def data_profile(run: RunRecord) -> str:
    """Return the section."""
    say = run.say
    order = say("s1.order", source=run.cite(run.files.profile))
    return "\n\n".join(
        [
            section("1.0", say("s1.title"), [(say("lead.order"), order)]),
            section("1.1", say("s1.file"), _calendar(run), level=3),
            section("1.2", say("s1.roles"), _roles(run), level=3),
            section("1.3", say("s1.warnings"), _warnings(run), level=3),
        ]
    )


def _calendar(run: RunRecord) -> list[tuple[str, str]]:
    say, profile = run.say, run.profile
    gaps = say("s1.no_gaps")
    if profile.missing_periods:
        examples = ", ".join(profile.missing_periods[:SHOWN_GAPS])
        more = ", …" if len(profile.missing_periods) > SHOWN_GAPS else ""
        gaps = say("s1.gaps", n=say.count(len(profile.missing_periods), "period"), examples=examples + more)
    thesis = say(
        "s1.file.thesis",
        unit=say(f"unit.{profile.frequency}"),
        panel=say("s1.panel", column=code(profile.panel_column)) if profile.panel_column else "",
        gaps=gaps,
        held_out=say.count(profile.n_periods - profile.n_train, "period"),
    )
    rows = [(say(phrase), code(key), _value(profile, key)) for phrase, key in CALENDAR]
    header = (say("s1.what"), say("s1.key"), say("s1.value"))
    return [(say("lead.thesis"), thesis), (say("lead.calendar"), "\n\n" + table(header, rows))]


def _value(record: Any, key: str) -> str:
    for part in key.split("."):
        record = getattr(record, part)
    return code({"\t": "tab"}.get(record, record)) if isinstance(record, str) else str(record)


def _roles(run: RunRecord) -> list[tuple[str, str]]:
    say, profile = run.say, run.profile
    thesis = say(
        "s1.roles.thesis",
        target=code(profile.target_column),
        channels=say.count(len(profile.channels), "channel"),
        controls=say.count(len(profile.controls), "control"),
        ignored=say.count(len(profile.ignored), "column"),
    )
    parts = [(say("lead.thesis"), thesis)]
    if profile.target_candidates:
        ranked = sorted(profile.target_candidates, key=lambda c: -c.score)
        entries = [code(c.column) + _told(run, c.evidence) for c in ranked]
        parts.append((say("lead.target"), say("s1.target", candidates="; ".join(entries))))
    parts.append((say("lead.channels"), say("s1.channels") + "\n\n" + _channels(run)))
    if profile.controls:
        entries = [_control(run, c) for c in profile.controls]
        parts.append((say("lead.controls"), say("s1.controls", controls=", ".join(entries))))
    if profile.ignored:
        entries = [code(c.column) + _told(run, c.reason) for c in profile.ignored]
        parts.append((say("lead.ignored"), say("s1.ignored", ignored="; ".join(entries))))
    return parts


def _control(run: RunRecord, control: ProfiledControl) -> str:
    kind = run.say(f"control.{control.kind}")
    return run.say(
        "s1.controls.entry" if control.known_ahead else "s1.controls.unknown", column=code(control.column), kind=kind
    )


def _told(run: RunRecord, words: str) -> str:
    """Return a text of the profile in brackets where it is in the document's language; else nothing."""
    return f" ({clause(words)})" if run.say.language == RECORDED else ""


def _channels(run: RunRecord) -> str:
    """Return the table of channels, the largest share of spend first."""
    say, channels = run.say, run.profile.channels
    with_exposure = any(c.exposure_column for c in channels)
    names = ["channel", "type", "measure", "share", "zeros", "confidence"]
    names += ["evidence"] if say.language == RECORDED else []
    header = [say(f"s1.{name}") for name in names]
    rows = []
    for c in sorted(channels, key=lambda c: -(c.share_of_spend or 0.0)):
        share = say("s1.no_money") if c.share_of_spend is None else shown("share_of_spend", c.share_of_spend)
        cells = [code(c.column), say(f"type.{c.channel_type}"), say(f"measure.{c.measure}"), share]
        cells += [shown("zero_share", c.zero_share), shown("confidence", c.confidence)]
        cells += [text(c.evidence)] if say.language == RECORDED else []
        rows.append(cells + ([code(c.exposure_column) if c.exposure_column else ""] if with_exposure else []))
    return table(header + ([say("s1.exposure")] if with_exposure else []), rows)


def _warnings(run: RunRecord) -> list[tuple[str, str]]:
    say, warnings = run.say, run.profile.warnings
    if not warnings:
        return [(say("lead.thesis"), say("s1.warnings.none"))]
    thesis = say("s1.warnings.thesis", warnings=say.count(len(warnings), "warning"))
    entries = "\n".join(f"- {_warning(run, i)}" for i in range(len(warnings)))
    return [(say("lead.thesis"), thesis), (say("lead.warnings"), "\n\n" + entries)]


def _warning(run: RunRecord, i: int) -> str:
    """Return a warning's code, what it is about, and its message or where that stands."""
    say, warning = run.say, run.profile.warnings[i]
    message = text(warning.message)
    if say.language != RECORDED:
        message = say("recorded", path=code(run.files.profile), key=code(f"warnings[{i}].message"))
    if f"warning.{warning.code}" not in say:
        return f"{code(warning.code)}: {message}"
    return say("s1.warning", code=code(warning.code), about=say(f"warning.{warning.code}"), message=message)
