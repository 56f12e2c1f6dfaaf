"""What counts as an answer, and what does not."""

from __future__ import annotations

import pytest
from hostile import returning

from arc.grid import Grid
from sandbox import Sandbox

GRID = Grid.of([[1, 2]])

WELL_FORMED = {
    "integers": "np.array([[1, 2]])",
    "bytes": "np.array([[1, 2]], dtype=np.uint8)",
    "floats without a fraction": "np.array([[1.0, 2.0]])",
    "lists": "[[1, 2]]",
    "tuples": "((1, 2),)",
    "a list of arrays": "[np.array([1, 2])]",
    "numpy numbers in a list": "[[np.int64(1), np.float32(2)]]",
    "a view": "np.array([[1], [2]]).T",
    "every other column": "np.array([[1, 9, 2, 9]])[:, ::2]",
    "a masked array": "np.ma.array([[1, 2]])",
}


@pytest.mark.parametrize("expression", WELL_FORMED.values(), ids=WELL_FORMED)
def test_what_can_only_mean_a_grid_is_one(sandbox: Sandbox, expression: str) -> None:
    assert sandbox.run(returning(expression), [GRID]) == [GRID]


def test_a_mask_counts_as_zeros_and_ones(sandbox: Sandbox) -> None:
    assert sandbox.run(returning("grid == 2"), [GRID]) == [Grid.of([[0, 1]])]
    assert sandbox.run(returning("[[False, True]]"), [GRID]) == [Grid.of([[0, 1]])]


def test_the_largest_grid_comes_back(sandbox: Sandbox) -> None:
    large = Grid.of([[c % 10 for c in range(30)] for _ in range(30)])
    assert sandbox.run(returning("grid"), [large]) == [large]
