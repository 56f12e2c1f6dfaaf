import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image, NoResultError, image, render

QUICKLY = settings(max_examples=40, deadline=None)
SMALL = st.tuples(st.integers(1, 7), st.integers(1, 7))
images = arrays(np.int8, SMALL, elements=st.sampled_from([0, 0, 1, 2, 8])).map(Image)


def colored(picture: Image) -> bool:
    return bool(picture.cells.any())


@pytest.mark.parametrize(
    ("name", "inverse"),
    [
        ("flip_rows", "flip_rows"),
        ("flip_columns", "flip_columns"),
        ("transpose", "transpose"),
        ("anti_transpose", "anti_transpose"),
        ("rotate_90", "rotate_270"),
        ("rotate_180", "rotate_180"),
    ],
)
@QUICKLY
@given(picture=images)
def test_symmetries_are_undone_by_their_inverses(name: str, inverse: str, picture: Image) -> None:
    turned = getattr(library, inverse)(getattr(library, name)(picture))
    assert np.array_equal(turned.cells, picture.cells)


@QUICKLY
@given(images.filter(colored))
def test_cropping_twice_is_cropping_once(picture: Image) -> None:
    once = library.crop(picture)
    assert library.crop(once) == once


@QUICKLY
@given(images.filter(colored))
def test_a_crop_put_back_at_its_place_restores_the_image(picture: Image) -> None:
    assert library.place(library.crop(picture), library.blank_like(picture)) == picture


@QUICKLY
@given(images.filter(colored), st.booleans(), st.booleans())
def test_components_partition_the_colored_cells(
    picture: Image, diagonal: bool, single: bool
) -> None:
    cut = library.mono_components if single else library.components
    parts = cut(picture, diagonal)
    assert sum(library.cell_count(p) for p in parts) == library.cell_count(picture)
    back = library.place(library.overlay_all(parts), library.blank_like(picture))
    assert back == picture


@QUICKLY
@given(images, st.sampled_from(["up", "down", "left", "right"]))
def test_falling_keeps_the_colors_and_happens_once(picture: Image, direction: str) -> None:
    fallen = library.fall(picture, direction)
    assert sorted(fallen.cells.ravel()) == sorted(picture.cells.ravel())
    assert library.fall(fallen, direction) == fallen


@QUICKLY
@given(images, st.integers(1, 4), st.integers(1, 4))
def test_downscaling_undoes_upscaling_up_to_its_own_blocks(
    picture: Image, rows: int, columns: int
) -> None:
    larger = library.upscale(picture, rows, columns)
    assert library.downscale(larger) == library.downscale(picture)


@QUICKLY
@given(images)
def test_enclosed_cells_are_blank_and_disappear_when_filled(picture: Image) -> None:
    if not colored(picture):
        return
    inner = library.is_enclosed(picture, False)
    assert not picture.cells[inner == 1].any()
    assert not library.is_enclosed(library.fill_holes(picture), False).any()


@QUICKLY
@given(images, st.sampled_from(["up", "left", "up_right", "down_left"]))
def test_a_ray_sees_the_first_color_a_walk_would_meet(picture: Image, direction: str) -> None:
    dr, dc = library.motion.DIRECTIONS[direction]
    seen = library.ray(picture, direction)
    height, width = picture.shape
    for (r, c), color in np.ndenumerate(seen):
        row, column, expected = r + dr, c + dc, 0
        while 0 <= row < height and 0 <= column < width and not expected:
            expected = int(picture.cells[row, column])
            row, column = row + dr, column + dc
        assert color == expected


@QUICKLY
@given(images, st.sampled_from(["four", "eight", "mixed"]))
def test_object_sizes_agree_with_the_labels(picture: Image, kind: str) -> None:
    labels, _ = library.objectwise.object_labels(picture, kind)
    sizes = library.object_size(picture, kind)
    for label in np.unique(labels[labels > 0]):
        assert (sizes[labels == label] == (labels == label).sum()).all()


@QUICKLY
@given(images, st.sets(st.integers(0, 9)))
def test_normalizing_colors_is_undone(picture: Image, fixed: set[int]) -> None:
    grid = render(picture)
    roles = library.color_roles(grid, tuple(sorted(fixed)))
    assert all(roles[c] == c for c in fixed)
    assert np.array_equal(library.denormalized(library.normalized(grid, roles), roles), grid)


@pytest.mark.parametrize("name", library.__all__)
def test_primitives_are_documented_and_do_not_change_an_image(name: str) -> None:
    primitive = getattr(library, name)
    assert primitive.__doc__
    picture = image([[1, 0, 2], [0, 1, 0]])
    before = picture.key
    try:
        primitive(picture)
    except (TypeError, AttributeError, NoResultError, ValueError, IndexError):
        return
    assert picture.key == before


def test_the_library_has_more_than_two_hundred_primitives() -> None:
    assert len(library.__all__) > 200
    assert len(set(library.__all__)) == len(library.__all__)


def test_a_mirror_axis_completes_what_is_covered() -> None:
    whole = image([[1, 2, 3, 2, 1], [4, 5, 6, 5, 4], [1, 2, 3, 2, 1]])
    covered = whole.cells.copy()
    covered[0:2, 0] = 0
    assert library.complete_mirror(Image(covered)).cells.tolist() == whole.cells.tolist()


def test_a_period_completes_what_is_covered() -> None:
    grid = [[1, 2, 1, 2], [3, 4, 3, 4], [1, 2, 0, 2], [3, 4, 3, 4]]
    assert library.complete_period(image(grid)).cells[2, 2] == 1


def test_panels_are_cut_along_full_lines() -> None:
    grid = image([[1, 5, 2], [5, 5, 5], [3, 5, 4]])
    assert [p.cells.tolist() for p in library.panels(grid)] == [[[1]], [[2]], [[3]], [[4]]]


def test_picking_refuses_a_tie() -> None:
    parts = library.components(image([[1, 0, 2]]), True)
    with pytest.raises(NoResultError):
        library.pick_most(parts, library.cell_count)
