"""Events that stand in a CSV file of their own."""

from pathlib import Path

from .errors import InputError
from .model_parts import ModelParts
from .small_tables import read_small_table


def with_listed_events(parts: ModelParts) -> ModelParts:
    """Return the parts with their events listed, read from the CSV file that they name if they name one.

    The file has the columns name and date (ISO), one row per day. Raises InputError that names file and line.
    """
    if not isinstance(parts.events, str):
        return parts
    path = Path(parts.events)
    days: dict[str, list[str]] = {}
    for line, row in read_small_table(path, "model.events").rows:
        missing = [key for key in ("name", "date") if not row.get(key)]
        if missing:
            raise InputError(f"{path} (line {line}): no {missing[0]}; give columns name and date, one row per day")
        days.setdefault(row["name"], []).append(row["date"])
    events = [{"name": name, "dates": dates} for name, dates in days.items()]
    return parts.model_copy(update={"events": ModelParts.parse({"events": events}, str(path)).events})
