"""Nodes: values that one expression has on every grid of a task."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Image, Images
from induction.search.operation import Kind, Operation, Value


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An expression and its values.

    Attributes:
        kind: Whether the values are images or lists of images.
        values: One per demonstration, then one per test input.
        cost: Description length of the expression.
        operation: The outermost operation, or `None` for the input.
        parent: The operation's argument.
    """

    kind: Kind
    values: tuple[Value, ...]
    cost: int
    operation: Operation | None = None
    parent: Node | None = None

    @property
    def text(self) -> str:
        """The expression as Python; `grid` is the input and `canvas` the canvas."""
        if self.operation is None or self.parent is None:
            return "grid"
        return self.operation.text.replace("{0}", self.parent.text)

    @property
    def images(self) -> tuple[Image, ...]:
        """The values, which must be images."""
        assert self.kind == "image"
        return self.values  # type: ignore[return-value]

    @property
    def needs_canvas(self) -> bool:
        """Whether the expression uses the canvas."""
        if self.operation is None or self.parent is None:
            return False
        return self.operation.needs_canvas or self.parent.needs_canvas


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A node whose images have the output's size on every demonstration.

    Attributes:
        node: The node.
        shapes: The sizes on the test inputs.
        cells: All its cells, demonstrations first, as one row.
    """

    node: Node
    shapes: tuple[tuple[int, int], ...]
    cells: NDArray[np.int8] = field(repr=False)

    @property
    def cost(self) -> int:
        """Description length of the expression."""
        return self.node.cost

    @property
    def text(self) -> str:
        """The expression as Python."""
        return self.node.text


def key_of(values: tuple[Value, ...]) -> tuple[object, ...]:
    """Returns what values equal on every grid have in common."""
    return tuple(
        v.key if isinstance(v, Image) else tuple(p.key for p in v)  # images, or lists of them
        for v in values
    )


def size_of(value: Image | Images) -> int:
    """Returns the number of cells."""
    if isinstance(value, Image):
        return value.cells.size
    return sum(p.cells.size for p in value)
