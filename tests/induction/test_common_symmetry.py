"""Symmetries in the library that BARC's programs are written against."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction.library.common import (
    MirrorSymmetry,
    RotationalSymmetry,
    TranslationalSymmetry,
    detect_mirror_symmetry,
    detect_rotational_symmetry,
    detect_translational_symmetry,
    orbit,
)

QUICKLY = settings(max_examples=30, deadline=None)
GRIDS = arrays(
    np.int64,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.sampled_from([0, 0, 0, 1, 2, 8, 9]),
)


def grid(*lines):
    return np.array([[int(cell) for cell in line] for line in lines])


def test_translations_are_found_with_their_sign():
    stripes = np.tile(grid("12"), (3, 2))
    assert [(s.translate_x, s.translate_y) for s in detect_translational_symmetry(stripes)] == [
        (-1, 0),
        (0, -2),
    ]
    diagonal = grid("100", "010", "001")
    (found,) = detect_translational_symmetry(diagonal)
    assert (found.translate_x, found.translate_y) == (1, 1)
    assert detect_translational_symmetry(np.zeros((3, 3), int)) == []
    assert repr(found) == "TranslationalSymmetry(translate_x=1, translate_y=1)"


@QUICKLY
@given(arrays(np.int64, (3, 3), elements=st.integers(1, 9)), st.integers(0, 3), st.integers(0, 3))
def test_the_center_of_a_turned_grid_is_found(part, x, y):
    turned = np.block([[part, np.rot90(part, -1)], [np.rot90(part), np.rot90(part, 2)]])
    cells = np.zeros((9, 9), int)
    cells[x : x + 6, y : y + 6] = turned
    found = detect_rotational_symmetry(cells, ignore_colors=[0])
    assert found is not None
    assert np.array_equal(cells[found.apply(*np.nonzero(cells))], cells[np.nonzero(cells)])


def test_a_turn_takes_right_to_up():
    turn = RotationalSymmetry(1, 1)
    assert turn.apply(2, 1) == (1, 0)
    assert turn.apply(2, 1, 4) == (2, 1)
    assert turn.apply(2, 1, -1) == (2, 1)
    half = RotationalSymmetry(0.5, 0.5)
    assert half.apply(0, 0) == (0, 1)
    assert all(isinstance(v, int) for v in half.apply(0, 0))
    assert detect_rotational_symmetry(grid("12", "34"), ignore_colors=[]) is None


def test_all_the_best_mirrors_are_found():
    cross = grid("121", "232", "121")
    found = detect_mirror_symmetry(cross, ignore_colors=[])
    assert found[0].apply(0, 2) == (2, 2)
    assert [(s.mirror_x, s.mirror_y) for s in found] == [(1, None), (None, 1), (1, 1)]
    plain = detect_mirror_symmetry(grid("123", "456"), ignore_colors=[])
    assert [(s.mirror_x, s.mirror_y) for s in plain] == [(0, None), (1, None)]
    assert MirrorSymmetry(0.5, None).apply(0, 3, -1) == (1, 3)
    assert MirrorSymmetry(1, 1).apply(0, 3, 2) == (0, 3)


@QUICKLY
@given(GRIDS, st.data())
def test_an_orbit_is_closed(cells, data):
    n, m = cells.shape
    x, y = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, m - 1))
    mirror = MirrorSymmetry((n - 1) / 2, (m - 1) / 2)
    found = orbit(cells, x, y, [mirror])
    assert set(found) == {(x, y), (n - 1 - x, m - 1 - y)}
    shift = TranslationalSymmetry(2, 0)
    assert set(orbit(cells, x, y, [shift])) == {(i, y) for i in range(x % 2, n, 2)}
    assert orbit(cells, 99, 99, []) == [(99, 99)]
    with pytest.raises(TypeError):
        orbit(cells, x, y, mirror)
    with pytest.raises(AttributeError):
        orbit(cells, x, y, [None])
