"""The workflow's configuration (`config/config.yaml`): one record per section, every default written once, here."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from .data_profile import Shape
from .evidence import EvidenceSettings
from .model_parts import ModelParts
from .prior_settings import PriorSettings, merged
from .spec import ModelType, PresetName
from .strict import Strict
from .verdicts import ConvergenceThresholds, OosThresholds

RemedyName = Literal[
    "raise_target_accept", "lengthen_tune", "lengthen_chains", "calmer_priors", "more_season", "less_season",
    "weekly_season", "drop_weak_events", "add_trend", "damped_trend", "local_trend", "drop_trend", "trend_slope",
    "level_shift", "model_outliers", "heavy_tails", "log_scale", "normal_noise", "drop_weak_controls", "widen_media",
    "tighten_media", "adstock_priors", "half_saturation_priors", "saturation_curve", "other_adstock", "pool_channels",
    "simple_media",
]  # fmt: skip
"""Names of the entries of `policy.remedies.REMEDIES`, here too so that a misspelt one ends before anything runs."""


Language = Literal["en", "ru"]


class Columns(Strict):
    """Roles given by hand; what is null is detected."""

    date: Annotated[str | None, Field(description="column with the dates")] = None
    target: Annotated[str | None, Field(description="column with the KPI to explain")] = None
    channels: Annotated[tuple[str, ...] | None, Field(description="media columns, all of them")] = None
    controls: Annotated[tuple[str, ...] | None, Field(description="control columns, all of them")] = None
    unknown_ahead: Annotated[
        tuple[str, ...] | None,
        Field(
            description="controls whose values nobody knows before their period is over (competitors' sales, say), all "
            "of them; null: those of kind competitor, while weather, macro and all others count as known; []: none"
        ),
    ] = None
    panel: Annotated[str | None, Field(description="column with the panel unit (geo, brand)")] = None
    shape: Annotated[Shape | None, Field(description="how the table is laid out")] = None
    variable: Annotated[str | None, Field(description="column that names the series, in long data")] = None
    value: Annotated[
        str | None, Field(description="column with the numbers, in long data where everything stands in rows")
    ] = None


class Run(Strict):
    """One dataset to model; its results stand in `results/{name}/`."""

    csv: Annotated[str, Field(description="the data (CSV, Excel, Parquet), a path from the working directory")]
    sheet: Annotated[str | None, Field(description="sheet of an Excel file; null: the first that holds a table")] = None
    columns: Annotated[Columns, Field(description="roles given by hand")] = Columns()
    model_type: Annotated[ModelType | None, Field(description="in place of the workflow's")] = None
    model: Annotated[ModelParts, Field(description="key by key in place of the workflow's")] = ModelParts()
    priors: Annotated[PriorSettings, Field(description="prior by prior in place of the workflow's")] = {}
    lift_tests: Annotated[
        str | None, Field(description="CSV of experiments on this run's channels (docs/priors.md)")
    ] = None
    max_iterations: Annotated[int | None, Field(ge=1, le=100, description="in place of the workflow's")] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**31, description="in place of the workflow's")] = None
    language: Annotated[Language | None, Field(description="in place of the workflow's")] = None
    sealed_periods: Annotated[int | None, Field(ge=0, description="in place of the workflow's")] = None
    path_as_given: Annotated[
        str | None, Field(description="the path to show in reports, where `csv` was rewritten by the engine")
    ] = None


class SamplerSettings(Strict):
    """NUTS at the first iteration; remedies may raise it."""

    chains: Annotated[int, Field(ge=2, le=64, description="independent chains")] = 4
    draws: Annotated[int, Field(ge=50, le=100_000, description="kept draws per chain")] = 1000
    tune: Annotated[int, Field(ge=50, le=100_000, description="warm-up draws per chain")] = 1000
    target_accept: Annotated[float, Field(gt=0.5, lt=1.0, description="acceptance rate the step size aims at")] = 0.9


class Thresholds(Strict):
    """Limits of the two gates."""

    convergence: Annotated[ConvergenceThresholds, Field(description="diagnostics gate")] = ConvergenceThresholds()
    out_of_sample: Annotated[OosThresholds, Field(description="out-of-sample gate")] = OosThresholds()
    evidence: Annotated[EvidenceSettings, Field(description="what stands beside the gates")] = EvidenceSettings()


class Policy(Strict):
    """What the loop may change between iterations."""

    disabled_remedies: Annotated[tuple[RemedyName, ...], Field(description="remedies that must not be used")] = ()


class Settings(Strict):
    """The whole configuration."""

    runs: Annotated[dict[str, Run], Field(min_length=1, description="datasets by name")]
    results: Annotated[
        str, Field(description="folder of the runs' folders; empty: one run, in the working directory itself")
    ] = "results"
    model_type: Annotated[
        ModelType,
        Field(
            description="v3: adstock and saturation; v3_proper: the same by recursion; simple: linear in spend; v1: "
            "for testing; v2: channels pooled within their type, and over the units of a panel"
        ),
    ] = "v3"
    model: Annotated[ModelParts, Field(description="what the model is made of, where not as its type and data say")] = (
        ModelParts()
    )
    prior_preset: Annotated[
        PresetName, Field(description="priors, an entry of `scripts/mmm_builder/data/priors.yaml`")
    ] = "default"
    priors: Annotated[
        PriorSettings, Field(description="priors by channel, or by channel type, in place of the preset's")
    ] = {}
    lift_tests: Annotated[
        str | None, Field(description="CSV of experiments: what a change of spend was measured to do (docs/priors.md)")
    ] = None
    max_iterations: Annotated[int, Field(ge=1, le=100, description="budget of iterations per run")] = 10
    seed: Annotated[int, Field(ge=0, lt=2**31, description="of all randomness")] = 20260101
    language: Annotated[Language, Field(description="of ITERATION_ANALYSIS.md and the summary in the terminal")] = "en"
    sealed_periods: Annotated[
        int,
        Field(
            ge=0,
            description="last periods, cut off before anything else and opened once, after full_success; 0: none",
        ),
    ] = 0
    training_threads: Annotated[
        int, Field(ge=1, le=64, description="cores of one training on the CPU; the rest is left to other runs")
    ] = 2
    device: Annotated[
        Literal["cpu", "gpu", "auto"],
        Field(
            description="rule that trains: train_cpu or train_gpu; auto: by the size of the data, on the command line "
            "only (docs/gpu.md)"
        ),
    ] = "cpu"
    float_type: Annotated[
        Literal["float64", "float32"], Field(description="precision of training on a GPU (docs/gpu.md)")
    ] = "float64"
    conda_env: Annotated[
        str | None,
        Field(
            min_length=1,
            description="existing conda environment to train in, in place of the env file: its name, or the absolute "
            "path of its folder",
        ),
    ] = None
    container: Annotated[
        str | None,
        Field(min_length=1, description="image with the environments of envs/: file or address (docs/workflow.md)"),
    ] = None
    sampler: Annotated[SamplerSettings, Field(description="NUTS settings")] = SamplerSettings()
    thresholds: Annotated[Thresholds, Field(description="limits of the gates")] = Thresholds()
    policy: Annotated[Policy, Field(description="what the loop may change")] = Policy()

    @field_validator("runs")
    @classmethod
    def _names_are_folders(cls, runs: dict[str, Run]) -> dict[str, Run]:
        """Run names become folder names and wildcards."""
        for name in runs:
            if not name or name.strip(".") == "" or not all(c.isalnum() or c in "-_." for c in name):
                raise ValueError(f"run name {name!r} may hold letters, digits, '-', '_' and '.' only")
        return runs

    @model_validator(mode="after")
    def _single_precision_is_for_gpus(self) -> Self:
        """The CPU path has one precision."""
        if self.float_type != "float64" and self.device != "gpu":
            raise ValueError(f"float_type: {self.float_type} goes with device: gpu only")
        return self

    @model_validator(mode="after")
    def _an_image_holds_its_own_environments(self) -> Self:
        """An environment of the machine can't be seen from a container."""
        if self.container and self.conda_env:
            raise ValueError("container and conda_env exclude each other: the image has its own environments")
        return self


OWN = ("model_type", "lift_tests", "max_iterations", "seed", "language", "sealed_periods")
"""Keys of a run that stand in place of the workflow's as a whole; `model` and `priors` do so part by part."""


def settings_of_run(settings: Settings, name: str) -> Settings:
    """Return the configuration as it is for one run: its own values in the workflow's places, and no other run."""
    run = settings.runs[name]
    own = {key: value for key in OWN if (value := getattr(run, key)) is not None}
    parts = {"model": run.model.over(settings.model), "priors": merged(settings.priors, run.priors)}
    bare = Run(csv=run.csv, sheet=run.sheet, columns=run.columns, path_as_given=run.path_as_given)
    return settings.model_copy(update={**own, **parts, "runs": {name: bare}})
