"""Properties of what changed, where input and output have the same size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from scipy import ndimage

from lm.signature.look import EIGHT, NOTHING, Array, Look, Mask, Properties, yes

DIRECTIONS: Mapping[str, tuple[int, int]] = {
    "up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1),
    "up_left": (-1, -1), "up_right": (-1, 1), "down_left": (1, -1), "down_right": (1, 1),
}  # fmt: skip


def shifted(cells: Array, step: tuple[int, int], beyond: int) -> Array:
    """Returns the cells moved by a step, `beyond` where there were none."""
    moved = np.full_like(cells, beyond)
    (height, width), (down, right) = cells.shape, step
    if abs(down) < height and abs(right) < width:
        moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = cells[
            max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)
        ]
    return moved


def _share(look: Look) -> str:
    if not look.is_same_size:
        return NOTHING
    share = float(look.changed.mean())
    for limit, name in ((0.0, "none"), (0.05, "few"), (0.15, "some"), (0.4, "many")):
        if share <= limit:
            return name
    return "most"


def _where(look: Look) -> str:
    if not look.is_changed:
        return NOTHING
    on_parts = look.in_mask[look.changed]
    return "parts" if on_parts.all() else "both" if on_parts.any() else "ground"


def _mask(look: Look) -> str:
    """How the cells that are not ground changed as a set."""
    if not look.is_changed:
        return NOTHING
    is_added = bool((look.out_mask & ~look.in_mask).any())
    is_removed = bool((look.in_mask & ~look.out_mask).any())
    names = {(True, False): "added", (False, True): "removed", (False, False): "same"}
    return names.get((is_added, is_removed), NOTHING)


def _only(cells: Array) -> str:
    found = np.flatnonzero(np.bincount(cells, minlength=10))
    return str(found[0]) if len(found) == 1 else "several"


def _from(look: Look) -> str:
    return _only(look.input[look.changed]) if look.is_changed else NOTHING


def _to(look: Look) -> str:
    return _only(look.output[look.changed]) if look.is_changed else NOTHING


def _holes(look: Look) -> str:
    if not look.is_changed or not look.holes.any():
        return NOTHING
    if np.array_equal(look.changed, look.holes):
        return "all"
    if not (look.changed & ~look.holes).any():
        return "in"
    if not (look.holes & ~look.changed).any():
        return "around"
    return "none" if not (look.changed & look.holes).any() else NOTHING


def _near(look: Look) -> str:
    """Whether changed cells are those around parts of the input."""
    if not look.is_changed or not look.in_mask.any():
        return NOTHING
    for name, structure in (("sides", None), ("corners", EIGHT)):
        around = ndimage.binary_dilation(look.in_mask, structure) & ~look.in_mask
        if np.array_equal(look.changed, around):
            return f"all_{name}"
    return "touching" if not (look.changed & ~around).any() else NOTHING


def _rim(look: Look) -> str:
    """Whether changed cells are the rims, or the inside, of parts of the input."""
    if not look.is_changed or (look.changed & ~look.in_mask).any():
        return NOTHING
    for name, structure in (("sides", None), ("corners", EIGHT)):
        inside = ndimage.binary_erosion(look.in_mask, structure)
        if np.array_equal(look.changed, inside):
            return f"inside_{name}"
        if np.array_equal(look.changed, look.in_mask & ~inside):
            return f"rim_{name}"
    return NOTHING


def _in_box(look: Look) -> str:
    if not look.is_changed or not look.in_mask.any():
        return NOTHING
    rows, columns = (np.flatnonzero(look.in_mask.any(axis)) for axis in (1, 0))
    box = np.zeros(look.in_mask.shape, bool)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    if box.all() or (look.changed & ~box).any():
        return NOTHING
    return "all" if np.array_equal(look.changed, box & ~look.in_mask) else "in"


def _in_boxes(look: Look) -> str:
    """Whether changed cells are in the boxes of parts."""
    if not look.is_changed or not 0 < len(look.in_parts) <= 40:
        return NOTHING
    boxes = np.zeros(look.in_mask.shape, bool)
    for part in look.in_parts:
        height, width = part.mask.shape
        boxes[part.top : part.top + height, part.left : part.left + width] = True
    if boxes.all() or (look.changed & ~boxes).any():
        return NOTHING
    return "all" if np.array_equal(look.changed, boxes & ~look.in_mask) else "in"


def _edge(look: Look) -> str:
    if not look.is_changed or min(look.input.shape) < 3:
        return NOTHING
    edge = np.ones(look.input.shape, bool)
    edge[1:-1, 1:-1] = False
    if np.array_equal(look.changed, edge):
        return "all"
    if not (look.changed & ~edge).any():
        return "in"
    return "none" if not (look.changed & edge).any() else NOTHING


def _lines(look: Look) -> str:
    """Whether all rows, or columns, with a changed cell end up without ground."""
    if not look.is_changed:
        return NOTHING
    rows, columns = look.changed.any(1), look.changed.any(0)
    full_rows: Mask = np.asarray(look.out_mask.all(1))
    full_columns: Mask = np.asarray(look.out_mask.all(0))
    if bool((full_rows | ~rows).all()):
        return "rows"
    if bool((full_columns | ~columns).all()):
        return "columns"
    crossing: Mask = full_rows.reshape(-1, 1) | full_columns.reshape(1, -1)
    return "both" if bool((crossing | ~look.changed).all()) else NOTHING


def _extends(look: Look, step: tuple[int, int]) -> str:
    """Whether each changed cell has the color of the one before it in a direction."""
    if not look.is_changed:
        return NOTHING
    before = shifted(look.output, step, 255)
    return yes(np.array_equal(before[look.changed], look.output[look.changed]))


def _between(look: Look, axis: int) -> str:
    """Whether each changed cell lies between cells of parts in its column or row."""
    if not look.is_changed:
        return NOTHING
    return yes(not (look.changed & ~_enclosed(look.in_mask, axis)).any())


def _enclosed(mask: Mask, axis: int) -> Mask:
    seen = np.logical_or.accumulate(mask, axis)
    back = np.flip(np.logical_or.accumulate(np.flip(mask, axis), axis), axis)
    return seen & back


def _lonely(look: Look) -> str:
    """Whether changed cells have no changed neighbor, or are in one piece."""
    if not look.is_changed:
        return NOTHING
    _, n = ndimage.label(look.changed, EIGHT)
    total = int(look.changed.sum())
    if total == 1:
        return "one_cell"
    return "one_piece" if n == 1 else "single_cells" if n == total else NOTHING


PROPERTIES: Properties = {
    "changed": _share,
    "changed_on": _where,
    "cells": _mask,
    "changed_from": _from,
    "changed_to": _to,
    "changed_holes": _holes,
    "changed_around": _near,
    "changed_rim": _rim,
    "changed_in_box": _in_box,
    "changed_in_boxes": _in_boxes,
    "changed_edge": _edge,
    "changed_lines": _lines,
    "changed_as": _lonely,
    "between_in_column": partial(_between, axis=0),
    "between_in_row": partial(_between, axis=1),
    **{f"extends_{name}": partial(_extends, step=step) for name, step in DIRECTIONS.items()},
}
