"""Properties of connected parts: how many, which of them is the output, what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from scipy import ndimage

from arc.transform import SYMMETRIES, Symmetry
from lm.signature.look import MOST_PARTS, NOTHING, Look, Part, Properties, yes
from lm.signature.symmetry import turned


def _n_holes(part: Part) -> int:
    _, n = ndimage.label(np.pad(~part.mask, 1, constant_values=True))
    return int(n) - 1


def _n_symmetries(part: Part) -> int:
    return sum(np.array_equal(symmetry(part.cells), part.cells) for symmetry in SYMMETRIES)


_MEASURES: Mapping[str, Callable[[Part], int]] = {
    "cells": lambda part: part.size,
    "area": lambda part: int(part.mask.size),
    "height": lambda part: part.mask.shape[0],
    "width": lambda part: part.mask.shape[1],
    "top": lambda part: part.top,
    "left": lambda part: part.left,
    "colors": lambda part: len(part.colors),
    "holes": _n_holes,
    "symmetry": _n_symmetries,
    "minority": lambda part: part.size - int(part.counts.max()),
}


def _few(parts: Sequence[Part], least: int = 1) -> bool:
    return least <= len(parts) <= MOST_PARTS


def _number(parts: Sequence[Part]) -> str:
    n = len(parts)
    return str(n) if n < 6 else "many" if n > 12 else "6_to_12"


def _compared(look: Look) -> str:
    before, after = len(look.in_parts), len(look.out_parts)
    return "same" if before == after else "fewer" if after < before else "more"


def _out_is_part(look: Look) -> str:
    if look.chosen is None:
        return NOTHING
    chosen, parts = look.chosen
    kind = "plain_" if parts is look.in_plain_parts else ""
    if look.is_same_size:
        return f"{kind}on_ground"
    return f"{kind}alone" if chosen.mask.shape == look.output.shape else f"{kind}framed"


def _extreme(chosen: Part, parts: Sequence[Part], measure: Callable[[Part], int]) -> str:
    own = measure(chosen)
    values = [measure(part) for part in parts]
    if values.count(own) > 1:
        return NOTHING
    return "most" if own == max(values) else "least" if own == min(values) else NOTHING


def _part_has(look: Look, measure: str) -> str:
    """Whether the part that is the output has most or least of something."""
    if look.chosen is None:
        return NOTHING
    chosen, parts = look.chosen
    return _extreme(chosen, parts, _MEASURES[measure])


def _part_alone_in(look: Look) -> str:
    """In what the part that is the output is unlike all others."""
    if look.chosen is None:
        return NOTHING
    chosen, parts = look.chosen
    looks = Counter(part.looks for part in parts)
    shapes = Counter(part.shape for part in parts)
    colors = Counter(part.colors for part in parts)
    if looks[chosen.looks] > 1 and looks[chosen.looks] == max(looks.values()):
        return "most_frequent"
    if shapes[chosen.shape] == 1 and sum(n == 1 for n in shapes.values()) == 1:
        return "shape"
    if colors[chosen.colors] == 1 and sum(n == 1 for n in colors.values()) == 1:
        return "color"
    return NOTHING


def _kept(look: Look) -> list[bool] | None:
    """Which parts are left as they are, where others go altogether."""
    if not look.is_changed or not _few(look.in_parts, 2):
        return None
    found = []
    for part in look.in_parts:
        height, width = part.mask.shape
        box = look.output[part.top : part.top + height, part.left : part.left + width][part.mask]
        is_gone, is_whole = (box == look.ground).all(), (box == part.cells[part.mask]).all()
        if not is_gone and not is_whole:
            return None
        found.append(bool(is_whole))
    return found if 0 < sum(found) < len(found) else None


def _kept_by(look: Look, measure: str) -> str:
    """Whether parts with more, or with less, of something are those that are kept."""
    kept = _kept(look)
    if kept is None:
        return NOTHING
    values = [_MEASURES[measure](part) for part in look.in_parts]
    staying = [value for value, stays in zip(values, kept, strict=True) if stays]
    going = [value for value, stays in zip(values, kept, strict=True) if not stays]
    if min(staying) > max(going):
        return "more"
    return "less" if max(staying) < min(going) else NOTHING


def _new_colors(look: Look) -> list[int] | None:
    """The color that each part gets, where each gets one and keeps its cells."""
    if not look.is_changed or not _few(look.in_parts, 2):
        return None
    if not np.array_equal(look.in_mask, look.out_mask):
        return None
    found = []
    for part in look.in_parts:
        height, width = part.mask.shape
        box = look.output[part.top : part.top + height, part.left : part.left + width][part.mask]
        if not (box == box[0]).all():
            return None
        found.append(int(box[0]))
    return found


def _colored_by(look: Look, measure: str) -> str:
    """Whether parts with as much of something always get the same color."""
    colors = _new_colors(look)
    if colors is None or len(set(colors)) == 1:
        return NOTHING
    values = [_MEASURES[measure](part) for part in look.in_parts]
    pairs = set(zip(values, colors, strict=True))
    return yes(len(pairs) == len(set(values)) > 1)


def _color_of(look: Look, most: bool) -> str:
    """The color that the largest or smallest part gets."""
    colors = _new_colors(look)
    if colors is None or len(set(colors)) == 1:
        return NOTHING
    sizes = [part.size for part in look.in_parts]
    extreme = max(sizes) if most else min(sizes)
    found = {color for color, size in zip(colors, sizes, strict=True) if size == extreme}
    return str(found.pop()) if len(found) == 1 else NOTHING


def _all(look: Look, parts: Sequence[Part], holds: Callable[[Part], object]) -> str:
    return yes(_few(parts) and all(holds(part) for part in parts))


def _is_full(part: Part) -> bool:
    return bool(part.mask.all())


def _is_frame(part: Part) -> bool:
    return min(part.mask.shape) > 2 and _n_holes(part) == 1 and not part.mask[1:-1, 1:-1].any()


def _is_mirrored(part: Part) -> bool:
    ways = (Symmetry.FLIP_ROWS, Symmetry.FLIP_COLUMNS)
    return any(np.array_equal(turned(part.mask, way), part.mask) for way in ways)


def _same_shape(look: Look) -> str:
    return yes(_few(look.in_parts, 2) and len({part.shape for part in look.in_parts}) == 1)


_KEPT_BY = ("cells", "height", "width", "colors", "holes", "symmetry")
_COLORED_BY = ("cells", "height", "width", "holes", "top", "left")

PROPERTIES: Properties = {
    "in_parts": lambda look: _number(look.in_parts),
    "in_plain_parts": lambda look: _number(look.in_plain_parts),
    "out_parts": lambda look: _number(look.out_parts),
    "parts": _compared,
    "out_is_part": _out_is_part,
    "part_alone_in": _part_alone_in,
    "largest_part_gets": partial(_color_of, most=True),
    "smallest_part_gets": partial(_color_of, most=False),
    "parts_of_one_shape": _same_shape,
    "parts_full": lambda look: _all(look, look.in_parts, _is_full),
    "out_parts_full": lambda look: _all(look, look.out_parts, _is_full),
    "parts_are_frames": lambda look: _all(look, look.in_parts, _is_frame),
    "parts_mirrored": lambda look: _all(look, look.in_parts, _is_mirrored),
    "parts_of_one_color": lambda look: _all(look, look.in_parts, lambda p: len(p.colors) == 1),
    "parts_are_cells": lambda look: _all(look, look.in_parts, lambda p: p.size == 1),
    "out_parts_of_one_color": lambda look: _all(look, look.out_parts, lambda p: len(p.colors) == 1),
    **{f"part_has_{name}": partial(_part_has, measure=name) for name in _MEASURES},
    **{f"kept_with_{name}": partial(_kept_by, measure=name) for name in _KEPT_BY},
    **{f"colored_by_{name}": partial(_colored_by, measure=name) for name in _COLORED_BY},
}
