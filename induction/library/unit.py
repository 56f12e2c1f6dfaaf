"""Units: the parts of a list as the cells of a small image.

A column of numbers, one per part, is what a rule decides about; `arranged` then lays the column
out as the parts lie in the input, `lined` in a row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from induction.library.choice import Measure
from induction.library.color import most_common_color
from induction.library.image import Image, Images, NoResultError, checked

__all__ = [
    "arranged", "bars", "color_at", "each", "inner_color", "lined", "one_per_color",
    "plainest_color", "ranks", "rarest_color", "shares", "snaked",
]  # fmt: skip

Column = NDArray[np.int64]
"""One number per part."""


def each(pictures: Images, measure: Measure) -> Column:
    """Returns the measure of each part."""
    return np.array([measure(p) for p in pictures], np.int64)


def ranks(pictures: Images, measure: Measure) -> Column:
    """Returns 0 for the parts of the greatest measure, 1 for the next smaller one, and so on."""
    values = [measure(p) for p in pictures]
    order = sorted(set(values), reverse=True)
    return np.array([order.index(v) for v in values], np.int64)


def shares(pictures: Images, look: Callable[[Image], object]) -> Column:
    """Returns how many parts look like each one, itself included."""
    looks = [look(p) for p in pictures]
    return np.array([looks.count(seen) for seen in looks], np.int64)


def color_at(row: int, column: int) -> Measure:
    """Returns the measure of the color in a row and column of the part, or -1 outside."""

    def color(picture: Image) -> int:
        height, width = picture.shape
        if not (-height <= row < height and -width <= column < width):
            return -1
        return int(picture.cells[row, column])

    return color


def rarest_color(picture: Image) -> int:
    """Returns the color, 0 included, of the fewest cells; the lower one of two."""
    counts = np.bincount(picture.cells.ravel())
    return int(np.where(counts > 0, counts, counts.sum() + 1).argmin())


def plainest_color(picture: Image) -> int:
    """Returns the color, 0 included, of the most cells; the lower one of two."""
    return int(np.bincount(picture.cells.ravel()).argmax())


def inner_color(picture: Image) -> int:
    """Returns the color, not 0, of the most cells but the part's most common one, or 0."""
    counts = np.bincount(picture.cells.ravel(), minlength=10)
    counts[0] = 0
    counts[counts.argmax()] = 0
    return int(counts.argmax()) if counts.any() else 0


def arranged(column: Column, pictures: Images) -> Image:
    """Lays numbers out in rows and columns as the parts lie."""
    rows = sorted({p.row for p in pictures})
    columns = sorted({p.column for p in pictures})
    if len(rows) * len(columns) != len(pictures):
        raise NoResultError("the parts do not form a grid")
    cells = np.zeros((len(rows), len(columns)), np.int64)
    for value, p in zip(column, pictures, strict=True):
        cells[rows.index(p.row), columns.index(p.column)] = value
    return checked(cells)


def lined(column: Column, is_upright: bool) -> Image:
    """Lays numbers out from left to right, or from top to bottom."""
    return checked(column[:, None] if is_upright else column[None, :])


def snaked(line: Image, canvas: Image) -> Image:
    """Writes an image's cells row by row into a canvas, every other row from the right."""
    height, width = canvas.shape
    flat = line.cells.ravel()[: height * width]
    result = np.zeros(height * width, np.int8)
    result[: len(flat)] = flat
    cells = result.reshape(height, width)
    cells[1::2] = cells[1::2, ::-1]
    return Image(cells)


def one_per_color(pictures: Images) -> Images:
    """Keeps the first part of each most common color."""
    first: dict[int, Image] = {}
    for p in pictures:
        first.setdefault(most_common_color(p), p)
    return tuple(first.values())


def bars(colors: Column, lengths: Column, height: int, width: int) -> Image:
    """Draws bars of these lengths from the left, one per row; 0 rows or columns: as needed."""
    height, width = height or len(colors), width or int(lengths.max(initial=0))
    cells = checked(np.zeros((height, width), np.int8)).cells
    for row, color, length in zip(cells, colors, lengths, strict=False):
        row[: int(length)] = color
    return Image(cells)
