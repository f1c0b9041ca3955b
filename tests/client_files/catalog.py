"""The public data sets as client files: what their catalogue says about each, in the generator's terms."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from .generator import Truth
from .names import Entry

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Where the data stand if they are at hand; they are not part of the project."""

WITHOUT_SPEND = {
    "biplob_india_national": ("tv", "youtube", "facebook", "instagram", "print_media", "radio"),
    "mmm_stan_he_data": ("mdip_aff",),
}
"""Exposures whose channel has no spend column in the file, so that they are what is modelled."""

EITHER = ("reject/warn",)
"""Expected behaviour that leaves open whether the file is taken."""

CHANNEL_TYPES = {"video-tv": "video_tv", "other": "other|direct_mail"}
LONG_LABELS = {"long_channel_spend_kpi_repeated": "channel"}
"""Long files whose channels are the values of a column."""

SOURCE = "robyn_dt_simulated_weekly"
CADENCES = {"monthly_mon_yyyy": "monthly"}
"""Cadence of variants where it isn't that of their source."""

FIGURES = (
    "accepted or refused", "date", "target", "cadence", "panel", "channels: precision", "channels: recall",
    "controls: precision", "controls: recall", "channel type",
)  # fmt: skip
"""What the catalogue can tell."""


class CatalogFile(NamedTuple):
    """A public file with the truth about it. either : it may be refused as well."""

    name: str
    path: Path
    truth: Truth
    either: bool


def catalog_files(folder: Path = DATA) -> list[CatalogFile]:
    """Return all files of the catalogue, none if it isn't at hand."""
    if not (folder / "catalog.csv").is_file():
        return []
    with (folder / "catalog.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    types = _channel_types(folder / "vocabulary.csv")
    return [_catalog_file(row, folder, types) for row in rows]


def _channel_types(vocabulary: Path) -> dict[str, str]:
    """Return the type of every media column whose name tells it."""
    with vocabulary.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["role"].startswith("media") and r["channel_type"]]
    return {
        r["column_name"]: CHANNEL_TYPES.get(r["channel_type"], r["channel_type"])
        for r in rows
        if r["channel_type"] != "unknown"
    }


def _catalog_file(row: dict[str, str], folder: Path, types: dict[str, str]) -> CatalogFile:
    """Return one row as a file with its truth."""
    name, path = row["name"], folder / row["file"]
    columns = {
        key: [c for c in row[f"{key}_columns"].split("|") if c]
        for key in ("media_spend", "media_exposure", "organic_media", "control")
    }
    alone = WITHOUT_SPEND.get(name, ())
    channels = [*columns["media_spend"], *alone]
    controls = [*columns["organic_media"], *columns["control"]]
    target, shape = row["target_column"], row["layout"].removesuffix(" panel") or "wide"
    if row["long_format_spec"]:
        told = json.loads(row["long_format_spec"])
        target, channels, controls = told["kpi"], told["media"].split("|"), told["controls"].split("|")
    if name in LONG_LABELS:
        channels = list(pd.read_csv(path, usecols=[LONG_LABELS[name]]).iloc[:, 0].unique())
        controls, shape = [], "long"
    behaviour = row["expected_builder_behaviour"]
    truth = Truth(
        language="",
        shape=shape,
        refusal=behaviour if behaviour.startswith("reject") else None,
        told=(),
        date_columns=(row["date_column"],),
        target=target,
        cadence=row["frequency"] or CADENCES.get(name, "weekly"),
        start=None,
        n_periods=0,
        panel=row["geo_or_panel_column"] or None,
        channels={c: _typed(c, types) for c in channels},
        exposures={c: {} for c in columns["media_exposure"] if c not in alone},
        controls={c: {} for c in controls},
        ignored={c: {} for c in row["ignore_columns"].split("|") if c},
        values=pd.DataFrame(index=pd.MultiIndex.from_product([[0], [""]], names=["period", "unit"])),
        traits=(),
    )
    return CatalogFile(name, path, truth, behaviour.startswith(EITHER))


def _typed(column: str, types: dict[str, str]) -> Entry:
    return {"channel_type": types[column]} if column in types else {}
