"""Stamps: drawings read off the demonstrations, the same around each item of one size.

Where the output shows the same color at the same offset from all items of a group, or always
the item's own color, that cell belongs to the stamp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.copying import MAIN_COLOR, MINOR_COLOR
from induction.library.image import Image, bounding_box
from induction.library.shape import part_count
from induction.search.covering.items import Items
from induction.search.covering.shapes import Shape, each

Array = NDArray[np.int64]

REACHES = (1, 2, 4)
"""How far beyond the items' boxes stamps may reach."""

MAX_GROUPS = 12
MAX_OFFSETS = 3
OUTSIDE = -1


def stamp_shapes(items: Items, grids: Sequence[Image], outputs: Sequence[Array]) -> Iterator[Shape]:
    """Yields the stamps that some group of items has in common."""
    if not items.are_colored:
        return
    for group in _groups(items):
        windows = _Windows(group, grids, outputs)
        known: set[bytes] = set()
        for reach in REACHES:
            for is_over in (False, True):
                pattern = windows.pattern(reach, is_over)
                if pattern is not None and pattern.tobytes() not in known:
                    known.add(pattern.tobytes())
                    yield _stamp(pattern, reach, len(group))


def _groups(items: Items) -> list[list[tuple[int, Image]]]:
    """Returns items of one size: all, and those of each color."""
    placed = [(k, item) for k, of_grid in enumerate(items.of_grid) for item in of_grid]
    sizes: dict[tuple[int, int], list[tuple[int, Image]]] = {}
    by_color: dict[tuple[int, int, int], list[tuple[int, Image]]] = {}
    for k, item in placed:
        sizes.setdefault(item.shape, []).append((k, item))
        color = library.color_value(item)
        by_color.setdefault((*item.shape, color), []).append((k, item))
    found = [group for _, group in sorted(by_color.items()) if len(group) > 1]
    found += [group for _, group in sorted(sizes.items()) if len(group) > 1]
    return sorted(found, key=lambda group: -len(group))[:MAX_GROUPS]


class _Windows:
    """What lies around the items of a group, before and after."""

    def __init__(
        self, group: Sequence[tuple[int, Image]], grids: Sequence[Image], outputs: Sequence[Array]
    ) -> None:
        self.margin = max(REACHES)
        self.size = group[0][1].shape
        given = [self._padded(grid.cells) for grid in grids]
        made = [self._padded(output) for output in outputs]
        self.given = np.stack([self._around(given[k], item) for k, item in group])
        self.made = np.stack([self._around(made[k], item) for k, item in group])
        self.main = np.array([library.color_value(item) for _, item in group])[:, None, None]
        self.minor = np.array([library.minor_color(item) for _, item in group])[:, None, None]

    def _padded(self, cells: NDArray[np.generic]) -> Array:
        return np.pad(cells.astype(np.int64), self.margin, constant_values=OUTSIDE)

    def _around(self, padded: Array, item: Image) -> Array:
        height, width = item.shape
        rows = slice(item.row, item.row + height + 2 * self.margin)
        return padded[rows, item.column : item.column + width + 2 * self.margin]

    def pattern(self, reach: int, is_over: bool) -> Array | None:
        """Returns the stamp within some cells of the items, or `None` if it is empty."""
        inner = slice(self.margin - reach, self.margin - reach + self.size[0] + 2 * reach)
        across = slice(self.margin - reach, self.margin - reach + self.size[1] + 2 * reach)
        given, made = self.given[:, inner, across], self.made[:, inner, across]
        hidden = (made == OUTSIDE) | ((given != 0) & (not is_over))
        changed = ((made != given) & ~hidden).any(axis=0)
        color = np.where(hidden, OUTSIDE, made).max(axis=0)
        same = ((made == color) | hidden).all(axis=0) & changed & (color > 0)
        main = ((made == self.main) | hidden).all(axis=0) & changed
        minor = ((made == self.minor) | hidden).all(axis=0) & changed
        pattern = np.where(same, color, 0)
        if len(np.unique(self.main)) > 1:
            pattern = np.where(main, MAIN_COLOR, pattern)
        if len(np.unique(self.minor)) > 1 and (self.minor != self.main).any():
            pattern = np.where(minor & (pattern == 0), MINOR_COLOR, pattern)
        return pattern if pattern.any() else None


def _stamp(pattern: Array, reach: int, n_items: int) -> Shape:
    """Returns the drawing of a pattern, cropped."""
    top, bottom, left, right = bounding_box(pattern != 0)
    cells = pattern[top:bottom, left:right].tolist()
    row, column = top - reach, left - reach
    text = f"stamped(item, {cells}, {row}, {column})"
    n_cells, n_parts = int((pattern != 0).sum()), part_count(pattern != 0, True)
    cost = 1.0 + 0.25 * n_cells + 0.5 * n_parts + 3 / n_items
    stamp = each(lambda item, _: library.stamped(item, cells, row, column))
    return Shape(text, cost, stamp)


def offset_shapes(
    items: Items, grids: Sequence[Image], outputs: Sequence[Array]
) -> Iterator[Shape]:
    """Yields the translations after which most items are found in the output."""
    counts: dict[tuple[int, int], int] = {}
    for of_grid, grid, output in zip(items.of_grid, grids, outputs, strict=True):
        for item in of_grid[:8]:
            for offset in _offsets(item, grid, output):
                counts[offset] = counts.get(offset, 0) + 1
    best = sorted(counts.items(), key=lambda found: (-found[1], found[0]))
    for (rows, columns), count in best[:MAX_OFFSETS]:
        if count > 1:
            text = f"moved(item, {rows}, {columns})"
            move = each(lambda item, _, r=rows, c=columns: library.moved(item, r, c))  # type: ignore[misc]
            yield Shape(text, 2.5, move)


def _offsets(item: Image, grid: Image, output: Array) -> list[tuple[int, int]]:
    """Returns where the item is found in the output but not in the grid, relative to its place."""
    height, width = item.shape
    if height > output.shape[0] or width > output.shape[1] or height * width > 100:
        return []
    shown = item.cells != 0
    after = np.lib.stride_tricks.sliding_window_view(output, (height, width))
    before = np.lib.stride_tricks.sliding_window_view(grid.cells, (height, width))
    here = ((after == item.cells) | ~shown).all(axis=(2, 3))
    here &= ~((before == item.cells) | ~shown).all(axis=(2, 3))
    rows, columns = here.nonzero()
    return [(int(r) - item.row, int(c) - item.column) for r, c in zip(rows, columns, strict=True)]
