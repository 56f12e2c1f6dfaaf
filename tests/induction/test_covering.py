import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import blank_like, image, mono_components, render
from induction.library.drawing import ERASED, KEPT, NOTHING
from induction.search.covering.items import item_sets
from induction.search.covering.layers import covering_proposals
from induction.search.covering.quiz import Quiz
from induction.search.covering.shapes import shapes
from induction.search.tree import leaf_count, tree_values

QUICKLY = settings(max_examples=12, deadline=None)
SIDES = st.tuples(st.integers(2, 4), st.integers(2, 5))
grids = arrays(np.int64, SIDES, elements=st.sampled_from([0, 0, 0, 1, 2]))


@QUICKLY
@given(grids)
def test_drawing_nothing_changes_nothing_and_drawing_all_items_restores_them(cells) -> None:
    grid = image(cells)
    if not cells.any():
        return
    items = mono_components(grid, True)
    same = library.draw(grid, grid, items, library.own_cells, lambda _: NOTHING, True)
    assert same == grid
    again = library.draw(blank_like(grid), grid, items, library.own_cells, lambda _: KEPT, True)
    assert again == grid
    gone = library.draw(grid, grid, items, library.own_cells, lambda _: ERASED, True)
    assert not gone.cells.any()


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(grids)
def test_a_drawing_reaches_what_its_text_says(cells) -> None:
    grid = image(cells)
    if not cells.any():
        return
    for items in item_sets([grid]):
        for shape in shapes([1]):
            rows, columns, colors, owners = shape.reach(items.of_grid[0], grid)
            for owner, item in enumerate(items.of_grid[0]):
                drawing = eval(
                    shape.text,
                    vars(library),
                    {"item": item, "items": items.of_grid[0], "grid": grid},
                )
                shown = library.draw(
                    blank_like(grid), grid, (item,), lambda _, d=drawing: d, lambda _: KEPT, False
                )
                promised = np.zeros_like(shown.cells)
                own = owners == owner
                promised[rows[own], columns[own]] = colors[own]
                promised[cells != 0] = 0
                if "ray_cells" not in shape.text:
                    assert np.array_equal(promised, shown.cells), shape.text
                else:
                    assert not ((promised != 0) & (promised != shown.cells)).any(), shape.text


def pairs(inputs: list[list[list[int]]]) -> list[np.ndarray]:
    return [np.array(grid) for grid in inputs]


def first_output(inputs, outputs) -> list[list[int]]:
    found = covering_proposals(pairs(inputs), pairs(outputs))
    assert found
    return min(found, key=lambda p: p.cost).outputs[0].tolist()


def test_rays_are_drawn_from_one_color_only() -> None:
    inputs = [
        [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 2]],
        [[0, 0, 0, 0], [0, 0, 2, 0], [0, 1, 0, 0]],
        [[0, 0, 0, 0], [0, 0, 0, 0], [2, 0, 1, 0]],
    ]
    outputs = [
        [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 2]],
        [[0, 1, 0, 0], [0, 1, 2, 0], [0, 1, 0, 0]],
    ]
    assert first_output(inputs, outputs) == [[0, 0, 1, 0], [0, 0, 1, 0], [2, 0, 1, 0]]


def test_items_move_and_leave_nothing_behind() -> None:
    inputs = [
        [[1, 1, 0, 0, 0], [0, 0, 0, 3, 0]],
        [[2, 0, 0, 0, 0], [0, 0, 1, 1, 0]],
        [[4, 4, 4, 0, 0], [0, 0, 0, 2, 0]],
    ]
    outputs = [
        [[0, 1, 1, 0, 0], [0, 0, 0, 0, 3]],
        [[0, 2, 0, 0, 0], [0, 0, 0, 1, 1]],
    ]
    assert first_output(inputs, outputs) == [[0, 4, 4, 4, 0], [0, 0, 0, 0, 2]]


def test_a_stamp_is_read_off_and_follows_the_color() -> None:
    def made(row: int, column: int, color: int, done: bool) -> list[list[int]]:
        grid = np.zeros((7, 7), np.int64)
        grid[row, column] = color
        if done:
            grid[row - 1 : row + 2 : 2, column - 1 : column + 2 : 2] = 4
            grid[row - 1, column] = color
        return grid.tolist()

    places = [(2, 2, 1), (4, 3, 2), (3, 4, 6)]
    inputs = [made(*place, False) for place in places]
    outputs = [made(*place, True) for place in places[:2]]
    assert first_output(inputs, outputs) == made(*places[2], True)


@pytest.mark.parametrize("height", [2, 3])
def test_nothing_is_proposed_for_a_grid_that_stays(height: int) -> None:
    grid = np.ones((height, 3), np.int64)
    assert covering_proposals([grid, grid], [grid]) == []


def test_the_promised_outputs_are_those_of_the_program() -> None:
    inputs = pairs([[[1, 0, 0, 0]], [[0, 2, 0, 0]], [[0, 3, 0, 0]]])
    outputs = pairs([[[1, 1, 1, 1]], [[0, 2, 2, 2]]])
    for proposal in covering_proposals(inputs, outputs):
        scope: dict = {}
        exec(proposal.source, scope)
        made = [scope["transform"](grid) for grid in inputs]
        wanted = [*outputs, *proposal.outputs]
        assert all(np.array_equal(m, w) for m, w in zip(made, wanted, strict=True))
    assert render(image([[3]])).tolist() == [[3]]


@QUICKLY
@given(grids, st.sampled_from(["rows", "columns", "both", "turns", "all"]))
def test_unfolding_twice_is_unfolding_once(cells, way: str) -> None:
    if not cells.any():
        return
    once = library.unfolded(image(cells), way, "box")
    assert np.array_equal(library.unfolded(once, way, "box").cells != 0, once.cells != 0)


def test_copies_appear_where_a_part_of_the_item_is_shown() -> None:
    grid = image([[1, 2, 0, 0, 0], [0, 1, 0, 2, 0], [0, 0, 0, 0, 0]])
    template = library.components(grid, True)[0]
    shown = library.copies_at_marks(template, grid, False)
    assert render(shown).tolist() == [[0, 0, 0, 0, 0], [0, 0, 1, 2, 0], [0, 0, 0, 1, 0]]


def test_light_leaves_a_box_through_its_gap() -> None:
    grid = image([[0, 0, 0, 0], [5, 5, 0, 0], [5, 0, 0, 0], [5, 5, 0, 0]])
    box = library.components(grid, True)[0]
    shown = library.gap_rays(box, grid, "edge")
    assert render(shown).tolist() == [[0] * 4, [0] * 4, [0, 0, 5, 5], [0] * 4]


def test_all_single_questions_that_decide_are_heard() -> None:
    grid = image([[1, 0, 0, 2, 2], [0, 0, 0, 2, 2], [1, 1, 0, 0, 0]])
    items = next(item_sets([grid]))
    n = len(items.of_grid[0])
    wanted = np.array([int(item.cells.size == 4) * 3 for item in items.of_grid[0]])
    trees = Quiz(items, [grid]).trees(wanted, np.arange(n))
    assert len(trees) > 2
    assert all(leaf_count(tree) == 2 for tree in trees)
    assert all(np.array_equal(tree_values(tree, n), wanted) for tree in trees)
