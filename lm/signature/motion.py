"""Properties of motion: what fell, moved or was put in order."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np

from lm.signature.change import DIRECTIONS, shifted
from lm.signature.look import NOTHING, Array, Look, Properties, yes

_TURNS = {"down": 0, "right": 3, "up": 2, "left": 1}
"""Quarter turns, counter-clockwise, that bring a direction down."""

_FURTHEST = 2


def fallen(cells: Array, ground: int, direction: str) -> Array:
    """Returns the cells with all that is not ground fallen in a direction, cell by cell."""
    turned = np.rot90(cells, _TURNS[direction])
    order = np.argsort(turned != ground, axis=0, kind="stable")
    return np.rot90(np.take_along_axis(turned, order, 0), -_TURNS[direction])


def _falls(look: Look) -> str:
    if not look.is_changed or not np.array_equal(look.in_counts, look.out_counts):
        return NOTHING
    for direction in _TURNS:
        if np.array_equal(fallen(look.input, look.ground, direction), look.output):
            return direction
    return NOTHING


def _shifts(look: Look) -> str:
    """The step by which all cells moved, out of the grid or around it."""
    n_before, n_after = int(look.in_mask.sum()), int(look.out_mask.sum())
    if not look.is_changed or n_after > n_before:
        return NOTHING
    is_whole = np.array_equal(look.in_counts, look.out_counts)
    for direction, (down, right) in DIRECTIONS.items():
        for n in range(1, _FURTHEST + 1):
            step = (n * down, n * right)
            if np.array_equal(shifted(look.input, step, look.ground), look.output):
                return f"{direction}_{n}"
            if is_whole and np.array_equal(np.roll(look.input, step, (0, 1)), look.output):
                return f"around_{direction}_{n}"
    return NOTHING


def _moved(look: Look) -> str:
    """Whether the parts of the output are those of the input in other places, and how moved."""
    if not look.is_changed or not 0 < len(look.in_parts) == len(look.out_parts) <= 30:
        return NOTHING
    before, after = (Counter(p.looks for p in parts) for parts in (look.in_parts, look.out_parts))
    if before != after:
        return NOTHING
    if max(before.values()) > 1:
        return "alike_parts"
    places = {part.looks: (part.top, part.left) for part in look.in_parts}
    steps = {
        (part.top - places[part.looks][0], part.left - places[part.looks][1])
        for part in look.out_parts
    }
    moving = steps - {(0, 0)}
    if len(moving) > 1:
        down_only = all(right == 0 for _, right in moving)
        across_only = all(down == 0 for down, _ in moving)
        return "in_columns" if down_only else "in_rows" if across_only else "differently"
    (down, right), *_ = moving
    names = (
        ("up", "", "down")[int(np.sign(down)) + 1],
        ("left", "", "right")[int(np.sign(right)) + 1],
    )
    way = "_".join(name for name in names if name)
    return way if len(steps) == 1 else f"some_{way}"


def _is_sorted(look: Look, axis: int) -> str:
    """Whether the output has the input's rows, or columns, in another order."""
    if not look.is_changed:
        return NOTHING
    one, other = (look.input, look.output) if axis == 0 else (look.input.T, look.output.T)
    before, after = (Counter(line.tobytes() for line in lines) for lines in (one, other))
    return yes(before == after)


def _lines_kept(look: Look, axis: int) -> str:
    """Whether each row, or column, has the same cells in another order."""
    if not look.is_changed:
        return NOTHING
    return yes(np.array_equal(np.sort(look.input, axis), np.sort(look.output, axis)))


PROPERTIES: Properties = {
    "falls": _falls,
    "shifts": _shifts,
    "parts_moved": _moved,
    "rows_reordered": partial(_is_sorted, axis=0),
    "columns_reordered": partial(_is_sorted, axis=1),
    "cells_stay_in_row": partial(_lines_kept, axis=1),
    "cells_stay_in_column": partial(_lines_kept, axis=0),
}
