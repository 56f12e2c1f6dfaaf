"""Effects: what drawings of items do to the demonstrations, and in which color that is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction.library.drawing import ERASED, KEPT, NOTHING
from induction.search.covering.items import Items
from induction.search.covering.shapes import Shape

Array = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What a drawing does, item by item: the cells it reaches, with its colors there.

    Attributes:
        items: The items.
        shape: The drawing.
        cells: Indices into the demonstrations' cells, all in one row.
        colors: The drawing's own colors.
        owners: Which item; ascending.
    """

    items: Items
    shape: Shape
    cells: Array
    colors: Array
    owners: Array


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What the demonstrations say about the drawing of each item.

    Attributes:
        kept: Which of the effect's cells count, those not hidden.
        right: Which of these belong to an item whose drawing may be right.
        uniform: The one color that is right, `ERASED`, or -1.
        own: Whether its own colors are right.
        free: Whether nothing of it shows.
        harmless: Whether it is right and explains nothing.
        gain: How many cells it may explain.
    """

    kept: Truths
    right: Truths
    uniform: Array
    own: Truths
    free: Truths
    harmless: Truths
    gain: int

    def variants(self) -> list[Array]:
        """Returns the color for each item, with its own colors preferred, and not."""
        plain = np.where(self.uniform >= 0, self.uniform, np.where(self.own, KEPT, NOTHING))
        kept = np.where(self.own, KEPT, np.where(self.uniform >= 0, self.uniform, NOTHING))
        both = [np.where(self.harmless, NOTHING, colors) for colors in (kept, plain)]
        return both[:1] if np.array_equal(both[0], both[1]) else both


def labels_of_items(
    effect: Effect, is_over: bool, is_open: Truths, given: Array, target: Array
) -> Labels | None:
    """Returns what the open cells say, or `None` if no drawing may explain one.

    The cells before and after are those of all demonstrations in one row.
    """
    kept = is_open[effect.cells]
    if not is_over:
        blank = given[effect.cells] == 0
        kept &= blank
    elif not (kept & (given[effect.cells] != 0)).any():
        return None
    cells, owners = effect.cells[kept], effect.owners[kept]
    if not len(cells):
        return None
    wanted = target[cells]
    n = sum(len(of_grid) for of_grid in effect.items.of_grid)
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    present = owners[starts]
    low = np.minimum.reduceat(wanted, starts)
    high = np.maximum.reduceat(wanted, starts)
    own_right = np.logical_and.reduceat(wanted == effect.colors[kept], starts)
    needed = np.add.reduceat((given[cells] != wanted).astype(np.int64), starts)
    uniform = np.full(n, -1)
    uniform[present] = np.where(low == high, np.where(low == 0, ERASED, low), -1)
    own, free, harmless = np.zeros(n, np.bool_), np.ones(n, np.bool_), np.zeros(n, np.bool_)
    own[present] = own_right
    free[present] = False
    may = (uniform >= 0) | own
    harmless[present] = may[present] & (needed == 0)
    gain = int(needed[may[present]].sum())
    if not gain:
        return None
    return Labels(kept, may[owners], uniform, own, free, harmless, gain)
