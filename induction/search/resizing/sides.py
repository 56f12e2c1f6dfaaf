"""Sides: sizes of the output by numbers, each side for itself, where no image has that size.

A side may be a multiple of a number, half of it, or the product of two: a side of the input, how
many colors or colored cells it has, how many parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from induction import library
from induction.library.image import Image, blank
from induction.search.enumeration import FAILURES
from induction.search.sizes import MAX_SIDE, Canvas, Shape

MAX_CANVASES = 1
MEASURES = (
    ("height_of", 0.5), ("width_of", 0.5), ("color_count", 1.0), ("cell_count", 1.0),
    ("blank_count", 1.0), ("component_count", 1.5), ("hole_count", 1.5), ("minority_count", 1.5),
    ("major_count", 1.5),
)  # fmt: skip
LISTS: tuple[tuple[str, tuple[bool, ...]], ...] = (
    ("mono_components", (True,)), ("mono_components", (False,)), ("panels", ()),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Number:
    """A number of each grid of the task."""

    text: str
    values: tuple[int, ...]
    cost: float


def side_canvases(grids: Sequence[Image], targets: Sequence[Shape]) -> list[Canvas]:
    """Returns the simplest sizes whose sides follow from numbers."""
    numbers = list(_numbers(grids))
    heights = _sides(numbers, [height for height, _ in targets])
    widths = _sides(numbers, [width for _, width in targets])
    found = []
    for high in heights:
        for wide in widths:
            shapes = list(zip(high.values, wide.values, strict=True))
            if all(0 < h <= MAX_SIDE and 0 < w <= MAX_SIDE for h, w in shapes):
                cost = high.cost + wide.cost
                text = f"blank({high.text}, {wide.text})"
                found.append(Canvas(text, tuple(blank(h, w) for h, w in shapes), cost))
    return sorted(found, key=lambda canvas: (canvas.cost, canvas.text))[:MAX_CANVASES]


def _numbers(grids: Sequence[Image]) -> Iterator[_Number]:
    """Yields the numbers that follow from all grids, simplest first."""
    for name, cost in MEASURES:
        measure = getattr(library, name)
        try:
            yield _Number(f"{name}(grid)", tuple(int(measure(grid)) for grid in grids), cost)
        except FAILURES:
            continue
    for name, arguments in LISTS:
        cut = getattr(library, name)
        try:
            counts = tuple(len(cut(grid, *arguments)) for grid in grids)
        except FAILURES:
            continue
        yield _Number(f"len({name}({', '.join(['grid', *map(str, arguments)])}))", counts, 2.0)


def _sides(numbers: Sequence[_Number], wanted: Sequence[int]) -> list[_Number]:
    """Returns the expressions that are the wanted sides on the demonstrations."""
    found = []
    n_grids = len(numbers[0].values)
    if len(set(wanted)) == 1:
        found.append(_Number(str(wanted[0]), (wanted[0],) * n_grids, 1.0))
    for number in numbers:
        for factor in (1, 2, 3, 4):
            for more in (0, 1, -1, 2, -2):
                text = number.text if factor == 1 else f"{number.text} * {factor}"
                text = text if not more else f"{text} {'+' if more > 0 else '-'} {abs(more)}"
                values = tuple(v * factor + more for v in number.values)
                found.append(_Number(text, values, number.cost + (factor > 1) + (more != 0)))
        halves = tuple(v // 2 for v in number.values)
        found.append(_Number(f"{number.text} // 2", halves, number.cost + 1))
        for other in numbers:
            values = tuple(a * b for a, b in zip(number.values, other.values, strict=True))
            text = f"{number.text} * {other.text}"
            found.append(_Number(text, values, number.cost + other.cost + 1))
    fitting = [f for f in found if list(f.values[: len(wanted)]) == list(wanted)]
    return sorted(fitting, key=lambda f: (f.cost, f.text))[:4]
