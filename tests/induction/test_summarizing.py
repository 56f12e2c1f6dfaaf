import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image
from induction.search.resizing.cutting import all_parts
from induction.search.resizing.reading import reading_proposals
from induction.search.resizing.summarizing import summary_proposals

QUICKLY = settings(max_examples=30, deadline=None)
grids = arrays(np.int8, (6, 9), elements=st.integers(0, 4)).map(Image)


def run(proposal, grid: np.ndarray) -> np.ndarray:
    scope: dict = {}
    exec(proposal.source, scope)
    return scope["transform"](grid.copy())


@QUICKLY
@given(grids)
def test_units_laid_out_as_they_lie_show_each_part_at_its_place(picture: Image) -> None:
    parts = library.tiles(picture, 3, 3)
    small = library.arranged(library.each(parts, library.color_at(0, 0)), parts[::-1][::-1])
    assert np.array_equal(small.cells, picture.cells[::3, ::3])


@QUICKLY
@given(grids)
def test_parts_that_share_a_look_have_the_same_number_of_twins(picture: Image) -> None:
    parts = library.tiles(picture, 3, 3)
    twins = library.shares(parts, library.look_of_shape)
    looks = [library.look_of_shape(p) for p in parts]
    assert twins.tolist() == [looks.count(look) for look in looks]


@QUICKLY
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_a_snake_holds_what_is_written(colors: list[int]) -> None:
    sheet = library.snaked(library.lined(np.array(colors), False), library.blank(3, 4))
    back = sheet.cells.copy()
    back[1::2] = back[1::2, ::-1]
    assert back.ravel()[: len(colors)].tolist() == colors


def test_a_bar_is_as_long_as_its_number() -> None:
    assert library.bars(np.array([2, 3]), np.array([1, 3]), 0, 0).cells.tolist() == [
        [2, 0, 0],
        [3, 3, 3],
    ]


def keeps_its_promise(proposal, inputs, outputs) -> bool:
    wanted = (*outputs, *proposal.outputs)
    return all(np.array_equal(run(proposal, g), w) for g, w in zip(inputs, wanted, strict=True))


def test_panels_become_cells_by_what_they_hold() -> None:
    rng = np.random.default_rng(0)
    inputs, outputs = [], []
    for _ in range(4):
        grid = np.full((7, 7), 5)
        counts = rng.integers(0, 5, (2, 2))
        for r in (0, 1):
            for c in (0, 1):
                panel = np.zeros(9, int)
                panel[rng.permutation(9)[: counts[r, c]]] = 3
                grid[4 * r : 4 * r + 3, 4 * c : 4 * c + 3] = panel.reshape(3, 3)
        inputs.append(grid)
        outputs.append(np.where(counts > 2, 1, 2))
    found = summary_proposals(inputs, outputs[:3], all_parts(inputs, outputs[:3]))
    assert found
    assert np.array_equal(found[0].outputs[0], outputs[3])
    assert all(keeps_its_promise(p, inputs, outputs[:3]) for p in found)


def test_colors_are_read_in_the_order_of_their_parts_sizes() -> None:
    rng = np.random.default_rng(0)
    inputs, outputs = [], []
    for _ in range(4):
        grid = np.zeros((9, 9), int)
        colors = rng.permutation(np.arange(1, 10))[:3]
        for size, color, row in zip((2, 4, 6), colors, rng.permutation(3), strict=True):
            grid[3 * row, 1 : 1 + size] = color
        inputs.append(grid)
        outputs.append(np.repeat(colors[::-1, None], 2, axis=1))
    found = reading_proposals(inputs, outputs[:3], all_parts(inputs, outputs[:3]))
    assert found
    assert np.array_equal(found[0].outputs[0], outputs[3])
    assert all(keeps_its_promise(p, inputs, outputs[:3]) for p in found)
