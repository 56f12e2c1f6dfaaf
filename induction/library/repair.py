"""Repair: restoring what a color covers from the symmetry or the repetition of the rest."""

from __future__ import annotations

import numpy as np

from induction.library.image import Cells, Image, NoResultError, bounding_box, part
from induction.library.symmetry import complete_mirror, complete_period, complete_translation

__all__ = ["repaired", "repaired_part"]


def repaired(picture: Image, color: int) -> Image:
    """Replaces a color by what mirror axes, a period or a translation say lies under it.

    Color 0 counts as a color like the others.
    """
    covered = picture.cells == color
    if not covered.any() or covered.all():
        raise NoResultError("nothing to repair")
    shifted = Image(np.where(covered, 0, picture.cells + 1).astype(np.int8))
    for complete in (complete_mirror, complete_period, complete_translation):
        try:
            cells: Cells = complete(shifted).cells
        except NoResultError:
            continue
        if cells.all():
            return picture.with_cells(cells - 1)
    raise NoResultError("no symmetry covers it all")


def repaired_part(picture: Image, color: int) -> Image:
    """Returns the bounding box of a color after it is repaired."""
    box = bounding_box(picture.cells == color)
    return part(repaired(picture, color), *box)
