"""Model types are recipes: names of parts, resolved by the closed tables of `transforms`."""

from typing import NamedTuple

from ..spec import ModelType


class Recipe(NamedTuple):
    """Which parts a model type is made of."""

    adstock: str
    saturation: str
    description: str


RECIPES: dict[ModelType, Recipe] = {
    "v3": Recipe("geometric_grid", "hill", "geometric adstock on a grid of α, Hill saturation"),
    "simple": Recipe("none", "linear", "linear in spend, no carry-over, no saturation"),
}
