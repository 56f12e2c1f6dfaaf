"""Properties of repetition: one grid made of the other, whole, in pieces or in another scale."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from arc.transform import SYMMETRIES
from lm.signature.look import NOTHING, Array, Look, Properties, yes

_MOST_WINDOWS = 250_000
"""Cells compared at most when one grid is looked for in the other."""

_CORNERS = {
    "top_left": (0, 0),
    "top_right": (0, 1),
    "bottom_left": (1, 0),
    "bottom_right": (1, 1),
}


def _factors(small: Array, large: Array) -> tuple[int, int] | None:
    """Returns how often one shape goes into another, if it does and they differ."""
    rows, row_rest = divmod(large.shape[0], small.shape[0])
    columns, column_rest = divmod(large.shape[1], small.shape[1])
    if row_rest or column_rest or rows * columns <= 1:
        return None
    return rows, columns


def _named(factors: tuple[int, int]) -> str:
    rows, columns = (min(factor, 5) for factor in factors)
    return f"{rows}x{columns}"


def _tiled(look: Look) -> str:
    factors = _factors(look.input, look.output)
    if factors is None:
        return NOTHING
    return _named(factors) if np.array_equal(np.tile(look.input, factors), look.output) else NOTHING


def _upscaled(look: Look) -> str:
    factors = _factors(look.input, look.output)
    if factors is None:
        return NOTHING
    scaled = look.input.repeat(factors[0], 0).repeat(factors[1], 1)
    return _named(factors) if np.array_equal(scaled, look.output) else NOTHING


def _downscaled(look: Look) -> str:
    """Whether the input, or the box around what is not ground, is the output in a larger scale."""
    for name, cells in (("whole", look.input), ("box", look.box)):
        factors = _factors(look.output, cells)
        if factors is not None:
            scaled = look.output.repeat(factors[0], 0).repeat(factors[1], 1)
            if np.array_equal(scaled, cells):
                return name
    return NOTHING


def _tiles(look: Look) -> str:
    """What the output's tiles of the input's size are."""
    factors = _factors(look.input, look.output)
    if factors is None or factors[0] * factors[1] > 100:
        return NOTHING
    height, width = look.input.shape
    bands = look.output.reshape(factors[0], height, factors[1], width).swapaxes(1, 2)
    tiles = bands.reshape(-1, height, width)
    is_own = (tiles == look.input).all((1, 2))
    is_blank = (tiles == look.ground).all((1, 2))
    if (is_own | is_blank).all():
        return "input_or_ground"
    images = {symmetry(look.input).tobytes() for symmetry in SYMMETRIES}
    is_turned = np.array([tile.tobytes() in images for tile in tiles])
    if is_turned.all():
        return "turned"
    if (is_turned | is_blank).all():
        return "turned_or_ground"
    plain = (tiles == tiles[:, :1, :1]).all((1, 2))
    return "plain" if plain.all() else "some_input" if is_own.any() else NOTHING


def _at_corner(look: Look) -> str:
    """The corner of a larger output that the input is in."""
    (height, width), (out_height, out_width) = look.input.shape, look.output.shape
    if look.is_same_size or out_height < height or out_width < width:
        return NOTHING
    for name, (low, right) in _CORNERS.items():
        top, left = low * (out_height - height), right * (out_width - width)
        if np.array_equal(look.output[top : top + height, left : left + width], look.input):
            return name
    top, left = (out_height - height) // 2, (out_width - width) // 2
    is_center = np.array_equal(look.output[top : top + height, left : left + width], look.input)
    return "center" if is_center else NOTHING


def _is_in(small: Array, large: Array) -> bool:
    windows = (large.shape[0] - small.shape[0] + 1, large.shape[1] - small.shape[1] + 1)
    if min(windows) < 1 or windows[0] * windows[1] * small.size > _MOST_WINDOWS:
        return False
    views = sliding_window_view(large, small.shape)
    places = views[..., 0, 0] == small[0, 0]
    return bool((views[places] == small).all((-2, -1)).any())


def _cut(look: Look) -> str:
    """Whether a smaller output is a part of the input as it stands there."""
    if look.is_same_size or look.output.size == 1:
        return NOTHING
    if _is_in(look.output, look.input):
        return "plain"
    others = SYMMETRIES[1:]
    return "turned" if any(_is_in(s(look.output), look.input) for s in others) else NOTHING


def _has_box(look: Look) -> str:
    """Whether what is not ground in the input is in the output, in its box."""
    is_whole = look.box.shape == look.input.shape
    return NOTHING if look.is_same_size or is_whole else yes(_is_in(look.box, look.output))


def _period(cells: Array, axis: int) -> str:
    """The least number of rows or columns that a grid repeats after."""
    n = cells.shape[axis]
    lines = np.moveaxis(cells, axis, 0)
    if (cells == cells.flat[0]).all():
        return NOTHING
    for period in range(1, n // 2 + 1):
        if np.array_equal(lines[period:], lines[:-period]):
            return str(period) if period < 6 else "6_up"
    return NOTHING


def _rows_of(look: Look) -> str:
    """Whether the output is the input without some of its rows and columns."""
    if look.is_same_size or look.output.size >= look.input.size:
        return NOTHING
    for name, one, other in (
        ("rows", look.input, look.output),
        ("columns", look.input.T, look.output.T),
    ):
        if one.shape[1] == other.shape[1]:
            rest = iter(map(bytes, map(np.ascontiguousarray, one)))
            if all(bytes(np.ascontiguousarray(line)) in rest for line in other):
                return name
    return NOTHING


PROPERTIES: Properties = {
    "tiled": _tiled,
    "upscaled": _upscaled,
    "downscaled": _downscaled,
    "tiles": _tiles,
    "input_at": _at_corner,
    "cut_from_input": _cut,
    "box_in_output": _has_box,
    "lines_dropped": _rows_of,
    "in_row_period": lambda look: _period(look.input, 0),
    "in_column_period": lambda look: _period(look.input, 1),
    "out_row_period": partial(lambda look, axis: _period(look.output, axis), axis=0),
    "out_column_period": partial(lambda look, axis: _period(look.output, axis), axis=1),
}
