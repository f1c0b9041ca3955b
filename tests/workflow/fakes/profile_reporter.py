"""Fake of the stage that writes the page on the data."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over


def page_files(*, profile: Path, dataset: Path, holdout: Path, series: Path, page: Path):
    note("page", page)
    for path in (series, page):
        write_text(path, f"of {digest_of(profile, dataset, holdout)}\n")


hand_over(page_files, globals().get("snakemake"))
