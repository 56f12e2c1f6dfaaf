"""Transforms: bijections on grids, with the inverse that undoes them.

A solver that works on a transformed task must be able to bring its answer back, so only
bijections are transforms. Changes that lose or add cells are training data, not transforms;
they live with the code that makes training data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from arc.grid import N_COLORS, Cells, Grid
from arc.task import Pair, Task


class Transform(Protocol):
    """A bijection on grids: `inverse().apply(apply(grid)) == grid` for every grid."""

    @property
    def name(self) -> str:
        """A short name, unique among transforms of different effect."""
        ...

    def apply(self, grid: Grid) -> Grid:
        """Returns the transformed grid."""
        ...

    def inverse(self) -> Transform:
        """Returns the transform that undoes this one."""
        ...


class Symmetry(Enum):
    """The eight symmetries of a square; rotations turn counter-clockwise."""

    IDENTITY = "identity"
    ROTATE_90 = "rotate_90"
    ROTATE_180 = "rotate_180"
    ROTATE_270 = "rotate_270"
    FLIP_ROWS = "flip_rows"
    FLIP_COLUMNS = "flip_columns"
    TRANSPOSE = "transpose"
    ANTI_TRANSPOSE = "anti_transpose"

    def __call__(self, cells: Cells) -> Cells:
        """Returns a view of the cells under this symmetry."""
        match self:
            case Symmetry.IDENTITY:
                return cells
            case Symmetry.ROTATE_90:
                return np.rot90(cells)
            case Symmetry.ROTATE_180:
                return np.rot90(cells, 2)
            case Symmetry.ROTATE_270:
                return np.rot90(cells, 3)
            case Symmetry.FLIP_ROWS:
                return cells[::-1]
            case Symmetry.FLIP_COLUMNS:
                return cells[:, ::-1]
            case Symmetry.TRANSPOSE:
                return cells.T
            case Symmetry.ANTI_TRANSPOSE:
                return np.rot90(cells, 2).T

    def apply(self, grid: Grid) -> Grid:
        """Returns the transformed grid."""
        return Grid.from_array(self(grid.array))

    def inverse(self) -> Symmetry:
        """Returns the symmetry that undoes this one."""
        match self:
            case Symmetry.ROTATE_90:
                return Symmetry.ROTATE_270
            case Symmetry.ROTATE_270:
                return Symmetry.ROTATE_90
            case _:
                return self


SYMMETRIES: tuple[Symmetry, ...] = tuple(Symmetry)


@dataclass(frozen=True, slots=True)
class PermuteColors:
    """Replaces color `c` by `image[c]`."""

    image: tuple[int, ...]

    def __post_init__(self) -> None:
        if sorted(self.image) != list(range(N_COLORS)):
            raise ValueError(f"not a permutation of 0-{N_COLORS - 1}: {self.image}")

    @property
    def name(self) -> str:
        """The image of 0..9 as digits."""
        return "colors_" + "".join(map(str, self.image))

    def apply(self, grid: Grid) -> Grid:
        """Returns the recolored grid."""
        return Grid(grid.height, grid.width, grid.cells.translate(self._table))

    def inverse(self) -> PermuteColors:
        """Returns the permutation that restores the colors."""
        return PermuteColors(tuple(self.image.index(c) for c in range(N_COLORS)))

    @property
    def _table(self) -> bytes:
        return bytes(self.image) + bytes(range(N_COLORS, 256))


@dataclass(frozen=True, slots=True)
class Compose:
    """Applies `first`, then `second`."""

    first: Transform
    second: Transform

    @property
    def name(self) -> str:
        """Both names, in the order of application."""
        return f"{self.first.name}+{self.second.name}"

    def apply(self, grid: Grid) -> Grid:
        """Returns the grid under both transforms."""
        return self.second.apply(self.first.apply(grid))

    def inverse(self) -> Compose:
        """Returns the composition that undoes this one."""
        return Compose(self.second.inverse(), self.first.inverse())


def transform_pair(pair: Pair, transform: Transform) -> Pair:
    """Returns the pair with both grids transformed."""
    return Pair(transform.apply(pair.input), transform.apply(pair.output))


def transform_task(task: Task, transform: Transform) -> Task:
    """Returns the task as it looks under a transform; the id stays."""
    return Task(
        task.task_id,
        tuple(transform_pair(pair, transform) for pair in task.pairs),
        tuple(transform.apply(grid) for grid in task.test_inputs),
    )
