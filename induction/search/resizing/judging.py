"""Judging: the tests by which a rule may choose among parts, as sets of those that pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from induction import library
from induction.library.image import Image
from induction.search.enumeration import FAILURES
from induction.search.resizing.cutting import Parts

MEASURES = (
    "cell_count", "area", "color_count", "component_count", "hole_count", "blank_count",
    "symmetry_count", "minority_count", "top_row", "left_column", "height_of", "width_of",
    "bottom_row", "right_column", "density", "least_count", "major_count", "change_count",
    "is_mirrored_columns", "is_mirrored_rows", "is_square", "elongation",
)  # fmt: skip
QUICK_MEASURES = ("cell_count", "color_count", "top_row", "left_column", "area")
"""Those used where many parts are to be judged."""

BOXED = ("color_count", "cell_count", "component_count", "blank_count", "minority_count")
LOOKS = (
    "look_of_cells", "look_of_shape", "look_of_size", "look_of_colors", "look_of_pattern",
    "look_of_turned_shape", "look_of_major_color",
)  # fmt: skip
VERBS = (("most", 0.0), ("least", 0.0), ("rarest", 0.5), ("second", 1.0))
"""The tests of a measure, with what each costs more."""

MAX_EQUALS = 4
"""A measure is compared with at most so many values."""


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A test with what passes it.

    Attributes:
        text: The test as Python; `grid` is the input.
        cost: Description length.
        passing: Per grid, the parts that pass, as the bits of a number.
        verb: The test's name in the library, or `equal`.
        columns: Per grid, what the test compares, one value per part.
    """

    text: str
    cost: float
    passing: tuple[int, ...]
    verb: str
    columns: Sequence[Sequence[Any]]

    def among(self, index: int, mask: int) -> int:
        """Returns the parts that pass if only some of a grid's parts are there to compare."""
        if self.verb == "equal":
            return self.passing[index] & mask
        places = [i for i in range(len(self.columns[index])) if mask >> i & 1]
        bits = _passing(self.verb, [self.columns[index][i] for i in places])
        return sum(1 << place for i, place in enumerate(places) if bits >> i & 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    text: str
    cost: float
    function: Callable[[Image], Callable[[Image], Any]]


def _scales(colors: Sequence[int]) -> list[_Scale]:
    """Returns the measures, each by the grid it may use."""
    found = []
    for name in MEASURES:
        measure = getattr(library, name)
        cost = 2 if name in ("cell_count", "color_count") else 2.5
        found.append(_Scale(name, cost, lambda _, m=measure: m))  # type: ignore[misc]
    for color in colors:
        counted = library.count_of(color)
        found.append(_Scale(f"count_of({color})", 2.5, lambda _, m=counted: m))  # type: ignore[misc]
    found.append(_Scale("edges_touched(grid)", 2.5, library.edges_touched))
    for name in BOXED:
        measure = getattr(library, name)
        found.append(
            _Scale(f"in_box(grid, {name})", 3, lambda grid, m=measure: library.in_box(grid, m))  # type: ignore[misc]
        )
    return found


def _bits(passed: Sequence[bool]) -> int:
    return sum(1 << i for i, answer in enumerate(passed) if answer)


def _passing(verb: str, column: Sequence[Any]) -> int:
    """Returns the bits of the values that pass a test of the library."""
    test: Callable[[Any], Callable[[Sequence[Any]], list[bool]]] = getattr(library, verb)
    return _bits(test(lambda value: value)(column))


def judgements(
    parts: Parts,
    grids: Sequence[Image],
    colors: Sequence[int],
    measures: Sequence[str] = (),
) -> list[Judgement]:
    """Returns the different tests of these parts that some but not all pass, cheapest first.

    If some measures are named, no others are used.
    """
    found: dict[tuple[int, ...], Judgement] = {}
    full = tuple((1 << len(p)) - 1 for p in parts.lists)

    def add(
        text: str, cost: float, passing: list[int], verb: str, columns: Sequence[Sequence[Any]]
    ) -> None:
        key = tuple(passing)
        if all(passing) and key != full and key not in found:
            found[key] = Judgement(text, cost, key, verb, columns)

    scales = [s for s in _scales(colors) if not measures or s.text in measures]
    for scale in sorted(scales, key=lambda s: s.cost):
        columns = _values(scale, parts, grids)
        if columns is None or all(len(set(column)) == 1 for column in columns):
            continue
        for name, cost in VERBS:
            passing = [_passing(name, column) for column in columns]
            add(f"{name}({scale.text})", scale.cost + cost, passing, name, columns)
        shared = set.intersection(*(set(column) for column in columns))
        if len(shared) <= MAX_EQUALS:
            for value in sorted(shared):
                passing = [_bits([v == value for v in column]) for column in columns]
                text = f"equal({scale.text}, {value})"
                add(text, scale.cost + 1, passing, "equal", columns)
    for name in LOOKS[:3] if measures else LOOKS:
        look = getattr(library, name)
        columns = _values(_Scale(name, 2, lambda _, m=look: m), parts, grids)  # type: ignore[misc]
        if columns is not None:
            for verb in ("rarest", "commonest"):
                passing = [_passing(verb, column) for column in columns]
                add(f"{verb}({name})", 2.5, passing, verb, columns)
    return sorted(found.values(), key=lambda j: j.cost)


def _values(scale: _Scale, parts: Parts, grids: Sequence[Image]) -> list[list[Any]] | None:
    """Returns the measure of each part of each grid, or `None` where it is not defined."""
    found = []
    try:
        for grid, pictures in zip(grids, parts.lists, strict=True):
            measure = scale.function(grid)
            found.append([measure(p) for p in pictures])
    except FAILURES:
        return None
    return found
