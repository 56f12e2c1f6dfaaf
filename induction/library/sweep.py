"""Sweeps: outputs made row by row, each from the input and the rows made before.

What continues a pattern, bounces, or stops at an obstacle is seldom a function of the input's
surroundings alone, but often one of the output made so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Cells, Image

__all__ = ["sweep"]

OUTSIDE = -1

Line = NDArray[np.int64]
"""A color, or `OUTSIDE`, per cell of a row."""

SWEEPS = ("down", "up", "right", "left")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row about to be made, in a frame in which the sweep goes down.

    Attributes:
        made: The output; rows from `index` on are not made yet.
        given: The input.
        index: The row.
    """

    made: Cells
    given: Cells
    index: int

    def above(self, columns: int) -> Line:
        """Returns the output one row above and that many columns to the right."""
        return _line(self.made, self.index - 1, columns)

    def before(self, columns: int) -> Line:
        """Returns the output two rows above and that many columns to the right."""
        return _line(self.made, self.index - 2, columns)

    def here(self, columns: int) -> Line:
        """Returns the input in this row, that many columns to the right."""
        return _line(self.given, self.index, columns)

    def below(self, columns: int) -> Line:
        """Returns the input one row below and that many columns to the right."""
        return _line(self.given, self.index + 1, columns)

    def given_above(self, columns: int) -> Line:
        """Returns the input one row above and that many columns to the right."""
        return _line(self.given, self.index - 1, columns)


def _line(cells: Cells, row: int, columns: int) -> Line:
    height, width = cells.shape
    line = np.full(width, OUTSIDE, np.int64)
    if 0 <= row < height:
        if columns >= 0:
            line[: width - columns] = cells[row, columns:]
        else:
            line[-columns:] = cells[row, :columns]
    return line


def turned_down(cells: Cells, direction: str) -> Cells:
    """Returns the cells in a frame in which a direction points down; its own inverse."""
    match direction:
        case "down":
            return cells
        case "up":
            return cells[::-1]
        case "right":
            return cells.T
        case _:
            return cells[::-1, ::-1].T


def sweep(picture: Image, direction: str, rule: Callable[[Row], NDArray[np.generic]]) -> Image:
    """Makes rows one after the other in a direction, each by a rule."""
    given = turned_down(picture.cells, direction)
    made = np.zeros(given.shape, np.int8)
    for index in range(given.shape[0]):
        made[index] = rule(Row(made, given, index))
    return picture.with_cells(turned_down(made, direction))
