"""Scenes: grids of our own making, with objects, panels, patterns or noise on them.

A maker is drawn once a task, with its palette and sizes; what it then makes has something in
common, as the inputs of a task have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.int8]
Rng = np.random.Generator
Maker = Callable[[Rng], Cells]


@dataclass(frozen=True, slots=True)
class Manner:
    """What the scenes of a task have in common.

    Attributes:
        palette: Their colors, 0 aside.
        low: The shortest side.
        high: The longest side.
    """

    palette: tuple[int, ...]
    low: int
    high: int

    def blank(self, rng: Rng) -> Cells:
        """Returns a blank grid of a random size."""
        height, width = rng.integers(self.low, self.high + 1, 2)
        return np.zeros((height, width), np.int8)

    def color(self, rng: Rng) -> int:
        """Returns one of the colors."""
        return int(rng.choice(self.palette))


def scene_maker(rng: Rng) -> Maker:
    """Returns a function that makes scenes of a random kind in a random manner."""
    kinds = (_objects, _noise, _panels, _halves, _pattern, _marks, _framed, _bars)
    weights = np.array((8, 2, 2, 2, 2, 2, 2, 1))
    kind = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
    n_colors = int(rng.choice((1, 2, 3, 4, 6), p=(0.15, 0.3, 0.25, 0.2, 0.1)))
    palette = tuple(int(c) for c in rng.choice(np.arange(1, 10), n_colors, replace=False))
    low = int(rng.integers(6, 11))
    return kind(rng, Manner(palette, low, low + int(rng.integers(0, 7))))


def _objects(rng: Rng, manner: Manner) -> Maker:
    """Objects of one or a few kinds, apart from each other."""
    styles = rng.choice(len(OBJECTS), int(rng.integers(1, 4)), replace=False)
    n_most = int(rng.integers(2, 7))
    largest = int(rng.integers(2, 6))

    def make(rng: Rng) -> Cells:
        cells = manner.blank(rng)
        for _ in range(int(rng.integers(max(1, n_most // 2), n_most + 1))):
            style = OBJECTS[int(rng.choice(styles))]
            shown = style(rng, largest, [manner.color(rng), manner.color(rng)])
            put_apart(rng, cells, shown)
        return cells

    return make


def put_apart(rng: Rng, cells: Cells, shown: Cells, n_tries: int = 12) -> None:
    """Paints an object where nothing is near, if such a place is found."""
    height, width = shown.shape
    if height > cells.shape[0] or width > cells.shape[1]:
        return
    for _ in range(n_tries):
        top = int(rng.integers(0, cells.shape[0] - height + 1))
        left = int(rng.integers(0, cells.shape[1] - width + 1))
        near = cells[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
        if not near.any():
            cells[top : top + height, left : left + width] = shown
            return


def _rectangle(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    return np.full(rng.integers(1, largest + 1, 2), colors[0], np.int8)


def _ring(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    """A hollow rectangle, now and then with a core."""
    cells = np.full(rng.integers(3, max(4, largest + 2), 2), colors[0], np.int8)
    cells[1:-1, 1:-1] = colors[1] if colors[1] != colors[0] and rng.random() < 0.4 else 0
    return cells


def _blob(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    """A connected shape of one color, grown cell by cell."""
    cells = np.zeros((largest, largest), np.int8)
    place = rng.integers(0, largest, 2)
    for _ in range(int(rng.integers(3, 3 + largest * 2))):
        cells[place[0], place[1]] = colors[0]
        step = ((0, 1), (1, 0), (0, -1), (-1, 0))[int(rng.integers(4))]
        place = np.clip(place + step, 0, largest - 1)
    rows, columns = (np.unique(index) for index in cells.nonzero())
    return cells[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _spotted(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    """A shape of one color with a cell of another."""
    cells = _blob(rng, largest, colors).copy()
    rows, columns = cells.nonzero()
    at = int(rng.integers(len(rows)))
    cells[rows[at], columns[at]] = colors[1]
    return cells


def _line(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    cells = np.full((1, int(rng.integers(2, largest + 2))), colors[0], np.int8)
    return cells.T if rng.random() < 0.5 else cells


def _cross(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    cells = np.zeros((3, 3), np.int8)
    if rng.random() < 0.5:
        cells[1], cells[:, 1] = colors[0], colors[0]
    else:
        cells[[0, 0, 1, 2, 2], [0, 2, 1, 0, 2]] = colors[0]
    cells[1, 1] = colors[1]
    return cells


def _dot(rng: Rng, largest: int, colors: Sequence[int]) -> Cells:
    return np.full((1, 1), colors[0], np.int8)


OBJECTS: tuple[Callable[[Rng, int, Sequence[int]], Cells], ...] = (
    _rectangle, _ring, _blob, _blob, _spotted, _line, _cross, _dot,
)  # fmt: skip


def _noise(rng: Rng, manner: Manner) -> Maker:
    """Colored cells at random, on small grids."""
    density = rng.uniform(0.15, 0.8)
    low = int(rng.integers(2, 6))
    small = Manner(manner.palette, low, low + int(rng.integers(0, 5)))
    return lambda rng: sprinkled(rng, small.blank(rng), small.palette, density)


def sprinkled(rng: Rng, cells: Cells, palette: Sequence[int], density: float) -> Cells:
    """Returns a grid with a share of the cells colored at random."""
    colored = rng.choice(np.array(palette, np.int8), cells.shape)
    return np.where(rng.random(cells.shape) < density, colored, cells).astype(np.int8)


def _panels(rng: Rng, manner: Manner) -> Maker:
    """Panels of one size between lines of one color."""
    n_rows, n_columns = (int(n) for n in rng.integers(1, 4, 2))
    n_columns = max(n_columns, 2 if n_rows == 1 else 1)
    side, line, density = int(rng.integers(2, 5)), manner.palette[0], rng.uniform(0.2, 0.6)
    palette = manner.palette[1:] or manner.palette

    def make(rng: Rng) -> Cells:
        cells = np.full(((side + 1) * n_rows - 1, (side + 1) * n_columns - 1), line, np.int8)
        for row in range(n_rows):
            for column in range(n_columns):
                panel = sprinkled(rng, np.zeros((side, side), np.int8), palette, density)
                if len(palette) > 1 and rng.random() < 0.7:
                    panel[panel > 0] = rng.choice(palette)
                top, left = row * (side + 1), column * (side + 1)
                cells[top : top + side, left : left + side] = panel
        return cells

    return make


def _halves(rng: Rng, manner: Manner) -> Maker:
    """Two noisy panels of one size, each in a color of its own, with a line between or none."""
    one, other = rng.choice(np.arange(1, 10), 2, replace=False)
    line = int(rng.choice((0, *range(1, 10)), p=(0.4, *[0.6 / 9] * 9)))
    is_upright, density = rng.random() < 0.5, rng.uniform(0.3, 0.6)
    low = int(rng.integers(3, 6))
    shape = Manner(manner.palette, low, low + int(rng.integers(0, 2)))

    def make(rng: Rng) -> Cells:
        ground = shape.blank(rng)
        parts = [sprinkled(rng, ground, [color], density) for color in (one, other)]
        if line:
            parts.insert(1, np.full((len(ground), 1), line, np.int8))
        cells = np.hstack(parts)
        return cells.T.copy() if is_upright else cells

    return make


def _pattern(rng: Rng, manner: Manner) -> Maker:
    """A tile repeated, or mirrored, now and then with a patch blanked out."""
    side, is_mirrored = int(rng.integers(2, 5)), rng.random() < 0.5
    has_patch, density = rng.random() < 0.6, rng.uniform(0.5, 1.0)

    def make(rng: Rng) -> Cells:
        ground = manner.blank(rng)
        size = [(n + 1) // 2 for n in ground.shape] if is_mirrored else (side, side)
        tile = sprinkled(rng, np.zeros(size, np.int8), manner.palette, density)
        if is_mirrored:
            tile = np.hstack([tile, tile[:, ::-1]])
            cells = np.vstack([tile, tile[::-1]])
        else:
            times = [n // side + 1 for n in ground.shape]
            cells = np.tile(tile, times)[: ground.shape[0], : ground.shape[1]]
        if has_patch:
            height, width = rng.integers(2, 4, 2)
            top = int(rng.integers(0, max(1, cells.shape[0] - height)))
            left = int(rng.integers(0, max(1, cells.shape[1] - width)))
            cells[top : top + height, left : left + width] = 0
        return cells.copy()

    return make


def _marks(rng: Rng, manner: Manner) -> Maker:
    """A few single cells, on the edge or anywhere."""
    n_most, is_on_edge = int(rng.integers(2, 7)), rng.random() < 0.4

    def make(rng: Rng) -> Cells:
        cells = manner.blank(rng)
        height, width = cells.shape
        for _ in range(int(rng.integers(1, n_most + 1))):
            row, column = int(rng.integers(height)), int(rng.integers(width))
            if is_on_edge and rng.random() < 0.5:
                row = int(rng.choice((0, height - 1)))
            elif is_on_edge:
                column = int(rng.choice((0, width - 1)))
            cells[row, column] = manner.color(rng)
        return cells

    return make


def _framed(rng: Rng, manner: Manner) -> Maker:
    """A large frame or plane with objects in it and around it."""
    is_hollow, density = rng.random() < 0.5, rng.uniform(0.05, 0.2)
    frame, *rest = manner.palette if len(manner.palette) > 1 else (*manner.palette, 5)

    def make(rng: Rng) -> Cells:
        cells = sprinkled(rng, manner.blank(rng), rest, density * (rng.random() < 0.5))
        height, width = (int(rng.integers(4, max(5, n))) for n in cells.shape)
        top = int(rng.integers(0, max(1, cells.shape[0] - height + 1)))
        left = int(rng.integers(0, max(1, cells.shape[1] - width + 1)))
        box = cells[top : top + height, left : left + width]
        box[:] = frame
        if is_hollow:
            box[1:-1, 1:-1] = 0
        box[1:-1, 1:-1] = sprinkled(rng, box[1:-1, 1:-1], rest, density)
        return cells

    return make


def _bars(rng: Rng, manner: Manner) -> Maker:
    """Bars of different lengths from one side."""
    turns, gap = int(rng.integers(4)), int(rng.integers(1, 3))

    def make(rng: Rng) -> Cells:
        cells = manner.blank(rng)
        color = manner.color(rng)
        for row in range(int(rng.integers(2)), len(cells), gap):
            cells[row, : int(rng.integers(0, cells.shape[1]))] = color
            if rng.random() < 0.5:
                color = manner.color(rng)
        return np.rot90(cells, turns).copy()

    return make
