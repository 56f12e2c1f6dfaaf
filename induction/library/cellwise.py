"""Cell properties: one number for every cell of an image, from its surroundings and its place.

They are what learned per-cell rules ask about. `OUTSIDE` stands for a cell beyond the edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from induction.library import kernels
from induction.library.image import Image, Mask
from induction.library.motion import DIRECTIONS, swept
from induction.library.shape import enclosed

__all__ = [
    "color_of", "color_rank", "column_count", "column_end", "column_has", "column_is_uniform",
    "column_phase", "column_side", "count_alike", "count_colored", "count_near", "diagonal_offset",
    "diagonal_phase", "from_bottom", "from_edge", "from_left", "from_right", "from_top",
    "is_enclosed", "is_enclosed_by", "mirrored_color", "near_colored", "nearest_other", "neighbor",
    "other_diagonal_offset", "past_edge", "ray", "ray_pair", "row_count", "row_end", "row_has",
    "row_is_uniform", "row_phase", "row_side", "square_here", "touches",
]  # fmt: skip

Property = NDArray[np.int64]
"""A number per cell, shape (height, width)."""

OUTSIDE = -1


def color_of(picture: Image) -> Property:
    """Returns the cell's color."""
    return picture.cells.astype(np.int64)


def neighbor(picture: Image, rows: int, columns: int) -> Property:
    """Returns the color of the cell that many rows below and columns to the right."""
    height, width = picture.shape
    r, c = abs(rows), abs(columns)
    padded = np.full((height + 2 * r, width + 2 * c), OUTSIDE, np.int64)
    padded[r : r + height, c : c + width] = picture.cells
    return padded[r + rows : r + rows + height, c + columns : c + columns + width]


def count_near(picture: Image, color: int, diagonal: bool) -> Property:
    """Returns how many of the four or eight neighbors have a color."""
    counts: Property = kernels.neighbors(picture.cells == color, diagonal)
    return counts


def count_alike(picture: Image, diagonal: bool) -> Property:
    """Returns how many of the four or eight neighbors have the cell's own color."""
    counts: Property = kernels.alike_neighbors(picture.cells, diagonal)
    return counts


def count_colored(picture: Image, diagonal: bool) -> Property:
    """Returns how many of the four or eight neighbors are colored."""
    return count_near(Image((picture.cells != 0).astype(np.int8)), 1, diagonal)


def touches(picture: Image, color: int, diagonal: bool) -> Property:
    """Returns 1 where a neighbor has a color."""
    return (count_near(picture, color, diagonal) > 0).astype(np.int64)


def ray(picture: Image, direction: str) -> Property:
    """Returns the first color, not 0, seen from the cell in a direction, itself left out."""
    dr, dc = DIRECTIONS[direction]
    opposite = next(name for name, d in DIRECTIONS.items() if d == (-dr, -dc))
    seen = neighbor(Image(swept(picture.cells, opposite)), dr, dc)
    return np.where(seen == OUTSIDE, 0, seen)


def ray_pair(picture: Image, direction: str) -> Property:
    """Returns the color seen in a direction and in the opposite one, or 0 if they differ."""
    dr, dc = DIRECTIONS[direction]
    opposite = next(name for name, d in DIRECTIONS.items() if d == (-dr, -dc))
    one, other = ray(picture, direction), ray(picture, opposite)
    return np.where(one == other, one, 0)


def past_edge(picture: Image, direction: str) -> Property:
    """Returns the color of the first cell in a direction whose color is not the cell's own."""
    result = np.full(picture.shape, OUTSIDE, np.int64)
    for color in np.unique(picture.cells):
        mask = picture.cells == color
        others = np.where(mask, 0, picture.cells + 1).astype(np.int8)
        seen = ray(Image(others), direction) - 1
        result[mask] = seen[mask]
    return result


def is_enclosed(picture: Image, diagonal: bool) -> Property:
    """Returns 1 for blank cells that no path of blank cells connects to the edge."""
    return enclosed(picture.cells != 0, diagonal).astype(np.int64)


def is_enclosed_by(picture: Image, color: int) -> Property:
    """Returns 1 for cells that no path around a color connects to the edge."""
    return enclosed(picture.cells == color).astype(np.int64)


def from_top(picture: Image) -> Property:
    """Returns the row, from 0."""
    return np.broadcast_to(np.arange(picture.shape[0])[:, None], picture.shape)


def from_bottom(picture: Image) -> Property:
    """Returns the row, counted from the last one."""
    return from_top(picture)[::-1]


def from_left(picture: Image) -> Property:
    """Returns the column, from 0."""
    return np.broadcast_to(np.arange(picture.shape[1])[None, :], picture.shape)


def from_right(picture: Image) -> Property:
    """Returns the column, counted from the last one."""
    return from_left(picture)[:, ::-1]


def from_edge(picture: Image) -> Property:
    """Returns the distance to the nearest edge."""
    rows = np.minimum(from_top(picture), from_bottom(picture))
    return np.minimum(rows, np.minimum(from_left(picture), from_right(picture)))


def row_phase(picture: Image, period: int) -> Property:
    """Returns the row modulo a period."""
    return from_top(picture) % period


def column_phase(picture: Image, period: int) -> Property:
    """Returns the column modulo a period."""
    return from_left(picture) % period


def diagonal_phase(picture: Image, period: int) -> Property:
    """Returns the sum of row and column modulo a period."""
    return (from_top(picture) + from_left(picture)) % period


def diagonal_offset(picture: Image) -> Property:
    """Returns the column less the row; 0 on the main diagonal."""
    return from_left(picture) - from_top(picture)


def other_diagonal_offset(picture: Image) -> Property:
    """Returns the column counted from the right less the row; 0 on the other diagonal."""
    return from_right(picture) - from_top(picture)


def mirrored_color(picture: Image, axis: str) -> Property:
    """Returns the color of the counterpart under a flip of rows, of columns, or of both."""
    cells = picture.cells.astype(np.int64)
    match axis:
        case "rows":
            return cells[::-1]
        case "columns":
            return cells[:, ::-1]
        case _:
            return cells[::-1, ::-1]


def row_count(picture: Image) -> Property:
    """Returns the number of colored cells in the cell's row."""
    counts = (picture.cells != 0).sum(axis=1)
    return np.broadcast_to(counts[:, None], picture.shape)


def column_count(picture: Image) -> Property:
    """Returns the number of colored cells in the cell's column."""
    counts = (picture.cells != 0).sum(axis=0)
    return np.broadcast_to(counts[None, :], picture.shape)


def row_has(picture: Image, color: int) -> Property:
    """Returns 1 where the cell's row has a color."""
    has = (picture.cells == color).any(axis=1)
    return np.broadcast_to(has[:, None], picture.shape).astype(np.int64)


def column_has(picture: Image, color: int) -> Property:
    """Returns 1 where the cell's column has a color."""
    has = (picture.cells == color).any(axis=0)
    return np.broadcast_to(has[None, :], picture.shape).astype(np.int64)


def row_is_uniform(picture: Image) -> Property:
    """Returns 1 where all cells of the row have one color."""
    same = (picture.cells == picture.cells[:, :1]).all(axis=1)
    return np.broadcast_to(same[:, None], picture.shape).astype(np.int64)


def column_is_uniform(picture: Image) -> Property:
    """Returns 1 where all cells of the column have one color."""
    same = (picture.cells == picture.cells[:1]).all(axis=0)
    return np.broadcast_to(same[None, :], picture.shape).astype(np.int64)


def row_end(picture: Image, last: bool) -> Property:
    """Returns the color at the left or right end of the cell's row."""
    ends = picture.cells[:, -1] if last else picture.cells[:, 0]
    return np.broadcast_to(ends[:, None], picture.shape).astype(np.int64)


def column_end(picture: Image, last: bool) -> Property:
    """Returns the color at the upper or lower end of the cell's column."""
    ends = picture.cells[-1] if last else picture.cells[0]
    return np.broadcast_to(ends[None, :], picture.shape).astype(np.int64)


def color_rank(picture: Image) -> Property:
    """Returns 0 for cells of the most common color other than 0, 1 for the next, and so on."""
    counts = np.bincount(picture.cells.ravel(), minlength=10)
    counts[0] = 0
    ranks = np.empty(10, np.int64)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(10)
    return ranks[picture.cells]


def square_here(picture: Image, color: int, side: int) -> Property:
    """Returns 1 for cells that lie in a square of that side all in one color."""
    mask: Mask = picture.cells == color
    origin = -((side - 1) // 2) if side % 2 == 0 else 0
    structure = np.ones((side, side), np.int8)
    opened = ndimage.binary_opening(mask, structure, origin=0 if side % 2 else origin)
    return opened.astype(np.int64)


def near_colored(picture: Image) -> Property:
    """Returns 1 for cells at most one step, diagonals included, from a colored cell."""
    return kernels.dilated(picture.cells != 0, True).astype(np.int64)


def nearest_other(picture: Image) -> Property:
    """Returns the color, not 0 and not the cell's own, that is nearest; the lower one of two.

    Distances count steps up, down, left and right; 0 where there is no such color.
    """
    cells = picture.cells
    best = np.full(cells.shape, np.iinfo(np.int64).max)
    result = np.zeros(cells.shape, np.int64)
    for color in np.unique(cells):
        if color:
            mask = cells == color
            steps = ndimage.distance_transform_cdt(~mask, "taxicab").astype(np.int64)
            nearer = (steps < best) & ~mask
            best[nearer] = steps[nearer]
            result[nearer] = color
    return result


def row_side(picture: Image) -> Property:
    """Returns 0 for the upper half, 1 for the middle row, 2 for the lower half."""
    side: Property = np.sign(from_top(picture) - from_bottom(picture)) + 1
    return side


def column_side(picture: Image) -> Property:
    """Returns 0 for the left half, 1 for the middle column, 2 for the right half."""
    side: Property = np.sign(from_left(picture) - from_right(picture)) + 1
    return side
