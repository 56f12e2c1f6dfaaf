"""Bootstrap intervals: how far a score could have come out otherwise, had other tasks been drawn.

Tasks are drawn, not test outputs, since the outputs of one task stand and fall together. All
statistics here are ratios of sums over tasks, so that one set of drawn weights serves them all and
the interval of a difference is that of a paired comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def ratio_interval(
    numerators: Sequence[float],
    denominators: Sequence[float],
    n_resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Returns the 95 % percentile interval of a sum over tasks divided by another.

    Args:
        numerators: One value a task, such as the share of its outputs met.
        denominators: One value a task: ones for a mean, counts of outputs for a share of them.
        n_resamples: How often the tasks are drawn again, with replacement.
        seed: Of the drawing; the same for all scores, so that they can be compared.
    """
    if not numerators:
        return 0.0, 0.0
    weights = _weights(len(numerators), n_resamples, seed)
    above = weights @ np.asarray(numerators, dtype=np.float64)
    below = weights @ np.asarray(denominators, dtype=np.float64)
    low, high = np.percentile(above / below, [2.5, 97.5])
    return float(low), float(high)


@lru_cache(maxsize=1)
def _weights(n: int, n_resamples: int, seed: int) -> NDArray[np.float64]:
    """Returns how often each task is drawn in each resample, of shape (n_resamples, n)."""
    drawn = np.random.default_rng(seed).integers(0, n, (n_resamples, n))
    drawn += n * np.arange(n_resamples)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=n * n_resamples)
    return counts.reshape(n_resamples, n).astype(np.float64)
