"""A client file from a seed: `client_file(seed, "practice")` gives its bytes and the truth about them.

Nothing is drawn that an analyst could not recover from the file. Names come from one list alone; about one file in
eight must be refused (`refusals`).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from . import sheets
from .defects import Defects, choose_defects, decorated, disordered, with_missing, with_total
from .locales import LOCALES, VARIANTS, Locale, date_format
from .names import Cast, Entry, can_be_long, choose_cast, dates_for, draw, of_role, read_names
from .refusals import REFUSALS, Told
from .series import Column, Frame, exposed, make_columns
from .sheets import Sheet
from .writing import cell_text, choose_style, csv_bytes, excel_cell, parquet_bytes, xlsx_bytes

LANGUAGES = ("en",) * 6 + ("ru", "de", "fr", "es", "pt", "it", "pl", "tr", "zh", "ja", "ko") * 2 + ("nl", "sv")
"""Languages by how often they come."""

SHAPES = {"wide": 0.6, "panel": 0.12, "long_channel": 0.07, "long_variable": 0.06, "unit_columns": 0.07,
          "transposed": 0.08}  # fmt: skip
CADENCES = {"weekly": 0.6, "daily": 0.15, "monthly": 0.2, "quarterly": 0.05}
LENGTHS = {"weekly": (78, 209), "daily": (150, 420), "monthly": (32, 73), "quarterly": (20, 41)}
TOO_SHORT = {"weekly": (4, 14), "daily": (5, 22), "monthly": (3, 9), "quarterly": (3, 6)}
REFUSED_SHARE = 0.12


class Truth(NamedTuple):
    """What an analyst says of a file.

    refusal : why it must be refused, None if it is to be accepted; told : what the refusal has to mention.
    date_columns : one, or two that make a date together; none where the dates stand across.
    start : first date of the first period, None where unknown (so are n_periods and values then).
    values : (period, unit) × column, NaN where the file has no number; periods in order, gaps included.
    traits : how the file is written, for tables and for whoever looks into a failure.
    """

    language: str
    shape: str
    refusal: str | None
    told: tuple[str, ...]
    date_columns: tuple[str, ...]
    target: str
    cadence: str
    start: pd.Timestamp | None
    n_periods: int
    panel: str | None
    channels: dict[str, Entry]
    exposures: dict[str, Entry]
    controls: dict[str, Entry]
    ignored: dict[str, Entry]
    values: pd.DataFrame
    traits: tuple[str, ...]


class ClientFile(NamedTuple):
    """A file (its ending tells the format) and the truth about it."""

    seed: int
    content: bytes
    suffix: str
    truth: Truth


class Plan(NamedTuple):
    """What was decided before any cell was made; `parts`: the date stands in two columns, year and month or week."""

    language: str
    locale: Locale
    entries: list[Entry]
    shape: str
    cadence: str
    refusal: str | None
    suffix: str
    parts: bool


def client_files(n: int, seed: int, names: str) -> Iterator[ClientFile]:
    """Yield n files; file i of a seed is the same whatever n is."""
    for each in file_seeds(n, seed):
        yield client_file(each, names)


def file_seeds(n: int, seed: int) -> list[int]:
    """Return the seeds of the n files of a seed."""
    return [seed * 1_000_003 + i for i in range(n)]


def client_file(seed: int, names: str, refusal: str | None = None) -> ClientFile:
    """Return the file of a seed, from the list `practice` or `held_out`; `refusal` asks for a certain refusal."""
    rng = np.random.default_rng(seed)
    plan = _plan(rng, names, refusal)
    n = int(rng.integers(*(TOO_SHORT if plan.refusal == "too_short" else LENGTHS)[plan.cadence]))
    units = _units(rng, plan)
    cast = _cast(rng, plan, panel=len(units) > 1 and plan.shape != "unit_columns")
    scales = np.exp(0.5 * rng.normal(size=len(units))) if len(units) > 1 else np.ones(1)
    cents = 0 if plan.language in ("ja", "ko") or rng.random() < 0.35 else 2
    dates = sheets.calendar_dates(rng, plan.cadence, n, mondays=plan.parts or rng.random() < 0.5)
    frame = Frame(dates, plan.cadence, scales, cents)
    columns = make_columns(rng, cast, frame)
    defects = Defects() if plan.refusal else choose_defects(rng, n, plan.shape, plan.suffix)
    columns = with_missing(rng, columns, defects, cast)
    columns = [_national(c) for c in columns] if plan.shape == "unit_columns" else columns
    if plan.refusal:
        columns = REFUSALS[plan.refusal].columns(cast, columns)
    form, write_date = sheets.choose_dates(rng, frame, plan.locale, by_day=plan.refusal == "mixed_cadence")
    sheet, keys, values = _lay_out(rng, plan, cast, frame, units, _in_some_order(rng, columns), form)
    sheet, told = _spoil(rng, plan, sheet, cast)
    sheet = disordered(rng, sheet, keys, defects) if keys and not plan.refusal else sheet
    sheet = with_total(sheet, plan.locale.total) if defects.total else sheet
    values.loc[list(defects.gaps)] = np.nan
    content, traits, more = _write(rng, plan, sheet, defects, frame, cast, write_date)
    told, traits = (*told, *more), (*defects.traits, *traits)
    return ClientFile(seed, content, plan.suffix, _truth(plan, cast, frame, sheet, values, told, traits))


def _truth(
    plan: Plan, cast: Cast, frame: Frame, sheet: Sheet, values: pd.DataFrame, told: Told, traits: tuple[str, ...]
) -> Truth:
    """Return the truth of a file."""
    return Truth(
        language=plan.language,
        shape=plan.shape,
        refusal=plan.refusal,
        told=told,
        date_columns=sheet.date_columns,
        target=cast.target["name"],
        cadence=plan.cadence,
        start=frame.dates[0],
        n_periods=len(frame.dates),
        panel=sheet.panel,
        channels={e["name"]: e for e in cast.spends},
        exposures={e["name"]: e for e in cast.exposures},
        controls={e["name"]: e for e in cast.controls},
        ignored={e["name"]: e for e in cast.ignored},
        values=values,
        traits=(plan.suffix, f"{plan.cadence} {sheet.written_dates}", *traits),
    )


# --- what the file is ------------------------------------------------------------------------------------------------


def _plan(rng: np.random.Generator, names: str, refusal: str | None) -> Plan:
    """Decide language, country, shape, cadence, format and whether the file is one to be refused."""
    language = str(rng.choice(LANGUAGES))
    locale = LOCALES[str(rng.choice(VARIANTS.get(language, (language,))))]
    entries = read_names(names)[language]
    if refusal is None and rng.random() < REFUSED_SHARE:
        refusal = str(rng.choice(sorted(REFUSALS)))
    shape = "wide" if refusal else str(rng.choice(list(SHAPES), p=list(SHAPES.values())))
    if shape.startswith("long") and not can_be_long(entries):
        shape = "wide"
    cadence = str(rng.choice(list(CADENCES), p=list(CADENCES.values())))
    if shape == "transposed" or refusal == "mixed_cadence":
        cadence = str(rng.choice(["weekly", "monthly"]))
    cadence = cadence if dates_for(entries, cadence) else "weekly"
    parts = shape == "wide" and not refusal and cadence in ("weekly", "monthly") and bool(rng.random() < 0.06)
    formats = {".csv": 0.84, ".xlsx": 0.12, ".parquet": 0.04}
    suffix = ".csv" if refusal else str(rng.choice(list(formats), p=list(formats.values())))
    if suffix == ".parquet" and shape == "transposed":
        suffix = ".xlsx"
    return Plan(language, locale, entries, shape, cadence, refusal, suffix, parts)


def _units(rng: np.random.Generator, plan: Plan) -> list[str]:
    """Return the panel's units; one without a name for a national file."""
    if plan.shape not in ("panel", "unit_columns") and not (plan.shape == "long_channel" and rng.random() < 0.25):
        return [""]
    most = 4 if plan.shape == "unit_columns" else 6
    return [str(u) for u in rng.permutation(plan.locale.places)[: int(rng.integers(3, most + 1))]]


def _cast(rng: np.random.Generator, plan: Plan, *, panel: bool) -> Cast:
    """Return which columns the file has, as its shape allows."""
    bare = plan.shape == "long_channel" or (plan.shape in ("wide", "panel") and rng.random() < 0.08)
    most = {"unit_columns": 4, "panel": 6}.get(plan.shape, 9)
    cast = choose_cast(rng, plan.entries, plan.cadence, panel=panel, bare=bare, most_media=most)
    if plan.shape == "unit_columns":
        cast = cast._replace(exposures=(), controls=cast.controls[:1], ignored=())
    if plan.shape == "long_channel":
        cast = cast._replace(controls=cast.controls[:2], ignored=())
    if plan.shape in ("long_variable", "transposed"):
        controls = tuple(c for c in cast.controls if c["content"] != "text")
        cast = cast._replace(controls=controls, ignored=tuple(i for i in cast.ignored if i["what"] == "total"))
    if plan.parts:
        cast = cast._replace(ignored=tuple(i for i in cast.ignored if i["what"] not in ("year", "month", "week")))
    return REFUSALS[plan.refusal].cast(cast) if plan.refusal else cast


def _in_some_order(rng: np.random.Generator, columns: list[Column]) -> list[Column]:
    """Return the KPI first, last, or anywhere; the rest as it is or mixed."""
    way = rng.choice(["first", "last", "mixed"], p=[0.5, 0.2, 0.3])
    if way == "mixed":
        return [columns[i] for i in rng.permutation(len(columns))]
    return columns if way == "first" else [*columns[1:], columns[0]]


# --- laying it out ---------------------------------------------------------------------------------------------------


def _lay_out(
    rng: np.random.Generator,
    plan: Plan,
    cast: Cast,
    frame: Frame,
    units: list[str],
    columns: list[Column],
    form: str,
) -> tuple[Sheet, list[tuple[int, int]], pd.DataFrame]:
    """Return the sheet, (period, unit) of its rows, and the true values (period, unit) × column."""
    values = _values(columns, units)
    if plan.shape == "long_channel":
        names = {
            "date": cast.date["name"],
            **({"panel": cast.panel["name"]} if cast.panel else {}),
            "channel": _one_name(rng, plan, "long_channel"),
            "value": _one_name(rng, plan, "long_value"),
        }
        bought = {}
        if rng.random() < 0.4:
            names["exposure"] = _one_name(rng, plan, "long_exposure")
            media = [c for c in columns if c.entry["role"] == "channel"]
            bought = {c.name: c._replace(values=exposed(rng, {}, c.values)[0]) for c in media}
        zeros = bool(rng.random() < 0.5)
        return *sheets.long_by_channel(columns, bought, frame, units, names, form, zeros=zeros), values
    if plan.shape == "long_variable":
        names = {role: _one_name(rng, plan, f"long_{role}") for role in ("variable", "number")}
        return *sheets.long_by_variable(columns, frame, {"date": cast.date["name"], **names}, form), values
    if plan.shape == "transposed":
        corner = _one_name(rng, plan, "long_variable") or "Metric"
        return sheets.transposed(columns, frame, corner, form, date_format(form, plan.locale)), [], values
    if plan.shape == "unit_columns":
        controls = {e["name"] for e in cast.controls}
        pattern = str(rng.choice(sheets.UNIT_PATTERNS))
        each, national = ([c for c in columns if (c.name in controls) == same] for same in (False, True))
        return *sheets.unit_columns(each, national, frame, units, pattern, cast.date, form), values
    sheet, keys = sheets.wide(columns, frame, units, cast.date, cast.panel, form)
    if plan.parts:
        parts = ("year", "week" if plan.cadence == "weekly" else "month")
        ignored = of_role(plan.entries, "ignored")
        year, part = (next(e["name"] for e in ignored if e["what"] == what) for what in parts)
        sheet = sheets.in_parts(sheet, frame, keys, (year, part))
    return sheet, keys, values


def _one_name(rng: np.random.Generator, plan: Plan, role: str) -> str:
    """Return one of the language's names for a role, empty if it has none."""
    found = draw(rng, of_role(plan.entries, role), 1, "spaced")
    return found[0]["name"] if found else ""


def _national(column: Column) -> Column:
    """Return a control with the same values in all units, since the file has one column of it; others as they are."""
    if column.entry["role"] != "control":
        return column
    return column._replace(values=np.repeat(column.values[:, :1], column.values.shape[1], axis=1))


def _values(columns: list[Column], units: list[str]) -> pd.DataFrame:
    """Return the numbers of all columns that have some, by period and unit; text is no number."""
    numbers = {c.name: c.values for c in columns if c.form != "text"}
    n = len(next(iter(numbers.values()))) if numbers else 0
    index = pd.MultiIndex.from_product([range(n), units], names=["period", "unit"])
    return pd.DataFrame({name: np.asarray(v, dtype=float).ravel() for name, v in numbers.items()}, index=index)


def _spoil(rng: np.random.Generator, plan: Plan, sheet: Sheet, cast: Cast) -> tuple[Sheet, Told]:
    """Return the sheet as the refusal wants it, and what has to be told."""
    if not plan.refusal:
        return sheet, ()
    refusal = REFUSALS[plan.refusal]
    sheet, told = refusal.sheet(rng, sheet, cast) if refusal.sheet else (sheet, ())
    return sheet, (*refusal.told, *told)


def _write(
    rng: np.random.Generator,
    plan: Plan,
    sheet: Sheet,
    defects: Defects,
    frame: Frame,
    cast: Cast,
    write_date: sheets.Dates,
) -> tuple[bytes, list[str], Told]:
    """Return the file's bytes, how it is written, and what else a refusal has to mention."""
    if plan.suffix == ".parquet":
        return parquet_bytes(sheet), [], ()
    if plan.suffix == ".xlsx":
        as_text = write_date if frame.cadence == "quarterly" or rng.random() < 0.2 else None
        body: list[list[Any]] = [[excel_cell(c, as_text) for c in row] for row in sheet.rows]
        lines = decorated(rng, sheet.header, body, defects, plan.locale, cast)
        return xlsx_bytes(lines, "Data"), ["dates as text" if as_text else "dates as dates"], ()
    style = choose_style(rng, plan.locale)
    body = [[cell_text(c, style, frame.cents, write_date) for c in row] for row in sheet.rows]
    lines, told = decorated(rng, sheet.header, body, defects, plan.locale, cast), ()
    if plan.refusal and REFUSALS[plan.refusal].lines:
        lines, told = REFUSALS[plan.refusal].lines(rng, lines)
    content, encoding = csv_bytes(lines, style, plan.locale.encodings)
    traits = [encoding, f"separator {style.separator!r}", f"decimal {style.decimal!r}", f"group {style.group!r}"]
    traits += [f"currency {style.currency!r}"] if style.currency else []
    traits += [f"nothing {style.nothing!r}"] if defects.missing or defects.target_cells else []
    return content, traits, told
