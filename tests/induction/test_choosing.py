import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image, NoResultError, choose, equal, image, least, most
from induction.search.resizing.choosing import choice_proposals
from induction.search.resizing.cutting import all_parts

QUICKLY = settings(max_examples=30, deadline=None)
SMALL = st.tuples(st.integers(1, 7), st.integers(1, 7))
images = arrays(np.int8, SMALL, elements=st.sampled_from([0, 0, 1, 2, 8])).map(Image)
lists = st.lists(images, min_size=1, max_size=5).map(tuple)
CUTS = (
    "color_boxes", "framed", "corner_marked", "cornered", "plain_regions", "grounds", "panel_rows",
    "panel_columns", "squares",
)  # fmt: skip


def run(proposal, grid: np.ndarray) -> np.ndarray:
    scope: dict = {}
    exec(proposal.source, scope)
    return scope["transform"](grid.copy())


@pytest.mark.parametrize("name", CUTS)
@QUICKLY
@given(picture=images)
def test_regions_show_what_the_image_shows_there(name: str, picture: Image) -> None:
    try:
        parts = getattr(library, name)(picture)
    except NoResultError:
        return
    for part in parts:
        assert library.cut_at(part, picture) == part


@QUICKLY
@given(lists, st.sampled_from(["cell_count", "area", "change_count", "elongation"]))
def test_the_chosen_part_passes(pictures: tuple[Image, ...], name: str) -> None:
    measure = getattr(library, name)
    for test, best in ((most, max), (least, min)):
        passed = [measure(p) for p, ok in zip(pictures, test(measure)(pictures), strict=True) if ok]
        assert set(passed) == {best(measure(p) for p in pictures)}


@QUICKLY
@given(lists)
def test_a_single_part_is_chosen_by_any_extreme(pictures: tuple[Image, ...]) -> None:
    assert choose(pictures[:1], most(library.area)) == pictures[0]


@QUICKLY
@given(lists)
def test_a_second_test_compares_only_what_passed_the_first(pictures: tuple[Image, ...]) -> None:
    one, other = most(library.color_count), least(library.cell_count)
    try:
        both = choose(pictures, one, other)
    except NoResultError:
        return
    assert both == choose(library.keep(pictures, one), other)


def test_choosing_between_different_parts_is_an_error() -> None:
    with pytest.raises(NoResultError):
        choose((image([[1]]), image([[2]])), equal(library.area, 1))


def test_frames_are_found_with_what_they_hold() -> None:
    grid = np.zeros((7, 7), int)
    grid[1:5, 1:6] = 3
    grid[2:4, 2:5] = [[0, 4, 0], [5, 0, 0]]
    (frame,) = library.framed(image(grid))
    assert (frame.row, frame.column, frame.shape) == (1, 1, (4, 5))


def test_a_part_that_is_not_extreme_is_found_and_the_program_keeps_its_promise() -> None:
    # Neither the largest part nor the smallest, and colors tell nothing.
    rng = np.random.default_rng(0)
    ring, bar, dot = np.full((4, 4), 1), np.full((2, 4), 1), np.full((1, 2), 1)
    ring[1:3, 1:3] = 0
    inputs, outputs = [], []
    for index in range(4):
        grid = np.zeros((14, 14), int)
        order = rng.permutation(3)
        for place, kind in enumerate(order):
            piece = (ring, bar, dot)[kind] * int(rng.integers(1, 9))
            if kind == 1:
                piece = piece.copy()
                piece[0, index] = 0
                outputs.append(piece)
            top, left = 5 * place, int(rng.integers(0, 9))
            grid[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
        inputs.append(grid)
    found = choice_proposals(inputs, outputs[:3], all_parts(inputs, outputs[:3]))
    assert any(np.array_equal(proposal.outputs[0], outputs[3]) for proposal in found)
    for proposal in found:
        for grid, wanted in zip(inputs, (*outputs[:3], *proposal.outputs), strict=True):
            assert np.array_equal(run(proposal, grid), wanted)
