"""Cutting: the lists of parts among which a rule may choose, and what a part may become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Image, Images, NoResultError, image
from induction.search.enumeration import FAILURES
from induction.search.node import key_of

Array = NDArray[np.int64]
Shape = tuple[int, int]

MAX_PARTS = 60
"""More parts than this on a grid are not compared with each other."""

MAX_UNITS = 900
"""A task is not cut into more parts than this, overlapping ones aside."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A way to cut a grid into parts.

    Attributes:
        text: The expression as Python; `grid` is the input.
        function: The same as a callable.
        cost: Description length.
        is_overlapping: Whether the parts are many and overlap.
    """

    text: str
    function: Callable[[Image], Images]
    cost: float
    is_overlapping: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A cut with the parts it gives on each grid of the task."""

    cut: Cut
    lists: tuple[Images, ...]

    @property
    def are_few(self) -> bool:
        """Whether no grid has so many parts that it would take long to compare them."""
        return all(len(parts) <= MAX_PARTS for parts in self.lists)


@dataclass(frozen=True, slots=True, eq=False)
class Finish:
    """What is made of the chosen part.

    Attributes:
        text: The expression as Python; `{0}` is the part, `grid` the input.
        function: The same as a callable of the part and the input.
        cost: Description length.
        shape: The size of the result by that of the part, or `None` where the cells decide.
    """

    text: str
    function: Callable[[Image, Image], Image]
    cost: float
    shape: Callable[[Shape], Shape] | None = None


def _cut(name: str, *arguments: Any, cost: float) -> Cut:
    primitive: Callable[..., Images] = getattr(library, name)
    text = f"{name}({', '.join(['{0}', *map(repr, arguments)])})"
    return Cut(text, lambda grid: primitive(grid, *arguments), cost)


def _cuts(grids: Sequence[Image], targets: Sequence[Shape]) -> list[Cut]:
    """Returns the ways to cut a prepared grid, simplest first."""
    found = [
        _cut(name, diagonal, cost=2)
        for name in ("components", "mono_components", "boxes")
        for diagonal in (True, False)
    ]
    found += [_cut(name, cost=2) for name in ("color_layers", "panels", "quarters", "halves")]
    found += [
        _cut(name, cost=3)
        for name in (
            "thirds", "color_boxes", "mono_boxes", "framed", "corner_marked", "cornered", "grounds",
            "squares", "panel_rows", "panel_columns", "blank_panels", "blank_components",
            "plain_regions", "rows_of", "columns_of",
        )
    ]  # fmt: skip
    found += [_cut("clusters", reach, cost=3) for reach in (1, 2)]
    found += [_cut("blocks", *sides, cost=3) for sides in ((2, 2), (3, 3), (4, 4), (1, 3), (3, 1))]
    ratios = {
        (grid.shape[0] / target[0], grid.shape[1] / target[1])
        for grid, target in zip(grids, targets, strict=False)
    }
    if len(ratios) == 1:
        rows, columns = ratios.pop()
        if rows.is_integer() and columns.is_integer() and rows * columns > 1:
            found.append(_cut("tiles", int(rows), int(columns), cost=3))
    if len(set(targets)) == 1:
        found.append(replace(_cut("sliding_windows", *targets[0], cost=5), is_overlapping=True))
    return found


def _preparations(grids: Sequence[Image]) -> Iterator[Cut]:
    """Returns what may be done to the grid before it is cut, as cuts into a single part."""
    yield Cut("grid", lambda grid: (grid,), 0)
    majors = [int(np.bincount(grid.cells.ravel()).argmax()) for grid in grids]
    if any(majors):
        yield Cut("erase_background(grid)", lambda g: (library.erase_background(g),), 2)
    everywhere = set.intersection(*(set(np.unique(grid.cells).tolist()) for grid in grids))
    for color in sorted(everywhere - {0} - set(majors)):
        text = f"erase_color(grid, {color})"
        yield Cut(text, lambda grid, c=color: (library.erase_color(grid, c),), 2)  # type: ignore[misc]
        text = f"keep_color(grid, {color})"
        yield Cut(text, lambda grid, c=color: (library.keep_color(grid, c),), 2)  # type: ignore[misc]


def parts_of(
    grids: Sequence[Image], targets: Sequence[Shape], max_parts: int = MAX_PARTS
) -> Iterator[Parts]:
    """Yields the different ways to cut all grids into parts, simplest first."""
    known: set[tuple[object, ...]] = set()
    cuts = _cuts(grids, targets)
    for preparation in _preparations(grids):
        for cut in cuts:
            lists = []
            try:
                for grid in grids:
                    parts = cut.function(preparation.function(grid)[0])
                    if len(parts) > max_parts and not cut.is_overlapping:
                        break
                    lists.append(parts)
            except FAILURES:
                continue
            if len(lists) < len(grids) or all(len(parts) == 1 for parts in lists):
                continue
            key = key_of(tuple(lists))
            if key in known:
                continue
            known.add(key)
            text = cut.text.replace("{0}", preparation.text)
            whole = replace(cut, text=text, cost=cut.cost + preparation.cost)
            yield Parts(whole, tuple(lists))


def all_parts(inputs: Sequence[Array], outputs: Sequence[Array]) -> list[Parts]:
    """Returns the ways to cut a task's inputs, small and many parts included."""
    grids = [image(grid) for grid in inputs]
    targets = [(output.shape[0], output.shape[1]) for output in outputs]
    return list(parts_of(grids, targets, MAX_UNITS // len(grids)))


def _same(shape: Shape) -> Shape:
    return shape


def _turned(shape: Shape) -> Shape:
    return shape[1], shape[0]


def _smaller(shape: Shape) -> Shape:
    return shape[0] - 2, shape[1] - 2


SAME = (
    "flip_rows", "flip_columns", "rotate_180", "invert", "fill_holes", "hull", "holes",
    "erase_most_common", "erase_least_common", "keep_most_common", "keep_least_common",
    "paint_least_common", "paint_most_common", "swap_two_colors", "unite_mirror_columns",
    "unite_mirror_rows", "unite_mirrors", "unite_rotations", "erase_isolated",
    "hull_complement", "complete_mirror", "erase_background", "fill_blank_least_common",
)  # fmt: skip
TURNED = ("transpose", "anti_transpose", "rotate_90", "rotate_270")
FREE = (
    "crop", "downscale", "drop_repeated_lines", "drop_blank_lines", "smallest_tile",
    "crop_background", "drop_separators",
)  # fmt: skip
SIDES: tuple[tuple[str, int, int], ...] = (
    ("mirror_right", 1, 2), ("mirror_left", 1, 2), ("mirror_down", 2, 1), ("mirror_up", 2, 1),
    ("mirror_tile", 2, 2), ("mirror_tile_inward", 2, 2),
)  # fmt: skip
HALVES = ("left_half", "right_half", "top_half", "bottom_half")
SQUARE = ("first_square", "last_square")


def _named(name: str, cost: float, shape: Callable[[Shape], Shape] | None = None) -> Finish:
    primitive: Callable[[Image], Image] = getattr(library, name)
    return Finish(f"{name}({{0}})", lambda part, _: primitive(part), cost, shape)


def finishes() -> list[Finish]:
    """Returns what may be made of the chosen part, simplest first."""
    plain = [
        Finish("{0}", lambda part, _: part, 0, _same),
        Finish("cut_at({0}, grid)", library.cut_at, 1, _same),
    ]
    found = [_named("inside", 2, _smaller)]
    found += [_named(name, 2) for name in FREE]
    found += [_named(name, 2, _same) for name in SAME]
    found += [_named(name, 2, _turned) for name in TURNED]
    found += [_named("majority", 2, lambda _: (1, 1))]
    for name, rows, columns in SIDES:
        found.append(_named(name, 2, lambda s, r=rows, c=columns: (s[0] * r, s[1] * c)))  # type: ignore[misc]
    for k in (2, 3, 4):
        found.append(
            Finish(
                f"upscale({{0}}, {k}, {k})",
                lambda part, _, k=k: library.upscale(part, k, k),  # type: ignore[misc]
                2,
                lambda s, k=k: (s[0] * k, s[1] * k),  # type: ignore[misc]
            )
        )
    found += [_named(name, 2) for name in (*HALVES, *SQUARE)]
    return plain + found + [_after(finish, plain[1]) for finish in found]


def _after(second: Finish, first: Finish) -> Finish:
    """Returns one finish after another that keeps the size."""
    text = second.text.replace("{0}", first.text)

    def function(part: Image, grid: Image) -> Image:
        return second.function(first.function(part, grid), grid)

    return Finish(text, function, first.cost + second.cost, second.shape)


def finished(finish: Finish, part: Image, grid: Image, shape: Shape) -> Image | None:
    """Returns what a part becomes, or `None` where that does not have the size wanted."""
    if finish.shape is not None and finish.shape(part.shape) != shape:
        return None
    try:
        result = finish.function(part, grid)
    except FAILURES:
        return None
    return result if result.shape == shape else None


def is_defined(finish: Finish, part: Image, grid: Image) -> Image | None:
    """Returns what a part becomes, of whatever size, or `None`."""
    try:
        return finish.function(part, grid)
    except (*FAILURES, NoResultError):
        return None
