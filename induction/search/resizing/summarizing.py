"""Summarizing: rules that turn each part of the input into one cell of the output.

The parts are those of a cut that gives as many as the output has cells, laid out as they lie or
in line. A tree learns what color a part gets by its measures, first by few kinds of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Cells, Image, Images, image
from induction.search.enumeration import FAILURES
from induction.search.proposal import Proposal, distinct
from induction.search.question import Measured, questions
from induction.search.resizing.cutting import Parts
from induction.search.tree import Leaf, Tree, TreeLearner, tree_cost, tree_text, tree_values

Array = NDArray[np.int64]

COST = 3.0
MAX_SPLITS = 4
MAX_FOUND = 12
GROUPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("color",), 0.0),
    (("color", "count"), 1.0),
    (("color", "count", "list", "cell"), 2.0),
)
"""Kinds of measures that are tried together, with what so many cost."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """How a column of numbers becomes an image.

    Attributes:
        text: The expression as Python; `{0}` is the column, `parts` the parts.
        function: The same as a callable.
        read: Returns the column that makes an image, or `None` where none does.
        cost: Description length.
    """

    text: str
    function: Callable[[Array, Images], Image]
    read: Callable[[Cells, Images], Array | None]
    cost: float


def _read_arranged(cells: Cells, pictures: Images) -> Array | None:
    rows, columns = sorted({p.row for p in pictures}), sorted({p.column for p in pictures})
    if cells.shape != (len(rows), len(columns)) or cells.size != len(pictures):
        return None
    places = [(rows.index(p.row), columns.index(p.column)) for p in pictures]
    return np.array([cells[place] for place in places], np.int64)


def _read_line(cells: Cells, pictures: Images, is_upright: bool) -> Array | None:
    line = (len(pictures), 1) if is_upright else (1, len(pictures))
    return cells.ravel().astype(np.int64) if cells.shape == line else None


def _layouts(factors: tuple[int, int]) -> list[_Layout]:
    """Returns the layouts, each cell as large as the factors say."""
    plain = [
        _Layout("arranged({0}, parts)", library.arranged, _read_arranged, 0),
        _Layout(
            "lined({0}, True)",
            lambda column, _: library.lined(column, True),
            lambda cells, pictures: _read_line(cells, pictures, True),
            1,
        ),
        _Layout(
            "lined({0}, False)",
            lambda column, _: library.lined(column, False),
            lambda cells, pictures: _read_line(cells, pictures, False),
            1,
        ),
    ]
    if factors == (1, 1):
        return plain
    return [_stretched(layout, *factors) for layout in plain]


def _stretched(layout: _Layout, rows: int, columns: int) -> _Layout:
    def read(cells: Cells, pictures: Images) -> Array | None:
        if cells.shape[0] % rows or cells.shape[1] % columns:
            return None
        small = cells[::rows, ::columns]
        if not np.array_equal(small.repeat(rows, 0).repeat(columns, 1), cells):
            return None
        return layout.read(small, pictures)

    return _Layout(
        f"upscale({layout.text}, {rows}, {columns})",
        lambda column, pictures: library.upscale(layout.function(column, pictures), rows, columns),
        read,
        layout.cost + 1.5,
    )


def summary_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], cuts: Sequence[Parts]
) -> list[Proposal]:
    """Returns rules that give each part of the input one cell of the output."""
    if all(output.size > 64 and len(np.unique(output)) > 6 for output in outputs):
        return []
    grids = [image(grid) for grid in inputs]
    wanted = [output.astype(np.int8) for output in outputs]
    colors = sorted({int(c) for grid in inputs for c in np.unique(grid)})
    layouts = [layout for factors in _factors(wanted) for layout in _layouts(factors)]
    found: list[Proposal] = []
    for parts in cuts:
        if parts.cut.is_overlapping:
            continue
        for layout in layouts:
            columns = _columns(layout, wanted, parts)
            if columns is not None:
                found += _learned(parts, layout, columns, grids, colors)
                break
    return distinct(found, 3)[:MAX_FOUND]


def _factors(wanted: Sequence[Cells]) -> list[tuple[int, int]]:
    """Returns how large the cells of the outputs may be: single, or as large as possible."""
    blocks = [library.downscale(Image(cells)).shape for cells in wanted]
    found = [(1, 1)]
    factors = {
        (cells.shape[0] // rows, cells.shape[1] // columns)
        for cells, (rows, columns) in zip(wanted, blocks, strict=True)
    }
    for axis in ("both", "rows", "columns"):
        rows = min(f[0] for f in factors) if axis != "columns" else 1
        columns = min(f[1] for f in factors) if axis != "rows" else 1
        if (rows, columns) not in found:
            found.append((rows, columns))
    return found


def _columns(layout: _Layout, wanted: Sequence[Cells], parts: Parts) -> Array | None:
    """Returns the colors that the parts of the demonstrations must get, in one column."""
    found = []
    for cells, pictures in zip(wanted, parts.lists, strict=False):
        column = layout.read(cells, pictures)
        if column is None:
            return None
        found.append(column)
    return np.concatenate(found)


def _measured(parts: Parts, colors: Sequence[int]) -> Iterator[Measured]:
    """Yields the measures of all parts of all grids."""

    def column(text: str, cost: float, group: str, values: Callable[[Images], Any]) -> Measured:
        numbers = np.concatenate([values(pictures) for pictures in parts.lists])
        return Measured(text, cost, group, is_color=False, values=numbers.astype(np.int16))

    def color(text: str, cost: float, group: str, name: Callable[[Image], float]) -> Measured:
        numbers = np.concatenate([library.each(pictures, name) for pictures in parts.lists])
        return Measured(text, cost, group, is_color=True, values=numbers.astype(np.int16))

    for name in ("plainest_color", "color_value", "inner_color", "rarest_color"):
        measure = getattr(library, name)
        try:
            yield color(f"each(parts, {name})", 0.5, "color", measure)
        except FAILURES:
            continue
    for name in (
        "cell_count", "color_count", "component_count", "hole_count", "symmetry_count",
        "major_count", "minority_count", "is_mirrored_rows", "is_mirrored_columns", "height_of",
        "width_of",
    ):  # fmt: skip
        measure = getattr(library, name)
        yield column(f"each(parts, {name})", 1, "count", lambda p, m=measure: library.each(p, m))  # type: ignore[misc]
    for c in colors:
        counted = library.count_of(c)
        yield column(
            f"each(parts, count_of({c}))",
            1,
            "count",
            lambda p, m=counted: library.each(p, m),  # type: ignore[misc]
        )
    for name in ("cell_count", "color_count", "component_count", "minority_count"):
        measure = getattr(library, name)
        yield column(f"ranks(parts, {name})", 1, "list", lambda p, m=measure: library.ranks(p, m))  # type: ignore[misc]
    for name in ("look_of_shape", "look_of_cells", "look_of_pattern"):
        look = getattr(library, name)
        yield column(f"shares(parts, {name})", 1, "list", lambda p, k=look: library.shares(p, k))  # type: ignore[misc]
    largest = max(max(p.shape) for pictures in parts.lists for p in pictures)
    side = range(min(largest, 4))
    for r in side:
        for c in side:
            text = f"each(parts, color_at({r}, {c}))"
            yield color(text, 1.5, "cell", library.color_at(r, c))


def _learned(
    parts: Parts,
    layout: _Layout,
    columns: Array,
    grids: Sequence[Image],
    colors: Sequence[int],
) -> list[Proposal]:
    """Returns the rules by more and more kinds of measures that fit the demonstrations."""
    n = len(columns)
    try:
        subjects = list(_measured(parts, colors))
    except FAILURES:
        return []
    found: list[Proposal] = []
    known: set[str] = set()
    for groups, cost in GROUPS:
        chosen = [s for s in subjects if s.group in groups]
        asked = questions(chosen, n)
        copies = [s for s in chosen if s.is_color]
        tree = _tree(asked, copies, columns)
        if tree is None or tree_text(tree) in known:
            continue
        known.add(tree_text(tree))
        found += _proposal(parts, layout, tree, cost, n, grids)
    return found


def _tree(asked: Sequence[Any], copies: Sequence[Measured], columns: Array) -> Tree | None:
    for copied in copies:
        if np.array_equal(copied.values[: len(columns)], columns):
            return Leaf(0, copied)
    if not asked:
        return None
    return TreeLearner(asked, copies, columns).learn(MAX_SPLITS)


def _proposal(
    parts: Parts, layout: _Layout, tree: Tree, cost: float, n: int, grids: Sequence[Image]
) -> list[Proposal]:
    n_parts = [len(pictures) for pictures in parts.lists]
    values = tree_values(tree, sum(n_parts))
    if values.min() < 0 or values.max() > 9 or (isinstance(tree, Leaf) and not tree.copied):
        return []
    outputs = []
    start = 0
    for pictures, size in zip(parts.lists, n_parts, strict=True):
        if start >= n:
            try:
                made = layout.function(values[start : start + size], pictures)
            except FAILURES:
                return []
            if max(made.shape) > 30:
                return []
            outputs.append(made.cells.astype(np.int64))
        start += size
    assert len(outputs) < len(grids)
    text = layout.text.replace("{0}", tree_text(tree))
    body = (f"parts = {parts.cut.text}", f"answer = render({text})")
    total = COST + parts.cut.cost + layout.cost + cost + tree_cost(tree)
    return [Proposal(body, total, tuple(outputs), "summary")]
