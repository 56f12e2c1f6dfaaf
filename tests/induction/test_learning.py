import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image, image, render
from induction.library.sweep import SWEEPS
from induction.search.node import Node, Piece
from induction.search.painting import Target, painted_proposals
from induction.search.question import Measured, questions
from induction.search.sweeping import sweep_proposals
from induction.search.tree import TreeLearner, tree_text, tree_values

QUICKLY = settings(max_examples=40, deadline=None)
SIDES = st.tuples(st.integers(1, 5), st.integers(1, 5))
grids = arrays(np.int64, SIDES, elements=st.integers(0, 3))


def subject(name: str, values: list[int]) -> Measured:
    return Measured(name, 0.5, "g", True, np.array(values, np.int16))


@QUICKLY
@given(st.lists(st.integers(0, 4), min_size=2, max_size=12), st.integers(0, 3))
def test_a_tree_without_errors_is_found_when_the_color_decides(
    values: list[int], chosen: int
) -> None:
    wanted = np.array([7 if v == chosen else 2 for v in values])
    seen = subject("seen", values)
    asked = questions([seen], len(values))
    if not asked:
        return
    tree = TreeLearner(asked, [], wanted).learn(8)
    assert tree is not None
    assert np.array_equal(tree_values(tree, len(values)), wanted)


def test_a_tree_copies_a_property_where_that_explains_more() -> None:
    here, left = subject("here", [0, 0, 0, 5, 5]), subject("left", [1, 2, 3, 4, 4])
    wanted = np.array([1, 2, 3, 5, 5])
    tree = TreeLearner(questions([here, left], 5), [here, left], wanted).learn(3)
    assert tree is not None
    assert tree_text(tree) in ("where(here == 0, left, 5)", "where(here == 0, left, here)")


def test_a_tree_gives_up_when_it_may_not_ask_enough() -> None:
    seen = subject("seen", [0, 1, 2, 3])
    learner = TreeLearner(questions([seen], 4), [], np.array([1, 2, 1, 2]))
    assert learner.learn(1) is None
    assert learner.learn(4) is not None


@QUICKLY
@given(grids, st.sampled_from(SWEEPS))
def test_a_sweep_that_copies_what_is_given_changes_nothing(grid, direction: str) -> None:
    swept = library.sweep(image(grid), direction, lambda row: row.here(0))
    assert np.array_equal(render(swept), grid)


def test_a_sweep_learns_a_staircase() -> None:
    inputs = [np.zeros((4, 6), np.int64) for _ in range(3)]
    outputs = [np.zeros((4, 6), np.int64) for _ in range(2)]
    for start, grid in zip((0, 2, 1), inputs, strict=True):
        grid[0, start] = 3
    for start, grid in zip((0, 2), outputs, strict=True):
        for r in range(4):
            grid[r, start + r] = 3
    found = sweep_proposals(inputs, outputs, 8)
    assert found
    assert found[0].outputs[0].tolist() == (3 * np.eye(4, 6, 1, dtype=int)).tolist()


def test_painting_puts_layers_over_each_other() -> None:
    under, over = image([[1, 1, 0], [1, 1, 0]]), image([[0, 2, 2], [0, 0, 0]])
    pieces = [
        Piece(Node("image", (p, p), 2), ((2, 3),), np.tile(p.cells.ravel(), 2))
        for p in (under, over)
    ]
    wanted = np.array([1, 2, 2, 1, 1, 0], np.int8)
    found = painted_proposals(pieces, Target(wanted, ((2, 3),)), [2])
    assert [o.tolist() for o in found[0].outputs] == [[[1, 2, 2], [1, 1, 0]]]


def test_repair_restores_what_a_color_covers() -> None:
    whole = np.tile([[0, 1, 2], [3, 4, 0]], (3, 3))
    covered = whole.copy()
    covered[1:3, 2:5] = 9
    assert np.array_equal(render(library.repaired(image(covered), 9)), whole)
    assert np.array_equal(render(library.repaired_part(image(covered), 9)), whole[1:3, 2:5])


@QUICKLY
@given(grids, st.integers(1, 3), st.sampled_from(["up", "down", "left", "right"]))
def test_sliding_keeps_the_number_of_cells_and_happens_once(grid, color: int, way: str) -> None:
    if not (grid == color).any():
        return
    once = library.slide(image(grid), color, way)
    assert np.array_equal(np.bincount(once.cells.ravel()), np.bincount(grid.ravel()))
    assert isinstance(once, Image)
