"""Drawings: what an item of an image may add to it, as images with their place.

An item is a part cut out of the grid that it is drawn on. A drawing may reach beyond the edge,
where it is cut off, and holds the item's own colors until `draw` decides otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from induction.library import kernels
from induction.library.color import most_common_color
from induction.library.image import Image, Images, Mask
from induction.library.motion import DIRECTIONS
from induction.library.shape import enclosed

__all__ = [
    "around", "blank_cells", "box_border", "box_cells", "box_corners", "box_inside", "column_band",
    "dotted", "draw", "flooded", "half", "hole_cells", "in_grid", "interior_cells", "middle_cells",
    "middle_line", "own_cells", "rings", "row_band", "shaped",
]  # fmt: skip

NOTHING, ERASED, KEPT = 0, 10, 11
"""What the color of a drawing may be besides a color: no drawing, blank cells, its own colors."""


def draw(
    answer: Image,
    grid: Image,
    items: Images,
    drawing: Callable[[Image], Image],
    color: Callable[[Image], object],
    is_over: bool,
) -> Image:
    """Adds a drawing of each item to an answer, in the color that a rule gives the item.

    Only cells that are blank in the grid are drawn on unless `is_over`.
    """
    result = answer.cells.copy()
    for item in items:
        chosen = int(color(item))  # type: ignore[call-overload]
        if chosen == NOTHING:
            continue
        layer = drawing(item)
        rows, columns = layer.cells.nonzero()
        values = layer.cells[rows, columns]
        rows, columns = rows + layer.row, columns + layer.column
        fits = (rows >= 0) & (rows < result.shape[0]) & (columns >= 0)
        fits &= columns < result.shape[1]
        rows, columns, values = rows[fits], columns[fits], values[fits]
        if not is_over:
            free = grid.cells[rows, columns] == 0
            rows, columns, values = rows[free], columns[free], values[free]
        if chosen == ERASED:
            values = np.zeros_like(values)
        elif chosen != KEPT:
            values = np.full_like(values, chosen)
        result[rows, columns] = values
    return answer.with_cells(result)


def shaped(item: Image, mask: Mask, row: int, column: int) -> Image:
    """Returns a mask in the item's main color."""
    return Image((mask * np.int8(most_common_color(item))).astype(np.int8), row, column)


def _padded(item: Image, margin: int) -> Mask:
    return np.pad(item.cells != 0, margin)


def own_cells(item: Image) -> Image:
    """Returns the item itself."""
    return item


def hole_cells(item: Image) -> Image:
    """Returns the blank cells that the item encloses."""
    return shaped(item, enclosed(item.cells != 0), item.row, item.column)


def blank_cells(item: Image) -> Image:
    """Returns the blank cells in the item's bounding box."""
    return shaped(item, item.cells == 0, item.row, item.column)


def box_cells(item: Image) -> Image:
    """Returns the item's bounding box."""
    return shaped(item, np.ones(item.shape, np.bool_), item.row, item.column)


def box_inside(item: Image, margin: int) -> Image:
    """Returns the bounding box without so many of its outermost rows and columns."""
    mask = np.zeros(item.shape, np.bool_)
    mask[margin : item.shape[0] - margin, margin : item.shape[1] - margin] = True
    return shaped(item, mask, item.row, item.column)


def box_border(item: Image, margin: int) -> Image:
    """Returns the outermost rows and columns of the box that is wider by so much on all sides."""
    height, width = (max(side + 2 * margin, 0) for side in item.shape)
    mask = np.ones((height, width), np.bool_)
    mask[1:-1, 1:-1] = False
    return shaped(item, mask, item.row - margin, item.column - margin)


def box_corners(item: Image, margin: int) -> Image:
    """Returns the corner cells of the box that is wider by so much on all sides."""
    mask = np.zeros((item.shape[0] + 2 * margin, item.shape[1] + 2 * margin), np.bool_)
    mask[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    return shaped(item, mask, item.row - margin, item.column - margin)


def around(item: Image, diagonal: bool) -> Image:
    """Returns the cells beside the item."""
    mask = _padded(item, 1)
    return shaped(item, kernels.dilated(mask, diagonal) & ~mask, item.row - 1, item.column - 1)


def middle_cells(item: Image) -> Image:
    """Returns the cell, or the two or four, in the middle of the bounding box."""
    height, width = item.shape
    mask = np.zeros(item.shape, np.bool_)
    mask[(height - 1) // 2 : height // 2 + 1, (width - 1) // 2 : width // 2 + 1] = True
    return shaped(item, mask, item.row, item.column)


def interior_cells(item: Image) -> Image:
    """Returns the item's cells that none outside the item touches, diagonals included."""
    outside = kernels.dilated(~_padded(item, 1), True)[1:-1, 1:-1]
    return shaped(item, (item.cells != 0) & ~outside, item.row, item.column)


def row_band(item: Image, grid: Image) -> Image:
    """Returns all rows that the item has cells in."""
    mask = np.zeros(grid.shape, np.bool_)
    mask[item.row : item.row + item.shape[0]] = True
    return shaped(item, mask, 0, 0)


def column_band(item: Image, grid: Image) -> Image:
    """Returns all columns that the item has cells in."""
    mask = np.zeros(grid.shape, np.bool_)
    mask[:, item.column : item.column + item.shape[1]] = True
    return shaped(item, mask, 0, 0)


def in_grid(item: Image, grid: Image) -> Mask:
    """Returns where the item's cells lie in the grid."""
    mask = np.zeros(grid.shape, np.bool_)
    height, width = item.shape
    mask[item.row : item.row + height, item.column : item.column + width] = item.cells != 0
    return mask


def half(item: Image, direction: str) -> Image:
    """Returns the part of the item on one side of its middle, the middle line left out."""
    dr, dc = DIRECTIONS[direction]
    height, width = item.shape
    rows, columns = np.indices(item.shape)
    is_there = (2 * rows - height + 1) * dr + (2 * columns - width + 1) * dc > 0
    return Image(np.where(is_there, item.cells, 0).astype(np.int8), item.row, item.column)


def rings(item: Image, grid: Image, period: int) -> Image:
    """Returns rectangles around the item's box, to the edge, one every so many cells."""
    rows, columns = np.indices(grid.shape)
    height, width = item.shape
    above = np.maximum(item.row - rows, rows - (item.row + height - 1))
    aside = np.maximum(item.column - columns, columns - (item.column + width - 1))
    distance = np.maximum(above, aside)
    return shaped(item, (distance > 0) & (distance % period == 0), 0, 0)


def dotted(item: Image, way: str, phase: int) -> Image:
    """Returns every second cell of the item: by `rows`, by `columns`, as a `board`, or `points`.

    Counted from the box's corner, those that leave `phase` when divided by two; of points, both
    row and column.
    """
    rows, columns = np.indices(item.shape)
    match way:
        case "rows":
            is_there = rows % 2 == phase
        case "columns":
            is_there = columns % 2 == phase
        case "board":
            is_there = (rows + columns) % 2 == phase
        case _:
            is_there = (rows % 2 == phase) & (columns % 2 == phase)
    return Image(np.where(is_there, item.cells, 0).astype(np.int8), item.row, item.column)


def flooded(item: Image, grid: Image) -> Image:
    """Returns the connected blank parts of the grid that touch the item."""
    blank = (grid.cells == 0).view(np.int8)
    labels, _ = kernels.connected_parts(blank, False, False)
    touched = np.unique(labels[kernels.dilated(in_grid(item, grid), False)])
    return shaped(item, np.isin(labels, touched[touched > 0]), 0, 0)


def middle_line(item: Image, way: str) -> Image:
    """Returns the middle row or column, or both, of the item's box: `row`, `column`, `cross`."""
    height, width = item.shape
    mask = np.zeros(item.shape, np.bool_)
    if way != "column":
        mask[(height - 1) // 2 : height // 2 + 1] = True
    if way != "row":
        mask[:, (width - 1) // 2 : width // 2 + 1] = True
    return shaped(item, mask, item.row, item.column)
