"""Fake of the decide stage: stops where the fake screener found nothing that could follow."""

from pathlib import Path

from faking import note

from mmm_builder.candidates import Candidates
from mmm_builder.files import write_text
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision, Diagnosis, Observation


def decide_files(
    *, config: Path, summary: Path, folds: Path, candidates: Path, validation: Path, summaries: tuple[Path, ...],
    decision: Path,
):  # fmt: skip
    note("decide", decision)
    screened = Candidates.read(candidates)
    n, stops = screened.iteration, screened.next is None
    assert len(summaries) == n - 1
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
