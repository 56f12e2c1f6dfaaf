"""Items as the learner of drawings knows them: ways to cut a grid up, questions about a part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from induction import library
from induction.library.image import Image, Images, NoResultError
from induction.search.question import Measured

CUTS: tuple[tuple[str, Callable[[Image], Images], float], ...] = (
    ("mono_components(grid, True)", lambda g: library.mono_components(g, True), 1),
    ("mono_components(grid, False)", lambda g: library.mono_components(g, False), 1),
    ("components(grid, True)", lambda g: library.components(g, True), 1),
    ("components(grid, False)", lambda g: library.components(g, False), 1.5),
    ("blank_components(grid)", library.blank_components, 1.5),
    ("cells_of(grid)", library.cells_of, 1.5),
    ("color_layers(grid)", library.color_layers, 1.5),
    ("close_groups(grid)", library.close_groups, 2),
    ("panels(grid)", library.panels, 2),
    ("whole(grid)", library.whole, 1.5),
)
"""Ways to cut a grid into items: text, function, cost."""

MAX_ITEMS = 40
MAX_IN_ALL = 110
"""A way that gives more items in one grid, or in all demonstrations together, is not tried."""

_Feature = Callable[[Image, Images, Image], int]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The items of each demonstration's input.

    Attributes:
        text: How they are cut out, as Python.
        cost: Description length.
        of_grid: The items, one tuple per demonstration.
    """

    text: str
    cost: float
    of_grid: tuple[Images, ...]

    @property
    def are_cells(self) -> bool:
        """Whether they are all cells, one by one."""
        return self.text.startswith("cells")

    @property
    def are_colored(self) -> bool:
        """Whether they are connected by their colors rather than by their place."""
        return not self.text.startswith(("blank", "panels"))


def item_sets(grids: Sequence[Image]) -> Iterator[Items]:
    """Yields the ways to cut grids up that give few items and differ."""
    known: set[tuple[Images, ...]] = set()
    for text, function, cost in CUTS:
        try:
            found = tuple(_nonblank(function(grid)) for grid in grids)
        except NoResultError:
            continue
        n_items = [len(items) for items in found]
        if min(n_items) == 0 or max(n_items) > MAX_ITEMS or sum(n_items) > MAX_IN_ALL:
            continue
        if found not in known:
            known.add(found)
            yield Items(text, cost, found)


def _nonblank(items: Images) -> Images:
    return tuple(item for item in items if item.cells.any())


def item_features() -> list[tuple[str, _Feature, float, bool]]:
    """Returns what is asked of an item: text, function, cost, whether it is a color."""
    found: list[tuple[str, _Feature, float, bool]] = [
        ("color_value(item)", lambda i, _s, _g: library.color_value(i), 0, True),
    ]

    def alone(name: str, cost: float, is_color: bool = False) -> None:
        function = getattr(library, name)
        found.append((f"{name}(item)", lambda i, _s, _g: function(i), cost, is_color))

    def beside(name: str, of: str, cost: float) -> None:
        function, measure = getattr(library, name), cached(getattr(library, of))
        text = f"{name}(item, items, {of})"
        found.append((text, lambda i, s, _g: function(i, s, measure), cost, False))

    measures: dict[tuple[str, int], tuple[Image, Any]] = {}

    def cached(measure: Callable[[Image], Any]) -> Callable[[Image], Any]:
        def of_item(item: Image) -> Any:
            key = measure.__name__, id(item)
            if key not in measures:
                measures[key] = item, measure(item)
            return measures[key][1]

        return of_item

    def inside(name: str, *rest: str, cost: float, is_color: bool) -> None:
        function = getattr(library, name)
        text = f"{name}({', '.join(['item', 'grid', *map(repr, rest)])})"
        found.append((text, lambda i, _s, g: function(i, g, *rest), cost, is_color))

    alone("cell_count", 0.5)
    for name in ("height_of", "width_of", "hole_count", "symmetry_count", "is_full", "longer_side"):
        alone(name, 1)
    for name in ("color_count", "area", "interior_count", "lean_in_rows", "lean_in_columns"):
        alone(name, 1)
    alone("minor_color", 1, is_color=True)
    for measure, cost in (
        ("cell_count", 0.5), ("area", 1), ("height_of", 1), ("width_of", 1), ("hole_count", 1.5),
        ("top_row", 1), ("left_column", 1), ("color_count", 1.5), ("minority_count", 1.5),
    ):  # fmt: skip
        beside("rank_from_most", measure, cost)
        beside("rank_from_least", measure, cost)
    for look in ("look_of_shape", "look_of_size", "look_of_colors", "look_of_cells"):
        beside("alike_count", look, 1)
    inside("edge_contacts", cost=1, is_color=False)
    for name in ("color_beside", "color_within", "color_enclosing", "color_nearest"):
        inside(name, cost=1, is_color=True)
    for direction in ("up", "down", "left", "right"):
        inside("color_seen", direction, cost=1.5, is_color=True)
    level = library.level_count
    found.append(("level_count(item, items)", lambda i, s, _g: level(i, s), 1.5, False))
    twin = library.color_of_twin
    found.append(("color_of_twin(item, items)", lambda i, s, _g: twin(i, s), 1, True))
    return found


def measured_items(items: Items, grids: Sequence[Image]) -> list[Measured]:
    """Returns the features of all items, one after the other."""
    found = []
    known: set[bytes] = set()
    for text, function, cost, is_color in item_features():
        values = np.array(
            [
                function(item, of_grid, grid)
                for of_grid, grid in zip(items.of_grid, grids, strict=True)
                for item in of_grid
            ],
            np.int16,
        )
        if values.tobytes() not in known:
            known.add(values.tobytes())
            found.append(Measured(text, cost, "item", is_color, values))
    return found
