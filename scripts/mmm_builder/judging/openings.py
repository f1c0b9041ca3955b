"""The ledger of openings of the sealed period."""

from pathlib import Path

from ..sealed import SealedOpening
from .ledgers import append, read_ledger


def read_openings(ledger: Path) -> list[SealedOpening]:
    """Return the distinct openings so far, in order. Raises InputError at a line that is none."""
    return read_ledger(ledger, SealedOpening, "opening", "an opening of the sealed period")


def record_opening(ledger: Path, opening: SealedOpening) -> int:
    """Append an opening unless it is on record, and return which one of its periods it is, from 1.

    Openings that share a period are of the same seal, however many periods were sealed.
    """
    known = read_openings(ledger)
    ids = [other.opening for other in known]
    if opening.opening not in ids:
        append(ledger, opening)
        return 1 + sum(_overlaps(other, opening) for other in known)
    return 1 + sum(_overlaps(other, opening) for other in known[: ids.index(opening.opening)])


def _overlaps(one: SealedOpening, other: SealedOpening) -> bool:
    return one.start <= other.end and other.start <= one.end
