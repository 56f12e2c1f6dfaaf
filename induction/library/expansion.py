"""Expansion: putting a stamp, chosen cell by cell, in place of each cell of an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from induction.library.image import Image, Images, NoResultError, checked

__all__ = ["expanded", "ones"]


def expanded(choice: ArrayLike, picture: Image, stamps: Images, own: tuple[int, ...]) -> Image:
    """Puts the chosen stamp in place of each cell; those listed in `own` take the cell's color."""
    chosen = np.broadcast_to(np.asarray(choice), picture.shape)
    height, width = stamps[0].shape
    if any(stamp.shape != (height, width) for stamp in stamps):
        raise NoResultError("stamps of one size expected")
    rows, columns = picture.shape
    if rows * height > 60 or columns * width > 60:
        raise NoResultError("too large")
    blocks = np.stack([stamp.cells for stamp in stamps])[chosen]
    colors = picture.cells[:, :, None, None]
    takes = np.isin(chosen, own)[:, :, None, None]
    blocks = np.where(takes, np.where(blocks != 0, colors, 0), blocks)
    return checked(blocks.swapaxes(1, 2).reshape(rows * height, columns * width))


def ones(height: int, width: int) -> Image:
    """Returns a full image of color 1."""
    return checked(np.ones((height, width), np.int8))
