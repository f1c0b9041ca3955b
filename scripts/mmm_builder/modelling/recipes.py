"""Model types are recipes: names of parts, resolved by the closed tables of `transforms`.

A recipe is the start of a configuration, which spells its parts out; nothing later asks for the model type.
"""

from typing import NamedTuple

from ..spec import AdstockKind, ModelType, SaturationKind


class Recipe(NamedTuple):
    """Which parts a model type starts with; `pooled`: partially, within channel types and over panel units."""

    adstock: AdstockKind
    saturation: SaturationKind
    pooled: bool
    description: str


RECIPES: dict[ModelType, Recipe] = {
    "v3": Recipe("geometric_grid", "hill", False, "geometric adstock on a grid of α, Hill saturation"),
    "v3_proper": Recipe("geometric_scan", "hill", False, "the same by recursion (slow; the reference for v3)"),
    "simple": Recipe("none", "linear", False, "linear in spend, no carry-over, no saturation"),
    "v1": Recipe(
        "geometric_convolution", "hill_at_typical_spend", False,
        "adstock cut off after 13 periods, half saturation held at typical spend (for testing)",
    ),
    "v2": Recipe(
        "geometric_grid", "hill", True,
        "as v3, channels partially pooled within their type and, with a panel column, coefficients over its units",
    ),
}  # fmt: skip
