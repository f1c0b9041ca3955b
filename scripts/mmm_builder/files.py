"""Files that are either whole or absent, and digests of them."""

import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a `NAME.<host>-<process>.part` path to write to, moved to `path` only if the block ends without an error.

    Snakemake takes any file that exists for finished once checkpoints were expanded, so that a kill or a full
    disk must never leave one under its final name. Host and process are in the name, since a killed Snakemake leaves
    its jobs alive, which then write beside those of its successor, on a cluster from another node.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{platform.node()}-{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, wholly or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
