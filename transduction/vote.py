"""Votes: from predictions under many views to a ranking of grids.

Every ranking is a total order: ties go to the prediction in the task's own frame, then to the one
whose replies were likelier, then to the smaller grid, never to whichever came first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arc.grid import Grid
from arc.transform import Symmetry
from transduction.config import VoteName

_KEPT_PER_SYMMETRY = 3
_STEP = 1e-6
"""What keeps the order of grids with equal votes in their log weights."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A grid decoded in one view, brought back to the task's own frame.

    Attributes:
        grid: The grid.
        symmetry: The symmetry of the view.
        log_probability: Of the reply in that view, in nats.
    """

    grid: Grid
    symmetry: Symmetry
    log_probability: float = 0.0


def rank(
    vote: VoteName, predictions: Sequence[Prediction], scores: Mapping[Grid, float]
) -> list[tuple[Grid, float]]:
    """Returns the distinct grids with their log weights, the best first.

    Args:
        vote: How to rank. A product of experts ranks what was predicted by its score; what has
            none stands below, in the order of `by_count`.
        predictions: What was decoded.
        scores: Mean log-probabilities over the views, in nats, of some of the grids.
    """
    if vote == "product_of_experts":
        ordered = by_count(vote, predictions)
        ranked = [(grid, scores[grid]) for grid in ordered if grid in scores]
        ranked.sort(key=lambda item: (-item[1], item[0]))
        others = [grid for grid in ordered if grid not in scores]
        at = min((score for _, score in ranked), default=0.0)
    else:
        voted = flat_vote(predictions) if vote == "flat" else hierarchical_vote(predictions)
        total = sum(votes for _, votes in voted)
        ranked = [(g, math.log(n / total) - _STEP * place) for place, (g, n) in enumerate(voted)]
        kept = {grid for grid, _ in voted}
        others = [grid for grid, _ in flat_vote(predictions) if grid not in kept]
        at = ranked[-1][1] if ranked else 0.0
    return [*ranked, *((grid, at - place) for place, grid in enumerate(others, start=1))]


def by_count(vote: VoteName, predictions: Sequence[Prediction]) -> list[Grid]:
    """Returns all grids that were predicted, those that lead by count first."""
    flat = [grid for grid, _ in flat_vote(predictions)]
    if vote == "flat":
        return flat
    predicted = set(flat)
    leading = [grid for grid, _ in hierarchical_vote(predictions) if grid in predicted]
    return list(dict.fromkeys([*leading, *flat]))


def flat_vote(predictions: Sequence[Prediction]) -> list[tuple[Grid, int]]:
    """Returns the distinct grids with their numbers of votes, the most frequent first."""
    return _ranked(Counter(p.grid for p in predictions), predictions)


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
        ranked = [grid for grid, _ in _ranked(Counter(p.grid for p in group), group)]
        kept = ranked[:_KEPT_PER_SYMMETRY]
        for filler in _majority_grids([p.grid for p in group]):
            if len(kept) < _KEPT_PER_SYMMETRY and filler not in kept:
                kept.append(filler)
        votes.update(kept)
    return _ranked(votes, predictions)


def _ranked(votes: Mapping[Grid, int], predictions: Sequence[Prediction]) -> list[tuple[Grid, int]]:
    in_own_frame = Counter(p.grid for p in predictions if p.symmetry is Symmetry.IDENTITY)
    replies: dict[Grid, list[float]] = {}
    for prediction in predictions:
        replies.setdefault(prediction.grid, []).append(math.exp(prediction.log_probability))

    def place(item: tuple[Grid, int]) -> tuple[int, int, float, Grid]:
        grid, n_votes = item
        return -n_votes, -in_own_frame[grid], -math.fsum(replies.get(grid, ())), grid

    return sorted(votes.items(), key=place)


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
