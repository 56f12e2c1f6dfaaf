"""Sweeping: rules for each row of the output, learned from the rows before it.

The learner sees the true output above each row; a rule without errors then makes the same rows
when it is run on what it made itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Cells, Image, image
from induction.library.sweep import SWEEPS, Line, Row, sweep, turned_down
from induction.search.proposal import Proposal
from induction.search.question import Measured, questions
from induction.search.tree import Leaf, Tree, TreeLearner, tree_cost, tree_text

COST = 4.0

Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A cell of the output or input that a row's rule may look at."""

    text: str
    function: Callable[[Row], Line]
    cost: float


def _views(width: int) -> list[_View]:
    """Returns what may be looked at, up to so many columns aside."""
    found = []
    for columns in range(-width, width + 1):
        far = abs(columns)
        found += [
            _View(f"row.here({columns})", lambda row, c=columns: row.here(c), 0.5 * far),  # type: ignore[misc]
            _View(f"row.above({columns})", lambda row, c=columns: row.above(c), 0.2 + 0.5 * far),  # type: ignore[misc]
            _View(f"row.before({columns})", lambda row, c=columns: row.before(c), 1 + 0.5 * far),  # type: ignore[misc]
            _View(f"row.below({columns})", lambda row, c=columns: row.below(c), 1 + 0.5 * far),  # type: ignore[misc]
        ]
    return sorted(found, key=lambda view: view.cost)


def sweep_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], max_splits: int
) -> list[Proposal]:
    """Returns a rule for each direction and width of view that has one without errors."""
    found = []
    wanted = [image(output).cells for output in outputs]
    pictures = [image(grid) for grid in inputs]
    for width in (1, 2):
        views = _views(width)
        for direction in SWEEPS:
            tree = _learned(views, pictures, wanted, direction, max_splits)
            if tree is None:
                continue
            text = tree_text(tree)
            if "row.above" not in text and "row.before" not in text:
                continue
            functions = {view.text: view.function for view in views}
            made = [_made(picture, direction, tree, functions) for picture in pictures]
            if any(m is None for m in made):
                continue
            shown = [m.cells for m in made if m is not None]
            if not all(np.array_equal(m, w) for m, w in zip(shown, wanted, strict=False)):
                continue
            body = (f'answer = render(sweep(grid, "{direction}", lambda row: {text}))',)
            tests = tuple(cells.astype(np.int64) for cells in shown[len(wanted) :])
            cost = COST + tree_cost(tree) + width
            found.append(Proposal(body, cost, tests, "sweep"))
        if found:
            break
    return found


def _learned(
    views: Sequence[_View],
    pictures: Sequence[Image],
    wanted: Sequence[Cells],
    direction: str,
    max_splits: int,
) -> Tree | None:
    columns: list[list[Line]] = [[] for _ in views]
    colors = []
    for picture, output in zip(pictures, wanted, strict=False):
        made = turned_down(output, direction)
        given = turned_down(picture.cells, direction)
        colors.append(made.ravel())
        for index in range(len(made)):
            row = Row(made, given, index)
            for values, view in zip(columns, views, strict=True):
                values.append(view.function(row))
    subjects = [
        Measured(view.text, view.cost, "sweep", True, np.concatenate(values).astype(np.int16))
        for view, values in zip(views, columns, strict=True)
    ]
    target = np.concatenate(colors).astype(np.int64)
    asked = questions(subjects, len(target))
    if not asked:
        return None
    return TreeLearner(asked, subjects, target).learn(max_splits)


def _made(
    picture: Image, direction: str, tree: Tree, functions: dict[str, Callable[[Row], Line]]
) -> Image | None:
    """Returns what a tree makes of an image, or `None` where it gives no color."""
    result = sweep(picture, direction, lambda row: _row_values(tree, row, functions))
    return None if result.cells.min() < 0 else result


def _row_values(tree: Tree, row: Row, functions: dict[str, Callable[[Row], Line]]) -> Line:
    if isinstance(tree, Leaf):
        if tree.copied:
            return functions[tree.copied.text](row)
        return np.full(row.given.shape[1], tree.color)
    seen = functions[tree.question.subject.text](row)
    truth = seen == tree.question.value
    yes, no = _row_values(tree.yes, row, functions), _row_values(tree.no, row, functions)
    return np.where(truth, yes, no)
