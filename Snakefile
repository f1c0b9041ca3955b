"""From a client's CSV to a validated Marketing Mix Model and its written analysis."""

import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
sys.path.append(str(HERE / "scripts"))

from mmm_builder.running.node import caches

# Snakemake puts its Python unquoted into the shell command of every `script:`.
if shlex.quote(sys.executable) != sys.executable and not sys.executable.startswith("'"):
    sys.executable = shlex.quote(sys.executable)

# Every job of a cluster parses this file again on its node; what it runs there inherits the environment.
if not workflow.is_main_process:
    os.environ.update(caches(workflow.snakemake_tmp_dir))

# A `configfile:` beside `--configfile x` would be merged with x, and the example run stay in.
if not workflow.overwrite_configfiles:

    configfile: HERE / "config" / "config.yaml"


include: "rules/common.smk"


if SETTINGS.container:

    containerized: SETTINGS.container


include: "rules/profile.smk"
include: "rules/iterate.smk"
include: "rules/report.smk"
include: "rules/deliver.smk"
include: "rules/record.smk"


if SEALED_RUNS:

    include: "rules/seal.smk"


localrules:
    all,


# Walking the chain here, not only in the report, is what lets an exhausted or re-decided run go on: Snakemake
# skips jobs that hang on an unresolved checkpoint, and this rule has no output that could look up to date.
rule all:
    default_target: True
    input:
        [path.format(run_dir=run_dir) for run_dir in RUNS for path in DELIVERABLES],
        [SEALED_VALIDATION.format(run_dir=run_dir) for run_dir in SEALED_RUNS],
        *[decided_and_trained(run_dir) for run_dir in RUNS],


onstart:
    PROGRESS.start()


onsuccess:
    PROGRESS.stop()


onerror:
    PROGRESS.stop()
