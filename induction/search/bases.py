"""Bases: the images of the output's size from whose cells a rule is most likely to be learned.

That is not the cheapest ones but those whose colors leave least open about the output's: a rule
has to add only what they don't say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from induction.search.node import Piece
from induction.search.painting import Target

COST_IN_BITS = 0.007
"""How much uncertainty a cell may have more in a base that is cheaper by 1."""


def uncertainty(cells: NDArray[np.int8], target: NDArray[np.int8]) -> float:
    """Returns the entropy, in bits a cell, of the target's colors where these are known."""
    pairs = cells[: len(target)].astype(np.int64) * 10 + target
    joint = np.bincount(pairs, minlength=100).reshape(10, 10) / len(target)
    alone = joint.sum(axis=1, keepdims=True)
    shares = np.divide(joint, alone, out=np.ones_like(joint), where=joint > 0)
    return -float((joint * np.log2(shares)).sum())


def best_bases(pieces: Sequence[Piece], target: Target, limit: int) -> list[Piece]:
    """Returns the most promising of the pieces, at most so many, the best first.

    The last one is the first of the pieces, which is the cheapest: a rule may say all by itself.
    Pieces that leave exactly as much open say the same, as a rule, so the cheapest stands for all.
    """
    scored = []
    for index, piece in enumerate(pieces):
        bits = round(uncertainty(piece.cells, target.cells), 9)
        scored.append((bits + COST_IN_BITS * piece.cost, index, bits))
    found: list[Piece] = []
    known: set[float] = set()
    for _, index, bits in sorted(scored):
        if bits not in known and len(found) < limit - 1:
            known.add(bits)
            found.append(pieces[index])
    return found if pieces[0] in found else [*found, pieces[0]]
