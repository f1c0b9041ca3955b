"""Prior distributions as data, under PyMC's names and with PyMC's arguments."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from .strict import Strict


class Beta(Strict):
    """Beta(alpha, beta) on [0, 1]."""

    dist: Literal["Beta"] = "Beta"
    alpha: PositiveFloat
    beta: PositiveFloat


class LogitNormal(Strict):
    """Inverse logit of Normal(mu, sigma), on [0, 1]."""

    dist: Literal["LogitNormal"] = "LogitNormal"
    mu: float
    sigma: PositiveFloat


class Uniform(Strict):
    """Even between lower and upper."""

    dist: Literal["Uniform"] = "Uniform"
    lower: float
    upper: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lower < self.upper:
            raise ValueError(f"lower {self.lower:g} is not below upper {self.upper:g}")
        return self


class Kumaraswamy(Strict):
    """Kumaraswamy(a, b) on [0, 1]: much like a Beta."""

    dist: Literal["Kumaraswamy"] = "Kumaraswamy"
    a: PositiveFloat
    b: PositiveFloat


class HalfNormal(Strict):
    """Normal(0, sigma) folded at zero."""

    dist: Literal["HalfNormal"] = "HalfNormal"
    sigma: PositiveFloat


class HalfStudentT(Strict):
    """Student-t(nu, 0, sigma) folded at zero."""

    dist: Literal["HalfStudentT"] = "HalfStudentT"
    nu: PositiveFloat
    sigma: PositiveFloat


class HalfCauchy(Strict):
    """Cauchy(0, beta) folded at zero; it has no mean."""

    dist: Literal["HalfCauchy"] = "HalfCauchy"
    beta: PositiveFloat


class TruncatedNormal(Strict):
    """Normal(mu, sigma) above `lower`."""

    dist: Literal["TruncatedNormal"] = "TruncatedNormal"
    mu: float
    sigma: PositiveFloat
    lower: NonNegativeFloat = 0.0


class Weibull(Strict):
    """Weibull with shape alpha and scale beta."""

    dist: Literal["Weibull"] = "Weibull"
    alpha: PositiveFloat
    beta: PositiveFloat


class Exponential(Strict):
    """Exponential with rate lam."""

    dist: Literal["Exponential"] = "Exponential"
    lam: PositiveFloat


class LogNormal(Strict):
    """exp of Normal(mu, sigma)."""

    dist: Literal["LogNormal"] = "LogNormal"
    mu: float
    sigma: PositiveFloat


class Gamma(Strict):
    """Gamma with shape alpha and rate beta."""

    dist: Literal["Gamma"] = "Gamma"
    alpha: PositiveFloat
    beta: PositiveFloat


class InverseGamma(Strict):
    """Inverse gamma with shape alpha and scale beta."""

    dist: Literal["InverseGamma"] = "InverseGamma"
    alpha: PositiveFloat
    beta: PositiveFloat


class Normal(Strict):
    """Normal(mu, sigma)."""

    dist: Literal["Normal"] = "Normal"
    mu: float
    sigma: PositiveFloat


SharePrior = Annotated[Beta | LogitNormal | Uniform | Kumaraswamy, Field(discriminator="dist")]
"""A prior on [0, 1]."""

Prior = Annotated[
    Beta | LogitNormal | Uniform | Kumaraswamy | HalfNormal | HalfStudentT | HalfCauchy | TruncatedNormal | Exponential
    | LogNormal | Gamma | InverseGamma | Weibull,
    Field(discriminator="dist"),
]  # fmt: skip
"""A prior on what isn't negative; a Uniform may reach below zero, which `starts_at_zero` refuses where it is used. The
linear terms take `Normal` alone, since they are projected."""


def starts_at_zero(prior: Prior) -> Prior:
    """Return a prior. Raises ValueError if it reaches below zero."""
    if prior.dist == "Uniform" and prior.lower < 0:
        raise ValueError(f"a Uniform from {prior.lower:g} reaches below zero; give lower: 0 or more")
    return prior


def within_one(prior: SharePrior) -> SharePrior:
    """Return a prior. Raises ValueError if it reaches out of [0, 1]."""
    if prior.dist == "Uniform" and not (prior.lower >= 0 and prior.upper <= 1):
        raise ValueError(f"a Uniform from {prior.lower:g} to {prior.upper:g} reaches out of 0 to 1")
    return prior
