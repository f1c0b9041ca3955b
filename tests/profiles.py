"""Data profiles built by hand, for tests of what works on them; what a test doesn't say is filled in plainly."""

from typing import Any

from mmm_builder.data_profile import (
    Choice,
    DataProfile,
    Evidence,
    IgnoredColumn,
    ProfiledChannel,
    ProfiledControl,
    Source,
    TargetCandidate,
)
from mmm_builder.spec import PERIODS_PER_YEAR

SURE = Choice(confidence=1.0, evidence="by hand")


def channel(column: str, **given: Any) -> ProfiledChannel:
    said = {"channel_type": "other", "measure": "spend", "share_of_spend": None, "zero_share": 0.0}
    return ProfiledChannel(column=column, **said | {"confidence": 1.0, "evidence": "by hand"} | given)


def control(column: str, **given: Any) -> ProfiledControl:
    return ProfiledControl(column=column, **{"kind": "other", "confidence": 1.0, "evidence": "by hand"} | given)


def ignored(column: str, reason: str, confidence: float = 1.0) -> IgnoredColumn:
    return IgnoredColumn(column=column, reason=reason, confidence=confidence)


def source(**given: Any) -> Source:
    said = {"path": "a.csv", "sha256": "0" * 64, "encoding": "utf-8", "separator": ",", "decimal": ".", "n_rows": 104}
    return Source(**said | given)


def data_profile(**given: Any) -> DataProfile:
    """Return a profile of two years of weeks with one channel; every field can be given."""
    frequency, target = given.get("frequency", "weekly"), given.get("target_column", "revenue")
    panel = SURE if given.get("panel_column") else None
    said = {
        "source": source(), "shape": "wide", "date_column": "week", "date_parts": (), "frequency": frequency,
        "periods_per_year": PERIODS_PER_YEAR[frequency], "start": "2022-01-03", "end": "2023-12-25",
        "n_periods": 104, "n_train": 83, "train_end": "2023-07-31", "missing_periods": (), "target_column": target,
        "target_candidates": (TargetCandidate(column=target, score=1.0, evidence="by hand"),), "panel_column": None,
        "channels": (channel("tv"),), "controls": (), "ignored": (), "gaps": (), "series": (), "warnings": (),
        "evidence": Evidence(
            shape=SURE, date_column=SURE, frequency=SURE, target_column=SURE, panel_column=panel
        ),
    }  # fmt: skip
    return DataProfile(**said | given)
