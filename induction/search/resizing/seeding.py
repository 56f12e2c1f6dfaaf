"""Seeding: chosen parts, and simple things made of them, as nodes for others to build on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from induction import library
from induction.library.image import Image
from induction.search.enumeration import FAILURES
from induction.search.node import Node, key_of
from induction.search.operation import Operation, Scene, Value
from induction.search.resizing.cutting import Parts
from induction.search.resizing.judging import QUICK_MEASURES, Judgement, judgements

MAX_CUTS = 30
MAX_TESTS = 16
MAX_SEEDS = 900
FINISHES = (
    "downscale", "crop", "inside", "erase_most_common", "keep_most_common", "drop_blank_lines",
)  # fmt: skip


def seeds(grids: Sequence[Image], cuts: Sequence[Parts]) -> list[Node]:
    """Returns nodes for the parts that single tests tell, and for what they may become."""
    found: dict[tuple[object, ...], Node] = {}
    origin = Node("image", tuple(grids), 0)
    few = [parts for parts in cuts if parts.are_few and not parts.cut.is_overlapping]
    for parts in few[:MAX_CUTS]:
        if len(found) > MAX_SEEDS:
            break
        for test in judgements(parts, grids, (), QUICK_MEASURES)[:MAX_TESTS]:
            node = _chosen(parts, test, origin)
            if node is None or key_of(node.values) in found:
                continue
            found[key_of(node.values)] = node
            for further in _finished(node, grids):
                found.setdefault(key_of(further.values), further)
    return list(found.values())


def _chosen(parts: Parts, test: Judgement, origin: Node) -> Node | None:
    """Returns the node of the part that passes a test, unless different ones do."""
    values = []
    for pictures, mask in zip(parts.lists, test.passing, strict=True):
        passing = [p for i, p in enumerate(pictures) if mask >> i & 1]
        if len({(p.shape, p.cells.tobytes()) for p in passing}) > 1:
            return None
        values.append(passing[0])
    text = f"choose({parts.cut.text}, {test.text})"
    operation = Operation(text, _no_function, "image", "image", round(parts.cut.cost + test.cost))
    return Node("image", tuple(values), operation.cost, operation, origin)


def _finished(node: Node, grids: Sequence[Image]) -> Iterator[Node]:
    for name in FINISHES:
        function = getattr(library, name)
        try:
            values = tuple(function(picture) for picture in node.images)
        except FAILURES:
            continue
        operation = Operation(f"{name}({{0}})", _no_function, "image", "image", 2)
        yield Node("image", values, node.cost + 2, operation, node)
    try:
        shown = tuple(library.cut_at(p, g) for p, g in zip(node.images, grids, strict=True))
    except FAILURES:
        return
    operation = Operation("cut_at({0}, grid)", _no_function, "image", "image", 2)
    yield Node("image", shown, node.cost + 2, operation, node)


def _no_function(value: Value, scene: Scene) -> Value:
    """Stands for the function of an operation that is not applied again."""
    del scene
    return value
