"""Contamination: whether a pair to be trained on is one of an evaluation task, however it is seen.

Pairs are compared by a hash that is the same for all symmetries and recolorings of a pair. What
leaves this module about evaluation tasks is hashes alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from arc.dataset import DATASETS, load_split, load_split_answers
from arc.grid import N_COLORS, Cells
from arc.task import Answers, Pair, Task
from arc.transform import SYMMETRIES


def pair_hash(source: Cells, target: Cells) -> bytes:
    """Returns what all symmetries and recolorings of a pair have in common, 16 bytes.

    Args:
        source: The input's cells, one byte each, (height, width).
        target: The output's cells, likewise.
    """
    return min(
        hashlib.blake2b(_renamed(symmetry(source), symmetry(target)), digest_size=16).digest()
        for symmetry in SYMMETRIES
    )


def _renamed(source: Cells, target: Cells) -> bytes:
    """Returns a pair as bytes, its colors numbered in the order in which they first appear."""
    cells = source.tobytes() + target.tobytes()
    places = {color: cells.find(color) for color in range(N_COLORS)}
    present = sorted((c for c in places if places[c] >= 0), key=places.__getitem__)
    names = bytearray(N_COLORS)
    for name, color in enumerate(present):
        names[color] = name
    shapes = bytes((*source.shape, *target.shape))
    return shapes + cells.translate(bytes(names) + bytes(range(N_COLORS, 256)))


def hashes_of(pairs: Iterable[Pair]) -> frozenset[bytes]:
    """Returns the hashes of pairs."""
    return frozenset(pair_hash(pair.input.array, pair.output.array) for pair in pairs)


def solved_pairs(task: Task, answers: Answers) -> list[Pair]:
    """Returns all pairs of a task, those of its test inputs too."""
    return [*task.pairs, *map(Pair, task.test_inputs, answers.outputs)]


def evaluation_hashes() -> frozenset[bytes]:
    """Returns the hashes of all pairs of the evaluation splits of ARC-AGI-1 and ARC-AGI-2."""
    found: frozenset[bytes] = frozenset()
    for dataset in DATASETS:
        answers = load_split_answers(dataset, "evaluation")
        for task in load_split(dataset, "evaluation"):
            found |= hashes_of(solved_pairs(task, answers[task.task_id]))
    return found
