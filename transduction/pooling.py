"""Pooling: the candidates of several adaptations to one task as one ranking.

Adaptations to the same few demonstrations end in different places, and their favorites are wrong on
different tasks. So each gets its say in turn: what one puts first is not outvoted by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from arc.candidate import Candidate, ViewEvidence
from arc.grid import Grid

_STEP = 1e-6
"""What keeps the order in the log weights where a candidate would weigh more than one above it."""


def pooled(found: Sequence[Sequence[Candidate]], n_most: int) -> list[Candidate]:
    """Returns the distinct candidates for one test input, the best first.

    The favorites of all adaptations come first, then their second choices, and so on; among those
    of one place the heavier come before. A grid keeps its highest place; votes, views and replies
    of all adaptations are added up in its evidence.

    Args:
        found: For each adaptation its candidates, the best first.
        n_most: How many are returned at most.
    """
    best: dict[Grid, Candidate] = {}
    for of_a_place in zip_longest(*found):
        present = [candidate for candidate in of_a_place if candidate is not None]
        for candidate in sorted(present, key=lambda c: (-c.log_weight, c.grid)):
            best.setdefault(candidate.grid, candidate)
    n_views = sum(_views_of(candidates) for candidates in found)
    ranking: list[Candidate] = []
    for grid, candidate in list(best.items())[:n_most]:
        at = ranking[-1].log_weight - _STEP if ranking else candidate.log_weight
        mine = [c.evidence for candidates in found for c in candidates if c.grid == grid]
        evidence = _together([e for e in mine if isinstance(e, ViewEvidence)], n_views)
        weight = min(at, candidate.log_weight)
        ranking.append(replace(candidate, log_weight=weight, evidence=evidence))
    return ranking


def _views_of(candidates: Sequence[Candidate]) -> int:
    views = [c.evidence.views for c in candidates if isinstance(c.evidence, ViewEvidence)]
    return max(views, default=0)


def _together(parts: Sequence[ViewEvidence], n_views: int) -> ViewEvidence:
    """Returns the evidence of all adaptations; the score is that of the one that is surest."""
    scores = [part.log_probability for part in parts if part.log_probability is not None]
    return ViewEvidence(
        sum(part.votes for part in parts),
        n_views,
        max(scores, default=None),
        tuple(name for part in parts for name in part.transforms),
        tuple(reply for part in parts for reply in part.replies),
    )
