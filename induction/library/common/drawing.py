"""Painting into grids, in place, and moving or enlarging what is painted."""

from __future__ import annotations

import operator
from collections.abc import Container, Iterator

import numpy as np
from numpy import ndarray
from scipy import ndimage

from induction.library.common.color import Color


def blit(
    grid: ndarray, sprite: ndarray, x: float = 0, y: float = 0, background: int | None = None
) -> ndarray:
    """Paints a sprite with its first cell at (x, y), in place, and returns the grid.

    Cells of the sprite's `background` are left out; by default there are none. Coordinates are
    cut to integers; what falls outside the grid is dropped.
    """
    left, top = int(x), int(y)
    width, height = sprite.shape[0], sprite.shape[1]
    start_x, end_x = max(0, -left), min(width, grid.shape[0] - left)
    start_y, end_y = max(0, -top), min(height, grid.shape[1] - top)
    if start_x >= end_x or start_y >= end_y:
        return grid
    source = sprite[start_x:end_x, start_y:end_y]
    target = grid[left + start_x : left + end_x, top + start_y : top + end_y]
    if np.may_share_memory(grid, sprite):
        # Cell by cell: values already painted are read again where the two overlap.
        for cell in np.ndindex(source.shape):
            if background is None or source[cell] != background:
                target[cell] = source[cell]
    elif background is None:
        target[...] = source
    else:
        np.copyto(target, source, where=source != background, casting="unsafe")
    return grid


def blit_sprite(
    grid: ndarray, sprite: ndarray, x: float, y: float, background: int | None = Color.BLACK
) -> ndarray:
    """Paints a sprite like `blit`, with a transparent background by default."""
    return blit(grid, sprite, x, y, background)


def blit_object(grid: ndarray, obj: ndarray, background: int | None = Color.BLACK) -> ndarray:
    """Paints an object, which has the shape of a grid, at its own place; in place."""
    return blit(grid, obj, 0, 0, background)


def draw_line(
    grid: ndarray,
    x: float,
    y: float,
    end_x: int | None = None,
    end_y: int | None = None,
    length: int | None = None,
    direction: tuple[int, int] | None = None,
    color: int | None = None,
    stop_at_color: Container[int] = (),
) -> tuple[int, int]:
    """Draws a straight or diagonal line in place; returns the last cell painted.

    Either to an end, or in a direction for `length` cells, or to the edge without one. Of a
    direction, also that towards an end, only the signs count. Cells outside the grid are skipped.
    The line stops before a cell of a color in `stop_at_color`. If nothing is painted, the start
    is returned.
    """
    assert (int(x), int(y)) == (x, y), f"a line starts at whole numbers, got {x}, {y}"
    at_x, at_y = int(x), int(y)
    if end_x is not None or end_y is not None:
        assert end_x is not None, "end_y needs an end_x"
        assert end_y is not None, "end_x needs an end_y"
        step_x, step_y = end_x - at_x, end_y - at_y
        length = max(abs(step_x), abs(step_y)) + 1
    else:
        if direction is None:
            raise TypeError("a line needs a direction or an end")
        step_x, step_y = direction
    if length is None:
        length = 2 * max(grid.shape[0], grid.shape[1])
    step_x, step_y = _sign(step_x), _sign(step_y)
    last = (at_x, at_y)
    for i in range(length):
        cell = (at_x + i * step_x, at_y + i * step_y)
        if 0 <= cell[0] < grid.shape[0] and 0 <= cell[1] < grid.shape[1]:
            if grid[cell] in stop_at_color:
                break
            grid[cell] = color
            last = cell
    return last


def _sign(number: int) -> int:
    """Returns -1, 0 or 1, in the type of the number: a float must not become an index."""
    return number // abs(number) if number else number


def flood_fill(grid: ndarray, x: int, y: int, color: int, connectivity: int = 4) -> None:
    """Recolors, in place, the region of one color around a cell."""
    assert connectivity in (4, 8), f"connectivity is 4 or 8, got {connectivity}"
    old = grid[x, y]
    if old == color:
        return
    labels, _ = ndimage.label(grid == old, neighborhood(connectivity))
    grid[labels == labels[x, y]] = color


def randomly_scatter_points(
    grid: ndarray, color: int, density: float = 0.5, background: int = Color.BLACK
) -> ndarray:
    """Recolors random background cells in place, `density` times the area; returns the grid.

    Does not end where there are too few background cells.
    """
    n_painted = 0
    while n_painted < density * grid.size:
        x, y = np.random.randint(grid.shape[0]), np.random.randint(grid.shape[1])
        if grid[x, y] == background:
            grid[x, y] = color
            n_painted += 1
    return grid


def translate(obj: ndarray, x: int, y: int, background: int = Color.BLACK) -> ndarray:
    """Returns an object moved by (x, y) within its frame; what leaves it is lost."""
    try:
        steps = operator.index(x), operator.index(y)
    except TypeError:
        raise IndexError(f"an object moves by whole numbers, got {x}, {y}") from None
    moved = np.full_like(obj, background)
    (from_x, to_x), (from_y, to_y) = map(_overlaps, steps, obj.shape)
    moved[to_x, to_y] = obj[from_x, from_y]
    return moved


def _overlaps(step: int, size: int) -> Iterator[slice]:
    """Yields the part of an axis that stays inside when moved, before and after."""
    step = max(-size, min(size, step))
    yield slice(max(0, -step), size - max(0, step))
    yield slice(max(0, step), size - max(0, -step))


def scale_sprite(sprite: ndarray, factor: int) -> ndarray:
    """Returns a sprite with each cell enlarged to `factor` by `factor` cells."""
    return np.repeat(np.repeat(sprite, factor, axis=0), factor, axis=1)


def scale_pattern(pattern: ndarray, scale_factor: int) -> ndarray:
    """Returns what `scale_sprite` does; an older name."""
    print("scale_pattern is deprecated, use scale_sprite")  # noqa: T201
    return scale_sprite(pattern, scale_factor)


def neighborhood(connectivity: int) -> ndarray:
    """Returns the 3 x 3 cells that count as connected to the middle one."""
    if connectivity not in (4, 8):
        raise ValueError(f"connectivity is 4 or 8, got {connectivity}")
    return ndimage.generate_binary_structure(2, 1 if connectivity == 4 else 2)
