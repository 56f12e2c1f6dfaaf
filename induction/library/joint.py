"""Joints: images made of two others."""

from __future__ import annotations

import numpy as np

from induction.library.color import most_common_color
from induction.library.image import Image, NoResultError, checked

__all__ = ["below", "beside", "painted_as", "stretched_over"]


def beside(left: Image, right: Image) -> Image:
    """Sets two images of one height side by side."""
    if left.shape[0] != right.shape[0]:
        raise NoResultError("heights differ")
    return checked(np.hstack([left.cells, right.cells]))


def below(upper: Image, lower: Image) -> Image:
    """Sets two images of one width below each other."""
    if upper.shape[1] != lower.shape[1]:
        raise NoResultError("widths differ")
    return checked(np.vstack([upper.cells, lower.cells]))


def painted_as(picture: Image, model: Image) -> Image:
    """Gives all colored cells the most common color of another image."""
    return picture.with_cells(np.where(picture.cells != 0, most_common_color(model), 0))


def stretched_over(colors: Image, picture: Image) -> Image:
    """Gives colored cells the colors that another image has there when stretched as large."""
    (height, width), (rows, columns) = picture.shape, colors.shape
    if height % rows or width % columns:
        raise NoResultError("sizes do not divide")
    stretched = colors.cells.repeat(height // rows, 0).repeat(width // columns, 1)
    return picture.with_cells(np.where(picture.cells != 0, stretched, 0))
