"""Quizzes: the questions about items, and the small trees that answer what is wanted of them.

Where one question is enough, all that are enough give a tree: which of them is meant shows only
in the test input, so the vote should hear them all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from induction.library.image import Image
from induction.search.covering.items import Items, measured_items
from induction.search.question import Measured, Question
from induction.search.tree import Branch, Leaf, Tree, TreeLearner

Array = NDArray[np.int64]

MAX_SPLITS = 4
MAX_PER_FEATURE = 2
MAX_SINGLE = 8
"""How many trees of one question are given at most."""


class Quiz:
    """The features of items and the questions about them.

    Attributes:
        copies: The features that are colors.
        asked: The questions, cheapest first.
    """

    def __init__(self, items: Items, grids: Sequence[Image]) -> None:
        subjects = measured_items(items, grids)
        self.copies = [subject for subject in subjects if subject.is_color]
        self.asked = [q for s in sorted(subjects, key=lambda s: s.cost) for q in _questions(s)]
        self._truths = np.array([q.truths for q in self.asked], np.bool_)

    def trees(self, wanted: Array, rows: Array) -> list[Tree]:
        """Returns trees that give the items at some rows what is wanted, the best first."""
        if (wanted == wanted[0]).all():
            return [Leaf(int(wanted[0]))]
        if not self.asked:
            return []
        single = self._single(wanted, rows)
        if single:
            return single
        found = []
        learner = TreeLearner(self.asked, self.copies, wanted, rows)
        tree = learner.learn(MAX_SPLITS)
        if tree is not None:
            found.append(tree)
        if isinstance(tree, Branch):
            root = tree.question.subject
            others = [question for question in self.asked if question.subject is not root]
            if others:
                tree = TreeLearner(others, self.copies, wanted, rows).learn(MAX_SPLITS)
                found += [] if tree is None else [tree]
        return found

    def _single(self, wanted: Array, rows: Array) -> list[Tree]:
        """Returns the trees of one question between two values, at most two per feature."""
        values = np.unique(wanted)
        if len(values) != 2:
            return []
        truths = self._truths[:, rows]
        is_high = wanted == values[1]
        found: list[Tree] = []
        known: list[str] = []
        low, high = Leaf(int(values[0])), Leaf(int(values[1]))
        for is_yes in ((truths == is_high).all(axis=1), (truths != is_high).all(axis=1)):
            for index in np.flatnonzero(is_yes).tolist():
                question = self.asked[index]
                if known.count(question.subject.text) < MAX_PER_FEATURE:
                    known.append(question.subject.text)
                    is_direct = bool(truths[index, 0] == is_high[0])
                    yes, no = (high, low) if is_direct else (low, high)
                    found.append(Branch(question, yes, no))
        found.sort(key=lambda tree: tree.question.cost if isinstance(tree, Branch) else 0.0)
        return found[:MAX_SINGLE]


def _questions(subject: Measured) -> list[Question]:
    """Returns what may be asked about a feature: for each value, whether it is that, or more."""
    values = np.unique(subject.values).tolist()
    if len(values) < 2:
        return []
    found = [Question(subject, "==", v, subject.values == v) for v in values]
    if not subject.is_color:
        found += [Question(subject, "<=", v, subject.values <= v) for v in values[:-1]]
    return found
