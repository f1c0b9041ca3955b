"""Fake of the configure stage."""

from pathlib import Path

from faking import note

from mmm_builder.files import write_text
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import Decision


def _told(model):
    return f" {dict(sorted(model.items()))}" if model else ""


def generate_config(
    *,
    config: Path,
    profile: Path | None = None,
    previous: Path | None = None,
    decision: Path | None = None,
    model_type=None,
    draws=None,
    seed=None,
    model=None,
):
    note("configure", config.parent / config.stem.replace("config", "artifacts") / "config")
    if previous is None:
        write_text(config, f"{profile.read_text()}{model_type} draws {draws} seed {seed}{_told(model)}\n")
    else:
        write_text(config, previous.read_text() + f"{Decision.read(decision).remedy}\n")


hand_over(generate_config, globals().get("snakemake"))
