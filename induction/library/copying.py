"""Copies: an item of an image moved, mirrored or repeated, and patterns put around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from induction.library.color import most_common_color
from induction.library.drawing import in_grid
from induction.library.image import Cells, Image, Images, bounding_box
from induction.library.item import minor_color
from induction.library.motion import DIRECTIONS

__all__ = [
    "copies_at_marks", "mirrored", "mirrored_over", "moved", "moved_by_size", "moved_to",
    "moved_until", "repeated", "stamped", "twin_cells", "unfolded",
]  # fmt: skip

MAIN_COLOR, MINOR_COLOR = 10, 11
"""In stamps, the item's most and least common color."""


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
    walls = np.where(in_grid(item, grid), 0, grid.cells) != 0
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
    walls = np.where(in_grid(item, grid), 0, grid.cells)
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


def unfolded(item: Image, way: str, about: str | int) -> Image:
    """Returns the item with its mirror images, or with its turns, about a point.

    The ways are `rows`, `columns`, `both`, `turns`, and `all`, mirrors and turns. The point is
    the middle of the item's `box`, of its least common color, `minor`, or of a given one;
    without that the item stays alone.
    """
    if about == "box":
        top, bottom, left, right = 0, item.shape[0], 0, item.shape[1]
    else:
        color = minor_color(item) if about == "minor" else about
        if not (item.cells == color).any():
            return item
        top, bottom, left, right = bounding_box(item.cells == color)
    rows, columns = item.cells.nonzero()
    colors = item.cells[rows, columns]
    r, c = 2 * rows - (top + bottom - 1), 2 * columns - (left + right - 1)
    images = [(r, c)]
    if way in ("rows", "both", "all"):
        images.append((-r, c))
    if way in ("columns", "both", "all"):
        images.append((r, -c))
    if way in ("both", "turns", "all"):
        images.append((-r, -c))
    if way in ("turns", "all") and (bottom - top - right + left) % 2 == 0:
        images += [(c, -r), (-c, r)]
    if way == "all" and (bottom - top - right + left) % 2 == 0:
        images += [(c, r), (-c, -r)]
    found_r = np.concatenate([i[0] for i in images]) + top + bottom - 1
    found_c = np.concatenate([i[1] for i in images]) + left + right - 1
    found_r, found_c = found_r // 2, found_c // 2
    first_r, first_c = int(found_r.min()), int(found_c.min())
    cells = np.zeros((int(found_r.max()) - first_r + 1, int(found_c.max()) - first_c + 1), np.int8)
    cells[found_r[::-1] - first_r, found_c[::-1] - first_c] = np.tile(colors, len(images))[::-1]
    return Image(cells, item.row + first_r, item.column + first_c)


def twin_cells(item: Image, items: Images, same: str) -> Image:
    """Returns the cells of another item with more colors, put in this one's place.

    It has the `same` size or shape; without such an item nothing is drawn.
    """
    best, most = None, len(np.unique(item.cells[item.cells != 0]))
    for other in items:
        if other.shape != item.shape:
            continue
        if same == "shape" and not np.array_equal(other.cells != 0, item.cells != 0):
            continue
        n_colors = len(np.unique(other.cells[other.cells != 0]))
        if n_colors > most:
            best, most = other, n_colors
    cells = np.zeros_like(item.cells) if best is None else best.cells
    return Image(cells, item.row, item.column)


def _turned(cells: Cells, is_turned: bool) -> list[Cells]:
    """Returns the cells alone, or in all their eight positions."""
    if not is_turned:
        return [cells]
    turns = [np.rot90(cells, k) for k in range(4)]
    return turns + [turn.T for turn in turns]


def copies_at_marks(item: Image, grid: Image, is_turned: bool) -> Image:
    """Returns copies of the item wherever the grid shows a part of it.

    The grid must show all its cells of its main color, or all others, and be blank, or show the
    same, at the rest; if the item may be turned, it must show two cells at least.
    Of two copies that explain the same cells of the grid, the one that explains more counts.
    """
    rest = np.where(in_grid(item, grid), 0, grid.cells).astype(np.int8)
    result = np.zeros_like(rest)
    found = []
    for order, cells in enumerate(_turned(item.cells, is_turned)):
        height, width = cells.shape
        if height > rest.shape[0] or width > rest.shape[1]:
            continue
        shown = cells != 0
        windows = np.lib.stride_tricks.sliding_window_view(rest, cells.shape)
        same = (windows == cells) & shown
        is_clear = (same | (windows == 0) | ~shown).all(axis=(2, 3))
        n_same = same.sum(axis=(2, 3))
        is_main = cells == most_common_color(item)
        is_marked = (same | ~is_main).all(axis=(2, 3))
        is_marked |= (same | is_main | ~shown).all(axis=(2, 3))
        is_marked &= n_same > is_turned
        for row, column in zip(*(is_clear & is_marked).nonzero(), strict=True):
            found.append((-int(n_same[row, column]), order, int(row), int(column), cells))
    is_claimed = np.zeros(rest.shape, np.bool_)
    for _, _, row, column, cells in sorted(found, key=lambda f: f[:4]):
        box = (slice(row, row + cells.shape[0]), slice(column, column + cells.shape[1]))
        marks = (rest[box] == cells) & (cells != 0)
        if not (marks & is_claimed[box]).any():
            is_claimed[box] |= marks
            np.copyto(result[box], cells, where=cells != 0)
    return Image(result)
