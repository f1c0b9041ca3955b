"""Stage: what could follow an iteration, screened on the folds inside its training rows; no held-out figure goes in."""

import logging
from pathlib import Path
from typing import Annotated

from mmm_builder.candidates import Candidates
from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.files import write_text
from mmm_builder.judging.tables import read_series
from mmm_builder.panel import read_panel
from mmm_builder.policy.choosing import choose
from mmm_builder.policy.situation import Situation, Trained
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import FoldEvidence, TrainingSummary


def screen_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    config: Annotated[Path, "the configuration that was trained"],
    summary: Annotated[Path, "its verdict on the training rows (summary.json)"],
    folds: Annotated[Path, "its verdict on the folds (folds.json)"],
    series: Annotated[Path, "its fit of the training rows (predicted_vs_actual_series.csv)"],
    candidates: Annotated[Path, "what could follow, to write (candidates.json)"],
    configs: Annotated[tuple[Path, ...], "configurations of the iterations before, in order"] = (),
    summaries: Annotated[tuple[Path, ...], "their verdicts on the training rows"] = (),
    earlier_folds: Annotated[tuple[Path, ...], "their verdicts on the folds"] = (),
    earlier_candidates: Annotated[tuple[Path, ...], "what could follow them"] = (),
    disabled_remedies: Annotated[tuple[str, ...], "remedies that must not be used"] = (),
    is_last: Annotated[int, "1 if the budget ends here, so that nothing can follow"] = 0,
) -> None:
    """Screen what could follow an iteration, choose, and say whether its holdout is to be opened."""
    situation = Situation(
        spec=read_spec(config),
        summary=TrainingSummary.read(summary),
        folds=FoldEvidence.read(folds),
        panel=read_panel(dataset, DataProfile.read(profile)),
        series=read_series(series),
    )
    files = zip(configs, summaries, earlier_folds, earlier_candidates, strict=True)
    earlier = tuple(
        Trained(read_spec(c), TrainingSummary.read(s), FoldEvidence.read(f), Candidates.read(n)) for c, s, f, n in files
    )
    chosen = choose(situation, earlier, disabled_remedies, bool(is_last))
    write_text(candidates, chosen.to_json())
    following = chosen.next
    logging.info("next: %s", f"{following.remedy} ({following.label})" if following else chosen.stop_reason)
    logging.info("holdout: %s", chosen.opening_reason)


if __name__ == "__main__":
    hand_over(screen_files, globals().get("snakemake"))
