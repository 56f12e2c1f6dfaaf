"""Symmetries of grids: finding them, and where they take a cell.

A symmetry is judged by where it takes the cells that count: onto a cell of the same color
(kept), off the grid (outside), or onto a cell of another color that is not to be ignored
(conflict). Each is a shift of the grid over itself, flipped or turned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy import ndarray

from induction.library.common.color import Color

Place = tuple[Any, Any]
"""An x and a y: numbers, or arrays of them."""


class Symmetry:
    """What takes a cell to one that looks the same."""

    def apply(self, x: Any, y: Any, iters: int = 1) -> Any:
        """Returns where (x, y) is taken by so many repetitions."""

    def _repetitions(self, shape: tuple[int, int]) -> range:
        """Returns the numbers of repetitions that lead to different cells of a grid."""
        return range(2)


@dataclass(eq=False)
class TranslationalSymmetry(Symmetry):
    """A shift by (translate_x, translate_y)."""

    translate_x: Any
    translate_y: Any

    def apply(self, x: Any, y: Any, iters: int = 1) -> Place:
        """Returns where (x, y) is taken by so many shifts; a negative number goes back."""
        return _whole(x + iters * self.translate_x), _whole(y + iters * self.translate_y)

    def _repetitions(self, shape: tuple[int, int]) -> range:
        shifts = zip(shape, (self.translate_x, self.translate_y), strict=True)
        most = max((-int(-size // abs(shift)) for size, shift in shifts if shift), default=0)
        return range(-most, most + 1)


@dataclass(eq=False)
class MirrorSymmetry:
    """A mirror at x = mirror_x, at y = mirror_y, or at both; `None` is no mirror."""

    mirror_x: Any
    mirror_y: Any

    def apply(self, x: Any, y: Any, iters: int = 1) -> Place:
        """Returns where (x, y) is taken; twice is back again."""
        if iters % 2:
            x = x if self.mirror_x is None else _rounded(2 * self.mirror_x - x)
            y = y if self.mirror_y is None else _rounded(2 * self.mirror_y - y)
        return _rounded(x), _rounded(y)

    def _repetitions(self, shape: tuple[int, int]) -> range:
        return range(2)


@dataclass(eq=False)
class RotationalSymmetry(Symmetry):
    """Quarter turns about (center_x, center_y)."""

    center_x: Any
    center_y: Any

    def apply(self, x: Any, y: Any, iters: int = 1) -> Place:
        """Returns where (x, y) is taken by so many turns; a negative number is none."""
        for _ in range(iters):
            dx, dy = x - self.center_x, y - self.center_y
            x, y = self.center_x + dy, self.center_y - dx
        return _rounded(x), _rounded(y)

    def _repetitions(self, shape: tuple[int, int]) -> range:
        return range(4)


class _Movable(Protocol):
    def apply(self, x: Any, y: Any, iters: int = 1) -> Any: ...

    def _repetitions(self, shape: tuple[int, int]) -> range: ...


def _rounded(value: Any) -> Any:
    """Returns a coordinate as an integer; halves go to the even one."""
    if isinstance(value, ndarray):
        return np.rint(value).astype(int)
    return value if isinstance(value, (int, np.integer)) else round(value)


def _whole(value: Any) -> Any:
    """Returns what `_rounded` does of a number; an array is cut."""
    return value.astype(int) if isinstance(value, ndarray) else _rounded(value)


def orbit(grid: ndarray, x: int, y: int, symmetries: Sequence[_Movable]) -> list[tuple[int, int]]:
    """Returns the cells of the grid that symmetries take (x, y) to, applied in their order."""
    n, m = grid.shape
    found = {(x, y)}
    for symmetry in symmetries:
        moved = (symmetry.apply(*cell, i) for cell in found for i in symmetry._repetitions((n, m)))
        found = {(x, y) for x, y in moved if 0 <= x < n and 0 <= y < m}
    return list(found)


@dataclass(frozen=True)
class _Overlay:
    """A grid under itself, seen in one orientation: what a symmetry of that kind is judged by.

    Attributes:
        grid: The grid.
        counts: Which of its cells count.
        below: The grid in the other orientation.
        is_free: Which cells of that may be met in place of any other.
    """

    grid: ndarray
    counts: ndarray
    below: ndarray
    is_free: ndarray

    def judge(self, dx: int, dy: int) -> tuple[int, int, int]:
        """Returns how many cells are kept, outside and in conflict.

        The cell (x, y) lies on (x + dx, y + dy) of what is below.
        """
        n, m = (
            slice(max(0, -step), max(0, min(size, reach - step)))
            for step, size, reach in zip((dx, dy), self.grid.shape, self.below.shape, strict=True)
        )
        on = (slice(n.start + dx, n.stop + dx), slice(m.start + dy, m.stop + dy))
        counts = self.counts[n, m]
        total = int(np.count_nonzero(self.counts))
        if not counts.size:
            return 0, total, 0
        alike = self.grid[n, m] == self.below[on]
        kept = int(np.count_nonzero(alike & counts))
        conflict = int(np.count_nonzero(counts & ~(alike | self.is_free[on])))
        return kept, total - int(np.count_nonzero(counts)), conflict


class _Overlays:
    """The overlays of one grid, by orientation."""

    def __init__(
        self, grid: ndarray, ignore_colors: Collection[int], background: int | None
    ) -> None:
        self._grid = grid
        self._is_free = np.isin(grid, list(ignore_colors))
        self._counts = ~self._is_free
        if background is not None:
            self._counts &= grid != background

    def seen(self, orient: Callable[[ndarray], ndarray]) -> _Overlay:
        """Returns the overlay of the grid and what `orient` makes of it."""
        return _Overlay(self._grid, self._counts, orient(self._grid), orient(self._is_free))


def detect_translational_symmetry(
    grid: ndarray,
    ignore_colors: Collection[int] = (Color.BLACK,),
    background: int | None = None,
) -> list[TranslationalSymmetry]:
    """Returns the best shift along axis 0 and that along axis 1, or else one along both, if any.

    Args:
        grid: The grid.
        ignore_colors: Colors of cells that may hide anything.
        background: A color of cells that are not to be moved, though others must not meet them.
    """
    overlay = _Overlays(grid, ignore_colors, background).seen(np.asarray)
    n, m = grid.shape
    axes = (
        [(x, 0) for x in range(-n + 1, n) if x],
        [(0, y) for y in range(-m + 1, m) if y],
    )
    found = [best for shifts in axes for best in _best_shift(overlay, shifts)]
    diagonal = sorted(((x, y) for x in range(1, n) for y in range(1, m)), key=sum)
    return found or list(_best_shift(overlay, diagonal))


def _best_shift(
    overlay: _Overlay, shifts: Sequence[tuple[int, int]]
) -> Iterator[TranslationalSymmetry]:
    """Yields the first of the best shifts, if it keeps something without conflict."""
    best, best_score = None, 0.0
    for dx, dy in shifts:
        kept, outside, conflict = overlay.judge(dx, dy)
        score = kept - 0.01 * outside - 100_000 * conflict
        if score > best_score:
            best, best_score = TranslationalSymmetry(dx, dy), score
    if best is not None:
        yield best


def detect_rotational_symmetry(
    grid: ndarray,
    ignore_colors: Collection[int] = (Color.BLACK,),
    background: int | None = None,
) -> RotationalSymmetry | None:
    """Returns the best center of quarter turns, or `None`; arguments as for translations."""
    # About (x, y) a turn takes (a, b) to (x - y + b, x + y - a).
    overlay = _Overlays(grid, ignore_colors, background).seen(lambda cells: cells.T[::-1])
    m = grid.shape[1]
    best, best_score = None, 0
    for i, j in np.ndindex(grid.shape):
        for half in (0, 1):
            kept, outside, conflict = overlay.judge(m - 1 - (i + j + half), i - j)
            score = kept - 5 * outside - 1000 * conflict
            if score > best_score:
                best, best_score = RotationalSymmetry(i + half / 2, j + half / 2), score
    return best and RotationalSymmetry(_plain(best.center_x), _plain(best.center_y))


def detect_mirror_symmetry(
    grid: ndarray,
    ignore_colors: Collection[int] = (Color.BLACK,),
    background: int | None = None,
) -> list[MirrorSymmetry]:
    """Returns all of the best mirrors: along axis 0, along axis 1, then along both.

    A mirror through a line at the edge keeps that line; so there are some nearly always.
    Arguments as for translations.
    """
    overlays = _Overlays(grid, ignore_colors, background)
    n, m = grid.shape
    across = overlays.seen(lambda cells: cells[::-1])
    down = overlays.seen(lambda cells: cells[:, ::-1])
    around = overlays.seen(lambda cells: cells[::-1, ::-1])
    # A mirror at half of i takes x to i - x.
    judged = [
        *((i, None, across.judge(n - 1 - i, 0)) for i in range(2 * n)),
        *((None, j, down.judge(0, m - 1 - j)) for j in range(2 * m)),
        *(
            (2 * i + half, 2 * j + half, around.judge(n - 1 - 2 * i - half, m - 1 - 2 * j - half))
            for i in range(n)
            for j in range(m)
            for half in (0, 1)
        ),
    ]
    scores = [
        (kept - 0.01 * outside, _middle(i), _middle(j))
        for i, j, (kept, outside, conflict) in judged
        if kept and not conflict
    ]
    best = max((score for score, _, _ in scores), default=0.0)
    return [MirrorSymmetry(x, y) for score, x, y in scores if score == best]


def _middle(doubled: int | None) -> float | None:
    return None if doubled is None else _plain(doubled / 2)


def _plain(value: float) -> float:
    """Returns an integer where there is no fraction."""
    return int(value) if value == int(value) else value
