import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction.library import image
from induction.search.bases import best_bases, uncertainty
from induction.search.node import Node, Piece
from induction.search.painting import Target

QUICKLY = settings(max_examples=40, deadline=None)
rows = arrays(np.int8, 24, elements=st.integers(0, 9))


@QUICKLY
@given(rows, rows)
def test_uncertainty_is_never_negative_and_zero_where_colors_tell_all(
    cells: np.ndarray, target: np.ndarray
) -> None:
    assert uncertainty(cells, target) >= 0
    assert abs(uncertainty(target, target)) < 1e-9
    permuted = ((target + 3) % 10).astype(np.int8)
    assert abs(uncertainty(permuted, target)) < 1e-9


@QUICKLY
@given(rows, rows)
def test_permuting_the_colors_of_a_base_changes_nothing(
    cells: np.ndarray, target: np.ndarray
) -> None:
    permuted = ((cells + 7) % 10).astype(np.int8)
    assert abs(uncertainty(cells, target) - uncertainty(permuted, target)) < 1e-9


def test_the_base_that_says_most_comes_first_its_equals_once_and_the_cheapest_last() -> None:
    target = Target(np.array([1, 1, 2, 2], np.int8), ())

    def piece(cells: list[int], cost: int) -> Piece:
        node = Node("image", (image([cells]),), cost)
        return Piece(node, (), np.array(cells, np.int8))

    vague, near, twin = piece([0, 0, 0, 0], 0), piece([3, 3, 3, 4], 3), piece([5, 5, 5, 6], 4)
    assert best_bases([vague, near, twin], target, 3) == [near, vague]
    assert best_bases([vague, near, twin], target, 2) == [near, vague]
