"""Rays: lines that leave an item of an image, as images with their place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from induction.library.drawing import in_grid, shaped
from induction.library.image import Cells, Image, Mask
from induction.library.item import lean
from induction.library.motion import DIRECTIONS, swept

__all__ = ["gap_rays", "pointed_rays", "ray_cells", "ray_starts"]

DIRECTION_NAMES = {step: name for name, step in DIRECTIONS.items()}

Places = NDArray[np.int64]
"""Rows or columns."""


def ray_starts(item: Image, start: str, direction: str) -> tuple[Places, Places]:
    """Returns rows and columns from which an item's rays in a direction start.

    They are all its `cells`, or the `middle` of the side, or the corner, that lies there, or the
    `inner` cells of that side, without its ends.
    """
    if start == "cells":
        rows, columns = item.cells.nonzero()
        return rows + item.row, columns + item.column
    dr, dc = DIRECTIONS[direction]
    rows = _ends(item.row, item.shape[0], dr, start)
    columns = _ends(item.column, item.shape[1], dc, start)
    return np.repeat(rows, len(columns)), np.tile(columns, len(rows))


def _ends(start: int, length: int, step: int, which: str) -> Places:
    """Returns the middle one or two or the inner ones, or the one that lies in a direction."""
    if step == 0 and which == "inner":
        return np.arange(start + 1, start + length - 1)
    if step == 0:
        return np.arange(start + (length - 1) // 2, start + length // 2 + 1)
    return np.array([start if step < 0 else start + length - 1])


def ray_cells(
    item: Image, grid: Image, directions: Sequence[str], until: str | int, start: str = "cells"
) -> Image:
    """Returns rays from an item.

    They run to the `edge`; or are stopped by a colored cell, a `wall`; or are
    there only if they end at one, a `hit`, or at one of a color of the item, an `own` one, or of
    a given color.
    """
    mask = np.zeros(grid.shape, np.bool_)
    body = in_grid(item, grid)
    for direction in directions:
        sources = np.zeros(grid.shape, np.bool_)
        sources[ray_starts(item, start, direction)] = True
        if until == "edge":
            mask |= swept(sources.astype(np.int8), direction) != 0
            continue
        walls = np.where(body, 0, grid.cells)
        walls = np.where(sources, 10, walls).astype(np.int8)
        lit = (swept(walls, direction) == 10) & ~sources & ~body
        if until != "wall":
            lit &= _is_hit(item, grid, body, direction, until)
        mask |= lit
    return shaped(item, mask & ~body, 0, 0)


def _is_hit(item: Image, grid: Image, body: Mask, direction: str, until: str | int) -> Mask:
    """Returns the cells from which the next colored cell in a direction may end a ray."""
    dr, dc = DIRECTIONS[direction]
    opposite = next(name for name, d in DIRECTIONS.items() if d == (-dr, -dc))
    ends: Cells = np.where(body, 10, grid.cells).astype(np.int8)
    seen = swept(ends, opposite)
    if isinstance(until, int):
        return np.equal(seen, until)
    if until == "hit":
        is_hit: Mask = (seen != 0) & (seen != 10)
        return is_hit
    return np.isin(seen, np.unique(item.cells[item.cells != 0]))


def gap_rays(item: Image, grid: Image, until: str) -> Image:
    """Returns rays to the outside from the blank cells in the sides of the item's box."""
    height, width = item.shape
    result = np.zeros(grid.shape, np.bool_)
    rows, columns = np.indices(item.shape)
    sides = {"up": rows == 0, "down": rows == height - 1}
    sides |= {"left": columns == 0, "right": columns == width - 1}
    for direction, is_there in sides.items():
        gaps = (is_there & (item.cells == 0)).astype(np.int8)
        if gaps.any():
            gap = Image(gaps, item.row, item.column)
            walls = grid if until == "edge" else grid.with_cells(np.where(grid.cells, 9, 0))
            result |= ray_cells(gap, walls, (direction,), until).cells != 0
    return shaped(item, result, 0, 0)


def pointed_rays(item: Image, grid: Image, until: str, is_back: bool) -> Image:
    """Returns the ray that leaves an item the way it points, or the opposite way.

    An item points, from the middle of its box, to its least common color if it has several, or
    to where more of its cells lie; one that does not point has no ray.
    """
    direction = DIRECTION_NAMES.get(lean(item))
    if direction is None:
        return shaped(item, np.zeros(grid.shape, np.bool_), 0, 0)
    if is_back:
        dr, dc = DIRECTIONS[direction]
        direction = DIRECTION_NAMES[-dr, -dc]
    return ray_cells(item, grid, (direction,), until, "middle")
