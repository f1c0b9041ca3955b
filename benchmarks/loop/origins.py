"""Another way to resample what media add, which the study holds against the product's own: origins drawn whole."""

import math

import numpy as np

from mmm_builder.judging.bootstrap import RESAMPLES, SEED, block_length, resampled_rows, segment_sizes


def by_origin(model: np.ndarray, media_free: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Return gains (resample,) of a paired bootstrap of origins, and of blocks of rows within those that are drawn.

    Scores (row,) with and without media; segment : (row,) origin of each. Forecasts from one origin share its errors,
    so that origins are drawn whole (Cameron, Gelbach and Miller 2008). K of them drawn with replacement vary by
    √((K − 1)/K) too little: the gains' distances from the gain are made longer by √(K/(K − 1)) (Rao and Wu 1988).
    """
    origins, length = len(np.unique(segment)), block_length(media_free - model, segment)
    sums = resampled_sums(np.stack([model, media_free], axis=1), segment, length, np.random.default_rng(SEED))
    gain, gains = 1.0 - model.sum() / media_free.sum(), 1.0 - sums[:, 0] / sums[:, 1]
    return np.minimum(gain + math.sqrt(origins / (origins - 1)) * (gains - gain), 1.0)


def resampled_sums(
    values: np.ndarray, segment: np.ndarray, length: int, rng: np.random.Generator, n: int = RESAMPLES
) -> np.ndarray:
    """Return sums (resample, column) of values (row, column) over whole segments, drawn with replacement.

    As many segments are drawn as there are, each as likely as another however long, and the rows of each one that is
    drawn in blocks: what is common to a segment varies between resamples, and so does what is not.
    """
    ends = np.cumsum(segment_sizes(segment))
    parts = np.split(values, ends[:-1])
    pool = np.stack([_block_sums(part, length, rng, n * len(parts)) for part in parts])
    drawn = rng.integers(0, len(parts), size=n * len(parts))
    return pool[drawn, np.arange(n * len(parts))].reshape(n, len(parts), -1).sum(axis=1)


def _block_sums(part: np.ndarray, length: int, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return sums (resample, column) of one segment's values (row, column), its rows drawn in blocks."""
    rows = resampled_rows(np.zeros(len(part), dtype=int), length, rng, n)
    return np.stack([column[rows].sum(axis=1) for column in part.T], axis=-1)
