"""Enumeration: all values that few operations reach from the input, each by its cheapest way.

One operation is applied to all grids of the task at once. A tuple of values that an earlier one
equals is dropped: what could be said of it can be said of the cheaper one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from induction.library.image import Image
from induction.search.node import Node, key_of, size_of
from induction.search.operation import Operation, Scene, Value

FAILURES = (ValueError, IndexError, ZeroDivisionError, KeyError)
"""What a primitive raises for an image it is not defined for."""

MAX_CELLS = 1800
"""No value has more cells than this on one grid."""


@dataclass(slots=True)
class Graph:
    """The nodes found so far.

    Attributes:
        scenes: What operations may use, one per grid of the task.
        nodes: All nodes, in the order found.
        is_over: Whether time is up; a backstop, the bounds on cost and steps should come first.
        steps: Work done, in units of about one call of a primitive on a small image.
        complete_cost: All expressions up to this cost have been tried.
    """

    scenes: tuple[Scene, ...]
    is_over: Callable[[], bool]
    nodes: list[Node] = field(default_factory=list)
    steps: int = 0
    complete_cost: int = 0
    _known: set[tuple[object, ...]] = field(default_factory=set)

    def add_input(self) -> None:
        """Adds the input itself."""
        self._add(Node("image", tuple(scene.grid for scene in self.scenes), 0))

    def extend(self, operations: Sequence[Operation], max_cost: int, max_steps: int) -> None:
        """Applies operations to nodes, cheapest results first, until a bound is reached."""
        cheapest = min((operation.cost for operation in operations), default=max_cost + 1)
        for total in range(cheapest, max_cost + 1):
            by_cost: dict[int, list[Node]] = {}
            for node in self.nodes:
                by_cost.setdefault(node.cost, []).append(node)
            for operation in operations:
                if self.is_over():
                    return
                for node in by_cost.get(total - operation.cost, ()):
                    if node.kind == operation.takes:
                        self.apply(operation, node)
                    if self.steps > max_steps:
                        return
            self.complete_cost = total

    def apply(self, operation: Operation, node: Node) -> Node | None:
        """Returns the new node, or `None` where it fails on a grid or is known already."""
        values: list[Value] = []
        for value, scene in zip(node.values, self.scenes, strict=True):
            self.steps += 1 + size_of(value) // 128
            try:
                result = operation.function(value, scene)
            except FAILURES:
                return None
            if isinstance(result, tuple):
                self.steps += len(result) // 4
            if size_of(result) > MAX_CELLS:
                return None
            values.append(result)
        new = Node(operation.gives, tuple(values), node.cost + operation.cost, operation, node)
        return self._add(new)

    def _add(self, node: Node) -> Node | None:
        if node.kind == "images" and all(isinstance(v, tuple) and len(v) == 1 for v in node.values):
            return None
        key = key_of(node.values)
        if key in self._known:
            return None
        if node.kind == "image" and self.nodes and _is_blank(node):
            return None
        self._known.add(key)
        self.nodes.append(node)
        return node


def _is_blank(node: Node) -> bool:
    # Bytes are scanned faster than arrays of this size.
    return not any(isinstance(v, Image) and v.cells.tobytes().strip(b"\0") for v in node.values)
