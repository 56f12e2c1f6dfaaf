"""What counts as an answer, and what does not."""

from __future__ import annotations

import pytest

from arc.grid import Grid
from sandbox import Failure, FailureKind, Sandbox

GRID = Grid.of([[1, 2]])

MALFORMED = {
    "nothing": "None",
    "a number": "1",
    "a text": "'[[1]]'",
    "a set": "{1}",
    "a dictionary": "{0: [1]}",
    "a generator": "(row for row in [[1]])",
    "1-D": "np.array([1, 2])",
    "3-D": "np.zeros((1, 1, 1), int)",
    "0-D": "np.array(1)",
    "no rows": "np.zeros((0, 3), int)",
    "no columns": "np.zeros((3, 0), int)",
    "empty list": "[]",
    "empty row": "[[]]",
    "too high": "np.zeros((31, 1), int)",
    "too wide": "np.zeros((1, 31), int)",
    "too large a list": "[[0] * 31]",
    "ragged": "[[1, 2], [3]]",
    "color 10": "np.array([[10]])",
    "color -1": "np.array([[-1]])",
    "color 256": "np.array([[256]])",
    "color 2**64": "[[2 ** 64]]",
    "a huge integer": "[[10 ** 400]]",
    "fraction": "np.array([[0.5]])",
    "fraction in a list": "[[0.5]]",
    "NaN": "np.array([[np.nan]])",
    "infinity": "np.array([[np.inf]])",
    "complex": "np.array([[1 + 0j]])",
    "objects": "np.array([[object()]])",
    "objects that are numbers": "np.array([[1]], dtype=object)",
    "strings": "np.array([['1']])",
    "strings in a list": "[['1']]",
    "rows of text": "['12', '34']",
    "bytes": "[b'12']",
    "dates": "np.array([['2020-01-01']], dtype='datetime64[D]')",
    "records": "np.zeros((1, 1), dtype=[('a', int)])",
    "nested too deep": "[[[1]]]",
    "none in a list": "[[None]]",
}

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


def returning(expression: str) -> str:
    return f"import numpy as np\ndef transform(grid): return {expression}"


@pytest.mark.parametrize("expression", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_a_grid_is_refused(sandbox: Sandbox, expression: str) -> None:
    (outcome,) = sandbox.run(returning(expression), [GRID])
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.BAD_OUTPUT


@pytest.mark.parametrize("expression", WELL_FORMED.values(), ids=WELL_FORMED)
def test_what_can_only_mean_a_grid_is_one(sandbox: Sandbox, expression: str) -> None:
    assert sandbox.run(returning(expression), [GRID]) == [GRID]


def test_a_mask_counts_as_zeros_and_ones(sandbox: Sandbox) -> None:
    assert sandbox.run(returning("grid == 2"), [GRID]) == [Grid.of([[0, 1]])]
    assert sandbox.run(returning("[[False, True]]"), [GRID]) == [Grid.of([[0, 1]])]


def test_the_largest_grid_comes_back(sandbox: Sandbox) -> None:
    large = Grid.of([[c % 10 for c in range(30)] for _ in range(30)])
    assert sandbox.run(returning("grid"), [large]) == [large]
