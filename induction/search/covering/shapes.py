"""Drawings as the learner knows them: text, what they reach, and cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.color import most_common_color
from induction.library.image import Cells, Image, Images
from induction.library.motion import DIRECTIONS, swept
from induction.search.vocabulary import RAYS

Array = NDArray[np.int64]
Reach = tuple[Array, Array, Array, Array]
"""Rows, columns, colors and, ascending, indices of the items drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What may be drawn of an item.

    Attributes:
        text: The expression as Python, of `item` and `grid`.
        cost: Description length.
        reach: What it draws of all items of a grid; may leave out what items hide from another.
        members: The texts of the drawings that it unites.
        is_single: Whether it may be united with others.
    """

    text: str
    cost: float
    reach: Callable[[Images, Image], Reach]
    members: tuple[str, ...] = ()
    is_single: bool = False

    def suits(self, are_cells: bool, are_colored: bool) -> bool:
        """Whether it is tried with items that are single cells, or that are not colored ones."""
        name = self.text.split("(")[0]
        if are_cells:
            return name in FOR_CELLS and "'middle'" not in self.text and "'inner'" not in self.text
        return are_colored or name not in COPIES


FOR_CELLS = frozenset((
    "own_cells", "ray_cells", "stamped", "moved", "moved_to", "moved_until", "repeated", "flooded",
    "row_band", "column_band", "rings",
))  # fmt: skip
"""What is not the same as a stamp for single cells."""

COPIES = frozenset((
    "stamped", "moved", "moved_by_size", "moved_to", "moved_until", "repeated", "mirrored",
    "mirrored_over", "unfolded", "twin_cells", "copies_at_marks", "dotted", "half",
))  # fmt: skip
"""What makes little sense for blank parts and panels."""


def each(function: Callable[[Image, Image], Image]) -> Callable[[Images, Image], Reach]:
    """Returns what a function that draws one item reaches for several."""

    def reach(items: Images, grid: Image) -> Reach:
        found = []
        for owner, item in enumerate(items):
            layer = function(item, grid)
            rows, columns = layer.cells.nonzero()
            colors = layer.cells[rows, columns].astype(np.int64)
            found.append(
                (rows + layer.row, columns + layer.column, colors, np.full(len(rows), owner))
            )
        rows, columns, colors, owners = (np.concatenate(part) for part in zip(*found, strict=True))
        fits = (rows >= 0) & (rows < grid.shape[0]) & (columns >= 0) & (columns < grid.shape[1])
        return rows[fits], columns[fits], colors[fits], owners[fits]

    return reach


class _Rays:
    """What `ray_cells` reaches, found by one sweep per grid and direction for all items.

    Single directions are kept for the sets of directions.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int, str, str | int, str], tuple[Images, Image, Reach]] = {}

    def shape(
        self, directions: tuple[str, ...], until: str | int, start: str | None, cost: float
    ) -> Shape:
        """Returns the drawing of rays in some directions."""

        def text_of(chosen: tuple[str, ...]) -> str:
            rest = (chosen, until) if start is None else (chosen, until, start)
            return f"ray_cells({', '.join(['item', 'grid', *map(repr, rest)])})"

        members = tuple(text_of((d,)) for d in directions) if len(directions) > 1 else ()

        def reach(items: Images, grid: Image) -> Reach:
            found = [self._single(items, grid, d, until, start or "cells") for d in directions]
            if len(found) == 1:
                return found[0]
            rows, columns, colors, owners = (
                np.concatenate(part) for part in zip(*found, strict=True)
            )
            order = np.argsort(owners, kind="stable")
            return rows[order], columns[order], colors[order], owners[order]

        return Shape(text_of(directions), cost, reach, members, not members)

    def _single(
        self, items: Images, grid: Image, direction: str, until: str | int, start: str
    ) -> Reach:
        key = (id(items), id(grid), direction, until, start)
        known = self._known.get(key)
        if known is None:
            if until == "edge":
                reach = each(lambda i, g: library.ray_cells(i, g, (direction,), until, start))
                found = reach(items, grid)
            else:
                found = _stopped(items, grid, direction, until, start)
            known = self._known[key] = items, grid, found
        return known[2]


def _stopped(items: Images, grid: Image, direction: str, until: str | int, start: str) -> Reach:
    """Returns the rays of all items that end at colored cells."""
    walls = np.where(grid.cells != 0, 100, 0).astype(np.int8)
    for owner, item in enumerate(items):
        _mark(walls, item, owner + 1, start, direction)
    lit = swept(walls, direction)
    shown = (grid.cells == 0) & (lit > 0) & (lit < 100) & (walls == 0)
    if until != "wall":
        dr, dc = DIRECTIONS[direction]
        opposite = next(name for name, d in DIRECTIONS.items() if d == (-dr, -dc))
        ends = swept(grid.cells, opposite)
        if start == "cells":
            shown &= swept(walls, opposite) != lit
        shown &= (ends == until) if isinstance(until, int) else (ends != 0)
    rows, columns = shown.nonzero()
    owners = lit[rows, columns].astype(np.int64) - 1
    if until == "own":
        own = np.zeros((len(items), 10), np.bool_)
        for owner, item in enumerate(items):
            own[owner, np.unique(item.cells)] = True
        right = own[owners, ends[rows, columns]]
        rows, columns, owners = rows[right], columns[right], owners[right]
    order = np.argsort(owners, kind="stable")
    colors = np.array([most_common_color(item) for item in items], np.int64)
    return rows[order], columns[order], colors[owners[order]], owners[order]


def _mark(walls: Cells, item: Image, label: int, start: str, direction: str) -> None:
    """Writes a label where an item's rays start."""
    rows, columns = library.ray_starts(item, start, direction)
    walls[rows, columns] = label


def _alone(name: str, *rest: object, cost: float) -> Shape:
    function = getattr(library, name)
    text = f"{name}({', '.join(['item', *map(repr, rest)])})"
    return Shape(text, cost, each(lambda item, _: function(item, *rest)))


def _placed(name: str, *rest: object, cost: float) -> Shape:
    function = getattr(library, name)
    text = f"{name}({', '.join(['item', 'grid', *map(repr, rest)])})"
    return Shape(text, cost, each(lambda item, grid: function(item, grid, *rest)))


def _among(name: str, *rest: object, cost: float) -> Shape:
    function = getattr(library, name)
    text = f"{name}({', '.join(['item', 'items', *map(repr, rest)])})"

    def reach(items: Images, grid: Image) -> Reach:
        return each(lambda item, _: function(item, items, *rest))(items, grid)

    return Shape(text, cost, reach)


ORTHOGONAL = ("up", "down", "left", "right")
DIAGONAL = ("up_left", "up_right", "down_left", "down_right")


def shapes(colors: Sequence[int]) -> list[Shape]:
    """Returns the drawings that are tried, those that unite others last; some end at colors."""
    found = [
        _alone("own_cells", cost=0.5),
        _alone("hole_cells", cost=1),
        _alone("box_cells", cost=1),
        _alone("blank_cells", cost=1.5),
        _alone("interior_cells", cost=1.5),
        _alone("middle_cells", cost=2),
        _alone("around", True, cost=1),
        _alone("around", False, cost=1.5),
        _placed("row_band", cost=1.5),
        _placed("column_band", cost=1.5),
    ]
    for target in ("own", "hit", *colors):
        found.append(_placed("moved_to", target, cost=2.5))
    found += [_alone("box_inside", margin, cost=1.5 + 0.5 * margin) for margin in (1, 2)]
    found += [_alone("box_border", margin, cost=2) for margin in (0, 1, 2)]
    found += [_alone("box_border", -1, cost=2)]
    found += [_alone("box_corners", margin, cost=2) for margin in (0, 1)]
    rays = _Rays()
    for directions in RAYS + tuple((direction,) for direction in DIAGONAL):
        cost = 2.0 if len(directions) == 2 else 1.5
        for until in ("edge", "wall", "hit", "own"):
            more = 0.5 if until in ("hit", "own") else 0.0
            found.append(rays.shape(directions, until, None, cost + more))
            if until != "own":
                found.append(rays.shape(directions, until, "middle", cost + more + 1))
            if until in ("wall", "hit") and not any("_" in d for d in directions):
                found.append(rays.shape(directions, until, "inner", cost + more + 1))
        for color in colors:
            found.append(rays.shape(directions, color, None, cost + 1))
    for direction in ORTHOGONAL:
        for must_hit in (False, True):
            found.append(_placed("moved_until", direction, must_hit, cost=2 + 0.5 * must_hit))
        for shared in (0, 1):
            found.append(_alone("mirrored_over", direction, shared, cost=2.5))
        for gap in (0, 1):
            found.append(_placed("repeated", direction, gap, cost=2.5))
    for direction in DIAGONAL:
        found.append(_placed("moved_until", direction, True, cost=3))
        for shared in (0, 1):
            found.append(_alone("mirrored_over", direction, shared, cost=3))
        found.append(_placed("repeated", direction, 0, cost=3))

    found += [_alone("half", direction, cost=2) for direction in ORTHOGONAL]
    for until in ("edge", "wall"):
        found.append(_placed("gap_rays", until, cost=2.5))
    for until in ("edge", "wall", "hit"):
        for is_back in (False, True):
            found.append(_placed("pointed_rays", until, is_back, cost=2.5))
    found += [_placed("rings", period, cost=2.5) for period in (1, 2, 3)]
    found.append(_placed("flooded", cost=1.5))
    found += [_alone("middle_line", way, cost=2) for way in ("row", "column", "cross")]
    for way in ("rows", "columns", "board", "points"):
        found += [_alone("dotted", way, phase, cost=2) for phase in (0, 1)]
    for same in ("size", "shape"):
        found.append(_among("twin_cells", same, cost=2.5))
    for is_turned in (False, True):
        found.append(_placed("copies_at_marks", is_turned, cost=2 + 0.5 * is_turned))
    for way in ("rows", "columns", "both", "turns", "all"):
        for about in ("box", "minor", *colors):
            if about != "box" or way in ("both", "turns", "all"):
                found.append(_alone("unfolded", way, about, cost=2 if about == "box" else 2.5))
    for axis in ("rows", "columns", "both", "diagonal"):
        found.append(_alone("mirrored", axis, cost=2))
    for rows, columns in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        for gap in (0, 1):
            found.append(_alone("moved_by_size", rows, columns, gap, cost=2.5))
    return sorted(found, key=lambda shape: (bool(shape.members), shape.cost))
