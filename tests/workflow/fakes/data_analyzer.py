"""Fake of the profile stage: any file will do, unless it says `broken`."""

from pathlib import Path

from faking import digest_of, note

from mmm_builder.errors import InputError
from mmm_builder.files import write_text
from mmm_builder.stage import hand_over


def analyze_file(
    csv: Path, *, output: Path, dataset: Path, holdout: Path, target=None, channels=None, controls=None,
    sealed: Path | None = None, sealed_periods=0,
):  # fmt: skip
    note("profile", output)
    if "broken" in csv.read_text():
        raise InputError(f"{csv}: column 'TV' (line 3): '12,5 €' is not a number")
    write_text(output, f"profile of {digest_of(csv)}, {target}, {channels}, {controls}\n")
    write_text(dataset, f"dataset of {digest_of(csv)}\n")
    write_text(holdout, f"holdout of {digest_of(csv)}\n")
    if sealed is not None:
        write_text(sealed, f"last {sealed_periods} rows of {digest_of(csv)}\n")


hand_over(analyze_file, globals().get("snakemake"))
