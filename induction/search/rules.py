"""Rules: programs that decide each cell of the output by questions about it.

The questions are about a base, an image of the output's size: the input itself, or a cheap
result of the enumeration. Several small sets of properties are tried one by one, since a tree
with fewer kinds of questions to choose from fits by accident less often.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from induction.library.image import Image
from induction.search.node import Piece
from induction.search.painting import Target
from induction.search.proposal import Proposal
from induction.search.question import Measured, questions, traits
from induction.search.tree import Branch, Tree, TreeLearner, tree_cost, tree_text, tree_values
from induction.search.withholding import NOTHING_WITHHELD, Withheld

GROUPS: tuple[tuple[str, ...], ...] = (
    ("color",),
    ("color", "local"),
    ("color", "object"),
    ("color", "ray"),
    ("color", "place"),
    ("color", "line"),
    ("color", "piece"),
    ("color", "object", "local"),
    ("color", "ray", "line"),
    ("color", "local", "object", "ray", "place", "line"),
    ("color", "local", "object", "ray", "place", "line", "piece"),
)
BASE_COST = 2.0
TREES_PER_GROUP = 2
"""The second tree does without the property that the first one asks about first."""

MAX_TRUTHS = 8_000_000
"""Questions times cells that a tree is learned from at most."""


def rule_proposals(
    base: Piece,
    pieces: Sequence[Piece],
    target: Target,
    max_splits: int,
    withheld: Withheld = NOTHING_WITHHELD,
) -> list[Proposal]:
    """Returns a rule for each set of properties that has one without errors."""
    subjects = _measured(base, pieces, withheld)
    n = len(target.cells)
    colors = target.cells.astype(np.int64)
    found = []
    known: set[str] = set()
    for groups in GROUPS:
        chosen = [s for s in subjects if s.group in groups]
        asked = questions(chosen, n)[: max(1, MAX_TRUTHS // n)]
        if not asked:
            continue
        copies = [s for s in chosen if s.is_color]
        for _ in range(TREES_PER_GROUP):
            tree = TreeLearner(asked, copies, colors).learn(max_splits) if asked else None
            if not isinstance(tree, Branch):
                break
            root = tree.question.subject
            asked = [question for question in asked if question.subject is not root]
            text = tree_text(tree)
            if text not in known:
                known.add(text)
                found += _proposal(base, tree, target, "+".join(groups))
    return found


def _proposal(base: Piece, tree: Tree, target: Target, name: str) -> list[Proposal]:
    """Returns the program of a tree, or nothing where it gives a cell no color."""
    cells = tree_values(tree, len(base.cells))
    if cells.min() < 0 or cells.max() > 9:
        return []
    cost = BASE_COST + base.cost + tree_cost(tree)
    body = (f"base = {base.text}", f"answer = {tree_text(tree)}")
    return [Proposal(body, cost, target.split(cells), f"rule {name}")]


def _measured(base: Piece, pieces: Sequence[Piece], withheld: Withheld) -> list[Measured]:
    """Returns all properties of the base's cells, and the colors of the pieces there."""
    images = [Image(picture.cells) for picture in base.node.images]
    colors = sorted({int(c) for picture in images for c in np.unique(picture.cells)})
    found = []
    for trait in withheld.without(traits(colors)):
        values = np.concatenate([trait.function(picture).ravel() for picture in images])
        found.append(
            Measured(trait.text, trait.cost, trait.group, trait.is_color, values.astype(np.int16))
        )
    for piece in pieces:
        if piece is not base:
            text = f"render({piece.text})"
            values = piece.cells.astype(np.int16)
            found.append(Measured(text, piece.cost / 2, "piece", True, values))
    return found
