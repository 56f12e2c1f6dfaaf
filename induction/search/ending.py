"""Endings: last operations, tried on the nodes that the enumeration had no time to extend.

A last operation must give the output itself, so that one demonstration refutes nearly all of
them and nothing is kept: several times cheaper than another level of the enumeration.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Image
from induction.search.enumeration import FAILURES, Graph
from induction.search.node import Node
from induction.search.operation import Operation, Value

Cells = NDArray[np.int8]

MAX_ENDINGS = 20
"""How many nodes are returned at most."""


def endings(
    graph: Graph, operations: Sequence[Operation], outputs: Sequence[Cells], max_tries: int
) -> list[Node]:
    """Returns nodes, beyond those of the graph, that are the outputs, cheapest first.

    Where outputs differ from inputs in size, colors may still have to be replaced.
    """
    probe = min(range(len(outputs)), key=lambda i: graph.scenes[i].grid.cells.size)
    last = [operation for operation in operations if operation.gives == "image"]
    if not last:
        return []
    by_cost: dict[int, list[Node]] = {}
    for node in graph.nodes:
        by_cost.setdefault(node.cost, []).append(node)
    may_recolor = any(
        scene.grid.shape != output.shape
        for scene, output in zip(graph.scenes, outputs, strict=False)
    )
    found: list[Node] = []
    tries = 0
    for total in range(graph.complete_cost + 1, max(by_cost) + last[-1].cost + 1):
        for operation in last:
            if graph.is_over():
                return found
            for node in by_cost.get(total - operation.cost, ()):
                if node.kind != operation.takes:
                    continue
                tries += 1
                result = _applied(graph, operation, node.values[probe], probe)
                if result is None or not _is_output(result, outputs[probe], may_recolor):
                    continue
                new = _everywhere(graph, operation, node, outputs, may_recolor)
                if new is not None:
                    found.append(new)
                    if len(found) == MAX_ENDINGS:
                        return found
            if tries > max_tries:
                return found
    return found


def _applied(graph: Graph, operation: Operation, value: Value, index: int) -> Image | None:
    try:
        result = operation.function(value, graph.scenes[index])
    except FAILURES:
        return None
    assert isinstance(result, Image)
    return result


def _is_output(result: Image, output: Cells, may_recolor: bool) -> bool:
    if result.cells.shape != output.shape:
        return False
    if not may_recolor:
        return np.array_equal(result.cells, output)
    table = np.zeros(10, np.int8)
    table[result.cells] = output
    return np.array_equal(table[result.cells], output)


def _everywhere(
    graph: Graph, operation: Operation, node: Node, outputs: Sequence[Cells], may_recolor: bool
) -> Node | None:
    """Returns the node if it is the output of every demonstration."""
    values: list[Value] = []
    for index, value in enumerate(node.values):
        result = _applied(graph, operation, value, index)
        if result is None:
            return None
        if index < len(outputs) and not _is_output(result, outputs[index], may_recolor):
            return None
        values.append(result)
    return Node("image", tuple(values), node.cost + operation.cost, operation, node)
