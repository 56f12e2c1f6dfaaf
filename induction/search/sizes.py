"""Sizes: programs for the size of the output, found from the sizes of what the search reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from induction.library.image import Image, NoResultError, blank
from induction.search.node import Node

Shape = tuple[int, int]

MAX_SIDE = 30


@dataclass(frozen=True, slots=True)
class Canvas:
    """A blank image of the output's size.

    Attributes:
        text: The expression as Python; `grid` is the input.
        images: Its value on every grid of the task.
        cost: Description length.
    """

    text: str
    images: tuple[Image, ...]
    cost: float


def _axis_rules(sides: Sequence[int], targets: Sequence[int]) -> list[tuple[float, int, int]]:
    """Returns (cost, factor, constant) so that side * factor + constant is the target."""
    found = []
    for factor in range(6):
        more = targets[0] - factor * sides[0]
        if factor and abs(more) > 3:
            continue
        if all(factor * s + more == t for s, t in zip(sides, targets, strict=False)):
            cost = (factor != 1) + (more != 0) * (2 if factor else 1)
            found.append((float(cost), factor, more))
    return sorted(found)[:2]


def canvases(nodes: Sequence[Node], targets: Sequence[Shape], limit: int) -> list[Canvas]:
    """Returns the simplest rules for the size that hold on the demonstrations.

    Rules that agree on the test inputs count once.
    """
    found: list[Canvas] = []
    seen_sources: set[tuple[Shape, ...]] = set()
    for node in nodes:
        if node.kind != "image":
            continue
        sources = tuple(picture.shape for picture in node.images)
        if sources in seen_sources:
            continue
        seen_sources.add(sources)
        rows = _axis_rules([s[0] for s in sources], [t[0] for t in targets])
        columns = _axis_rules([s[1] for s in sources], [t[1] for t in targets])
        for row_cost, row_factor, more_rows in rows:
            for column_cost, column_factor, more_columns in columns:
                arguments = f"{row_factor}, {column_factor}, {more_rows}, {more_columns}"
                text = f"blank_scaled({node.text}, {arguments})"
                if arguments == "1, 1, 0, 0":
                    text = f"blank_like({node.text})"
                if row_factor == column_factor == 0:
                    text = f"blank({more_rows}, {more_columns})"
                shapes = [
                    (h * row_factor + more_rows, w * column_factor + more_columns)
                    for h, w in sources
                ]
                if not all(0 < h <= MAX_SIDE and 0 < w <= MAX_SIDE for h, w in shapes):
                    continue
                fixed = text.startswith("blank(")
                cost = row_cost + column_cost + (0 if fixed else 1.5 * node.cost)
                try:
                    images = tuple(blank(h, w) for h, w in shapes)
                except NoResultError:
                    continue
                found.append(Canvas(text, images, cost))
    found.sort(key=lambda c: (c.cost, c.text))
    kept: dict[tuple[Shape, ...], Canvas] = {}
    for canvas in found:
        kept.setdefault(tuple(i.shape for i in canvas.images), canvas)
    return list(kept.values())[:limit]
