"""Tiling: outputs that consist of the input, or its largest part, turned from place to place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Cells, Image, image
from induction.search.enumeration import FAILURES
from induction.search.proposal import Proposal

Array = NDArray[np.int64]

COST = 3.0
COST_OF_PLACE = 0.25
MAX_PLACES = 36
BASES = ("grid", "crop(grid)", "downscale(grid)", "erase_background(grid)")
TURNS = (
    "identity", "blank_like", "flip_columns", "flip_rows", "rotate_180", "transpose", "rotate_90",
    "rotate_270", "anti_transpose", "invert", "swap_two_colors",
)  # fmt: skip


def _value(name: str, base: Image) -> Cells | None:
    """Returns what a turn makes of a base, or `None` where it is not defined."""
    function: Callable[[Image], Image] = getattr(library, name)
    try:
        return function(base).cells
    except FAILURES:
        return None


def tiling_proposals(inputs: Sequence[Array], outputs: Sequence[Array]) -> list[Proposal]:
    """Returns programs that lay out turns of one image in a fixed pattern."""
    found: list[Proposal] = []
    known: set[tuple[object, ...]] = set()
    for text in BASES:
        name = text.removesuffix("(grid)") if text != "grid" else "identity"
        cut = [_value(name, image(grid)) for grid in inputs]
        bases = [Image(cells) for cells in cut if cells is not None]
        key = tuple(base.key for base in bases)
        if len(bases) == len(inputs) and key not in known:
            known.add(key)
            found += _tilings(text, bases, outputs)
    return found


def _tilings(text: str, bases: Sequence[Image], outputs: Sequence[Array]) -> list[Proposal]:
    ratios = {
        (output.shape[0] / base.shape[0], output.shape[1] / base.shape[1])
        for base, output in zip(bases, outputs, strict=False)
    }
    rows, columns = next(iter(ratios))
    if len(ratios) > 1 or not (rows.is_integer() and columns.is_integer()):
        return []
    height, width = int(rows), int(columns)
    if not 1 < height * width <= MAX_PLACES:
        return []
    turned = {name: [_value(name, base) for base in bases] for name in TURNS}
    used: list[str] = []
    pattern = np.zeros((height, width), np.int64)
    for r in range(height):
        for c in range(width):
            name = _turn_at(turned, bases, outputs, r, c)
            if name is None:
                return []
            if name not in used:
                used.append(name)
            pattern[r, c] = used.index(name)
    if used == ["blank_like"]:
        return []
    stamps = tuple("base" if name == "identity" else f"{name}(base)" for name in used)
    made = []
    for index, base in enumerate(bases):
        pictures = [turned[name][index] for name in used]
        if any(cells is None for cells in pictures):
            return []
        images = tuple(Image(cells) for cells in pictures if cells is not None)
        try:
            tiled = library.expanded(pattern, library.blank(height, width), images, ())
        except FAILURES:
            return []
        if max(tiled.shape) > 30:
            return []
        made.append(tiled.cells.astype(np.int64))
        assert base.shape[0] * height == tiled.shape[0]
    body = (
        f"base = at_origin({text})",
        f"stamps = ({''.join(f'{s}, ' for s in stamps).rstrip()})",
        f"answer = render(expanded({pattern.tolist()}, blank({height}, {width}), stamps, ()))",
    )
    cost = COST + COST_OF_PLACE * height * width + 0.5 * len(used) + (text != "grid") * 2
    return [Proposal(body, cost, tuple(made[len(outputs) :]), "tiling")]


def _turn_at(
    turned: dict[str, list[Cells | None]],
    bases: Sequence[Image],
    outputs: Sequence[Array],
    row: int,
    column: int,
) -> str | None:
    """Returns the first turn that all outputs show at a place of the pattern."""
    blocks = []
    for base, output in zip(bases, outputs, strict=False):
        height, width = base.shape
        top, left = row * height, column * width
        blocks.append(output[top : top + height, left : left + width])
    for name, values in turned.items():
        if all(
            cells is not None and np.array_equal(cells, block)
            for cells, block in zip(values, blocks, strict=False)
        ):
            return name
    return None
