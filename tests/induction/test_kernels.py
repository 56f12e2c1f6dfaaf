"""The compiled kernels against scipy, or against what their docstrings say in plain numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from induction.library import kernels
from induction.library.image import Cells, Mask

SIDES = st.tuples(st.integers(1, 7), st.integers(1, 7))
cells_of_few_colors = arrays(np.int8, SIDES, elements=st.sampled_from([0, 0, 1, 2]))
masks = arrays(np.bool_, SIDES)
STRUCTURES = {False: ndimage.generate_binary_structure(2, 1), True: np.ones((3, 3))}


@given(cells_of_few_colors, st.booleans())
def test_parts_are_those_of_scipy(cells: Cells, diagonal: bool) -> None:
    labels, boxes = kernels.connected_parts(cells, diagonal, False)
    expected, count = ndimage.label(cells, STRUCTURES[diagonal])
    assert np.array_equal(labels, expected)
    assert len(boxes) == count
    for box, slices in zip(boxes.tolist(), ndimage.find_objects(expected), strict=True):
        rows, columns = slices
        assert box[:4] == [rows.start, rows.stop, columns.start, columns.stop]


@given(cells_of_few_colors, st.booleans())
def test_parts_by_color_are_the_parts_of_each_color(cells: Cells, diagonal: bool) -> None:
    labels, boxes = kernels.connected_parts(cells, diagonal, True)
    assert np.array_equal(labels == 0, cells == 0)
    assert len(boxes) == sum(ndimage.label(cells == c, STRUCTURES[diagonal])[1] for c in (1, 2))
    for number, box in enumerate(boxes.tolist(), 1):
        assert (cells[labels == number] == box[4]).all()


@given(cells_of_few_colors, st.booleans())
def test_cut_out_parts_put_together_are_the_whole(cells: Cells, by_color: bool) -> None:
    labels, boxes = kernels.connected_parts(cells, True, by_color)
    rest = kernels.cut_out(cells, labels, boxes)
    whole = np.zeros_like(cells)
    for top, bottom, left, right, _ in boxes.tolist():
        height, width = bottom - top, right - left
        whole[top:bottom, left:right] += rest[: height * width].reshape(height, width)
        rest = rest[height * width :]
    assert not rest.size
    assert np.array_equal(whole, cells)


@given(masks)
def test_enclosed_cells_are_the_holes_of_scipy(mask: Mask) -> None:
    assert np.array_equal(
        kernels.enclosed_cells(mask, False), ndimage.binary_fill_holes(mask) & ~mask
    )


@given(masks, st.booleans())
def test_dilation_is_that_of_scipy(mask: Mask, diagonal: bool) -> None:
    expected = ndimage.binary_dilation(mask, STRUCTURES[diagonal])
    assert np.array_equal(kernels.dilated(mask, diagonal), expected)


@given(masks, st.booleans())
def test_neighbors_are_counted_as_by_a_convolution(mask: Mask, diagonal: bool) -> None:
    kernel = STRUCTURES[diagonal].astype(np.int64)
    kernel[1, 1] = 0
    expected = ndimage.convolve(mask.astype(np.int64), kernel, mode="constant")
    assert np.array_equal(kernels.neighbors(mask, diagonal), expected)


@given(cells_of_few_colors, st.booleans())
def test_alike_neighbors_are_neighbors_in_the_color(cells: Cells, diagonal: bool) -> None:
    counts = kernels.alike_neighbors(cells, diagonal)
    for color in (0, 1, 2):
        mask = cells == color
        assert np.array_equal(counts[mask], kernels.neighbors(mask, diagonal)[mask])


@pytest.mark.parametrize("direction", [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1)])
@given(cells=cells_of_few_colors)
def test_a_sweep_carries_the_last_color(cells: Cells, direction: tuple[int, int]) -> None:
    height, width = cells.shape
    result = kernels.swept(cells, *direction)
    for r in range(height):
        for c in range(width):
            y, x = r - direction[0], c - direction[1]
            inside = 0 <= y < height and 0 <= x < width
            before = int(result[y, x]) if inside else 0
            assert result[r, c] == (cells[r, c] or before)


@given(cells_of_few_colors, st.booleans())
def test_growth_paints_blank_cells_in_a_color_they_touch(cells: Cells, diagonal: bool) -> None:
    result = kernels.grown(cells, diagonal)
    assert np.array_equal(result[cells != 0], cells[cells != 0])
    assert np.array_equal(result != 0, kernels.dilated(cells != 0, diagonal))
    for color in (1, 2):
        assert not (~kernels.dilated(cells == color, diagonal) & (result == color)).any()


@given(cells_of_few_colors)
def test_the_best_axis_contradicts_nothing(cells: Cells) -> None:
    axis, agreed = kernels.best_axis(cells)
    counted = 0
    for r in range(cells.shape[0]):
        if agreed >= 0 and 0 <= axis - r < cells.shape[0]:
            both = (cells[r] != 0) & (cells[axis - r] != 0)
            assert np.array_equal(cells[r][both], cells[axis - r][both])
            counted += int(both.sum())
    assert counted == max(agreed, 0)


@given(cells_of_few_colors)
def test_the_best_period_contradicts_nothing(cells: Cells) -> None:
    rows, columns = kernels.best_period(cells)
    if rows:
        for color in (1, 2):
            mask = cells == color
            again = np.zeros_like(mask)
            for r, c in zip(*np.nonzero(mask), strict=True):
                again[r % rows :: rows, c % columns :: columns] = True
            assert not (again & (cells != 0) & ~mask).any()


@given(cells_of_few_colors)
def test_the_best_translation_contradicts_nothing(cells: Cells) -> None:
    down, right = kernels.best_translation(cells, 10)
    if down or right:
        moved = np.roll(cells, (down, right), (0, 1))
        moved[:down] = 0
        if right > 0:
            moved[:, :right] = 0
        elif right < 0:
            moved[:, right:] = 0
        both = (cells != 0) & (moved != 0)
        assert np.array_equal(cells[both], moved[both])


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=9),
    st.lists(st.integers(0, 9), min_size=9, max_size=9),
    st.integers(0, 9),
)
def test_a_table_is_found_where_pairs_determine_the_target(
    pairs: list[tuple[int, int]], truth: list[int], shown: int
) -> None:
    one = np.array([p[0] for p in pairs], np.int8)
    other = np.array([p[1] for p in pairs], np.int8)
    target = np.array([truth[3 * a + b] for a, b in pairs], np.int8)
    table = np.empty(100, np.int8)
    size = kernels.table_size(one, other, target, table)
    assert size == len(set(pairs))
    assert all(table[10 * a + b] == t for (a, b), t in zip(pairs, target, strict=True))
    known = set(pairs[:shown])
    new = any(pair not in known for pair in pairs)
    assert (kernels.table_size(one, other, target[:shown], table) == 0) == new
