"""`config_iter_N.yaml` on disk: complete, commented, meant to be edited by hand."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from .errors import InputError
from .files import text_digest, write_text
from .spec import ModelSpec

HISTORY = frozenset({"iteration", "changes", "schema_version"})
"""Keys that say where a configuration comes from, not what is modelled."""

HEADER = """\
# The model of one iteration. Every prior is written out, in PyMC's names; edit it by hand and run the workflow
# again: this iteration and the following ones are retrained, and the edit is kept.
# Units: spend in units of its typical non-zero adstocked value, everything else in units of the KPI's training
# mean, alpha per period.
"""

COMMENTS = {
    "model_type": "the recipe that this model started from; what follows is the model",
    "prior_preset": "the set of priors (scripts/mmm_builder/data/priors.yaml) that the values below started from",
    "frequency": "cadence of the data",
    "adstock": "carry-over: none, geometric_grid, geometric_scan, geometric_convolution or delayed",
    "saturation": "response curve: linear, hill, hill_slope, hill_at_typical_spend or logistic",
    "pooling": "partial pooling: within_channel_type, and across_units of a panel; without the latter units are summed",
    "intercept": "level of the KPI without media at the middle of the training window",
    "channels": "media: alpha is retention per period, half_saturation where half of the effect is reached",
    "lift_tests": "experiments: what a change of spend was measured to do, in the KPI's own units",
    "trend": "none, linear, damped or local_linear; the slope is the change over the training window",
    "seasonality": "order Fourier pairs of a yearly season; period in periods per year",
    "weekly_seasonality": "Fourier pairs of a weekly season; period in periods per week",
    "controls": "standardised by their training rows; 0/1 columns as they are",
    "events": "holidays and other days known ahead; the effect is of one day",
    "pulses": "training periods with an effect of their own (outliers)",
    "level_shifts": "training periods from which on the KPI stands at another level (a relaunch, another tracking)",
    "likelihood": "noise: normal, student_t or lognormal",
    "sampler": "NUTS",
    "changes": "what the loop changed against the iteration before, and why",
}


def fingerprint(spec: ModelSpec) -> str:
    """Return a digest of what is modelled and how it is sampled, leaving out iteration and history."""
    return text_digest(spec.model_dump_json(exclude=set(HISTORY)))


def read_spec(path: Path) -> ModelSpec:
    """Read a configuration. Raises InputError that names the file and the key."""
    return ModelSpec.parse(read_yaml(path), str(path))


def write_spec(path: Path, spec: ModelSpec, notes: Sequence[str] = ()) -> None:
    """Write a configuration with a comment above each section, wholly or not at all.

    notes : further lines for the head, such as the priors that were given by hand
    """
    parts = [HEADER, *(["#\n# Given in the workflow's configuration:\n"] if notes else [])]
    for note in notes:
        parts += [f"{line}\n" for line in textwrap.wrap(note, 110, initial_indent="# - ", subsequent_indent="#   ")]
    # a change from nothing, or to nothing, is told by its null
    changes = [c.model_dump(mode="json") for c in spec.changes]
    for key, value in (spec.model_dump(mode="json", exclude_none=True) | {"changes": changes}).items():
        if key in COMMENTS:
            parts.append(f"\n# {COMMENTS[key]}\n")
        parts.append(yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))
    write_text(path, "".join(parts))


def read_yaml(path: Path) -> Any:
    """Read a YAML file. Raises InputError if it is missing or no YAML, with the line."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: the file does not exist") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML ({' '.join(str(error).split())})") from None


class _Dumper(yaml.SafeDumper):
    """Priors on one line, everything else one key a line."""


def _represent_dict(dumper: yaml.SafeDumper, data: dict) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style="dist" in data)


_Dumper.add_representer(dict, _represent_dict)
