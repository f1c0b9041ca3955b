"""Fake of the contributions stage."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over


def contribution_files(
    *, skill_report: Path, traces: tuple[Path, ...], table: Path, series: Path, units: Path, plot: Path
):
    note("contributions", table)
    for path in (table, series, units, plot):
        write_text(path, f"of {digest_of(*traces)}\n")


hand_over(contribution_files, globals().get("snakemake"))
