"""What a job on another machine than Snakemake's needs in its environment."""

from pathlib import Path

CACHES = {
    "XDG_CACHE_HOME": "cache",  # ArviZ, numba and others
    "MPLCONFIGDIR": "matplotlib",
    "CUDA_CACHE_PATH": "cuda",
}
"""Environment variables by which libraries are told where to keep what they would else write to the home."""


def caches(folder: Path) -> dict[str, str]:
    """Return environment variables that keep all caches of libraries in a folder of the job's own.

    The home is one for all nodes of a cluster: jobs would write the same files there at the same time, and fail where
    a node mounts it read-only. Where PyTensor writes is told in `modelling.pytensor_flags`.
    """
    return {variable: str(folder / name) for variable, name in CACHES.items()}
