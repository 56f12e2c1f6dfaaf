"""Where things are to each other, and where there is room for them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy import ndarray
from scipy import ndimage

from induction.library.common.color import Color
from induction.library.common.drawing import neighborhood
from induction.library.common.objects import bounding_box


def random_free_location_for_sprite(
    grid: ndarray,
    sprite: ndarray,
    background: int = Color.BLACK,
    border_size: int = 0,
    padding: int = 0,
    padding_connectivity: int = 8,
) -> tuple[int, int]:
    """Returns a random place where a sprite fits in the grid and covers nothing.

    Args:
        grid: The grid; not changed.
        sprite: What needs room; its background may lie over anything.
        background: The color of free cells.
        border_size: Cells between the sprite and the edges, at least.
        padding: Cells between the sprite and what is there, at least.
        padding_connectivity: Whether padding goes around corners (8) or not (4).

    Raises:
        ValueError: There is no such place.
    """
    taken = grid != background
    if padding > 0:
        taken = ndimage.binary_dilation(
            taken, neighborhood(padding_connectivity), iterations=padding
        )
    n, m = sprite.shape
    cells = sprite != background
    places = [
        (x, y)
        for x in range(border_size, grid.shape[0] - border_size - n + 1)
        for y in range(border_size, grid.shape[1] - border_size - m + 1)
        if not np.any(taken[x : x + n, y : y + m] & cells)
    ]
    if not places:
        raise ValueError("there is no free place for the sprite")
    return random.choice(places)


random_free_location_for_object = random_free_location_for_sprite


def randomly_spaced_indices(
    max_len: int, n_indices: int, border_size: int = 1, padding: int = 1
) -> ndarray:
    """Returns random indices in ascending order, at least `padding` others between any two.

    With a border they lie from `border_size` to `max_len - 3`.

    Raises:
        IndexError: They don't fit.
    """
    free = range(border_size, max_len - 2) if border_size > 0 else range(max_len)
    spread = (n_indices - 1) * padding
    if n_indices > len(free) - spread:
        raise IndexError(f"{n_indices} indices with padding {padding} don't fit in {max_len}")
    close = sorted(random.sample(range(len(free) - spread), n_indices))
    return np.array([free[place + i * padding] for i, place in enumerate(close)], dtype=int)


def collision(
    _: object = None,
    object1: Any = None,
    object2: Any = None,
    x1: float = 0,
    y1: float = 0,
    x2: float = 0,
    y2: float = 0,
    background: int = Color.BLACK,
) -> bool:
    """Whether two arrays overlap, each with its first cell at its own place."""
    return _meet(object1 != background, object2 != background, int(x2 - x1), int(y2 - y1))


def contact(
    _: object = None,
    object1: Any = None,
    object2: Any = None,
    x1: float = 0,
    y1: float = 0,
    x2: float = 0,
    y2: float = 0,
    background: int = Color.BLACK,
    connectivity: int = 4,
) -> bool:
    """Whether two arrays overlap or touch, each with its first cell at its own place."""
    structure = neighborhood(connectivity)
    widened = ndimage.binary_dilation(np.pad(object1 != background, 1), structure)
    return _meet(widened, object2 != background, int(x2 - x1) + 1, int(y2 - y1) + 1)


def _meet(first: ndarray, second: ndarray, x: int, y: int) -> bool:
    """Whether two masks share a cell, the second moved by (x, y)."""
    (n1, m1), (n2, m2) = first.shape, second.shape
    start_x, end_x = max(0, x), min(n1, x + n2)
    start_y, end_y = max(0, y), min(m1, y + m2)
    if start_x >= end_x or start_y >= end_y:
        return False
    mine = first[start_x:end_x, start_y:end_y]
    theirs = second[start_x - x : end_x - x, start_y - y : end_y - y]
    return bool(np.any(mine & theirs))


def check_between_objects(
    obj1: ndarray,
    obj2: ndarray,
    x: int,
    y: int,
    padding: int = 0,
    background: int = Color.BLACK,
) -> bool:
    """Whether (x, y) lies between two objects' bounding boxes, along one axis.

    Along the other it must be where both extend, `padding` from the ends of that.
    """
    (x1, y1, width1, height1) = bounding_box(obj1, background)
    (x2, y2, width2, height2) = bounding_box(obj2, background)
    return (
        _is_between(x, x1, width1, x2, width2) and _is_beside(y, y1, height1, y2, height2, padding)
    ) or (
        _is_between(y, y1, height1, y2, height2) and _is_beside(x, x1, width1, x2, width2, padding)
    )


def _is_between(at: int, start1: int, size1: int, start2: int, size2: int) -> bool:
    return start1 + size1 <= at < start2 or start2 + size2 <= at < start1


def _is_beside(at: int, start1: int, size1: int, start2: int, size2: int, padding: int) -> bool:
    start, end = max(start1, start2) + padding, min(start1 + size1, start2 + size2) - padding
    return start <= at < end
