"""The ledger of looks at the holdout: append-only, no rule's output, so that no re-run resets it."""

import json
import os
from pathlib import Path

from ..errors import InputError
from ..files import text_digest
from ..verdicts import Look


def look_id(data_sha256: str, holdout_digest: str, config_digest: str, code_digest: str) -> str:
    """Return what makes a look distinct: the same data, held-out KPI, configuration and code are the same look."""
    return text_digest("\n".join((data_sha256, holdout_digest, config_digest, code_digest)))[:16]


def read_looks(ledger: Path) -> list[Look]:
    """Return the distinct looks so far, in order. Raises InputError at a line that is no look."""
    if not Path(ledger).exists():
        return []
    looks = {}
    for number, line in enumerate(Path(ledger).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            look = Look.parse(json.loads(line), f"{ledger}: line {number}")
        except json.JSONDecodeError:
            raise InputError(
                f"{ledger}: line {number} is not a look at the holdout: {line[:60]!r}; remove that line only"
            ) from None
        looks.setdefault(look.look, look)
    return list(looks.values())


def before(looks: list[Look], look: str) -> list[Look]:
    """Return the looks taken before the one with this id; all of them if it isn't on record yet."""
    ids = [known.look for known in looks]
    return looks[: ids.index(look)] if look in ids else looks


def record_look(ledger: Path, look: Look) -> None:
    """Append a look unless the same one is on record; the line is on disk when this returns."""
    if any(known.look == look.look for known in read_looks(ledger)):
        return
    with open(ledger, "a", encoding="utf-8") as stream:
        stream.write(look.model_dump_json() + "\n")
        stream.flush()
        os.fsync(stream.fileno())
