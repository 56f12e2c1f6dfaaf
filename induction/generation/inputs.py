"""Inputs: grids that a task's program is run on, from known tasks or of our own making.

All inputs of a task come from one source, altered in one way, so that they have something in
common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from induction.generation.scenes import Cells, Rng, put_apart, scene_maker, sprinkled

Source = Sequence[Cells]
"""Grids that belong together: all inputs, or all outputs, of one known task."""

Alteration = Callable[[Cells, Rng], Cells]

LARGEST = 400
"""Cells of the largest input."""

SHARE_OF_SCENES = 0.4

PATIENCE = 50
"""Grids made in a row that may be too small or too large."""


def inputs_for_task(rng: Rng, sources: Sequence[Source]) -> Iterator[Cells]:
    """Yields inputs for one task; the same one may come again.

    Without sources all of them are scenes. Ends only where nothing that is made has a fit size.
    """
    if not sources or rng.random() < SHARE_OF_SCENES:
        make = scene_maker(rng)
    else:
        make = _known_maker(rng, sources)
    if rng.random() < 0.3:
        make = _altered(make, _alteration(rng))
    n_unfit = 0
    while n_unfit < PATIENCE:
        cells = make(rng)
        n_unfit += 1
        if 1 < cells.size <= LARGEST and max(cells.shape) <= 30:
            n_unfit = 0
            yield np.ascontiguousarray(cells, np.int8)


def _altered(make: Callable[[Rng], Cells], alter: Alteration) -> Callable[[Rng], Cells]:
    return lambda rng: alter(make(rng), rng)


def _known_maker(rng: Rng, sources: Sequence[Source]) -> Callable[[Rng], Cells]:
    """Returns a function that takes grids of one source; seldom, of several."""
    chosen = [sources[int(i)] for i in rng.choice(len(sources), 3 if rng.random() < 0.15 else 1)]
    is_grounded = rng.random() < 0.8
    is_turned, is_recolored = rng.random() < 0.3, rng.random() < 0.3
    n_grids = sum(map(len, chosen))

    def make(rng: Rng) -> Cells:
        source = chosen[int(rng.integers(len(chosen)))]
        cells = source[int(rng.integers(len(source)))]
        if cells.size > LARGEST:
            cells = _window(cells, rng)
        if is_grounded:
            cells = grounded(cells)
        if is_turned or n_grids < 60:
            cells = np.rot90(cells, int(rng.integers(4)))
        if is_recolored or n_grids < 60:
            image = np.concatenate([[0], rng.permutation(np.arange(1, 10))])
            cells = image[cells]
        return cells

    return make


def grounded(cells: Cells) -> Cells:
    """Returns a grid with the color of most cells exchanged for 0."""
    ground = int(np.bincount(cells.ravel(), minlength=10).argmax())
    image = np.arange(10, dtype=np.int8)
    image[[0, ground]] = ground, 0
    return image[cells]


def _window(cells: Cells, rng: Rng) -> Cells:
    """Returns a part of a grid, 8 to 18 cells a side."""
    height, width = (min(int(rng.integers(8, 19)), n) for n in cells.shape)
    top = int(rng.integers(0, cells.shape[0] - height + 1))
    left = int(rng.integers(0, cells.shape[1] - width + 1))
    return cells[top : top + height, left : left + width]


def _alteration(rng: Rng) -> Alteration:
    """Returns a random way to alter grids, the same for all inputs of a task."""
    ways = (_cropped, _spotted, _parts, _edged, _few_colors)
    return ways[int(rng.integers(len(ways)))](rng)


def _cropped(rng: Rng) -> Alteration:
    return _window


def _spotted(rng: Rng) -> Alteration:
    """A few cells in one more color."""
    color, density = int(rng.integers(1, 10)), rng.uniform(0.02, 0.1)
    return lambda cells, rng: sprinkled(rng, cells, [color], density)


def _parts(rng: Rng) -> Alteration:
    """Small pieces of the grid, apart from each other on a blank one."""
    side, n_pieces = int(rng.integers(2, 6)), int(rng.integers(2, 6))

    def alter(cells: Cells, rng: Rng) -> Cells:
        canvas = np.zeros(rng.integers(8, 15, 2), np.int8)
        for _ in range(n_pieces):
            top, left = (int(rng.integers(0, max(1, n - side + 1))) for n in cells.shape)
            put_apart(rng, canvas, cells[top : top + side, left : left + side])
        return canvas

    return alter


def _edged(rng: Rng) -> Alteration:
    """A line along one side."""
    color, turns = int(rng.integers(1, 10)), int(rng.integers(4))

    def alter(cells: Cells, rng: Rng) -> Cells:
        turned = np.rot90(cells, turns).copy()
        turned[0] = color
        return np.rot90(turned, -turns)

    return alter


def _few_colors(rng: Rng) -> Alteration:
    """All colors become two."""
    image = np.concatenate([[0], rng.choice(rng.integers(1, 10, 2), 9)])
    return lambda cells, rng: image[cells]
