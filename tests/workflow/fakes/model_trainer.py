"""Fake of the training stage; it can linger, wait until a file is gone, or fail."""

import os
import time
from pathlib import Path

from faking import digest_of, linger, note, steer

from mmm_builder.errors import InputError
from mmm_builder.files import whole
from mmm_builder.stage import hand_over


def train_files(
    *,
    profile: Path,
    dataset: Path,
    config: Path,
    trace: Path,
    device: str,
    progress: Path,
    threads: int,
    float_type: str = "float64",
):
    note("train", trace)
    if any(part in trace.as_posix() for part in steer("fail", [])):
        raise InputError(f"{config}: the fake trainer was told to fail")
    if any(part in trace.as_posix() for part in steer("break", [])):
        raise ZeroDivisionError("the fake trainer was told to break")
    with whole(trace) as part:
        part.write_text("half a trace, ")
        linger(progress, steer("train_seconds", {}).get(trace.parent.name, 0))
        while Path(steer("train_while", {}).get(trace.parent.name, "/absent")).exists():
            time.sleep(0.1)
        sees = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
        part.write_text(f"trace of {digest_of(profile, dataset, config)} on {device}, sees GPU {sees}\n")
    note("trained", trace)


hand_over(train_files, globals().get("snakemake"))
