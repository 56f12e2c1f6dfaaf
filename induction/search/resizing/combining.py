"""Combining: rules that decide each cell of the output by what the parts of the input show there.

The parts are of the output's size and as many on every grid, such as the panels that lines
divide. A tree learns from their colors cell by cell, so that no order of them is taken for
granted and a color need not be listed for each combination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.search.proposal import Proposal, distinct
from induction.search.question import Measured, questions
from induction.search.resizing.cutting import Parts
from induction.search.tree import Leaf, TreeLearner, tree_cost, tree_text, tree_values

Array = NDArray[np.int64]

COST = 2.0
MAX_LAYERS = 12
MAX_SPLITS = 6
MAX_CELLS = 6000
MAX_FOUND = 6
GROUPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("layer",), 0.0),
    (("whole",), 0.5),
    (("layer", "whole"), 1.0),
)
WHOLE = ("layers_colored", "layers_agreeing")
COLORS = ("topmost", "lowest", "rarest_layer")


def combination_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], cuts: Sequence[Parts]
) -> list[Proposal]:
    """Returns rules that decide each cell by the parts' colors there."""
    shapes = [(output.shape[0], output.shape[1]) for output in outputs]
    target = np.concatenate([output.ravel() for output in outputs]).astype(np.int64)
    if len(target) > MAX_CELLS:
        return []
    found: list[Proposal] = []
    del inputs
    for parts in cuts:
        if not parts.cut.is_overlapping and _is_stack(parts, shapes):
            found += _learned(parts, target, len(outputs))
    return distinct(found, 3)[:MAX_FOUND]


def _is_stack(parts: Parts, shapes: Sequence[tuple[int, int]]) -> bool:
    """Whether all grids have as many parts, of one size each, the output's where it is known."""
    counts = {len(pictures) for pictures in parts.lists}
    if len(counts) > 1 or not 2 <= counts.pop() <= MAX_LAYERS:
        return False
    if any(len({p.shape for p in pictures}) > 1 for pictures in parts.lists):
        return False
    return all(
        pictures[0].shape == shape for pictures, shape in zip(parts.lists, shapes, strict=False)
    )


def _measured(parts: Parts) -> Iterator[Measured]:
    """Yields the colors of each part, and what can be said of all at once."""

    def column(text: str, cost: float, group: str, is_color: bool, function: Any) -> Measured:
        values = np.concatenate([function(pictures).ravel() for pictures in parts.lists])
        return Measured(text, cost, group, is_color, values.astype(np.int16))

    for index in range(len(parts.lists[0])):
        text = f"layer(parts, {index})"
        yield column(text, 0.5, "layer", True, lambda p, i=index: library.layer(p, i))
    for names, is_color in ((COLORS, True), (WHOLE, False)):
        for name in names:
            function: Callable[[Any], Any] = getattr(library, name)
            yield column(f"{name}(parts)", 0.5, "whole", is_color, function)


def _learned(parts: Parts, target: Array, n: int) -> list[Proposal]:
    subjects = list(_measured(parts))
    found: list[Proposal] = []
    known: set[str] = set()
    for groups, cost in GROUPS:
        chosen = [s for s in subjects if s.group in groups]
        asked = questions(chosen, len(target))
        copies = [s for s in chosen if s.is_color]
        tree = TreeLearner(asked, copies, target).learn(MAX_SPLITS) if asked else None
        if tree is None or (isinstance(tree, Leaf) and not tree.copied):
            continue
        text = tree_text(tree)
        if text in known:
            continue
        known.add(text)
        values = tree_values(tree, len(subjects[0].values))
        if values.min() < 0 or values.max() > 9:
            continue
        outputs = []
        start = len(target)
        for pictures in parts.lists[n:]:
            height, width = pictures[0].shape
            outputs.append(values[start : start + height * width].reshape(height, width))
            start += height * width
        body = (f"parts = {parts.cut.text}", f"answer = {text}")
        total = COST + parts.cut.cost + cost + tree_cost(tree)
        found.append(Proposal(body, total, tuple(outputs), "combination"))
    return found
