"""Colors: keeping, erasing and replacing them, by name or by how common they are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Image, NoResultError, color_counts

__all__ = [
    "background_color", "color_by_frequency", "color_histogram", "color_roles", "denormalized",
    "erase_background", "erase_color", "erase_least_common", "erase_most_common", "fill_blank",
    "fill_blank_least_common", "invert", "keep_color", "keep_least_common", "keep_most_common",
    "least_common_color", "map_colors", "most_common_color", "normalized", "paint",
    "paint_least_common", "paint_most_common", "swap_two_colors",
]  # fmt: skip


def most_common_color(picture: Image) -> int:
    """Returns the color, not 0, of most cells; the lower one of two."""
    counts = color_counts(picture)
    counts[0] = 0
    if not counts.any():
        raise NoResultError("no colors")
    return int(counts.argmax())


def least_common_color(picture: Image) -> int:
    """Returns the color, not 0, of fewest cells; the lower one of two."""
    counts = color_counts(picture)
    present = counts[1:].nonzero()[0] + 1
    if not present.size:
        raise NoResultError("no colors")
    return int(present[counts[present].argmin()])


def background_color(picture: Image) -> int:
    """Returns the color of most cells, 0 included."""
    return int(color_counts(picture).argmax())


def keep_color(picture: Image, color: int) -> Image:
    """Erases all other colors."""
    return picture.with_cells(np.where(picture.cells == color, picture.cells, 0))


def erase_color(picture: Image, color: int) -> Image:
    """Erases one color."""
    return picture.with_cells(np.where(picture.cells == color, 0, picture.cells))


def keep_most_common(picture: Image) -> Image:
    """Keeps the most common color alone."""
    return keep_color(picture, most_common_color(picture))


def keep_least_common(picture: Image) -> Image:
    """Keeps the least common color alone."""
    return keep_color(picture, least_common_color(picture))


def erase_most_common(picture: Image) -> Image:
    """Erases the most common color, not 0."""
    return erase_color(picture, most_common_color(picture))


def erase_least_common(picture: Image) -> Image:
    """Erases the least common color, not 0."""
    return erase_color(picture, least_common_color(picture))


def erase_background(picture: Image) -> Image:
    """Erases the color of most cells."""
    return erase_color(picture, background_color(picture))


def paint(picture: Image, color: int) -> Image:
    """Gives all colored cells one color."""
    return picture.with_cells(np.where(picture.cells != 0, color, 0))


def paint_most_common(picture: Image) -> Image:
    """Gives all colored cells the most common color."""
    return paint(picture, most_common_color(picture))


def paint_least_common(picture: Image) -> Image:
    """Gives all colored cells the least common color."""
    return paint(picture, least_common_color(picture))


def invert(picture: Image) -> Image:
    """Swaps blank cells with those of the image's only color."""
    counts = color_counts(picture)
    counts[0] = 0
    colors = counts.nonzero()[0]
    if len(colors) != 1:
        raise NoResultError("inversion needs one color")
    return picture.with_cells(np.where(picture.cells == 0, colors[0], 0))


def swap_two_colors(picture: Image) -> Image:
    """Swaps the image's two colors, 0 aside."""
    counts = color_counts(picture)
    counts[0] = 0
    colors = counts.nonzero()[0]
    if len(colors) != 2:
        raise NoResultError("a swap needs two colors")
    table = np.arange(10)
    table[colors] = colors[::-1]
    return picture.with_cells(table[picture.cells])


def fill_blank(picture: Image, color: int) -> Image:
    """Gives blank cells a color."""
    return picture.with_cells(np.where(picture.cells == 0, color, picture.cells))


def fill_blank_least_common(picture: Image) -> Image:
    """Gives blank cells the least common color."""
    return fill_blank(picture, least_common_color(picture))


def map_colors(picture: Image, mapping: Mapping[int, int]) -> Image:
    """Replaces each color that has a replacement."""
    table = np.arange(10)
    for color, replacement in mapping.items():
        table[color] = replacement
    return picture.with_cells(table[picture.cells])


def color_by_frequency(picture: Image) -> Image:
    """Stacks the colors, most common first, as a column of single cells."""
    counts = color_counts(picture)
    counts[0] = 0
    order = [c for c in np.argsort(-counts, kind="stable") if counts[c]]
    if not order:
        raise NoResultError("no colors")
    return Image(np.array(order, np.int8)[:, None])


def color_histogram(picture: Image) -> Image:
    """Draws a bar per color from the left, as long as its cells are many, most common first."""
    counts = color_counts(picture)
    counts[0] = 0
    order = [c for c in np.argsort(-counts, kind="stable") if counts[c]]
    if not order or counts.max() > 30:
        raise NoResultError("no histogram")
    cells = np.zeros((len(order), int(counts.max())), np.int8)
    for r, color in enumerate(order):
        cells[r, : counts[color]] = color
    return Image(cells)


def color_roles(grid: NDArray[np.generic], fixed: tuple[int, ...]) -> NDArray[np.int64]:
    """Returns a permutation of the colors that ranks those not fixed by how common they are.

    The most common free color takes the place of the lowest free color, and so on.
    """
    counts = np.bincount(np.asarray(grid, np.int64).ravel(), minlength=10)
    free = [c for c in range(10) if c not in fixed]
    ranked = sorted(free, key=lambda c: (-int(counts[c]), c))
    table = np.arange(10)
    table[ranked] = free
    return table


def normalized(grid: NDArray[np.generic], roles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns a grid in which colors are replaced by their roles."""
    return np.asarray(roles[np.asarray(grid, np.int64)])


def denormalized(grid: NDArray[np.generic], roles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns a grid in which roles are replaced by their colors."""
    return np.argsort(roles)[np.asarray(grid, np.int64)]
