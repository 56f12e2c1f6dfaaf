import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image, image
from induction.search.joining import join_proposals
from induction.search.node import Node
from induction.search.operation import call

QUICKLY = settings(max_examples=30, deadline=None)
COLORS = st.sampled_from([0, 0, 1, 2, 8])
small = arrays(np.int8, (2, 2), elements=COLORS).map(Image)
large = arrays(np.int8, (4, 6), elements=COLORS).map(Image)


def run(source: str, grid: np.ndarray) -> np.ndarray:
    scope: dict = {}
    exec(source, scope)
    return scope["transform"](grid.copy())


def nodes_of(grids: list[np.ndarray], *names: str) -> list[Node]:
    start = Node("image", tuple(image(grid) for grid in grids), 0)
    found = [start]
    for name in names:
        values = tuple(getattr(library, name)(picture) for picture in start.images)
        found.append(Node("image", values, 2, call(name, cost=2), start))
    return found


@QUICKLY
@given(small, small)
def test_beside_and_below_hold_both_images(one: Image, other: Image) -> None:
    across, down = library.beside(one, other), library.below(one, other)
    assert np.array_equal(across.cells[:, :2], one.cells)
    assert np.array_equal(across.cells[:, 2:], other.cells)
    assert np.array_equal(down.cells[:2], one.cells)
    assert np.array_equal(down.cells[2:], other.cells)


@QUICKLY
@given(small, large)
def test_stretched_colors_stay_inside_the_shape(colors: Image, picture: Image) -> None:
    result = library.stretched_over(colors, picture)
    assert not result.cells[picture.cells == 0].any()
    full = library.stretched_over(colors, Image(np.ones_like(picture.cells)))
    assert np.array_equal(library.masked(full, picture).cells, result.cells)


def test_two_halves_are_joined_by_what_the_output_demands() -> None:
    rng = np.random.default_rng(1)
    grids = [rng.integers(0, 4, (3, 6)) for _ in range(4)]
    nodes = nodes_of(grids, "left_half", "right_half")
    outer = [np.kron((g[:, :3] != 0).astype(int), g[:, 3:]) for g in grids]
    swapped = [np.hstack([g[:, 3:], g[:, :3]]) for g in grids]
    for answers in (outer, swapped):
        found = join_proposals(nodes, answers[:3])
        assert found
        assert np.array_equal(found[0].outputs[0], answers[3])
        for grid, answer in zip(grids, answers, strict=True):
            assert np.array_equal(run(found[0].source, grid), answer)


def test_nothing_joins_to_an_unrelated_output() -> None:
    grids = [np.array([[1, 2]]), np.array([[2, 1]])]
    assert not join_proposals(nodes_of(grids, "flip_columns"), [np.full((3, 3), 7)] * 2)
