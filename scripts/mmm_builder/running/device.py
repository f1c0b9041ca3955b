"""`device: auto`: which path trains, told before the workflow starts from the model and the size of the data.

Hardware is never asked: jobs on a cluster read the Snakefile again elsewhere, and must come to the same rules.
"""

from ..spec import ModelSpec

LEAST_CELLS = 100_000
"""Units × periods × channels from which `auto` says gpu.

Provisional: no GPU has been measured. From here on one gradient takes a core more than 0.3 ms (3 ns a cell), so that a
step of the sampler is more than the fixed cost of one on a GPU, whatever that turns out to be.
"""


def chosen_device(spec: ModelSpec, n_units: int, n_periods: int) -> str:
    """Return `gpu` for large data, `cpu` for others and for adstock by recursion, which a GPU takes step by step."""
    cells = n_units * n_periods * len(spec.channels)
    return "gpu" if cells >= LEAST_CELLS and spec.adstock != "geometric_scan" else "cpu"
