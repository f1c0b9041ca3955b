"""What all rules share: the validated configuration, every path, and the walk over iterations."""

import json
import re

from snakemake.deployment.conda import Conda
from snakemake.settings.types import DeploymentMethod

from mmm_builder.errors import InputError
from mmm_builder.running.preconditions import environment_folder
from mmm_builder.running.progress import ProgressPrinter, WatchedRun
from mmm_builder.provenance import code_digest
from mmm_builder.run_provenance import STAGES, recorded_settings
from mmm_builder.settings import Settings, settings_of_run
from mmm_builder.verdicts import Decision

# Whether files are in a storage (an object store, say) instead of on a file system that all jobs share.
STORED = bool(workflow.storage_settings and workflow.storage_settings.default_storage_provider)

# --- configuration ---------------------------------------------------------------------------------------------------


def check_runs(settings):
    """Raise InputError if the runs' data or folders don't fit."""
    if not settings.results and len(settings.runs) > 1:
        names = ", ".join(settings.runs)
        raise InputError(
            f"results: '' has room for one run, got {names}; name a folder such as 'results'"
        )
    for name, run in (
        () if STORED else settings.runs.items()
    ):  # in a storage, Snakemake finds the files
        if not Path(run.csv).is_file():
            raise InputError(f"run {name!r}: the CSV {run.csv} does not exist")
        events = run.model.over(settings.model).events
        if isinstance(events, str) and not Path(events).is_file():
            raise InputError(f"run {name!r}: model.events: {events} does not exist")
        tests = run.lift_tests or settings.lift_tests
        if tests and not Path(tests).is_file():
            raise InputError(f"run {name!r}: lift_tests: {tests} does not exist")


def named_environment(settings):
    """Return the folder of the environment named for training, None for that of envs/. Raises InputError if it isn't there."""
    if settings.conda_env is None:
        return None
    deployment = workflow.deployment_settings
    if deployment is None or DeploymentMethod.CONDA not in deployment.deployment_method:
        raise InputError(
            f"conda_env: {settings.conda_env!r} would be ignored without conda; add --use-conda or remove conda_env"
        )
    found = Conda(prefix_path=deployment.conda_base_path, check=True)
    return str(environment_folder(settings.conda_env, found.info))


def check_container(settings):
    """Raise InputError if an image was named that Snakemake would not use."""
    methods = workflow.deployment_settings.deployment_method if workflow.deployment_settings else ()
    if settings.container and not {DeploymentMethod.CONDA, DeploymentMethod.APPTAINER} <= set(
        methods
    ):
        raise InputError(
            f"container: {settings.container!r} would be ignored; add --software-deployment-method conda apptainer, "
            "or remove container"
        )


def check_device(settings):
    """Raise InputError for a device that nobody has resolved: this file is read again on the nodes of a cluster."""
    if settings.device == "auto":
        raise InputError(
            "device: auto is resolved by `scripts/orchestrator.py run` before the workflow starts; give cpu or gpu here"
        )


try:
    files = ", ".join(map(str, workflow.overwrite_configfiles)) or "config/config.yaml"
    SETTINGS = Settings.parse(config, files)
    check_runs(SETTINGS)
    CONDA_ENV = named_environment(SETTINGS)
    check_container(SETTINGS)
    check_device(SETTINGS)
except InputError as error:
    raise WorkflowError(str(error)) from None


def results_folder(name):
    """Return a run's folder as a prefix: with a trailing slash, or empty for the working directory itself."""
    return f"{SETTINGS.results.rstrip('/')}/{name}/" if SETTINGS.results else ""


NAMES = {results_folder(name): name for name in SETTINGS.runs}
RUNS = {run_dir: SETTINGS.runs[name] for run_dir, name in NAMES.items()}


OF_RUN = {run_dir: settings_of_run(SETTINGS, name) for run_dir, name in NAMES.items()}


def value_of_run(run_dir, key):
    """Return the run's own value of `key`, or else the workflow's."""
    return getattr(OF_RUN[run_dir], key)


def of_run(key):
    """Return a params function: the same for the run of a job."""
    return lambda wildcards: value_of_run(wildcards.run_dir, key)


def model_parts(wildcards):
    """Return the parts of a run's model, its own in place of the workflow's; what is null is left out."""
    return value_of_run(wildcards.run_dir, "model").model_dump(mode="json", exclude_none=True)


def events_file(wildcards):
    """Return the CSV file with a run's events, nothing if there is none."""
    events = model_parts(wildcards).get("events")
    return events if isinstance(events, str) else []


def given_priors(wildcards):
    """Return the priors given by hand for a run, its own in place of the workflow's."""
    priors = value_of_run(wildcards.run_dir, "priors")
    return {
        "by_channel": {
            key: own.model_dump(mode="json", exclude_none=True) for key, own in priors.items()
        }
    }


def path_as_given(wildcards):
    """Return the path of a run's data to show in reports: not that of a copy out of a storage."""
    run = RUNS[wildcards.run_dir]
    return run.path_as_given or run.csv


def lift_tests_file(wildcards):
    """Return the CSV file with a run's lift tests, nothing if there is none."""
    return value_of_run(wildcards.run_dir, "lift_tests") or []


def column(role):
    """Return a params function: the column or columns given by hand for a role, None where it is detected."""
    return lambda wildcards: getattr(RUNS[wildcards.run_dir].columns, role)


# --- paths -----------------------------------------------------------------------------------------------------------

PROFILE = "{run_dir}data_profile.json"
DATASET = "{run_dir}dataset.csv"
HOLDOUT = "{run_dir}holdout_kpi.csv"
SEALED_ROWS = "{run_dir}sealed_rows.csv"
SEALED_LEDGER = "{run_dir}sealed_openings.jsonl"
SEALED_VALIDATION = "{run_dir}sealed_validation.json"
DATA_SERIES = "{run_dir}data_series.json"
PROFILE_PAGE = "{run_dir}data_profile.html"
LEDGER = "{run_dir}holdout_looks.jsonl"

CONFIG = "{run_dir}config_iter_{n}.yaml"
PROGRESS_FILE = "{run_dir}artifacts_iter_{n}/progress.json"
TRACE = "{run_dir}artifacts_iter_{n}/trace.nc"
SUMMARY = "{run_dir}artifacts_iter_{n}/metrics/summary.json"
FOLDS = "{run_dir}artifacts_iter_{n}/metrics/folds.json"
DIAGNOSTICS = "{run_dir}artifacts_iter_{n}/diagnostics/diagnostics_summary.txt"
TRAINING_SERIES = "{run_dir}artifacts_iter_{n}/diagnostics/predicted_vs_actual_series.csv"
TRAINING_PLOT = "{run_dir}artifacts_iter_{n}/diagnostics/predicted_vs_actual.png"
FOLD_PREDICTIONS = "{run_dir}artifacts_iter_{n}/diagnostics/fold_predictions.csv"
FOLD_PLOT = "{run_dir}artifacts_iter_{n}/diagnostics/fold_predictions.png"
CANDIDATES = "{run_dir}artifacts_iter_{n}/candidates.json"
VALIDATION = "{run_dir}artifacts_iter_{n}/oos_validation.json"
OOS_PREDICTIONS = "{run_dir}artifacts_iter_{n}/oos_predictions.csv"
OOS_PLOT = "{run_dir}artifacts_iter_{n}/oos_predicted_vs_actual.png"
DECISION = "{run_dir}artifacts_iter_{n}/thinking_log.json"

ITERATION_LOG = "{run_dir}iteration_log.json"
THINKING_HISTORY = "{run_dir}thinking_history.json"
SKILL_REPORT = "{run_dir}skill_report.json"
ANALYSIS = "{run_dir}ITERATION_ANALYSIS.md"
GATES_PLOT = "{run_dir}gates.png"
FIT_PLOT = "{run_dir}predicted_vs_actual.png"
FOLD_SCORES_PLOT = "{run_dir}fold_scores.png"
CONTRIBUTIONS = "{run_dir}contributions.csv"
CONTRIBUTIONS_BY_UNIT = "{run_dir}contributions_by_unit.csv"
CONTRIBUTION_SERIES = "{run_dir}contributions_series.csv"
CONTRIBUTION_PLOT = "{run_dir}contributions.png"
PROVENANCE = "{run_dir}provenance.json"
DELIVERABLES = [SKILL_REPORT, ANALYSIS, CONTRIBUTIONS, PROFILE_PAGE, PROVENANCE]

# What provenance.json holds the digests of, in the order in which it is made; the configurations stand apart there.
FILES_OF_RUN = [PROFILE, DATASET, HOLDOUT, DATA_SERIES, PROFILE_PAGE]
FILES_OF_ITERATION = [
    TRACE,
    SUMMARY,
    FOLDS,
    DIAGNOSTICS,
    TRAINING_SERIES,
    TRAINING_PLOT,
    FOLD_PREDICTIONS,
    FOLD_PLOT,
    CANDIDATES,
    VALIDATION,
    OOS_PREDICTIONS,
    OOS_PLOT,
    DECISION,
]
FILES_OF_REPORT = [
    SKILL_REPORT,
    ITERATION_LOG,
    THINKING_HISTORY,
    ANALYSIS,
    GATES_PLOT,
    FIT_PLOT,
    FOLD_SCORES_PLOT,
    CONTRIBUTIONS,
    CONTRIBUTION_SERIES,
    CONTRIBUTIONS_BY_UNIT,
    CONTRIBUTION_PLOT,
]

SEALED_RUNS = [run_dir for run_dir in RUNS if value_of_run(run_dir, "sealed_periods")]
SEALED_FILES = [SEALED_ROWS] if SEALED_RUNS else []


wildcard_constraints:
    run_dir=f"(?:{'|'.join(re.escape(run_dir) for run_dir in RUNS)})",
    n=r"[1-9]\d*",


# --- the walk --------------------------------------------------------------------------------------------------------


def iterations(run_dir):
    """Yield the iterations of a run in order, as far as they are decided; Snakemake decides the next and asks again."""
    if STORED:
        # Snakemake 9.27 removes its copy of a decision that is to be made anew, and then takes it for write-protected,
        # since it remembers that the copy was there.
        workflow.iocache.deactivate()
    for n in range(1, value_of_run(run_dir, "max_iterations") + 1):
        decision = checkpoints.decide.get(run_dir=run_dir, n=n).output.decision
        yield n
        with decision.open() as stream:  # fetches it first, where it is in a storage
            found = Decision.parse(json.load(stream), str(decision))
        if found.action == "stop":
            return


def each_iteration(template):
    """Return an input function: the file of every iteration that the run has decided."""
    return lambda wildcards: [
        template.format(run_dir=wildcards.run_dir, n=n) for n in iterations(wildcards.run_dir)
    ]


def earlier(template):
    """Return an input function: the file of every iteration before this one."""
    return lambda wildcards: [
        template.format(run_dir=wildcards.run_dir, n=n) for n in range(1, int(wildcards.n))
    ]


def previous(template):
    """Return an input function: the file of the iteration before this one."""
    return lambda wildcards: template.format(run_dir=wildcards.run_dir, n=int(wildcards.n) - 1)


def sealed_validation(wildcards):
    """Return what the sealed period says, nothing where a run has none."""
    return (
        [SEALED_VALIDATION.format(run_dir=wildcards.run_dir)]
        if wildcards.run_dir in SEALED_RUNS
        else []
    )


def recorded_files(wildcards):
    """Return every file that a run made but its configurations, as far as the run is decided."""
    walked = [
        path.format(run_dir=wildcards.run_dir, n=n)
        for n in iterations(wildcards.run_dir)
        for path in FILES_OF_ITERATION
    ]
    of_run = [path.format(run_dir=wildcards.run_dir) for path in FILES_OF_RUN + SEALED_FILES]
    return [
        *of_run,
        *walked,
        *sealed_validation(wildcards),
        *[path.format(run_dir=wildcards.run_dir) for path in FILES_OF_REPORT],
    ]


def origin_of_run(wildcards):
    """Return what a run follows from beside its files, for its provenance."""
    return {
        "data": path_as_given(wildcards),
        "settings": recorded_settings(OF_RUN[wildcards.run_dir]),
        "code": {stage: code_digest(stage) for stage in STAGES},
    }


def is_last(wildcards):
    """Tell whether the budget of a run ends with an iteration: 1, or 0. A raised budget moves no earlier one."""
    return int(int(wildcards.n) == value_of_run(wildcards.run_dir, "max_iterations"))


def decided_and_trained(run_dir):
    """Return an input function: the decisions and traces of all iterations of one run."""
    return lambda wildcards: [
        path.format(run_dir=run_dir, n=n) for n in iterations(run_dir) for path in (DECISION, TRACE)
    ]


PROGRESS = ProgressPrinter(
    runs=[
        WatchedRun(
            name=name, folder=Path(run_dir), max_iterations=value_of_run(run_dir, "max_iterations")
        )
        for run_dir, name in NAMES.items()
    ]
)
