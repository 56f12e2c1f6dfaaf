"""Items: parts of a grid, and what a rule may ask about one of them beside the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from induction.library import kernels
from induction.library.choice import Measure
from induction.library.image import Image, Images, Mask, bounding_box, part
from induction.library.motion import DIRECTIONS
from induction.library.shape import enclosed

__all__ = [
    "alike_count", "cells_of", "close_groups", "color_beside", "color_enclosing", "color_nearest",
    "color_of_twin", "color_seen", "color_within", "edge_contacts", "is_full", "lean",
    "lean_in_columns", "lean_in_rows", "level_count", "longer_side", "minor_color",
    "rank_from_least", "rank_from_most", "whole",
]  # fmt: skip


def cells_of(picture: Image) -> Images:
    """Cuts out every colored cell."""
    rows, columns = picture.cells.nonzero()
    places = zip(rows.tolist(), columns.tolist(), strict=True)
    return tuple(part(picture, r, r + 1, c, c + 1) for r, c in places)


def rank_from_most(item: Image, items: Images, measure: Measure) -> int:
    """Returns 0 if no other item has a greater measure, 1 for the next value, and so on."""
    own = measure(item)
    return len({value for value in map(measure, items) if value > own})


def rank_from_least(item: Image, items: Images, measure: Measure) -> int:
    """Returns 0 if no other item has a smaller measure, 1 for the next value, and so on."""
    own = measure(item)
    return len({value for value in map(measure, items) if value < own})


def alike_count(item: Image, items: Images, look: Callable[[Image], object]) -> int:
    """Returns how many items look the same, itself included."""
    own = look(item)
    return sum(look(other) == own for other in items)


def is_full(item: Image) -> int:
    """Returns 1 if the item fills its bounding box."""
    return int(item.cells.all())


def longer_side(item: Image) -> int:
    """Returns 0 for items as wide as high, 1 for wider, 2 for higher ones."""
    height, width = item.shape
    return 1 if width > height else 2 * int(height > width)


def edge_contacts(item: Image, grid: Image) -> int:
    """Returns how many of the grid's four edges the item touches."""
    height, width = item.shape
    at_end = (item.row + height == grid.shape[0]) + (item.column + width == grid.shape[1])
    return int((item.row == 0) + (item.column == 0) + at_end)


def _in_grid(item: Image, grid: Image) -> Mask:
    mask = np.zeros(grid.shape, np.bool_)
    height, width = item.shape
    mask[item.row : item.row + height, item.column : item.column + width] = item.cells != 0
    return mask


def _commonest(colors: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> int:
    """Returns the most common color, 0 aside; 0 if there is none."""
    counts = np.bincount(colors, minlength=10)
    counts[0] = 0
    return int(counts.argmax())


def color_beside(item: Image, grid: Image) -> int:
    """Returns the most common color of the colored cells that touch the item, or 0."""
    mask = _in_grid(item, grid)
    return _commonest(grid.cells[kernels.dilated(mask, True) & ~mask])


def color_within(item: Image, grid: Image) -> int:
    """Returns the most common color of other cells in the item's bounding box, or 0."""
    height, width = item.shape
    box = grid.cells[item.row : item.row + height, item.column : item.column + width]
    return _commonest(box[item.cells == 0])


def color_enclosing(item: Image, grid: Image) -> int:
    """Returns the color that encloses the item, the least one of several, or 0."""
    mask = _in_grid(item, grid)
    for color in np.unique(grid.cells):
        if color and not (mask & ~enclosed((grid.cells == color) & ~mask)).any():
            return int(color)
    return 0


def color_seen(item: Image, grid: Image, direction: str) -> int:
    """Returns the first color, other than the item's, that lies in a direction from its box.

    Of several at the same distance it is the most common one; 0 if there is none.
    """
    dr, dc = DIRECTIONS[direction]
    height, width = item.shape
    cells = np.where(_in_grid(item, grid), 0, grid.cells)
    if dr:
        band = cells[:, item.column : item.column + width]
        lines = band[item.row + height :] if dr > 0 else band[: item.row][::-1]
    else:
        band = cells[item.row : item.row + height].T
        lines = band[item.column + width :] if dc > 0 else band[: item.column][::-1]
    for line in lines:
        if line.any():
            return _commonest(line)
    return 0


def color_nearest(item: Image, grid: Image) -> int:
    """Returns the nearest color other than the item's main one, the lesser of two, or 0."""
    cells = np.where(_in_grid(item, grid), 0, grid.cells)
    own = np.unique(item.cells)
    cells = np.where(np.isin(cells, own), 0, cells)
    if not cells.any():
        return 0
    away = ndimage.distance_transform_cdt(~_in_grid(item, grid), "taxicab")
    distance = np.where(cells != 0, away, 10_000)
    return int(cells[distance == distance.min()].min())


def color_of_twin(item: Image, items: Images) -> int:
    """Returns the color of an item of the same shape in other colors, the least, or 0."""
    shape = item.cells != 0
    found = [
        int(other.cells.max())
        for other in items
        if other.shape == item.shape
        and not np.array_equal(other.cells, item.cells)
        and np.array_equal(other.cells != 0, shape)
    ]
    return min(found, default=0)


def minor_color(item: Image) -> int:
    """Returns the least common color within the item."""
    counts = np.bincount(item.cells.ravel(), minlength=10)
    counts[0] = 0
    present = counts.nonzero()[0]
    return int(present[counts[present].argmin()])


def level_count(item: Image, items: Images) -> int:
    """Returns how many other items share a row or a column with the item's box."""
    n = 0
    for other in items:
        by_row = other.row < item.row + item.shape[0] and item.row < other.row + other.shape[0]
        by_column = (
            other.column < item.column + item.shape[1]
            and item.column < other.column + other.shape[1]
        )
        n += by_row or by_column
    return n - 1


def close_groups(picture: Image) -> Images:
    """Cuts out groups of colored cells, each at most two steps from the next."""
    near = kernels.dilated(picture.cells != 0, False)
    labels, _ = kernels.connected_parts(near.view(np.int8), True, False)
    found = []
    for i in range(1, int(labels.max()) + 1):
        mask = (labels == i) & (picture.cells != 0)
        top, bottom, left, right = bounding_box(mask)
        cells = np.where(mask, picture.cells, 0)[top:bottom, left:right]
        found.append(Image(cells.astype(np.int8), picture.row + top, picture.column + left))
    return tuple(found)


def whole(picture: Image) -> Images:
    """Returns all colored cells as one item."""
    return (part(picture, *bounding_box(picture.cells != 0)),)


def lean(item: Image) -> tuple[int, int]:
    """Returns to which side of its box an item leans, by row and by column: -1, 0 or 1.

    That is where the cells of its least common color lie if it has several, or else its cells.
    """
    minor = minor_color(item)
    is_mixed = (item.cells[item.cells != 0] != minor).any()
    rows, columns = (item.cells == minor if is_mixed else item.cells != 0).nonzero()
    height, width = item.shape
    by_row = 2 * int(rows.sum()) - (height - 1) * len(rows)
    by_column = 2 * int(columns.sum()) - (width - 1) * len(columns)
    return int(np.sign(by_row)), int(np.sign(by_column))


def lean_in_rows(item: Image) -> int:
    """Returns 1 if the item leans down, -1 if it leans up, or else 0."""
    return lean(item)[0]


def lean_in_columns(item: Image) -> int:
    """Returns 1 if the item leans right, -1 if it leans left, or else 0."""
    return lean(item)[1]
