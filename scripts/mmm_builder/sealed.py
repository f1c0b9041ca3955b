"""What the sealed final period says, once it is opened, and the record of who opened it."""

from .strict import Document, Strict


class SealedOpening(Strict):
    """One opening of the sealed period, a line of the append-only ledger `sealed_openings.jsonl`.

    opening : what makes it distinct; start, end : the sealed periods, ISO dates
    """

    opening: str
    start: str
    end: str
    iteration: int
    data_sha256: str
    sealed_digest: str
    config_digest: str
    code_digest: str
    opened_at: str


class SealedValidation(Document):
    """`sealed_validation.json`: forecasts of the sealed period, which no choice rests on; it changes no status.

    Figures are null unless `evaluated`; MAPE and wMAPE in per cent, MAPE null with zeros.
    sealed_openings : distinct openings of these periods up to this one; from the second on they are no longer sealed
    """

    evaluated: bool
    reason: str | None = None
    iteration: int | None = None
    n_periods: int
    start: str | None
    end: str | None
    r2: float | None = None
    mape: float | None = None
    wmape: float | None = None
    crps: float | None = None
    coverage_80: float | None = None
    sealed_openings: int = 0
