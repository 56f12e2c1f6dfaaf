import numpy as np
import pytest
from hypothesis import given
from strategies import grids

from arc.errors import GridError
from arc.grid import MAX_SIDE, Grid


@given(grids())
def test_rows_and_array_give_the_grid_back(grid):
    assert Grid.of(grid.rows) == grid
    assert Grid.from_array(grid.array) == grid
    assert grid.array.shape == grid.shape


@given(grids(), grids())
def test_equal_grids_hash_alike_and_order_is_total(first, second):
    assert (first == second) == (first.rows == second.rows)
    if first == second:
        assert hash(first) == hash(second)
    assert (first < second) + (second < first) + (first == second) == 1


@given(grids())
def test_the_array_of_a_grid_cannot_be_written(grid):
    with pytest.raises(ValueError, match="read-only"):
        grid.array[0, 0] = 1


@given(grids())
def test_integral_floats_and_signed_integers_are_grids(grid):
    assert Grid.from_array(grid.array.astype(np.float32)) == grid
    assert Grid.from_array(grid.array.astype(np.int64)) == grid


def test_the_largest_grid_is_a_grid():
    assert Grid.of([[9] * MAX_SIDE] * MAX_SIDE).shape == (MAX_SIDE, MAX_SIDE)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([[]], "1x0"),
        ([[0] * 31], "1x31"),
        ([[0]] * 31, "31x1"),
        ([[0, 1], [0]], "row 1 has 1 cells, row 0 has 2"),
        ([[0, 10]], r"cell \(0, 1\) is 10"),
        ([[0, -1]], r"cell \(0, 1\) is -1"),
        ([[0.5]], r"cell \(0, 0\) is 0.5"),
        ([[True]], r"cell \(0, 0\) is True"),
        ([["1"]], r"cell \(0, 0\) is '1'"),
        (["12"], "row 0 is not a list but str"),
        ("12", "a list of rows expected, got str"),
        (None, "a list of rows expected, got NoneType"),
        ([3], "row 0 is not a list but int"),
    ],
)
def test_what_is_no_grid_is_refused_with_its_place(rows, message):
    with pytest.raises(GridError, match=message):
        Grid.of(rows)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3),
        np.zeros((2, 2, 2)),
        np.full((2, 2), 10),
        np.full((2, 2), -1),
        np.full((2, 2), 0.5),
        np.full((2, 2), np.nan),
        np.full((2, 2), np.inf),
        np.zeros((2, 2), dtype=complex),
        np.array([["1"]]),
        np.zeros((0, 3), dtype=int),
        np.zeros((31, 3), dtype=int),
        np.array([[None]]),
    ],
)
def test_arrays_that_are_no_grids_are_refused(array):
    with pytest.raises(GridError):
        Grid.from_array(array)
