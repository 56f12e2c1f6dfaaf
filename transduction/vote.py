"""Votes: from predictions under many views to a ranking of grids.

Every ranking is a total order: ties go to the prediction in the task's own frame, then to the
smaller grid, never to whichever came first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arc.grid import Grid
from arc.transform import Symmetry

_KEPT_PER_SYMMETRY = 3


@dataclass(frozen=True, slots=True)
class Prediction:
    """A grid decoded in one view, brought back to the task's own frame."""

    grid: Grid
    symmetry: Symmetry


def flat_vote(predictions: Sequence[Prediction]) -> list[tuple[Grid, int]]:
    """Returns the distinct grids with their numbers of votes, the most frequent first."""
    return _ranked(Counter(p.grid for p in predictions), _in_own_frame(predictions))


def hierarchical_vote(predictions: Sequence[Prediction]) -> list[tuple[Grid, int]]:
    """Returns the distinct grids with their votes, each symmetry having chosen three before.

    A symmetry with fewer distinct predictions fills up with the majority grids of its rows and of
    its columns. Source: Akyurek et al., 2024, section 4.
    """
    by_symmetry: dict[Symmetry, list[Prediction]] = {}
    for prediction in predictions:
        by_symmetry.setdefault(prediction.symmetry, []).append(prediction)
    votes: Counter[Grid] = Counter()
    for group in by_symmetry.values():
        ranked = [grid for grid, _ in _ranked(Counter(p.grid for p in group), Counter())]
        kept = ranked[:_KEPT_PER_SYMMETRY]
        for filler in _majority_grids([p.grid for p in group]):
            if len(kept) < _KEPT_PER_SYMMETRY and filler not in kept:
                kept.append(filler)
        votes.update(kept)
    return _ranked(votes, _in_own_frame(predictions))


def _in_own_frame(predictions: Sequence[Prediction]) -> Counter[Grid]:
    return Counter(p.grid for p in predictions if p.symmetry is Symmetry.IDENTITY)


def _ranked(votes: Mapping[Grid, int], ties: Mapping[Grid, int]) -> list[tuple[Grid, int]]:
    return sorted(votes.items(), key=lambda item: (-item[1], -ties.get(item[0], 0), item[0]))


def _majority_grids(grids: Sequence[Grid]) -> list[Grid]:
    """Returns the grid of the most frequent rows and that of the most frequent columns.

    Both are taken among the grids of the most frequent shape.
    """
    shape, _ = min(Counter(grid.shape for grid in grids).items(), key=lambda i: (-i[1], i[0]))
    stack = np.stack([grid.array for grid in grids if grid.shape == shape])
    rows = np.stack([_most_frequent(stack[:, r]) for r in range(shape[0])])
    columns = np.stack([_most_frequent(stack[:, :, c]) for c in range(shape[1])], axis=1)
    return [Grid.from_array(rows), Grid.from_array(columns)]


def _most_frequent(
    lines: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    counted = Counter(line.tobytes() for line in lines)
    best, _ = min(counted.items(), key=lambda item: (-item[1], item[0]))
    return np.frombuffer(best, dtype=np.uint8)
