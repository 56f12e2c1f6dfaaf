"""Properties of symmetry: the output as the input turned, and what is its own mirror image."""

from __future__ import annotations

from functools import partial

import numpy as np

from arc.transform import SYMMETRIES, Symmetry
from lm.signature.look import NOTHING, Array, Look, Properties

_MIRRORS = (
    Symmetry.FLIP_ROWS,
    Symmetry.FLIP_COLUMNS,
    Symmetry.TRANSPOSE,
    Symmetry.ANTI_TRANSPOSE,
    Symmetry.ROTATE_180,
)


def alike(one: Array, other: Array) -> str:
    """Returns how far two grids are the same."""
    if one.shape != other.shape:
        return NOTHING
    share = float((one == other).mean())
    if share == 1:
        return "exact"
    return "nearly" if share > 0.9 else "mostly" if share > 0.7 else NOTHING


def _turned(look: Look, symmetry: Symmetry) -> str:
    return alike(turned(look.input, symmetry), look.output)


def _box_turned(look: Look, symmetry: Symmetry) -> str:
    """Likewise of the box around what is not ground, where that is less than the input."""
    if look.box.shape == look.input.shape:
        return NOTHING
    return alike(turned(look.box, symmetry), look.output)


def turned(cells: Array, symmetry: Symmetry) -> Array:
    """Returns cells seen through a symmetry."""
    return symmetry(cells)


def _is_own(cells: Array, symmetry: Symmetry) -> str:
    """How far a grid is its own mirror image; nothing for one of a single cell or color."""
    if cells.size == 1 or (cells == cells.flat[0]).all():
        return NOTHING
    found = alike(turned(cells, symmetry), cells)
    return found if found != "mostly" else NOTHING


def _hidden(look: Look) -> str:
    """Whether changed cells are what the mirror image of the input has there."""
    if not look.is_changed:
        return NOTHING
    where = look.changed
    for symmetry in _MIRRORS:
        mirrored = turned(look.input, symmetry)
        is_fit = mirrored.shape == look.output.shape
        if is_fit and np.array_equal(mirrored[where], look.output[where]):
            return symmetry.value
    return NOTHING


PROPERTIES: Properties = {
    **{f"out_is_{s.value}": partial(_turned, symmetry=s) for s in SYMMETRIES},
    **{f"out_is_box_{s.value}": partial(_box_turned, symmetry=s) for s in SYMMETRIES},
    **{
        f"in_own_{s.value}": lambda look, s=s: _is_own(look.input, s)  # type: ignore[misc]
        for s in _MIRRORS
    },
    **{
        f"out_own_{s.value}": lambda look, s=s: _is_own(look.output, s)  # type: ignore[misc]
        for s in _MIRRORS
    },
    "changed_to_mirrored": _hidden,
}
