"""Where a run's files stand, for those who read a run from outside the workflow (status, progress).

The rules spell these paths in `rules/common.smk`; a test holds the two together.
"""

from pathlib import Path

SKILL_REPORT = "skill_report.json"
ANALYSIS = "ITERATION_ANALYSIS.md"
PROFILE = "data_profile.json"
SEALED = "sealed_validation.json"
PROVENANCE = "provenance.json"
CONFIG = "config_iter_{n}.yaml"
ARTIFACTS = "artifacts_iter_{n}/"
PROGRESS = ARTIFACTS + "progress.json"
TRACE = ARTIFACTS + "trace.nc"
SUMMARY = ARTIFACTS + "metrics/summary.json"
FOLDS = ARTIFACTS + "metrics/folds.json"
CANDIDATES = ARTIFACTS + "candidates.json"
VALIDATION = ARTIFACTS + "oos_validation.json"
DECISION = ARTIFACTS + "thinking_log.json"


def of_iteration(folder: Path, template: str, n: int) -> Path:
    """Return the path of iteration n's file in the run's folder."""
    return folder / template.format(n=n)
