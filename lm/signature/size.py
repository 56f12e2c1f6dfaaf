"""Properties of sides: of the output against the input and against what is in the input."""

from __future__ import annotations

from functools import partial

from lm.signature.look import NOTHING, Look, Part, Properties, yes

_GREATEST = 12
"""No longer side is told as a number."""

_RATIOS = {
    (1, 1): "same", (2, 1): "twice", (3, 1): "three_times", (4, 1): "four_times",
    (1, 2): "half", (1, 3): "third", (1, 4): "quarter",
}  # fmt: skip


def _ratio(look: Look, axis: int) -> str:
    before, after = look.input.shape[axis], look.output.shape[axis]
    for (many, few), name in _RATIOS.items():
        if after * few == before * many:
            return name
    if before % 2 and after == before // 2:
        return "half_less_line"
    if before % 3 == 2 and after == before // 3:
        return "third_less_lines"
    for step, name in ((2, "two_more"), (-2, "two_less"), (1, "one_more"), (-1, "one_less")):
        if after == before + step:
            return name
    if after == before * 2 + 1:
        return "twice_with_line"
    if after == before * before:
        return "squared"
    return "more" if after > before else "less"


def _out_side(look: Look, axis: int) -> str:
    side = look.output.shape[axis]
    return str(side) if not look.is_same_size and side <= _GREATEST else NOTHING


def _swapped(look: Look) -> str:
    height, width = look.input.shape
    return yes(height != width and look.output.shape == (width, height))


def _box(look: Look) -> str:
    return yes(look.box.shape != look.input.shape and look.output.shape == look.box.shape)


def _part(look: Look, parts: tuple[Part, ...]) -> str:
    """Which part has the output's shape."""
    ordered = sorted(parts, key=lambda part: part.size)
    if look.is_same_size or len(ordered) < 2:
        return NOTHING
    if ordered[-1].cells.shape == look.output.shape:
        return "largest"
    if ordered[0].cells.shape == look.output.shape:
        return "smallest"
    is_any = any(part.cells.shape == look.output.shape for part in ordered)
    return "other" if is_any else NOTHING


def _in_square(look: Look) -> str:
    return yes(look.input.shape[0] == look.input.shape[1])


def _out_square(look: Look) -> str:
    height, width = look.output.shape
    return yes(not look.is_same_size and height == width)


def _count(look: Look, axis: int) -> str:
    """What the input has as many of as the output has rows or columns."""
    if look.is_same_size:
        return NOTHING
    side = look.output.shape[axis]
    known = {
        "parts": len(look.in_parts),
        "colors": len(look.in_colors),
        "cells": int(look.in_mask.sum()),
        "greatest_count": max((int(look.in_counts[c]) for c in look.in_colors), default=0),
    }
    return next((name for name, n in known.items() if n == side), NOTHING)


def _in_size(look: Look) -> str:
    largest = max(look.input.shape)
    return "small" if largest <= 4 else "large" if largest > 20 else NOTHING


PROPERTIES: Properties = {
    "height": partial(_ratio, axis=0),
    "width": partial(_ratio, axis=1),
    "out_height": partial(_out_side, axis=0),
    "out_width": partial(_out_side, axis=1),
    "sides_swapped": _swapped,
    "out_has_box_size": _box,
    "out_has_size_of_part": lambda look: _part(look, look.in_parts),
    "out_has_size_of_plain_part": lambda look: _part(look, look.in_plain_parts),
    "in_square": _in_square,
    "out_square": _out_square,
    "out_height_counts": partial(_count, axis=0),
    "out_width_counts": partial(_count, axis=1),
    "in_size": _in_size,
}
