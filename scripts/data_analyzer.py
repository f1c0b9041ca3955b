"""Profile a client's file: which columns are date, KPI, media and controls; and write the canonical dataset."""

import functools
import logging
from pathlib import Path
from typing import Annotated, get_args

from mmm_builder.data_profile import DataProfile, Shape
from mmm_builder.errors import InputError
from mmm_builder.files import write_text
from mmm_builder.panel import write_dataset, write_table
from mmm_builder.profiling.profile import profile_and_seal
from mmm_builder.profiling.summary import profile_summary
from mmm_builder.settings import Columns
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import OosThresholds


def analyze_file(
    csv: Annotated[Path, "the data: CSV, Excel or Parquet, in any usual shape"],
    *,
    output: Annotated[Path, "data profile to write (JSON)"],
    dataset: Annotated[Path | None, "canonical dataset to write (CSV), without the held-out KPI"] = None,
    holdout: Annotated[Path | None, "held-out KPI to write (CSV)"] = None,
    date: Annotated[str | None, "column with the dates, or several: year,week"] = None,
    target: Annotated[str | None, "column with the KPI to explain"] = None,
    channels: Annotated[tuple[str, ...] | None, "media columns, all of them"] = None,
    controls: Annotated[tuple[str, ...] | None, "control columns, all of them"] = None,
    unknown_ahead: Annotated[
        tuple[str, ...] | None, "controls that nobody knows before their period is over; if not given, competitors"
    ] = None,
    panel: Annotated[str | None, "column with the panel unit (region, brand)"] = None,
    shape: Annotated[str | None, f"how the table is laid out: {', '.join(get_args(Shape))}"] = None,
    variable: Annotated[str | None, "column that names the series, in long data"] = None,
    value: Annotated[str | None, "column with the numbers, in long data where everything stands in rows"] = None,
    test_size: Annotated[float, "share of the periods to hold out, the last ones"] = OosThresholds().test_size,
    sealed_periods: Annotated[int, "last periods to cut off before anything else, for a last check"] = 0,
    sealed: Annotated[Path | None, "the periods cut off to write (CSV), with all their columns"] = None,
    sheet: Annotated[str | None, "sheet of an Excel file; the first that holds a table, if not given"] = None,
    path_as_given: Annotated[str | None, "path to show in the profile instead of the file's"] = None,
) -> DataProfile:
    """Read a CSV, Excel or Parquet file in any usual form, and find the role of each column.

    What is not named by an option is detected from the names and, in the training periods, from the values.
    Exits with 0 if the data can be modelled, with 2 and one line that says what to change if not.
    """
    if (dataset is None) != (holdout is None):
        raise InputError("--dataset and --holdout belong together; give both or neither")
    given = {"date": date, "target": target, "channels": channels, "controls": controls, "panel": panel}
    given |= {"unknown_ahead": unknown_ahead, "shape": shape, "variable": variable, "value": value}
    columns = Columns.parse(given, "columns")
    thresholds = OosThresholds.parse({"test_size": test_size}, "test_size")
    if sealed_periods < 0:
        raise InputError(f"sealed_periods: 0 or more, got {sealed_periods}")
    profile, table, cut_off = profile_and_seal(
        csv, columns, thresholds.test_size, sealed_periods, path_as_given=path_as_given, sheet=sheet
    )
    if dataset is not None:
        write_dataset(
            table,
            dataset,
            holdout,
            date=profile.date_column,
            target=profile.target_column,
            panel=profile.panel_column,
            n_train=profile.n_train,
        )
    if sealed is not None:
        write_table(sealed, cut_off)
    write_text(output, profile.to_json())
    logging.info("%s", profile_summary(profile))
    return profile


@functools.wraps(analyze_file)
def analyze_and_show(**arguments: object) -> None:
    """Analyze the file and print the summary: the command line's form of `analyze_file`."""
    print(profile_summary(analyze_file(**arguments)))


if __name__ == "__main__":
    hand_over(analyze_file if "snakemake" in globals() else analyze_and_show, globals().get("snakemake"))
