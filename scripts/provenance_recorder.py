"""The last stage of a run: digests of everything it read and made, so that it can be checked and repeated elsewhere."""

import logging
from pathlib import Path
from typing import Annotated

from mmm_builder.files import file_digest, write_text
from mmm_builder.run_provenance import InputFile, Origin, Provenance, digests, input_file, span
from mmm_builder.stage import hand_over
from mmm_builder.verdicts import SkillReport


def record_files(
    *,
    data: Annotated[Path, "the client's data"],
    configs: Annotated[tuple[Path, ...], "configurations, in the order of iterations"],
    files: Annotated[tuple[Path, ...], "every other file that the workflow made"],
    skill_report: Annotated[Path, "how the run ended (skill_report.json)"],
    provenance: Annotated[Path, "the record to write (provenance.json)"],
    origin: Annotated[Origin, "path of the data as given, settings, and digests of the stages' code"],
    events: Annotated[tuple[Path, ...], "the file of events, if the configuration names one"] = (),
    experiments: Annotated[tuple[Path, ...], "the file of lift tests, if the configuration names one"] = (),
) -> None:
    """Record what a finished run was made from, by what code, and the digest of every file that it made."""
    report, folder = SkillReport.read(skill_report), provenance.parent
    started, ended = span([*configs, *files])
    record = Provenance(
        data=InputFile(path=origin.data, sha256=file_digest(data)),
        further_inputs=tuple(map(input_file, (*events, *experiments))),
        settings=origin.settings,
        configs=digests(configs, folder),
        code=origin.code,
        outputs=digests(files, folder),
        versions=report.versions,
        seed=report.seed,
        device=origin.settings["device"],
        started=started,
        ended=ended,
    )
    write_text(provenance, record.to_json())
    logging.info("%d files recorded", len(record.configs) + len(record.outputs))


if __name__ == "__main__":
    hand_over(record_files, globals().get("snakemake"))
