"""What forecasts are worth, as figures: scores of a model and its twins over folds and holdout, and what media add."""

from typing import Annotated, Literal

from pydantic import Field

from .strict import Strict


class EvidenceSettings(Strict):
    """What counts as evidence that media add to the forecast, and which doubt a pass is held against."""

    media_gain_min: Annotated[
        float, Field(gt=0.0, lt=1.0, description="least gain in CRPS over the media-free twin that counts as adding")
    ] = 0.02
    doubtful_r2: Annotated[
        float,
        Field(ge=-1.0, lt=1.0, description="true out-of-sample R² of the model that chance_pass_probability supposes"),
    ] = 0.20


class Scores(Strict):
    """Scores of forecasts over some rows, on the KPI's own scale; MAPE and wMAPE in per cent, null with zeros.

    The mean squared error is bias² + (difference of the standard deviations)² + what is left, which is the shape's;
    the shares add up to 1 (Theil 1966; Gupta et al. 2009).
    """

    r2: float | None
    mape: float | None
    wmape: float | None
    crps: float | None
    coverage_80: float | None
    bias_share: float | None
    variance_share: float | None
    shape_share: float | None


class FoldScore(Scores):
    """Scores of one rolling-origin fold. Dates are ISO; `train_r2` is the fit of the rows before its origin.

    divergences : divergent transitions of the model's fit, of so many `draws`; worst_rhat : the largest of what it
    forecasts (expected KPI of every test row, and σ), null where draws are too few
    """

    number: int
    train_end: str
    test_end: str
    n_train: int
    n_test: int
    train_r2: float | None
    divergences: int
    draws: int
    worst_rhat: float | None


class TwinScores(Strict):
    """Scores of a twin, over the same rows as the model's beside it."""

    oos_r2: float | None
    oos_mape: float | None
    crps: float | None


class Twins(Strict):
    """`media_free`: the same model with nothing spent; `seasonal_naive`: the value one season earlier."""

    media_free: TwinScores
    seasonal_naive: TwinScores


class MediaAdds(Strict):
    """The model's gain in CRPS over its media-free twin, as a share of the twin's, with block-bootstrap intervals.

    lower_80, upper_80 : 80 % interval, by which the verdict goes: yes if its lower end is above 0 and the gain is at
    least `gain_min`, no if its upper end is below `gain_min`, else unclear
    rows : which forecasts it rests on; n_rows how many
    reason : why no verdict is given, so that it is unclear whatever the interval: too few rows, too few origins, or
    chains of one of the two fits that haven't mixed
    """

    verdict: Literal["yes", "no", "unclear"]
    crps_gain: float | None
    lower_80: float | None
    upper_80: float | None
    gain_min: float
    rows: Literal["folds", "folds and holdout", "holdout"]
    n_rows: int
    reason: str | None = None
