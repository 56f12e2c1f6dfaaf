import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image
from induction.search.resizing.counting import counting_proposals
from induction.search.resizing.cutting import all_parts
from induction.search.resizing.expanding import expansion_proposals
from induction.search.resizing.tiling import tiling_proposals

QUICKLY = settings(max_examples=30, deadline=None)
COLORS = st.sampled_from([0, 0, 1, 2, 8])
images = arrays(np.int8, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=COLORS).map(
    Image
)


def run(proposal, grid: np.ndarray) -> np.ndarray:
    scope: dict = {}
    exec(proposal.source, scope)
    return scope["transform"](grid.copy())


def assert_found(found, inputs, outputs) -> None:
    assert found
    assert np.array_equal(found[0].outputs[0], outputs[-1])
    for proposal in found:
        wanted = (*outputs[:-1], *proposal.outputs)
        for grid, output in zip(inputs, wanted, strict=True):
            assert np.array_equal(run(proposal, grid), output)


@QUICKLY
@given(images)
def test_expanding_by_full_stamps_in_the_cells_colors_is_upscaling(picture: Image) -> None:
    made = library.expanded(0, picture, (library.ones(2, 3),), (0,))
    assert np.array_equal(made.cells, library.upscale(picture, 2, 3).cells)


@QUICKLY
@given(images)
def test_expanding_every_cell_by_the_image_is_tiling(picture: Image) -> None:
    made = library.expanded(0, picture, (picture,), ())
    assert np.array_equal(made.cells, library.tile(picture, *picture.shape).cells)


def test_a_copy_replaces_the_cells_of_the_rarest_color() -> None:
    rng = np.random.default_rng(0)
    inputs, outputs = [], []
    for _ in range(4):
        colors = rng.permutation(np.arange(1, 10))[:2]
        grid = rng.permutation([colors[0]] * 6 + [colors[1]] * 3).reshape(3, 3)
        inputs.append(grid)
        outputs.append(np.kron(grid == colors[1], grid))
    assert_found(expansion_proposals(inputs, outputs[:3]), inputs, outputs)


def test_copies_are_mirrored_from_place_to_place() -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 9, (2, 3)) for _ in range(4)]
    outputs = [np.block([[g, g[:, ::-1], g], [g[::-1], g, g * 0]]) for g in inputs]
    assert_found(tiling_proposals(inputs, outputs[:3]), inputs, outputs)


def test_as_many_cells_are_filled_as_there_are_squares() -> None:
    inputs, outputs = [], []
    for n in (1, 3, 2, 4):
        grid = np.zeros((9, 9), int)
        for i in range(n):
            grid[1 + 4 * (i // 2) :, 1 + 4 * (i % 2) :][:2, :2] = 7
        grid[8, ::3] = 7
        inputs.append(grid)
        outputs.append((np.arange(6).reshape(2, 3) < n) * 5)
    assert_found(
        counting_proposals(inputs, outputs[:3], all_parts(inputs, outputs[:3])), inputs, outputs
    )


def test_one_of_two_answers_is_told_by_a_number_that_is_confirmed() -> None:
    rng = np.random.default_rng(0)
    inputs, outputs = [], []
    for n in (1, 2, 1, 2, 1):
        grid = np.zeros(25, int)
        grid[rng.permutation(25)[: 3 * n]] = np.arange(3 * n) % n + 1
        inputs.append(grid.reshape(5, 5))
        outputs.append(np.array([[n + 5, 0]]))
    assert_found(
        counting_proposals(inputs, outputs[:4], all_parts(inputs, outputs[:4])), inputs, outputs
    )
