"""Fake of the decide stage: stops at the iteration that `STOPS_AT` has for a disabled remedy, else never."""

from pathlib import Path

from faking import STOPS_AT, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision, Diagnosis, Observation


def decide_files(
    *,
    config: Path,
    summary: Path,
    configs: tuple[Path, ...],
    summaries: tuple[Path, ...],
    decision: Path,
    disabled_remedies: tuple[str, ...] = (),
):
    note("decide", decision)
    assert len(summaries) == len(configs)
    n = len(configs) + 1
    stops = n in {STOPS_AT.get(name) for name in disabled_remedies}
    seen = Observation(
        figure="r2", value=0.61 if stops else 0.48, limit=0.55, verdict="pass" if stops else "fail",
        source=f"artifacts_iter_{n}/metrics/summary.json",
    )  # fmt: skip
    said = Decision(
        iteration=n,
        observed=(seen,),
        diagnosis=Diagnosis(hypothesis="a fake", evidence_for=(), evidence_against=()),
        action="stop" if stops else "revise",
        status="full_success" if stops else None,
        stop_reason="both gates passed" if stops else None,
        remedy=None if stops else f"remedy_{n}",
        predicted_figure=None,
        predicted_value=None,
        changes=(),
    )
    write_text(decision, said.to_json())


hand_over(decide_files, globals().get("snakemake"))
