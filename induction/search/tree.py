"""Trees: the smallest decision tree found greedily that gives every shown cell its color."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction.search.question import Measured, Question

COST_OF_SPLIT = 1.0
GAIN_PER_COST = 0.02
"""Share of the uncertainty that a question must resolve more to be worth a unit of cost."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A color, or a property whose value is the color."""

    color: int
    copied: Measured | None = None

    @property
    def text(self) -> str:
        """The color as Python."""
        return self.copied.text if self.copied else str(self.color)


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A question with what follows from either answer."""

    question: Question
    yes: Tree
    no: Tree


Tree = Leaf | Branch


def tree_text(tree: Tree) -> str:
    """Returns a tree as a Python expression."""
    if isinstance(tree, Leaf):
        return tree.text
    return f"where({tree.question.text}, {tree_text(tree.yes)}, {tree_text(tree.no)})"


def tree_cost(tree: Tree) -> float:
    """Returns a tree's description length."""
    if isinstance(tree, Leaf):
        return tree.copied.cost if tree.copied else 0.0
    below = tree_cost(tree.yes) + tree_cost(tree.no)
    return COST_OF_SPLIT + tree.question.cost + below


def leaf_count(tree: Tree) -> int:
    """Returns the number of a tree's leaves."""
    return 1 if isinstance(tree, Leaf) else leaf_count(tree.yes) + leaf_count(tree.no)


def tree_values(tree: Tree, n_cells: int) -> NDArray[np.int64]:
    """Returns the color that a tree gives each cell."""
    if isinstance(tree, Leaf):
        if tree.copied:
            return tree.copied.values.astype(np.int64)
        return np.full(n_cells, tree.color)
    yes, no = tree_values(tree.yes, n_cells), tree_values(tree.no, n_cells)
    return np.where(tree.question.truths, yes, no)


@dataclass(slots=True, eq=False)
class _Region:
    """Cells that are not told apart yet, with where they hang in the tree under construction."""

    cells: NDArray[np.int64]
    tree: Tree | None = None
    question: int = -1
    yes: _Region | None = None
    no: _Region | None = None


class TreeLearner:
    """Learns trees for one set of questions.

    Attributes:
        questions: What may be asked.
        copies: Properties that may be copied, cheapest first.
        colors: The color that each shown cell must have.
        rows: Which cells are shown; without it they are the first ones.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        copies: Sequence[Measured],
        colors: NDArray[np.int64],
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        self.questions = questions
        self.copies = copies
        self.colors = colors
        n = len(colors)
        chosen = slice(n) if rows is None else rows
        self._copied = [s.values[chosen] for s in copies]
        self._truths = np.stack([q.truths for q in questions])[:, chosen].astype(np.float32)
        self._penalty = np.array([q.cost for q in questions]) * GAIN_PER_COST
        classes, n_classes = colors, int(colors.max()) + 2
        if copies:
            classes = np.where(self._copied[0] == colors, n_classes - 1, colors)
        self._wanted = np.zeros((n, n_classes), np.float32)
        self._wanted[np.arange(n), classes] = 1

    def learn(self, max_splits: int) -> Tree | None:
        """Returns a tree without errors on the shown cells, or `None` where none is found."""
        root = _Region(np.arange(len(self.colors)))
        order = itertools.count()
        queue = [(-len(root.cells), next(order), root)]
        splits = 0
        while queue:
            _, _, region = heapq.heappop(queue)
            leaf = self._leaf(region.cells)
            if leaf is not None:
                region.tree = leaf
                continue
            chosen = self._best_question(region.cells) if splits < max_splits else None
            if chosen is None:
                return None
            splits += 1
            truth = self._truths[chosen, region.cells] > 0
            region.question = chosen
            region.yes = _Region(region.cells[truth])
            region.no = _Region(region.cells[~truth])
            for part in (region.yes, region.no):
                heapq.heappush(queue, (-len(part.cells), next(order), part))
        return self._grown(root)

    def _leaf(self, cells: NDArray[np.int64]) -> Leaf | None:
        colors = self.colors[cells]
        if (colors == colors[0]).all():
            return Leaf(int(colors[0]))
        for copied, values in zip(self.copies, self._copied, strict=True):
            if (values[cells] == colors).all():
                return Leaf(0, copied)
        return None

    def _best_question(self, cells: NDArray[np.int64]) -> int | None:
        wanted = self._wanted[cells]
        yes = self._truths[:, cells] @ wanted
        no = wanted.sum(axis=0) - yes
        before = _uncertainty(wanted.sum(axis=0)[None])[0]
        gain = before - _uncertainty(yes) - _uncertainty(no)
        divides = (yes.sum(axis=1) > 0) & (no.sum(axis=1) > 0)
        score = np.where(divides, gain / max(before, 1e-6) - self._penalty, -np.inf)
        best = int(score.argmax())
        return best if divides[best] else None

    def _grown(self, region: _Region) -> Tree:
        if region.tree is not None:
            return region.tree
        assert region.yes is not None
        assert region.no is not None
        question = self.questions[region.question]
        return Branch(question, self._grown(region.yes), self._grown(region.no))


def _uncertainty(counts: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns, per row, the entropy of the classes times the number of cells."""
    exact = counts.astype(np.float64)
    total = exact.sum(axis=1)
    logs = np.log(exact, where=exact > 0, out=np.zeros_like(exact))
    log_total = np.log(total, where=total > 0, out=np.zeros_like(total))
    result: NDArray[np.float64] = total * log_total - (exact * logs).sum(axis=1)
    return result
