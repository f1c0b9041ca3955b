"""Fake of the stage that opens the seal."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over


def validate_sealed_files(
    *, sealed: Path, configs: tuple[Path, ...], traces: tuple[Path, ...], decisions: tuple[Path, ...], validation: Path
):
    note("seal", validation)
    assert len(configs) == len(traces) == len(decisions)
    write_text(validation, f"of {digest_of(sealed, *traces)}\n")


hand_over(validate_sealed_files, globals().get("snakemake"))
