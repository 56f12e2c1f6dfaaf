"""Grids: rectangles of colors 0-9, at most 30 on a side.

Whatever is compared, voted on or written to disk is a `Grid`. Its cells are kept as bytes, so
that hashing, comparing and viewing it as a numpy array cost next to nothing. Numpy arrays live
inside the functions that do arithmetic; they never cross a module boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arc.errors import GridError

MAX_SIDE = 30
N_COLORS = 10
_VALID_CELLS = bytes(range(N_COLORS))

Cells = NDArray[np.uint8]
"""A grid's cells as an array of shape (height, width)."""


@dataclass(frozen=True, slots=True, order=True)
class Grid:
    """An immutable grid, hashable so that equal answers can be counted.

    >>> Grid.of([[1, 0, 0], [0, 1, 0]]).shape
    (2, 3)

    Attributes:
        height: Number of rows, 1..30.
        width: Number of columns, 1..30.
        cells: One byte a cell, row by row.
    """

    height: int
    width: int
    cells: bytes

    def __post_init__(self) -> None:
        if not (1 <= self.height <= MAX_SIDE and 1 <= self.width <= MAX_SIDE):
            raise GridError(f"sides must be 1..{MAX_SIDE}, got {self.height}x{self.width}")
        if len(self.cells) != self.height * self.width:
            raise GridError(f"{self.height}x{self.width} cells expected, got {len(self.cells)}")
        wrong = self.cells.translate(None, _VALID_CELLS)
        if wrong:
            at = self.cells.index(wrong[0])
            row, column = divmod(at, self.width)
            raise GridError(f"cell ({row}, {column}) is {wrong[0]}, colors are 0-9")

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Grid:
        """Returns the grid with these rows; raises `GridError` naming the first bad row or cell."""
        if isinstance(rows, (str, bytes)) or not isinstance(rows, Sequence):
            raise GridError(f"a list of rows expected, got {type(rows).__name__}")
        if not rows:
            raise GridError(f"sides must be 1..{MAX_SIDE}, got no rows")
        for r, row in enumerate(rows):
            if isinstance(row, (str, bytes)) or not isinstance(row, Sequence):
                raise GridError(f"row {r} is not a list but {type(row).__name__}")
            if len(row) != len(rows[0]):
                raise GridError(f"row {r} has {len(row)} cells, row 0 has {len(rows[0])}")
            for c, cell in enumerate(row):
                is_color = isinstance(cell, (int, np.integer)) and not isinstance(cell, bool)
                if not (is_color and 0 <= cell < N_COLORS):
                    raise GridError(f"cell ({r}, {c}) is {cell!r}, colors are 0-9")
        flat = bytes(int(cell) for row in rows for cell in row)
        return cls(len(rows), len(rows[0]), flat)

    @classmethod
    def from_array(cls, array: NDArray[np.generic]) -> Grid:
        """Returns the grid with an array's values; bool and integral floats count as integers."""
        if array.ndim != 2:
            raise GridError(f"2 dimensions expected, got {array.ndim}")
        if array.dtype != np.uint8:
            if array.dtype.kind not in "biuf":
                raise GridError(f"an array of integers expected, got dtype {array.dtype}")
            as_numbers = array.astype(np.float64)
            with np.errstate(invalid="ignore"):
                exact = (as_numbers >= 0) & (as_numbers < N_COLORS) & (as_numbers % 1 == 0)
            if not exact.all():
                row, column = (int(i) for i in np.argwhere(~exact)[0])
                found = array[row, column]
                raise GridError(f"cell ({row}, {column}) is {found}, colors are 0-9")
            array = as_numbers.astype(np.uint8)
        return cls(array.shape[0], array.shape[1], array.tobytes())

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, in cells."""
        return self.height, self.width

    @property
    def array(self) -> Cells:
        """The cells as a read-only array of shape (height, width)."""
        return np.frombuffer(self.cells, dtype=np.uint8).reshape(self.height, self.width)

    @property
    def rows(self) -> list[list[int]]:
        """The cells as lists of Python integers, as JSON has them."""
        width = self.width
        return [list(self.cells[i : i + width]) for i in range(0, len(self.cells), width)]

    def __repr__(self) -> str:
        return f"Grid.of({self.rows})"
