"""Candidates of several adaptations as one ranking."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from arc.candidate import Candidate, ViewEvidence
from arc.grid import Grid
from transduction.pooling import pooled

COLORS = [Grid.of([[color]]) for color in range(6)]


def ranking(colors: list[int], weights: list[float]) -> list[Candidate]:
    """One adaptation's candidates, a vote of eight views for each, the best first."""
    ordered = sorted(weights, reverse=True)
    return [
        Candidate("t", 0, COLORS[c], "transduction", w, ViewEvidence(1, 8, w, ("identity",), (w,)))
        for c, w in zip(colors, ordered, strict=False)
    ]


rankings = st.builds(
    ranking,
    st.lists(st.sampled_from(range(6)), unique=True, max_size=6),
    st.lists(st.floats(-50, 0), min_size=6, max_size=6),
)


@given(st.lists(rankings, min_size=1, max_size=4), st.integers(1, 8))
def test_every_grid_comes_once_in_an_order_its_weights_keep(found, n_most):
    together = pooled(found, n_most)
    proposed = {candidate.grid for candidates in found for candidate in candidates}
    assert len({candidate.grid for candidate in together}) == len(together)
    assert len(together) == min(n_most, len(proposed))
    assert {candidate.grid for candidate in together} <= proposed
    assert all(a.log_weight > b.log_weight for a, b in pairwise(together))


@given(st.lists(rankings, min_size=1, max_size=4))
def test_no_favorite_stands_behind_a_second_choice(found):
    favorites = {candidates[0].grid for candidates in found if candidates}
    together = pooled(found, 99)
    assert {candidate.grid for candidate in together[: len(favorites)]} == favorites


@given(st.lists(rankings, min_size=1, max_size=4))
def test_no_vote_is_lost(found):
    together = pooled(found, 99)
    votes = sum(c.evidence.votes for candidates in found for c in candidates)
    assert sum(candidate.evidence.votes for candidate in together) == votes
    for candidate in together:
        evidence = candidate.evidence
        assert evidence.votes == len(evidence.transforms) == len(evidence.replies)
        assert evidence.views == 8 * sum(1 for candidates in found if candidates)


@given(st.permutations([ranking([0, 1], [-1, -2]), ranking([2, 1], [-3, -4]), []]))
def test_the_order_of_the_adaptations_does_not_matter(found):
    assert [candidate.grid for candidate in pooled(found, 99)] == [COLORS[i] for i in (0, 2, 1)]
