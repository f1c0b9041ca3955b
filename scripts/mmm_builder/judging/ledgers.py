"""Append-only ledgers of openings, one record per line: no rule's output, so that no re-run resets them."""

import json
import os
from pathlib import Path
from typing import TypeVar

from ..config_files import fingerprint
from ..errors import InputError
from ..files import text_digest
from ..spec import ModelSpec
from ..strict import Strict

Opening = TypeVar("Opening", bound=Strict)


def opening_id(data_sha256: str, rows_digest: str, spec: ModelSpec, code_digest: str) -> str:
    """Return what makes an opening distinct: the same data, opened rows, model and code are the same opening."""
    return text_digest("\n".join((data_sha256, rows_digest, fingerprint(spec), code_digest)))[:16]


def read_ledger(ledger: Path, kind: type[Opening], key: str, what: str) -> list[Opening]:
    """Return the distinct records of a ledger, told apart by `key`, in order. Raises InputError at a line that is none.

    what : the records are, for people
    """
    if not Path(ledger).exists():
        return []
    found: dict[str, Opening] = {}
    for number, line in enumerate(Path(ledger).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = kind.parse(json.loads(line), f"{ledger}: line {number}")
        except json.JSONDecodeError:
            raise InputError(f"{ledger}: line {number} is not {what}: {line[:60]!r}; remove that line only") from None
        found.setdefault(getattr(record, key), record)
    return list(found.values())


def append(ledger: Path, record: Strict) -> None:
    """Append a record; the line is on disk when this returns."""
    with open(ledger, "a", encoding="utf-8") as stream:
        stream.write(record.model_dump_json() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
