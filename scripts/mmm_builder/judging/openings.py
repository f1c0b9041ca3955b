"""The ledger of openings of the sealed period: append-only, no rule's output, so that no re-run resets it."""

import json
import os
from pathlib import Path

from ..errors import InputError
from ..sealed import SealedOpening


def read_openings(ledger: Path) -> list[SealedOpening]:
    """Return the distinct openings so far, in order. Raises InputError at a line that is none."""
    if not Path(ledger).exists():
        return []
    openings = {}
    for number, line in enumerate(Path(ledger).read_text(encoding="utf-8").splitlines(), start=1):
        try:
            opening = SealedOpening.parse(json.loads(line), f"{ledger}: line {number}")
        except json.JSONDecodeError:
            raise InputError(
                f"{ledger}: line {number} is not an opening of the sealed period: {line[:60]!r}; remove that line only"
            ) from None
        openings.setdefault(opening.opening, opening)
    return list(openings.values())


def record_opening(ledger: Path, opening: SealedOpening) -> int:
    """Append an opening unless it is on record, and return which one of its periods it is, from 1.

    Openings that share a period are of the same seal, however many periods were sealed. The line is on disk when this
    returns.
    """
    known = read_openings(ledger)
    ids = [other.opening for other in known]
    if opening.opening not in ids:
        with open(ledger, "a", encoding="utf-8") as stream:
            stream.write(opening.model_dump_json() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        return 1 + sum(_overlaps(other, opening) for other in known)
    return 1 + sum(_overlaps(other, opening) for other in known[: ids.index(opening.opening)])


def _overlaps(one: SealedOpening, other: SealedOpening) -> bool:
    return one.start <= other.end and other.start <= one.end
