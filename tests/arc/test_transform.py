import pytest
from hypothesis import given
from strategies import grids, tasks, transforms

from arc.grid import Grid
from arc.transform import SYMMETRIES, PermuteColors, Symmetry, transform_task


@given(transforms(), grids())
def test_inverse_undoes_apply(transform, grid):
    assert transform.inverse().apply(transform.apply(grid)) == grid


@given(transforms(), grids())
def test_apply_undoes_inverse(transform, grid):
    assert transform.apply(transform.inverse().apply(grid)) == grid


@given(transforms(), grids(), grids())
def test_distinct_grids_stay_distinct(transform, first, second):
    assert (transform.apply(first) == transform.apply(second)) == (first == second)


@given(transforms(), tasks())
def test_a_task_comes_back_from_its_transform(transform, task):
    assert transform_task(transform_task(task, transform), transform.inverse()) == task


def test_the_eight_symmetries_are_eight():
    lopsided = Grid.of([[1, 2, 3], [4, 5, 6]])
    assert len({symmetry.apply(lopsided) for symmetry in SYMMETRIES}) == 8


@given(grids())
def test_two_quarter_turns_are_a_half_turn(grid):
    quarter = Symmetry.ROTATE_90.apply
    assert quarter(quarter(grid)) == Symmetry.ROTATE_180.apply(grid)


def test_a_quarter_turn_is_counter_clockwise():
    assert Symmetry.ROTATE_90.apply(Grid.of([[1, 2]])) == Grid.of([[2], [1]])


def test_permute_colors_refuses_what_is_no_permutation():
    with pytest.raises(ValueError, match="not a permutation"):
        PermuteColors((0, 0, 2, 3, 4, 5, 6, 7, 8, 9))
