"""The ledger of looks at the holdout."""

from pathlib import Path

from ..sealed import SealedValidation
from ..verdicts import Look
from .ledgers import append, read_ledger


def read_looks(ledger: Path) -> list[Look]:
    """Return the distinct looks so far, in order. Raises InputError at a line that is no look."""
    return read_ledger(ledger, Look, "look", "a look at the holdout")


def record_look(ledger: Path, look: Look) -> None:
    """Append a look unless the same one is on record."""
    if all(known.look != look.look for known in read_looks(ledger)):
        append(ledger, look)


def shares_periods(look: Look, sealed: SealedValidation) -> bool:
    """Tell whether a look's held-out window holds a period that was sealed; not, where either window is unknown."""
    known = look.test_start and look.test_end and sealed.start and sealed.end
    return bool(known) and look.test_start <= sealed.end and sealed.start <= look.test_end
