"""Fake of the screening stage: nothing can follow the iteration that `STOPS_AT` has for a disabled remedy."""

from pathlib import Path
from typing import TYPE_CHECKING

from faking import STOPS_AT, note

from mmm_builder.candidates import Candidate, Candidates
from mmm_builder.files import write_text
from mmm_builder.stage import hand_over

if TYPE_CHECKING:
    import mmm_builder.policy.choosing  # noqa: F401  what the real stage reaches, for its code digest


def screen_files(
    *, config: Path, summary: Path, folds: Path, configs: tuple[Path, ...], earlier_candidates: tuple[Path, ...],
    candidates: Path, disabled_remedies: tuple[str, ...] = (),
):  # fmt: skip
    note("screen", candidates)
    assert len(configs) == len(earlier_candidates)
    n = len(configs) + 1
    follows = Candidate(
        remedy=f"remedy_{n}", label="a fake", base=n, changes=(), figure="fold_crps", now=1.0, predicted=0.9,
        crps_gain=0.1, cost="none",
    )  # fmt: skip
    stops = n in {STOPS_AT.get(name) for name in disabled_remedies}
    said = Candidates(
        iteration=n, incumbent=n, screened=() if stops else (follows,), next=None if stops else follows, opens=True,
        opening_reason="a fake", stop_reason="a fake" if stops else None, ledger=(),
    )  # fmt: skip
    write_text(candidates, said.to_json())


hand_over(screen_files, globals().get("snakemake"))
