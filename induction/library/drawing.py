"""Drawings: what an item of an image may add to it, as images with their place.

An item is a part cut out of the grid that it is drawn on. A drawing may reach beyond the edge,
where it is cut off, and holds the item's own colors until `draw` decides otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from induction.library.color import most_common_color
from induction.library.image import Cells, Image, Images, Mask
from induction.library.item import minor_color
from induction.library.motion import DIRECTIONS, swept
from induction.library.shape import dilated, enclosed

Places = NDArray[np.int64]
"""Rows or columns."""

NOTHING, ERASED, KEPT = 0, 10, 11
"""What the color of a drawing may be besides a color: no drawing, blank cells, its own colors."""

MAIN_COLOR, MINOR_COLOR = 10, 11
"""In stamps, the item's most and least common color."""


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


def _shaped(item: Image, mask: Mask, row: int, column: int) -> Image:
    """Returns a mask in the item's main color."""
    return Image((mask * np.int8(most_common_color(item))).astype(np.int8), row, column)


def _padded(item: Image, margin: int) -> Mask:
    return np.pad(item.cells != 0, margin)


def own_cells(item: Image) -> Image:
    """Returns the item itself."""
    return item


def hole_cells(item: Image) -> Image:
    """Returns the blank cells that the item encloses."""
    return _shaped(item, enclosed(item.cells != 0), item.row, item.column)


def blank_cells(item: Image) -> Image:
    """Returns the blank cells in the item's bounding box."""
    return _shaped(item, item.cells == 0, item.row, item.column)


def box_cells(item: Image) -> Image:
    """Returns the item's bounding box."""
    return _shaped(item, np.ones(item.shape, np.bool_), item.row, item.column)


def box_inside(item: Image, margin: int) -> Image:
    """Returns the bounding box without so many of its outermost rows and columns."""
    mask = np.zeros(item.shape, np.bool_)
    mask[margin : item.shape[0] - margin, margin : item.shape[1] - margin] = True
    return _shaped(item, mask, item.row, item.column)


def box_border(item: Image, margin: int) -> Image:
    """Returns the outermost rows and columns of the box that is wider by so much on all sides."""
    height, width = (max(side + 2 * margin, 0) for side in item.shape)
    mask = np.ones((height, width), np.bool_)
    mask[1:-1, 1:-1] = False
    return _shaped(item, mask, item.row - margin, item.column - margin)


def box_corners(item: Image, margin: int) -> Image:
    """Returns the corner cells of the box that is wider by so much on all sides."""
    mask = np.zeros((item.shape[0] + 2 * margin, item.shape[1] + 2 * margin), np.bool_)
    mask[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    return _shaped(item, mask, item.row - margin, item.column - margin)


def around(item: Image, diagonal: bool) -> Image:
    """Returns the cells beside the item."""
    mask = _padded(item, 1)
    return _shaped(item, dilated(mask, diagonal) & ~mask, item.row - 1, item.column - 1)


def middle_cells(item: Image) -> Image:
    """Returns the cell, or the two or four, in the middle of the bounding box."""
    height, width = item.shape
    mask = np.zeros(item.shape, np.bool_)
    mask[(height - 1) // 2 : height // 2 + 1, (width - 1) // 2 : width // 2 + 1] = True
    return _shaped(item, mask, item.row, item.column)


def interior_cells(item: Image) -> Image:
    """Returns the item's cells that none outside the item touches, diagonals included."""
    outside = dilated(~_padded(item, 1), True)[1:-1, 1:-1]
    return _shaped(item, (item.cells != 0) & ~outside, item.row, item.column)


def row_band(item: Image, grid: Image) -> Image:
    """Returns all rows that the item has cells in."""
    mask = np.zeros(grid.shape, np.bool_)
    mask[item.row : item.row + item.shape[0]] = True
    return _shaped(item, mask, 0, 0)


def column_band(item: Image, grid: Image) -> Image:
    """Returns all columns that the item has cells in."""
    mask = np.zeros(grid.shape, np.bool_)
    mask[:, item.column : item.column + item.shape[1]] = True
    return _shaped(item, mask, 0, 0)


def _in_grid(item: Image, grid: Image) -> Mask:
    mask = np.zeros(grid.shape, np.bool_)
    height, width = item.shape
    mask[item.row : item.row + height, item.column : item.column + width] = item.cells != 0
    return mask


def ray_starts(item: Image, start: str, direction: str) -> tuple[Places, Places]:
    """Returns rows and columns from which an item's rays in a direction start.

    They are all its `cells`, or the `middle` of the side, or the corner, that lies there.
    """
    if start == "cells":
        rows, columns = item.cells.nonzero()
        return rows + item.row, columns + item.column
    dr, dc = DIRECTIONS[direction]
    rows = _ends(item.row, item.shape[0], dr)
    columns = _ends(item.column, item.shape[1], dc)
    return np.repeat(rows, len(columns)), np.tile(columns, len(rows))


def _ends(start: int, length: int, step: int) -> Places:
    """Returns the middle one or two, or the one at the end that lies in a direction."""
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
    body = _in_grid(item, grid)
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
    return _shaped(item, mask & ~body, 0, 0)


def _is_hit(item: Image, grid: Image, body: Mask, direction: str, until: str | int) -> Mask:
    """Returns the cells from which the next colored cell in a direction may end a ray."""
    dr, dc = DIRECTIONS[direction]
    opposite = next(name for name, d in DIRECTIONS.items() if d == (-dr, -dc))
    ends: Cells = np.where(body, 10, grid.cells).astype(np.int8)
    seen = swept(ends, opposite)
    if isinstance(until, int):
        return np.equal(seen, until)
    if until == "hit":
        return np.logical_and(seen != 0, seen != 10)
    return np.isin(seen, np.unique(item.cells[item.cells != 0]))


def moved(item: Image, rows: int, columns: int) -> Image:
    """Returns the item elsewhere."""
    return Image(item.cells, item.row + rows, item.column + columns)


def moved_by_size(item: Image, rows: int, columns: int, gap: int) -> Image:
    """Returns the item moved by multiples of its own height and width, and a gap."""
    height, width = item.shape
    return moved(item, rows * (height + gap), columns * (width + gap))


def repeated(item: Image, grid: Image, direction: str, gap: int) -> Image:
    """Returns copies of the item in a direction, side by side or a gap apart, to the edge."""
    dr, dc = DIRECTIONS[direction]
    height, width = item.shape
    result = np.zeros(grid.shape, np.int8)
    row, column = item.row, item.column
    while True:
        row, column = row + dr * (height + gap), column + dc * (width + gap)
        top, left = max(row, 0), max(column, 0)
        part = result[top : max(row + height, 0), left : max(column + width, 0)]
        if not part.size:
            return Image(result)
        piece = item.cells[top - row :, left - column :][: part.shape[0], : part.shape[1]]
        np.copyto(part, piece, where=piece != 0)


def moved_until(item: Image, grid: Image, direction: str, must_hit: bool) -> Image:
    """Returns the item moved until its next step would leave the grid or meet a colored cell.

    With `must_hit` it stays where it is if nothing colored is in its way.
    """
    dr, dc = DIRECTIONS[direction]
    walls = np.where(_in_grid(item, grid), 0, grid.cells) != 0
    shape = item.cells != 0
    height, width = item.shape
    row, column = item.row, item.column
    while True:
        r, c = row + dr, column + dc
        if not (0 <= r <= grid.shape[0] - height and 0 <= c <= grid.shape[1] - width):
            return item if must_hit else Image(item.cells, row, column)
        if walls[r : r + height, c : c + width][shape].any():
            return Image(item.cells, row, column)
        row, column = r, c


def mirrored(item: Image, axis: str) -> Image:
    """Returns the item mirrored in its place: by `rows`, `columns`, `both`, or a `diagonal`."""
    match axis:
        case "rows":
            cells = item.cells[::-1]
        case "columns":
            cells = item.cells[:, ::-1]
        case "both":
            cells = item.cells[::-1, ::-1]
        case _:
            cells = item.cells.T
    return Image(cells, item.row, item.column)


def mirrored_over(item: Image, direction: str, shared: int) -> Image:
    """Returns the item mirrored over the side of its box in a direction.

    With `shared` 1 the line at the axis belongs to both, with 0 it is doubled.
    """
    dr, dc = DIRECTIONS[direction]
    height, width = item.shape
    flipped = mirrored(item, "both" if dr and dc else "rows" if dr else "columns")
    return moved(flipped, dr * (height - shared), dc * (width - shared))


def moved_to(item: Image, grid: Image, target: str | int) -> Image:
    """Returns the item moved, straight, against what it meets, if that is a target.

    That is anything, a `hit`; a cell of a color of the item, an `own` one; or one of a given
    color. The nearest target counts; without one the item stays.
    """
    best: tuple[int, Image] | None = None
    walls = np.where(_in_grid(item, grid), 0, grid.cells)
    if isinstance(target, int):
        goal = walls == target
    else:
        goal = walls != 0 if target == "hit" else np.isin(walls, item.cells[item.cells != 0])
    shown = item.cells != 0
    for direction in ("up", "down", "left", "right"):
        dr, dc = DIRECTIONS[direction]
        rest = moved_until(item, grid, direction, True)
        steps = abs(rest.row - item.row) + abs(rest.column - item.column)
        row, column = rest.row + dr, rest.column + dc
        met = goal[row : row + item.shape[0], column : column + item.shape[1]]
        is_met = row >= 0 and column >= 0 and met.shape == shown.shape and met[shown].any()
        if is_met and steps and (best is None or steps < best[0]):
            best = steps, rest
    return best[1] if best else item


def stamped(item: Image, pattern: Sequence[Sequence[int]], row: int, column: int) -> Image:
    """Returns a pattern that starts so many rows below and columns right of the item's corner."""
    cells = np.array(pattern)
    cells = np.where(cells == MAIN_COLOR, most_common_color(item), cells)
    if (cells == MINOR_COLOR).any():
        cells = np.where(cells == MINOR_COLOR, minor_color(item), cells)
    return Image(cells.astype(np.int8), item.row + row, item.column + column)
