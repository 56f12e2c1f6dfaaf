"""Stacks: parts of one size seen as layers over the same cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Image, Images, NoResultError

__all__ = ["layer", "layers_agreeing", "layers_colored", "lowest", "rarest_layer", "topmost"]

Layer = NDArray[np.int64]
"""A value for each cell, shape (height, width)."""


def layer(pictures: Images, index: int) -> Layer:
    """Returns the colors of one of the parts."""
    if len(pictures) <= index:
        raise NoResultError("list too short")
    return pictures[index].cells.astype(np.int64)


def layers_colored(pictures: Images) -> Layer:
    """Returns how many of the parts are colored at each cell."""
    counts: Layer = (_stacked(pictures) != 0).sum(axis=0)
    return counts


def layers_agreeing(pictures: Images) -> Layer:
    """Returns how many of the parts have the commonest color of each cell."""
    cells = _stacked(pictures)
    counts: Layer = np.max([(cells == c).sum(axis=0) for c in range(10)], axis=0)
    return counts


def topmost(pictures: Images) -> Layer:
    """Returns the color of the first part that is colored at each cell, or 0."""
    result = np.zeros(pictures[0].shape, np.int64)
    for p in reversed(_same(pictures)):
        result = np.where(p.cells != 0, p.cells, result)
    return result


def lowest(pictures: Images) -> Layer:
    """Returns the color of the last part that is colored at each cell, or 0."""
    return topmost(pictures[::-1])


def rarest_layer(pictures: Images) -> Layer:
    """Returns the color of each cell that the fewest parts have there; the lower one of two."""
    cells = _stacked(pictures)
    counts = np.array([(cells == c).sum(axis=0) for c in range(10)])
    rarest: Layer = np.where(counts > 0, counts, len(pictures) + 1).argmin(axis=0)
    return rarest


def _same(pictures: Images) -> list[Image]:
    if len({p.shape for p in pictures}) > 1:
        raise NoResultError("images of one size expected")
    return list(pictures)


def _stacked(pictures: Images) -> NDArray[np.int8]:
    return np.stack([p.cells for p in _same(pictures)])
