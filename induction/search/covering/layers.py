"""Covering: programs that explain every changed cell by drawings of items, layer by layer.

For each way to cut the input into items and each drawing, the demonstrations say in which color
an item's drawing would be right, if in any; a small tree learns which items get it. Layers are
chosen greedily, the topmost first: what one explains, those below it need not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction.library.drawing import ERASED, KEPT, NOTHING
from induction.library.image import Image, image
from induction.search.covering.effects import Effect, Labels, labels_of_items
from induction.search.covering.items import Items, item_sets
from induction.search.covering.quiz import Quiz
from induction.search.covering.running import completed
from induction.search.covering.shapes import Shape, shapes
from induction.search.covering.stamping import offset_shapes, stamp_shapes
from induction.search.proposal import Proposal
from induction.search.tree import Tree, leaf_count, tree_cost, tree_text, tree_values
from induction.search.withholding import NOTHING_WITHHELD, Withheld

Array = NDArray[np.int64]
Truths = NDArray[np.bool_]

BASE_COST = 2.0
COST_OF_DOUBT = 1.5
MAX_LAYERS = 4
MAX_COST = 20.0
MAX_CALLS = 15_000
"""How many drawings of single items are made at most."""

MAX_TREES = 40
LEAST_REACHED = 0.7
"""Share of the cells to explain that all drawings together must be right on."""

MAX_FIRST = 2
"""How many layers are tried as the topmost one of several."""

MAX_WHOLE = 30
"""How many proposals are made."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A drawing with the rule for its color.

    Attributes:
        closed: The cells it paints.
        gain: How many cells it explains.
        n_items: How many items the rule is learned from.
    """

    effect: Effect
    is_over: bool
    tree: Tree
    closed: Array
    gain: int
    n_items: int

    @property
    def cost(self) -> float:
        """Description length, and more for a rule that tells few items apart in many ways."""
        parts = self.effect.items.cost + self.effect.shape.cost
        n_leaves = leaf_count(self.tree)
        doubt = COST_OF_DOUBT * n_leaves * (n_leaves - 1) / self.n_items
        return parts + tree_cost(self.tree) + doubt + (0.5 if self.is_over else 0.0)

    @property
    def lines(self) -> tuple[str, str]:
        """The layer as Python."""
        drawing = f"lambda item: {self.effect.shape.text}"
        color = f"lambda item: {tree_text(self.tree)}"
        call = f"draw(answer, grid, items, {drawing}, {color}, {self.is_over})"
        return f"items = {self.effect.items.text}", f"answer = {call}"


class _Cover:
    """The demonstrations, cell by cell, with all drawings of their items."""

    def __init__(
        self, grids: Sequence[Image], outputs: Sequence[Array], withheld: Withheld
    ) -> None:
        self.grids, self.outputs, self.withheld = grids, outputs, withheld
        self.given = np.concatenate([g.cells.ravel() for g in grids]).astype(np.int64)
        self.target = np.concatenate([o.ravel() for o in outputs])
        self.changed = self.given != self.target
        self.starts = np.cumsum([0, *(o.size for o in outputs)])
        self.quizzes: dict[int, Quiz] = {}
        self.effects: list[Effect] = []
        self._measure()

    def _measure(self) -> None:
        kinds = self.withheld.without(item_sets(self.grids))
        known: set[tuple[int, bytes]] = set()
        useful: dict[tuple[int, str], bool] = {}
        calls = 0
        common = set.intersection(*(set(np.unique(g.cells).tolist()) for g in self.grids))
        options = [
            (shape, items)
            for items in kinds
            for read in (stamp_shapes, offset_shapes)
            for shape in read(items, self.grids, self.outputs)
        ]
        options += [(s, i) for s in shapes(sorted(common - {0})[:3]) for i in kinds]
        for shape, items in options:
            if not shape.suits(items.are_cells, items.are_colored):
                continue
            if not self.withheld.allows(shape.text):
                continue
            united = [useful.get((id(items), text), False) for text in shape.members]
            if united and sum(united) < (2 if len(united) == 2 else 1):
                continue
            if calls > MAX_CALLS:
                return
            effect = self._effect(items, shape)
            is_swept = shape.is_single or bool(shape.members)
            calls += 1 if is_swept else len(items.of_grid[0])
            if effect is None:
                continue
            calls += 3 if is_swept else sum(map(len, items.of_grid[1:]))
            if shape.is_single:
                modes = (self._is_right(effect, is_over) for is_over in (False, True))
                useful[id(items), shape.text] = any(modes)
            key = id(items), effect.cells.tobytes() + effect.colors.tobytes()
            if key not in known:
                known.add(key)
                self.effects.append(effect)

    def _is_right(self, effect: Effect, is_over: bool) -> bool:
        """Whether a drawing explains a cell of some item."""
        every = np.ones(len(self.given), np.bool_)
        return labels_of_items(effect, is_over, every, self.given, self.target) is not None

    def _effect(self, items: Items, shape: Shape) -> Effect | None:
        """Returns what a drawing does, if it may explain a cell of the first demonstration."""
        parts = []
        owner = 0
        for k, (grid, of_grid) in enumerate(zip(self.grids, items.of_grid, strict=True)):
            rows, columns, colors, owners = shape.reach(of_grid, grid)
            cells = self.starts[k] + rows * grid.shape[1] + columns
            if not k and not self.changed[cells].any():
                return None
            parts.append((cells, colors, owners + owner))
            owner += len(of_grid)
        cells, colors, owners = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Effect(items, shape, cells, colors, owners)

    def layers(self, is_open: Truths, least: int) -> list[_Layer]:
        """Returns the layers that explain at least so many open cells, best first."""
        promising = []
        needed = is_open & self.changed
        reached = np.zeros(len(needed), np.bool_)
        for order, effect in enumerate(self.effects):
            if not needed[effect.cells].any():
                continue
            for is_over in (False, True):
                labels = labels_of_items(effect, is_over, is_open, self.given, self.target)
                if labels is None:
                    continue
                reached[effect.cells[labels.kept][labels.right]] = True
                if labels.gain >= least:
                    promising.append((-labels.gain, order, is_over, labels))
        if (reached & needed).sum() < LEAST_REACHED * needed.sum():
            return []
        promising.sort(key=lambda p: p[:3])
        found = []
        for _, order, is_over, labels in promising[:MAX_TREES]:
            effect = self.effects[order]
            for colors in labels.variants():
                learned = self._learned(effect, is_over, labels, colors, needed)
                found += [layer for layer in learned if layer.gain >= least]
        found.sort(key=lambda layer: (-layer.gain / (1 + layer.cost), layer.lines))
        return found

    def _learned(
        self, effect: Effect, is_over: bool, labels: Labels, colors: Array, needed: Truths
    ) -> list[_Layer]:
        """Returns the layers whose rule gives each item a color that is right.

        At first items whose drawing is right and explains nothing may get it or not.
        """
        quiz = self.quizzes.get(id(effect.items))
        if quiz is None:
            quiz = self.quizzes[id(effect.items)] = Quiz(effect.items, self.grids)
        for is_strict in (False, True):
            shown = ~labels.free & (is_strict | ~labels.harmless)
            rows = np.flatnonzero(shown)
            found = []
            for tree in quiz.trees(colors[rows], rows):
                closed = self._closed(effect, labels, tree)
                if closed is not None:
                    gain = int(needed[closed].sum())
                    found.append(_Layer(effect, is_over, tree, closed, gain, len(rows)))
            if found or not labels.harmless.any():
                return found
        return []

    def _closed(self, effect: Effect, labels: Labels, tree: Tree) -> Array | None:
        """Returns the cells that a rule paints, or `None` if it paints one wrong."""
        painted = tree_values(tree, len(labels.free))[effect.owners[labels.kept]]
        cells = effect.cells[labels.kept]
        wishes = np.where(painted == KEPT, effect.colors[labels.kept], painted)
        wishes = np.where(painted == ERASED, 0, wishes)
        draws = painted != NOTHING
        if not (wishes[draws] == self.target[cells[draws]]).all():
            return None
        return np.unique(cells[draws])


def covering_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], withheld: Withheld = NOTHING_WITHHELD
) -> list[Proposal]:
    """Returns programs that draw on the input what its items call for."""
    cover = _Cover([image(grid) for grid in inputs[: len(outputs)]], outputs, withheld)
    total = int(cover.changed.sum())
    if not total or not cover.effects:
        return []
    is_open = np.ones(len(cover.target), np.bool_)
    first = cover.layers(is_open, max(1, total // 10))
    stacks: list[tuple[_Layer, ...]] = [(layer,) for layer in first if layer.gain == total]
    if not stacks:
        tops = list({layer.closed.tobytes(): layer for layer in reversed(first)}.values())
        stacks = [
            s for layer in tops[: -MAX_FIRST - 1 : -1] if (s := _stacked(cover, layer, total))
        ]
    found = []
    for stack in sorted(stacks, key=_cost)[:MAX_WHOLE]:
        if _cost(stack) <= MAX_COST:
            found += _proposal(stack, inputs, outputs)
    return withheld.without(found)


def _cost(stack: tuple[_Layer, ...]) -> float:
    return BASE_COST + sum(layer.cost for layer in stack)


def _stacked(cover: _Cover, layer: _Layer, total: int) -> tuple[_Layer, ...] | None:
    """Returns layers, the topmost first, that explain all changed cells."""
    stack = [layer]
    is_open = np.ones(len(cover.target), np.bool_)
    while True:
        is_open[stack[-1].closed] = False
        left = int((is_open & cover.changed).sum())
        if not left:
            return tuple(stack)
        if len(stack) == MAX_LAYERS or _cost(tuple(stack)) > MAX_COST:
            return None
        found = cover.layers(is_open, max(1, left // 4))
        if not found:
            return None
        stack.append(found[0])


def _proposal(
    stack: tuple[_Layer, ...], inputs: Sequence[Array], outputs: Sequence[Array]
) -> list[Proposal]:
    """Returns the program of layers, if it does on the demonstrations what they promise."""
    lines = ["answer = grid"]
    cut = ""
    for layer in reversed(stack):
        items, drawn = layer.lines
        lines += [drawn] if items == cut else [items, drawn]
        cut = items
    lines.append("answer = render(answer)")
    proposal = completed(Proposal(tuple(lines), _cost(stack), (), "covering"), inputs, outputs)
    return [] if proposal is None else [proposal]
