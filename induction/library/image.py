"""Images: arrays of colors that know where they lie in the input.

Almost every primitive takes and returns images, so that a part cut out of a grid can be put
back, or compared with another by its place. Color 0 counts as transparent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Image", "NoResultError", "blank", "image", "render"]

Cells = NDArray[np.int8]
"""The colors of an image, shape (height, width)."""

Mask = NDArray[np.bool_]
"""True where a cell is meant, shape (height, width)."""

MAX_IMAGE_SIDE = 60
"""No primitive makes an image with a longer side."""


class NoResultError(ValueError):
    """A primitive is not defined for the image it was given."""


@dataclass(slots=True, eq=False)
class Image:
    """A rectangle of colors at a place; never changed once made.

    Attributes:
        cells: The colors; 0 is transparent.
        row: Row of the upper left cell, in the frame of the input.
        column: Column of the upper left cell.
    """

    cells: Cells
    row: int = 0
    column: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.cells.shape
        return height, width

    @property
    def key(self) -> tuple[int, int, tuple[int, ...], bytes]:
        """What two equal images have in common."""
        return self.row, self.column, self.cells.shape, self.cells.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def with_cells(self, cells: NDArray[np.generic]) -> Image:
        """Returns other colors at the same place."""
        return Image(cells.astype(np.int8, copy=False), self.row, self.column)


Images = tuple[Image, ...]
"""Several images, in an order."""


def image(grid: NDArray[np.generic] | list[list[int]]) -> Image:
    """Returns a grid as an image at the origin."""
    return Image(np.asarray(grid).astype(np.int8))


def render(picture: Image) -> NDArray[np.int64]:
    """Returns an image's colors as a grid, its place forgotten."""
    return picture.cells.astype(np.int64)


def checked(cells: NDArray[np.generic], row: int = 0, column: int = 0) -> Image:
    """Returns an image, unless it is empty or too large."""
    height, width = cells.shape
    if not (0 < height <= MAX_IMAGE_SIDE and 0 < width <= MAX_IMAGE_SIDE):
        raise NoResultError(f"an image of {height}x{width}")
    return Image(cells.astype(np.int8, copy=False), row, column)


def listed(pictures: Iterable[Image]) -> Images:
    """Returns images as a list that is neither empty nor endless."""
    found = tuple(pictures)
    if not 0 < len(found) <= 60:
        raise NoResultError(f"a list of {len(found)} images")
    return found


def color_counts(picture: Image) -> NDArray[np.int64]:
    """Returns how many cells each of the ten colors has."""
    return np.bincount(picture.cells.ravel(), minlength=10).astype(np.int64)


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """Returns the first row, end row, first column and end column of the true cells."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        raise NoResultError("nothing to bound")
    columns = np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def part(picture: Image, top: int, bottom: int, left: int, right: int) -> Image:
    """Returns the rows and columns from an image, with their place."""
    cells = picture.cells[top:bottom, left:right]
    return checked(cells, picture.row + top, picture.column + left)


def blank(height: int, width: int) -> Image:
    """Returns a transparent image at the origin."""
    return checked(np.zeros((max(height, 0), max(width, 0)), np.int8))


def pasted(canvas: Cells, picture: Image, row: int, column: int) -> Cells:
    """Returns a copy of a canvas with an image's colored cells painted at a place."""
    result = canvas.copy()
    height, width = picture.cells.shape
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + height, canvas.shape[0]), min(column + width, canvas.shape[1])
    if top < bottom and left < right:
        source = picture.cells[top - row : bottom - row, left - column : right - column]
        target = result[top:bottom, left:right]
        np.copyto(target, source, where=source != 0)
    return result
