"""The interface that BARC's programs are written against."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction.library import common
from induction.library.common import (
    Color,
    blit,
    blit_object,
    blit_sprite,
    bounding_box,
    bounding_box_mask,
    check_between_objects,
    collision,
    contact,
    crop,
    detect_objects,
    draw_line,
    find_connected_components,
    flood_fill,
    is_contiguous,
    object_boundary,
    object_colors,
    object_interior,
    object_neighbors,
    object_position,
    random_free_location_for_sprite,
    random_sprite,
    randomly_spaced_indices,
    scale_sprite,
    translate,
)

QUICKLY = settings(max_examples=30, deadline=None)
GRIDS = arrays(
    np.int64,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.sampled_from([0, 0, 0, 1, 2, 8, 9]),
)
PLACES = st.integers(-4, 8)
CONNECTIVITIES = st.sampled_from([4, 8])


def grid(*lines):
    return np.array([[int(cell) for cell in line] for line in lines])


@QUICKLY
@given(GRIDS, CONNECTIVITIES, st.booleans())
def test_components_make_up_the_grid(cells, connectivity, monochromatic):
    found = find_connected_components(cells, 0, connectivity, monochromatic)
    assert np.array_equal(sum(found, np.zeros_like(cells)), cells)
    for component in found:
        assert component.shape == cells.shape
        assert is_contiguous(component, 0, connectivity)
        assert not monochromatic or len(object_colors(component)) == 1


@QUICKLY
@given(GRIDS, CONNECTIVITIES)
def test_components_of_any_color_come_by_their_first_cells(cells, connectivity):
    found = find_connected_components(cells, connectivity=connectivity, monochromatic=False)
    firsts = [np.flatnonzero(component)[0] for component in found]
    assert firsts == sorted(firsts)


def test_colors_come_in_the_order_of_small_sets():
    assert object_colors(grid("123456789")) == list(range(1, 10))
    assert object_colors(grid("321080")) == [8, 1, 2, 3]
    firsts = [c.max() for c in find_connected_components(grid("3920"))]
    assert firsts == [9, 2, 3]


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.int64])
def test_components_are_new_arrays_of_integers(dtype):
    cells = np.ones((2, 2), dtype)
    (component,) = find_connected_components(cells)
    component[0, 0] = 0
    assert component.dtype == np.int64
    assert cells.all()


def test_components_refuse_what_the_original_refuses():
    with pytest.raises(ValueError, match="connectivity"):
        find_connected_components(grid("1"), connectivity=5)
    with pytest.raises(TypeError):
        find_connected_components(grid("1"), background=None)
    with pytest.raises(AttributeError):
        find_connected_components([[1]])


@QUICKLY
@given(GRIDS)
def test_a_box_holds_all_and_no_more(cells):
    x, y, width, height = bounding_box(cells)
    if not cells.any():
        n, m = cells.shape
        assert (x, y, width, height) == (n, m, -n, -m)
        assert crop(cells).shape == (0, 0)
        return
    inside = cells[x : x + width, y : y + height]
    assert inside.any(axis=1)[[0, -1]].all()
    assert inside.any(axis=0)[[0, -1]].all()
    assert np.count_nonzero(inside) == np.count_nonzero(cells)
    assert np.shares_memory(crop(cells), cells)
    assert bounding_box_mask(cells).sum() == width * height


@QUICKLY
@given(GRIDS, GRIDS, PLACES, PLACES, st.sampled_from([None, 0, 2]))
def test_blit_paints_what_lies_inside(cells, sprite, x, y, background):
    expected = cells.copy()
    for (i, j), color in np.ndenumerate(sprite):
        if color != background and 0 <= x + i < len(cells) and 0 <= y + j < cells.shape[1]:
            expected[x + i, y + j] = color
    assert blit(cells, sprite, x + 0.0, y, background) is cells
    assert np.array_equal(cells, expected)


def test_blit_is_opaque_and_its_kin_are_not():
    assert np.array_equal(blit(grid("11"), grid("02")), grid("02"))
    assert np.array_equal(blit_sprite(grid("11"), grid("02"), 0, 0), grid("12"))
    assert np.array_equal(blit_object(grid("11"), grid("020")), grid("12"))
    assert np.array_equal(blit_sprite(grid("11"), grid("02"), x=0, y=-0.9), grid("12"))
    cells = grid("1200")
    assert np.array_equal(blit(cells, cells[:, :3], 0, 1), grid("1111"))
    with pytest.raises(TypeError):
        blit_sprite(grid("1"), grid("1"))
    with pytest.raises(AttributeError):
        blit(grid("1"), [[1]])
    with pytest.raises(IndexError):
        blit(grid("1"), np.array([1]))


def test_a_line_goes_to_the_edge_or_to_its_length():
    cells = np.zeros((3, 4), int)
    assert draw_line(cells, 0, 1, direction=(3, 7), color=2) == (2, 3)
    assert np.array_equal(cells, grid("0200", "0020", "0002"))
    assert draw_line(cells, 2, 0, length=2, direction=(-1, 0), color=1) == (1, 0)
    assert np.array_equal(cells[:, 0], [0, 1, 1])


def test_a_line_to_an_end_goes_straight_or_diagonally():
    cells = np.zeros((5, 5), int)
    assert draw_line(cells, 0, 0, 4, 2, length=1, color=3) == (4, 4)
    assert np.array_equal(cells, 3 * np.eye(5, dtype=int))


def test_a_line_enters_from_outside_and_stops_before_a_color():
    cells = grid("0000500")
    assert draw_line(cells, 0, -3, direction=(0, 1), color=1, stop_at_color=[5]) == (0, 3)
    assert np.array_equal(cells, grid("1111500"))
    assert draw_line(cells, 0, 4, direction=(0, 1), color=1, stop_at_color=[5]) == (0, 4)
    assert draw_line(cells, 7, 7, direction=(1, 1), color=1) == (7, 7)
    assert np.array_equal(cells, grid("1111500"))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"x": 0.5, "y": 0, "direction": (0, 1), "color": 1}, AssertionError),
        ({"x": 0, "y": 0, "end_x": 1, "color": 1}, AssertionError),
        ({"x": 0, "y": 0, "color": 1}, TypeError),
        ({"x": 0, "y": 0, "direction": (0, 1)}, TypeError),
        ({"x": 0, "y": 0, "direction": (0, 1), "length": 2.0, "color": 1}, TypeError),
        ({"x": 0, "y": 0, "direction": (0.0, 1.0), "color": 1}, IndexError),
        ({"x": 0, "y": 0, "direction": (0, 1), "color": 1, "stop_at_color": 2}, TypeError),
    ],
)
def test_a_line_refuses_what_the_original_refuses(arguments, error):
    with pytest.raises(error):
        draw_line(np.zeros((3, 3), int), **arguments)


@QUICKLY
@given(GRIDS, st.integers(0, 9), CONNECTIVITIES)
def test_a_fill_changes_one_region(cells, color, connectivity):
    before = cells.copy()
    assert flood_fill(cells, 0, 0, color, connectivity) is None
    changed = cells != before
    assert set(cells[changed]) <= {color}
    assert before[0, 0] == color or changed[0, 0]
    assert not changed.any() or is_contiguous(changed, 0, connectivity)


@QUICKLY
@given(GRIDS, st.integers(-9, 9), st.integers(-9, 9))
def test_a_moved_object_is_the_same_elsewhere(cells, x, y):
    moved = translate(cells, x, y)
    assert np.array_equal(moved, blit_sprite(np.zeros_like(cells), cells, x, y))
    with pytest.raises(IndexError):
        translate(cells, 1.0, 0)


def test_positions_are_of_the_box():
    cells = grid("0000", "0110", "0010")
    names = {
        "upper left": (1, 1),
        "Top Right": (2, 1),
        "bottomleft": (1, 2),
        "lower right": (2, 2),
        "center": (1.5, 1.5),
        "right center": (2, 1.5),
    }
    for name, place in names.items():
        assert object_position(cells, anchor=name) == place
    assert isinstance(object_position(grid("111"), anchor="center")[1], int)
    assert object_position(np.zeros((2, 3), int)) == (2, 3)
    for name in ("middle", "center left", "upper_left", "top"):
        with pytest.raises(AssertionError):
            object_position(cells, anchor=name)


def test_what_is_enclosed_is_inside():
    ring = grid("00100", "01010", "00100", "00000")
    assert object_interior(ring)[1, 2]
    assert object_interior(ring).sum() == 5
    assert np.array_equal(object_boundary(ring), ring > 0)
    assert object_neighbors(ring)[1, 2]
    thick = np.pad(np.zeros((1, 1), int), 2, constant_values=1)
    thick = np.pad(thick, 1)
    assert object_boundary(thick).sum() == 16
    assert not object_neighbors(thick, connectivity=8)[3, 3]
    frame = grid("111", "101", "111")
    assert object_interior(frame).all()


@QUICKLY
@given(GRIDS)
def test_boundary_lies_in_the_interior(cells):
    interior, boundary = object_interior(cells), object_boundary(cells)
    assert (interior | ~boundary).all()
    assert (interior | (cells == 0)).all()
    assert not (object_neighbors(cells) & (cells != 0)).any()


@QUICKLY
@given(GRIDS, GRIDS, PLACES, PLACES)
def test_contact_is_collision_with_a_step_around(first, second, x, y):
    steps = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    objects = {"object1": first, "object2": second}
    near = [collision(**objects, x1=2, x2=2 + x + dx, y2=y + dy) for dx, dy in steps]
    assert contact(**objects, x1=2, x2=2 + x, y2=y) is any(near)


def test_contact_wants_its_objects_by_name():
    with pytest.raises(AttributeError):
        contact(grid("1"), grid("1"))
    with pytest.raises(ValueError, match="connectivity"):
        contact(object1=grid("1"), object2=grid("1"), connectivity=3)


def test_between_is_within_what_both_extend():
    left, right = np.zeros((7, 5), int), np.zeros((7, 5), int)
    left[0, :4] = 1
    right[5:, 1:] = 1
    between = [
        (x, y) for x in range(7) for y in range(5) if check_between_objects(left, right, x, y)
    ]
    assert between == [(x, y) for x in range(1, 5) for y in range(1, 4)]
    assert not check_between_objects(left, right, 2, 1, padding=1)


@QUICKLY
@given(GRIDS, st.integers(1, 3))
def test_a_scaled_sprite_has_blocks(cells, factor):
    scaled = scale_sprite(cells, factor)
    assert scaled.shape == (cells.shape[0] * factor, cells.shape[1] * factor)
    assert np.array_equal(scaled[::factor, ::factor], cells)
    assert np.array_equal(scaled[factor - 1 :: factor, factor - 1 :: factor], cells)


def test_objects_come_by_size_and_nothing_without_a_kind():
    cells = grid("0100", "0022", "0022", "0300")
    assert detect_objects(cells) == []
    sizes = [np.count_nonzero(o) for o in detect_objects(cells, connectivity=4)]
    assert sizes == [4, 1, 1]
    assert len(detect_objects(cells, connectivity=8)) == 1
    assert len(detect_objects(cells, connectivity=8, monochromatic=True)) == 3
    found = detect_objects(cells, connectivity=8, colors=[1, 2])
    assert found == []
    one = detect_objects(cells, connectivity=4, predicate=lambda o: o.shape == (1, 1))
    assert [o.max() for o in one] == [1, 3]
    with pytest.raises(ValueError, match="ambiguous"):
        detect_objects(cells, connectivity=4, colors=np.array([1, 2]))


def test_windows_are_chosen_to_cover_most():
    cells = grid("11011", "11011")
    windows = detect_objects(cells, allowed_dimensions=[(2, 2)], can_overlap=True)
    assert len(windows) == 4
    chosen = detect_objects(cells, allowed_dimensions=[(2, 2)], predicate=lambda o: o.all())
    assert len(chosen) == 2
    covered = sum((o > 0) * 1 for o in detect_objects(cells, allowed_dimensions=[(2, 2)]))
    assert np.array_equal(covered, cells)


@QUICKLY
@given(
    st.integers(0, 2**32),
    st.integers(2, 6),
    st.sampled_from([None, "horizontal", "vertical", "diagonal", "radial", "not_symmetric"]),
)
def test_random_sprites_keep_their_promises(seed, n, symmetry):
    random.seed(seed)
    sprite = random_sprite([n], range(n, n + 1), symmetry=symmetry, color_palette=[3, 4])
    assert sprite.shape == crop(sprite).shape == (n, n)
    assert is_contiguous(sprite)
    assert set(sprite.flatten()) <= {0, 3, 4}
    mirrored = {"horizontal": sprite[::-1], "vertical": sprite[:, ::-1], "radial": np.rot90(sprite)}
    assert symmetry not in mirrored or np.array_equal(sprite, mirrored[symmetry])


@QUICKLY
@given(GRIDS, GRIDS, st.integers(0, 1), st.integers(0, 1))
def test_a_free_place_is_free(cells, sprite, border, padding):
    try:
        x, y = random_free_location_for_sprite(
            cells, sprite, border_size=border, padding=padding, padding_connectivity=4
        )
    except ValueError:
        return
    assert border <= x <= len(cells) - border - len(sprite)
    touch = {"object1": cells, "object2": sprite, "x2": x, "y2": y}
    assert not (contact(**touch) if padding else collision(**touch))


@QUICKLY
@given(st.integers(6, 30), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2))
def test_spaced_indices_are_spaced(length, n, border, padding):
    try:
        found = randomly_spaced_indices(length, n, border, padding)
    except IndexError:
        return
    assert len(found) == n
    assert all(b - a > padding for a, b in itertools.pairwise(found))
    low, high = (border, length - 3) if border else (0, length - 1)
    assert low <= found[0]
    assert found[-1] <= high


def test_every_name_is_there():
    assert sorted(common.__all__, key=str.lower) == sorted(set(common.__all__), key=str.lower)
    assert len(common.__all__) == 45
    assert all(hasattr(common, name) for name in common.__all__)
    assert Color.GRAY == Color.GREY
