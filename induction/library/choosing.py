"""Choosing: the part of a list that passes several tests.

A test compares the parts of a list by a measure and says which pass; `choose` joins tests. This
says more than picking by one extreme: "of those without holes, the largest".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from induction.library.choice import Measure, cut_at
from induction.library.image import Image, Images, NoResultError, listed

__all__ = [
    "blank_count", "change_count", "choose", "commonest", "count_of", "density", "drop",
    "edges_touched", "elongation", "equal", "in_box", "is_mirrored_columns", "is_mirrored_rows",
    "is_square", "keep", "least", "least_count", "look_of_major_color", "look_of_pattern",
    "look_of_turned_shape", "major_count", "most", "rarest", "second",
]  # fmt: skip

Test = Callable[[Images], list[bool]]
"""Which parts of a list pass."""


def choose(pictures: Images, *tests: Test) -> Image:
    """Returns the only part that passes all tests; several must look the same.

    Each test compares only the parts that passed the ones before it.
    """
    chosen = pictures
    for test in tests:
        chosen = tuple(p for p, ok in zip(chosen, test(chosen), strict=True) if ok)
        if not chosen:
            raise NoResultError("no part passes")
    if any(not np.array_equal(p.cells, chosen[0].cells) for p in chosen[1:]):
        raise NoResultError("not unique")
    return chosen[0]


def keep(pictures: Images, test: Test) -> Images:
    """Keeps the parts that pass a test."""
    return listed(p for p, ok in zip(pictures, test(pictures), strict=True) if ok)


def drop(pictures: Images, test: Test) -> Images:
    """Leaves out the parts that pass a test."""
    return listed(p for p, ok in zip(pictures, test(pictures), strict=True) if not ok)


def most(measure: Measure) -> Test:
    """Passes the parts of the greatest measure."""
    return lambda pictures: _extreme([measure(p) for p in pictures], max)


def least(measure: Measure) -> Test:
    """Passes the parts of the least measure."""
    return lambda pictures: _extreme([measure(p) for p in pictures], min)


def _extreme(values: list[float], extreme: Callable[[list[float]], float]) -> list[bool]:
    best = extreme(values)
    return [v == best for v in values]


def second(measure: Measure) -> Test:
    """Passes the parts of the second greatest measure."""

    def passed(pictures: Images) -> list[bool]:
        values = [measure(p) for p in pictures]
        ranks = sorted(set(values))
        return [len(ranks) > 1 and v == ranks[-2] for v in values]

    return passed


def equal(measure: Measure, value: float) -> Test:
    """Passes the parts with a certain measure."""
    return lambda pictures: [measure(p) == value for p in pictures]


def rarest(look: Callable[[Image], object]) -> Test:
    """Passes the parts whose look the fewest share, if another look is more common."""

    def passed(pictures: Images) -> list[bool]:
        looks = [look(p) for p in pictures]
        counts = Counter(looks)
        fewest = min(counts.values())
        return [fewest < max(counts.values()) and counts[seen] == fewest for seen in looks]

    return passed


def commonest(look: Callable[[Image], object]) -> Test:
    """Passes the parts whose look the most share, if another look is less common."""

    def passed(pictures: Images) -> list[bool]:
        looks = [look(p) for p in pictures]
        counts = Counter(looks)
        largest = max(counts.values())
        return [largest > min(counts.values()) and counts[seen] == largest for seen in looks]

    return passed


def count_of(color: int) -> Measure:
    """Returns the measure of how many cells have a color."""
    return lambda picture: int((picture.cells == color).sum())


def in_box(grid: Image, measure: Measure) -> Measure:
    """Returns what a measure is of all that a grid shows in the part's rectangle."""
    return lambda picture: measure(cut_at(picture, grid))


def edges_touched(grid: Image) -> Measure:
    """Returns the measure of how many of a grid's edges the part touches."""

    def touched(picture: Image) -> int:
        top, left = picture.row - grid.row, picture.column - grid.column
        bottom, right = top + picture.shape[0], left + picture.shape[1]
        return (top == 0) + (left == 0) + (bottom == grid.shape[0]) + (right == grid.shape[1])

    return touched


def blank_count(picture: Image) -> int:
    """Returns the number of blank cells."""
    return int((picture.cells == 0).sum())


def density(picture: Image) -> float:
    """Returns the share of colored cells."""
    return float((picture.cells != 0).mean())


def least_count(picture: Image) -> int:
    """Returns how many cells the rarest color has."""
    counts = np.bincount(picture.cells.ravel())
    return int(counts[counts > 0].min())


def major_count(picture: Image) -> int:
    """Returns how many cells the most common color has, color 0 included."""
    return int(np.bincount(picture.cells.ravel()).max())


def change_count(picture: Image) -> int:
    """Returns how many neighbors, beside or below, have different colors."""
    cells = picture.cells
    across = int((cells[:, 1:] != cells[:, :-1]).sum())
    return across + int((cells[1:] != cells[:-1]).sum())


def is_mirrored_columns(picture: Image) -> int:
    """Returns 1 where left and right are mirror images."""
    return int((picture.cells == picture.cells[:, ::-1]).all())


def is_mirrored_rows(picture: Image) -> int:
    """Returns 1 where top and bottom are mirror images."""
    return int((picture.cells == picture.cells[::-1]).all())


def is_square(picture: Image) -> int:
    """Returns 1 for as many rows as columns."""
    return int(picture.shape[0] == picture.shape[1])


def elongation(picture: Image) -> float:
    """Returns the longer side divided by the shorter one."""
    return max(picture.shape) / min(picture.shape)


def look_of_pattern(picture: Image) -> object:
    """Returns where colors change, the colors themselves and the place aside."""
    order: dict[int, int] = {}
    ranks = [order.setdefault(c, len(order)) for c in picture.cells.ravel().tolist()]
    return picture.cells.shape, tuple(ranks)


def look_of_turned_shape(picture: Image) -> object:
    """Returns which cells are colored, turns and mirrors aside."""
    mask = picture.cells != 0
    turns = [np.rot90(m, k) for m in (mask, mask.T) for k in range(4)]
    return min((t.shape, t.tobytes()) for t in turns)


def look_of_major_color(picture: Image) -> object:
    """Returns the most common color, 0 aside."""
    counts = np.bincount(picture.cells.ravel(), minlength=10)
    return int(counts[1:].argmax())
