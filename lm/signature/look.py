"""A pair as arrays, with what several properties need, each made once and when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arc.task import Pair

Array = NDArray[Any]
Mask = NDArray[np.bool_]

EIGHT = np.ones((3, 3), bool)
"""Neighbors across corners count."""

YES = "yes"
"""The value of a property that holds."""

MOST_PARTS = 40
"""A grid with more parts is noise, of whose parts nothing is said."""

MOST_PANELS = 36

NOTHING = ""
"""The value of a property that has nothing to say of a pair."""


class Part:
    """A connected part of a grid.

    Attributes:
        top: Row of its box.
        left: Column of its box.
        mask: Where in its box it is.
    """

    def __init__(self, top: int, left: int, mask: Mask, box: Array, ground: int) -> None:
        """`box` are the grid's cells in the part's box."""
        self.top = top
        self.left = left
        self.mask = mask
        self._box = box
        self._ground = ground

    @cached_property
    def size(self) -> int:
        """Number of its cells."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def cells(self) -> Array:
        """The grid's cells in its box, the ground where the part is not."""
        return np.where(self.mask, self._box, self._ground).astype(np.uint8)

    @cached_property
    def colors(self) -> tuple[int, ...]:
        """Its colors, ascending."""
        return tuple(np.flatnonzero(self.counts).tolist())

    @cached_property
    def counts(self) -> Array:
        """How often it has each color, shape (10,)."""
        return np.bincount(self._box[self.mask], minlength=10)

    @property
    def looks(self) -> tuple[tuple[int, ...], bytes]:
        """What parts with the same shape and colors have in common."""
        return self.cells.shape, self.cells.tobytes()

    @property
    def shape(self) -> tuple[tuple[int, ...], bytes]:
        """What parts with the same shape have in common."""
        return self.mask.shape, self.mask.tobytes()


class Look:
    """A pair of grids; `ground` is the color that stands for nothing in both.

    The ground is 0 where the input has it, else the input's most common color.
    """

    def __init__(self, pair: Pair) -> None:
        self.input: Array = pair.input.array
        self.output: Array = pair.output.array
        self.is_same_size = self.input.shape == self.output.shape

    @cached_property
    def in_counts(self) -> Array:
        """How often each color is in the input, shape (10,)."""
        return np.bincount(self.input.ravel(), minlength=10)

    @cached_property
    def out_counts(self) -> Array:
        """How often each color is in the output, shape (10,)."""
        return np.bincount(self.output.ravel(), minlength=10)

    @cached_property
    def ground(self) -> int:
        """The color that stands for nothing."""
        return 0 if self.in_counts[0] else int(self.in_counts.argmax())

    @cached_property
    def in_colors(self) -> tuple[int, ...]:
        """Colors of the input but the ground, ascending."""
        return tuple(int(c) for c in np.flatnonzero(self.in_counts) if c != self.ground)

    @cached_property
    def out_colors(self) -> tuple[int, ...]:
        """Colors of the output but the ground, ascending."""
        return tuple(int(c) for c in np.flatnonzero(self.out_counts) if c != self.ground)

    @cached_property
    def in_mask(self) -> Mask:
        """Cells of the input that are not ground."""
        return np.asarray(self.input != self.ground)

    @cached_property
    def out_mask(self) -> Mask:
        """Cells of the output that are not ground."""
        return np.asarray(self.output != self.ground)

    @cached_property
    def changed(self) -> Mask:
        """Where the output differs; of the input's shape, and nowhere if sizes differ."""
        if not self.is_same_size:
            return np.zeros(self.input.shape, bool)
        return np.asarray(self.input != self.output)

    @cached_property
    def is_changed(self) -> bool:
        """Whether sizes are the same and some cells differ."""
        return bool(self.changed.any())

    @cached_property
    def box(self) -> Array:
        """The input's part in the box around all that is not ground; all of it if nothing is."""
        return cropped(self.input, self.in_mask)

    @cached_property
    def in_parts(self) -> tuple[Part, ...]:
        """Parts of the input, connected across corners, of any colors."""
        return parts_of(self.input, self.in_mask, self.ground)

    @cached_property
    def out_parts(self) -> tuple[Part, ...]:
        """Parts of the output, likewise."""
        return parts_of(self.output, self.out_mask, self.ground)

    @cached_property
    def in_plain_parts(self) -> tuple[Part, ...]:
        """Parts of the input that have one color each, connected across corners."""
        return tuple(
            part
            for color in self.in_colors
            for part in parts_of(self.input, self.input == color, self.ground)
        )

    @cached_property
    def lines(self) -> tuple[Separators, Separators]:
        """The lines that cut the input into panels, rows and columns."""
        return separators(self.input), separators(self.input.T)

    @cached_property
    def panels(self) -> list[Array]:
        """Parts of one size that the input consists of: between its lines, else its two halves.

        Halves count only where they have the output's size.
        """
        (_, rows), (_, columns) = self.lines
        if rows or columns:
            bands = between(self.input, rows) if rows else [self.input]
            found = [p.T for band in bands for p in between(band.T, columns)] if columns else bands
        else:
            halves = between(self.input, ()), [half.T for half in between(self.input.T, ())]
            found = next((p for p in halves if p and p[0].shape == self.output.shape), [])
        is_even = len({panel.shape for panel in found}) == 1
        return found if is_even and 1 < len(found) <= MOST_PANELS else []

    @cached_property
    def chosen(self) -> tuple[Part, tuple[Part, ...]] | None:
        """The part that alone is what is not ground in the output, and those it is one of."""
        return self._chosen_of(self.in_parts) or self._chosen_of(self.in_plain_parts)

    def _chosen_of(self, parts: tuple[Part, ...]) -> tuple[Part, tuple[Part, ...]] | None:
        if not 2 <= len(parts) <= MOST_PARTS or not self.out_mask.any():
            return None
        seen = cropped(self.output, self.out_mask)
        for part in parts:
            if part.mask.shape == seen.shape and np.array_equal(part.cells, seen):
                return part, parts
        return None

    @cached_property
    def holes(self) -> Mask:
        """Ground cells of the input that no path along sides leads from to the edge."""
        filled: Mask = ndimage.binary_fill_holes(self.in_mask)
        return filled & ~self.in_mask


def parts_of(cells: Array, mask: Mask, ground: int) -> tuple[Part, ...]:
    """Returns the connected parts of a mask, in the order of their first cells."""
    labels, _ = ndimage.label(mask, EIGHT)
    found = []
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        rows, columns = place
        found.append(Part(rows.start, columns.start, labels[place] == number, cells[place], ground))
    return tuple(found)


def cropped(cells: Array, mask: Mask) -> Array:
    """Returns the cells in the box around a mask; all of them where the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return cells
    return cells[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


Separators = tuple[int, tuple[int, ...]]
"""The color of the lines between panels, -1 for none, and where they are."""


def separators(cells: Array) -> Separators:
    """Returns the rows of one color that cut a grid into two or more panels of one height."""
    is_plain = (cells == cells[:, :1]).all(1)
    if is_plain.any():
        for color in sorted(set(cells[is_plain, 0].tolist()), reverse=True):
            places = np.flatnonzero(is_plain & (cells[:, 0] == color)).tolist()
            gaps = {e - s - 1 for s, e in pairwise([-1, *places, len(cells)])} - {0}
            n_panels = sum(e - s > 1 for s, e in pairwise([-1, *places, len(cells)]))
            if n_panels > 1 and len(gaps) == 1 and gaps != {1}:
                return color, tuple(places)
    return -1, ()


def between(cells: Array, rows: tuple[int, ...]) -> list[Array]:
    """Returns what lies between rows of a grid; without any, its halves if its height is even."""
    if rows:
        return [cells[s + 1 : e] for s, e in pairwise([-1, *rows, len(cells)]) if e - s > 1]
    return [] if len(cells) % 2 else [cells[: len(cells) // 2], cells[len(cells) // 2 :]]


def yes(holds: object) -> str:
    """Returns the value of a property that holds or not."""
    return YES if holds else NOTHING


Property = Callable[[Look], str]
"""What is said of a pair: `YES`, a value of letters, digits and underscores, or `NOTHING`."""

Properties = Mapping[str, Property]
"""Properties by name."""
