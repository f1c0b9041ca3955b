"""The page on the data that a client can be shown, and the figures of the series over training rows and all rows."""

import logging
from pathlib import Path
from typing import Annotated

from mmm_builder.data_profile import DataProfile
from mmm_builder.files import write_text
from mmm_builder.panel import read_all_rows
from mmm_builder.profiling.series import data_series, period_totals
from mmm_builder.reporting.profile_page import profile_page
from mmm_builder.stage import hand_over


def page_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    holdout: Annotated[Path, "KPI of the held-out periods (holdout_kpi.csv)"],
    series: Annotated[Path, "figures of the series to write (data_series.json)"],
    page: Annotated[Path, "page to write (data_profile.html)"],
) -> None:
    """Write what the data hold as a page for people, held-out periods included; nothing that trains reads it."""
    data = DataProfile.read(profile)
    rows = read_all_rows(dataset, holdout, data)
    figures = data_series(rows, data)
    write_text(series, figures.to_json())
    write_text(page, profile_page(data, period_totals(rows, data), figures))
    logging.info("page on %d columns over %d periods", len(figures.all_rows), data.n_periods)


if __name__ == "__main__":
    hand_over(page_files, globals().get("snakemake"))
