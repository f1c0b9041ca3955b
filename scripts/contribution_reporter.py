"""Contributions and ROAS of the selected model's channels."""

import logging
from pathlib import Path
from typing import Annotated

from mmm_builder.config_files import read_spec
from mmm_builder.data_profile import DataProfile
from mmm_builder.judging.tables import write_table
from mmm_builder.modelling.traces import read_group
from mmm_builder.panel import read_panel
from mmm_builder.reporting.contributions import contribution_tables, unit_table
from mmm_builder.reporting.plots import plot_contributions
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import SkillReport


def contribution_files(
    *,
    profile: Annotated[Path, "data profile (data_profile.json)"],
    dataset: Annotated[Path, "canonical dataset (dataset.csv)"],
    skill_report: Annotated[Path, "outcome of the run (skill_report.json)"],
    configs: Annotated[tuple[Path, ...], "configurations of all iterations, in order"],
    traces: Annotated[tuple[Path, ...], "traces of all iterations, in order"],
    table: Annotated[Path, "one row per channel to write (contributions.csv)"],
    series: Annotated[Path, "one row per period to write (contributions_series.csv)"],
    units: Annotated[Path, "one row per panel unit and channel to write (contributions_by_unit.csv)"],
    plot: Annotated[Path, "picture of the first two to write (contributions.png)"],
) -> None:
    """Write what each channel of the selected model adds to the KPI and returns on its spend, with 80 % intervals."""
    report, data = SkillReport.read(skill_report), DataProfile.read(profile)
    chosen = report.selected_iteration - 1
    panel, spec = read_panel(dataset, data), read_spec(configs[chosen])
    posterior = read_group(traces[chosen], "posterior")
    by_channel, by_period = contribution_tables(panel, spec, posterior, data)
    validated = "validated" if report.oos_validation_passed else "not validated out of sample"
    write_table(series, by_period)
    write_table(units, unit_table(panel, spec, posterior, data))
    plot_contributions(
        by_period, by_channel, plot, title=f"Iteration {chosen + 1} ({validated})", kpi=data.target_column
    )
    write_table(table, by_channel)
    logging.info("contributions of iteration %d", chosen + 1)


if __name__ == "__main__":
    hand_over(contribution_files, globals().get("snakemake"))
