"""Stage: `config/README.md`, every key of both kinds of configuration, from the records that validate them."""

import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mmm_builder.config_files import COMMENTS
from mmm_builder.distributions import Normal, Prior
from mmm_builder.files import write_text
from mmm_builder.modelling.priors import presets
from mmm_builder.modelling.recipes import RECIPES
from mmm_builder.policy.remedies import REMEDIES
from mmm_builder.settings import Settings
from mmm_builder.spec import ModelSpec
from mmm_builder.stage import hand_over

ROOT = Path(__file__).resolve().parent.parent
PRIORS = (*typing.get_args(typing.get_args(Prior)[0]), Normal)

LIMITS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}", "min_length": "at least {}"}
"""How pydantic's limits are written."""

MEANINGS = {
    "schema_version": "version of this form of file",
    "iteration": "number of the iteration, from 1",
    "column": "name of the column in the data",
    "channel_type": "type of the channel, which chose its prior of `alpha`",
    "exposure_column": "column of exposures (impressions, say) that is modelled in place of the spend",
    "alpha": "retention per period",
    "peak": "lag of the largest effect in periods, for `delayed` only",
    "half_saturation": "adstocked spend at which half of the full effect is reached",
    "coefficient": "effect: of a channel at full saturation (`simple`: per unit of spend); of a linear term per unit",
    "roas": "KPI per unit of spend over the training rows, in place of `coefficient`",
    "kind": "which of the forms",
    "slope": "change over the training window; of a Hill curve: its slope, 1 where it isn't given",
    "damping": "how many times a damped trend slows down by the factor e within the training window",
    "drift": "standard deviation of what a local linear trend's random walk adds over the training window",
    "order": "Fourier pairs; 0: no season",
    "period": "periods of the data until it recurs",
    "date": "the period's date (ISO)",
    "name": "what the days are",
    "dates": "the days (ISO), those of held-out periods too; a period holds the days from its date to the next",
    "share": "part of the prior variance that the channels of a type have in common",
    "coefficient_spread": "standard deviation over the units of a channel's log coefficients",
    "season_spread": "standard deviation over the units of the log scale of the season",
    "channel": "name of the channel's column",
    "start": "first date (ISO)",
    "end": "last date (ISO)",
    "spend_change": "spend that the experiment added in all; negative: that it held back",
    "lift": "what was measured to come of it, in the KPI's own units",
    "standard_error": "of the lift",
    "sigma": "scale of the noise",
    "nu": "degrees of freedom above 2, for `student_t` only",
    "chains": "independent chains",
    "draws": "kept draws per chain",
    "tune": "warm-up draws per chain",
    "target_accept": "acceptance rate the step size aims at",
    "seed": "of the sampler and of predictive draws",
    "key": "what was changed",
    "old": "value before",
    "new": "value after",
    "reason": "hypothesis behind the change",
    "predicted_effect": "what it is predicted to do",
}
"""What keys mean whose records don't say it themselves."""

WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any value"}

HEAD = """\
# Configuration

<!-- Written by scripts/config_reference.py (`make docs`) from the records that validate the files. -->

Two kinds of file. **`config/config.yaml`** says what to model and is yours to write. **`config_iter_N.yaml`** is the
model of one iteration; the loop writes it, and an edit by hand is kept: that iteration and the following ones are
trained anew. Both are checked before anything runs: an unknown key, a wrong type or a value out of its limits is one
line that names the key, and exit code 2 from the command lines.

## 1. The workflow: `config/config.yaml`

Only `runs` is needed. `snakemake --cores 4` reads `config/config.yaml`; `--configfile FILE` reads another in its place.
`orchestrator.py run --config FILE` takes the same keys without `runs` and `results`, which follow from its arguments.
"""

SECOND = """\
## 2. One iteration's model: `results/{run}/config_iter_N.yaml`

Complete: every prior stands in the file. Spend is in units of its typical non-zero adstocked value, everything else in
units of the KPI's scale (the mean of its training rows), `alpha` per period of the data.
"""


def config_reference() -> str:
    """Return the whole document as markdown."""
    parts = [HEAD, *_sections(Settings, "", {}), _names(), SECOND, *_sections(ModelSpec, "", COMMENTS), _priors()]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _sections(
    record: type[BaseModel], path: str, comments: Mapping[str, str], told: Mapping[type[BaseModel], str] | None = None
) -> Iterator[str]:
    """Yield a section for a record and one for each record within it, by key; what the top level holds is told there.

    told : the records of the top level, with their keys; None at the top level itself
    """
    title = f"### `{path.rstrip('.')}`\n\n{inspect.getdoc(record)}\n\n" if path else ""
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    at_top = {} if told is None else told
    inner = []
    for name, field in record.model_fields.items():
        within, suffix = _record_within(field.annotation)
        meaning = field.description or comments.get(name) or (_first_line(within) if within else MEANINGS[name])
        value = f"as `{at_top[within]}`" if within in at_top else _value(field, within)
        rows.append(f"| `{name}` | {value} | {_default(field)} | {_cell(meaning)} |")
        if within and within not in at_top:
            inner.append((within, f"{path}{name}{suffix}."))
            at_top = at_top | ({within: name} if told is None else {})
    yield title + "\n".join(rows)
    for within, key in inner:
        yield from _sections(within, key, {}, at_top)


def _record_within(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the record that a key may hold (None: a plain value or a prior), and how its entries are addressed."""
    for kind in _options(annotation):
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        found, suffix = {dict: (arguments[-1:], ".{name}"), tuple: (arguments[:1], "[]")}.get(origin, ((kind,), ""))
        if inspect.isclass(found[0]) and issubclass(found[0], BaseModel) and found[0] not in PRIORS:
            return found[0], suffix
    return None, ""


def _options(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union but None, or the only type; without annotations around them."""
    while typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(member for part in typing.get_args(annotation) for member in _options(part))
    return () if annotation is type(None) else (annotation,)


def _value(field: FieldInfo, within: type[BaseModel] | None) -> str:
    """Return a key's type and limits in words."""
    members = _options(field.annotation)
    if members[0] in PRIORS:
        kinds = ["prior (`Normal`)" if members == (Normal,) else "prior"]
    else:
        kinds = [_kind(member) for member in members]
    limits = [LIMITS[key].format(value) for key, value in _limits(field)]
    return ", ".join([" or ".join(kinds), *([] if within else limits)])


def _limits(field: FieldInfo) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a key's limits, also of those within `Annotated[…] | None`."""
    inner = [item for option in typing.get_args(field.annotation) for item in getattr(option, "__metadata__", ())]
    for item in [*field.metadata, *inner]:
        for key in LIMITS:
            value = getattr(item, key, None)
            if value is not None:
                yield key, _plain(value)


def _kind(annotation: Any) -> str:
    """Return one type in words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is dict:
        return "section by name"
    if origin is tuple:
        item = _options(arguments[0])[0]
        return f"list of {_kind(item)}" if _record_within(item)[0] is None else "list"
    return WORDS.get(annotation) or "section"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.default
    if isinstance(value, BaseModel):
        return "see there"
    if value is None:
        return "none"
    return f"`{_plain(value)}`"


def _plain(value: Any) -> str:
    """Return a value as YAML would show it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_plain, value)) + "]"
    if isinstance(value, str):
        return value or "''"
    if isinstance(value, dict):
        return str(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.12g}"


def _first_line(record: type[BaseModel]) -> str:
    return (inspect.getdoc(record) or "").splitlines()[0].rstrip(".")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _names() -> str:
    """Return the names that keys refer to: model types, presets and remedies."""
    types_ = "\n".join(f"- `{name}`: {recipe.description}" for name, recipe in RECIPES.items())
    remedies = "\n".join(f"- `{remedy.name}`: {remedy.expects}" for remedy in REMEDIES)
    sets = "\n".join(f"- `{name}`" for name in presets())
    return (
        f"### Names\n\nValues of `model_type`:\n\n{types_}\n\nValues of `prior_preset`:\n\n{sets}\n\n"
        f"Values in `policy.disabled_remedies`, each with what it does otherwise:\n\n{remedies}\n"
    )


def _priors() -> str:
    """Return the families of priors with their parameters."""
    rows = ["| `dist` | parameters | meaning |", "|---|---|---|"]
    for prior in PRIORS:
        parameters = ", ".join(f"`{name}`" for name in prior.model_fields if name != "dist")
        rows.append(f"| `{prior.__name__}` | {parameters} | {_cell(inspect.getdoc(prior) or '')} |")
    example = "alpha: {dist: Beta, alpha: 4.0, beta: 2.0}"
    lead = (
        f"### Priors\n\nIn PyMC's names, such as `{example}`. The linear terms (intercept, trend, season, controls,\n"
        "events, pulses, level shifts) take `Normal` only, since they are projected; retentions and shares the\n"
        "families on [0, 1]; all others any but `Normal`. What is pooled within channel types takes `LogitNormal`\n"
        "(`alpha`) or `LogNormal`.\n\n"
    )
    return lead + "\n".join(rows)


def write_config_reference(*, output: Annotated[Path, "document to write"] = ROOT / "config" / "README.md") -> None:
    """Write the reference of all configuration keys."""
    write_text(output, config_reference())


if __name__ == "__main__":
    hand_over(write_config_reference, globals().get("snakemake"))
